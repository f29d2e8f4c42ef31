// A trace that was read, made: the block is executed up to what is asked for, and then run again, transaction by transaction, for a
// tracer. Loaded when somebody traces.

import { MemoryLimitError } from '../base/errors.ts';
import { eventLoopTurn } from '../base/platform.ts';
import { stepError } from '../block/block-plan.ts';
import { logCountOf } from '../core/evm/evm-decode.ts';
import type { EvmTransactions } from '../core/evm/evm-encode.ts';
import type { BlockHost } from '../core/host/block-host.ts';
import { InvalidOutcome } from '../run/run-outcome.ts';
import { loadKeys } from '../run/state-loading.ts';
import { workOf } from '../run/work.ts';
import type { TransactionStart } from '../state/block-accesses.ts';
import type { StateSource } from '../state/state-source.ts';
import type { TransactionTrace } from '../trace/request.ts';
import type { TracerChoice } from '../trace/tracers.ts';
import type { BlockContext, BlockEncoding } from './block-encoding.ts';
import type { CommittedPart, Desk } from './job.ts';
import {
  type Replay,
  type ReplayAnswer,
  type ReplayedBlock,
  type ReplayOrder,
  replayOf,
  type TracedItem,
} from './replay.ts';
import { blockKeys, stateBefore } from './state-before.ts';

/** Transactions that a worker is asked for at once: few, since one may take as long as all others. */
const ITEMS_PER_ORDER = 4;

/** A request for a trace, checked. */
export interface CheckedTrace {
  readonly context: BlockContext;
  readonly state: StateSource;
  readonly encoding: BlockEncoding;
  readonly choice: TracerChoice;
  readonly block: ReplayedBlock;
  readonly window: number;
  /** Places of the first transaction to be traced, and of the one behind the last. */
  readonly from: number;
  readonly to: number;
  /** Where the only one begins, where that is known: then none of those before it runs. */
  readonly start: TransactionStart | undefined;
  /** Place of the first that runs. */
  readonly first: number;
}

/** One run of a trace. */
export class TracePass<Result> {
  readonly #asked: CheckedTrace;

  constructor(asked: CheckedTrace) {
    this.#asked = asked;
  }

  async run(desk: Desk<TransactionTrace<Result>>): Promise<readonly TransactionTrace<Result>[]> {
    const { context, state, encoding, choice, block, window, from, to, start, first } = this.#asked;
    const { evm, firstTransaction, transactionCount } = encoding;
    const replay = replayOf(choice, block);
    if (evm === undefined || to === from) return [];
    const keys = async () => start?.keys ?? blockKeys(state, context);
    const before = await stateBefore(desk, state, keys);
    const { image, complete, emptyAccounts = true } = before;
    const count = firstTransaction + to - first;
    const environment = emptyAccounts ? { ...evm.environment, emptyAccounts } : evm.environment;
    const plan = {
      ...{ count, tasks: [], programs: undefined, image, complete, window },
      evm: { environment, transactions: firstOf(evm.transactions, count) },
      ...{ haltOnInvalid: true, profile: false, sequential: false, checkpoint: undefined },
      block: { firstTransaction, transactionCount },
    };
    const work = workOf({ tasks: [], executor: undefined, precompiles: desk.assets.precompiles });
    const traces: TransactionTrace<Result>[] = [];
    const examine = (part: CommittedPart) => this.#examine(desk, replay, part, traces);
    await desk.trace({ plan, work, state }, examine).catch((error: unknown) => {
      throw error instanceof InvalidOutcome ? stepError(encoding, error.index, error.result) : error;
    });
    return traces;
  }

  /** Logs of the parts of the block before. */
  #logs = 0;

  /** Traces what is wanted of a part of the block, while its versions are in the memory. */
  async #examine(
    desk: Desk<TransactionTrace<Result>>,
    replay: Replay,
    part: CommittedPart,
    traces: TransactionTrace<Result>[],
  ): Promise<void> {
    const { host, first } = part;
    if (first === 0) this.#logs = this.#asked.start?.firstLog ?? 0;
    const items: TracedItem[] = [];
    const committed = host.committed();
    for (let at = 0; at < committed; at++) {
      const index = this.#asked.first + first + at - this.#asked.encoding.firstTransaction;
      if (index < this.#asked.first) continue;
      // What was traced before the block began again is known.
      if (index >= this.#asked.from + traces.length && index < this.#asked.to) {
        const { hash } = this.#asked.context.block.transactions[index]!;
        items.push({ at, index, hash, firstLog: this.#logs });
      }
      this.#logs += logCountOf(host.results(at, at + 1).outputs);
    }
    const take = ({ index, hash }: TracedItem, result: unknown) => {
      traces.push({ index, hash, result: result as Result });
      desk.push(traces.length, (item) => traces[item]!);
    };
    if (part.workers.length > 0 && items.length > 1 && isPortable(this.#asked.choice)) {
      await this.#shareOut(desk, replay, part, items, take);
    } else {
      await this.#here(desk, replay, part, items, take);
    }
  }

  /** On this thread, one after the other. */
  async #here(
    desk: Desk<TransactionTrace<Result>>,
    replay: Replay,
    { host, tracing: open }: CommittedPart,
    items: readonly TracedItem[],
    take: (item: TracedItem, result: unknown) => void,
  ): Promise<void> {
    if (items.length === 0) return;
    const tracing = await open();
    for (const item of items) {
      let traced = replay(tracing, item);
      // As often as its tracer asks for state that is not loaded yet.
      while (traced === undefined) {
        await this.#load(desk, host, item);
        traced = replay(tracing, item);
      }
      take(item, traced.result);
      await eventLoopTurn();
    }
  }

  /** On all workers; what they find is handed on in order. */
  async #shareOut(
    desk: Desk<TransactionTrace<Result>>,
    replay: Replay,
    part: CommittedPart,
    items: readonly TracedItem[],
    take: (item: TracedItem, result: unknown) => void,
  ): Promise<void> {
    const results = new Map<TracedItem, unknown>();
    let taken = 0;
    let waiting = [...items];
    let workers = part.workers;
    const flush = () => {
      for (let item = items[taken]; item !== undefined && results.has(item); item = items[taken]) {
        take(item, results.get(item));
        results.delete(item);
        taken++;
      }
    };
    while (waiting.length > 0) {
      const left: TracedItem[] = [];
      const alive = new Set(workers);
      const work = async (worker: CommittedPart['workers'][number]) => {
        while (waiting.length > 0 && left.length === 0) {
          const chunk = waiting.splice(0, ITEMS_PER_ORDER);
          const order: ReplayOrder = { choice: this.#asked.choice, block: this.#asked.block, items: chunk };
          const answer = (await worker(order)) as ReplayAnswer | undefined;
          if (answer === undefined) alive.delete(worker);
          for (const [at, result] of (answer ?? []).entries()) results.set(chunk[at]!, result);
          waiting.push(...(answer === undefined ? chunk : []));
          if (answer === undefined) return;
          left.push(...chunk.slice(answer.length));
          flush();
        }
      };
      await Promise.all(workers.map(work));
      workers = [...alive];
      waiting = [...left, ...waiting].sort((one, other) => one.index - other.index);
      if (waiting.length === 0) return;
      if (workers.length === 0)
        return this.#here(desk, replay, part, waiting, (item, result) => {
          results.set(item, result);
          flush();
        });
      if (left.length > 0) await this.#load(desk, part.host, left[0]!);
    }
  }

  /** Loads what a tracer has missed. No worker may be at work. */
  async #load(desk: Desk<TransactionTrace<Result>>, host: BlockHost, { index }: TracedItem): Promise<void> {
    const keys = host.missing();
    const { image } = await desk.ask((waiting) => loadKeys(this.#asked.state, keys, new Set(), waiting));
    if (!host.load(image)) throw new MemoryLimitError(`the state of transaction ${index} does not fit into the memory`);
    host.resume();
  }
}

/** Whether workers can be told of the tracer: it is none of the caller's own, and calls nothing. */
function isPortable(choice: unknown): boolean {
  if (typeof choice === 'function') return false;
  if (typeof choice !== 'object' || choice === null) return true;
  return Object.values(choice).every(isPortable);
}

/** The first `count` of the transactions. */
function firstOf({ records, offsets, costs, previous }: EvmTransactions, count: number): EvmTransactions {
  return {
    records: records.subarray(0, offsets[count]),
    offsets: offsets.subarray(0, count + 1),
    costs: costs.subarray(0, count),
    previous: previous.subarray(0, count),
  };
}
