// State in memory: a genesis alloc, complete (what it does not list is empty), readable at once and without waiting.

import { keccak_256 } from '@noble/hashes/sha3.js';
import { readBlockHashes } from '../block/block-input.ts';
import { bytes32FromNumber, bytesFromHex, type Hex, hexFromBytes, keyFromBytes, sameBytes } from '../block/hex.ts';
import { address, amount, bytes, describe, hash, plainObject } from '../block/reader.ts';
import { InputError, StateSourceError } from '../errors.ts';
import type { StateKey, StateSource, StateValue } from './state-source.ts';

/** One account of a genesis alloc. Numbers may be hex quantities, decimal strings, safe integers or bigints. */
export interface AllocAccount {
  balance?: string | number | bigint;
  nonce?: string | number | bigint;
  code?: string;
  /** In place of `code` where the code is not known; reading it is then an error. */
  codeHash?: string;
  storage?: Readonly<Record<string, string | number | bigint>>;
}

/** Accounts by address, in the shape of a genesis file. */
export type Alloc = Readonly<Record<string, AllocAccount>> | ReadonlyMap<string, AllocAccount>;

/** One storage slot; both arrays have 32 bytes. */
export interface MemorySlot {
  readonly slot: Uint8Array;
  readonly value: Uint8Array;
}

/** An account in memory. The arrays are shared: treat them as read-only. */
export interface MemoryAccount {
  readonly address: Uint8Array;
  readonly balance: bigint;
  readonly nonce: bigint;
  /** `undefined`: only its hash is known. */
  readonly code: Uint8Array | undefined;
  readonly codeHash: Uint8Array;
  /** By `keyFromBytes(slot)`; listed zeros are kept, they cost the reader nothing. */
  readonly storage: ReadonlyMap<string, MemorySlot>;
}

/** A state source that also answers synchronously, and can be walked through. */
export interface MemoryState extends StateSource {
  /** By `keyFromBytes(address)`. */
  readonly accounts: ReadonlyMap<string, MemoryAccount>;
  /** By block number. */
  readonly blockHashes: ReadonlyMap<bigint, Hex>;
  /** Accounts without nonce and code that have storage all the same: no contract can be created there (EIP-7610). */
  readonly storageOnly: readonly Hex[];
}

/** keccak256 of the empty string: the code hash of accounts without code. */
export const EMPTY_CODE_HASH: Uint8Array = keccak_256(new Uint8Array(0));

const NO_CODE = new Uint8Array(0);
const NO_STORAGE: ReadonlyMap<string, MemorySlot> = new Map();
const ZERO: Hex = `0x${'00'.repeat(32)}`;

const readBalance = amount(256);
const readNonce = amount(64);
const readWord = amount(256);
const readCode = bytes();

/**
 * Makes a state source of a genesis alloc. The alloc is complete: accounts and slots it does not list are empty.
 * @throws InputError naming the field, as in `state["0x…"].storage["0x2"]`
 */
export function memoryState(
  alloc: Alloc,
  options: { blockHashes?: Readonly<Record<string, string>> | ReadonlyMap<bigint, string>; field?: string } = {},
): MemoryState {
  const field = options.field ?? 'state';
  const accounts = new Map<string, MemoryAccount>();
  const entries = alloc instanceof Map ? alloc.entries() : Object.entries(plainObject(alloc, field));
  for (const [name, value] of entries) {
    const account = readAccount(name, value, field);
    const key = keyFromBytes(account.address);
    if (accounts.has(key)) throw new InputError(`${field}[${describe(name)}]`, 'the same account is listed twice');
    accounts.set(key, account);
  }
  return stateOfAccounts(accounts, readBlockHashes(options.blockHashes ?? {}, 'blockHashes'));
}

/** A state in memory over accounts that are known to be well-formed, by `keyFromBytes(address)`; neither map may change. */
export function stateOfAccounts(
  accounts: ReadonlyMap<string, MemoryAccount>,
  blockHashes: ReadonlyMap<bigint, Hex>,
): MemoryState {
  return {
    accounts,
    blockHashes,
    storageOnly: [...accounts.values()].filter(hasOnlyStorage).map((account) => hexFromBytes(account.address)),
    async load(keys, { signal } = {}) {
      signal?.throwIfAborted();
      return keys.map((key) => answer(accounts, key));
    },
    async blockHash(number) {
      const found = blockHashes.get(number);
      if (found === undefined) throw new StateSourceError(`the hash of block ${number} is not known`);
      return found;
    },
  };
}

function readAccount(name: string, value: unknown, parent: string): MemoryAccount {
  const field = `${parent}[${describe(name)}]`;
  const where = bytesFromHex(address(name, field));
  const account = plainObject(value, field);
  const code = account.code === undefined ? undefined : bytesFromHex(readCode(account.code, `${field}.code`));
  const given = account.codeHash === undefined ? undefined : bytesFromHex(hash(account.codeHash, `${field}.codeHash`));
  if (code !== undefined && given !== undefined && hexFromBytes(keccak_256(code)) !== hexFromBytes(given)) {
    throw new InputError(`${field}.codeHash`, 'is not the hash of the code');
  }
  const hasCode = code !== undefined && code.length > 0;
  return {
    address: where,
    balance: account.balance === undefined ? 0n : readBalance(account.balance, `${field}.balance`),
    nonce: account.nonce === undefined ? 0n : readNonce(account.nonce, `${field}.nonce`),
    code: code ?? (given === undefined ? NO_CODE : undefined),
    codeHash: given ?? (hasCode ? keccak_256(code) : EMPTY_CODE_HASH),
    storage: account.storage === undefined ? NO_STORAGE : readStorage(account.storage, `${field}.storage`),
  };
}

/** Whether EIP-161 knows no such account; storage does not count. */
export function isEmptyAccount({
  balance,
  nonce,
  codeHash,
}: Pick<MemoryAccount, 'balance' | 'nonce' | 'codeHash'>): boolean {
  return balance === 0n && nonce === 0n && sameBytes(codeHash, EMPTY_CODE_HASH);
}

function hasOnlyStorage({ nonce, codeHash, storage }: MemoryAccount): boolean {
  if (nonce !== 0n || !sameBytes(codeHash, EMPTY_CODE_HASH)) return false;
  for (const { value } of storage.values()) if (value.some((byte) => byte !== 0)) return true;
  return false;
}

function readStorage(value: unknown, field: string): ReadonlyMap<string, MemorySlot> {
  const storage = new Map<string, MemorySlot>();
  for (const [name, item] of Object.entries(plainObject(value, field))) {
    const at = `${field}[${describe(name)}]`;
    const slot = bytes32FromNumber(readWord(name, at));
    const key = keyFromBytes(slot);
    if (storage.has(key)) throw new InputError(at, 'the same slot is listed twice');
    storage.set(key, { slot, value: bytes32FromNumber(readWord(item, at)) });
  }
  return storage;
}

function answer(accounts: ReadonlyMap<string, MemoryAccount>, key: StateKey): StateValue {
  const account = accounts.get(keyFromBytes(bytesFromHex(address(key.address, 'key.address'))));
  switch (key.kind) {
    case 'account':
      return {
        kind: 'account',
        balance: account?.balance ?? 0n,
        nonce: account?.nonce ?? 0n,
        codeHash: hexFromBytes(account?.codeHash ?? EMPTY_CODE_HASH),
        exists: account !== undefined,
      };
    case 'code': {
      if (account !== undefined && account.code === undefined) {
        throw new StateSourceError(`the code of ${key.address} is not known, only its hash`);
      }
      return { kind: 'code', code: hexFromBytes(account?.code ?? NO_CODE) };
    }
    case 'storage': {
      const slot = account?.storage.get(keyFromBytes(bytesFromHex(hash(key.slot, 'key.slot'))));
      return { kind: 'storage', value: slot === undefined ? ZERO : hexFromBytes(slot.value) };
    }
  }
}
