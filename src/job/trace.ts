// A trace as a job: the block is executed up to what is asked for, and then run again, transaction by transaction, for a tracer.

import { InputError, MemoryLimitError } from '../base/errors.ts';
import { eventLoopTurn } from '../base/platform.ts';
import { stepError } from '../block/block-plan.ts';
import { rulesOf } from '../chain/rules.ts';
import type { CheckedOptions } from '../config/options.ts';
import { logCountOf } from '../core/evm/evm-decode.ts';
import type { EvmTransactions } from '../core/evm/evm-encode.ts';
import type { Tracing } from '../core/evm/tracing.ts';
import type { BlockHost } from '../core/host/block-host.ts';
import { ReadResult } from '../core/instance/abi.ts';
import { InvalidOutcome } from '../run/conductor.ts';
import { loadKeys } from '../run/state-loading.ts';
import { workOf } from '../run/work.ts';
import type { BlockTraceRequest, TransactionTrace } from '../trace/request.ts';
import type { Tracer, TracerFactory } from '../trace/tracer.ts';
import { readTracer, type TracerChoice } from '../trace/tracers.ts';
import type { BlockRequest } from '../types.ts';
import { type BlockEncoding, encodeForCore } from './block-encoding.ts';
import { type CheckedBlockRequest, readBlockRequest } from './block-request.ts';
import type { Desk, Examine, Job, Limits } from './job.ts';
import { blockKeys, stateBefore } from './state-before.ts';

const BLOCK_FIELDS = [
  ...['block', 'chainId', 'chain', 'hardfork', 'state', 'blockHashes', 'depositContract', 'blockReward'],
  ...['senders', 'signal', 'executionTimeoutMs'],
];

/** An answer of `replay` that is not an Outcome: a ReadResult, moved up. */
const UNFINISHED_SHIFT = 8;

export class TraceJob<Result> implements Job<TransactionTrace<Result>, readonly TransactionTrace<Result>[]> {
  readonly kind = 'trace';
  readonly firstItem = 0;
  readonly #request: CheckedBlockRequest;
  readonly #encoding: BlockEncoding;
  readonly #factory: TracerFactory<Result>;
  /** Places of the first transaction to be traced, and of the one behind the last. */
  readonly #from: number;
  readonly #to: number;

  /** Reads the request. @throws InputError naming the field, InvalidTransactionError */
  constructor(request: BlockTraceRequest & TracerChoice, options: CheckedOptions) {
    const { index, ...rest } = request;
    const entries = Object.entries(rest);
    const ofBlock = Object.fromEntries(entries.filter(([name]) => BLOCK_FIELDS.includes(name)));
    const ofTracer = Object.fromEntries(entries.filter(([name]) => !BLOCK_FIELDS.includes(name)));
    this.#factory = readTracer(ofTracer as unknown as TracerChoice, 'request') as TracerFactory<Result>;
    this.#request = readBlockRequest(ofBlock as unknown as BlockRequest, options);
    const count = this.#request.context.block.transactions.length;
    if (index !== undefined && !(Number.isInteger(index) && index >= 0 && index < count)) {
      throw new InputError('request.index', `expected a place from 0 to ${count - 1}, got ${index}`);
    }
    this.#from = index ?? 0;
    this.#to = index === undefined ? count : index + 1;
    this.#encoding = encodeForCore(this.#request.context);
  }

  get limits(): Limits {
    return this.#request.limits;
  }

  get itemCount(): number {
    return this.#to - this.#from;
  }

  async run(desk: Desk<TransactionTrace<Result>>): Promise<readonly TransactionTrace<Result>[]> {
    const { context, state } = this.#request;
    const encoding = this.#encoding;
    const { evm, firstTransaction, transactionCount } = encoding;
    if (evm === undefined || this.itemCount === 0) return [];
    const before = await stateBefore(desk, state, () => blockKeys(state, context.block));
    const { image, complete, emptyAccounts = true } = before;
    const count = firstTransaction + this.#to;
    const environment = emptyAccounts ? { ...evm.environment, emptyAccounts } : evm.environment;
    const plan = {
      ...{ count, tasks: [], programs: undefined, image, complete, window: 1 },
      evm: { environment, transactions: firstOf(evm.transactions, count) },
      ...{ haltOnInvalid: true, profile: false, sequential: true, checkpoint: undefined },
      block: { firstTransaction, transactionCount },
    };
    const work = workOf({ tasks: [], executor: undefined, precompiles: await desk.assets.precompilesHere() });
    const traces: TransactionTrace<Result>[] = [];
    await desk.trace({ plan, work, state }, this.#examiner(desk, traces)).catch((error: unknown) => {
      throw error instanceof InvalidOutcome ? stepError(encoding, error.index, error.result) : error;
    });
    return traces;
  }

  /** Traces what is wanted of each part of the block, while its versions are in the memory. */
  #examiner(desk: Desk<TransactionTrace<Result>>, traces: TransactionTrace<Result>[]): Examine {
    const { firstTransaction } = this.#encoding;
    let logs = 0;
    return async ({ host, first, tracing }) => {
      const committed = host.committed();
      for (let at = 0; at < committed; at++) {
        const index = first + at - firstTransaction;
        if (index < 0) continue;
        if (index >= this.#from && index < this.#to) {
          traces.push(await this.#trace(desk, { host, tracing, at, index, logs }));
          desk.push(traces.length, (item) => traces[item]!);
          await eventLoopTurn();
        }
        logs += logCountOf(host.results(at, at + 1).outputs);
      }
    };
  }

  /** Runs a transaction again, as often as its tracer asks for state that is not loaded yet. */
  async #trace(
    desk: Desk<TransactionTrace<Result>>,
    place: { host: BlockHost; tracing: Tracing; at: number; index: number; logs: number },
  ): Promise<TransactionTrace<Result>> {
    const { host, tracing, at, index } = place;
    while (true) {
      const tracer = this.#tracerFor(place);
      tracing.watch(tracer);
      const answer = tracing.replay(at);
      tracing.watch({});
      const failure = tracing.takeFailure();
      if (failure !== undefined) throw failure.error;
      if (tracing.state.isExhausted || answer === ReadResult.EXHAUSTED << UNFINISHED_SHIFT) {
        throw new MemoryLimitError(`transaction ${index} and its trace do not fit into the memory`);
      }
      if (answer !== ReadResult.MISSING << UNFINISHED_SHIFT) {
        const { hash } = this.#request.context.block.transactions[index]!;
        return { index, hash, result: tracer.result() };
      }
      const keys = host.missing();
      const { image } = await desk.ask((signal) => loadKeys(this.#request.state, keys, new Set(), signal));
      if (!host.load(image))
        throw new MemoryLimitError(`the state of transaction ${index} does not fit into the memory`);
      host.resume();
    }
  }

  #tracerFor({ tracing, index, logs }: { tracing: Tracing; index: number; logs: number }): Tracer<Result> {
    const { block, hardfork } = this.#request.context;
    return this.#factory({
      index,
      hash: block.transactions[index]?.hash,
      block: { number: BigInt(block.number), hash: block.hash, beneficiary: block.miner, rules: rulesOf(hardfork) },
      firstLog: logs,
      state: tracing.state,
    });
  }
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
