// What committed transactions read, wrote and answered, as Recording records for the host, which keeps them for a run
// on the state before, with some transactions changed. Host, when no worker is inside the core, before the next block
// begins.

import {
  CONTROL_BASE, Control, Incarnation, ReadEntry, ReadKind, RecordedAccess, Recording, TxFlag, Version, VersionFlag,
  WriteEntry,
} from "../layout";
import * as shared from "../base/shared";
import * as u256 from "../base/u256";
import { valueSeen } from "../store/access-set";
import { kindOf, locationAt } from "../store/locations";
import { hasFlag, recordIn, statusOf } from "../schedule/status";
import { writesOf } from "./attempt";
import { changesCursor, changesEnd, changesFit, changesStart, clearChanges, commitChange } from "./changes";

/**
 * Writes recordings of Ethereum transactions from number `from` on into the room for changes, as many as fit; returns
 * where to go on, the number of transactions at the end. One that is larger than the room is left out.
 */
export function recordTransactions(from: u32): u32 {
  clearChanges();
  const count = load<u32>(CONTROL_BASE, Control.TRANSACTION_COUNT);
  for (let at = from; at < count; at++) {
    if (!hasFlag(at, TxFlag.EVM)) continue;
    const record = recordIn(statusOf(at));
    const length = lengthOf(record);
    if (changesFit(length)) writeRecording(at, record, length);
    else if (changesEnd() != changesStart()) return at;
  }
  return count;
}

function lengthOf(record: u32): u32 {
  const accesses = load<u32>(record, Incarnation.READ_COUNT) + load<u32>(record, Incarnation.WRITE_COUNT);
  const length = Recording.SIZE + accesses * RecordedAccess.SIZE + load<u32>(record, Incarnation.OUTPUT_LENGTH);
  return (length + 7) & ~7;
}

function writeRecording(transaction: u32, record: u32, length: u32): void {
  const recording = changesCursor();
  const reads = load<u32>(record, Incarnation.READ_COUNT);
  const writes = load<u32>(record, Incarnation.WRITE_COUNT);
  store<u32>(recording, transaction, Recording.TRANSACTION);
  store<u32>(recording, length, Recording.LENGTH);
  store<u32>(recording, reads, Recording.READ_COUNT);
  store<u32>(recording, writes, Recording.WRITE_COUNT);
  store<u32>(recording, load<u32>(record, Incarnation.OUTCOME), Recording.OUTCOME);
  store<u32>(recording, load<u32>(record, Incarnation.OUTPUT_LENGTH), Recording.OUTPUT_LENGTH);
  store<u64>(recording, load<u64>(record, Incarnation.GAS), Recording.GAS);
  let to = recording + Recording.SIZE;
  for (let at: u32 = 0; at < reads; at++, to += RecordedAccess.SIZE) {
    writeRead(to, record + Incarnation.SIZE + at * ReadEntry.SIZE);
  }
  for (let at: u32 = 0; at < writes; at++, to += RecordedAccess.SIZE) {
    writeWrite(to, writesOf(record) + at * WriteEntry.SIZE);
  }
  memory.copy(to, load<u32>(record, Incarnation.OUTPUT), load<u32>(record, Incarnation.OUTPUT_LENGTH));
  commitChange(length);
}

/** Base values have gone on to what the block has left: that a read saw one is what stays true. */
function writeRead(to: u32, read: u32): void {
  const word = load<u32>(read, ReadEntry.LOCATION);
  const kind = word >> 24;
  const node = load<u32>(read, ReadEntry.NODE);
  const reset = load<u32>(read, ReadEntry.RESET);
  const aux = load<u32>(read, ReadEntry.AUX);
  const sawBase = kind == ReadKind.VALUE && node == 0 && reset == 0;
  store<u32>(to, word, RecordedAccess.LOCATION);
  store<u32>(to, u32(sawBase), RecordedAccess.FLAG);
  if (sawBase) u256.clear(to + RecordedAccess.VALUE);
  else if (kind == ReadKind.AT_LEAST || kind == ReadKind.BELOW) u256.copy(to + RecordedAccess.VALUE, aux);
  else u256.copy(to + RecordedAccess.VALUE, valueSeen(locationAt(word & 0xffffff), kind, node, reset, aux));
}

function writeWrite(to: u32, write: u32): void {
  const index = load<u32>(write, WriteEntry.LOCATION);
  const node = load<u32>(write, WriteEntry.NODE);
  const credited = (shared.read(node, Version.META) & VersionFlag.DELTA) != 0;
  store<u32>(to, index | (kindOf(locationAt(index)) << 24), RecordedAccess.LOCATION);
  store<u32>(to, u32(credited), RecordedAccess.FLAG);
  u256.copy(to + RecordedAccess.VALUE, node + Version.VALUE);
}
