// State in memory: a genesis alloc, complete (what it does not list is empty), readable at once and without waiting.

import { InputError, StateSourceError } from '../base/errors.ts';
import { bytesOfHex } from '../base/hashing.ts';
import {
  bytes32FromNumber,
  bytesFromHex,
  EMPTY_ROOT,
  type Hex,
  hexFromBytes,
  keyFromBytes,
  sameBytes,
} from '../base/hex.ts';
import { keccak256 } from '../base/keccak256.ts';
import {
  address,
  amount,
  below,
  byNames,
  bytes,
  describe,
  hash,
  isMap,
  meaningOf,
  plainObject,
  type Reader,
} from '../base/reader.ts';
import { readBlockHashes } from '../block/block-input.ts';
import { pooledCode } from './code-pool.ts';
import {
  EMPTY_CODE_HASH,
  hasOnlyStorage,
  isEmptyAccount,
  type MemoryAccount,
  type MemorySlot,
  NO_STORAGE,
  noteChecked,
  PACKED_SLOT,
  withCodeHash,
  withPackedStorage,
} from './memory-account.ts';
import type { DescribedStateSource, StateKey, StateValue } from './state-source.ts';

/** A hex quantity, a decimal string, a safe integer or a bigint. */
export type AllocNumber = string | number | bigint;

/**
 * One account of a genesis alloc. Numbers may be hex quantities, decimal strings, safe integers or bigints; `null` counts
 * as missing, and what is not listed here (`key` of a dump) as not there. Names that other tools give to these fields are
 * refused, and a `root` (`storageRoot`, `storageHash`) without the storage that it speaks of.
 */
export interface AllocAccount {
  balance?: AllocNumber | null;
  nonce?: AllocNumber | null;
  code?: string | null;
  /** In place of `code` where the code is not known; reading it is then an error. */
  codeHash?: string | null;
  /** Or a Map, as a state diff has it. */
  storage?: Readonly<Record<string, AllocNumber>> | ReadonlyMap<string, AllocNumber> | null;
}

/** Accounts by address (`0x` may be missing, as in the genesis files of geth). `null`: no such account. */
export type Alloc = Readonly<Record<string, AllocAccount | null>> | ReadonlyMap<string, AllocAccount | null>;

/** A state source that also answers synchronously, and can be walked through. */
export interface MemoryState extends DescribedStateSource {
  /** By `keyFromBytes(address)`. */
  readonly accounts: ReadonlyMap<string, MemoryAccount>;
  /** By block number. */
  readonly blockHashes: ReadonlyMap<bigint, Hex>;
  /** Accounts without nonce and code that have storage all the same: no contract can be created there (EIP-7610). */
  readonly storageOnly: readonly Hex[];
}

export { EMPTY_CODE_HASH, isEmptyAccount, type MemoryAccount, type MemorySlot };

const NO_CODE = new Uint8Array(0);
const ZERO: Hex = `0x${'00'.repeat(32)}`;

/** What other tools call the fields of an account: overrides of geth, proofs, Parity, Hardhat. */
const OTHER_NAMES = {
  storage: ['state', 'stateDiff', 'storageProof', 'slots'],
  code: ['bytecode', 'deployedBytecode', 'runtimeCode', 'constructor'],
  balance: ['wei'],
  nonce: ['transactionCount'],
} as const;

const FIELDS: readonly string[] = ['balance', 'nonce', 'code', 'codeHash', 'storage'];
const meantBy = meaningOf(
  FIELDS.map((name) => [name]),
  OTHER_NAMES,
);

const readBalance = amount(256);
const readNonce = amount(64);
const readWord = amount(256);
const readCode = bytes();
/** Letters of hex: `readCode` allows 64 MiB, but says so of more. */
const LONGEST_CODE = 1 << 20;

/**
 * Makes a state source of a genesis alloc. The alloc is complete: accounts and slots it does not list are empty.
 * @throws InputError naming the field, as in `state["0x…"].storage["0x2"]`
 * @example
 * ```js
 * import { memoryState } from 'pevm-wasm';
 *
 * const state = memoryState({
 *   '0x00000000000000000000000000000000000000aa': { balance: 10n ** 18n, nonce: 1 },
 *   '0x00000000000000000000000000000000000000c0': { code: '0x5f545f5260205ff3', storage: { '0x0': '0x2a' } },
 * });
 * console.log(state.accounts.size); // 2
 * ```
 */
export function memoryState(
  alloc: Alloc,
  options: { blockHashes?: Readonly<Record<string, string>> | ReadonlyMap<bigint, string>; field?: string } = {},
): MemoryState {
  const field = options?.field ?? 'state';
  const accounts = new Map<string, MemoryAccount>();
  const storages: (Uint8Array | undefined)[] = [];
  for (const [name, value] of accountEntries(alloc, field)) {
    const account = readNamedAccount(name, value, field, storages);
    if (account === undefined) continue;
    const key = keyFromBytes(account.address);
    const listed = accounts.size;
    accounts.set(key, account);
    if (accounts.size === listed)
      throw new InputError(`${field}[${describe(name)}]`, 'the same account is listed twice');
  }
  noteChecked(accounts, storages);
  return stateOfAccounts(accounts, readBlockHashes(options?.blockHashes ?? {}, 'blockHashes'));
}

/** A state in memory over accounts that are known to be well-formed, by `keyFromBytes(address)`; neither map may change. */
export function stateOfAccounts(
  accounts: ReadonlyMap<string, MemoryAccount>,
  blockHashes: ReadonlyMap<bigint, Hex>,
): MemoryState {
  const all = [...accounts.values()];
  const storageOnly = all.filter(hasOnlyStorage).map((account) => hexFromBytes(account.address));
  return {
    accounts,
    blockHashes,
    storageOnly,
    description: { accounts, blockHashes, storageOnly, emptyAccounts: all.some(isEmptyAccount) },
    async load(keys, { signal } = {}) {
      signal?.throwIfAborted();
      return keys.map((key) =>
        key.kind === 'blockHash'
          ? { kind: 'blockHash', hash: knownHash(blockHashes, key.number) }
          : answer(accounts, key),
      );
    },
    async blockHash(number) {
      return knownHash(blockHashes, number);
    },
  };
}

function knownHash(blockHashes: ReadonlyMap<bigint, Hex>, number: bigint): Hex {
  const found = blockHashes.get(number);
  if (found === undefined) throw new StateSourceError(`the hash of block ${number} is not known`);
  return found;
}

/** The accounts of an alloc, or of what holds one: a genesis file (`alloc`), or a dump of geth or anvil (`accounts`). */
function accountEntries(alloc: unknown, field: string): Iterable<[unknown, unknown]> {
  if (isMap(alloc)) return alloc.entries();
  const source = plainObject(alloc, field);
  if (source.pre !== undefined && source.post !== undefined) {
    const problem = 'a diff of the prestate tracer, which leaves out what was only read; trace without diffMode';
    throw new InputError(field, problem);
  }
  if (isThere(source.next) && source.next !== '') {
    throw new InputError(`${field}.next`, 'the dump goes on there: a state has all of its accounts');
  }
  const holder = ['alloc', 'accounts'].find((name) => source[name] !== undefined && source[name] !== null);
  return holder === undefined ? Object.entries(source) : accountEntries(source[holder], `${field}.${holder}`);
}

/** Adds the account's packed storage to `storages`, or that there is none. */
function readNamedAccount(
  name: unknown,
  value: unknown,
  field: string,
  storages: (Uint8Array | undefined)[],
): MemoryAccount | undefined {
  try {
    const where = bytesOfAddress(name) ?? readName(name);
    return value === null ? undefined : readAccount(where, value, storages);
  } catch (error) {
    throw below(`${field}[${describe(name)}]`, error);
  }
}

function readName(name: unknown): Uint8Array {
  // As geth's dumps name accounts of which the node knows the hash alone.
  if (typeof name === 'string' && name.startsWith('pre(')) {
    throw new InputError('', 'the hash of an address: dump from a node that keeps preimages');
  }
  return bytesFromHex(address(withPrefix(name), ''));
}

/** @throws InputError naming the field within the account */
function readAccount(where: Uint8Array, value: unknown, storages: (Uint8Array | undefined)[]): MemoryAccount {
  const account = plainObject(value, '');
  const given = <T>(key: string, read: Reader<T>): T | undefined => {
    const item = account[key];
    return item === undefined || item === null ? undefined : read(item, `.${key}`);
  };
  if (!hasOnlyFields(account)) refuseOtherNames(account);
  const codeHash = given('codeHash', (item, at) => bytesFromHex(hash(withPrefix(item), at)));
  const code = given('code', readCodeBytes);
  if (code !== undefined && codeHash !== undefined && !sameBytes(keccak256(code), codeHash)) {
    throw new InputError('.codeHash', 'is not the hash of the code');
  }
  const hasCode = code !== undefined && code.length > 0;
  const hasNoCode = codeHash === undefined || sameBytes(codeHash, EMPTY_CODE_HASH);
  const readRoot: Reader<Hex> = (item, at) => hash(withPrefix(item), at);
  const rootName = ROOT_NAMES.find((key) => isThere(account[key])) ?? 'root';
  const root = given(rootName, readRoot);
  const isDumped = root !== undefined && rootName === 'root';
  const packed = isDumped ? undefined : given('storage', packStorage);
  const storage = packed === undefined ? given('storage', (item, at) => readStorage(item, at, isDumped)) : NO_STORAGE;
  if (root !== undefined && root !== EMPTY_ROOT && storage === undefined) {
    throw new InputError(
      '.storage',
      `missing, and ${rootName} says that there is some: dump the state with its storage`,
    );
  }
  const fields = {
    address: where,
    balance: given('balance', readBalance) ?? 0n,
    nonce: given('nonce', readNonce) ?? 0n,
    code: code ?? (hasNoCode ? NO_CODE : undefined),
    storage: storage ?? NO_STORAGE,
  };
  const isHashed = codeHash !== undefined || !hasCode;
  const made = isHashed ? { ...fields, codeHash: codeHash ?? EMPTY_CODE_HASH } : withCodeHash(fields, code);
  storages.push(packed);
  return packed === undefined || packed.length === 0 ? made : withPackedStorage(made, packed);
}

/** Names of the root of an account's storage. */
const ROOT_NAMES = ['root', 'storageHash', 'storageRoot'];

/** Whether an account has no names but those that are read. */
const hasOnlyFields = byNames((names) => names.every((name) => FIELDS.includes(name)));

/** Long enough that WebAssembly is quicker, which JavaScript has to call. */
const LONG_HEX = 128;

/** Code as bytes. What is well-formed and long is looked at once, what is not is left to who says why. */
const readCodeBytes: Reader<Uint8Array> = (value, field) => {
  const isLong = typeof value === 'string' && value.length >= LONG_HEX && value.length <= LONGEST_CODE;
  const bytes = isLong ? bytesOfHex(value, pooledCode) : undefined;
  return bytes ?? bytesFromHex(readCode(withPrefix(value), field));
};

function refuseOtherNames(account: Readonly<Record<string, unknown>>): void {
  for (const other of Object.keys(account)) {
    const inner = FIELDS.includes(other) ? undefined : account[other];
    if (holdsFields(inner)) {
      throw new InputError(`.${other}`, `an account of a state has ${FIELDS.join(', ')} itself`);
    }
    const [name] = meantBy(other) ?? [];
    if (name === undefined || !isThere(account[other]) || isThere(account[name])) continue;
    throw new InputError(`.${other}`, `an account of a state has no such field: ${name} is what is read`);
  }
}

/** Whether these are the fields of an account, one floor further down: `info` of revm and reth. */
function holdsFields(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.keys(value).some((name) => name === 'balance' || name === 'nonce');
}

function isThere(value: unknown): boolean {
  return value !== undefined && value !== null && !(typeof value === 'object' && Object.keys(value).length === 0);
}

/** Hex as geth's dumps and genesis files write it too: without 0x. */
function withPrefix(value: unknown): unknown {
  return typeof value === 'string' && /^(?:[0-9a-fA-F]{2})+$/.test(value) && !/^0[xX]/.test(value)
    ? `0x${value}`
    : value;
}

/** @param dumped whether geth dumped the account: it writes values as hex without 0x, `10` for 16 */
function readStorage(value: unknown, field: string, dumped: boolean): ReadonlyMap<string, MemorySlot> {
  const storage = new Map<string, MemorySlot>();
  const entries: Iterable<[unknown, unknown]> = isMap(value)
    ? value.entries()
    : Object.entries(plainObject(value, field));
  const word = (item: unknown, name: unknown): Uint8Array => {
    const found = wordOfQuantity(item);
    if (found !== undefined) return found;
    // 64 digits are never a decimal number.
    const isHex = typeof item === 'string' && (dumped ? /^[0-9a-fA-F]{1,64}$/ : /^[0-9a-fA-F]{64}$/).test(item);
    return bytes32FromNumber(readWord(isHex ? `0x${item}` : item, `${field}[${describe(name)}]`));
  };
  for (const [name, item] of entries) {
    const slot = word(name, name);
    const key = keyFromBytes(slot);
    const listed = storage.size;
    storage.set(key, { slot, value: word(item, name) });
    if (storage.size === listed) throw new InputError(`${field}[${describe(name)}]`, 'the same slot is listed twice');
  }
  return storage;
}

/**
 * Storage as {@link withPackedStorage} takes it, where all of it is written as hex quantities, and the slots in one way, so that none
 * is listed twice: without leading zeros, or with all 64 digits. `undefined`: it is not.
 */
function packStorage(value: unknown): Uint8Array | undefined {
  if (typeof value !== 'object' || isMap(value)) return undefined;
  const source = plainObject(value, '.storage');
  const names = Object.keys(source);
  const packed = new Uint8Array(PACKED_SLOT * names.length);
  let isMinimal = true;
  let isFull = true;
  for (let i = 0, at = 0; i < names.length; i++, at += PACKED_SLOT) {
    const name = names[i]!;
    const item = source[name];
    if (!putQuantity(packed, at, name, LOWER_DIGITS) || !putQuantity(packed, at + 32, item, DIGITS)) return undefined;
    isMinimal &&= name.length === 3 || name.charCodeAt(2) !== 0x30;
    isFull &&= name.length === 66;
  }
  return isMinimal || isFull ? packed : undefined;
}

/** The word of a hex quantity, as nearly all are; `undefined` for what is none, or is written at greater length. */
function wordOfQuantity(item: unknown): Uint8Array | undefined {
  const word = new Uint8Array(32);
  return putQuantity(word, 0, item, DIGITS) ? word : undefined;
}

/** Puts it into 32 bytes of zeros; false where it is none. */
function putQuantity(into: Uint8Array, start: number, item: unknown, digits: Int8Array): boolean {
  if (typeof item !== 'string' || item.length < 3 || item.length > 66) return false;
  if (item.charCodeAt(0) !== 0x30 || item.charCodeAt(1) !== 0x78) return false;
  let at = item.length - 1;
  let to = start + 31;
  let wrong = 0;
  for (; at > 2; to--, at -= 2) {
    const value = digitIn(digits, item.charCodeAt(at)) | (digitIn(digits, item.charCodeAt(at - 1)) << 4);
    wrong |= value;
    into[to] = value;
  }
  if (at === 2) {
    const value = digitIn(digits, item.charCodeAt(2));
    wrong |= value;
    into[to] = value;
  }
  return wrong >= 0;
}

/** The bytes of an address of 40 digits behind 0x; `undefined` for what is none, or is written in another way. */
function bytesOfAddress(name: unknown): Uint8Array | undefined {
  if (typeof name !== 'string' || name.length !== 42 || !name.startsWith('0x')) return undefined;
  const bytes = new Uint8Array(20);
  for (let i = 0, at = 2; i < 20; i++, at += 2) {
    const value = (digitOf(name.charCodeAt(at)) << 4) | digitOf(name.charCodeAt(at + 1));
    if (value < 0) return undefined;
    bytes[i] = value;
  }
  return bytes;
}

/** The values of digits by their letters; -1: it is none. */
const DIGITS = Int8Array.from({ length: 128 }, (_, letter) => {
  const value = Number.parseInt(String.fromCharCode(letter), 16);
  return Number.isNaN(value) ? -1 : value;
});

/** Those of lower case alone. */
const LOWER_DIGITS = DIGITS.map((value, letter) => (letter < 0x61 && letter > 0x39 ? -1 : value));

/** -1: no digit. */
function digitOf(letter: number): number {
  return digitIn(DIGITS, letter);
}

function digitIn(digits: Int8Array, letter: number): number {
  return letter < 128 ? digits[letter]! : -1;
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
