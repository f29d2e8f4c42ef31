// What transactions will write, as somebody who need not be trusted has announced it: a block access list
// (EIP-7928), an oracle. Readers take announced values for those of the transaction until it has executed.
//
// An announcement is a record like that of an incarnation, with versions of number 0, and the transaction begins with
// it as what its first incarnation replaces. So all rules are those of incarnations: publishing kills what was
// announced, whether it was right, wrong or not written at all; who takes over from a dead publisher does it again;
// readers are validated by value at the commit head, where everything below has published, and nothing announced is
// left to see.

import {
  BaseEntry, Incarnation, Kind, ReadResult, TxSlot, TxState, Version, VersionFlag, WriteEntry,
} from "../layout";
import { allocate } from "../base/arena";
import * as shared from "../base/shared";
import { addCode } from "../store/code-store";
import { kindOf, locate, locationAt } from "../store/locations";
import { createVersion, enterLane, link, resolve, sameValue } from "../store/versions";
import { slotAt, statusWord } from "../schedule/status";
import { writesOf } from "./attempt";

/**
 * Announces what `transaction` will leave: `count` BaseEntry records from `batch` on. Host, before workers start, once
 * per transaction. False when memory or locations are exhausted: then none of it, or a part, is announced.
 */
export function announce(transaction: u32, batch: u32, count: u32): bool {
  const record = allocate(Incarnation.SIZE + count * WriteEntry.SIZE);
  if (record == 0) return false;
  memory.fill(record, 0, Incarnation.SIZE);
  store<u32>(record, transaction, Incarnation.TRANSACTION);
  let at: u32 = 0;
  while (at < count && announceOne(transaction, record, batch + at * BaseEntry.SIZE)) at++;
  const slot = slotAt(transaction);
  store<u32>(slot, record, TxSlot.ANNOUNCED);
  shared.write64(slot, TxSlot.STATUS, statusWord(TxState.READY, 0, 0, record));
  return at == count;
}

function announceOne(transaction: u32, record: u32, entry: u32): bool {
  const kind = load<u32>(entry, BaseEntry.KIND);
  const value = entry + BaseEntry.VALUE;
  if (kind == Kind.BYTECODE) return addCode(entry + BaseEntry.SLOT, load<u32>(value), load<u32>(value, 4)) != 0;
  const index = locate(kind, entry + BaseEntry.ADDRESS, kind == Kind.STORAGE ? entry + BaseEntry.SLOT : 0);
  if (index == 0) return false;
  const node = createVersion(transaction, 0, VersionFlag.LIVE | VersionFlag.ANNOUNCED, value);
  if (node == 0) return false;
  const written = load<u32>(record, Incarnation.WRITE_COUNT);
  const write = writesOf(record) + written * WriteEntry.SIZE;
  store<u32>(write, index, WriteEntry.LOCATION);
  store<u32>(write, node, WriteEntry.NODE);
  store<u32>(record, written + 1, Incarnation.WRITE_COUNT);
  link(locationAt(index), node);
  return true;
}

/** Index of the first location of the last `countWrong` that holds something else than was announced. */
let wrong: u32 = 0;

/**
 * How many places do not hold what was announced once `transaction` is done; it and all below are committed. `scratch`:
 * 32 bytes. Host, when no worker is inside the core.
 */
export function countWrong(transaction: u32, scratch: u32): u32 {
  const record = load<u32>(slotAt(transaction), TxSlot.ANNOUNCED);
  if (record == 0) return 0;
  enterLane(0);
  let count: u32 = 0;
  const total = load<u32>(record, Incarnation.WRITE_COUNT);
  for (let at: u32 = 0; at < total; at++) {
    const write = writesOf(record) + at * WriteEntry.SIZE;
    const index = load<u32>(write, WriteEntry.LOCATION);
    const location = locationAt(index);
    const announced = load<u32>(write, WriteEntry.NODE) + Version.VALUE;
    const known = resolve(location, transaction + 1, scratch) == ReadResult.VALUE;
    if (known && sameValue(kindOf(location), scratch, announced)) continue;
    if (count == 0) wrong = index;
    count++;
  }
  return count;
}

export function wrongLocation(): u32 {
  return wrong;
}
