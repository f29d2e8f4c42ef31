// Validation: does an incarnation's read set still resolve to what it saw? The same resolver answers as for execution.

import {
  CONTROL_BASE, Conflict, Control, Incarnation, Metric, PolicyFlag, ReadEntry, ReadKind, ReadResult, SpanKind, TxSlot,
  Version, Worker,
} from "../layout";
import { allocate } from "../base/arena";
import * as shared from "../base/shared";
import { fault } from "../base/shared";
import { Fault } from "../base/faults";
import { count, countTime, keepReading, now, self, span } from "../base/worker";
import * as u256 from "../base/u256";
import { valueSeen } from "../store/access-set";
import { kindOf, locationAt } from "../store/locations";
import {
  blockedBy, enterLane, resolve, resolvedFolded, resolvedNode, resolvedReset, sameValue, transactionOf,
} from "../store/versions";
import { commitClock, hasPolicy } from "../schedule/scheduler";
import { incarnationIn, recordIn, slotAt } from "../schedule/status";

const BASE_WRITER: u32 = 0xffffffff;

let scratchValue: u32 = 0;

/** Called by each worker when it joins a block; false when memory is exhausted. */
export function resetValidation(): bool {
  scratchValue = allocate(32);
  return scratchValue != 0;
}

/** What is found of the reads of an incarnation. */
export class Validity {
  /** A value that it has read is another one now. */
  static readonly FAILS: u32 = 0;
  static readonly HOLDS: u32 = 1;
  /** A value that it has read is being computed again, and may come out the same. Not of a head. */
  static readonly AWAITS: u32 = 2;
}

/**
 * Validates the incarnation in `status` of `transaction` and stamps it when it holds. Any worker, any time; the
 * answer is final when everything below is committed. After AWAITS, who computes the value asks for validation again
 * when it is there: had the incarnation been taken back, it could run no sooner, and would mostly do the same.
 *
 * Order: the clock is read first. A stamp with clock c vouches for every version that was linked before c.
 */
export function validate(transaction: u32, status: u64): u32 {
  const profiled = load<u32>(CONTROL_BASE, Control.PROFILE) != 0;
  keepReading(0);
  const start = profiled ? now() : 0;
  let clock: u32 = 0;
  if (!fault(Fault.STAMP_AFTER_VALIDATION)) clock = shared.read(CONTROL_BASE, Control.CLOCK);
  const record = recordIn(status);
  enterLane(load<u32>(slotAt(transaction), TxSlot.FLOOR));
  const readCount = load<u32>(record, Incarnation.READ_COUNT);
  count(Metric.VALIDATIONS, 1);
  let validity = Validity.HOLDS;
  for (let at: u32 = 0; at < readCount; at++) {
    const read = record + Incarnation.SIZE + at * ReadEntry.SIZE;
    validity = validityOf(read, transaction);
    if (validity != Validity.HOLDS) break;
  }
  if (validity == Validity.FAILS) count(Metric.VALIDATION_FAILURES, 1);
  if (fault(Fault.STAMP_AFTER_VALIDATION)) clock = shared.read(CONTROL_BASE, Control.CLOCK);
  if (validity == Validity.HOLDS) {
    shared.write64(slotAt(transaction), TxSlot.VALIDATED, (u64(clock) << 8) | u64(incarnationIn(status)));
  }
  if (profiled) {
    const end = now();
    countTime(Metric.VALIDATION_MS, end - start);
    span(SpanKind.VALIDATED, transaction, incarnationIn(status), start, end);
  }
  return validity;
}

/**
 * Whether the incarnation in `status` is known to be right without looking at its reads: every transaction below is
 * committed (the caller sees to that), and their last versions were all linked before this incarnation's reads, or
 * before its last successful validation.
 */
export function isStamped(transaction: u32, status: u64): bool {
  if (fault(Fault.STALE_STAMP)) return true;
  if (isFirstOfLane(transaction)) return true;
  if (hasPolicy(PolicyFlag.EXACT)) return false;
  const newest = commitClock();
  if (load<u32>(recordIn(status), Incarnation.BEGAN) >= newest) return true;
  const stamp = shared.read64(slotAt(transaction), TxSlot.VALIDATED);
  return (u32(stamp) & 0xff) == incarnationIn(status) && u32(stamp >> 8) >= newest;
}

/** Whether the transaction sees nothing but the state before the block, so that nothing it read can change. */
// @ts-ignore: decorator
@inline
export function isFirstOfLane(transaction: u32): bool {
  const first = load<u32>(slotAt(transaction), TxSlot.FLOOR);
  return first == transaction || (fault(Fault.LANE_UNVALIDATED) && first != 0);
}

function validityOf(read: u32, transaction: u32): u32 {
  const word = load<u32>(read, ReadEntry.LOCATION);
  const location = locationAt(word & 0xffffff);
  const result = resolve(location, transaction, scratchValue);
  if (result == ReadResult.BLOCKED) return Validity.AWAITS;
  if (result == ReadResult.VALUE && isWhatWasSeen(read, location, word >> 24)) return Validity.HOLDS;
  noteConflict(read, transaction);
  return Validity.FAILS;
}

/** Whether the value that `resolve` has left is the one that was read, or answers the question alike. */
function isWhatWasSeen(read: u32, location: u32, kind: u32): bool {
  const aux = load<u32>(read, ReadEntry.AUX);
  if (kind == ReadKind.AT_LEAST) return !u256.less(scratchValue, aux);
  if (kind == ReadKind.BELOW) return u256.less(scratchValue, aux);
  const node = load<u32>(read, ReadEntry.NODE);
  const reset = load<u32>(read, ReadEntry.RESET);
  const quick = kind == ReadKind.VALUE && !resolvedFolded && !hasPolicy(PolicyFlag.EXACT);
  if (quick && node == resolvedNode && reset == resolvedReset) return true;
  // Another version, but perhaps the same value: nothing the transaction could tell apart.
  return sameValue(kindOf(location), valueSeen(location, kind, node, reset, aux), scratchValue);
}

/** Notes which location made a validation fail, for the report. Losing a note loses nothing else. */
function noteConflict(read: u32, transaction: u32): void {
  const note = allocate(Conflict.SIZE);
  if (note == 0) return;
  const location = load<u32>(read, ReadEntry.LOCATION) & 0xffffff;
  let writer = BASE_WRITER;
  if (resolve(locationAt(location), transaction, scratchValue) == ReadResult.BLOCKED) writer = blockedBy;
  else if (resolvedReset != 0) writer = transactionOf(shared.read(resolvedReset, Version.META));
  else if (resolvedNode != 0) writer = transactionOf(shared.read(resolvedNode, Version.META));
  store<u32>(note, load<u32>(self, Worker.CONFLICTS), Conflict.NEXT);
  store<u32>(note, location, Conflict.LOCATION);
  store<u32>(note, transaction, Conflict.READER);
  store<u32>(note, writer, Conflict.WRITER);
  store<u32>(self, note, Worker.CONFLICTS);
}
