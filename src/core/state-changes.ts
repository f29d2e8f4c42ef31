// What the committed transactions of a block changed, read out of the core; and the whole state that it holds.

import { keyFromBytes } from '../block/hex.ts';
import { BaseValue, CONTROL_BASE, Control, type CoreInstance, Kind, Location, ReadResult, Scratch } from './abi.ts';
import { addressAt, keyAt, kindAt, locationAt, locationCount, slotAt } from './location.ts';
import { type StateImage, StateImageBuilder } from './state-image.ts';
import { readNumber, readReversed } from './words.ts';

/** The fields of an account; structured-cloneable. */
export interface AccountFields {
  balance: bigint;
  nonce: bigint;
  /** All zero: no code. */
  codeHash: Uint8Array;
  exists: boolean;
}

export interface AccountChange {
  readonly address: Uint8Array;
  readonly before: AccountFields;
  after: AccountFields;
  /** The code behind `after.codeHash`, where it changed. */
  code: Uint8Array | undefined;
  /** The storage was emptied as a whole. */
  emptied: boolean;
  /** By slot. */
  readonly storage: Map<string, { readonly before: Uint8Array; after: Uint8Array }>;
}

/** By address and by free-form key, as `keyFromBytes` makes them; structured-cloneable. */
export interface StateChanges {
  readonly accounts: Map<string, AccountChange>;
  readonly data: Map<string, { readonly before: Uint8Array | undefined; after: Uint8Array | undefined }>;
  readonly numbers: Map<string, { readonly before: bigint; after: bigint }>;
}

/** Accounts that were credited without anyone having loaded them: their fields, found out later. */
export type LateAccounts = ReadonlyMap<string, AccountFields>;

export interface CollectedChanges {
  readonly changes: StateChanges;
  /** Accounts whose fields nobody has loaded: load them, and collect again with them. */
  readonly unknown: Uint8Array[];
}

const ABSENT = 0xffffffff;
/** Locations between two looks at the clock: well below a millisecond. */
const REST_EVERY = 256;
const ACCOUNT_KINDS = [Kind.BALANCE, Kind.NONCE, Kind.CODE, Kind.EXISTENCE] as const;

/**
 * What transactions below `upTo` changed; all of them are committed. Host, while no worker is inside the core. `rest` is
 * awaited now and then, so that the thread can do other things meanwhile.
 */
export async function collectChanges(
  instance: CoreInstance,
  upTo: number,
  late: LateAccounts,
  rest: () => Promise<void> | undefined,
): Promise<CollectedChanges> {
  const { core, words } = instance;
  const complete = words[(CONTROL_BASE + Control.STATE_COMPLETE) >>> 2] !== 0;
  const value = core.scratch() + Scratch.VALUE;
  const changes: StateChanges = { accounts: new Map(), data: new Map(), numbers: new Map() };
  const touched = new Map<string, AccountChange>();
  const accountOf = (address: Uint8Array): AccountChange => {
    const key = keyFromBytes(address);
    let account = touched.get(key);
    if (account === undefined) {
      account = noChange(address);
      touched.set(key, account);
    }
    return account;
  };

  const count = locationCount(instance);
  for (let index = 1; index < count; index++) {
    if ((index & (REST_EVERY - 1)) === 0) await rest();
    const record = locationAt(instance, index);
    const kind = kindAt(instance, record);
    const written = versionsOf(words, record) !== 0;
    if (kind === Kind.BYTECODE) continue;
    if (kind === Kind.STORAGE) {
      const emptied = versionsOf(words, locationAt(instance, words[(record + Location.KIND) >>> 2]! >>> 8)) !== 0;
      if (!written && !emptied) continue;
      if (core.resolveAt(index, upTo) !== ReadResult.VALUE) continue;
      const direct = core.resolvedVersion() !== 0;
      const values = slotValues(instance, record, value);
      if (values === undefined) continue;
      const account = accountOf(addressAt(instance, record));
      account.storage.set(keyFromBytes(slotAt(instance, record)), values);
      if (!direct) account.emptied = true;
      continue;
    }
    if (!written) continue;
    if (kind === Kind.DATA) {
      if (core.resolveAt(index, upTo) !== ReadResult.VALUE) continue;
      const after = dataAt(instance, value);
      const before = core.baseAt(index) ? dataAt(instance, value) : undefined;
      if (!sameData(before, after)) changes.data.set(keyFromBytes(keyAt(instance, record)), { before, after });
    } else if (kind === Kind.NUMBER) {
      if (core.resolveAt(index, upTo) !== ReadResult.VALUE) continue;
      const after = readNumber(instance, value);
      const before = core.baseAt(index) ? readNumber(instance, value) : 0n;
      if (before !== after) changes.numbers.set(keyFromBytes(keyAt(instance, record)), { before, after });
    } else if (kind !== Kind.RESET) {
      accountOf(addressAt(instance, record));
    } else if (!complete) {
      // What nobody loaded is gone too; of a complete state the slots themselves say so.
      if (core.resolveAt(index, upTo) !== ReadResult.VALUE || core.resolvedVersion() === 0) continue;
      accountOf(addressAt(instance, record)).emptied = true;
    }
  }

  const unknown: Uint8Array[] = [];
  let seen = 0;
  for (const [key, account] of touched) {
    if ((++seen & (REST_EVERY - 1)) === 0) await rest();
    if (!fillFields(instance, account, upTo, late.get(key))) unknown.push(account.address);
    if (isChanged(account)) changes.accounts.set(key, account);
  }
  return { changes, unknown };
}

/**
 * What transactions below `upTo` changed, made of what all did: `locations` are those that the others wrote. Much less work
 * than collecting again. `undefined` where they did what this cannot take back. Host, as above.
 */
export function rewindChanges(
  instance: CoreInstance,
  changes: StateChanges,
  locations: Iterable<number>,
  upTo: number,
  late: LateAccounts,
): StateChanges | undefined {
  const { core } = instance;
  const value = core.scratch() + Scratch.VALUE;
  const rewound = new Map<string, AccountChange>();
  for (const index of locations) {
    const record = locationAt(instance, index);
    const kind = kindAt(instance, record);
    if (kind === Kind.RESET || kind === Kind.DATA || kind === Kind.NUMBER) return undefined;
    const address = addressAt(instance, record);
    const key = keyFromBytes(address);
    let account = rewound.get(key);
    if (account === undefined) {
      const { storage, emptied } = changes.accounts.get(key) ?? noChange(address);
      account = { ...noChange(address), emptied, storage: new Map(storage) };
      rewound.set(key, account);
    }
    if (kind !== Kind.STORAGE) continue;
    const slot = keyFromBytes(slotAt(instance, record));
    const values = core.resolveAt(index, upTo) === ReadResult.VALUE ? slotValues(instance, record, value) : undefined;
    if (values === undefined) account.storage.delete(slot);
    else account.storage.set(slot, values);
  }
  const accounts = new Map(changes.accounts);
  for (const [key, account] of rewound) {
    fillFields(instance, account, upTo, late.get(key));
    if (isChanged(account)) accounts.set(key, account);
    else accounts.delete(key);
  }
  return { ...changes, accounts };
}

/** Everything the core knows of the state after the transactions below `upTo`, as an image to begin another block with. */
export function snapshotState(instance: CoreInstance, upTo: number, complete: boolean, late: LateAccounts): StateImage {
  const { core, words, bytes } = instance;
  const value = core.scratch() + Scratch.VALUE;
  const builder = new StateImageBuilder();
  const count = locationCount(instance);
  for (let index = 1; index < count; index++) {
    const record = locationAt(instance, index);
    const kind = kindAt(instance, record);
    if (kind === Kind.BYTECODE) {
      const code = Atomics.load(words, (record + Location.BASE) >>> 2);
      if (code !== 0) builder.code(slotAt(instance, record), codeAt(instance, code));
      continue;
    }
    if (kind === Kind.RESET) continue;
    const result = core.resolveAt(index, upTo);
    if (kind === Kind.DATA) {
      const data = dataAt(instance, value);
      if (data !== undefined) builder.data(keyAt(instance, record), data);
    } else if (kind === Kind.NUMBER) {
      const number = readNumber(instance, value);
      if (number !== 0n) builder.freeNumber(keyAt(instance, record), number);
    } else if (kind === Kind.STORAGE) {
      if (result !== ReadResult.VALUE || (complete && isZero(instance, value))) continue;
      builder.storage(addressAt(instance, record), slotAt(instance, record), readReversed(bytes, value));
    } else {
      const address = addressAt(instance, record);
      if (result === ReadResult.MISSING) {
        const base = late.get(keyFromBytes(address));
        // Without base value and versions it is as unknown in the next block.
        if (base === undefined || versionsOf(words, record) === 0) continue;
        addLate(instance, value, kind, base, core.resolvedVersion() !== 0);
      }
      if (complete && isZero(instance, value)) continue;
      if (kind === Kind.CODE) builder.codeHash(address, bytes.slice(value, value + 32));
      else builder.number(kind, address, readNumber(instance, value));
    }
  }
  return builder.finish();
}

/** Adds later changes to earlier ones, in place: the first `before` and the last `after` of everything count. */
export function mergeChanges(into: StateChanges, later: StateChanges): void {
  for (const [key, change] of later.accounts) {
    const known = into.accounts.get(key);
    if (known === undefined) {
      into.accounts.set(key, change);
      continue;
    }
    known.after = change.after;
    known.code = change.code ?? known.code;
    known.emptied ||= change.emptied;
    for (const [slot, values] of change.storage) {
      const earlier = known.storage.get(slot);
      if (earlier === undefined) known.storage.set(slot, values);
      else if (same(earlier.before, values.after)) known.storage.delete(slot);
      else earlier.after = values.after;
    }
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

/** Fills the fields before and after; false when a base value is unknown. */
function fillFields(
  instance: CoreInstance,
  account: AccountChange,
  upTo: number,
  late: AccountFields | undefined,
): boolean {
  const { core, bytes } = instance;
  const scratch = core.scratch();
  const value = scratch + Scratch.VALUE;
  let known = true;
  for (const kind of ACCOUNT_KINDS) {
    bytes.set(account.address, scratch + Scratch.ADDRESS);
    const index = core.locateScratch(kind);
    // No memory for a new location: then nobody loaded one, and there is nothing to know of it.
    if (index === 0) {
      if (late !== undefined) {
        takeLate(account.before, kind, late);
        takeLate(account.after, kind, late);
      }
      continue;
    }
    const result = core.resolveAt(index, upTo);
    const written = core.resolvedVersion() !== 0;
    if (result === ReadResult.MISSING) {
      if (late === undefined) {
        known = false;
        continue;
      }
      addLate(instance, value, kind, late, written);
    }
    take(instance, value, account.after, kind);
    const changedCode = kind === Kind.CODE && written;
    if (core.baseAt(index)) take(instance, value, account.before, kind);
    else if (late !== undefined) takeLate(account.before, kind, late);
    if (changedCode && !same(account.before.codeHash, account.after.codeHash)) {
      bytes.set(account.after.codeHash, scratch + Scratch.SLOT);
      const record = core.findCodeScratch();
      account.code = record === 0 ? new Uint8Array(0) : codeAt(instance, record);
    }
  }
  return known;
}

function take(instance: CoreInstance, value: number, fields: AccountFields, kind: number): void {
  if (kind === Kind.BALANCE) fields.balance = readNumber(instance, value);
  else if (kind === Kind.NONCE) fields.nonce = readNumber(instance, value);
  else if (kind === Kind.CODE) fields.codeHash = instance.bytes.slice(value, value + 32);
  else fields.exists = !isZero(instance, value);
}

function takeLate(fields: AccountFields, kind: number, late: AccountFields): void {
  if (kind === Kind.BALANCE) fields.balance = late.balance;
  else if (kind === Kind.NONCE) fields.nonce = late.nonce;
  else if (kind === Kind.CODE) fields.codeHash = late.codeHash;
  else fields.exists = late.exists;
}

/**
 * After a read that found no base value: scratch VALUE holds the sum of the credits above it (`written`), or nothing.
 * Puts what the value is with the base that was found out later there.
 */
function addLate(instance: CoreInstance, value: number, kind: number, late: AccountFields, written: boolean): void {
  const sum = written ? readNumber(instance, value) : 0n;
  const { limbs, bytes } = instance;
  const limb = value >>> 3;
  if (kind === Kind.CODE) {
    bytes.set(late.codeHash, value);
    return;
  }
  const number = kind === Kind.BALANCE ? sum + late.balance : kind === Kind.NONCE ? late.nonce : late.exists ? 1n : 0n;
  for (let i = 0; i < 4; i++) limbs[limb + i] = number >> BigInt(64 * i);
}

function versionsOf(words: Uint32Array, record: number): number {
  return Atomics.load(words, (record + Location.VERSIONS) >>> 2);
}

function isZero({ words }: CoreInstance, value: number): boolean {
  let seen = 0;
  for (let word = value >>> 2, end = word + 8; word < end; word++) seen |= words[word]!;
  return seen === 0;
}

function dataAt({ bytes, words }: CoreInstance, value: number): Uint8Array | undefined {
  const length = words[(value >>> 2) + 1]!;
  const start = words[value >>> 2]!;
  return length === ABSENT ? undefined : bytes.slice(start, start + length);
}

function codeAt({ bytes, words }: CoreInstance, record: number): Uint8Array {
  const start = record + BaseValue.CODE_BYTES;
  return bytes.slice(start, start + words[(record + BaseValue.CODE_LENGTH) >>> 2]!);
}

/** A slot's values before the block and as resolved at `value`; `undefined` where they are the same. */
function slotValues(
  { words, bytes }: CoreInstance,
  record: number,
  value: number,
): { before: Uint8Array; after: Uint8Array } | undefined {
  const base = Atomics.load(words, (record + Location.BASE) >>> 2);
  const from = (base + BaseValue.VALUE) >>> 2;
  const to = value >>> 2;
  let differs = 0;
  for (let word = 0; word < 8; word++) differs |= words[to + word]! ^ (base === 0 ? 0 : words[from + word]!);
  if (differs === 0) return undefined;
  const before = base === 0 ? new Uint8Array(32) : readReversed(bytes, base + BaseValue.VALUE);
  return { before, after: readReversed(bytes, value) };
}

function noChange(address: Uint8Array): AccountChange {
  return { address, before: noFields(), after: noFields(), code: undefined, emptied: false, storage: new Map() };
}

function isChanged({ before, after, storage, emptied }: AccountChange): boolean {
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
    same(left.codeHash, right.codeHash)
  );
}

function sameData(left: Uint8Array | undefined, right: Uint8Array | undefined): boolean {
  return left === undefined || right === undefined ? left === right : same(left, right);
}

function same(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false;
  for (let i = 0; i < left.length; i++) if (left[i] !== right[i]) return false;
  return true;
}
