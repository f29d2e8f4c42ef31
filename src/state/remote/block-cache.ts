// What a cache has of one block, by chain and hash: read once, and added to. Damage and other people's files are noticed.

import { bytesFromHex, type Hex, hexFromBytes, NO_CODE_HASH } from '../../base/hex.ts';
import { keccak256 } from '../../base/keccak256.ts';
import type { StateCache } from '../cache/state-cache.ts';
import type { CodeStore } from './code-store.ts';
import type { Loaded, Loader } from './loader.ts';
import { type CacheCounts, hex, SealedText } from './sealed-lines.ts';
import { type FetchedAccount, nameOfUnit, type Unit } from './state-keys.ts';
import { StorageCache } from './storage-cache.ts';

export interface BlockCacheOptions {
  readonly cache: StateCache;
  readonly codes: CodeStore;
  readonly chainId: bigint;
  readonly hash: Hex;
  /** Whether what is kept was proven: what was not is no answer for who wants proofs. */
  readonly proven: boolean;
  readonly counts: CacheCounts;
  /** The latest trip that has arrived: what is cached costs none. */
  readonly arrived: () => number;
}

type CachedAccount = Omit<FetchedAccount, 'code'>;

/** A unit that is cached: its name, and its code where it is an account. */
interface Known {
  readonly name: string;
  readonly code: Hex;
}

/** One line: what was fetched together. */
interface Entry {
  readonly accounts: readonly (readonly [Hex, CachedAccount])[];
  readonly slots: readonly (readonly [address: Hex, slot: Hex, value: Hex])[];
  readonly hashes: readonly (readonly [bigint, Hex])[];
}

export class BlockCache {
  readonly #options: BlockCacheOptions;
  readonly #text: SealedText;
  readonly #accounts = new Map<string, CachedAccount>();
  readonly #slots = new Map<string, Hex>();
  readonly #hashes = new Map<string, Hex>();
  readonly #storages: StorageCache;
  /** Code that is kept already, or about to be. */
  readonly #keptCodes = new Set<Hex>();
  #read: Promise<void> | undefined;

  constructor(options: BlockCacheOptions) {
    this.#options = options;
    this.#storages = new StorageCache(options.cache, options.counts);
    const name = `${options.proven ? 'proven' : 'state'}-${options.chainId}-${options.hash}`;
    this.#text = new SealedText(options.cache, name, options.counts);
  }

  /** A loader that asks `load` for what is not cached, and keeps it. */
  over(load: Loader): Loader {
    return async (units, cancellation) => {
      this.#read ??= this.#readAll();
      await this.#read;
      const known = await this.#known(units);
      const { counts, arrived } = this.#options;
      const missing = units.filter((unit) => !known.has(unit));
      counts.cached += known.size;
      const cached = { ...this.#loaded(known), trip: arrived() };
      if (missing.length === 0) return cached;
      const loaded = await load(missing, cancellation);
      void this.#keep(loaded);
      return {
        accounts: [...cached.accounts, ...loaded.accounts],
        slots: [...cached.slots, ...loaded.slots],
        hashes: [...cached.hashes, ...loaded.hashes],
        trip: loaded.trip,
      };
    };
  }

  async #readAll(): Promise<void> {
    for (const entry of await this.#text.read(readEntry)) {
      for (const [address, account] of entry.accounts) {
        this.#accounts.set(address, account);
        if (account.storageRoot !== undefined) this.#storages.root(address, account.storageRoot);
      }
      for (const [address, slot, value] of entry.slots) this.#slots.set(slotName(address, slot), value);
      for (const [number, hash] of entry.hashes) this.#hashes.set(String(number), hash);
    }
  }

  /** The units that are cached, accounts with their code. */
  async #known(units: readonly Unit[]): Promise<Map<Unit, Known>> {
    const known = new Map<Unit, Known>();
    await Promise.all(
      units.map(async (unit) => {
        const name = nameOfUnit(unit);
        if (unit.kind === 'storage') await this.#share(unit.address, unit.slot, name);
        if (unit.kind === 'storage' && this.#slots.has(name)) known.set(unit, { name, code: '0x' });
        if (unit.kind === 'blockHash' && this.#hashes.has(name)) known.set(unit, { name, code: '0x' });
        const account = unit.kind === 'account' ? this.#accounts.get(name) : undefined;
        const code = account && (await this.#codeOf(account.codeHash));
        if (code !== undefined) known.set(unit, { name, code });
      }),
    );
    return known;
  }

  /** A slot that was proven at another block, for a storage that is the same here. */
  async #share(address: Hex, slot: Hex, name: string): Promise<void> {
    if (this.#slots.has(name)) return;
    const value = await this.#storages.value(address, slot);
    if (value !== undefined) this.#slots.set(name, value);
  }

  #loaded(known: ReadonlyMap<Unit, Known>): Omit<Loaded, 'trip'> {
    const accounts: [Hex, FetchedAccount][] = [];
    const slots: [Hex, Hex, Hex][] = [];
    const hashes: [bigint, Hex][] = [];
    for (const [unit, { name, code }] of known) {
      if (unit.kind === 'storage') slots.push([unit.address, unit.slot, this.#slots.get(name)!]);
      else if (unit.kind === 'blockHash') hashes.push([unit.number, this.#hashes.get(name)!]);
      else accounts.push([unit.address, { ...this.#accounts.get(name)!, code }]);
    }
    return { accounts, slots, hashes };
  }

  /** Code is the same at every block and on every chain, and says itself whether it is the right one. */
  async #codeOf(hash: Hex): Promise<Hex | undefined> {
    const { cache, codes, counts } = this.#options;
    if (hash === NO_CODE_HASH) return '0x';
    const found = codes.get(hash);
    if (found !== undefined) return found;
    const text = await this.#attempt(() => cache.read(codeName(hash)));
    if (text === undefined) return undefined;
    // Two processes may have kept it at the same time.
    for (const line of text.split('\n')) {
      if (/^0x([0-9a-f]{2})*$/.test(line) && hexFromBytes(keccak256(bytesFromHex(line as Hex))) === hash) {
        this.#keptCodes.add(hash);
        return codes.add(line as Hex).code;
      }
    }
    counts.cacheFaults++;
    return undefined;
  }

  async #keep({ accounts, slots, hashes, storageRoots = [] }: Omit<Loaded, 'trip'>): Promise<void> {
    const { cache } = this.#options;
    for (const [address, root] of storageRoots) this.#storages.root(address, root);
    void this.#storages.keep(slots);
    for (const [, { code, codeHash }] of accounts) {
      if (code === '0x' || this.#keptCodes.has(codeHash)) continue;
      this.#keptCodes.add(codeHash);
      const kept = await this.#attempt(() => cache.read(codeName(codeHash)));
      if (kept === undefined) await this.#attempt(() => cache.append(codeName(codeHash), `\n${code}\n`));
    }
    const written = accounts.map(([address, { code: _, ...account }]) => [address, account] as const);
    await this.#text.append(writtenEntry({ accounts: written, slots, hashes }));
  }

  /** What fails is counted, and is as if nothing was kept. */
  async #attempt<T>(body: () => Promise<T>): Promise<T | undefined> {
    try {
      return await body();
    } catch {
      this.#options.counts.cacheFaults++;
      return undefined;
    }
  }
}

function codeName(hash: Hex): string {
  return `code-${hash}`;
}

function slotName(address: Hex, slot: Hex): string {
  return nameOfUnit({ kind: 'storage', address, slot });
}

function writtenEntry({ accounts, slots, hashes }: Entry): string {
  return JSON.stringify([
    accounts.map(([address, { balance, nonce, exists, codeHash, storageRoot }]) => [
      ...[address, balance.toString(16), nonce.toString(16), exists, codeHash],
      ...(storageRoot === undefined ? [] : [storageRoot]),
    ]),
    slots,
    hashes.map(([number, hash]) => [number.toString(16), hash]),
  ]);
}

function readEntry(payload: string): Entry {
  const [accounts, slots, hashes] = JSON.parse(payload) as [
    [string, string, string, boolean, string, string?][],
    [string, string, string][],
    [string, string][],
  ];
  return {
    accounts: accounts.map(([address, balance, nonce, exists, codeHash, storageRoot]) => [
      hex(address, 20),
      {
        balance: BigInt(`0x${balance}`),
        nonce: BigInt(`0x${nonce}`),
        exists: exists === true,
        codeHash: hex(codeHash, 32),
        ...(storageRoot !== undefined && { storageRoot: hex(storageRoot, 32) }),
      },
    ]),
    slots: slots.map(([address, slot, value]) => [hex(address, 20), hex(slot, 32), hex(value, 32)]),
    hashes: hashes.map(([number, hash]) => [BigInt(`0x${number}`), hex(hash, 32)]),
  };
}
