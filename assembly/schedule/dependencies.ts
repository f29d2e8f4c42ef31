// Who waits for whom. Dependencies only ever point down, are only hints, and losing one costs time, never the result.

import { push } from "../base/lists";
import { CONTROL_BASE, Control, Dependency, TxSlot, TxState, Waiter } from "../layout";
import { allocate } from "../base/arena";
import * as shared from "../base/shared";
import { fault } from "../base/shared";
import { Fault } from "../base/faults";
import { hasExecuted, incarnationIn, resume, slotAt, stateIn, statusOf } from "./status";

/** No transaction. */
export const NONE: u32 = 0xffffffff;

/**
 * Adds the hint that `higher` needs `lower`. Any thread, at any time; ignored unless lower < higher, both in the
 * block. False: no memory.
 */
export function addDependency(lower: u32, higher: u32): bool {
  if (lower >= higher || higher >= load<u32>(CONTROL_BASE, Control.TRANSACTION_COUNT)) return true;
  const node = allocate(Dependency.SIZE);
  if (node == 0) return false;
  store<u32>(node, lower, Dependency.LOWER);
  push(slotAt(higher), TxSlot.DEPENDENCIES, node);
  return true;
}

/** A dependency of `transaction` that has not executed yet, or NONE. */
export function unmetDependency(transaction: u32): u32 {
  let node = shared.read(slotAt(transaction), TxSlot.DEPENDENCIES);
  while (node != 0) {
    const lower = load<u32>(node, Dependency.LOWER);
    if (!hasExecuted(statusOf(lower))) return lower;
    node = shared.read(node, Dependency.NEXT);
  }
  return NONE;
}

/**
 * Lets the suspended (transaction, incarnation) wait for `blocker`. The caller has made it SUSPENDED before.
 * Returns whether it is READY again already: the blocker has executed meanwhile.
 *
 * Order: push, then look at the blocker again; its owner sets EXECUTED, then takes the list. So the waiter is seen by
 *   one of the two (test/model/dependencies: "no sleeper is forgotten"). Out of memory, it wakes at the head.
 */
export function waitFor(blocker: u32, transaction: u32, incarnation: u32): bool {
  const node = allocate(Waiter.SIZE);
  if (node == 0) return false;
  store<u32>(node, transaction, Waiter.TRANSACTION);
  store<u32>(node, incarnation, Waiter.INCARNATION);
  push(slotAt(blocker), TxSlot.WAITERS, node);
  if (fault(Fault.LOST_WAKE)) return false;
  return hasExecuted(statusOf(blocker)) && wake(transaction, incarnation);
}

/** SUSPENDED(incarnation) → READY(incarnation), if it still is. Any worker. */
export function wake(transaction: u32, incarnation: u32): bool {
  const status = statusOf(transaction);
  return stateIn(status) == TxState.SUSPENDED && incarnationIn(status) == incarnation && resume(transaction, status);
}

/** Takes the list of those who wait for `transaction`: the first Waiter, 0 for none. Called after it has EXECUTED. */
export function takeWaiters(transaction: u32): u32 {
  const slot = slotAt(transaction);
  if (shared.read(slot, TxSlot.WAITERS) == 0) return 0;
  return shared.swap(slot, TxSlot.WAITERS, 0);
}
