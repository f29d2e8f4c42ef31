// A transaction that is committed, once more, for those who watch: on what it saw then, and with nothing published.

import { ReadResult } from "../layout";
import { beginAccessSet } from "../store/access-set";
import { executeNative } from "../execute/native";
import { lastLocation, reportMissing, unfinished } from "../execute/state-view";

/**
 * Runs transaction `index` of the executor inside the core again, after everything before it has been committed: its
 * Outcome, or why it came to no result (`unfinished` of state-view). Any worker that has joined the block; several at
 * once. What the transaction did not read the first time may be missing; it is reported then.
 */
export function replay(index: u32): u32 {
  beginAccessSet(index);
  const outcome = executeNative(index);
  if (outcome != unfinished(ReadResult.MISSING) || reportMissing(lastLocation)) return outcome;
  return unfinished(ReadResult.EXHAUSTED);
}
