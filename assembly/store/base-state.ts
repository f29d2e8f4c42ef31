// The state before the block, as the host loads it, and code by hash. Filled before workers start, or between rounds.

import { BaseEntry, BaseValue, CODE_PADDING, Kind, Location } from "../layout";
import { allocate } from "../base/arena";
import * as shared from "../base/shared";
import * as u256 from "../base/u256";
import { locate, locationAt, lookup } from "./locations";

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

/**
 * Makes code known under its hash. Any worker may call it, at any time: equal hashes mean equal code, so that doing it
 * twice changes nothing. False when memory is exhausted.
 */
export function addCode(hash: u32, bytes: u32, length: u32): bool {
  const index = locate(Kind.BYTECODE, hash, hash);
  if (index == 0) return false;
  const location = locationAt(index);
  if (shared.read(location, Location.BASE) != 0) return true;
  const record = allocate(BaseValue.CODE_BYTES + length + CODE_PADDING);
  if (record == 0) return false;
  store<u32>(record, length, BaseValue.CODE_LENGTH);
  shared.write(record, BaseValue.JUMP_MAP, 0);
  memory.copy(record + BaseValue.CODE_BYTES, bytes, length);
  memory.fill(record + BaseValue.CODE_BYTES + length, 0, CODE_PADDING);
  shared.swapIf(location, Location.BASE, 0, record);
  return true;
}

/** The record {length u32, bytes from offset 8} of the code with this hash, 0 when nobody added it. */
export function findCode(hash: u32): u32 {
  const index = lookup(Kind.BYTECODE, hash, hash);
  return index == 0 ? 0 : shared.read(locationAt(index), Location.BASE);
}
