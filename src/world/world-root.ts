// The root of a world's state: of tries that are kept, so that it costs what has changed since it was asked for last.

import { bytesFromKey, type Hex, hexFromBytes, isZero } from '../base/hex.ts';
import type { AccountChange } from '../core/host/state-changes.ts';
import type { Moment, Residence } from '../run/residence.ts';
import { EMPTY_CODE_HASH, type MemoryState } from '../state/memory.ts';
import type { AccountNow, StateTrie, StateTries } from '../state/trie/state-tries.ts';
import { changesSince } from './world-diff.ts';

/** Of states that are kept, so that who goes back to one of them need not begin anew. */
const KEPT = 8;
/** Changes of the state without anybody asking, from which on nothing is kept any more. */
const MOST_CHANGES = 512;

interface Kept {
  readonly moment: Moment;
  readonly trie: StateTrie;
}

/** What it asks of its world. */
export interface RootedState {
  readonly residence: Residence;
  /** See `StateDescription`. */
  readonly emptyAccounts: boolean | undefined;
  whole(): Promise<MemoryState>;
}

export class WorldRoot {
  readonly #state: RootedState;
  #tries: StateTries | undefined;
  /** Oldest first. */
  #kept: Kept[] = [];

  constructor(state: RootedState) {
    this.#state = state;
  }

  /** Root of a complete state; no run may be at work on it. @throws MemoryLimitError */
  async now(): Promise<Hex> {
    const { residence } = this.#state;
    while (this.#kept.length > 0 && !residence.reaches(this.#kept.at(-1)!.moment)) this.#drop(this.#kept.pop()!);
    const newest = this.#kept.at(-1);
    if (newest?.moment.mark === residence.mark) return this.#rootOf(newest);
    const trie = newest === undefined ? await this.#begin() : this.#after(newest);
    const kept = { moment: residence.moment, trie };
    this.#kept.push(kept);
    // The oldest stays: blocks that are only tried go back to it.
    if (this.#kept.length > KEPT) this.#drop(this.#kept.splice(1, 1)[0]!);
    return this.#rootOf(kept);
  }

  /** How far back the log of changes must go for it; `undefined`: nothing is kept. */
  get mark(): number | undefined {
    const { mark } = this.#kept.at(-1)?.moment ?? {};
    if (mark === undefined || this.#state.residence.mark - mark <= MOST_CHANGES) return mark;
    this.#kept = [];
    this.#tries = undefined;
    return undefined;
  }

  async #begin(): Promise<StateTrie> {
    // Loaded when it is first needed: most who execute blocks never ask for a root.
    const { StateTries } = await import('../state/trie/state-tries.ts');
    this.#tries = await StateTries.open();
    return this.#tries.begin((await this.#state.whole()).accounts.values());
  }

  #after({ moment, trie: before }: Kept): StateTrie {
    const { residence, emptyAccounts } = this.#state;
    const { accounts } = changesSince(residence, moment.mark);
    const trie = this.#tries!.copy(before);
    try {
      this.#tries!.set(
        trie,
        Array.from(accounts.values(), (change) => accountNow(change, emptyAccounts !== false)),
      );
    } catch (error) {
      this.#tries!.release(trie);
      throw error;
    }
    return trie;
  }

  #rootOf({ trie }: Kept): Hex {
    return hexFromBytes(this.#tries!.rootOf(trie));
  }

  #drop({ trie }: Kept): void {
    this.#tries!.release(trie);
  }
}

/** `emptyAccounts`: whether there may be any. Where there are none, nobody keeps a record of which accounts exist. */
function accountNow({ address, after, emptied, storage }: AccountChange, emptyAccounts: boolean): AccountNow {
  const { balance, nonce, codeHash, exists } = after;
  return {
    address,
    fields: { balance, nonce, codeHash: isZero(codeHash) ? EMPTY_CODE_HASH : codeHash },
    exists: exists && emptyAccounts,
    emptied,
    storage: Array.from(storage, ([slot, { after: value }]) => [bytesFromKey(slot), value]),
  };
}
