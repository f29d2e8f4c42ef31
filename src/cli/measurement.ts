// Runs a block in parallel and, where asked for, sequentially, in turns that are fair to both, and compares the results.
import type { BlockOutput } from '../block/receipts.ts';
import type { StateDiff } from '../block/state-diff.ts';
import { runSequential, type SequentialResult } from '../executor/ethereumjs/sequential.ts';
import type { BlockResult, BlockRun, Engine, Mismatch } from '../types.ts';
import type { Subject } from './subject.ts';
import type { Progress } from './terminal.ts';

export interface Rounds {
  /** Rounds whose times do not count: the first ones find cold compilers. */
  readonly warmUp: number;
  /** Rounds that count, 1 or more. */
  readonly repeat: number;
  /** Whether every round also runs plain sequential ethereumjs. */
  readonly sequential: boolean;
}

export interface Measurement {
  /** The parallel run of median duration. */
  readonly result: BlockResult;
  /** Median, from handing the block over to holding the result. */
  readonly durationMs: number;
  /** The same for the sequential runs. */
  readonly sequential?: { readonly result: SequentialResult; readonly durationMs: number };
  /** Of all rounds, each name once. */
  readonly mismatches: readonly Mismatch[];
}

/** How many transactions `measure` executes in all, for the bar. */
export function workOf(transactions: number, { warmUp, repeat, sequential }: Rounds): number {
  return transactions * (warmUp + repeat) * (sequential ? 2 : 1);
}

/**
 * Both ways take turns, so that what disturbs the machine disturbs both, and the first `warmUp` rounds do not count.
 *
 * @throws {PevmError} for a block that cannot run at all
 */
export async function measure(
  engine: Engine,
  { file }: Subject,
  rounds: Rounds,
  progress: Progress,
): Promise<Measurement> {
  const { block, chainId, hardfork, state, blockHashes, expected } = file;
  const parallel: Timed<BlockResult>[] = [];
  const sequential: Timed<SequentialResult>[] = [];
  const mismatches = new Map<string, Mismatch>();
  for (let round = 0; round < rounds.warmUp + rounds.repeat; round++) {
    const measured = round >= rounds.warmUp;
    const label = measured ? '' : ' (warm-up)';
    if (rounds.sequential) {
      progress.begin(`sequential${label}`);
      const run = await timed(() => runSequential(file));
      progress.advance(block.transactions.length);
      if (measured) sequential.push(run);
    }
    progress.begin(`parallel${label}`);
    const request = { block, chainId, hardfork, state, blockHashes, ...(expected && { expected }), verify: true };
    const run = await timed(() => followed(engine.executeBlock(request), progress));
    if (measured) parallel.push(run);
    for (const mismatch of run.result.mismatches) mismatches.set(mismatch.name, mismatch);
    const [baseline] = sequential;
    if (baseline !== undefined) {
      for (const mismatch of compare(baseline.result, run.result)) mismatches.set(mismatch.name, mismatch);
    }
  }
  const { result, durationMs } = median(parallel);
  return {
    result,
    durationMs,
    ...(sequential.length > 0 && { sequential: median(sequential) }),
    mismatches: [...mismatches.values()],
  };
}

interface Timed<T> {
  readonly result: T;
  readonly durationMs: number;
}

async function timed<T>(work: () => PromiseLike<T>): Promise<Timed<T>> {
  const start = performance.now();
  const result = await work();
  return { result, durationMs: performance.now() - start };
}

/** The run of median duration; of an even number, the faster of the two in the middle. */
function median<T>(runs: readonly Timed<T>[]): Timed<T> {
  const sorted = [...runs].sort((one, other) => one.durationMs - other.durationMs);
  return sorted[(sorted.length - 1) >> 1] as Timed<T>;
}

/** Awaits a run and shows how far it is. */
async function followed(run: BlockRun, progress: Progress): Promise<BlockResult> {
  let shown = 0;
  const show = () => {
    progress.advance(run.progress.committed - shown);
    shown = run.progress.committed;
  };
  const timer = setInterval(show, 100);
  try {
    return await run;
  } finally {
    clearInterval(timer);
    progress.advance(run.progress.total - shown);
  }
}

/** What differs between the two ways of running a block; names begin with `sequential.`. */
export function compare(
  sequential: Pick<BlockOutput, 'gasUsed' | 'logsBloom' | 'receiptsRoot' | 'requestsHash'> & { stateDiff: StateDiff },
  parallel: Pick<BlockResult, 'gasUsed' | 'logsBloom' | 'receiptsRoot' | 'requestsHash' | 'stateDiff'>,
): Mismatch[] {
  const mismatches: Mismatch[] = [];
  for (const name of ['gasUsed', 'receiptsRoot', 'logsBloom', 'requestsHash'] as const) {
    const [expected, actual] = [String(sequential[name]), String(parallel[name])];
    if (expected !== actual) mismatches.push({ name: `sequential.${name}`, expected, actual });
  }
  const [expected, actual] = [entriesOf(sequential.stateDiff), entriesOf(parallel.stateDiff)];
  for (const path of new Set([...expected.keys(), ...actual.keys()])) {
    const [before, after] = [expected.get(path) ?? 'unchanged', actual.get(path) ?? 'unchanged'];
    if (before !== after) mismatches.push({ name: `sequential.state.${path}`, expected: before, actual: after });
  }
  return mismatches;
}

/** A diff as text by path, as in `0x….storage[0x…]`. */
function entriesOf(diff: StateDiff): Map<string, string> {
  const entries = new Map<string, string>();
  for (const [address, account] of diff) {
    if (account === null) {
      entries.set(address, 'deleted');
      continue;
    }
    for (const name of ['balance', 'nonce', 'code', 'destroyed'] as const) {
      if (account[name] !== undefined) entries.set(`${address}.${name}`, String(account[name]));
    }
    for (const [slot, value] of account.storage) entries.set(`${address}.storage[${slot}]`, value);
  }
  return entries;
}
