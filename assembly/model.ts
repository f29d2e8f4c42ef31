// What the model tests drive beside the ABI: the core's inner operations, one by one. Compiled by the `model` target
// only.

import {
  Control, CONTROL_BASE, EvmSender, Kind, Operation, Outcome, ReadResult, Scratch, TxSlot, TxState,
} from "./layout";
import { locateScratch, read, scratch, suspend, write } from "./index";
import { store32be } from "./base/bytes";
import * as shared from "./base/shared";
import { abort, reclaim } from "./engine/abort";
import { finishAttempt, suspendAttempt } from "./engine/attempt";
import { recoverClaimed } from "./engine/recovery";
import { next } from "./engine/worker-loop";
import { senderOf } from "./execute/evm/transaction/sender";
import { mix } from "./execute/synthetic";
import { isOrphaned, slotAt, stateIn, statusOf } from "./schedule/status";
import { locationAt, lookup } from "./store/locations";
import { createVersion, fold, kill, link, markEstimate, resolve } from "./store/versions";

export { recoverAhead } from "./engine/recovery";
export { dequeAt } from "./base/worker";
export { peekBottom, peekTop, pop, push, steal } from "./schedule/deque";
export { claim, claimOwn, handedTransaction } from "./schedule/scheduler";
export { beginAttempt } from "./engine/attempt";
export { createVersion, fold, kill, link, locationAt, lookup, markEstimate, resolve, suspendAttempt };

/**
 * Works like a worker whose executor is in the host language: runs the block to the end, interpreting READ, WRITE and
 * INCREMENT of synthetic programs through the ABI.
 */
export function workOutside(): i32 {
  while (true) {
    const transaction = next(true, 0);
    if (transaction < 0) return transaction;
    attemptOutside(u32(transaction));
  }
}

function attemptOutside(transaction: u32): void {
  const program = load<u32>(slotAt(transaction), TxSlot.INPUT);
  const end = program + load<u32>(slotAt(transaction), TxSlot.INPUT_LENGTH);
  const value = scratch() + Scratch.VALUE;
  let accumulator: u64 = transaction;
  for (let at = program; at < end; at += 16) {
    const operation = load<u32>(at);
    store32be(scratch() + Scratch.ADDRESS + 16, load<u32>(at, 4));
    store32be(scratch() + Scratch.SLOT + 28, load<u32>(at, 8));
    const location = locateScratch(Kind.STORAGE);
    if (operation != Operation.WRITE) {
      if (read(location) != ReadResult.VALUE) {
        suspend();
        return;
      }
      if (operation == Operation.READ) accumulator = mix(accumulator, load<u64>(value));
    }
    if (operation == Operation.WRITE) store<u64>(value, mix(accumulator, load<u32>(at, 12)));
    if (operation == Operation.INCREMENT) store<u64>(value, load<u64>(value) + load<u32>(at, 12));
    if (operation != Operation.READ) write(location);
  }
  const output = scratch() + Scratch.BOUND;
  store<u64>(output, accumulator);
  finishAttempt(Outcome.SUCCESS, 0, output, 8);
}

/**
 * Looks at a transaction's sender as an attempt does: its first four bytes; 1 for NOBODY, 0 when memory is exhausted.
 */
export function senderSeen(transaction: u32): u32 {
  recoverClaimed(transaction);
  const sender = senderOf(load<u32>(slotAt(transaction), TxSlot.INPUT));
  return sender == EvmSender.UNKNOWN || sender == EvmSender.NOBODY ? sender : load<u32>(sender);
}

/** Transactions committed so far. */
export function committed(): u32 {
  return shared.read(CONTROL_BASE, Control.COMMIT_INDEX);
}

/** Takes an executed transaction back, as a failed validation does. */
export function abortExecuted(transaction: u32): bool {
  const status = statusOf(transaction);
  return stateIn(status) == TxState.EXECUTED && abort(transaction, status);
}

/** Takes a transaction away from its owner if that was declared dead. */
export function reclaimOrphan(transaction: u32): bool {
  const status = statusOf(transaction);
  return isOrphaned(status) && reclaim(transaction, status);
}

/** Ends the running attempt with success and no output. */
export function finishPlainly(): u32 {
  return finishAttempt(Outcome.SUCCESS, 0, 0, 0);
}
