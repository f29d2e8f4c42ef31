// The ABI: every export of the core, nothing else. Keys and values cross the border in the worker's scratch area
// (layout.ts, Scratch); pointers and sizes are bytes, indices are u32.

import "./layout-check";
import { Kind, Scratch, VersionFlag } from "./layout";
import { allocate } from "./base/arena";
import * as worker from "./base/worker";
import { addCode, findCode } from "./store/code-store";
import { atLeastAccess, creditAccess, writeAccess } from "./store/access-set";
import { locate, locationAt, lookup } from "./store/locations";
import { baseOf, blockedBy, createVersion, link, resolve, resolvedFolded, resolvedNode } from "./store/versions";
import { readChecked, suspendAttempt } from "./engine/attempt";

export { LAYOUT_VERSION } from "./layout";
export { loadBase } from "./store/base-state";
export { addDependency } from "./schedule/dependencies";
export { beginBlock, beginRun, declareDead, initialize, join, resumeBlock, setTransaction } from "./engine/block";
export { announce, countWrong, wrongLocation } from "./engine/announcements";
export { addHeld, changesEnd, changesStart, clearChanges, collectChanges } from "./engine/changes";
export { recordTransactions } from "./engine/recordings";
export { beginFold, finishFold, foldPrefix, keepAll, keepOne, keepWritten, restoreBase } from "./engine/residence";
export {
  exhaustAttempt as exhaust, finishAttempt as finish, parkAttempt as park, currentIncarnation as incarnation,
} from "./engine/attempt";
export { next } from "./engine/worker-loop";
export { begin, beginAgain, commitHead, reexecute, validateExecuted } from "./engine/steps";
export { kill as killVersion, markEstimate } from "./store/versions";
export { allocate, addCode, findCode, locate };
export { halt } from "./base/worker";
export { keccak256, resetKeccak } from "./base/keccak256";

/** Address of this worker's scratch area. */
export function scratch(): u32 {
  return worker.scratch(0);
}

/** Address of worker `id`'s Worker record. */
export function workerAt(id: u32): u32 {
  return worker.workerAt(id);
}

/** Index of the location of (kind, scratch ADDRESS, scratch SLOT); 0 when locations are exhausted. */
export function locateScratch(kind: u32): u32 {
  return locate(kind, worker.scratch(Scratch.ADDRESS), kind == Kind.STORAGE ? worker.scratch(Scratch.SLOT) : 0);
}

/** The same, but adds none: 0 when nobody has asked for it yet. */
export function lookupScratch(kind: u32): u32 {
  return lookup(kind, worker.scratch(Scratch.ADDRESS), kind == Kind.STORAGE ? worker.scratch(Scratch.SLOT) : 0);
}

/** Reads a location into scratch VALUE for the running attempt: a ReadResult; BLOCKED is followed by `suspend`. */
export function read(location: u32): u32 {
  return readChecked(location, worker.scratch(Scratch.VALUE));
}

/** Writes scratch VALUE to a location for the running attempt; false when memory is exhausted. */
export function write(location: u32): bool {
  return writeAccess(location, worker.scratch(Scratch.VALUE));
}

/** Adds scratch VALUE to a location without reading it; false when memory is exhausted. */
export function credit(location: u32): bool {
  return creditAccess(location, worker.scratch(Scratch.VALUE));
}

/** Whether a location holds at least scratch BOUND: a ReadResult, and 1 or 0 in scratch VALUE. */
export function atLeast(location: u32): u32 {
  return atLeastAccess(location, worker.scratch(Scratch.BOUND), worker.scratch(Scratch.VALUE));
}

/** Gives the running attempt up until the transaction that the last BLOCKED read named has executed. */
export function suspend(): u32 {
  return suspendAttempt(blockedBy);
}

/** Code by the hash in scratch SLOT: address of {length u32, bytes at 8}, 0 when unknown. */
export function findCodeScratch(): u32 {
  return findCode(worker.scratch(Scratch.SLOT));
}

/** Resolves what transaction `transaction` would see at a location into scratch VALUE: a ReadResult. For decoding. */
export function resolveAt(location: u32, transaction: u32): u32 {
  return resolve(locationAt(location), transaction, worker.scratch(Scratch.VALUE));
}

/** Version node of the last `resolveAt`, 0 for the base value. */
export function resolvedVersion(): u32 {
  return resolvedNode;
}

/** After a BLOCKED answer: the transaction whose value is awaited. */
export function awaited(): u32 {
  return blockedBy;
}

/**
 * Puts scratch VALUE as a version of an incarnation into a location's list, for a store without transactions: what it
 * replaces has to be killed. `credit`: it is added to what is below. The node; 0 when memory is exhausted.
 */
export function putVersion(location: u32, transaction: u32, incarnation: u32, credit: bool): u32 {
  const flags = credit ? VersionFlag.LIVE | VersionFlag.DELTA : VersionFlag.LIVE;
  const node = createVersion(transaction, incarnation, flags, worker.scratch(Scratch.VALUE));
  if (node != 0) link(locationAt(location), node);
  return node;
}

/** Whether several versions took part in the last `resolveAt`. */
export function resolvedFold(): bool {
  return resolvedFolded;
}

/** Puts a location's base value into scratch VALUE; false when the host loaded none. */
export function baseAt(location: u32): bool {
  const base = baseOf(locationAt(location));
  if (base == 0) return false;
  memory.copy(worker.scratch(Scratch.VALUE), base, 32);
  return true;
}
