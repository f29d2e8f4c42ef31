// A node over one world: its recorded chain, what waits for it, and how more is asked of the engine.

import { type Hex, hexFromBytes } from '../base/hex.ts';
import type { CallOptions, CallRequest } from '../call-types.ts';
import type { TransactionStart } from '../state/block-accesses.ts';
import type { BlockTraceRequest, TransactionTrace } from '../trace/request.ts';
import type { TracerChoice } from '../trace/tracers.ts';
import type { BlockRequest, BlockResult, NodeOptions, World } from '../types.ts';
import { Accounts } from './accounts.ts';
import type { Call } from './call.ts';
import type { TransactionPlace } from './chain-store.ts';
import { Filters } from './filters.ts';
import { Miner } from './miner.ts';
import { Pool } from './pool.ts';
import type { RecordedChain } from './recorded-chain.ts';

/** A world that also traces calls. */
export interface NodeWorld extends World {
  trace(
    request: CallRequest,
    options: TracerChoice & CallOptions & { readonly at?: { readonly transactionIndex: number } | undefined },
  ): Promise<unknown>;
}

/** What a node asks of the engine. */
export interface NodeHost {
  readonly world: NodeWorld;
  /** `start`: of the only transaction that is asked for. */
  traceBlock(
    request: BlockTraceRequest & TracerChoice,
    start?: TransactionStart,
  ): PromiseLike<readonly TransactionTrace[]>;
  executeBlock(request: BlockRequest): PromiseLike<BlockResult>;
}

export class ChainNode {
  readonly record: RecordedChain;
  readonly world: NodeWorld;
  readonly filters = new Filters();
  readonly pool = new Pool();
  readonly accounts: Accounts;
  readonly miner: Miner;
  readonly options: NodeOptions;
  readonly #host: NodeHost;
  /** Another one whenever the node begins anew. */
  instanceId = newId();
  /** Of the world, before the first change: to begin anew from. */
  #beginning: number | undefined;
  readonly #snapshots = new Map<number, { offset: bigint; nextTimestamp: bigint | undefined }>();

  constructor(host: NodeHost, record: RecordedChain, options: NodeOptions) {
    this.#host = host;
    this.record = record;
    this.world = host.world;
    this.options = options;
    this.accounts = new Accounts(options.accounts);
    this.miner = new Miner(this, options.mining ?? 'instant');
    record.watch((at, removed) => this.filters.block(at, removed));
  }

  /** What a tracer says of a block's transactions. */
  trace(block: BlockTraceRequest, tracer: TracerChoice, call: Call): Promise<readonly TransactionTrace[]> {
    return this.#trace(block, tracer, call);
  }

  /** What a tracer says of a transaction of the chain. */
  async traceTransaction(place: TransactionPlace, tracer: TracerChoice, call: Call): Promise<unknown> {
    const { start, ...block } = this.record.transactionRequest(place);
    const [trace] = await this.#trace(block, tracer, call, start);
    return trace!.result;
  }

  async #trace(
    block: BlockTraceRequest,
    tracer: TracerChoice,
    { signal }: Call,
    start?: TransactionStart,
  ): Promise<readonly TransactionTrace[]> {
    const request = { ...tracer, ...block, ...(signal !== undefined && { signal }) };
    return this.#host.traceBlock(request as BlockTraceRequest & TracerChoice, start);
  }

  /** A block once more, on a state of its own. */
  async execute(block: BlockRequest, { signal }: Call): Promise<BlockResult> {
    return this.#host.executeBlock({ ...block, ...(signal !== undefined && { signal }) });
  }

  /** A moment to come back to, with its clock and what waits. */
  snapshot(): number {
    const id = this.world.snapshot();
    const { offset, nextTimestamp } = this.miner;
    this.#snapshots.set(id, { offset, nextTimestamp });
    return id;
  }

  /** Something is about to change for the first time. */
  begin(): void {
    this.#beginning ??= this.world.snapshot();
  }

  /** Back to the beginning: what was changed, sent and set since is gone. */
  async reset(): Promise<void> {
    if (this.#beginning !== undefined) await this.world.revert(this.#beginning);
    this.#snapshots.clear();
    this.pool.clear();
    this.miner.reset();
    this.accounts.reset();
    this.instanceId = newId();
  }

  /** Back to a snapshot, which is used up by it, as are later ones. Whether there was one. */
  async revert(id: number): Promise<boolean> {
    const snapshot = this.#snapshots.get(id);
    if (snapshot === undefined) return false;
    await this.world.revert(id);
    await this.world.release(id);
    for (const later of this.#snapshots.keys()) if (later >= id) this.#snapshots.delete(later);
    this.miner.offset = snapshot.offset;
    this.miner.nextTimestamp = snapshot.nextTimestamp;
    this.pool.clear();
    return true;
  }

  dispose(): void {
    this.miner.stop();
  }
}

function newId(): Hex {
  return hexFromBytes(crypto.getRandomValues(new Uint8Array(32)));
}
