// A node over one world: its recorded chain, what waits for it, and how more is asked of the engine.

import type { Hex } from '../base/hex.ts';
import type { CallOptions, CallRequest } from '../call-types.ts';
import { layerState } from '../state/layers.ts';
import { stateOfAccounts } from '../state/memory.ts';
import type { DescribedStateSource, StateSource } from '../state/state-source.ts';
import type { BlockTraceRequest, TransactionTrace } from '../trace/request.ts';
import type { TracerChoice } from '../trace/tracers.ts';
import type { NodeOptions, World, WorldOptions } from '../types.ts';
import { Accounts } from './accounts.ts';
import type { Call } from './call.ts';
import type { ChainBlock } from './chain-store.ts';
import { Filters } from './filters.ts';
import { Miner } from './miner.ts';
import { Pool } from './pool.ts';
import type { RecordedChain } from './recorded-chain.ts';

/** A world that also traces calls. */
export interface NodeWorld extends World {
  trace(request: CallRequest, options: TracerChoice & CallOptions): Promise<unknown>;
}

/** What a node asks of the engine. */
export interface NodeHost {
  readonly world: NodeWorld;
  openWorld(options: WorldOptions): Promise<NodeWorld>;
  traceBlock(request: BlockTraceRequest & TracerChoice): PromiseLike<readonly TransactionTrace[]>;
}

/** Worlds of past blocks that are kept open. */
const KEPT_WORLDS = 2;

export class ChainNode {
  readonly record: RecordedChain;
  readonly world: NodeWorld;
  readonly filters = new Filters();
  readonly pool = new Pool();
  readonly accounts: Accounts;
  readonly miner: Miner;
  readonly options: NodeOptions;
  readonly #host: NodeHost;
  readonly #snapshots = new Map<number, { offset: bigint; nextTimestamp: bigint | undefined }>();
  readonly #worlds = new Map<DescribedStateSource, Promise<NodeWorld>>();

  constructor(host: NodeHost, record: RecordedChain, options: NodeOptions) {
    this.#host = host;
    this.record = record;
    this.world = host.world;
    this.options = options;
    this.accounts = new Accounts(options.accounts);
    this.miner = new Miner(this, options.mining ?? 'instant');
    record.watch((at, removed) => this.filters.block(at, removed));
  }

  /** What a tracer says of a block's transactions, or of the one at `index`. */
  async trace(
    block: BlockTraceRequest,
    tracer: TracerChoice,
    { signal }: Call,
    index?: number,
  ): Promise<readonly TransactionTrace[]> {
    return this.#host.traceBlock({
      ...tracer,
      ...block,
      ...(index !== undefined && { index }),
      ...(signal !== undefined && { signal }),
    } as BlockTraceRequest & TracerChoice);
  }

  /** A world on the state after a block, which must not be changed. */
  async worldAfter(at: ChainBlock): Promise<NodeWorld> {
    if (at.hash === this.record.head.hash) return this.world;
    const state = this.record.stateAfter(at);
    const known = this.#worlds.get(state);
    if (known !== undefined) return known;
    const opened = this.#host.openWorld({
      state: withHashes(state, this.record.store.hashesBefore(at.number)),
      chain: this.record.chain,
      block: at.block,
    });
    this.#worlds.set(state, opened);
    opened.catch(() => this.#worlds.delete(state));
    for (const [other, world] of this.#worlds) {
      if (this.#worlds.size <= KEPT_WORLDS) break;
      this.#worlds.delete(other);
      // What is asked of it is finished first.
      void world.then((old) => old.dispose());
    }
    return opened;
  }

  /** A moment to come back to, with its clock and what waits. */
  snapshot(): number {
    const id = this.world.snapshot();
    const { offset, nextTimestamp } = this.miner;
    this.#snapshots.set(id, { offset, nextTimestamp });
    return id;
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

  async dispose(): Promise<void> {
    this.miner.stop();
    for (const world of this.#worlds.values())
      await world.then(
        (open) => open.dispose(),
        () => {},
      );
    this.#worlds.clear();
  }
}

/** The state with the hashes of blocks that BLOCKHASH asks for. */
function withHashes(state: DescribedStateSource, hashes: ReadonlyMap<bigint, Hex>): StateSource {
  const { accounts } = state.description;
  if (accounts !== undefined) return stateOfAccounts(accounts, hashes);
  return layerState(
    state,
    (keys, below, options) => below.load(keys, options),
    (below) => ({ ...below, blockHashes: hashes }),
  );
}
