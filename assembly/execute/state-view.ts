// The state as the running attempt sees it, for executors inside the core: full keys in, ReadResult out.

import { push } from "../base/lists";
import { CONTROL_BASE, Control, Kind, Missing, ReadResult } from "../layout";
import { allocate } from "../base/arena";
import { atLeastAccess, creditAccess, readAccess, writeAccess } from "../store/access-set";
import { locate } from "../store/locations";

/** Index of the location that the last read of this instance was about: what MISSING names. */
export let lastLocation: u32 = 0;

/** Reads (kind, address, slot) into `out`, 32 bytes. */
export function readState(kind: u32, address: u32, slot: u32, out: u32): u32 {
  lastLocation = locate(kind, address, slot);
  return lastLocation == 0 ? ReadResult.EXHAUSTED : readAccess(lastLocation, out);
}

/** Writes `value`; false when memory is exhausted. */
export function writeState(kind: u32, address: u32, slot: u32, value: u32): bool {
  const location = locate(kind, address, slot);
  return location != 0 && writeAccess(location, value);
}

/** Adds `amount` without reading; false when memory is exhausted. */
export function creditState(kind: u32, address: u32, amount: u32): bool {
  const location = locate(kind, address, 0);
  return location != 0 && creditAccess(location, amount);
}

/** Whether the value is at least `bound`: `out` gets 1 or 0. */
export function atLeastState(kind: u32, address: u32, bound: u32, out: u32): u32 {
  lastLocation = locate(kind, address, 0);
  return lastLocation == 0 ? ReadResult.EXHAUSTED : atLeastAccess(lastLocation, bound, out);
}

/** Empties the account's storage; false when memory is exhausted. */
export function resetState(address: u32, one: u32): bool {
  return writeState(Kind.RESET, address, 0, one);
}

/** Index of a location, 0 when locations are exhausted: for executors that keep numbered entries of the access set. */
export function locateState(kind: u32, address: u32, slot: u32): u32 {
  return locate(kind, address, slot);
}

/** Says which location a read of a numbered entry was about. */
export function noteLocation(location: u32): void {
  lastLocation = location;
}

/** Tells the host that it should load `location`; false when memory is exhausted. */
export function reportMissing(location: u32): bool {
  const note = allocate(Missing.SIZE);
  if (note == 0) return false;
  store<u32>(note, location, Missing.LOCATION);
  push(CONTROL_BASE, Control.MISSING, note);
  return true;
}

/** What an executor returns for a ReadResult that ends the attempt: apart from every Outcome. */
// @ts-ignore: decorator
@inline
export function unfinished(readResult: u32): u32 {
  return readResult << 8;
}
