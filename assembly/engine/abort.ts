// Taking an incarnation back: after a failed validation, or from a worker that died.

import { Halt, Incarnation, MAX_INCARNATION, Metric, TxState, WriteEntry } from "../layout";
import { fault } from "../base/shared";
import { Fault } from "../base/faults";
import { count, halt } from "../base/worker";
import { markEstimate } from "../store/versions";
import {
  abortingFrom, beginAbort, dropAttempt, finishAbort, incarnationIn, recordIn, stateIn,
} from "../schedule/status";
import { revalidateFrom } from "../schedule/scheduler";
import { killAll, writesOf } from "./attempt";

/**
 * EXECUTED(n) → ABORTING(n) → READY(n + 1): what the incarnation wrote becomes an ESTIMATE, readers wait for the next
 * one. Any worker. True when the transaction is READY again and the caller did it.
 */
export function abort(transaction: u32, status: u64): bool {
  if (isLast(transaction, status) || !beginAbort(transaction, status)) return false;
  count(Metric.ABORTS, 1);
  return complete(transaction, abortingFrom(status));
}

/**
 * Takes a transaction away from its dead owner. Any worker; several may try, one wins. The dead may in truth be a
 * zombie that still runs: each of its steps ends in a swap that fails from now on, and what it links is no longer
 * LIVE.
 */
export function reclaim(transaction: u32, status: u64): bool {
  if (isLast(transaction, status)) return false;
  if (stateIn(status) == TxState.EXECUTING) {
    if (!dropAttempt(transaction, status)) return false;
    count(Metric.RECLAIMS, 1);
    return true;
  }
  if (!beginAbort(transaction, status)) return false;
  count(Metric.RECLAIMS, 1);
  // The dead may not have come to killing what its incarnation replaced.
  const previous = load<u32>(recordIn(status), Incarnation.PREVIOUS);
  if (previous != 0 && !fault(Fault.RECLAIM_KEEPS_PREVIOUS)) killAll(previous);
  return complete(transaction, abortingFrom(status));
}

function complete(transaction: u32, status: u64): bool {
  const record = recordIn(status);
  if (!fault(Fault.ABORT_WITHOUT_ESTIMATES) && !fault(Fault.RECLAIM_WITHOUT_KILL)) {
    const writes = writesOf(record);
    const total = load<u32>(record, Incarnation.WRITE_COUNT);
    for (let at: u32 = 0; at < total; at++) markEstimate(load<u32>(writes + at * WriteEntry.SIZE, WriteEntry.NODE));
  }
  revalidateFrom(transaction + 1);
  return finishAbort(transaction, status);
}

/** Incarnation numbers are about to run out: the rest of the block is drained sequentially. */
function isLast(transaction: u32, status: u64): bool {
  if (incarnationIn(status) < MAX_INCARNATION) return false;
  halt(Halt.EXHAUSTED, transaction);
  return true;
}
