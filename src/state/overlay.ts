// State with overrides: what eth_call and its kin lay over a state before they run.

import { InputError } from '../base/errors.ts';
import { bytes32FromNumber, bytesFromHex, type Hex, hexFromBytes, keyFromBytes } from '../base/hex.ts';
import { keccak256 } from '../base/keccak256.ts';
import { nearestName } from '../base/nearest.ts';
import { address, amount, bytes, describe, hash, isMap, plainObject, type Reader } from '../base/reader.ts';
import { layerState } from './layers.ts';
import {
  EMPTY_CODE_HASH,
  hasOnlyStorage,
  hasStorage,
  isEmptyAccount,
  type MemoryAccount,
  type MemorySlot,
  NO_STORAGE,
} from './memory-account.ts';
import type {
  AccountValue,
  DescribedStateSource,
  SourceKey,
  StateDescription,
  StateSource,
  StateValue,
} from './state-source.ts';

/** A number of 256 bits: a hex quantity, a decimal string, a safe integer or a bigint. */
export type Word = string | number | bigint;
/** Slots and what they hold. */
export type Slots = Readonly<Record<string, Word>> | ReadonlyMap<string, Word>;

/** What is different about an account. Numbers are hex quantities, decimal strings, safe integers or bigints. */
export interface StateOverride {
  /** In wei. */
  balance?: Word | null;
  nonce?: Word | null;
  /** Hex; `0x`: none. */
  code?: string | null;
  /** The whole storage, by slot (32 bytes of hex): slots that are not listed are zero. */
  state?: Slots | null;
  /** Slots over those that are there. */
  stateDiff?: Slots | null;
}

/** By address. */
export type StateOverrides = Readonly<Record<string, StateOverride>> | ReadonlyMap<string, StateOverride>;

/** An override, read. */
export interface Override {
  readonly address: Uint8Array;
  readonly balance: bigint | undefined;
  readonly nonce: bigint | undefined;
  readonly code: Uint8Array | undefined;
  readonly codeHash: Uint8Array | undefined;
  /** Whether slots that are not listed are zero. */
  readonly isWhole: boolean;
  readonly slots: ReadonlyMap<string, MemorySlot>;
}

/** By `keyFromBytes(address)`. */
type Overrides = ReadonlyMap<string, Override>;

const FIELDS = ['balance', 'nonce', 'code', 'state', 'stateDiff'];
const ZERO: Hex = `0x${'00'.repeat(32)}`;
const NO_CODE = new Uint8Array(0);

const readBalance = amount(256);
const readNonce = amount(64);
const readCode = bytes();
const readWord = amount(256);

/**
 * A source with accounts overridden; the source itself stays as it is. What is known of it stays known: a complete state is
 * complete with its overrides, too. An account that the overrides leave without balance, nonce, code and storage is no
 * longer there.
 * @throws InputError naming the field, as in `overrides["0x…"].balance`
 * @example
 * ```js
 * import { memoryState, overlayState } from 'pevm-wasm';
 *
 * const alice = '0x00000000000000000000000000000000000000aa';
 * const richer = overlayState(memoryState({ [alice]: { balance: 1n } }), { [alice]: { balance: 10n ** 18n } });
 * const [account] = await richer.load([{ kind: 'account', address: alice }]);
 * console.log(account.balance); // 1000000000000000000n
 * ```
 */
export function overlayState(
  source: StateSource,
  overrides: StateOverrides,
  options: { field?: string } = {},
): DescribedStateSource {
  const read = readOverrides(overrides, options.field ?? 'overrides');
  return layerState(
    source,
    (keys, below, { signal }) => loadOver(below, read, keys, signal === undefined ? {} : { signal }),
    (below) => describeOver(below, read),
  );
}

/** @throws InputError naming the field */
export function readOverrides(value: unknown, field: string): Overrides {
  const overrides = new Map<string, Override>();
  const entries: Iterable<[unknown, unknown]> = isMap(value)
    ? value.entries()
    : Object.entries(plainObject(value, field));
  for (const [name, item] of entries) {
    const at = `${field}[${describe(name)}]`;
    const override = readOverride(bytesFromHex(address(name, at)), item, at);
    const key = keyFromBytes(override.address);
    if (overrides.has(key)) throw new InputError(at, 'the same account is listed twice');
    overrides.set(key, override);
  }
  return overrides;
}

function readOverride(where: Uint8Array, value: unknown, field: string): Override {
  const given = plainObject(value, field);
  for (const name of Object.keys(given)) {
    if (FIELDS.includes(name)) continue;
    throw new InputError(`${field}.${name}`, `unknown; did you mean "${nearestName(name, FIELDS)}"?`);
  }
  const read = <T>(name: string, reader: Reader<T>): T | undefined => {
    const item = given[name];
    return item === undefined || item === null ? undefined : reader(item, `${field}.${name}`);
  };
  const code = read('code', (item, at) => bytesFromHex(readCode(item, at)));
  const [whole, some] = [read('state', readSlots), read('stateDiff', readSlots)];
  if (whole !== undefined && some !== undefined) {
    throw new InputError(`${field}.stateDiff`, 'there is state as well, which is the whole storage');
  }
  return {
    address: where,
    balance: read('balance', readBalance),
    nonce: read('nonce', readNonce),
    code,
    codeHash: code === undefined || code.length > 0 ? code && keccak256(code) : EMPTY_CODE_HASH,
    isWhole: whole !== undefined,
    slots: whole ?? some ?? NO_STORAGE,
  };
}

function readSlots(value: unknown, field: string): ReadonlyMap<string, MemorySlot> {
  const slots = new Map<string, MemorySlot>();
  const entries: Iterable<[unknown, unknown]> = isMap(value)
    ? value.entries()
    : Object.entries(plainObject(value, field));
  for (const [name, item] of entries) {
    const at = `${field}[${describe(name)}]`;
    const slot = bytesFromHex(hash(name, at));
    const key = keyFromBytes(slot);
    if (slots.has(key)) throw new InputError(at, 'the same slot is listed twice');
    slots.set(key, { slot, value: bytes32FromNumber(readWord(item, at)) });
  }
  return slots;
}

function describeOver(below: StateDescription, overrides: Overrides): StateDescription {
  const { accounts, emptyAccounts, ...rest } = below;
  if (accounts === undefined) {
    const storageOnly = storageOnlyOver(below.storageOnly ?? [], overrides);
    // An account with storage alone counts as empty (EIP-161), and whether the overrides make one, the source would know.
    const isKnown = emptyAccounts !== undefined && ![...overrides.values()].some(mayHaveOnlyStorage);
    return { ...rest, storageOnly, ...(isKnown ? { emptyAccounts } : {}) };
  }
  const merged = new Map(accounts);
  for (const [key, override] of overrides) {
    const before = accounts.get(key);
    const after = accountOver(before, override);
    if (isGone(before, after) && !hasStorage(after.storage)) merged.delete(key);
    else merged.set(key, after);
  }
  const all = [...merged.values()];
  return {
    ...rest,
    accounts: merged,
    emptyAccounts: all.some(isEmptyAccount),
    storageOnly: all.filter(hasOnlyStorage).map((account) => hexFromBytes(account.address)),
  };
}

function accountOver(before: MemoryAccount | undefined, override: Override): MemoryAccount {
  const storage = override.isWhole ? NO_STORAGE : (before?.storage ?? NO_STORAGE);
  return {
    address: override.address,
    balance: override.balance ?? before?.balance ?? 0n,
    nonce: override.nonce ?? before?.nonce ?? 0n,
    code: override.code ?? (before === undefined ? NO_CODE : before.code),
    codeHash: override.codeHash ?? before?.codeHash ?? EMPTY_CODE_HASH,
    storage: override.slots.size === 0 ? storage : new Map([...storage, ...override.slots]),
  };
}

type Fields = Pick<MemoryAccount, 'balance' | 'nonce' | 'codeHash'>;

/** Whether the overrides have emptied an account; one that was empty before stays as it was. */
function isGone(before: Fields | undefined, after: Fields): boolean {
  return isEmptyAccount(after) && (before === undefined || !isEmptyAccount(before));
}

function mayHaveOnlyStorage({ balance = 0n, nonce = 0n, code = NO_CODE, slots }: Override): boolean {
  return balance === 0n && nonce === 0n && code.length === 0 && hasStorage(slots);
}

/** Of a state whose accounts nobody has listed: what is sure. */
function storageOnlyOver(below: readonly Hex[], overrides: Overrides): Hex[] {
  const left = below.filter((name) => {
    const override = overrides.get(keyFromBytes(bytesFromHex(name)));
    if (override === undefined) return true;
    const { nonce = 0n, code = NO_CODE, isWhole, slots } = override;
    return nonce === 0n && code.length === 0 && (!isWhole || hasStorage(slots));
  });
  const known = new Set<Hex>(left);
  for (const { address: where, nonce, code, slots } of overrides.values()) {
    if (nonce === 0n && code?.length === 0 && hasStorage(slots)) known.add(hexFromBytes(where));
  }
  return [...known];
}

/** Answers what the overrides say, and asks for the rest. */
async function loadOver(
  below: DescribedStateSource,
  overrides: Overrides,
  keys: readonly SourceKey[],
  options: { signal?: AbortSignal },
): Promise<StateValue[]> {
  const answers = keys.map((key) => {
    const override = key.kind === 'blockHash' ? undefined : overrides.get(keyFromBytes(bytesFromHex(key.address)));
    return override === undefined ? undefined : answer(key, override);
  });
  const asked = keys.filter((_, at) => answers[at] === undefined);
  const values = asked.length === 0 ? [] : await below.load(asked, options);
  // Whoever waits for the answer says what is wrong with it.
  if (!Array.isArray(values) || values.length !== asked.length) return values;
  let next = 0;
  return keys.map((key, at) => {
    const known = answers[at];
    if (known !== undefined) return known;
    const value = values[next++]!;
    if (key.kind !== 'account' || value?.kind !== 'account') return value;
    const override = overrides.get(keyFromBytes(bytesFromHex(key.address)));
    return override === undefined ? value : valueOver(value, override);
  });
}

/** What an override says without the source's help. */
function answer(key: SourceKey, override: Override): StateValue | undefined {
  const { balance, nonce, code, codeHash, isWhole, slots } = override;
  switch (key.kind) {
    case 'code':
      return code === undefined ? undefined : { kind: 'code', code: hexFromBytes(code) };
    case 'storage': {
      const slot = slots.get(keyFromBytes(bytesFromHex(key.slot)));
      if (slot !== undefined) return { kind: 'storage', value: hexFromBytes(slot.value) };
      return isWhole ? { kind: 'storage', value: ZERO } : undefined;
    }
    case 'account':
      if (balance === undefined || nonce === undefined || codeHash === undefined) return undefined;
      // Whether an account that is empty now was there as such, only the source knows.
      if (isEmptyAccount({ balance, nonce, codeHash })) return undefined;
      return { kind: 'account', balance, nonce, codeHash: hexFromBytes(codeHash), exists: true };
    case 'blockHash':
      return undefined;
  }
}

function valueOver(value: AccountValue, override: Override): AccountValue {
  const before = { ...value, codeHash: bytesFromHex(value.codeHash) };
  const after = {
    balance: override.balance ?? before.balance,
    nonce: override.nonce ?? before.nonce,
    codeHash: override.codeHash ?? before.codeHash,
  };
  const exists = !isEmptyAccount(after) || hasStorage(override.slots) || (value.exists && isEmptyAccount(before));
  return { kind: 'account', ...after, codeHash: hexFromBytes(after.codeHash), exists };
}
