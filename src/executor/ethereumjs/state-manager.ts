// The state of one transaction attempt, as an ethereumjs state manager: caches over the view, an undo log, one flush.

import type { AccountFields, StateManagerInterface } from '@ethereumjs/common';
import { Account, type Address, equalsBytes, KECCAK256_NULL, KECCAK256_RLP } from '@ethereumjs/util';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesFromKey, keyFromBytes } from '../../base/hex.ts';
import type { StateView } from '../../task/executor.ts';
import type { AccountRecord, Slot } from './account-record.ts';
import type { CodeCache } from './code-cache.ts';
import { CreditedAccount, ViewAccount } from './view-account.ts';

const NO_BYTES = new Uint8Array(0);
/** In place of every root: of the state, and of storage that is there. */
const SOME_ROOT = new Uint8Array(32);

/** Where the attempt is; it decides how accounts are handed out. */
type Phase =
  /**
   * Outside message calls: absent accounts are `undefined`, which authorizations (EIP-7702) depend on. In block-level
   * steps the others are snapshots, because the library puts some back after a system call.
   */
  | 'exact'
  /** Inside a message call: accounts are lazy. */
  | 'calling'
  /** Behind a transaction's message call: lazy, the beneficiary is credited, emptiness no longer matters. */
  | 'settling';

/**
 * Everything the library reads and writes goes through here; the view is asked once per value and written once, in
 * {@link flush}. A revert undoes values, never reads: what was read stays read.
 *
 * One instance serves many attempts, one at a time, each between {@link begin} and {@link flush}; an attempt that ended
 * in an exception leaves nothing behind.
 */
export class ViewStateManager implements StateManagerInterface {
  readonly originalStorageCache = {
    get: async (address: Address, key: Uint8Array): Promise<Uint8Array> =>
      this.#original(this.#record(address.bytes), key),
    clear: (): void => {},
  };

  /** False while the library compares a balance with a value of 0: it is told 0, and nothing is read. */
  balanceMatters = true;
  /** Storage that the library writes outside of message calls does not count. */
  callsOnly = false;

  readonly #codes: CodeCache;
  /** From Spurious Dragon on, an empty account is the same as none, unless the state holds some of before. */
  readonly #emptyIsAbsent: boolean;
  readonly #storageOnly: ReadonlySet<string>;
  #view: StateView = NO_VIEW;
  #coinbase: Uint8Array = NO_BYTES;
  #phase: Phase = 'exact';
  #transaction = false;
  #halted: { reason: unknown } | undefined;
  #records = new Map<string, AccountRecord>();
  #lastAddress: Uint8Array = NO_BYTES;
  #lastRecord: AccountRecord | undefined;
  #undo: (() => void)[] = [];
  #checkpoints: number[] = [];

  /** @param options.storageOnly by `keyFromBytes`: accounts with storage, but neither nonce nor code */
  constructor(options: { emptyIsAbsent: boolean; codes: CodeCache; storageOnly: ReadonlySet<string> }) {
    this.#emptyIsAbsent = options.emptyIsAbsent;
    this.#codes = options.codes;
    this.#storageOnly = options.storageOnly;
  }

  // --- one attempt ---

  /** Starts an attempt. With a `coinbase` it is a transaction whose fee goes there; without, a block-level step. */
  begin(view: StateView, coinbase?: Uint8Array): void {
    this.#view = view;
    this.#coinbase = coinbase ?? NO_BYTES;
    this.#transaction = coinbase !== undefined;
    this.#phase = 'exact';
    this.balanceMatters = true;
    this.callsOnly = false;
    this.#halted = undefined;
    this.#records = new Map();
    this.#lastAddress = NO_BYTES;
    this.#lastRecord = undefined;
    this.#undo = [];
    this.#checkpoints = [];
  }

  /** The outermost message call starts. */
  enterCall(): void {
    this.#phase = 'calling';
  }

  /** The outermost message call is over. */
  leaveCall(): void {
    this.#phase = this.#transaction ? 'settling' : 'exact';
  }

  /** Whether the outermost message call has started: from then on an exception is a fault, not a rejection. */
  get called(): boolean {
    return this.#phase !== 'exact';
  }

  /**
   * Ends the attempt from inside a place where the library catches everything: from now on the view is closed and
   * throws `reason` again, and {@link throwIfHalted} does too.
   */
  halt(reason: unknown): void {
    this.#halted ??= { reason };
    this.#view = closedView(reason);
  }

  throwIfHalted(): void {
    if (this.#halted !== undefined) throw this.#halted.reason;
  }

  /** Writes what the attempt changed to the view; values that are what they were before are not written. */
  flush(): void {
    for (const record of this.#records.values()) this.#flushAccount(record);
  }

  #flushAccount(record: AccountRecord): void {
    const view = this.#view;
    const { address } = record;
    if (record.balance !== undefined) {
      if (record.balance !== record.baseBalance) view.setBalance(address, record.balance);
    } else if (record.credit > 0n) {
      view.credit(address, record.credit);
    }
    if (record.nonce !== undefined && record.nonce !== record.baseNonce) view.setNonce(address, record.nonce);
    if (record.codeHash !== undefined && !sameHash(record.codeHash, record.baseCodeHash)) {
      view.setCode(address, record.code ?? NO_BYTES, record.codeHash);
    }
    if (record.exists !== undefined && !this.#emptyIsAbsent) this.#flushExistence(record, record.exists);
    if (record.reset) view.resetStorage(address);
    for (const [key, { current, original }] of record.slots) {
      if (current !== undefined && !(original !== undefined && equalsBytes(current, original))) {
        view.setStorage(address, bytesFromKey(key), word(current));
      }
    }
  }

  /** An account with a balance, a nonce or code exists anyway; the flag is for those that are empty. */
  #flushExistence(record: AccountRecord, exists: boolean): void {
    const shows = (record.balance ?? record.credit) > 0n || (record.nonce ?? 0n) > 0n || (record.code?.length ?? 0) > 0;
    if (record.baseExists === exists || (exists && shows)) return;
    this.#view.setExists(record.address, exists);
  }

  // --- what lazy accounts ask for ---

  balanceOf(record: AccountRecord): bigint {
    if (record.balance !== undefined) return record.balance;
    if (!this.balanceMatters) return 0n;
    record.baseBalance ??= this.#view.balance(record.address);
    return record.baseBalance + record.credit;
  }

  nonceOf(record: AccountRecord): bigint {
    if (record.nonce !== undefined) return record.nonce;
    record.baseNonce ??= this.#view.nonce(record.address);
    return record.baseNonce;
  }

  codeHashOf(record: AccountRecord): Uint8Array {
    if (record.codeHash !== undefined) return record.codeHash;
    record.baseCodeHash ??= this.#view.codeHash(record.address);
    return record.baseCodeHash;
  }

  /** No trie is kept: this only tells accounts that creations collide with from others. */
  storageRootOf(record: AccountRecord): Uint8Array {
    const collides = this.#storageOnly.size > 0 && this.#storageOnly.has(keyFromBytes(record.address));
    return collides ? SOME_ROOT : KECCAK256_RLP;
  }

  isEmpty(record: AccountRecord): boolean {
    // The library asks once more for every touched account, to delete empty ones: nothing to do, they are absent.
    if (this.#phase === 'settling' && this.#emptyIsAbsent) return false;
    if (this.nonceOf(record) !== 0n || !sameHash(this.codeHashOf(record), KECCAK256_NULL)) return false;
    return !this.#isPositive(record);
  }

  #isPositive(record: AccountRecord): boolean {
    if (record.balance !== undefined) return record.balance > 0n;
    if (record.credit > 0n) return true;
    if (record.baseBalance !== undefined) return record.baseBalance > 0n;
    record.basePositive ??= this.#view.balanceAtLeast(record.address, 1n);
    return record.basePositive;
  }

  /**
   * Adds to a balance without reading it, unless it was read already.
   * Returns false, and adds nothing, where the sum would not fit 256 bits.
   */
  credit(address: Address, amount: bigint): boolean {
    const record = this.#record(address.bytes);
    const { balance, credit } = record;
    const known = balance ?? (record.baseBalance === undefined ? undefined : record.baseBalance + credit);
    if (known !== undefined) {
      if (known + amount > MAXIMUM) return false;
      record.balance = known + amount;
    } else {
      if (this.#view.balanceAtLeast(record.address, MAXIMUM - credit - amount + 1n)) return false;
      record.credit = credit + amount;
    }
    this.#undo.push(() => {
      record.balance = balance;
      record.credit = credit;
    });
    return true;
  }

  // --- accounts ---

  async getAccount(address: Address): Promise<Account | undefined> {
    const record = this.#record(address.bytes);
    if (this.#phase === 'settling' && this.#isUnseenCoinbase(record)) return new CreditedAccount(this, record);
    const lazy = this.#phase !== 'exact' && this.#emptyIsAbsent;
    if (!lazy && !this.#exists(record)) return undefined;
    if (this.#phase === 'calling' || this.#transaction) return new ViewAccount(this, record);
    return new Account(this.nonceOf(record), this.balanceOf(record), KECCAK256_RLP, this.codeHashOf(record), null);
  }

  #isUnseenCoinbase(record: AccountRecord): boolean {
    return (
      record.balance === undefined && record.baseBalance === undefined && equalsBytes(record.address, this.#coinbase)
    );
  }

  #exists(record: AccountRecord): boolean {
    if (!this.#emptyIsAbsent) {
      if (record.exists !== undefined) return record.exists;
      record.baseExists ??= this.#view.exists(record.address);
      if (record.baseExists) return true;
    }
    return (
      this.nonceOf(record) !== 0n || !sameHash(this.codeHashOf(record), KECCAK256_NULL) || this.#isPositive(record)
    );
  }

  async putAccount(address: Address, account?: Account): Promise<void> {
    if (account === undefined) return this.deleteAccount(address);
    const record = this.#record(address.bytes);
    if (!this.#emptyIsAbsent) this.#setExists(record, true);
    if (account instanceof CreditedAccount) {
      if (account.newBalance !== undefined) this.#setCredit(record, record.credit + account.newBalance);
    } else if (account instanceof ViewAccount) {
      if (account.newBalance !== undefined) this.#setBalance(record, account.newBalance);
      if (account.newNonce !== undefined) this.#setNonce(record, account.newNonce);
    } else {
      this.#setBalance(record, account.balance);
      this.#setNonce(record, account.nonce);
    }
  }

  async deleteAccount(address: Address): Promise<void> {
    const record = this.#record(address.bytes);
    this.#setBalance(record, 0n);
    this.#setNonce(record, 0n);
    this.#setCode(record, NO_BYTES, KECCAK256_NULL);
    this.#resetStorage(record);
    if (!this.#emptyIsAbsent) this.#setExists(record, false);
  }

  async modifyAccountFields(address: Address, fields: AccountFields): Promise<void> {
    const record = this.#record(address.bytes);
    if (!this.#emptyIsAbsent) this.#setExists(record, true);
    if (fields.balance !== undefined) this.#setBalance(record, fields.balance);
    if (fields.nonce !== undefined) this.#setNonce(record, fields.nonce);
  }

  #setBalance(record: AccountRecord, value: bigint): void {
    const { balance, credit } = record;
    record.balance = value;
    record.credit = 0n;
    this.#undo.push(() => {
      record.balance = balance;
      record.credit = credit;
    });
  }

  #setCredit(record: AccountRecord, value: bigint): void {
    const { credit } = record;
    record.credit = value;
    this.#undo.push(() => {
      record.credit = credit;
    });
  }

  #setNonce(record: AccountRecord, value: bigint): void {
    const { nonce } = record;
    if (nonce === value) return;
    record.nonce = value;
    this.#undo.push(() => {
      record.nonce = nonce;
    });
  }

  #setExists(record: AccountRecord, value: boolean): void {
    const { exists } = record;
    if (exists === value) return;
    record.exists = value;
    this.#undo.push(() => {
      record.exists = exists;
    });
  }

  // --- code ---

  async putCode(address: Address, value: Uint8Array): Promise<void> {
    const record = this.#record(address.bytes);
    if (!this.#emptyIsAbsent) this.#setExists(record, true);
    this.#setCode(record, value, value.length === 0 ? KECCAK256_NULL : keccak_256(value));
  }

  async getCode(address: Address): Promise<Uint8Array> {
    return this.#code(this.#record(address.bytes));
  }

  async getCodeSize(address: Address): Promise<number> {
    return this.#code(this.#record(address.bytes)).length;
  }

  #code(record: AccountRecord): Uint8Array {
    if (record.code !== undefined) return record.code;
    const hash = this.codeHashOf(record);
    if (sameHash(hash, KECCAK256_NULL)) return NO_BYTES;
    return this.#codes.get(hash) ?? this.#codes.add(hash, this.#view.code(record.address));
  }

  #setCode(record: AccountRecord, value: Uint8Array, hash: Uint8Array): void {
    const { code, codeHash } = record;
    record.code = value;
    record.codeHash = hash;
    this.#undo.push(() => {
      record.code = code;
      record.codeHash = codeHash;
    });
  }

  // --- storage ---

  async getStorage(address: Address, key: Uint8Array): Promise<Uint8Array> {
    const record = this.#record(address.bytes);
    return record.slots.get(keyFromBytes(key))?.current ?? this.#original(record, key);
  }

  async putStorage(address: Address, key: Uint8Array, value: Uint8Array): Promise<void> {
    if (this.callsOnly && this.#phase !== 'calling') return;
    const slot = this.#slot(this.#record(address.bytes), key);
    const { current } = slot;
    slot.current = shortest(value);
    this.#undo.push(() => {
      slot.current = current;
    });
  }

  async clearStorage(address: Address): Promise<void> {
    this.#resetStorage(this.#record(address.bytes));
  }

  #original(record: AccountRecord, key: Uint8Array): Uint8Array {
    const slot = this.#slot(record, key);
    slot.original ??= record.reset ? NO_BYTES : shortest(this.#view.storage(record.address, key));
    return slot.original;
  }

  #slot(record: AccountRecord, key: Uint8Array): Slot {
    const name = keyFromBytes(key);
    const known = record.slots.get(name);
    if (known !== undefined) return known;
    const slot: Slot = { original: undefined, current: undefined };
    record.slots.set(name, slot);
    return slot;
  }

  #resetStorage(record: AccountRecord): void {
    const { reset, slots } = record;
    record.reset = true;
    record.slots = new Map();
    this.#undo.push(() => {
      record.reset = reset;
      record.slots = slots;
    });
  }

  // --- checkpoints ---

  async checkpoint(): Promise<void> {
    this.#checkpoints.push(this.#undo.length);
  }

  async commit(): Promise<void> {
    this.#checkpoints.pop();
  }

  async revert(): Promise<void> {
    const mark = this.#checkpoints.pop() ?? 0;
    while (this.#undo.length > mark) this.#undo.pop()?.();
  }

  // --- what a view has no notion of ---

  /** No trie is kept; receipts before Byzantium leave their state root out. */
  async getStateRoot(): Promise<Uint8Array> {
    return SOME_ROOT;
  }

  async setStateRoot(): Promise<void> {}

  async hasStateRoot(): Promise<boolean> {
    return false;
  }

  clearCaches(): void {}

  shallowCopy(): StateManagerInterface {
    return new ViewStateManager({
      emptyIsAbsent: this.#emptyIsAbsent,
      codes: this.#codes,
      storageOnly: this.#storageOnly,
    });
  }

  #record(address: Uint8Array): AccountRecord {
    if (address === this.#lastAddress && this.#lastRecord !== undefined) return this.#lastRecord;
    const key = keyFromBytes(address);
    let record = this.#records.get(key);
    if (record === undefined) {
      record = newRecord(address);
      this.#records.set(key, record);
    }
    this.#lastAddress = address;
    this.#lastRecord = record;
    return record;
  }
}

const MAXIMUM = (1n << 256n) - 1n;

function newRecord(address: Uint8Array): AccountRecord {
  return {
    address,
    baseBalance: undefined,
    baseNonce: undefined,
    baseCodeHash: undefined,
    baseExists: undefined,
    basePositive: undefined,
    balance: undefined,
    credit: 0n,
    nonce: undefined,
    codeHash: undefined,
    code: undefined,
    exists: undefined,
    reset: false,
    slots: new Map(),
  };
}

function sameHash(left: Uint8Array, right: Uint8Array | undefined): boolean {
  return left === right || (right !== undefined && equalsBytes(left, right));
}

/** Without leading zeros; empty for zero. */
function shortest(value: Uint8Array): Uint8Array {
  let zeros = 0;
  while (zeros < value.length && value[zeros] === 0) zeros++;
  return zeros === 0 ? value : value.subarray(zeros);
}

/** 32 bytes, big-endian. */
function word(value: Uint8Array): Uint8Array {
  if (value.length === 32) return value;
  const padded = new Uint8Array(32);
  padded.set(value, 32 - value.length);
  return padded;
}

/** A view that answers every use with the same exception. */
function closedView(reason: unknown): StateView {
  return new Proxy({} as StateView, {
    get(): never {
      throw reason;
    },
  });
}

const NO_VIEW = closedView(new Error('no attempt is under way'));
