// From state sources to images for the core: states that are listed as a whole, or the keys that were missed.

import { InputError, messageOf, StateSourceError } from '../base/errors.ts';
import { bytesFromHex, type Hex, hexFromBytes, isBytes, keyFromBytes, sameBytes } from '../base/hex.ts';
import { keccak256 } from '../base/keccak256.ts';
import { turnTaker } from '../base/platform.ts';
import {
  describe,
  isMap,
  type Reader,
  address as readAddress,
  bytes as readBytesOf,
  hash as readHash,
} from '../base/reader.ts';
import { placeholderOf } from '../core/host/code-placeholder.ts';
import type { AccountFields } from '../core/host/state-changes.ts';
import { EMPTY_IMAGE, type StateImage, StateImageBuilder } from '../core/host/state-image.ts';
import { HAS_STORAGE, Kind } from '../core/instance/abi.ts';
import { describedSource } from '../state/layers.ts';
import {
  awaitsCodeHash,
  EMPTY_CODE_HASH,
  hasOnlyStorage,
  isEmptyAccount,
  type MemoryAccount,
  packedStoragesOf,
  reckonCodeHashes,
} from '../state/memory-account.ts';
import { loadWithin, nameOfAsked, type Waiting } from '../state/patience.ts';
import type {
  AccountValue,
  DescribedStateSource,
  SourceKey,
  StateDescription,
  StateKey,
  StateSource,
  StateValue,
} from '../state/state-source.ts';
import type { LoadedState } from './run-hooks.ts';

const readBytes = readBytesOf();
const NO_CODE = new Uint8Array(32);
const WORD_LIMIT = 1n << 256n;
const NONCE_LIMIT = 1n << 64n;

/** A state that is listed as a whole. */
export type ListedState = Required<Pick<StateDescription, 'accounts'>> & Pick<StateDescription, 'storageOnly'>;

/** A whole state as the core loads it, and what was found out about it on the way. */
export interface WholeState {
  readonly image: StateImage;
  /** Whether there are accounts that are empty. */
  readonly emptyAccounts: boolean;
  /** Accounts that have storage, but neither nonce nor code (EIP-7610): those that were given, else those that were found. */
  readonly storageOnly: readonly Hex[];
}

interface KnownImage {
  readonly storageOnly: unknown;
  readonly hasPlaceholders: boolean;
  readonly whole: Promise<WholeState>;
}

/** States seen before: what describes them never changes. */
const images = new WeakMap<ListedState['accounts'], KnownImage>();

/**
 * The image of all accounts of a complete state; what is zero is left out. `takesPlaceholders`: code whose hash nobody has asked for may
 * stay so (code-placeholder.ts). @throws InputError naming what is none
 */
export function imageOf({ accounts, storageOnly }: ListedState, takesPlaceholders = false): Promise<WholeState> {
  let known = images.get(accounts);
  if (known === undefined || known.storageOnly !== storageOnly || (known.hasPlaceholders && !takesPlaceholders)) {
    const whole = encode(accounts, storageOnly, takesPlaceholders);
    known = { storageOnly, hasPlaceholders: takesPlaceholders, whole };
    images.set(accounts, known);
  }
  return known.whole;
}

/** Accounts between two looks at the clock. */
const ACCOUNTS_AT_ONCE = 16;

/** Code up to here is hashed at once: what delegates to other code (EIP-7702), which transactions write again. */
const SHORT_CODE = 32;

async function encode(
  accounts: ListedState['accounts'],
  given: readonly Hex[] | undefined,
  takesPlaceholders: boolean,
): Promise<WholeState> {
  const builder = new StateImageBuilder();
  const found: Hex[] = [];
  let emptyAccounts = false;
  const rest = turnTaker();
  if (!takesPlaceholders) await reckonHashes(accounts.values(), rest);
  const storages = packedStoragesOf(accounts);
  let index = 0;
  for (const account of accounts.values()) {
    if (storages === undefined) checkAccountFields(account, index);
    const { code } = account;
    const isNumbered = takesPlaceholders && code !== undefined && code.length > SHORT_CODE && awaitsCodeHash(account);
    const codeHash = isNumbered ? placeholderOf(code) : account.codeHash;
    if (storages === undefined) checkCodeHash(codeHash, index);
    const { address, balance, nonce } = account;
    builder.present(address, balance, nonce);
    if (codeHash !== EMPTY_CODE_HASH && !sameBytes(codeHash, EMPTY_CODE_HASH)) {
      builder.codeHash(address, codeHash);
      if (code !== undefined) builder.code(codeHash, code);
    }
    addStorage(builder, account, storages?.[index]);
    index++;
    emptyAccounts ||= isEmptyAccount(account);
    if (given === undefined && hasOnlyStorage(account)) found.push(hexFromBytes(address));
    // Awaiting what is no promise would cost a turn per account.
    const turn = index % ACCOUNTS_AT_ONCE === 0 ? rest() : undefined;
    if (turn !== undefined) await turn;
  }
  const storageOnly = given ?? found;
  addStorageOnly(builder, storageOnly);
  return { image: builder.finish(), emptyAccounts, storageOnly };
}

function addStorage(builder: StateImageBuilder, account: MemoryAccount, packed: Uint8Array | undefined): void {
  if (packed !== undefined) {
    builder.packedStorage(account.address, packed);
    return;
  }
  for (const { slot, value } of account.storage.values()) {
    if (value.some((byte) => byte !== 0)) builder.storage(account.address, slot, value);
  }
}

/** Code that is hashed between two turns. */
const HASHED_AT_ONCE = 1 << 20;

/** Hashes of all code, two at a time. */
async function reckonHashes(accounts: Iterable<MemoryAccount>, rest: ReturnType<typeof turnTaker>): Promise<void> {
  let codes: Uint8Array[] = [];
  let size = 0;
  const reckon = () => {
    reckonCodeHashes(codes);
    codes = [];
    size = 0;
    return rest();
  };
  for (const account of accounts) {
    // What is no account is named below.
    const code = account?.code;
    if (!(code instanceof Uint8Array) || code.length === 0) continue;
    codes.push(code);
    size += code.length;
    const turn = size < HASHED_AT_ONCE ? undefined : reckon();
    if (turn !== undefined) await turn;
  }
  reckon();
}

/** An image of nothing but the fact that these accounts have storage. */
export function storageOnlyImage(storageOnly: readonly Hex[]): StateImage {
  if (storageOnly.length === 0) return EMPTY_IMAGE;
  const builder = new StateImageBuilder();
  addStorageOnly(builder, storageOnly);
  return builder.finish();
}

function addStorageOnly(builder: StateImageBuilder, storageOnly: readonly Hex[]): void {
  storageOnly.forEach((address, i) => {
    const bytes = bytesFromHex(readAddress(address, `state.storageOnly[${i}]`));
    builder.number(Kind.RESET, bytes, BigInt(HAS_STORAGE));
  });
}

/**
 * A state that `memoryState` made needs no check, but a caller may have made one by hand.
 * @throws InputError naming the account by its place in `accounts`, and the field
 */
function checkAccountFields(account: MemoryAccount, index: number): void {
  const refuse = (name: string, problem: string) => refuseAccount(index, name, problem);
  if (typeof account !== 'object' || account === null) refuse('', `expected an account, got ${describe(account)}`);
  const { address, balance, nonce, code, storage } = account;
  if (!hasLength(address, 20)) refuse('.address', 'expected a Uint8Array of 20 bytes');
  if (!isNumber(balance, WORD_LIMIT)) refuse('.balance', 'expected a bigint from 0 to 2^256 - 1');
  if (!isNumber(nonce, NONCE_LIMIT)) refuse('.nonce', 'expected a bigint from 0 to 2^64 - 1');
  if (code !== undefined && !isBytes(code)) refuse('.code', `expected a Uint8Array`);
  if (!isMap(storage)) refuse('.storage', `expected a Map, got ${describe(storage)}`);
  for (const slot of storage.values()) {
    if (!hasLength(slot?.slot, 32) || !hasLength(slot.value, 32)) {
      refuse('.storage', 'expected slots and values of 32 bytes each');
    }
  }
}

/** Apart: what makes it may not have been asked. */
function checkCodeHash(codeHash: unknown, index: number): void {
  if (!hasLength(codeHash, 32)) refuseAccount(index, '.codeHash', 'expected a Uint8Array of 32 bytes');
}

function refuseAccount(index: number, name: string, problem: string): never {
  throw new InputError(`state.accounts[${index}]${name}`, problem);
}

function hasLength(value: unknown, length: number): boolean {
  return isBytes(value) && value.length === length;
}

function isNumber(value: unknown, limit: bigint): boolean {
  return typeof value === 'bigint' && value >= 0n && value < limit;
}

/**
 * Asks a source for keys and encodes the answers, zeros too. Slots of `emptied` accounts are zero whatever it says.
 * @throws StateSourceError where it does not answer, or answers something else
 */
export async function loadKeys(
  source: StateSource,
  keys: readonly SourceKey[],
  emptied: ReadonlySet<string>,
  waiting: Partial<Waiting> = {},
): Promise<LoadedState> {
  const isEmptied = (key: SourceKey): key is StateKey & { kind: 'storage' } =>
    key.kind === 'storage' && emptied.has(key.address);
  const asked = keys.filter((key) => !isEmptied(key));
  const values = await valuesOf(describedSource(source), asked, waiting);
  if (!Array.isArray(values) || values.length !== asked.length) {
    const answered = Array.isArray(values) ? values.length : 'none';
    throw new StateSourceError(`the state source answered ${answered} of ${asked.length} keys`);
  }
  const builder = new StateImageBuilder();
  const accounts = new Map<string, AccountFields>();
  for (const key of keys.filter(isEmptied)) {
    builder.storage(bytesFromHex(key.address), bytesFromHex(key.slot), new Uint8Array(32));
  }
  asked.forEach((key, at) => {
    try {
      addAnswer(builder, accounts, key, values[at]);
    } catch (error) {
      // What a getter throws.
      throw error instanceof StateSourceError ? error : wrongAnswer(key, 'cannot be read', messageOf(error));
    }
  });
  return { image: builder.finish(), accounts };
}

function addAnswer(
  builder: StateImageBuilder,
  accounts: Map<string, AccountFields>,
  key: SourceKey,
  value: StateValue | null | undefined,
): void {
  if (value?.kind !== key.kind) throw wrongAnswer(key, 'kind', `expected ${key.kind}, got ${describe(value?.kind)}`);
  if (key.kind === 'blockHash') {
    builder.blockHash(key.number, wordOf(key, 'hash', (value as StateValue & { kind: 'blockHash' }).hash));
    return;
  }
  const address = bytesFromHex(key.address);
  if (value.kind === 'account') {
    const fields = accountFields(key, value);
    accounts.set(keyFromBytes(address), fields);
    builder.account(address, fields);
  } else if (value.kind === 'code') {
    const code = bytesOf(key, value.code);
    const codeHash = keccak256(code);
    const found = hexFromBytes(codeHash);
    if (key.kind === 'code' && key.hash !== undefined && key.hash !== found) {
      throw wrongAnswer(key, 'code', `its hash is ${found}, but that of the account is ${key.hash}`);
    }
    builder.code(codeHash, code);
  } else if (value.kind === 'storage' && key.kind === 'storage') {
    builder.storage(address, bytesFromHex(key.slot), wordOf(key, 'value', value.value));
  }
}

async function valuesOf(
  source: DescribedStateSource,
  asked: SourceKey[],
  waiting: Partial<Waiting>,
): Promise<StateValue[]> {
  try {
    return asked.length === 0 ? [] : await loadWithin(source, asked, waiting);
  } catch (error) {
    if (waiting.signal?.aborted || error instanceof StateSourceError) throw error;
    throw new StateSourceError('the state source failed', { details: messageOf(error), cause: error });
  }
}

function accountFields(key: SourceKey, value: AccountValue): AccountFields {
  const { balance, nonce, codeHash, exists } = value;
  if (!isNumber(balance, WORD_LIMIT)) {
    throw wrongAnswer(key, 'balance', `expected a bigint from 0 to 2^256 - 1, got ${describe(balance)}`);
  }
  if (!isNumber(nonce, NONCE_LIMIT)) {
    throw wrongAnswer(key, 'nonce', `expected a bigint from 0 to 2^64 - 1, got ${describe(nonce)}`);
  }
  if (exists !== undefined && typeof exists !== 'boolean') {
    throw wrongAnswer(key, 'exists', `expected true or false, got ${describe(exists)}`);
  }
  const hash = wordOf(key, 'codeHash', codeHash);
  return { balance, nonce, codeHash: sameBytes(hash, EMPTY_CODE_HASH) ? NO_CODE : hash, exists: exists === true };
}

function wordOf(key: SourceKey, field: string, value: unknown): Uint8Array {
  return bytesFromHex(readField(key, field, value, readHash));
}

function bytesOf(key: SourceKey, value: unknown): Uint8Array {
  return bytesFromHex(readField(key, 'code', value, readBytes));
}

function readField(key: SourceKey, field: string, value: unknown, read: Reader<Hex>): Hex {
  try {
    return read(value, '');
  } catch (error) {
    throw wrongAnswer(key, field, error instanceof InputError ? error.shortMessage.slice(2) : messageOf(error));
  }
}

function wrongAnswer(key: SourceKey, field: string, problem: string): StateSourceError {
  return new StateSourceError(`the state source's answer to ${nameOfAsked(key)}: ${field}: ${problem}`);
}
