// The state of one world, as blocks and callers see it: what is resident, and the source that is asked for the rest.

import { StateSourceError } from '../base/errors.ts';
import { bytesFromHex, type Hex, hexFromBytes, isZero, keyFromBytes } from '../base/hex.ts';
import { keccak256 } from '../base/keccak256.ts';
import { type KeptValue, keptValues } from '../core/host/kept-state.ts';
import type { StateChanges } from '../core/host/state-changes.ts';
import { Kind } from '../core/instance/abi.ts';
import type { Ask } from '../job/job.ts';
import type { StandingState } from '../job/state-before.ts';
import type { Residence } from '../run/residence.ts';
import { loadKeys } from '../run/state-loading.ts';
import { isChainState } from '../state/chain-state.ts';
import { describedSource } from '../state/layers.ts';
import {
  EMPTY_CODE_HASH,
  type MemoryAccount,
  type MemorySlot,
  type MemoryState,
  stateOfAccounts,
} from '../state/memory.ts';
import { loadWithin } from '../state/patience.ts';
import type {
  DescribedStateSource,
  LoadOptions,
  SourceKey,
  StateDescription,
  StateKey,
  StateSource,
  StateValue,
} from '../state/state-source.ts';
import { changesSince } from './world-diff.ts';
import { WorldRoot } from './world-root.ts';

export interface AccountNow {
  readonly balance: bigint;
  readonly nonce: bigint;
  /** Zeros: no code. */
  readonly codeHash: Uint8Array;
}

/** Values that are kept for blocks to come, and names of what was asked for. */
const MOST_AHEAD = 50_000;
const NOBODY: ReadonlySet<string> = new Set();

/** What is known of a state when a world is opened on it. */
export interface KnownState {
  readonly blockHashes: Iterable<readonly [bigint, Hex]>;
  /** Whether empty accounts are in the state; `undefined`: nobody knows. */
  readonly emptyAccounts: boolean | undefined;
  /** Accounts that have storage, but neither nonce nor code (EIP-7610). */
  readonly storageOnly: readonly Hex[];
}

export class WorldState implements StandingState {
  readonly residence: Residence;
  readonly #source: DescribedStateSource;
  /** Hashes of blocks that the world knows, by number. */
  readonly blockHashes: Map<bigint, Hex>;
  /** See {@link KnownState}. */
  emptyAccounts: boolean | undefined;
  readonly storageOnly: readonly Hex[];
  /** Fetched for a block that comes, by name. */
  readonly #ahead = new Map<string, Promise<StateValue | undefined>>();
  readonly #root = new WorldRoot(this);
  /** Names of what was asked for by blocks, lately. */
  readonly #asked = new Set<string>();

  constructor(residence: Residence, source: StateSource, { blockHashes, emptyAccounts, storageOnly }: KnownState) {
    this.residence = residence;
    this.#source = describedSource(source);
    this.blockHashes = new Map(blockHashes);
    this.emptyAccounts = emptyAccounts;
    this.storageOnly = storageOnly;
  }

  get description(): StateDescription {
    const { storageOnly, emptyAccounts } = this;
    return { storageOnly, ...(emptyAccounts === undefined ? {} : { emptyAccounts }) };
  }

  /** Who is asked for what is not resident. */
  get source(): DescribedStateSource {
    return this.#source;
  }

  async fork(): Promise<WorldState> {
    return new WorldState(await this.residence.fork(), this.#source, this);
  }

  /**
   * Asks the source for values before a block's turn has come. What is resident changes at that time, and is not looked at:
   * what the source says holds for what no block has touched.
   */
  async fetchAhead(keys: readonly StateKey[], signal: AbortSignal): Promise<void> {
    // That of a chain remembers by itself what it was asked in its hint.
    if (isChainState(this.#source)) return;
    if (this.#ahead.size > MOST_AHEAD) this.#ahead.clear();
    const isOpen = (name: string) => !this.#asked.has(name) && !this.#ahead.has(name);
    const asked = keys.filter((key) => isOpen(nameOfKey(key)));
    if (asked.length === 0) return;
    const answers = this.#source.load(asked, { signal });
    for (const [at, key] of asked.entries()) {
      const value = answers.then(
        (values) => (values[at]?.kind === key.kind ? values[at] : undefined),
        () => undefined,
      );
      this.#ahead.set(nameOfKey(key), value);
    }
    await answers;
  }

  /** What was asked for ahead, once; whatever a block asks for will be resident. */
  async #fetchedAhead(key: SourceKey): Promise<StateValue | undefined> {
    if (key.kind === 'blockHash') return undefined;
    const name = nameOfKey(key);
    const value = this.#ahead.get(name);
    this.#ahead.delete(name);
    if (this.#asked.size >= MOST_AHEAD) this.#asked.clear();
    this.#asked.add(name);
    return value;
  }

  /** For a run that has met something that is not resident. */
  async load(keys: readonly SourceKey[], options?: LoadOptions): Promise<StateValue[]> {
    const values = await Promise.all(keys.map((key) => this.#known(key) ?? this.#fetchedAhead(key)));
    const asked = keys.filter((_, i) => values[i] === undefined);
    const answers = asked.length === 0 ? [] : await this.#source.load(asked, options);
    if (!Array.isArray(answers) || answers.length !== asked.length) {
      throw new StateSourceError(`the state source answered ${answers?.length} of ${asked.length} keys`);
    }
    let next = 0;
    return values.map((value) => value ?? answers[next++]!);
  }

  async blockHash(number: bigint): Promise<Hex> {
    return this.blockHashes.get(number) ?? this.#source.blockHash(number);
  }

  /** What the world answers without its source. */
  #known(key: SourceKey): StateValue | undefined {
    if (key.kind === 'code') return this.#knownCode(bytesFromHex(key.address));
    const hash = key.kind === 'blockHash' ? this.blockHashes.get(key.number) : undefined;
    return hash === undefined ? undefined : { kind: 'blockHash', hash };
  }

  get hint(): StateSource['hint'] {
    return this.#source.hint?.bind(this.#source);
  }

  get statistics(): StateSource['statistics'] {
    return this.#source.statistics?.bind(this.#source);
  }

  /** Those of the keys whose values nobody knows yet. */
  unknown(keys: readonly StateKey[]): StateKey[] {
    return keys.filter((key) => {
      const address = bytesFromHex(key.address);
      if (key.kind === 'storage') return this.residence.storage(address, bytesFromHex(key.slot)) === undefined;
      if (key.kind === 'account') return !this.#knowsAccount(address);
      return this.#knownCode(address) === undefined;
    });
  }

  async account(ask: Ask, address: Uint8Array): Promise<AccountNow> {
    if (!this.#knowsAccount(address)) await this.#learn(ask, { kind: 'account', address: hexFromBytes(address) });
    const { residence } = this;
    return {
      balance: residence.number(Kind.BALANCE, address) ?? 0n,
      nonce: residence.number(Kind.NONCE, address) ?? 0n,
      codeHash: residence.codeHash(address) ?? new Uint8Array(32),
    };
  }

  async code(ask: Ask, address: Uint8Array): Promise<Hex> {
    await this.account(ask, address);
    const known = this.#knownCode(address);
    if (known !== undefined) return known.code;
    const key: StateKey = { kind: 'code', address: hexFromBytes(address) };
    const [answer] = await ask((waiting) => loadWithin(this.#source, [key], waiting));
    if (answer?.kind !== 'code') throw new StateSourceError(`the state source gave no code of ${key.address}`);
    return answer.code;
  }

  async storage(ask: Ask, address: Uint8Array, slot: Uint8Array): Promise<Hex> {
    const { residence } = this;
    if (residence.storage(address, slot) === undefined) {
      await this.#learn(ask, { kind: 'storage', address: hexFromBytes(address), slot: hexFromBytes(slot) });
    }
    return hexFromBytes(residence.storage(address, slot) ?? new Uint8Array(32));
  }

  async setBalance(ask: Ask, address: Uint8Array, balance: bigint): Promise<void> {
    await this.#setField(ask, address, { balance });
  }

  async setNonce(ask: Ask, address: Uint8Array, nonce: bigint): Promise<void> {
    await this.#setField(ask, address, { nonce });
  }

  async setCode(ask: Ask, address: Uint8Array, code: Uint8Array): Promise<void> {
    const codeHash = code.length === 0 ? new Uint8Array(32) : keccak256(code);
    if (code.length > 0) this.residence.addCode(codeHash, code);
    await this.#setField(ask, address, { codeHash });
  }

  async setStorage(address: Uint8Array, slot: Uint8Array, value: Uint8Array): Promise<void> {
    await this.residence.write(Kind.STORAGE, address, slot, value);
  }

  async emptyStorage(address: Uint8Array): Promise<void> {
    await this.residence.write(Kind.RESET, address, undefined, 0n);
  }

  /** No run may be at work on the state. */
  changesSince(mark: number): StateChanges {
    return changesSince(this.residence, mark);
  }

  /** Root of a complete state: costs what has changed since it was asked for last. No run may be at work on it. */
  root(): Promise<Hex> {
    return this.#root.now();
  }

  /** How far back what was overwritten is needed for the next root; `undefined`: not at all. */
  get rootMark(): number | undefined {
    return this.#root.mark;
  }

  /** All of a complete state, as the tries and other sources take it. */
  async whole(): Promise<MemoryState> {
    const parts = new Map<string, KeptValue[]>();
    for (const value of keptValues(await this.residence.all())) {
      const key = keyFromBytes(value.address);
      const values = parts.get(key);
      if (values === undefined) parts.set(key, [value]);
      else values.push(value);
    }
    const accounts = new Map<string, MemoryAccount>();
    for (const [key, values] of parts) {
      const account = this.#accountOf(values);
      if (account !== undefined) accounts.set(key, account);
    }
    return stateOfAccounts(accounts, this.blockHashes);
  }

  #accountOf(values: readonly KeptValue[]): MemoryAccount | undefined {
    const of = (kind: number) => values.find((value) => value.kind === kind && value.known);
    const emptied = values.find(({ kind }) => kind === Kind.RESET)?.generation ?? 0;
    const storage = new Map<string, MemorySlot>();
    for (const { kind, slot, word, known, generation } of values) {
      if (kind !== Kind.STORAGE || !known || generation < emptied || isZero(word)) continue;
      storage.set(keyFromBytes(slot), { slot, value: word });
    }
    const balance = of(Kind.BALANCE)?.number ?? 0n;
    const nonce = of(Kind.NONCE)?.number ?? 0n;
    const hash = of(Kind.CODE)?.word;
    const hasCode = hash?.some((byte) => byte !== 0) ?? false;
    // Where there are no empty accounts, nobody says which exist.
    const exists = this.emptyAccounts !== false && (of(Kind.EXISTENCE)?.number ?? 0n) !== 0n;
    const [first] = values;
    if (first === undefined || !(exists || hasCode || balance !== 0n || nonce !== 0n || storage.size > 0))
      return undefined;
    const code = hasCode ? this.residence.code(hash!) : new Uint8Array(0);
    return { address: first.address, balance, nonce, code, codeHash: hasCode ? hash! : EMPTY_CODE_HASH, storage };
  }

  async #setField(ask: Ask, address: Uint8Array, change: Partial<AccountNow>): Promise<void> {
    const { balance, nonce, codeHash } = { ...(await this.account(ask, address)), ...change };
    const { residence } = this;
    if (change.balance !== undefined) await residence.write(Kind.BALANCE, address, undefined, balance);
    if (change.nonce !== undefined) await residence.write(Kind.NONCE, address, undefined, nonce);
    if (change.codeHash !== undefined) await residence.write(Kind.CODE, address, undefined, codeHash);
    const exists = balance !== 0n || nonce !== 0n || codeHash.some((byte) => byte !== 0);
    if (exists === (residence.number(Kind.EXISTENCE, address) !== 0n)) return;
    await residence.write(Kind.EXISTENCE, address, undefined, exists ? 1n : 0n);
  }

  #knowsAccount(address: Uint8Array): boolean {
    const { residence } = this;
    const fields = [Kind.BALANCE, Kind.NONCE, Kind.EXISTENCE] as const;
    return (
      fields.every((kind) => residence.number(kind, address) !== undefined) && residence.codeHash(address) !== undefined
    );
  }

  /** The code of an account whose hash is resident, where the world has it. */
  #knownCode(address: Uint8Array): (StateValue & { kind: 'code' }) | undefined {
    const hash = this.residence.codeHash(address);
    if (hash === undefined) return undefined;
    const code = isZero(hash) ? new Uint8Array(0) : this.residence.code(hash);
    return code === undefined ? undefined : { kind: 'code', code: hexFromBytes(code) };
  }

  async #learn(ask: Ask, key: StateKey): Promise<void> {
    const { image } = await ask((waiting) => loadKeys(this.#source, [key], NOBODY, waiting));
    await this.residence.learn(image);
  }
}

function nameOfKey(key: StateKey): string {
  return key.kind === 'storage' ? `${key.address}${key.slot}` : `${key.kind}${key.address}`;
}
