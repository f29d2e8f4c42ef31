// Committed transactions of the block in a memory, once more, for tracers: what a thread does of a trace, that of workers
// included.

import { MemoryLimitError } from '../base/errors.ts';
import type { Hex } from '../base/hex.ts';
import type { Hardfork } from '../chain/hardfork.ts';
import { rulesOf } from '../chain/rules.ts';
import { Tracing } from '../core/evm/tracing.ts';
import { type CoreInstance, openCore, ReadResult, wallClock } from '../core/instance/abi.ts';
import { readTracer, type TracerChoice } from '../trace/tracers.ts';

/** A committed transaction that is to be traced. */
export interface TracedItem {
  /** Its place in the memory, and in the block. */
  readonly at: number;
  readonly index: number;
  /** Where it is known. */
  readonly hash: Hex | undefined;
  /** Logs of the block before it. */
  readonly firstLog: number;
}

/** The block that they are of. */
export interface ReplayedBlock {
  readonly number: bigint;
  readonly hash: Hex | undefined;
  readonly beneficiary: Hex;
  readonly hardfork: Hardfork;
}

/** What a worker is asked for. */
export interface ReplayOrder {
  /** Without functions. */
  readonly choice: TracerChoice;
  readonly block: ReplayedBlock;
  readonly items: readonly TracedItem[];
}

/** What the tracers say of the first of the items; fewer than all of them: state has to be loaded for the next one. */
export type ReplayAnswer = readonly unknown[];

/** An answer of `replay` that is not an Outcome: a ReadResult, moved up. */
const UNFINISHED_SHIFT = 8;
const MISSING = ReadResult.MISSING << UNFINISHED_SHIFT;
const EXHAUSTED = ReadResult.EXHAUSTED << UNFINISHED_SHIFT;

/** Replays a committed transaction for a tracer. `undefined`: state has to be loaded first. @throws what the tracer throws; MemoryLimitError */
export type Replay = (tracing: Tracing, item: TracedItem) => { readonly result: unknown } | undefined;

/** @throws InputError naming a field of the choice */
export function replayOf(choice: TracerChoice, { hardfork, ...block }: ReplayedBlock): Replay {
  const factory = readTracer(choice, 'request');
  const rules = rulesOf(hardfork);
  return (tracing, { at, index, hash, firstLog }) => {
    const tracer = factory({ index, hash, block: { ...block, rules }, firstLog, state: tracing.state });
    tracing.watch(tracer);
    const answer = tracing.replay(at);
    tracing.watch({});
    const failure = tracing.takeFailure();
    if (failure !== undefined) throw failure.error;
    if (tracing.state.isExhausted || answer === EXHAUSTED) {
      throw new MemoryLimitError(`transaction ${index} and its trace do not fit into the memory`);
    }
    return answer === MISSING ? undefined : { result: tracer.result() };
  };
}

/** Somebody who replays the transactions of one memory. */
export interface Replayer {
  /** Becomes this worker of the block in the memory. */
  join(workerId: number): boolean;
  run(order: ReplayOrder): ReplayAnswer;
}

/** What workers call: someone over the memory that they are attached to, in the trace build. */
export async function createReplayer(
  attached: CoreInstance,
  module: WebAssembly.Module,
  setUp: (instance: CoreInstance) => void,
): Promise<Replayer> {
  const tracing = new Tracing(attached.memory);
  const options = { clockBase: wallClock() - attached.now(), mayWait: false, trace: tracing.trace };
  const instance = await openCore(module, attached.memory, options);
  setUp(instance);
  tracing.connect(instance);
  return {
    join: (workerId) => instance.core.join(workerId),
    run({ choice, block, items }) {
      const replay = replayOf(choice, block);
      const results: unknown[] = [];
      for (const item of items) {
        const traced = replay(tracing, item);
        if (traced === undefined) break;
        results.push(traced.result);
      }
      return results;
    },
  };
}
