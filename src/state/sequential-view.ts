// A state view for one transaction after the other in one thread: maps over a state in memory, no versions, no undo.

import { StateSourceError } from '../base/errors.ts';
import { bytesFromKey, type Hex, hexFromBytes, keyFromBytes, sameBytes } from '../base/hex.ts';
import { type AccountDiff, inOrder, type StateDiff } from '../block/state-diff.ts';
import type { StateView } from '../task/executor.ts';
import type { MemoryState } from './memory.ts';
import { EMPTY_CODE_HASH, isEmptyAccount, type MemoryAccount } from './memory-account.ts';

const NO_CODE = new Uint8Array(0);
const ZERO_WORD = new Uint8Array(32);

/** The current values of one account, over those it had in the base state. */
interface Account {
  readonly address: Uint8Array;
  readonly base: MemoryAccount | undefined;
  balance: bigint;
  nonce: bigint;
  code: Uint8Array | undefined;
  codeHash: Uint8Array;
  exists: boolean;
  /** The base storage no longer counts. */
  reset: boolean;
  /** Written slots. */
  readonly storage: Map<string, Uint8Array>;
}

/**
 * Executes tasks in order against `state`, which stays as it is. Writes count at once, so an executor must write only
 * when its task has succeeded. Also the plain sequential baseline: no reads are recorded.
 */
export class SequentialView implements StateView {
  index = 0;
  readonly incarnation = 0;
  readonly #state: MemoryState;
  readonly #accounts = new Map<string, Account>();
  readonly #values = new Map<string, Uint8Array>();
  readonly #numbers = new Map<string, bigint>();

  constructor(state: MemoryState) {
    this.#state = state;
  }

  balance(address: Uint8Array): bigint {
    return this.#account(address).balance;
  }

  balanceAtLeast(address: Uint8Array, minimum: bigint): boolean {
    return this.#account(address).balance >= minimum;
  }

  nonce(address: Uint8Array): bigint {
    return this.#account(address).nonce;
  }

  codeHash(address: Uint8Array): Uint8Array {
    return this.#account(address).codeHash.slice();
  }

  code(address: Uint8Array): Uint8Array {
    const { code } = this.#account(address);
    if (code === undefined)
      throw new StateSourceError(`the code of ${hexFromBytes(address)} is not known, only its hash`);
    return code.slice();
  }

  storage(address: Uint8Array, slot: Uint8Array): Uint8Array {
    const account = this.#account(address);
    const key = keyFromBytes(slot);
    const written = account.storage.get(key);
    const value = written ?? (account.reset ? undefined : account.base?.storage.get(key)?.value);
    return value === undefined ? new Uint8Array(32) : value.slice();
  }

  exists(address: Uint8Array): boolean {
    return this.#account(address).exists;
  }

  setBalance(address: Uint8Array, balance: bigint): void {
    this.#account(address).balance = balance;
  }

  credit(address: Uint8Array, amount: bigint): void {
    this.#account(address).balance += amount;
  }

  setNonce(address: Uint8Array, nonce: bigint): void {
    this.#account(address).nonce = nonce;
  }

  setCode(address: Uint8Array, code: Uint8Array, hash: Uint8Array): void {
    const account = this.#account(address);
    account.code = code.slice();
    account.codeHash = hash.slice();
  }

  setStorage(address: Uint8Array, slot: Uint8Array, value: Uint8Array): void {
    this.#account(address).storage.set(keyFromBytes(slot), value.slice());
  }

  setExists(address: Uint8Array, exists: boolean): void {
    this.#account(address).exists = exists;
  }

  resetStorage(address: Uint8Array): void {
    const account = this.#account(address);
    account.reset = true;
    account.storage.clear();
  }

  read(key: string | Uint8Array): Uint8Array | undefined {
    return this.#values.get(freeKey(key));
  }

  write(key: string | Uint8Array, value: Uint8Array | undefined): void {
    if (value === undefined) this.#values.delete(freeKey(key));
    else this.#values.set(freeKey(key), value);
  }

  readNumber(key: string | Uint8Array): bigint {
    return this.#numbers.get(freeKey(key)) ?? 0n;
  }

  writeNumber(key: string | Uint8Array, value: bigint): void {
    this.#numbers.set(freeKey(key), value);
  }

  add(key: string | Uint8Array, amount: bigint): void {
    this.writeNumber(key, BigInt.asUintN(256, this.readNumber(key) + amount));
  }

  atLeast(key: string | Uint8Array, minimum: bigint): boolean {
    return this.readNumber(key) >= minimum;
  }

  /** What changed since the base state. `emptyIsAbsent`: from Spurious Dragon on, an empty account is none. */
  diff(emptyIsAbsent: boolean): StateDiff {
    const diff: StateDiff = new Map();
    for (const [, account] of inOrder(this.#accounts)) {
      const change = changeOf(account, emptyIsAbsent);
      if (change !== undefined) diff.set(hexFromBytes(account.address), change);
    }
    return diff;
  }

  #account(address: Uint8Array): Account {
    const key = keyFromBytes(address);
    const known = this.#accounts.get(key);
    if (known !== undefined) return known;
    const base = this.#state.accounts.get(key);
    const account: Account = {
      address: address.slice(),
      base,
      balance: base?.balance ?? 0n,
      nonce: base?.nonce ?? 0n,
      code: base === undefined ? NO_CODE : base.code,
      codeHash: base?.codeHash ?? EMPTY_CODE_HASH,
      exists: base !== undefined,
      reset: false,
      storage: new Map(),
    };
    this.#accounts.set(key, account);
    return account;
  }
}

function changeOf(account: Account, emptyIsAbsent: boolean): AccountDiff | null | undefined {
  const { base } = account;
  const empty = account.balance === 0n && account.nonce === 0n && sameBytes(account.codeHash, EMPTY_CODE_HASH);
  const present = !empty || (!emptyIsAbsent && account.exists);
  const wasPresent = base !== undefined && (!emptyIsAbsent || !isEmptyAccount(base));
  if (!present) return wasPresent ? null : undefined;

  const change: AccountDiff = { storage: new Map() };
  if (account.balance !== (base?.balance ?? 0n) || !wasPresent) change.balance = account.balance;
  if (account.nonce !== (base?.nonce ?? 0n) || !wasPresent) change.nonce = account.nonce;
  if (!sameBytes(account.codeHash, base?.codeHash ?? EMPTY_CODE_HASH))
    change.code = hexFromBytes(account.code ?? NO_CODE);
  for (const [key, value] of account.storage) {
    const before = base?.storage.get(key)?.value ?? ZERO_WORD;
    if (!sameBytes(value, before)) change.storage.set(slotHex(key), hexFromBytes(value));
  }
  if (account.reset && base !== undefined) {
    for (const [key, { value }] of base.storage) {
      if (!account.storage.has(key) && !sameBytes(value, ZERO_WORD)) {
        change.storage.set(slotHex(key), hexFromBytes(ZERO_WORD));
        change.destroyed = true;
      }
    }
    // What is there again as it was.
    for (const [key, value] of change.destroyed ? account.storage : []) {
      if (!sameBytes(value, ZERO_WORD)) change.storage.set(slotHex(key), hexFromBytes(value));
    }
  }
  const unchanged =
    change.balance === undefined &&
    change.nonce === undefined &&
    change.code === undefined &&
    change.storage.size === 0;
  return unchanged && wasPresent ? undefined : { ...change, storage: new Map(inOrder(change.storage)) };
}

function slotHex(key: string): Hex {
  return hexFromBytes(bytesFromKey(key));
}

function freeKey(key: string | Uint8Array): string {
  return keyFromBytes(typeof key === 'string' ? new TextEncoder().encode(key) : key);
}
