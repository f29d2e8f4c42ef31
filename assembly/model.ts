// What the model tests drive beside the ABI: the core's inner operations, one by one. Compiled by the `model` target only.

import { CONTROL_BASE, Control, Outcome } from "./layout";
import * as shared from "./base/shared";
import { finishAttempt, suspendAttempt } from "./engine/attempt";
import { locationAt, lookup } from "./store/locations";
import { createVersion, fold, kill, link, markEstimate, resolve } from "./store/versions";

export { dequeAt } from "./base/worker";
export { peekBottom, peekTop, pop, push, steal } from "./schedule/deque";
export { claim, claimOwn } from "./schedule/scheduler";
export { beginAttempt } from "./engine/attempt";
export { createVersion, fold, kill, link, locationAt, lookup, markEstimate, resolve, suspendAttempt };

/** Transactions committed so far. */
export function committed(): u32 {
  return shared.read(CONTROL_BASE, Control.COMMIT_INDEX);
}

/** Ends the running attempt with success and no output. */
export function finishPlainly(): u32 {
  return finishAttempt(Outcome.SUCCESS, 0, 0, 0);
}
