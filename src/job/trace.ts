// A trace as a job: what is asked for is checked, before it waits for its turn.

import { InputError } from '../base/errors.ts';
import { plainObject } from '../base/reader.ts';
import type { CheckedOptions } from '../config/options.ts';
import type { TransactionStart } from '../state/block-accesses.ts';
import type { StateSource } from '../state/state-source.ts';
import type { BlockTraceRequest, TransactionTrace } from '../trace/request.ts';
import type { TracerChoice } from '../trace/tracers.ts';
import type { BlockRequest } from '../types.ts';
import { type BlockEncoding, encodeForCore, encodingOf } from './block-encoding.ts';
import { type CheckedBlockRequest, readBlockRequest } from './block-request.ts';
import { loadSteps, planEvmTransaction } from './evm-block.ts';
import type { Desk, Job, Limits } from './job.ts';
import type { ReplayedBlock } from './replay.ts';

const BLOCK_FIELDS = [
  ...['block', 'chainId', 'chain', 'hardfork', 'state', 'blockHashes', 'depositContract', 'blockReward'],
  ...['senders', 'signal', 'executionTimeoutMs'],
];

export class TraceJob<Result> implements Job<TransactionTrace<Result>, readonly TransactionTrace<Result>[]> {
  readonly kind = 'trace';
  readonly firstItem = 0;
  readonly #request: CheckedBlockRequest;
  #encoding: BlockEncoding;
  readonly #choice: TracerChoice;
  readonly #block: ReplayedBlock;
  readonly #window: number;
  /** Places of the first transaction to be traced, and of the one behind the last. */
  readonly #from: number;
  readonly #to: number;
  /** Where the only one begins, where that is known: then none of those before it runs. */
  readonly #start: TransactionStart | undefined;
  /** Place of the first that runs. */
  readonly #first: number;

  /** Reads the request; `start`: of the transaction at its index. @throws InputError naming the field, InvalidTransactionError */
  constructor(request: BlockTraceRequest & TracerChoice, options: CheckedOptions, start?: TransactionStart) {
    plainObject(request, 'request');
    const { index, ...rest } = request;
    const entries = Object.entries(rest);
    const ofBlock = Object.fromEntries(entries.filter(([name]) => BLOCK_FIELDS.includes(name)));
    const ofTracer = Object.fromEntries(entries.filter(([name]) => !BLOCK_FIELDS.includes(name)));
    this.#choice = ofTracer as unknown as TracerChoice;
    this.#request = readBlockRequest(ofBlock as unknown as BlockRequest, options);
    const { block, hardfork } = this.#request.context;
    this.#block = { number: BigInt(block.number), hash: block.hash, beneficiary: block.miner, hardfork };
    const count = block.transactions.length;
    if (index !== undefined && !(Number.isInteger(index) && index >= 0 && index < count)) {
      throw new InputError('request.index', `expected a place from 0 to ${count - 1}, got ${index}`);
    }
    this.#from = index ?? 0;
    this.#to = index === undefined ? count : index + 1;
    this.#start = start;
    this.#first = start === undefined ? 0 : this.#from;
    this.#encoding = this.#encode();
    this.#window = options.window;
  }

  get limits(): Limits {
    return this.#request.limits;
  }

  get itemCount(): number {
    return this.#to - this.#from;
  }

  /** @throws InvalidTransactionError */
  #encode(): BlockEncoding {
    const { context } = this.#request;
    if (this.#start === undefined) return encodeForCore(context);
    return encodingOf(planEvmTransaction(context, this.#from), context);
  }

  get #state(): StateSource {
    return this.#start?.state ?? this.#request.state;
  }

  async run(desk: Desk<TransactionTrace<Result>>): Promise<readonly TransactionTrace<Result>[]> {
    const { context } = this.#request;
    if (await loadSteps(context)) this.#encoding = this.#encode();
    const { TracePass } = await import('./trace-pass.ts');
    const pass = new TracePass<Result>({
      ...{ context, state: this.#state, encoding: this.#encoding, choice: this.#choice, block: this.#block },
      ...{ window: this.#window, from: this.#from, to: this.#to, start: this.#start, first: this.#first },
    });
    return pass.run(desk);
  }
}
