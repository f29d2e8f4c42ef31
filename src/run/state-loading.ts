// From state sources to images for the core: whole states that lie in memory, or the keys that were missed.

import { keccak_256 } from '@noble/hashes/sha3.js';
import { InputError, StateSourceError } from '../base/errors.ts';
import { bytesFromHex, hexFromBytes, keyFromBytes } from '../base/hex.ts';
import { turnTaker } from '../base/platform.ts';
import { describe, isMap, address as readAddress, hash as readHash } from '../base/reader.ts';
import type { MissingKey } from '../core/host/block-host.ts';
import type { AccountFields } from '../core/host/state-changes.ts';
import { type StateImage, StateImageBuilder } from '../core/host/state-image.ts';
import { HAS_STORAGE, Kind } from '../core/instance/abi.ts';
import { EMPTY_CODE_HASH, type MemoryAccount, type MemoryState } from '../state/memory.ts';
import type { StateKey, StateSource, StateValue } from '../state/state-source.ts';
import type { LoadedState } from './conductor.ts';

const EMPTY_CODE = hexFromBytes(EMPTY_CODE_HASH);
const NO_CODE = new Uint8Array(32);
const WORD_LIMIT = 1n << 256n;
const NONCE_LIMIT = 1n << 64n;

/** A whole state as the core loads it. */
export interface WholeState {
  readonly image: StateImage;
  /** Whether there are accounts that are empty. */
  readonly emptyAccounts: boolean;
}

/** States seen before: the maps of a MemoryState never change. */
const images = new WeakMap<MemoryState['accounts'], Promise<WholeState>>();

/** Whether the source is a state in memory: complete, and there to be walked through. */
export function isMemoryState(source: StateSource): source is MemoryState {
  return 'accounts' in source && source.accounts instanceof Map;
}

/** The image of a whole state in memory; what is zero is left out. */
export function imageOf(state: MemoryState): Promise<WholeState> {
  let image = images.get(state.accounts);
  if (image === undefined) {
    image = encode(state);
    images.set(state.accounts, image);
  }
  return image;
}

async function encode(state: MemoryState): Promise<WholeState> {
  const builder = new StateImageBuilder();
  let emptyAccounts = false;
  const rest = turnTaker();
  let index = 0;
  for (const account of state.accounts.values()) {
    checkAccount(account, index++);
    const { address, balance, nonce, code, codeHash, storage } = account;
    if (balance !== 0n) builder.number(Kind.BALANCE, address, balance);
    if (nonce !== 0n) builder.number(Kind.NONCE, address, nonce);
    builder.number(Kind.EXISTENCE, address, 1n);
    const hasCode = hexFromBytes(codeHash) !== EMPTY_CODE;
    emptyAccounts ||= !hasCode && balance === 0n && nonce === 0n;
    if (hasCode) {
      builder.codeHash(address, codeHash);
      if (code !== undefined) builder.code(codeHash, code);
    }
    for (const { slot, value } of storage.values()) {
      if (value.some((byte) => byte !== 0)) builder.storage(address, slot, value);
    }
    // Awaiting what is no promise would cost a turn per account.
    const turn = rest();
    if (turn !== undefined) await turn;
  }
  state.storageOnly.forEach((address, i) => {
    const bytes = bytesFromHex(readAddress(address, `state.storageOnly[${i}]`));
    builder.number(Kind.RESET, bytes, BigInt(HAS_STORAGE));
  });
  return { image: builder.finish(), emptyAccounts };
}

/**
 * A state that `memoryState` made needs no check, but a caller may have made one by hand.
 * @throws InputError naming the account by its place in `accounts`, and the field
 */
function checkAccount(account: MemoryAccount, index: number): void {
  const refuse = (name: string, problem: string): never => {
    throw new InputError(`state.accounts[${index}]${name}`, problem);
  };
  if (typeof account !== 'object' || account === null) refuse('', `expected an account, got ${describe(account)}`);
  const { address, balance, nonce, code, codeHash, storage } = account;
  if (!isBytes(address, 20)) refuse('.address', 'expected a Uint8Array of 20 bytes');
  if (!isNumber(balance, WORD_LIMIT)) refuse('.balance', 'expected a bigint from 0 to 2^256 - 1');
  if (!isNumber(nonce, NONCE_LIMIT)) refuse('.nonce', 'expected a bigint from 0 to 2^64 - 1');
  if (!isBytes(codeHash, 32)) refuse('.codeHash', 'expected a Uint8Array of 32 bytes');
  if (code !== undefined && !(code instanceof Uint8Array)) refuse('.code', `expected a Uint8Array`);
  if (!isMap(storage)) refuse('.storage', `expected a Map, got ${describe(storage)}`);
  for (const slot of storage.values()) {
    if (!isBytes(slot?.slot, 32) || !isBytes(slot.value, 32)) {
      refuse('.storage', 'expected slots and values of 32 bytes each');
    }
  }
}

function isBytes(value: unknown, length: number): boolean {
  return value instanceof Uint8Array && value.length === length;
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
  keys: readonly MissingKey[],
  emptied: ReadonlySet<string>,
  signal?: AbortSignal,
): Promise<LoadedState> {
  // Code is asked for by who has it, and found by its hash.
  const asked = keys.filter(
    (key): key is StateKey => key.kind !== 'blockHash' && !(key.kind === 'storage' && emptied.has(key.address)),
  );
  const numbers = keys.flatMap((key) => (key.kind === 'blockHash' ? [key.number] : []));
  // All at once: a source far away takes one trip for the batch, not one per hash after it.
  const [values, hashes] = await Promise.all([
    valuesOf(source, asked, signal),
    Promise.all(numbers.map((number) => hashOf(source, number))),
  ]);
  if (!Array.isArray(values) || values.length !== asked.length) {
    throw new StateSourceError(`the state source answered ${values?.length} of ${asked.length} keys`);
  }
  const builder = new StateImageBuilder();
  const accounts = new Map<string, AccountFields>();
  numbers.forEach((number, i) => {
    builder.blockHash(number, hashes[i]!);
  });
  for (const key of keys) {
    if (key.kind === 'storage' && emptied.has(key.address)) {
      builder.storage(bytesFromHex(key.address), bytesFromHex(key.slot), new Uint8Array(32));
    }
  }
  asked.forEach((key, i) => {
    const value = values[i];
    const address = bytesFromHex(key.address);
    if (value?.kind !== key.kind) throw wrongAnswer(key, `the kind ${describe(value?.kind)}`);
    if (value.kind === 'account') {
      const fields = accountFields(key, value);
      accounts.set(keyFromBytes(address), fields);
      builder.account(address, fields);
    } else if (value.kind === 'code') {
      const code = bytesOf(key, value.code);
      builder.code(keccak_256(code), code);
    } else if (key.kind === 'storage') {
      builder.storage(address, bytesFromHex(key.slot), wordOf(key, value.value));
    }
  });
  return { image: builder.finish(), accounts };
}

async function valuesOf(
  source: StateSource,
  asked: StateKey[],
  signal: AbortSignal | undefined,
): Promise<StateValue[]> {
  try {
    return asked.length === 0 ? [] : await source.load(asked, signal === undefined ? {} : { signal });
  } catch (error) {
    if (signal?.aborted || error instanceof StateSourceError) throw error;
    throw new StateSourceError('the state source failed', { details: messageOf(error), cause: error });
  }
}

async function hashOf(source: StateSource, number: bigint): Promise<Uint8Array> {
  try {
    return bytesFromHex(readHash(await source.blockHash(number), 'value'));
  } catch (error) {
    if (error instanceof StateSourceError) throw error;
    throw new StateSourceError(`the hash of block ${number}`, { details: messageOf(error), cause: error });
  }
}

function accountFields(key: StateKey, value: StateValue & { kind: 'account' }): AccountFields {
  const { balance, nonce, codeHash, exists } = value;
  if (!isNumber(balance, WORD_LIMIT)) throw wrongAnswer(key, `balance ${describe(balance)}`);
  if (!isNumber(nonce, NONCE_LIMIT)) throw wrongAnswer(key, `nonce ${describe(nonce)}`);
  const hash = wordOf(key, codeHash);
  return {
    balance,
    nonce,
    codeHash: hexFromBytes(hash) === EMPTY_CODE ? NO_CODE : hash,
    exists: Boolean(exists),
  };
}

function wordOf(key: StateKey, value: unknown): Uint8Array {
  try {
    return bytesFromHex(readHash(value, 'value'));
  } catch (error) {
    throw wrongAnswer(key, messageOf(error));
  }
}

function bytesOf(key: StateKey, value: unknown): Uint8Array {
  if (typeof value !== 'string' || !/^0x([0-9a-fA-F]{2})*$/.test(value)) throw wrongAnswer(key, 'no hex bytes');
  return bytesFromHex(value);
}

function wrongAnswer(key: StateKey, found: string): StateSourceError {
  const slot = key.kind === 'storage' ? `[${key.slot}]` : '';
  return new StateSourceError(
    `the state source's answer to ${key.kind} ${readAddress(key.address, 'key')}${slot}: ${found}`,
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
