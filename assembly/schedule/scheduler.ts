// Where the next transaction comes from: the own deque, the execution cursor, other deques. All of it is performance
// only; the head rule of engine/worker-loop.ts alone guarantees progress.

import { CONTROL_BASE, Control, MAX_WORKERS, Metric, PolicyFlag, TxFlag, TxSlot, TxState, WorkerLife } from "../layout";
import * as shared from "../base/shared";
import { announce, count, dequeAt, me } from "../base/worker";
import { NONE, unmetDependency, waitFor } from "./dependencies";
import { EMPTY, RETRY, peekBottom, peekTop, pop, push, steal } from "./deque";
import {
  beginExecution, executingFrom, incarnationIn, postpone, slotAt, stateIn, statusOf, waitsForHead,
} from "./status";

/** Status word that the last successful `claim` of this instance left: the attempt is ours as long as it stands. */
export let claimedStatus: u64 = 0;

/** No work of this kind. */
export const NOTHING: i32 = -1;

// @ts-ignore: decorator
@inline
export function transactionCount(): u32 {
  return load<u32>(CONTROL_BASE, Control.TRANSACTION_COUNT);
}

// @ts-ignore: decorator
@inline
export function commitIndex(): u32 {
  return shared.read(CONTROL_BASE, Control.COMMIT_INDEX);
}

/** The newest clock of all that is committed. */
// @ts-ignore: decorator
@inline
export function commitClock(): u32 {
  return u32(shared.read64(CONTROL_BASE, Control.COMMIT_INDEX) >> 32);
}

/** Whether a PolicyFlag is set for the block. */
// @ts-ignore: decorator
@inline
export function hasPolicy(flag: u32): bool {
  return (load<u32>(CONTROL_BASE, Control.POLICY) & flag) != 0;
}

/**
 * Makes this worker the owner of `transaction`'s next attempt. False when it is not READY, belongs to the head only, or
 * first needs a transaction that has not executed (it then sleeps until that one has).
 */
export function claim(transaction: u32): bool {
  while (true) {
    const status = statusOf(transaction);
    if (stateIn(status) != TxState.READY) return false;
    if (transaction != commitIndex()) {
      if (waitsForHead(transaction, status)) return false;
      const lower = unmetDependency(transaction);
      if (lower != NONE) {
        if (!postpone(transaction, status)) continue;
        count(Metric.WAITS, 1);
        if (waitFor(lower, transaction, incarnationIn(status))) continue;
        return false;
      }
    }
    if (beginExecution(transaction, status)) {
      claimedStatus = executingFrom(status);
      if (transaction == handed) handed = NONE;
      return true;
    }
  }
}

// The transaction that this worker has woken and will look at next: nobody else need know, and nobody is woken for it.
let handed: u32 = NONE;

/** Called by each worker when it joins a block. */
export function resetScheduler(): void {
  handed = NONE;
  partitionCursor = 0;
}

/**
 * Keeps a woken transaction for this worker's next pick; of several the lowest, the others go to the deque. A chain of
 * dependent transactions then stays on one worker instead of being stolen link by link, each at the price of a wake-up.
 */
export function hand(transaction: u32): void {
  if (hasPolicy(PolicyFlag.ORDERED)) return schedule(transaction);
  if (hasPolicy(PolicyFlag.PARTITIONED) && !isOurs(transaction)) return announce();
  if (handed != NONE) {
    schedule(transaction > handed ? transaction : handed);
    if (transaction > handed) return;
  }
  handed = transaction;
}

/** The transaction that this worker has woken for itself, NONE for none. For tests. */
export function handedTransaction(): u32 {
  return handed;
}

/** Remembers in the own deque that `transaction` can run, and tells sleeping workers. */
export function schedule(transaction: u32): void {
  if (hasPolicy(PolicyFlag.ORDERED)) {
    shared.lower(CONTROL_BASE, Control.EXECUTION_CURSOR, transaction);
    return announce();
  }
  if (!push(dequeAt(me), transaction)) count(Metric.DROPPED_HINTS, 1);
  else announce();
}

/** Claims what this worker has just woken, then from the own deque, the lower index of its two ends first. */
export function claimOwn(): i32 {
  if (handed != NONE) {
    const transaction = handed;
    handed = NONE;
    if (claim(transaction)) return i32(transaction);
  }
  const deque = dequeAt(me);
  while (true) {
    const bottom = peekBottom(deque);
    if (bottom == EMPTY) return NOTHING;
    const top = peekTop(deque);
    const task = top != EMPTY && top < bottom ? steal(deque) : pop(deque);
    if (task == EMPTY) return NOTHING;
    if (task != RETRY && claim(u32(task))) return task;
  }
}

/** Claims the next of those that are to begin ahead of their turn: long ones, and the first of long chains. */
export function claimEarly(): i32 {
  if (hasPolicy(PolicyFlag.ORDERED | PolicyFlag.PARTITIONED)) return NOTHING;
  while (true) {
    const next = shared.read(CONTROL_BASE, Control.EARLY_CURSOR);
    const early = next < transactionCount() ? load<u32>(slotAt(next), TxSlot.EARLY) : 0;
    if (early == 0) return NOTHING;
    if (!shared.swapIf(CONTROL_BASE, Control.EARLY_CURSOR, next, next + 1)) continue;
    if (claim(early - 1)) return i32(early - 1);
  }
}

/** Claims the next transaction that nobody has begun, below the window above the commit index. */
export function claimNext(): i32 {
  if (hasPolicy(PolicyFlag.PARTITIONED)) return claimOfPartition();
  while (true) {
    const next = shared.read(CONTROL_BASE, Control.EXECUTION_CURSOR);
    const end = commitIndex() + load<u32>(CONTROL_BASE, Control.WINDOW);
    const total = transactionCount();
    if (next >= (end < total ? end : total)) return NOTHING;
    if (!shared.swapIf(CONTROL_BASE, Control.EXECUTION_CURSOR, next, next + 1)) continue;
    if (claim(next)) return i32(next);
  }
}

/** Where this worker looks next in its partition. */
let partitionCursor: u32 = 0;

/** Whether the transaction is of this worker's partition. */
function isOurs(transaction: u32): bool {
  const partitions = load<u32>(CONTROL_BASE, Control.POLICY) >> PolicyFlag.PARTITIONS;
  const partition = shared.read(slotAt(transaction), TxSlot.FLAGS) >> TxFlag.PARTITION;
  return partitions == 0 || partition == (me - 1) % partitions + 1;
}

/** Claims from the own partition, lowest first; and then, where work is balanced, from all others. */
function claimOfPartition(): i32 {
  const head = commitIndex();
  const total = transactionCount();
  let end = head + load<u32>(CONTROL_BASE, Control.WINDOW);
  if (end > total) end = total;
  if (partitionCursor < head) partitionCursor = head;
  while (partitionCursor < end) {
    const next = partitionCursor++;
    if (isOurs(next) && claimBehindCursor(next)) return i32(next);
  }
  // What was passed, and is to run again by now.
  for (let next = head; next < end; next++) if (isOurs(next) && claimBehindCursor(next)) return i32(next);
  if (hasPolicy(PolicyFlag.UNBALANCED)) return NOTHING;
  for (let next = head; next < end; next++) if (claimBehindCursor(next)) return i32(next);
  return NOTHING;
}

/** Validation ahead of the head goes up to the cursor. */
function claimBehindCursor(transaction: u32): bool {
  if (!claim(transaction)) return false;
  shared.raise(CONTROL_BASE, Control.EXECUTION_CURSOR, transaction + 1);
  return true;
}

/** Whether no transaction could be begun because `head` was the commit index. */
export function windowWasFull(head: u32): bool {
  // Of whose partition the next one is, the cursor does not say.
  if (hasPolicy(PolicyFlag.PARTITIONED)) return true;
  return shared.read(CONTROL_BASE, Control.EXECUTION_CURSOR) >= head + load<u32>(CONTROL_BASE, Control.WINDOW);
}

/** Claims from the deque whose oldest entry is the lowest transaction. */
export function claimStolen(): i32 {
  if (hasPolicy(PolicyFlag.UNBALANCED)) return NOTHING;
  const workers = load<u32>(CONTROL_BASE, Control.WORKERS);
  while (true) {
    let victim: u32 = MAX_WORKERS;
    let lowest: i32 = i32.MAX_VALUE;
    for (let worker: u32 = 1; worker <= workers; worker++) {
      if (worker == me) continue;
      if (shared.read(CONTROL_BASE, Control.ALIVE + (worker << 2)) == WorkerLife.ABSENT) continue;
      const top = peekTop(dequeAt(worker));
      if (top != EMPTY && top < lowest) {
        lowest = top;
        victim = worker;
      }
    }
    if (victim == MAX_WORKERS) return NOTHING;
    const task = steal(dequeAt(victim));
    if (task == RETRY) {
      count(Metric.STEAL_RETRIES, 1);
      continue;
    }
    if (task != EMPTY) {
      count(Metric.STEALS, 1);
      if (claim(u32(task))) return task;
    }
  }
}

/** Whether as many transactions wait for validation ahead of the head as are validated at once. */
export function isBatchDue(batch: u32): bool {
  const next = shared.read(CONTROL_BASE, Control.VALIDATION_CURSOR);
  const frontier = shared.read(CONTROL_BASE, Control.EXECUTION_CURSOR);
  return next < frontier && frontier - next >= batch;
}

/** The next executed transaction below the execution cursor that should be validated again, or NOTHING. */
export function nextToValidate(): i32 {
  while (true) {
    const next = shared.read(CONTROL_BASE, Control.VALIDATION_CURSOR);
    const head = commitIndex();
    const frontier = shared.read(CONTROL_BASE, Control.EXECUTION_CURSOR);
    if (next >= frontier) return NOTHING;
    // What is committed needs no validation any more.
    const target = next < head ? head : next;
    if (!shared.swapIf(CONTROL_BASE, Control.VALIDATION_CURSOR, next, target + 1)) continue;
    if (target < frontier && stateIn(statusOf(target)) == TxState.EXECUTED) return i32(target);
  }
}

/** Asks for validation from `transaction` on: something that it or a higher one may have read has changed. */
export function revalidateFrom(transaction: u32): void {
  shared.lower(CONTROL_BASE, Control.VALIDATION_CURSOR, transaction);
}
