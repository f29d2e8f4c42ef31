// Slots that were proven, by the root of the storage that they are in: the same at every block where an account has that root.

import { bytes32FromNumber, EMPTY_ROOT, type Hex, hexFromBytes } from '../../base/hex.ts';
import type { StateCache } from '../cache/state-cache.ts';
import { type CacheCounts, hex, SealedText } from './sealed-lines.ts';

type Slots = Map<Hex, Hex>;

const ZERO = hexFromBytes(bytes32FromNumber(0n));

export class StorageCache {
  readonly #cache: StateCache;
  readonly #counts: CacheCounts;
  readonly #roots = new Map<Hex, Hex>();
  readonly #storages = new Map<Hex, Promise<Slots>>();

  constructor(cache: StateCache, counts: CacheCounts) {
    this.#cache = cache;
    this.#counts = counts;
  }

  /** An account's storage has this root, by a proof. */
  root(address: Hex, root: Hex): void {
    this.#roots.set(address, root);
  }

  /** The value of a slot, where it was proven of a storage with the account's root. */
  async value(address: Hex, slot: Hex): Promise<Hex | undefined> {
    const root = this.#roots.get(address);
    if (root === undefined) return undefined;
    if (root === EMPTY_ROOT) return ZERO;
    const storage = this.#storages.get(root) ?? this.#read(root);
    this.#storages.set(root, storage);
    return (await storage).get(slot);
  }

  /** Never fails: what cannot be kept is counted. */
  async keep(slots: readonly (readonly [address: Hex, slot: Hex, value: Hex])[]): Promise<void> {
    const byRoot = new Map<Hex, [Hex, Hex][]>();
    for (const [address, slot, value] of slots) {
      const root = this.#roots.get(address);
      if (root !== undefined) byRoot.set(root, [...(byRoot.get(root) ?? []), [slot, value]]);
    }
    for (const [root, entries] of byRoot) await this.#textOf(root).append(JSON.stringify(entries));
  }

  async #read(root: Hex): Promise<Slots> {
    return new Map((await this.#textOf(root).read(entriesIn)).flat());
  }

  #textOf(root: Hex): SealedText {
    return new SealedText(this.#cache, `storage-${root}`, this.#counts);
  }
}

function entriesIn(payload: string): [Hex, Hex][] {
  return (JSON.parse(payload) as [string, string][]).map(([slot, value]) => [hex(slot, 32), hex(value, 32)]);
}
