// The changes of state that committed transactions made, as maps; and the whole state that the core holds.

import {
  ABSENT_LENGTH,
  BaseValue,
  CONTROL_BASE,
  Control,
  HAS_STORAGE,
  Kind,
  Location,
  ReadResult,
  Scratch,
} from '../../../assembly/layout.ts';
import { keyFromBytes, sameBytes } from '../../base/hex.ts';
import type { CoreInstance } from '../instance/abi.ts';
import { readNumber, readReversed } from '../instance/words.ts';
import { addressAt, keyAt, kindAt, locationAt, locationCount, type Places, slotAt } from './location.ts';
import { type AccountFields, type StateImage, StateImageBuilder } from './state-image.ts';

export type { AccountFields } from './state-image.ts';

export interface AccountChange {
  readonly address: Uint8Array;
  readonly before: AccountFields;
  after: AccountFields;
  /** The code behind `after.codeHash`, where it changed. */
  code: Uint8Array | undefined;
  /** The storage was emptied as a whole. */
  emptied: boolean;
  /** By slot: those that are another now; where the storage was emptied, all that are there. */
  readonly storage: Map<string, { readonly before: Uint8Array; after: Uint8Array }>;
}

/** By address and by free-form key, as `keyFromBytes` makes them; structured-cloneable. */
export interface StateChanges {
  readonly accounts: Map<string, AccountChange>;
  readonly data: Map<string, { readonly before: Uint8Array | undefined; after: Uint8Array | undefined }>;
  readonly numbers: Map<string, { readonly before: bigint; after: bigint }>;
}

/** Accounts that were credited without anyone having loaded them: their fields, found out later. */
export type UnseenAccounts = ReadonlyMap<string, AccountFields>;

/**
 * Locations, from one index to before another, that were loaded from an image which is there already. Those below were loaded
 * from one that went over it.
 */
export interface KnownLocations {
  readonly from: number;
  readonly to: number;
}

const NONE_KNOWN: KnownLocations = { from: 0, to: 0 };

/**
 * Everything the core knows of the state after the transactions below `upTo`, as an image to begin another block with; with
 * `known`, as one that goes over the image that is there already: without what of that is as it was.
 */
export function snapshotState(
  instance: CoreInstance,
  upTo: number,
  complete: boolean,
  unseen: UnseenAccounts,
  known: KnownLocations = NONE_KNOWN,
): StateImage {
  const { core, bytes } = instance;
  const value = core.scratch() + Scratch.VALUE;
  const builder = new StateImageBuilder();
  const count = locationCount(instance);
  for (let index = 1; index < count; index++) {
    const record = locationAt(instance, index);
    if (index >= known.from && index < known.to && !isWritten(instance, record)) continue;
    // What the image below says otherwise has to be said, also where it is nothing.
    const leavesNothingOut = index < known.to;
    const kind = kindAt(instance, record);
    if (kind === Kind.BYTECODE) {
      const code = newestAt(instance, record);
      if (code !== 0) builder.code(slotAt(instance, record), codeAt(instance, code));
      continue;
    }
    const result = core.resolveAt(index, upTo);
    if (kind === Kind.RESET) {
      // The slots say themselves what was emptied; that an account has storage alone (EIP-7610), nothing else says.
      const hasStorage = readNumber(instance, value) === BigInt(HAS_STORAGE);
      if (hasStorage || leavesNothingOut) {
        builder.number(kind, addressAt(instance, record), hasStorage ? BigInt(HAS_STORAGE) : 0n);
      }
    } else if (kind === Kind.DATA) {
      const data = dataAt(instance, value);
      if (data !== undefined || leavesNothingOut) builder.data(keyAt(instance, record), data);
    } else if (kind === Kind.NUMBER) {
      const number = readNumber(instance, value);
      if (number !== 0n || leavesNothingOut) builder.freeNumber(keyAt(instance, record), number);
    } else if (kind === Kind.STORAGE) {
      if (result !== ReadResult.VALUE || (complete && !leavesNothingOut && isZero(instance, value))) continue;
      builder.storage(addressAt(instance, record), slotAt(instance, record), readReversed(bytes, value));
    } else {
      const address = addressAt(instance, record);
      if (result === ReadResult.MISSING) {
        const base = unseen.get(keyFromBytes(address));
        // Without base value and versions it is as unknown in the next block.
        if (base === undefined || newestAt(instance, record) === 0) continue;
        addUnseen(instance, value, kind, base, core.resolvedVersion() !== 0);
      }
      if (complete && !leavesNothingOut && isZero(instance, value)) continue;
      if (kind === Kind.CODE) builder.codeHash(address, bytes.slice(value, value + 32));
      else builder.number(kind, address, readNumber(instance, value));
    }
  }
  return builder.finish();
}

/** Adds later changes to earlier ones, in place: the first `before` and the last `after` of everything count. */
export function mergeChanges(into: StateChanges, later: StateChanges): void {
  for (const [key, change] of later.accounts) {
    let known = into.accounts.get(key);
    if (known === undefined) {
      into.accounts.set(key, change);
      continue;
    }
    if (saysFields(change) && !saysFields(known)) {
      known = withFieldsOf(known, change);
      into.accounts.set(key, known);
    }
    known.after = fieldsAfter(known.after, change);
    known.code = change.code ?? known.code;
    known.emptied ||= change.emptied;
    for (const [slot, values] of change.storage) {
      const earlier = known.storage.get(slot);
      if (earlier === undefined) known.storage.set(slot, values);
      else earlier.after = values.after;
    }
    dropUnchanged(known);
    if (!isChanged(known)) into.accounts.delete(key);
  }
  for (const [key, change] of later.data) {
    const known = into.data.get(key);
    if (known === undefined) into.data.set(key, change);
    else if (sameData(known.before, change.after)) into.data.delete(key);
    else known.after = change.after;
  }
  for (const [key, change] of later.numbers) {
    const known = into.numbers.get(key);
    if (known === undefined) into.numbers.set(key, change);
    else if (known.before === change.after) into.numbers.delete(key);
    else known.after = change.after;
  }
}

/** Puts what others say of some places into changes, in place; both begin with the same state. */
export function replaceAt(changes: StateChanges, { accounts }: StateChanges, places: Places): void {
  const met = new Map<string, AccountChange>();
  for (const [place, kind] of places.kinds.entries()) {
    const address = places.addresses.subarray(place * 20, (place + 1) * 20);
    const key = keyFromBytes(address);
    const other = accounts.get(key);
    let account = changes.accounts.get(key);
    if (account === undefined) {
      if (other === undefined) continue;
      account = withFieldsOf(noChange(address.slice()), other);
      changes.accounts.set(key, account);
    }
    const isTold = other !== undefined && saysFields(other);
    if (isTold && !met.has(key) && !saysFields(account)) {
      account = withFieldsOf(account, other);
      changes.accounts.set(key, account);
    }
    met.set(key, account);
    if (kind === Kind.STORAGE) {
      const slot = keyFromBytes(places.slots.subarray(place * 32, (place + 1) * 32));
      const value = other?.storage.get(slot);
      if (value === undefined) account.storage.delete(slot);
      else account.storage.set(slot, value);
      continue;
    }
    const now = isTold ? other.after : account.before;
    if (kind === Kind.BALANCE) account.after.balance = now.balance;
    else if (kind === Kind.NONCE) account.after.nonce = now.nonce;
    else if (kind === Kind.EXISTENCE) account.after.exists = now.exists;
    else if (kind === Kind.CODE) {
      account.after.codeHash = now.codeHash;
      account.code = other?.code;
    }
  }
  for (const [key, account] of met) {
    dropUnchanged(account);
    if (!isChanged(account)) changes.accounts.delete(key);
  }
}

/** What takes changes back, but for storage that was emptied as a whole. `codeOf`: code by its hash. */
export function inverted(
  { accounts, data, numbers }: StateChanges,
  codeOf: (hash: Uint8Array) => Uint8Array | undefined,
): StateChanges {
  const swapped = <V>({ before, after }: { readonly before: V; readonly after: V }) => ({
    before: after,
    after: before,
  });
  const all = <V>(values: ReadonlyMap<string, { readonly before: V; readonly after: V }>) =>
    new Map(Array.from(values, ([key, value]) => [key, swapped(value)]));
  const account = (change: AccountChange): AccountChange => ({
    ...{ address: change.address, ...swapped(change), storage: all(change.storage), emptied: false },
    code: sameBytes(change.before.codeHash, change.after.codeHash) ? undefined : codeOf(change.before.codeHash),
  });
  return {
    accounts: new Map(Array.from(accounts, ([key, change]) => [key, account(change)])),
    data: all(data),
    numbers: all(numbers),
  };
}

/**
 * After a read that found no base value: scratch VALUE holds the sum of the credits above it (`written`), or nothing.
 * Puts what the value is with the base that was found out later there.
 */
function addUnseen(instance: CoreInstance, value: number, kind: number, unseen: AccountFields, written: boolean): void {
  const sum = written ? readNumber(instance, value) : 0n;
  const { limbs, bytes } = instance;
  const limb = value >>> 3;
  if (kind === Kind.CODE) {
    bytes.set(unseen.codeHash, value);
    return;
  }
  const number =
    kind === Kind.BALANCE ? sum + unseen.balance : kind === Kind.NONCE ? unseen.nonce : unseen.exists ? 1n : 0n;
  for (let i = 0; i < 4; i++) limbs[limb + i] = number >> BigInt(64 * i);
}

/** What the head of a location's list says of this block: its newest version, or the record of code; 0 for none. */
/** Whether a transaction wrote the location, or emptied the storage that it is of. */
function isWritten(instance: CoreInstance, record: number): boolean {
  if (newestAt(instance, record) !== 0) return true;
  if (kindAt(instance, record) !== Kind.STORAGE) return false;
  const reset = instance.words[(record + Location.KIND) >>> 2]! >>> 8;
  return newestAt(instance, locationAt(instance, reset)) !== 0;
}

function newestAt({ words }: CoreInstance, record: number): number {
  const head = (record + Location.VERSIONS) >>> 2;
  const block = words[(CONTROL_BASE + Control.BLOCK) >>> 2];
  return Atomics.load(words, head + 1) === block ? Atomics.load(words, head) : 0;
}

function isZero({ words }: CoreInstance, value: number): boolean {
  let seen = 0;
  for (let word = value >>> 2, end = word + 8; word < end; word++) seen |= words[word]!;
  return seen === 0;
}

function dataAt({ bytes, words }: CoreInstance, value: number): Uint8Array | undefined {
  const length = words[(value >>> 2) + 1]!;
  const start = words[value >>> 2]!;
  return length === ABSENT_LENGTH ? undefined : bytes.slice(start, start + length);
}

function codeAt({ bytes, words }: CoreInstance, record: number): Uint8Array {
  const start = record + BaseValue.CODE_BYTES;
  return bytes.slice(start, start + words[(record + BaseValue.CODE_LENGTH) >>> 2]!);
}

/** An account that nobody has changed yet. */
export function noChange(address: Uint8Array): AccountChange {
  return { address, before: noFields(), after: noFields(), code: undefined, emptied: false, storage: new Map() };
}

/** Leaves out slots that are what they were, unless the storage was emptied in between. */
export function dropUnchanged({ storage, emptied }: Pick<AccountChange, 'storage' | 'emptied'>): void {
  for (const [slot, { before, after }] of storage) {
    const isSaid = emptied && after.some((byte) => byte !== 0);
    if (!isSaid && sameBytes(before, after)) storage.delete(slot);
  }
}

export function isChanged({ before, after, storage, emptied }: AccountChange): boolean {
  return storage.size > 0 || emptied || !sameFields(before, after);
}

function noFields(): AccountFields {
  return { balance: 0n, nonce: 0n, codeHash: new Uint8Array(32), exists: false };
}

function sameFields(left: AccountFields, right: AccountFields): boolean {
  return (
    left.balance === right.balance &&
    left.nonce === right.nonce &&
    left.exists === right.exists &&
    sameBytes(left.codeHash, right.codeHash)
  );
}

/** Whether the fields may be relied on: where the storage alone is another, zeros stand for what nobody has loaded. */
function saysFields({ before, after }: AccountChange): boolean {
  return !sameFields(before, after);
}

/** The same change, of an account that had the fields which `other` had before. */
function withFieldsOf(account: AccountChange, other: AccountChange): AccountChange {
  return { ...account, before: { ...other.before }, after: { ...other.before } };
}

/** The fields that were `known` before a change, after it. */
function fieldsAfter(known: AccountFields, { before, after }: AccountChange): AccountFields {
  return {
    balance: before.balance === after.balance ? known.balance : after.balance,
    nonce: before.nonce === after.nonce ? known.nonce : after.nonce,
    codeHash: sameBytes(before.codeHash, after.codeHash) ? known.codeHash : after.codeHash,
    exists: before.exists === after.exists ? known.exists : after.exists,
  };
}

function sameData(left: Uint8Array | undefined, right: Uint8Array | undefined): boolean {
  return left === undefined || right === undefined ? left === right : sameBytes(left, right);
}
