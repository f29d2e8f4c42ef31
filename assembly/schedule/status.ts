// A transaction's status word and its transitions. Each transition is one compare-and-swap with a name; a false answer
// means that somebody else moved the transaction and the caller has no say in it any more.
//
//   READY(n) → EXECUTING(n) → PUBLISHING(n) → EXECUTED(n) → COMMITTED
//      ↑            ↓                             ↓
//      ├──── SUSPENDED(n)                    ABORTING(n)
//      └──────────────── n + 1 ──────────────────┘        (also: owner dead → ABORTING or READY(n + 1);
//                                                          of the head PUBLISHING(n) → COMMITTED)

import { CONTROL_BASE, Control, TxFlag, TxSlot, TxState, WorkerLife } from "../layout";
import * as shared from "../base/shared";
import { fault } from "../base/shared";
import { Fault } from "../base/faults";
import { me } from "../base/worker";

/** The attempts in a status word, and one of them. */
const ATTEMPTS: u64 = 0xfff00000;
const ATTEMPT: u64 = 1 << 20;

// @ts-ignore: decorator
@inline
export function slotAt(transaction: u32): u32 {
  return load<u32>(CONTROL_BASE, Control.SLOTS) + transaction * TxSlot.SIZE;
}

// @ts-ignore: decorator
@inline
export function statusOf(transaction: u32): u64 {
  return shared.read64(slotAt(transaction), TxSlot.STATUS);
}

// @ts-ignore: decorator
@inline
export function stateIn(status: u64): u32 {
  return u32(status) & 0xf;
}

// @ts-ignore: decorator
@inline
export function ownerIn(status: u64): u32 {
  return (u32(status) >> 4) & 0xff;
}

// @ts-ignore: decorator
@inline
export function incarnationIn(status: u64): u32 {
  return (u32(status) >> 12) & 0xff;
}

/** How often the transaction was claimed: 4,095 stands for more. */
// @ts-ignore: decorator
@inline
export function attemptsIn(status: u64): u32 {
  return u32(status) >> 20;
}

/** The newest attached incarnation record, 0 for none. */
// @ts-ignore: decorator
@inline
export function recordIn(status: u64): u32 {
  return u32(status >> 32);
}

// @ts-ignore: decorator
@inline
export function statusWord(state: u32, owner: u32, incarnation: u32, record: u32): u64 {
  return u64(state | (owner << 4) | (incarnation << 12)) | (u64(record) << 32);
}

/** The same status with another state, owner and incarnation. */
// @ts-ignore: decorator
@inline
function moved(status: u64, state: u32, owner: u32, incarnation: u32): u64 {
  return statusWord(state, owner, incarnation, recordIn(status)) | (status & ATTEMPTS);
}

// @ts-ignore: decorator
@inline
function swap(transaction: u32, from: u64, to: u64): bool {
  return shared.swapIf64(slotAt(transaction), TxSlot.STATUS, from, to);
}

/** READY(n) → EXECUTING(n): the caller's worker owns the attempt. Any worker. */
export function beginExecution(transaction: u32, status: u64): bool {
  const to = executingFrom(status);
  if (fault(Fault.CLAIM_WITHOUT_SWAP)) {
    shared.write64(slotAt(transaction), TxSlot.STATUS, to);
    return true;
  }
  return swap(transaction, status, to);
}

/** The status that a successful `beginExecution` leaves. */
export function executingFrom(status: u64): u64 {
  const counted = (status & ATTEMPTS) == ATTEMPTS ? status : status + ATTEMPT;
  return moved(counted, TxState.EXECUTING, me, incarnationIn(status));
}

/** EXECUTING(n) → PUBLISHING(n) with `record` attached. Owner; on false everything must be discarded. */
export function attach(transaction: u32, status: u64, record: u32): bool {
  const to = publishingFrom(status, record);
  if (fault(Fault.ATTACH_WITHOUT_SWAP)) {
    shared.write64(slotAt(transaction), TxSlot.STATUS, to);
    return true;
  }
  return swap(transaction, status, to);
}

/** The status that a successful `attach` leaves. */
export function publishingFrom(status: u64, record: u32): u64 {
  return statusWord(TxState.PUBLISHING, me, incarnationIn(status), record) | (status & ATTEMPTS);
}

/** PUBLISHING(n) → EXECUTED(n). Owner. */
export function finishExecution(transaction: u32, status: u64): bool {
  return swap(transaction, status, moved(status, TxState.EXECUTED, 0, incarnationIn(status)));
}

/** EXECUTING(n) → SUSPENDED(n): the owner gives the attempt up and waits for a lower transaction. Owner. */
export function suspend(transaction: u32, status: u64): bool {
  return swap(transaction, status, moved(status, TxState.SUSPENDED, 0, incarnationIn(status)));
}

/** EXECUTING(n) → READY(n): the owner gives the attempt up, to begin again. Owner. */
export function release(transaction: u32, status: u64): bool {
  return swap(transaction, status, moved(status, TxState.READY, 0, incarnationIn(status)));
}

/** READY(n) → SUSPENDED(n), before any attempt: a dependency is not there yet. Any worker. */
export function postpone(transaction: u32, status: u64): bool {
  return swap(transaction, status, moved(status, TxState.SUSPENDED, 0, incarnationIn(status)));
}

/** SUSPENDED(n) → READY(n). Any worker. */
export function resume(transaction: u32, status: u64): bool {
  return swap(transaction, status, moved(status, TxState.READY, 0, incarnationIn(status)));
}

/** EXECUTED(n), or owned by a dead worker → ABORTING(n), owned by the caller's worker. Any worker. */
export function beginAbort(transaction: u32, status: u64): bool {
  return swap(transaction, status, abortingFrom(status));
}

/** The status that a successful `beginAbort` leaves. */
export function abortingFrom(status: u64): u64 {
  return moved(status, TxState.ABORTING, me, incarnationIn(status));
}

/** ABORTING(n) → READY(n + 1). Owner of the abort. */
export function finishAbort(transaction: u32, status: u64): bool {
  return swap(transaction, status, moved(status, TxState.READY, 0, incarnationIn(status) + 1));
}

/** EXECUTING(n) of a dead worker → READY(n + 1). Any worker. */
export function dropAttempt(transaction: u32, status: u64): bool {
  return swap(transaction, status, moved(status, TxState.READY, 0, incarnationIn(status) + 1));
}

/**
 * EXECUTED(n) → COMMITTED with exactly the incarnation that was validated: whoever validated the head. Or
 * PUBLISHING(n) → COMMITTED: the owner of an attempt that began as the head, so that nothing it has read could change.
 */
export function commit(transaction: u32, status: u64): bool {
  const to = moved(status, TxState.COMMITTED, 0, incarnationIn(status));
  if (fault(Fault.COMMIT_WITHOUT_SWAP)) {
    const now = statusOf(transaction);
    shared.write64(slotAt(transaction), TxSlot.STATUS, moved(now, TxState.COMMITTED, 0, incarnationIn(now)));
    return true;
  }
  return swap(transaction, status, to);
}

/** Sets a TxFlag. Any thread, at any time; who has begun an attempt goes on with it. */
export function setFlag(transaction: u32, flag: u32): void {
  shared.setBits(slotAt(transaction), TxSlot.FLAGS, flag);
}

/** Whether a TxFlag is set. */
// @ts-ignore: decorator
@inline
export function hasFlag(transaction: u32, flag: u32): bool {
  return (shared.read(slotAt(transaction), TxSlot.FLAGS) & flag) != 0;
}

/** Whether the status is held by a worker that was declared dead. */
export function isOrphaned(status: u64): bool {
  const state = stateIn(status);
  if (state != TxState.EXECUTING && state != TxState.PUBLISHING && state != TxState.ABORTING) return false;
  if (fault(Fault.DEAD_NOT_RECLAIMED)) return false;
  return shared.read(CONTROL_BASE, Control.ALIVE + (ownerIn(status) << 2)) == WorkerLife.DEAD;
}

/** Whether the transaction has executed and nobody has found fault with it: what it wrote can be read. */
// @ts-ignore: decorator
@inline
export function hasExecuted(status: u64): bool {
  return stateIn(status) == TxState.EXECUTED || stateIn(status) == TxState.COMMITTED;
}

/** Whether the transaction may only be run at the commit head. */
// @ts-ignore: decorator
@inline
export function waitsForHead(transaction: u32, status: u64): bool {
  return hasFlag(transaction, TxFlag.HEAD_ONLY) ||
    incarnationIn(status) >= load<u32>(CONTROL_BASE, Control.INCARNATION_CAP);
}
