// Why the running attempt comes to no result: a state that is not there yet, or the end of memory. Per instance.

import { ReadResult } from "../../../layout";
import { reportMissing } from "../../state-view";
import { Exit } from "./exits";

/** Why the attempt must end: a ReadResult. */
export let failure: u32 = 0;

/**
 * The first location that the state did not have, 0 for none. The attempt goes on with a guess, so that the host learns
 * of as much as possible at once; in the end it is unfinished all the same.
 */
export let firstMissing: u32 = 0;

/** Whether missing words of storage are taken for plenty, where code that finds nothing turns back; else for 0. */
export let assumesPlenty: bool = false;

/** How many locations an attempt may miss before it ends, and how many this one still may. */
let most: u32 = 0;
let patience: u32 = 0;

/** Chooses the guess of the attempts to come, and how many locations each may miss. */
export function assume(plenty: bool, atMost: u32): void {
  assumesPlenty = plenty;
  most = atMost;
}

/** Forgets the attempt before. */
export function forgetFailure(): void {
  failure = ReadResult.VALUE;
  firstMissing = 0;
  patience = most;
}

/** Notes that `location` is missing; false when the attempt must end: it misses too much, or memory is exhausted. */
export function miss(location: u32): bool {
  if (firstMissing == 0) firstMissing = location; // reported when the attempt is parked
  else if (!reportMissing(location)) return exhaust();
  if (patience-- != 0) return true;
  fail(ReadResult.MISSING);
  return false;
}

/** Notes that the attempt must end, and why: a ReadResult. */
export function fail(readResult: u32): void {
  failure = readResult;
}

/** Notes that memory is exhausted. Always false. */
export function exhaust(): bool {
  failure = ReadResult.EXHAUSTED;
  return false;
}

/** `exhaust` where an Exit is due. */
export function unfinished(): u32 {
  exhaust();
  return Exit.UNFINISHED;
}

/** `exhaust` where an address is due: always 0. */
export function exhausted(): u32 {
  exhaust();
  return 0;
}
