// One attempt at one transaction, from claim to publication. The state of the running attempt is per instance.

import {
  CONTROL_BASE, Control, Halt, Incarnation, Metric, Outcome, PolicyFlag, ReadEntry, ReadResult, SpanKind, Waiter,
  Finish, Worker, WriteEntry,
} from "../layout";
import { allocate } from "../base/arena";
import { copyBytes } from "../base/bytes";
import * as shared from "../base/shared";
import { fault } from "../base/shared";
import { Fault } from "../base/faults";
import { count, countTime, halt, keepReading, lastReading, me, now, reading, self, span } from "../base/worker";
import {
  beginAccessSet, readAccess, recheckAccesses, sealReads, sealWrites, sealedReadCount, sealedWriteCount,
} from "../store/access-set";
import { locationAt } from "../store/locations";
import { kill, link } from "../store/versions";
import { takeWaiters, waitFor, wake } from "../schedule/dependencies";
import { claimedStatus, hand, hasPolicy, revalidateFrom } from "../schedule/scheduler";
import { isTransfer } from "../execute/native";
import { reportMissing } from "../execute/state-view";
import {
  attach, attemptsIn, commit, finishExecution, incarnationIn, recordIn, publishingFrom, release, slotAt, statusOf,
  suspend,
} from "../schedule/status";

/** The transaction being attempted. */
export let current: u32 = 0;
let status: u64 = 0;
let began: u32 = 0;
/** Clock up to which the attempt's reads are known to agree with each other. */
let agreed: u32 = 0;
/** Whether the attempt was found to be STALE. */
let stale: bool = false;
/** Whether what the attempt did comes from a recording. */
let repeated: bool = false;
let startedAt: f64 = 0;
/** Whether it is a transfer, and whether the clock is read for it, see `isTimed`. */
let transfer: bool = false;
let timed: bool = true;
/**
 * Transfers of this worker in the block, and what one takes: falls at once to what one that was timed took, rises by a
 * part. The first, on cold code and memory, takes ten times as long as those that it would stand for.
 */
let transfers: u32 = 0;
let transferMs: f64 = 0;
/** Of those, how many have their time in EXECUTION_MS: that of the others is added for many at once. */
let accounted: u32 = 0;
let recheckValue: u32 = 0;

/**
 * Reading the clock twice costs a third of a transfer: of these one in so many is timed, and stands for the others.
 * One in eight cost 2 to 3 % of a block of transfers (`npm run bench -- counting`).
 */
const TRANSFERS_PER_READING: u32 = 64;
/** By which part of it a slower one counts. */
const STEADINESS: f64 = 8;

/** Called by each worker when it joins a block; false when memory is exhausted. */
export function resetAttempt(): bool {
  transfers = 0;
  transferMs = 0;
  accounted = 0;
  recheckValue = allocate(32);
  return recheckValue != 0;
}

/** Starts the attempt that `claim` has won. */
export function beginAttempt(transaction: u32): void {
  current = transaction;
  // Not read again: by now the transaction may have been taken away from us, and the word be somebody else's.
  status = fault(Fault.STATUS_READ_AGAIN) ? statusOf(transaction) : claimedStatus;
  // Before the first read: a transaction whose lower ones were all linked by then need not be validated.
  began = shared.read(CONTROL_BASE, Control.CLOCK);
  agreed = began;
  stale = false;
  repeated = false;
  if (shared.read(self, Worker.RUNNING) == 0) shared.write(self, Worker.RUNNING, 1);
  const slot = slotAt(transaction);
  if (attemptsIn(status) > 1) count(Metric.REEXECUTIONS, 1);
  count(Metric.EXECUTIONS, 1);
  beginAccessSet(transaction);
  transfer = isTransfer(slot);
  timed = isTimed();
  startedAt = timed ? beginningNow() : 0;
  keepReading(0);
}

/** When the attempt begins: with the end of the one before, if only publishing that and picking this came between. */
function beginningNow(): f64 {
  return lastReading != 0 && load<u32>(CONTROL_BASE, Control.PROFILE) == 0 ? lastReading : reading();
}

/** Whether the clock is read for an attempt: where it costs little, where spans are asked for, and for samples. */
function isTimed(): bool {
  if (!transfer || load<u32>(CONTROL_BASE, Control.PROFILE) != 0) return true;
  const earlier = transfers++;
  return earlier == 1 || earlier % TRANSFERS_PER_READING == 0;
}

/** How long the attempt took, in milliseconds. */
function durationUntil(endedAt: f64): f64 {
  if (!timed) return transferMs;
  const duration = endedAt - startedAt;
  if (transfer) {
    // This one is accounted for by itself.
    if (transfers != accounted) accounted++;
    accountForUntimed();
    const more = duration - transferMs;
    transferMs = transferMs == 0 || more < 0 ? duration : transferMs + more / STEADINESS;
  }
  return duration;
}

/** Incarnation number of the running attempt. */
export function currentIncarnation(): u32 {
  return incarnationIn(status);
}

/** Says of the attempt that it has executed nothing, but repeated what was recorded. */
export function noteRepeated(): void {
  repeated = true;
}

/** Adds the time of transfers for which the clock was not read. */
function accountForUntimed(): void {
  if (transfers == accounted) return;
  countTime(Metric.EXECUTION_MS, f64(transfers - accounted) * transferMs);
  accounted = transfers;
}

/** An attempt that is given up counts for nothing. */
// @ts-ignore: decorator
@inline
function giveUp(): void {
  shared.write(self, Worker.RUNNING, 0);
  if (transfer && transfers != accounted) accounted++;
}

/** Nothing is being executed by this worker. Before it asks whether anybody executes, see `isStarved`. */
export function rest(): void {
  accountForUntimed();
  if (shared.read(self, Worker.RUNNING) != 0) shared.write(self, Worker.RUNNING, 0);
}

/** `publishAttempt` for an executor in the host language, behind which the worker does not go on by itself. */
export function finishAttempt(outcome: u32, gas: u64, output: u32, outputLength: u32): u32 {
  shared.write(self, Worker.RUNNING, 0);
  return publishAttempt(outcome, gas, output, outputLength, false);
}

/**
 * Publishes what the attempt did. `output` is copied. Owner of the attempt. Returns Finish.EXECUTED, COMMITTED, LOST
 * (this worker was declared dead, nothing was published) or EXHAUSTED (the block is halted).
 *
 * Order, each step before the next, by the numbers in the code:
 *   1. nodes and record are complete, then attached by one swap: whoever takes over finds every node of ours;
 *   2. all nodes are linked, all nodes of the incarnation before are killed: no reader sees a mixture for good;
 *   3. the clock moves, and the record says to where: older stamps no longer vouch for us;
 *   4. EXECUTED; 5. those who wait are woken: they find us EXECUTED.
 *
 * `atHead`: it was the head before the attempt noted its clock, so that nothing that it has read can have changed. 4 is
 * COMMITTED then, and so is the answer, except where somebody wants reads compared, or the block may be invalid.
 */
export function publishAttempt(outcome: u32, gas: u64, output: u32, outputLength: u32, atHead: bool): u32 {
  const endedAt = timed ? reading() : 0;
  keepReading(endedAt);
  const duration = durationUntil(endedAt);
  const record = seal(outcome, gas, output, outputLength, duration);
  if (record == 0) {
    halt(Halt.EXHAUSTED, current);
    return Finish.EXHAUSTED;
  }
  if (!attach(current, status, record)) return lost(); // 1
  const publishing = publishingWord(record);
  replaceVersions(record, publishing); // 2
  shared.prepare(record, Incarnation.PUBLISHED, moveClock()); // 3
  revalidateFrom(current);
  const commits = atHead && outcome != Outcome.INVALID && !hasPolicy(PolicyFlag.EXACT);
  if (!(commits ? commit(current, publishing) : becomeExecuted(publishing))) return lost(); // 4
  wakeWaiting(); // 5
  if (timed) countTime(Metric.EXECUTION_MS, duration);
  span(SpanKind.EXECUTED, current, incarnationIn(status), startedAt, endedAt);
  return commits ? Finish.COMMITTED : Finish.EXECUTED;
}

// The steps of a publication. The model build can bring each of them out of its order: a step that a fault has moved
// stands at the place that it is moved to, and asks at its own whether it was.

let earlyClock: u32 = 0;

/** The status word that `attach` has left. */
function publishingWord(record: u32): u64 {
  return fault(Fault.ATTACH_WITHOUT_SWAP) ? statusOf(current) : publishingFrom(status, record);
}

function replaceVersions(record: u32, publishing: u64): void {
  if (fault(Fault.EXECUTED_BEFORE_LINKED)) finishExecution(current, publishing);
  if (fault(Fault.CLOCK_BEFORE_LINKED)) earlyClock = shared.add(CONTROL_BASE, Control.CLOCK, 1) + 1;
  linkAll(record);
  const previous = recordIn(status);
  // Before the first incarnation it is what was announced: engine/announcements.ts.
  if (previous == 0 || fault(Fault.OLD_VERSIONS_NOT_KILLED)) return;
  if (incarnationIn(status) != 0 || !fault(Fault.ANNOUNCED_SURVIVES)) killAll(previous);
}

/** The clock after the move. */
function moveClock(): u32 {
  return fault(Fault.CLOCK_BEFORE_LINKED) ? earlyClock : shared.add(CONTROL_BASE, Control.CLOCK, 1) + 1;
}

/** False when this worker was declared dead, and the publication is somebody else's. */
function becomeExecuted(publishing: u64): bool {
  if (fault(Fault.WAITERS_TAKEN_FIRST)) wakeWaiters(current);
  return fault(Fault.EXECUTED_BEFORE_LINKED) || finishExecution(current, publishing);
}

function wakeWaiting(): void {
  if (!fault(Fault.WAITERS_TAKEN_FIRST)) wakeWaiters(current);
}

/** The attempt is no longer ours. */
function lost(): u32 {
  count(Metric.LOST, 1);
  return Finish.LOST;
}

/**
 * Reads for an executor in the host language: a ReadResult, the value in `out`. Where other transactions were
 * published since the last read, all reads of the attempt are checked again first: host attempts take milliseconds,
 * and one that can only fail had better stop at once. Performance only. BLOCKED stands for STALE too:
 * `suspendAttempt` knows.
 */
export function readChecked(location: u32, out: u32): u32 {
  const result = readAccess(location, out);
  if (result != ReadResult.VALUE) return result;
  const clock = shared.read(CONTROL_BASE, Control.CLOCK);
  if (clock == agreed) return result;
  const recheck = recheckAccesses(recheckValue);
  if (recheck == ReadResult.VALUE) {
    agreed = clock;
    return result;
  }
  stale = recheck != ReadResult.BLOCKED; // otherwise nobody says whom to wait for
  return ReadResult.BLOCKED;
}

/** Gives a STALE attempt up: it runs again when this worker picks it again. */
function restartAttempt(): u32 {
  if (!release(current, status)) return lost();
  hand(current);
  return Finish.SUSPENDED;
}

/** Gives the attempt up until `blocker` has executed. Owner of the attempt. */
export function suspendAttempt(blocker: u32): u32 {
  giveUp();
  count(Metric.SUSPENSIONS, 1);
  if (load<u32>(CONTROL_BASE, Control.PROFILE) != 0) {
    span(SpanKind.SUSPENDED, current, incarnationIn(status), startedAt, now());
  }
  if (stale) return restartAttempt();
  if (!suspend(current, status)) return lost();
  if (waitFor(blocker, current, incarnationIn(status))) hand(current);
  return Finish.SUSPENDED;
}

/**
 * Gives the attempt up because the host has not loaded `location` (an index). The transaction sleeps until the block
 * halts for missing state, which it does when there is nothing else to run: so one halt finds what many transactions
 * miss.
 */
export function parkAttempt(location: u32): u32 {
  giveUp();
  if (!reportMissing(location)) {
    halt(Halt.EXHAUSTED, current);
    return Finish.EXHAUSTED;
  }
  if (!suspend(current, status)) return lost();
  return Finish.SUSPENDED;
}

/** Memory ran out in the middle of the attempt: the block is halted and will be drained. */
export function exhaustAttempt(): u32 {
  giveUp();
  halt(Halt.EXHAUSTED, current);
  return Finish.EXHAUSTED;
}

/** The incarnation record of the attempt, complete but not attached; 0 when memory is exhausted. */
function seal(outcome: u32, gas: u64, output: u32, outputLength: u32, duration: f64): u32 {
  const discardWrites = outcome == Outcome.FAILED || outcome == Outcome.INVALID;
  const reads = sealedReadCount();
  const writes: u32 = discardWrites ? 0 : sealedWriteCount();
  const record = allocate(Incarnation.SIZE + reads * ReadEntry.SIZE + writes * WriteEntry.SIZE);
  if (record == 0) return 0;
  let bytes: u32 = 0;
  if (outputLength != 0) {
    bytes = allocate(outputLength);
    if (bytes == 0) return 0;
    copyBytes(bytes, output, outputLength);
  }
  store<u32>(record, current, Incarnation.TRANSACTION);
  store<u32>(record, incarnationIn(status), Incarnation.NUMBER);
  store<u32>(record, recordIn(status), Incarnation.PREVIOUS);
  store<u32>(record, reads, Incarnation.READ_COUNT);
  store<u32>(record, writes, Incarnation.WRITE_COUNT);
  store<u32>(record, outcome, Incarnation.OUTCOME);
  store<u64>(record, gas, Incarnation.GAS);
  store<u32>(record, bytes, Incarnation.OUTPUT);
  store<u32>(record, outputLength, Incarnation.OUTPUT_LENGTH);
  store<u32>(record, began, Incarnation.BEGAN);
  shared.prepare(record, Incarnation.PUBLISHED, 0);
  store<f64>(record, duration, Incarnation.DURATION);
  store<u32>(record, me, Incarnation.WORKER);
  store<u32>(record, u32(repeated), Incarnation.REPEATED);
  sealReads(record + Incarnation.SIZE);
  if (!discardWrites && !sealWrites(writesOf(record), incarnationIn(status))) return 0;
  count(Metric.ACCESSES, u64(reads) | (u64(writes) << 32));
  return record;
}

// @ts-ignore: decorator
@inline
export function writesOf(record: u32): u32 {
  return record + Incarnation.SIZE + load<u32>(record, Incarnation.READ_COUNT) * ReadEntry.SIZE;
}

function linkAll(record: u32): void {
  const writes = writesOf(record);
  const total = load<u32>(record, Incarnation.WRITE_COUNT);
  for (let at: u32 = 0; at < total; at++) {
    const write = writes + at * WriteEntry.SIZE;
    link(locationAt(load<u32>(write, WriteEntry.LOCATION)), load<u32>(write, WriteEntry.NODE));
  }
}

/**
 * Makes every version of an incarnation DEAD, linked or not. Idempotent; any worker that has taken the transaction
 * over.
 */
export function killAll(record: u32): void {
  const writes = writesOf(record);
  const total = load<u32>(record, Incarnation.WRITE_COUNT);
  for (let at: u32 = 0; at < total; at++) kill(load<u32>(writes + at * WriteEntry.SIZE, WriteEntry.NODE));
}

/**
 * Wakes those who wait for `transaction`: the lowest for this worker, the others for anybody. Nothing else that a
 * publication makes possible needs another worker: the next pick of this one sees to it.
 */
function wakeWaiters(transaction: u32): void {
  let node = takeWaiters(transaction);
  while (node != 0) {
    const waiter = load<u32>(node, Waiter.TRANSACTION);
    if (wake(waiter, load<u32>(node, Waiter.INCARNATION))) hand(waiter);
    node = shared.read(node, Waiter.NEXT);
  }
}
