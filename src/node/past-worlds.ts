// Worlds on the states after earlier blocks: opened when somebody asks, a few of them kept.

import type { Hex } from '../base/hex.ts';
import { layerState } from '../state/layers.ts';
import { stateOfAccounts } from '../state/memory.ts';
import type { DescribedStateSource, StateSource } from '../state/state-source.ts';
import type { WorldOptions } from '../types.ts';
import type { ChainBlock } from './chain-store.ts';
import type { RecordedChain } from './recorded-chain.ts';

/** Worlds that are open at once: each has a memory of its own. */
const KEPT = 3;

interface Kept<W> {
  readonly world: Promise<W>;
  /** Who is asking it now. */
  users: number;
}

export class PastWorlds<W extends AsyncDisposable> {
  readonly #record: RecordedChain;
  readonly #openWorld: (options: WorldOptions) => Promise<W>;
  /** Those that were asked last come last. */
  readonly #worlds = new Map<DescribedStateSource, Kept<W>>();
  /** Who waits until one of them is idle. */
  #waiting: (() => void)[] = [];

  constructor(record: RecordedChain, openWorld: (options: WorldOptions) => Promise<W>) {
    this.#record = record;
    this.#openWorld = openWorld;
  }

  /**
   * Asks a world on the state after a block. It is shared: `body` must leave it as it is.
   * @param needsAll whether the world has to know its whole state, which takes as long as there are accounts
   */
  async use<R>(at: ChainBlock, needsAll: boolean, body: (world: W) => Promise<R>): Promise<R> {
    const state = needsAll ? this.#record.stateAfter(at) : this.#record.valuesAfter(at);
    const kept = await this.#take(state, at);
    try {
      return await body(await kept.world);
    } finally {
      kept.users--;
      const waiting = this.#waiting;
      this.#waiting = [];
      for (const goOn of waiting) goOn();
    }
  }

  async #take(state: DescribedStateSource, at: ChainBlock): Promise<Kept<W>> {
    while (!this.#worlds.has(state) && this.#worlds.size >= KEPT && !this.#closeIdle()) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    const kept = this.#worlds.get(state) ?? { world: this.#open(state, at), users: 0 };
    kept.users++;
    this.#worlds.delete(state);
    this.#worlds.set(state, kept);
    return kept;
  }

  #open(state: DescribedStateSource, at: ChainBlock): Promise<W> {
    const { chain, store } = this.#record;
    const opened = this.#openWorld({
      state: withHashes(state, store.hashesBefore(at.number)),
      chain,
      block: at.block,
    });
    opened.catch(() => this.#worlds.delete(state));
    return opened;
  }

  /** Whether there was one that nobody asks now. */
  #closeIdle(): boolean {
    for (const [state, { world, users }] of this.#worlds) {
      if (users > 0) continue;
      this.#worlds.delete(state);
      void close(world);
      return true;
    }
    return false;
  }

  async dispose(): Promise<void> {
    const worlds = [...this.#worlds.values()];
    this.#worlds.clear();
    await Promise.all(worlds.map(({ world }) => close(world)));
  }
}

function close(world: Promise<AsyncDisposable>): Promise<void> {
  return world.then(
    (open) => open[Symbol.asyncDispose](),
    () => {},
  );
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
