// The state before the block, as the host loads it. Filled before workers start, or between rounds.

import { BaseEntry, BaseFlag, Kind, Location } from "../layout";
import * as shared from "../base/shared";
import * as u256 from "../base/u256";
import { addCode } from "./code-store";
import { block, locate, locationAt, resetOf } from "./locations";

/** Loads `count` BaseEntry records from `batch`; returns how many fitted into the memory. Host only. */
export function loadBase(batch: u32, count: u32): u32 {
  for (let at: u32 = 0; at < count; at++) {
    const entry = batch + at * BaseEntry.SIZE;
    const kind = load<u32>(entry, BaseEntry.KIND);
    const value = entry + BaseEntry.VALUE;
    if (kind == Kind.BYTECODE) {
      if (!addCode(entry + BaseEntry.SLOT, load<u32>(value), load<u32>(value, 4))) return at;
      continue;
    }
    const index = locate(kind, entry + BaseEntry.ADDRESS, kind == Kind.STORAGE ? entry + BaseEntry.SLOT : 0);
    if (index == 0) return at;
    // What is known is known: of a state that stays, it may be newer than what its source says.
    if ((shared.read(locationAt(index), Location.BASE) & BaseFlag.KNOWN) != 0) continue;
    // What holds before the block is older than what the block does.
    setBase(locationAt(index), kind, value, BaseFlag.KNOWN, block - 1);
  }
  return count;
}

/** Makes `value` the base value of a location; `generation`: the block that gave it. */
export function setBase(location: u32, kind: u32, value: u32, flags: u32, generation: u32): void {
  u256.copy(location + Location.VALUE, value);
  shared.write(location, Location.GENERATION, generation);
  if (kind == Kind.STORAGE && !u256.isZero(value)) noteStorage(resetOf(location));
  // Last: until then the value is unknown.
  shared.setBits(location, Location.BASE, flags);
}

/** Remembers that an account has storage. */
export function noteStorage(reset: u32): void {
  if ((shared.read(reset, Location.BASE) & BaseFlag.SLOTS) == 0) shared.setBits(reset, Location.BASE, BaseFlag.SLOTS);
}
