// What the running attempt has read and written: one entry per location, private to its worker. It makes two reads of
// one key agree, lets the attempt see its own writes, and becomes the incarnation record at the end.

import {
  ABSENT_LENGTH, Access, AccessFlag, Kind, ReadEntry, ReadKind, ReadResult, Version, WriteEntry, VersionFlag,
  CONTROL_BASE, Control, Location, TxSlot,
} from "../layout";
import { allocate } from "../base/arena";
import { hashIn, seed } from "../base/keyed-hash";
import * as shared from "../base/shared";
import { fault } from "../base/shared";
import { Fault } from "../base/faults";
import * as u256 from "../base/u256";
import { kindOf, locationAt, resetOf } from "./locations";
import {
  baseOf, createVersion, enterLane, resolve, resolvedFolded, resolvedNode, resolvedReset, sameValue,
} from "./versions";

// Per instance: all of this belongs to the one attempt that this worker is running.
let entries: u32 = 0; // Access records
let capacity: u32 = 0;
let count: u32 = 0;
let index: u32 = 0; // open addressing: {stamp u32, entry number u32}, twice the capacity
let stamp: u32 = 0;
let predicates: u32 = 0; // ReadEntry records
let predicateCapacity: u32 = 0;
let predicateCount: u32 = 0;
/** How many accounts the attempt has emptied so far, one counted as often as it was. */
let ownResets: u32 = 0;
/** The transaction that the set belongs to. */
export let transaction: u32 = 0;
let temporary: u32 = 0; // two values
// Of the hash of the index. Keyed: a block numbers its locations in the order in which it meets them, so that whoever
// writes one can choose those that an unkeyed hash puts side by side (test/unit/growth).
let offset: u64 = 0;
let multiplier: u64 = 0;

// Tiny in the model build: sets grow, and a block's state is small enough to be restored 100,000 times a second.
const FIRST_CAPACITY: u32 = isDefined(MODEL) ? 4 : 512;
const FIRST_PREDICATES: u32 = isDefined(MODEL) ? 1 : 64;

/** Whether the attempt stands: false once memory for the set ran out. */
export let accessSetExhausted: bool = false;

/** Takes memory for the set from the arena. Called when the worker joins a block; false when there is none. */
export function resetAccessSet(): bool {
  capacity = 0;
  stamp = 0;
  count = 0;
  predicateCount = 0;
  predicateCapacity = FIRST_PREDICATES;
  predicates = allocate(FIRST_PREDICATES * ReadEntry.SIZE);
  temporary = allocate(64);
  offset = seed(0);
  multiplier = seed(1);
  return predicates != 0 && temporary != 0 && grow(FIRST_CAPACITY);
}

/** Empties the set for an attempt at `newTransaction`. */
export function beginAccessSet(newTransaction: u32): void {
  transaction = newTransaction;
  enterLane(load<u32>(load<u32>(CONTROL_BASE, Control.SLOTS) + newTransaction * TxSlot.SIZE, TxSlot.FLOOR));
  count = 0;
  predicateCount = 0;
  ownResets = 0;
  accessSetExhausted = false;
  stamp++;
}

function grow(newCapacity: u32): bool {
  const newEntries = allocate(newCapacity * Access.SIZE);
  const newIndex = allocate(newCapacity * 16);
  if (newEntries == 0 || newIndex == 0) {
    accessSetExhausted = true;
    return false;
  }
  memory.fill(newIndex, 0, newCapacity * 16);
  if (count != 0) memory.copy(newEntries, entries, count * Access.SIZE);
  entries = newEntries;
  index = newIndex;
  capacity = newCapacity;
  if (stamp == 0) stamp = 1;
  for (let at: u32 = 0; at < count; at++) {
    const place = placeOf(load<u32>(entries + at * Access.SIZE, Access.LOCATION));
    store<u32>(place, stamp);
    store<u32>(place, at, 4);
  }
  return true;
}

/** Address of the index word of `location`: its own, or the free one it would take. */
function placeOf(location: u32): u32 {
  const mask = (capacity << 1) - 1;
  let at = hashIn(offset + multiplier * location) & mask;
  while (true) {
    const place = index + (at << 3);
    if (load<u32>(place) != stamp) return place;
    if (load<u32>(entries + load<u32>(place, 4) * Access.SIZE, Access.LOCATION) == location) return place;
    at = (at + 1) & mask;
  }
}

/** The entry of `location`, 0 when the attempt has not touched it. */
function find(location: u32): u32 {
  const place = placeOf(location);
  return load<u32>(place) == stamp ? entries + load<u32>(place, 4) * Access.SIZE : 0;
}

/** A new entry for `location` with no flags and value 0; 0 when memory is exhausted. */
function insert(location: u32): u32 {
  if (count == capacity && !grow(capacity << 1)) return 0;
  const place = placeOf(location);
  const entry = entries + count * Access.SIZE;
  store<u32>(place, stamp);
  store<u32>(place, count, 4);
  count++;
  store<u32>(entry, location, Access.LOCATION);
  store<u32>(entry, 0, Access.FLAGS);
  store<u32>(entry, 0, Access.SAVED);
  store<u32>(entry, 0, Access.RESETS);
  u256.clear(entry + Access.VALUE);
  return entry;
}

/** Reads `location` (an index): the value goes to `out`. ReadResult; after BLOCKED see `blockedBy` of versions. */
export function readAccess(location: u32, out: u32): u32 {
  const entry = find(location);
  if (ownResets != 0 && isEmptied(entry, location)) {
    u256.clear(out);
    return ReadResult.VALUE;
  }
  const result = loadEntry(entry, location);
  if (result == ReadResult.VALUE) u256.copy(out, loadedEntry + Access.VALUE);
  return result;
}

/** The entry that the last `loadEntry` is about. */
let loadedEntry: u32 = 0;

/** Makes the entry of `location` (0: it has none yet) hold the value that the attempt sees. ReadResult. */
function loadEntry(entry: u32, location: u32): u32 {
  loadedEntry = entry;
  let flags: u32 = 0;
  if (entry != 0) {
    flags = load<u32>(entry, Access.FLAGS);
    if ((flags & (AccessFlag.READ | AccessFlag.WRITTEN)) != 0) return ReadResult.VALUE;
    if (ownResets != 0 && isEmptied(entry, location)) {
      u256.clear(entry + Access.VALUE);
      return ReadResult.VALUE;
    }
  }
  const result = resolve(locationAt(location), transaction, temporary);
  if (result != ReadResult.VALUE) return result;
  const node = resolvedNode;
  const reset = resolvedReset;
  const folded = resolvedFolded;
  let aux: u32 = 0;
  if (folded) {
    aux = allocate(32);
    if (aux == 0) return exhausted();
    u256.copy(aux, temporary);
  }
  if (entry == 0) {
    entry = insert(location);
    if (entry == 0) return ReadResult.EXHAUSTED;
    loadedEntry = entry;
  }
  const credited = flags & AccessFlag.CREDITED;
  if (credited != 0) u256.add(entry + Access.VALUE, entry + Access.VALUE, temporary);
  else u256.copy(entry + Access.VALUE, temporary);
  const written = credited != 0 ? AccessFlag.WRITTEN : 0;
  store<u32>(entry, (flags & AccessFlag.WARM) | AccessFlag.READ | written, Access.FLAGS);
  store<u32>(entry, node, Access.NODE);
  store<u32>(entry, reset, Access.RESET);
  store<u32>(entry, aux, Access.AUX);
  store<u32>(entry, folded ? ReadKind.FOLDED : ReadKind.VALUE, Access.READ_KIND);
  return ReadResult.VALUE;
}

// Numbered entries: an executor that comes back to a location again and again keeps its entry's number, and can undo
// what it did. A number is valid until the attempt ends; an address only until the next entry is added.

/** "No entry": memory is exhausted. */
export const NO_ENTRY: u32 = 0xffffffff;

/** Number of the entry of `location`, added when the attempt has none; NO_ENTRY when memory is exhausted. */
export function numberOf(location: u32): u32 {
  const place = placeOf(location);
  if (load<u32>(place) == stamp) return load<u32>(place, 4);
  return insert(location) == 0 ? NO_ENTRY : count - 1;
}

// @ts-ignore: decorator
@inline
export function entryAt(number: u32): u32 {
  return entries + number * Access.SIZE;
}

/** Makes entry `number` hold the value that the attempt sees: ReadResult. */
export function loadNumber(number: u32): u32 {
  const entry = entryAt(number);
  if ((load<u32>(entry, Access.FLAGS) & (AccessFlag.READ | AccessFlag.WRITTEN)) != 0) return ReadResult.VALUE;
  return loadEntry(entry, load<u32>(entry, Access.LOCATION));
}

/**
 * Makes entry `number` hold 0 (or the credit it got) although the state says nothing: the attempt must not be
 * published.
 */
export function guessNumber(number: u32): void {
  const entry = entryAt(number);
  store<u32>(entry, load<u32>(entry, Access.FLAGS) | AccessFlag.WRITTEN, Access.FLAGS);
  // `originalOf` asks what it was: emptied, that is 0. A new entry's fields are whatever lay there.
  store<u32>(entry, ReadKind.VALUE, Access.READ_KIND);
  store<u32>(entry, 1, Access.RESET);
}

/** Writes entry `number`; not for RESET locations. */
// @ts-ignore: decorator
@inline
export function writeNumber(number: u32, value: u32): void {
  const entry = entryAt(number);
  u256.copy(entry + Access.VALUE, value);
  store<u32>(entry, (load<u32>(entry, Access.FLAGS) & ~AccessFlag.CREDITED) | AccessFlag.WRITTEN, Access.FLAGS);
}

/** Adds to entry `number` without reading it. */
export function creditNumber(number: u32, amount: u32): void {
  creditEntry(entryAt(number), amount);
}

/** Address of the value that entry `number` had before the transaction: it must have been read. */
export function originalOf(number: u32): u32 {
  const entry = entryAt(number);
  return valueSeen(
    locationAt(load<u32>(entry, Access.LOCATION)),
    load<u32>(entry, Access.READ_KIND),
    load<u32>(entry, Access.NODE),
    load<u32>(entry, Access.RESET),
    load<u32>(entry, Access.AUX),
  );
}

/**
 * Takes back what was written or credited to entry `number` since it had `flags` and `value`. A read that happened
 * meanwhile stays recorded: the attempt knows what it learned.
 */
export function undoNumber(number: u32, flags: u32, value: u32): void {
  const entry = entryAt(number);
  const readSince = load<u32>(entry, Access.FLAGS) & ~flags & AccessFlag.READ;
  if (readSince == 0) {
    store<u32>(entry, flags, Access.FLAGS);
    u256.copy(entry + Access.VALUE, value);
    return;
  }
  // Before the read there was nothing, or a credit that the read has made absolute.
  const credited = (flags & AccessFlag.CREDITED) != 0;
  const original = originalOf(number);
  if (credited) u256.add(entry + Access.VALUE, original, value);
  else u256.copy(entry + Access.VALUE, original);
  store<u32>(entry, (flags & AccessFlag.WARM) | AccessFlag.READ | (credited ? AccessFlag.WRITTEN : 0), Access.FLAGS);
}

/**
 * Writes `location`; false when memory is exhausted. A RESET write also empties the account's slots, those that the
 * attempt knows when somebody asks: a walk over them now would make n accounts cost n² steps (test/unit/growth).
 */
export function writeAccess(location: u32, value: u32): bool {
  let entry = find(location);
  if (entry == 0) {
    entry = insert(location);
    if (entry == 0) return false;
  }
  u256.copy(entry + Access.VALUE, value);
  store<u32>(entry, (load<u32>(entry, Access.FLAGS) & ~AccessFlag.CREDITED) | AccessFlag.WRITTEN, Access.FLAGS);
  if (ownResets != 0 || kindOf(locationAt(location)) == Kind.RESET) noteResets(entry, location);
  return true;
}

/** Notes that the entry was written after the resets so far; a RESET itself is the next one. */
function noteResets(entry: u32, location: u32): void {
  if (kindOf(locationAt(location)) == Kind.RESET) ownResets++;
  store<u32>(entry, ownResets, Access.RESETS);
}

/** Adds to `location` without reading it; false when memory is exhausted. */
export function creditAccess(location: u32, amount: u32): bool {
  let entry = find(location);
  if (entry == 0) {
    entry = insert(location);
    if (entry == 0) return false;
  }
  creditEntry(entry, amount);
  return true;
}

function creditEntry(entry: u32, amount: u32): void {
  const flags = load<u32>(entry, Access.FLAGS);
  const absolute = (flags & (AccessFlag.READ | AccessFlag.WRITTEN)) != 0;
  u256.add(entry + Access.VALUE, entry + Access.VALUE, amount);
  store<u32>(entry, flags | (absolute ? AccessFlag.WRITTEN : AccessFlag.CREDITED), Access.FLAGS);
}

/**
 * Whether the value at `location` is at least the one at `bound`: `out` gets 1 or 0. Only the answer is recorded, so
 * that changes which do not turn it never conflict.
 */
export function atLeastAccess(location: u32, bound: u32, out: u32): u32 {
  const entry = find(location);
  let effective = bound;
  if (entry != 0) {
    if ((load<u32>(entry, Access.FLAGS) & (AccessFlag.READ | AccessFlag.WRITTEN)) != 0) {
      store<u32>(out, u32(!u256.less(entry + Access.VALUE, bound)));
      return ReadResult.VALUE;
    }
    // Credited by this attempt: ask whether what lies below has the rest.
    if (!u256.less(entry + Access.VALUE, bound)) {
      store<u32>(out, 1);
      return ReadResult.VALUE;
    }
    effective = temporary + 32;
    u256.subtract(effective, bound, entry + Access.VALUE);
  }
  const result = resolve(locationAt(location), transaction, temporary);
  if (result != ReadResult.VALUE) return result;
  const holds = !u256.less(temporary, effective);
  if (fault(Fault.PREDICATE_NOT_RECORDED)) {
    store<u32>(out, u32(holds));
    return ReadResult.VALUE;
  }
  const copy = allocate(32);
  if (copy == 0) return exhausted();
  u256.copy(copy, effective);
  if (predicateCount == predicateCapacity) {
    const larger = allocate(predicateCapacity * 2 * ReadEntry.SIZE);
    if (larger == 0) return exhausted();
    memory.copy(larger, predicates, predicateCount * ReadEntry.SIZE);
    predicates = larger;
    predicateCapacity <<= 1;
  }
  const read = predicates + predicateCount * ReadEntry.SIZE;
  predicateCount++;
  store<u32>(read, location | ((holds ? ReadKind.AT_LEAST : ReadKind.BELOW) << 24), ReadEntry.LOCATION);
  store<u32>(read, resolvedNode, ReadEntry.NODE);
  store<u32>(read, resolvedReset, ReadEntry.RESET);
  store<u32>(read, copy, ReadEntry.AUX);
  store<u32>(out, u32(holds)); // last: `out` may be `bound`
  return ReadResult.VALUE;
}

function exhausted(): u32 {
  accessSetExhausted = true;
  return ReadResult.EXHAUSTED;
}

/** Whether `location` is a slot of an account that this attempt emptied after it wrote its `entry` (0: it has none). */
function isEmptied(entry: u32, location: u32): bool {
  const record = locationAt(location);
  if (kindOf(record) != Kind.STORAGE) return false;
  const reset = find(load<u32>(record, Location.KIND) >> 8);
  if (reset == 0 || (load<u32>(reset, Access.FLAGS) & AccessFlag.WRITTEN) == 0) return false;
  return entry == 0 || load<u32>(entry, Access.RESETS) < load<u32>(reset, Access.RESETS);
}

/** Empties the slots of all accounts that the attempt has emptied. */
function emptySlots(): void {
  for (let at: u32 = 0; at < count; at++) {
    const entry = entries + at * Access.SIZE;
    if (isEmptied(entry, load<u32>(entry, Access.LOCATION))) emptyEntry(entry);
  }
}

function emptyEntry(entry: u32): void {
  u256.clear(entry + Access.VALUE);
  store<u32>(entry, load<u32>(entry, Access.FLAGS) | AccessFlag.WRITTEN, Access.FLAGS);
}

/**
 * Whether everything that the attempt has read so far still resolves to what it saw: VALUE if so, BLOCKED when a
 * value is being computed again, STALE when one has changed. `out` is 32 bytes of room.
 */
export function recheckAccesses(out: u32): u32 {
  for (let at: u32 = 0; at < count; at++) {
    const entry = entries + at * Access.SIZE;
    if ((load<u32>(entry, Access.FLAGS) & AccessFlag.READ) == 0) continue;
    const location = locationAt(load<u32>(entry, Access.LOCATION));
    const result = resolve(location, transaction, out);
    if (result != ReadResult.VALUE) return result;
    const node = load<u32>(entry, Access.NODE);
    const reset = load<u32>(entry, Access.RESET);
    const kind = load<u32>(entry, Access.READ_KIND);
    if (kind == ReadKind.VALUE && !resolvedFolded && node == resolvedNode && reset == resolvedReset) continue;
    const seen = valueSeen(location, kind, node, reset, load<u32>(entry, Access.AUX));
    if (!sameValue(kindOf(location), seen, out)) return ReadResult.STALE;
  }
  return ReadResult.VALUE;
}

/** How many ReadEntry records `sealReads` will need. */
export function sealedReadCount(): u32 {
  let reads = predicateCount;
  for (let at: u32 = 0; at < count; at++) {
    reads += u32((load<u32>(entries + at * Access.SIZE, Access.FLAGS) & AccessFlag.READ) != 0);
  }
  return reads;
}

/** Writes the read set to `out`, ReadEntry records. */
export function sealReads(out: u32): void {
  for (let at: u32 = 0; at < count; at++) {
    const entry = entries + at * Access.SIZE;
    if ((load<u32>(entry, Access.FLAGS) & AccessFlag.READ) == 0) continue;
    store<u32>(out, load<u32>(entry, Access.LOCATION) | (load<u32>(entry, Access.READ_KIND) << 24), ReadEntry.LOCATION);
    store<u32>(out, load<u32>(entry, Access.NODE), ReadEntry.NODE);
    store<u32>(out, load<u32>(entry, Access.RESET), ReadEntry.RESET);
    store<u32>(out, load<u32>(entry, Access.AUX), ReadEntry.AUX);
    out += ReadEntry.SIZE;
  }
  if (predicateCount != 0) memory.copy(out, predicates, predicateCount * ReadEntry.SIZE);
}

/** How many WriteEntry records `sealWrites` will need; notes which entries they are. */
export function sealedWriteCount(): u32 {
  if (ownResets != 0) emptySlots();
  let writes: u32 = 0;
  for (let at: u32 = 0; at < count; at++) {
    const entry = entries + at * Access.SIZE;
    if (!isWrite(entry)) continue;
    store<u32>(entry, load<u32>(entry, Access.FLAGS) | AccessFlag.SEALED, Access.FLAGS);
    writes++;
  }
  return writes;
}

/**
 * After `sealedWriteCount`: creates a version node per write and lists them at `out`, WriteEntry records; false when
 * memory is exhausted.
 */
export function sealWrites(out: u32, incarnation: u32): bool {
  for (let at: u32 = 0; at < count; at++) {
    const entry = entries + at * Access.SIZE;
    const entryFlags = load<u32>(entry, Access.FLAGS);
    if ((entryFlags & AccessFlag.SEALED) == 0) continue;
    const credited = (entryFlags & AccessFlag.CREDITED) != 0;
    const flags = VersionFlag.LIVE | (credited ? VersionFlag.DELTA : 0);
    const node = createVersion(transaction, incarnation, flags, entry + Access.VALUE);
    if (node == 0) return false;
    store<u32>(out, load<u32>(entry, Access.LOCATION), WriteEntry.LOCATION);
    store<u32>(out, node, WriteEntry.NODE);
    out += WriteEntry.SIZE;
  }
  return true;
}

/** How many entries there are, numbered from 0. */
export function accessCount(): u32 {
  return count;
}

/** Whether entry `number` leaves a version, should no account be emptied after all. */
export function isWriteNumber(number: u32): bool {
  return isWrite(entryAt(number));
}

/** Whether the entry leaves a version: a value written back unchanged leaves none, nor does a credit of nothing. */
function isWrite(entry: u32): bool {
  const flags = load<u32>(entry, Access.FLAGS);
  if ((flags & AccessFlag.CREDITED) != 0) {
    return !u256.isZero(entry + Access.VALUE);
  }
  if ((flags & AccessFlag.WRITTEN) == 0) return false;
  if ((flags & AccessFlag.READ) == 0) return true;
  const location = locationAt(load<u32>(entry, Access.LOCATION));
  const kind = kindOf(location);
  if (kind == Kind.RESET || (kind == Kind.STORAGE && ownResets != 0)) return true;
  return !sameValue(kind, entry + Access.VALUE, valueSeen(
    location,
    load<u32>(entry, Access.READ_KIND),
    load<u32>(entry, Access.NODE),
    load<u32>(entry, Access.RESET),
    load<u32>(entry, Access.AUX),
  ));
}

/** Address of the 32 bytes that a read saw. Everything it points to is immutable. */
export function valueSeen(location: u32, readKind: u32, node: u32, reset: u32, aux: u32): u32 {
  if (readKind == ReadKind.FOLDED) return aux;
  if (reset == 0) {
    if (node != 0) return node + Version.VALUE;
    const base = baseOf(location);
    if (base != 0) return base;
  }
  u256.clear(temporary + 32);
  if (kindOf(location) == Kind.DATA) store<u32>(temporary + 32, ABSENT_LENGTH, 4);
  return temporary + 32;
}
