// Sender recovery as work of its own: before an attempt begins, and by workers that have nothing else to do.
// Performance only: the executor recovers what it finds unknown, so that nothing here need come to its end.

import { CONTROL_BASE, Control, Metric, SpanKind, TxState } from "../layout";
import * as shared from "../base/shared";
import { count, countTime, keepReading, now, span } from "../base/worker";
import { hasWorkAhead, mayWorkAhead, workAhead } from "../execute/native";
import { transactionCount } from "../schedule/scheduler";
import { stateIn, statusOf } from "../schedule/status";

/** Recovers the sender of a transaction that this worker has claimed, so that its attempt does not grow old over it. */
export function recoverClaimed(transaction: u32): void {
  if (hasWorkAhead(transaction)) recover(transaction);
}

/**
 * Recovers the lowest sender that nobody has come by. Any worker that would otherwise be idle. False when there is
 * none.
 *
 * The cursor keeps two idle workers from recovering the same sender; what a worker is about to attempt is its own
 * matter. A worker that dies with a sender in hand leaves it unknown, to be recovered by the attempt.
 */
export function recoverAhead(): bool {
  // Blocks without Ethereum transactions: nothing to look through.
  if (!mayWorkAhead()) return false;
  const total = transactionCount();
  while (true) {
    const next = shared.read(CONTROL_BASE, Control.RECOVERY_CURSOR);
    if (next >= total) return false;
    let found = next;
    while (found < total && (!hasWorkAhead(found) || stateIn(statusOf(found)) == TxState.EXECUTING)) found++;
    if (!shared.swapIf(CONTROL_BASE, Control.RECOVERY_CURSOR, next, found + 1)) continue;
    return found < total && recover(found);
  }
}

/** False when memory is exhausted: the attempt will say so. */
function recover(transaction: u32): bool {
  const start = now();
  const found = workAhead(transaction);
  const end = now();
  keepReading(end);
  count(Metric.RECOVERIES, 1);
  countTime(Metric.RECOVERY_MS, end - start);
  span(SpanKind.RECOVERED, transaction, 0, start, end);
  return found;
}
