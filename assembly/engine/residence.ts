// State that stays: when a block is committed, the final version of each location that it wrote becomes its base value.
// And base values with all that belongs to them, on their way out of a memory and back into it, or into another.
//
// The world is never half folded for anybody to see: blocks see base values through the host, which begins the next one
// when all is folded. A block that is not folded has changed nothing.

import {
  BaseFlag, CONTROL_BASE, Control, Incarnation, KeptBase, Kind, Location, ReadResult, Version, WriteEntry,
} from "../layout";
import * as shared from "../base/shared";
import { fault } from "../base/shared";
import { Fault } from "../base/faults";
import * as u256 from "../base/u256";
import { allocate } from "../base/arena";
import { noteStorage, setBase } from "../store/base-state";
import { block, kindOf, locate, locationAt, lookup, resetOf } from "../store/locations";
import {
  createAbsolute, enterLane, resolve, resolvedFolded, resolvedNode, transactionOf,
} from "../store/versions";
import { recordIn, statusOf } from "../schedule/status";
import { writesOf } from "./attempt";
import { changesCursor, changesFit, clearChanges, commitChange } from "./changes";
import { beginWritten, nextWritten } from "./written";

/** Transactions that a worker takes at once. */
const SHARE: u32 = isDefined(MODEL) ? 1 : 8;

let value: u32 = 0;

/** Called by each worker when it joins a block; false when memory is exhausted. */
export function resetResidence(): bool {
  value = allocate(32);
  return value != 0;
}

/**
 * Gets the committed transactions ready to be folded: puts an absolute version over each sum of credits, so that
 * folding twice adds nothing twice. Host, alone. False when there is no memory for that: then only the host may fold.
 */
export function beginFold(): bool {
  enterLane(0);
  const count = load<u32>(CONTROL_BASE, Control.TRANSACTION_COUNT);
  shared.write(CONTROL_BASE, Control.FOLD_CURSOR, 0);
  shared.write(CONTROL_BASE, Control.FOLD_COUNT, 0);
  beginWritten(0, count);
  for (let location = nextWritten(); location != 0; location = nextWritten()) {
    // What was credited to an account that nobody knows is no value: the host has loaded it by now.
    if (resolve(location, count, value) != ReadResult.VALUE) unreachable();
    if (!resolvedFolded || fault(Fault.FOLD_ADDS_AGAIN)) continue;
    if (!createAbsolute(location, transactionOf(shared.read(resolvedNode, Version.META)), value)) return false;
  }
  shared.write(CONTROL_BASE, Control.FOLDING, 1);
  return true;
}

/**
 * Folds shares of the block until there are none left. Any worker, when all is committed; the host at the end. Who dies
 * in the middle is not counted, and the host does all again.
 */
export function foldShares(): void {
  enterLane(0);
  const count = load<u32>(CONTROL_BASE, Control.TRANSACTION_COUNT);
  while (shared.read(CONTROL_BASE, Control.FOLD_CURSOR) < count) {
    const from = shared.add(CONTROL_BASE, Control.FOLD_CURSOR, SHARE);
    if (from >= count) return;
    let to = from + SHARE;
    if (to > count) to = count;
    if (fault(Fault.FOLD_COUNTED_FIRST)) shared.add(CONTROL_BASE, Control.FOLD_COUNT, to - from);
    for (let at = from; at < to; at++) foldTransaction(at, count, false);
    if (!fault(Fault.FOLD_COUNTED_FIRST)) shared.add(CONTROL_BASE, Control.FOLD_COUNT, to - from);
  }
}

/** Folds what is left, and all again where somebody did not come to an end. Host, when no worker is inside any more. */
export function finishFold(): void {
  foldShares();
  const count = load<u32>(CONTROL_BASE, Control.TRANSACTION_COUNT);
  if (shared.read(CONTROL_BASE, Control.FOLD_COUNT) != count) {
    for (let at: u32 = 0; at < count; at++) foldTransaction(at, count, true);
  }
  shared.write(CONTROL_BASE, Control.FOLDING, 0);
}

/** Folds the transactions below `upTo`, the rest of which will not be committed here. Host, alone. */
export function foldPrefix(upTo: u32): void {
  enterLane(0);
  for (let at: u32 = 0; at < upTo; at++) foldTransaction(at, upTo, false);
}

function foldTransaction(transaction: u32, count: u32, again: bool): void {
  const record = recordIn(statusOf(transaction));
  const writes = writesOf(record);
  const total = load<u32>(record, Incarnation.WRITE_COUNT);
  for (let at: u32 = 0; at < total; at++) {
    const write = writes + at * WriteEntry.SIZE;
    const location = locationAt(load<u32>(write, WriteEntry.LOCATION));
    if (fault(Fault.FOLD_OWN_VERSION)) {
      setBase(location, kindOf(location), load<u32>(write, WriteEntry.NODE) + Version.VALUE, BaseFlag.KNOWN, block);
    } else {
      foldLocation(location, count, again);
    }
  }
}

/**
 * Makes what transaction `count` sees the location's base value.
 *
 * One worker per location does it: whoever moves FOLDED to this block. With `again` it is the host, alone, which goes
 * by nobody's word: the versions say what the value is, and they have not changed.
 */
function foldLocation(location: u32, count: u32, again: bool): void {
  const seen = shared.read(location, Location.FOLDED);
  if (seen == block) {
    if (!again || fault(Fault.FOLD_CLAIM_COUNTS)) return;
  } else if (!shared.swapIf(location, Location.FOLDED, seen, block)) {
    return;
  }
  const kind = kindOf(location);
  if (kind == Kind.RESET) {
    u256.clear(location + Location.VALUE);
    if (!fault(Fault.RESET_NOT_FOLDED)) shared.write(location, Location.EMPTIED, block);
    shared.setBits(location, Location.BASE, BaseFlag.KNOWN | BaseFlag.DIRTY);
    return;
  }
  if (resolve(location, count, value) != ReadResult.VALUE) unreachable();
  const dirty: u32 = fault(Fault.FOLD_LEAVES_CLEAN) ? 0 : BaseFlag.DIRTY;
  setBase(location, kind, value, BaseFlag.KNOWN | dirty, block);
}

/**
 * Writes the base values of all that the transactions below `upTo` wrote, as KeptBase records, into the room for
 * changes: what takes the block back when it is folded. Begin with true; false: there are more. Host, before anything
 * is folded.
 */
export function keepWritten(begin: bool, upTo: u32): bool {
  if (begin) beginWritten(0, upTo);
  clearChanges();
  while (changesFit(KeptBase.SIZE)) {
    const location = nextWritten();
    if (location == 0) return true;
    keep(location);
  }
  return false;
}

/**
 * Writes all known base values from location `from` on (begin with 1), as above, in the order in which somebody first
 * asked for them. Returns where to go on, 0 at the end. Host, alone.
 */
export function keepAll(from: u32): u32 {
  clearChanges();
  const capacity = load<u32>(CONTROL_BASE, Control.LOCATION_CAPACITY);
  let count = shared.read(CONTROL_BASE, Control.LOCATION_COUNT);
  if (count > capacity) count = capacity;
  for (let at = from; at < count; at++) {
    if (!changesFit(KeptBase.SIZE)) return at;
    const location = locationAt(at);
    if (shared.read(location, Location.BASE) != 0 && isPublished(at, location)) keep(location);
  }
  return 0;
}

/** Whether the table names the location: a worker may have died with one in hand. */
function isPublished(index: u32, location: u32): bool {
  const kind = kindOf(location);
  if (kind == 0 || (kind > Kind.STORAGE && kind != Kind.BLOCK_HASH)) return false;
  return lookup(kind, location + Location.ADDRESS, kind == Kind.STORAGE ? location + Location.SLOT : 0) == index;
}

/** Writes the base value of one location, by its index, as above. Host, alone. */
export function keepOne(index: u32): void {
  clearChanges();
  keep(locationAt(index));
}

function keep(location: u32): void {
  const record = changesCursor();
  const kind = kindOf(location);
  store<u32>(record, kind, KeptBase.KIND);
  store<u32>(record, shared.read(location, Location.BASE), KeptBase.FLAGS);
  const generation = kind == Kind.RESET
    ? shared.read(location, Location.EMPTIED)
    : shared.read(location, Location.GENERATION);
  store<u32>(record, fault(Fault.KEPT_WITHOUT_GENERATION) ? 0 : generation, KeptBase.GENERATION);
  memory.copy(record + KeptBase.ADDRESS, location + Location.ADDRESS, 20);
  if (kind == Kind.STORAGE) memory.copy(record + KeptBase.SLOT, location + Location.SLOT, 32);
  else memory.fill(record + KeptBase.SLOT, 0, 32);
  u256.copy(record + KeptBase.VALUE, location + Location.VALUE);
  commitChange(KeptBase.SIZE);
}

/**
 * Puts `count` KeptBase records back, just as they were, and into the records what was there instead; returns how many
 * fitted into the memory. Host, alone.
 */
export function restoreBase(records: u32, count: u32): u32 {
  for (let at: u32 = 0; at < count; at++) {
    const record = records + at * KeptBase.SIZE;
    const kind = load<u32>(record, KeptBase.KIND);
    const slot = kind == Kind.STORAGE ? record + KeptBase.SLOT : 0;
    const index = locate(kind, record + KeptBase.ADDRESS, slot);
    if (index == 0) return at;
    const location = locationAt(index);
    exchange(record, location, kind);
    if (kind == Kind.STORAGE && !u256.isZero(location + Location.VALUE)) noteStorage(resetOf(location));
  }
  return count;
}

function exchange(record: u32, location: u32, kind: u32): void {
  const isReset = kind == Kind.RESET;
  const generation = isReset ? shared.read(location, Location.EMPTIED) : shared.read(location, Location.GENERATION);
  const flags = shared.read(location, Location.BASE);
  u256.copy(value, location + Location.VALUE);
  const earlier = fault(Fault.RESTORE_KEEPS_GENERATION) ? generation : load<u32>(record, KeptBase.GENERATION);
  if (isReset) shared.write(location, Location.EMPTIED, earlier);
  else shared.write(location, Location.GENERATION, earlier);
  u256.copy(location + Location.VALUE, record + KeptBase.VALUE);
  shared.write(location, Location.BASE, load<u32>(record, KeptBase.FLAGS));
  store<u32>(record, generation, KeptBase.GENERATION);
  store<u32>(record, flags, KeptBase.FLAGS);
  u256.copy(record + KeptBase.VALUE, value);
}
