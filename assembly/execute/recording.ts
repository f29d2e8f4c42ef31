// A transaction that an earlier run on the same state has recorded: where it would see what it saw then, it need not be
// executed, since it would do the same.
//
// Its reads are made as an executor makes them, so that they are validated like any others: whether the recording holds
// is decided by Block-STM, at the commit head at the latest.

import { Kind, ReadKind, ReadResult, RecordedAccess, Recording } from "../layout";
import { allocate } from "../base/arena";
import { atLeastAccess, creditAccess, readAccess, valueSeen, writeAccess } from "../store/access-set";
import { kindOf, locationAt } from "../store/locations";
import { resolvedFolded, resolvedNode, resolvedReset, sameValue } from "../store/versions";
import { noteLocation, unfinished } from "./state-view";

let value: u32 = 0;

/** Called by each worker when it joins a block; false when memory is exhausted. */
export function resetRecording(): bool {
  value = allocate(32);
  return value != 0;
}

/**
 * Does what was recorded: its Outcome. 0 where something that it read is another now, and nothing was written; or
 * `unfinished` of state-view.
 */
export function repeat(recording: u32): u32 {
  const reads = recording + Recording.SIZE;
  const writes = reads + load<u32>(recording, Recording.READ_COUNT) * RecordedAccess.SIZE;
  for (let read = reads; read < writes; read += RecordedAccess.SIZE) {
    const result = isAnswer(load<u32>(read, RecordedAccess.LOCATION) >> 24) ? ask(read) : readAgain(read);
    if (result == ReadResult.STALE) return 0;
    if (result == ReadResult.VALUE) continue;
    noteLocation(load<u32>(read, RecordedAccess.LOCATION) & 0xffffff);
    return unfinished(result);
  }
  const end = writes + load<u32>(recording, Recording.WRITE_COUNT) * RecordedAccess.SIZE;
  // What was written to an account that was emptied was written afterwards.
  if (!write(writes, end, true) || !write(writes, end, false)) return unfinished(ReadResult.EXHAUSTED);
  return load<u32>(recording, Recording.OUTCOME);
}

/** Address of what the transaction answered. */
export function recordedOutput(recording: u32): u32 {
  const accesses = load<u32>(recording, Recording.READ_COUNT) + load<u32>(recording, Recording.WRITE_COUNT);
  return recording + Recording.SIZE + accesses * RecordedAccess.SIZE;
}

// @ts-ignore: decorator
@inline
function isAnswer(kind: u32): bool {
  return kind == ReadKind.AT_LEAST || kind == ReadKind.BELOW;
}

/** Asks a question about a balance again: STALE where the answer is another. */
function ask(read: u32): u32 {
  const word = load<u32>(read, RecordedAccess.LOCATION);
  const result = atLeastAccess(word & 0xffffff, read + RecordedAccess.VALUE, value);
  if (result != ReadResult.VALUE) return result;
  return (load<u32>(value) != 0) == (word >> 24 == ReadKind.AT_LEAST) ? ReadResult.VALUE : ReadResult.STALE;
}

/** STALE where the value is another. */
function readAgain(read: u32): u32 {
  const index = load<u32>(read, RecordedAccess.LOCATION) & 0xffffff;
  const result = readAccess(index, value);
  if (result != ReadResult.VALUE) return result;
  const location = locationAt(index);
  let seen = read + RecordedAccess.VALUE;
  if (load<u32>(read, RecordedAccess.FLAG) != 0) {
    if (resolvedNode == 0 && resolvedReset == 0 && !resolvedFolded) return result;
    seen = valueSeen(location, ReadKind.VALUE, 0, 0, 0);
  }
  return sameValue(kindOf(location), seen, value) ? result : ReadResult.STALE;
}

/** Writes what empties accounts, or all the rest; false when memory is exhausted. */
function write(from: u32, to: u32, resets: bool): bool {
  for (let at = from; at < to; at += RecordedAccess.SIZE) {
    const word = load<u32>(at, RecordedAccess.LOCATION);
    if ((word >> 24 == Kind.RESET) != resets) continue;
    const location = word & 0xffffff;
    const done = load<u32>(at, RecordedAccess.FLAG) != 0
      ? creditAccess(location, at + RecordedAccess.VALUE)
      : writeAccess(location, at + RecordedAccess.VALUE);
    if (!done) return false;
  }
  return true;
}
