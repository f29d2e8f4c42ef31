// The steps of Block-STM one by one, for hosts that build their own loop instead of calling `next`. Each is a
// transition that the worker's loop makes too, so that both may be at work in one block.

import { Step, TxState } from "../layout";
import { beginAccessSet } from "../store/access-set";
import { claim, commitIndex, transactionCount } from "../schedule/scheduler";
import { stateIn, statusOf } from "../schedule/status";
import { abort } from "./abort";
import { beginAttempt, current } from "./attempt";
import { Validity, validate } from "./validation";
import { commitExecuted } from "./worker-loop";

/** Begins the next attempt at a transaction of the host language; false when it cannot be claimed now. */
export function begin(transaction: u32): bool {
  if (transaction >= transactionCount() || !claim(transaction)) return false;
  beginAttempt(transaction);
  return true;
}

/** Forgets what the running attempt has read and written: it does it all anew. */
export function beginAgain(): void {
  beginAccessSet(current);
}

/** Whether what an executed transaction has read is still what it would read: Step.HOLDS or FAILS, or NOTHING. */
export function validateExecuted(transaction: u32): u32 {
  if (transaction >= transactionCount()) return Step.NOTHING;
  const status = statusOf(transaction);
  if (stateIn(status) != TxState.EXECUTED) return Step.NOTHING;
  return validate(transaction, status) == Validity.HOLDS ? Step.HOLDS : Step.FAILS;
}

/** Takes an executed transaction back, to be executed again; false when it is not executed, or committed. */
export function reexecute(transaction: u32): bool {
  if (transaction >= transactionCount()) return false;
  const status = statusOf(transaction);
  return stateIn(status) == TxState.EXECUTED && abort(transaction, status);
}

/** Commits the head of the block: Step.HOLDS; takes it back: FAILS; or NOTHING, where it has not executed. */
export function commitHead(): u32 {
  const head = commitIndex();
  if (head >= transactionCount()) return Step.NOTHING;
  const status = statusOf(head);
  return stateIn(status) == TxState.EXECUTED ? commitExecuted(head, status) : Step.NOTHING;
}
