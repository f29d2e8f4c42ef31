// The state before the block, as the host loads it. Filled before workers start, or between rounds.

import { BaseEntry, BaseValue, Kind, Location } from "../layout";
import { allocate } from "../base/arena";
import * as shared from "../base/shared";
import * as u256 from "../base/u256";
import { addCode } from "./code-store";
import { locate, locationAt } from "./locations";

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
    const record = allocate(BaseValue.SIZE);
    if (record == 0) return at;
    u256.copy(record + BaseValue.VALUE, value);
    shared.write(locationAt(index), Location.BASE, record);
  }
  return count;
}
