// What the committed transactions of a block changed, as Change records for the host, which copies them out.
//
// All of it runs on the host, while no worker is inside the core.

import {
  ABSENT_LENGTH, BaseFlag, Change, ChangeFlag, CONTROL_BASE, Control, Kind, Location, ReadResult,
} from "../layout";
import { allocate } from "../base/arena";
import * as shared from "../base/shared";
import * as u256 from "../base/u256";
import { findCode } from "../store/code-store";
import { kindOf, locationAt, lookup, resetOf } from "../store/locations";
import { baseOf, enterLane, newestOf, resolve, resolvedNode, resolvedReset, sameValue } from "../store/versions";
import { beginWritten, nextWritten } from "./written";

/** Locations per call, so that the host's thread can do other things in between: well below a millisecond. */
const LOCATIONS_PER_CALL: u32 = 1024;
/** What one location can add: its account and its slot. */
const LARGEST: u32 = Change.ACCOUNT_SIZE + Change.SLOT_SIZE;

// Room for records: taken when the block begins, since there may be none left at its end.
let room: u32 = 0;
let roomEnd: u32 = 0;
let cursor: u32 = 0;
/** Number of the walk over all locations. */
let walk: u32 = 0;

// The locations of an account's fields, 0 where there is none.
let balance: u32 = 0;
let nonce: u32 = 0;
let code: u32 = 0;
let existence: u32 = 0;

/** Called by the host when it has begun a block. False when memory is exhausted. */
export function resetChanges(): bool {
  const chunk = load<u32>(CONTROL_BASE, Control.CHUNK);
  const size = chunk > LARGEST ? chunk : LARGEST;
  room = allocate(size);
  roomEnd = room + size;
  cursor = room;
  return room != 0;
}

/** Address of the records that were written since the last `clearChanges` or `collectChanges`. */
export function changesStart(): u32 {
  return room;
}

export function changesEnd(): u32 {
  return cursor;
}

export function clearChanges(): void {
  cursor = room;
}

// For other records that the host copies out the same way.
export function changesFit(size: u32): bool {
  return roomEnd - cursor >= size;
}

/** Where the next record goes. */
export function changesCursor(): u32 {
  return cursor;
}

/** Counts a record of `size` bytes that was written there. */
export function commitChange(size: u32): void {
  cursor += size;
}

/**
 * Writes what transactions below `upTo` changed at the locations from index `from` on: each slot and free-form value
 * that is another now, of accounts that were emptied all slots that are not zero, each account that was written to,
 * once per walk. Begin with 1; returns where to go on, 0 at the end.
 */
export function collectChanges(from: u32, upTo: u32): u32 {
  enterLane(0);
  if (from == 1) walk++;
  cursor = room;
  if (load<u32>(CONTROL_BASE, Control.RESIDENT) != 0) return collectWritten(from, upTo);
  const capacity = load<u32>(CONTROL_BASE, Control.LOCATION_CAPACITY);
  let count = shared.read(CONTROL_BASE, Control.LOCATION_COUNT);
  if (count > capacity) count = capacity;
  let end = from + LOCATIONS_PER_CALL;
  if (end > count) end = count;
  while (from < end && roomEnd - cursor >= LARGEST) {
    addChange(locationAt(from), upTo);
    from++;
  }
  return from < count ? from : 0;
}

/** The same where the state is larger than what the block touched: walks over what was written, and no further. */
function collectWritten(from: u32, upTo: u32): u32 {
  if (from == 1) beginWritten(0, upTo);
  for (let met: u32 = 0; met < LOCATIONS_PER_CALL && roomEnd - cursor >= LARGEST; met++) {
    const location = nextWritten();
    if (location == 0) return 0;
    addChange(location, upTo);
  }
  return from + 1;
}

/**
 * Adds what a STORAGE location, and the account of any location but free-form ones, held before transaction `upTo`,
 * be it a change or not. False when the records have to be cleared first.
 */
export function addHeld(index: u32, upTo: u32): bool {
  if (roomEnd - cursor < LARGEST) return false;
  const location = locationAt(index);
  findFields(location + Location.ADDRESS);
  addAccount(location + Location.ADDRESS, upTo);
  if (kindOf(location) == Kind.STORAGE) {
    const record = addSlot(location, upTo);
    if (record != 0) cursor = record + Change.SLOT_SIZE;
  }
  return true;
}

function addChange(location: u32, upTo: u32): void {
  const kind = kindOf(location);
  if (kind == Kind.STORAGE) {
    const reset = resetOf(location);
    if (!isWritten(location) && !isWritten(reset)) return;
    const record = addSlot(location, upTo);
    if (record == 0) return;
    // Of storage that was emptied, what is there again as it was has to be said too.
    const isSame = u256.equal(record + Change.BEFORE, record + Change.AFTER);
    if (isSame && (resolvedNode == 0 || !isWritten(reset) || u256.isZero(record + Change.AFTER))) return;
    cursor = record + Change.SLOT_SIZE;
    addAccountOfStorage(reset, upTo);
    return;
  }
  if (!isWritten(location)) return;
  if (kind == Kind.DATA || kind == Kind.NUMBER) addFreeForm(location, kind, upTo);
  else if (kind == Kind.RESET) addReset(location, upTo);
  else {
    findFields(location + Location.ADDRESS);
    if (firstWritten() == kind) addAccount(location + Location.ADDRESS, upTo);
  }
}

// @ts-ignore: decorator
@inline
function isWritten(location: u32): bool {
  return location != 0 && newestOf(location) != 0;
}

/** A slot's record behind the others, not counted yet; 0 where nobody knows the value. */
function addSlot(location: u32, upTo: u32): u32 {
  const record = cursor;
  if (resolve(location, upTo, record + Change.AFTER) != ReadResult.VALUE) return 0;
  const flags = resolvedReset != 0 ? ChangeFlag.EMPTIED : 0;
  begin(record, Kind.STORAGE | flags, location);
  putBase(location, record + Change.BEFORE);
  u256.copy(record + Change.SLOT, location + Location.SLOT);
  return record;
}

function addFreeForm(location: u32, kind: u32, upTo: u32): void {
  const record = cursor;
  if (resolve(location, upTo, record + Change.AFTER) != ReadResult.VALUE) return;
  if (!putBase(location, record + Change.BEFORE) && kind == Kind.DATA) {
    store<u32>(record, ABSENT_LENGTH, Change.BEFORE + 4);
  }
  if (sameValue(kind, record + Change.BEFORE, record + Change.AFTER)) return;
  begin(record, kind, location);
  cursor = record + Change.FREE_SIZE;
}

/**
 * That an account's storage is empty as a whole; of a complete state that does not stay, the slots themselves say so,
 * and where there was none there is nothing to say.
 */
function addReset(location: u32, upTo: u32): void {
  if (load<u32>(CONTROL_BASE, Control.STATE_COMPLETE) != 0) {
    if (load<u32>(CONTROL_BASE, Control.RESIDENT) == 0) return;
    if ((shared.read(location, Location.BASE) & BaseFlag.SLOTS) == 0) return;
  }
  if (resolve(location, upTo, cursor + Change.AFTER) != ReadResult.VALUE || resolvedNode == 0) return;
  begin(cursor, Kind.RESET, location);
  cursor += Change.RESET_SIZE;
  addAccountOfStorage(location, upTo);
}

/** The account of storage that changed, unless a field of it that changed brings it along, or it is there already. */
function addAccountOfStorage(reset: u32, upTo: u32): void {
  if (load<u32>(reset, Location.ACCOUNT_WALK) == walk) return;
  store<u32>(reset, walk, Location.ACCOUNT_WALK);
  findFields(reset + Location.ADDRESS);
  if (firstWritten() == 0) addAccount(reset + Location.ADDRESS, upTo);
}

function findFields(address: u32): void {
  balance = field(Kind.BALANCE, address);
  nonce = field(Kind.NONCE, address);
  code = field(Kind.CODE, address);
  existence = field(Kind.EXISTENCE, address);
}

function field(kind: u32, address: u32): u32 {
  const index = lookup(kind, address, 0);
  return index == 0 ? 0 : locationAt(index);
}

/** Kind of the first field that somebody wrote: the one that brings the account along. 0: none. */
function firstWritten(): u32 {
  if (isWritten(balance)) return Kind.BALANCE;
  if (isWritten(nonce)) return Kind.NONCE;
  if (isWritten(code)) return Kind.CODE;
  return isWritten(existence) ? Kind.EXISTENCE : 0;
}

/** The account whose fields were found last. */
function addAccount(address: u32, upTo: u32): void {
  const record = cursor;
  begin(record, Kind.BALANCE, address - Location.ADDRESS);
  store<u32>(record, 0, Change.CODE);
  // The two existences are written where nothing is yet, and become flags.
  let flags = putField(existence, upTo, record + Change.BEFORE, ChangeFlag.EXISTENCE);
  if (!u256.isZero(record + Change.BEFORE)) flags |= ChangeFlag.EXISTED;
  if (!u256.isZero(record + Change.AFTER)) flags |= ChangeFlag.EXISTS;
  flags |= putField(balance, upTo, record + Change.BEFORE, ChangeFlag.BALANCE);
  flags |= putField(nonce, upTo, record + Change.NONCE, ChangeFlag.NONCE);
  flags |= putField(code, upTo, record + Change.CODE_HASH, ChangeFlag.CODE);
  if (resolvedNode != 0 && code != 0) {
    flags |= ChangeFlag.CODE_WRITTEN;
    const hash = record + Change.CODE_HASH;
    if (!u256.equal(hash, hash + 32)) store<u32>(record, findCode(hash + 32), Change.CODE);
  }
  store<u32>(record, flags, Change.FIELDS);
  cursor = record + Change.ACCOUNT_SIZE;
}

/** Puts a field before and after at `out`; `flag << LOADED`, `flag << MISSING`: how well it is known. */
function putField(location: u32, upTo: u32, out: u32, flag: u32): u32 {
  if (location == 0) {
    u256.clear(out);
    u256.clear(out + 32);
    return load<u32>(CONTROL_BASE, Control.STATE_COMPLETE) != 0 ? 0 : flag << ChangeFlag.MISSING;
  }
  const missing = resolve(location, upTo, out + 32) == ReadResult.MISSING;
  return (putBase(location, out) ? flag << ChangeFlag.LOADED : 0) | (missing ? flag << ChangeFlag.MISSING : 0);
}

/** Puts the base value at `out`, zero where there is none; whether there is one. */
function putBase(location: u32, out: u32): bool {
  const base = baseOf(location);
  if (base == 0) u256.clear(out);
  else u256.copy(out, base);
  return base != 0;
}

/** Kind, flags and address, or pointer and length of a free-form key. */
function begin(record: u32, kind: u32, location: u32): void {
  store<u32>(record, kind, Change.KIND);
  memory.copy(record + Change.ADDRESS, location + Location.ADDRESS, 20);
}
