// Chase–Lev work-stealing deques ("Dynamic Circular Work-Stealing Deque", 2005), one per worker, bounded: what does not
// fit is dropped, since entries are hints. The owner pushes and pops at the bottom, thieves take from the top.

import { CONTROL_BASE, Control, Deque } from "../layout";
import * as shared from "../base/shared";
import { fault } from "../base/shared";
import { Fault } from "../base/faults";

/** Nothing there. */
export const EMPTY: i32 = -1;
/** Another thread took it first; there may be more. */
export const RETRY: i32 = -2;

// @ts-ignore: decorator
@inline
function ringField(position: u32): u32 {
  return Deque.RING + ((position & (load<u32>(CONTROL_BASE, Control.DEQUE_CAPACITY) - 1)) << 2);
}

export function resetDeque(deque: u32): void {
  shared.write(deque, Deque.TOP, 0);
  shared.write(deque, Deque.BOTTOM, 0);
}

/**
 * Adds a task at the bottom; false when the deque is full. Owner only.
 *
 * Linearises: at the store of BOTTOM. Order: the item before BOTTOM, or a thief reads garbage
 *   (test/model/deque: "every task comes out as it went in"). Progress: wait-free.
 */
export function push(deque: u32, task: u32): bool {
  const bottom = shared.read(deque, Deque.BOTTOM);
  const top = shared.read(deque, Deque.TOP);
  if (bottom - top >= load<u32>(CONTROL_BASE, Control.DEQUE_CAPACITY)) return false;
  if (fault(Fault.DEQUE_PUBLISH_BEFORE_ITEM)) {
    shared.write(deque, Deque.BOTTOM, bottom + 1);
    shared.write(deque, ringField(bottom), task);
    return true;
  }
  shared.write(deque, ringField(bottom), task);
  shared.write(deque, Deque.BOTTOM, bottom + 1);
  return true;
}

/**
 * Takes the newest task, or EMPTY. Owner only.
 *
 * Linearises: at the store of BOTTOM (more than one task left), or at the swap of TOP (the last one).
 * Order: BOTTOM is lowered before TOP is read: a thief then sees the claim, or we see its
 *   (test/model/deque: "no task is taken twice"). Progress: wait-free.
 */
export function pop(deque: u32): i32 {
  let top: u32 = 0;
  if (fault(Fault.DEQUE_POP_READS_TOP_FIRST)) top = shared.read(deque, Deque.TOP);
  const bottom = shared.read(deque, Deque.BOTTOM) - 1;
  shared.write(deque, Deque.BOTTOM, bottom);
  if (!fault(Fault.DEQUE_POP_READS_TOP_FIRST)) top = shared.read(deque, Deque.TOP);
  if (i32(bottom - top) < 0) {
    shared.write(deque, Deque.BOTTOM, bottom + 1);
    return EMPTY;
  }
  const task = shared.read(deque, ringField(bottom));
  if (bottom != top) return i32(task);
  let won = true;
  if (fault(Fault.DEQUE_LAST_ITEM_WITHOUT_SWAP)) shared.write(deque, Deque.TOP, top + 1);
  else won = shared.swapIf(deque, Deque.TOP, top, top + 1);
  shared.write(deque, Deque.BOTTOM, bottom + 1);
  return won ? i32(task) : EMPTY;
}

/**
 * Takes the oldest task, EMPTY or RETRY. Any worker may call it, the owner too.
 *
 * Linearises: at the swap of TOP (taken) or the read of BOTTOM (empty). RETRY takes nothing.
 * Order: TOP before BOTTOM: a stale BOTTOM would let us claim a task its owner has already popped
 *   (test/model/deque: "no task is taken twice").
 * Progress: lock-free. RETRY means some other thread took a task.
 */
export function steal(deque: u32): i32 {
  let bottom: u32 = 0;
  if (fault(Fault.DEQUE_BOTTOM_BEFORE_TOP)) bottom = shared.read(deque, Deque.BOTTOM);
  const top = shared.read(deque, Deque.TOP);
  if (!fault(Fault.DEQUE_BOTTOM_BEFORE_TOP)) bottom = shared.read(deque, Deque.BOTTOM);
  if (i32(bottom - top) <= 0) return EMPTY;
  const task = shared.read(deque, ringField(top));
  return shared.swapIf(deque, Deque.TOP, top, top + 1) ? i32(task) : RETRY;
}

/** The task a thief would get now, EMPTY when there seems to be none. A guess: it may be gone at once. */
export function peekTop(deque: u32): i32 {
  const top = shared.read(deque, Deque.TOP);
  if (i32(shared.read(deque, Deque.BOTTOM) - top) <= 0) return EMPTY;
  return i32(shared.read(deque, ringField(top)));
}

/** The task that `pop` would return, EMPTY when there seems to be none. Owner only. */
export function peekBottom(deque: u32): i32 {
  const bottom = shared.read(deque, Deque.BOTTOM);
  if (i32(bottom - shared.read(deque, Deque.TOP)) <= 0) return EMPTY;
  return i32(shared.read(deque, ringField(bottom - 1)));
}
