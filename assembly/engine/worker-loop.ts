// Block-STM on one screen: what a worker does next, and how the head of the block is committed.

import {
  CONTROL_BASE, Control, Finish, Halt, Incarnation, Metric, Next, Outcome, ReadResult, SpanKind, Step, TxFlag, TxSlot,
  TxState, VersionFlag, Version, Worker, WorkerLife, WriteEntry,
} from "../layout";
import { hashIn, seed } from "../base/keyed-hash";
import * as shared from "../base/shared";
import { fault } from "../base/shared";
import { Fault } from "../base/faults";
import { announce, count, countTime, halt, keepReading, me, now, span, workerAt } from "../base/worker";
import { blockedBy, enterLane, fold } from "../store/versions";
import { locationAt } from "../store/locations";
import { executeNative, nativeGas, nativeOutput, nativeOutputLength, nativeRepeated } from "../execute/native";
import { lastLocation, unfinished } from "../execute/state-view";
import {
  NOTHING, claim, claimEarly, claimNext, claimOwn, claimStolen, commitIndex, hand, isBatchDue, nextToValidate,
  transactionCount, windowWasFull,
} from "../schedule/scheduler";
import { commit, hasFlag, isOrphaned, recordIn, resume, slotAt, stateIn, statusOf } from "../schedule/status";
import { abort, reclaim } from "./abort";
import {
  beginAttempt, exhaustAttempt, noteRepeated, parkAttempt, publishAttempt, rest, suspendAttempt, writesOf,
} from "./attempt";
import { recoverAhead, recoverClaimed } from "./recovery";
import { foldShares } from "./residence";
import { Validity, isFirstOfLane, isStamped, validate } from "./validation";

/** Of 2^32 hashes of credits, those below are folded: over every 32nd an absolute value is put. */
const FOLDED: u32 = 1 << 27;
/** How often an idle worker looks again before it sleeps: about 10 µs. */
const SPINS: u32 = isDefined(MODEL) ? 1 : 400;

let foldScratch: u32 = 0;

export function resetWorkerLoop(scratch: u32): void {
  foldScratch = scratch;
}

/**
 * Runs the block until a transaction is there for the host language (its index; the attempt has begun), or the block is
 * DONE or HALTED. Transactions for the executor inside the core run in here, thousands per millisecond.
 * With `maySleep` false it answers IDLE instead of sleeping, and after `budgetMs` milliseconds inside (NaN: never).
 */
export function next(maySleep: bool, budgetMs: f64): i32 {
  keepReading(0);
  const mayGoOn = maySleep || isNaN(budgetMs);
  const entered = mayGoOn ? 0 : now();
  while (true) {
    if (shared.read(CONTROL_BASE, Control.HALT) != Halt.NONE) return rested(Next.HALTED);
    if (shared.read(CONTROL_BASE, Control.ALIVE + (me << 2)) != WorkerLife.ALIVE) return Next.DISMISSED;
    // Before looking for work: what is announced from here on keeps us from sleeping.
    const events = shared.read(CONTROL_BASE, Control.EVENTS);
    const transaction = pick();
    if (transaction != NOTHING) {
      recoverClaimed(u32(transaction));
      // Before the attempt notes its clock: all that it reads then is committed.
      const atHead = commitIndex() == u32(transaction);
      beginAttempt(u32(transaction));
      if (!hasFlag(u32(transaction), TxFlag.NATIVE)) return transaction;
      attemptNative(u32(transaction), atHead);
      if (!mayGoOn && now() - entered >= budgetMs) return rested(Next.IDLE);
      continue;
    }
    rest();
    if (commitIndex() >= transactionCount()) {
      if (shared.read(CONTROL_BASE, Control.FOLDING) != 0) foldShares();
      return Next.DONE;
    }
    if (shared.read(CONTROL_BASE, Control.HALT) != Halt.NONE) return Next.HALTED;
    if (recoverAhead()) {
      if (!mayGoOn && now() - entered >= budgetMs) return Next.IDLE;
      continue;
    }
    if (isStarved()) {
      halt(Halt.MISSING_STATE, commitIndex());
      return Next.HALTED;
    }
    if (!maySleep) return Next.IDLE;
    idle(events);
  }
}

/** `answer`, of a worker that executes nothing any more. */
function rested(answer: i32): i32 {
  rest();
  return answer;
}

/**
 * Whether the head waits, somebody misses state, and nobody is executing: nothing more can be found out. Asked by
 * workers with nothing to do; each has cleared its RUNNING before it asks, so the last of them sees that it is the
 * last.
 */
function isStarved(): bool {
  if (shared.read(CONTROL_BASE, Control.MISSING) == 0) return false;
  if (stateIn(statusOf(commitIndex())) != TxState.SUSPENDED) return false;
  const workers = load<u32>(CONTROL_BASE, Control.WORKERS);
  for (let id: u32 = 1; id <= workers; id++) {
    if (shared.read(CONTROL_BASE, Control.ALIVE + (id << 2)) != WorkerLife.ALIVE) continue;
    if (shared.read(workerAt(id), Worker.RUNNING) != 0) return false;
  }
  return true;
}

/** Runs the attempt that has begun inside the core, to whatever end. */
function attemptNative(transaction: u32, atHead: bool): void {
  const outcome = executeNative(transaction);
  if (nativeRepeated) noteRepeated();
  if (outcome == unfinished(ReadResult.BLOCKED)) suspendAttempt(blockedBy);
  else if (outcome == unfinished(ReadResult.MISSING)) parkAttempt(lastLocation);
  else if (outcome == unfinished(ReadResult.EXHAUSTED)) exhaustAttempt();
  else if (publishAttempt(outcome, nativeGas, nativeOutput(), nativeOutputLength(), atHead) == Finish.COMMITTED) {
    committed(transaction, statusOf(transaction));
  }
}

/** Claims the transaction that this worker should attempt now, or NOTHING. The order is the policy. */
function pick(): i32 {
  let transaction = advanceHead();
  if (transaction != NOTHING) return transaction;
  transaction = claimOwn();
  if (transaction != NOTHING) return transaction;
  validateEarly();
  transaction = claimOwn();
  if (transaction != NOTHING) return transaction;
  transaction = claimEarly();
  if (transaction != NOTHING) return transaction;
  transaction = claimNext();
  if (transaction != NOTHING) return transaction;
  return claimStolen();
}

/**
 * The head rule: commits what can be committed and makes sure that the lowest uncommitted transaction is being worked
 * on. All safety is here, and all progress: every other place may lose or delay work. Any worker; several at once.
 */
function advanceHead(): i32 {
  while (true) {
    const head = commitIndex();
    if (head >= transactionCount()) return NOTHING;
    const status = statusOf(head);
    const state = stateIn(status);
    if (state == TxState.COMMITTED) {
      moveHead(head, status);
    } else if (state == TxState.EXECUTED) {
      const stamped = isStamped(head, status);
      if (!stamped && validate(head, status) != Validity.HOLDS) {
        abort(head, status);
        if (shared.read(CONTROL_BASE, Control.HALT) != Halt.NONE) return NOTHING;
        continue;
      }
      if (isInvalid(status)) {
        halt(Halt.INVALID, head);
        return NOTHING;
      }
      commitHeld(head, status, stamped);
    } else if (state == TxState.READY) {
      if (claim(head)) return i32(head);
    } else if (state == TxState.SUSPENDED) {
      if (fault(Fault.LOST_WAKE)) return NOTHING;
      // It, or others, wait for state: all others run before the block halts for it, see isStarved.
      if (shared.read(CONTROL_BASE, Control.MISSING) != 0) return NOTHING;
      resume(head, status);
    } else if (isOrphaned(status)) {
      reclaim(head, status);
      if (shared.read(CONTROL_BASE, Control.HALT) != Halt.NONE) return NOTHING;
    } else {
      return NOTHING; // somebody is at it
    }
  }
}

/** The same for loops of others: Step.HOLDS, FAILS where the head was taken back, NOTHING where another did it. */
export function commitExecuted(head: u32, status: u64): u32 {
  const stamped = isStamped(head, status);
  if (!stamped && validate(head, status) != Validity.HOLDS) return abort(head, status) ? Step.FAILS : Step.NOTHING;
  return commitHeld(head, status, stamped) ? Step.HOLDS : Step.NOTHING;
}

/** Commits an executed head whose reads hold; false where another did. */
// @ts-ignore: decorator
@inline
function commitHeld(head: u32, status: u64, stamped: bool): bool {
  if (!commit(head, status)) return false;
  if (!stamped) count(Metric.COMPARED_COMMITS, 1);
  committed(head, status);
  return true;
}

/** What belongs to a commit, for whoever has made it. */
function committed(head: u32, status: u64): void {
  count(Metric.COMMITS, 1);
  moveHead(head, status);
  foldCredits(head, recordIn(status));
}

/**
 * Moves the commit index past a COMMITTED head. Anyone may help, so that nobody's death stops the block.
 * Order: the clock that stamps are compared with rises with the index, by one swap: a head never sees too low a clock.
 */
function moveHead(head: u32, status: u64): void {
  const published = shared.read(recordIn(status), Incarnation.PUBLISHED);
  const from = shared.read64(CONTROL_BASE, Control.COMMIT_INDEX);
  if (u32(from) == head || fault(Fault.COMMIT_INDEX_WITHOUT_SWAP)) {
    const clock = u32(from >> 32);
    const to = u64(head + 1) | (u64(published > clock ? published : clock) << 32);
    moveCommitWord(from, to);
  }
  // Sleepers care for the end, and for the window when it was all begun.
  if (head + 1 == transactionCount() || windowWasFull(head)) announce();
}

// @ts-ignore: decorator
@inline
function moveCommitWord(from: u64, to: u64): void {
  if (fault(Fault.COMMIT_INDEX_WITHOUT_SWAP)) {
    shared.write64(CONTROL_BASE, Control.COMMIT_INDEX, to);
  } else if (fault(Fault.COMMIT_CLOCK_AFTER_INDEX)) {
    const between = u64(u32(to)) | (from & 0xffffffff00000000);
    if (shared.swapIf64(CONTROL_BASE, Control.COMMIT_INDEX, from, between)) {
      shared.swapIf64(CONTROL_BASE, Control.COMMIT_INDEX, between, to);
    }
  } else {
    shared.swapIf64(CONTROL_BASE, Control.COMMIT_INDEX, from, to);
  }
}

/** Validates executed transactions ahead of the head, so that wrong ones run again early. */
function validateEarly(): void {
  const batch = load<u32>(CONTROL_BASE, Control.VALIDATION_BATCH);
  if (batch > 1 && !isBatchDue(batch)) return;
  while (true) {
    const transaction = nextToValidate();
    if (transaction == NOTHING) return;
    const status = statusOf(u32(transaction));
    if (stateIn(status) != TxState.EXECUTED || isFirstOfLane(u32(transaction))) continue;
    // Who awaits a value is asked again when it is there: see validate.
    if (validate(u32(transaction), status) != Validity.FAILS) continue;
    if (abort(u32(transaction), status)) hand(u32(transaction));
    return;
  }
}

function isInvalid(status: u64): bool {
  return load<u32>(CONTROL_BASE, Control.HALT_ON_INVALID) != 0 &&
    load<u32>(recordIn(status), Incarnation.OUTCOME) == Outcome.INVALID;
}

/** Makes long runs of credits absolute. Performance only. */
function foldCredits(transaction: u32, record: u32): void {
  const writes = writesOf(record);
  const total = load<u32>(record, Incarnation.WRITE_COUNT);
  for (let at: u32 = 0; at < total; at++) {
    const write = writes + at * WriteEntry.SIZE;
    const location = load<u32>(write, WriteEntry.LOCATION);
    if (!isFolded(transaction, location)) continue;
    const meta = shared.read(load<u32>(write, WriteEntry.NODE), Version.META);
    if ((meta & VersionFlag.DELTA) == 0) continue;
    enterLane(fault(Fault.LANE_CREDITS_MIXED) ? 0 : load<u32>(slotAt(transaction), TxSlot.FLOOR));
    fold(locationAt(location), transaction, foldScratch);
  }
}

/**
 * Whether a credit of `transaction` to location number `location` is one of those that are folded: a hash that nobody
 * knows, so that nobody can see to it that the runs of credits become long (test/unit/growth).
 */
// @ts-ignore: decorator
@inline
function isFolded(transaction: u32, location: u32): bool {
  if (isDefined(MODEL)) return (transaction & 1) == 1;
  return hashIn(seed(0) + seed(1) * transaction + seed(2) * location) < foldedBelow();
}

// @ts-ignore: decorator
@inline
function foldedBelow(): u32 {
  const below = load<u32>(CONTROL_BASE, Control.FOLD_BELOW);
  return below == 0 ? FOLDED : below;
}

/** Sleeps until something is announced, unless that happened since `events` was read. */
function idle(events: u32): void {
  keepReading(0);
  const start = now();
  for (let spin: u32 = 0; spin < SPINS; spin++) {
    if (shared.read(CONTROL_BASE, Control.EVENTS) != events) return;
  }
  count(Metric.SLEEPS, 1);
  shared.add(CONTROL_BASE, Control.SLEEPERS, 1);
  shared.wait(CONTROL_BASE, Control.EVENTS, events, load<u32>(CONTROL_BASE, Control.IDLE_MS));
  shared.add(CONTROL_BASE, Control.SLEEPERS, u32(-1));
  const end = now();
  countTime(Metric.IDLE_MS, end - start);
  span(SpanKind.IDLE, 0, 0, start, end);
}
