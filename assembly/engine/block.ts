// A block's life: the memory is laid out once, then per block begun, loaded, joined by workers, halted or done,
// decoded.

import {
  CONTROL_BASE, Control, Halt, LAYOUT_VERSION, LINE, Location, MAGIC, MAX_TRANSACTIONS,
  TxFlag, TxSlot, TxState, Worker, WorkerLife,
} from "../layout";
import { allocate, resetArena } from "../base/arena";
import * as shared from "../base/shared";
import { announce, become, dequeAt, halt, me, workerAt } from "../base/worker";
import { resetAccessSet } from "../store/access-set";
import { layOutCode, tidyCode } from "../store/code-store";
import { resetLocations } from "../store/locations";
import { resetNative } from "../execute/native";
import { resetDeque } from "../schedule/deque";
import { resetScheduler } from "../schedule/scheduler";
import { resume, setFlag, slotAt, stateIn, statusOf, statusWord } from "../schedule/status";
import { resetAttempt } from "./attempt";
import { resetChanges } from "./changes";
import { resetResidence } from "./residence";
import { resetValidation } from "./validation";
import { resetWorkerLoop } from "./worker-loop";

/**
 * Lays the memory out. Host, once per memory, before any worker attaches. Capacities are counts; `dequeCapacity` is a
 * power of two, `workers` the highest worker id. Returns the first byte after the fixed regions: the arena's start.
 */
export function initialize(
  memoryEnd: u32,
  transactionCapacity: u32,
  locationCapacity: u32,
  workers: u32,
  dequeCapacity: u32,
  chunk: u32,
): u32 {
  store<u32>(CONTROL_BASE, MAGIC, Control.MAGIC);
  store<u32>(CONTROL_BASE, LAYOUT_VERSION, Control.VERSION);
  store<u32>(CONTROL_BASE, memoryEnd, Control.MEMORY_END);
  store<u32>(CONTROL_BASE, transactionCapacity, Control.TRANSACTION_CAPACITY);
  store<u32>(CONTROL_BASE, locationCapacity, Control.LOCATION_CAPACITY);
  store<u32>(CONTROL_BASE, workers, Control.WORKERS);
  store<u32>(CONTROL_BASE, dequeCapacity, Control.DEQUE_CAPACITY);
  store<u32>(CONTROL_BASE, chunk, Control.CHUNK);
  let at = aligned(workerAt(workers + 1));
  store<u32>(CONTROL_BASE, at, Control.SLOTS);
  at = aligned(at + transactionCapacity * TxSlot.SIZE);
  store<u32>(CONTROL_BASE, at, Control.LOCATIONS);
  at = aligned(at + locationCapacity * Location.SIZE);
  store<u32>(CONTROL_BASE, at, Control.TABLE);
  at = aligned(at + tableWords(locationCapacity) * 4);
  store<u32>(CONTROL_BASE, at, Control.ARENA_START);
  store<u32>(CONTROL_BASE, layOutCode(at, memoryEnd), Control.MEMORY_END);
  return at;
}

function aligned(address: u32): u32 {
  return (address + LINE - 1) & ~(LINE - 1);
}

/** Twice the locations, rounded up to a power of two. */
function tableWords(locations: u32): u32 {
  let words: u32 = 16;
  while (words < locations * 2) words <<= 1;
  return words;
}

/**
 * Starts a block of `count` transactions: everything of the block before is forgotten. Host; no worker may be inside
 * the core, dead ones included: a memory that a terminated worker might still touch is abandoned, not begun again.
 * False when `count` exceeds the capacity, or memory is exhausted.
 */
export function beginBlock(count: u32): bool {
  const words = tableWords(load<u32>(CONTROL_BASE, Control.LOCATION_CAPACITY));
  store<u32>(CONTROL_BASE, words - 1, Control.TABLE_MASK);
  store<u32>(CONTROL_BASE, 0, Control.RESIDENT);
  memory.fill(load<u32>(CONTROL_BASE, Control.TABLE), 0, words * 4);
  // Index 0 means "no location".
  return begin(count, 1);
}

/**
 * Starts a block of `count` transactions on the state that is there: locations and their base values stay, whatever the
 * blocks before wrote is theirs alone, unless it was folded. Takes as long as the transactions take, however large the
 * state is. Otherwise as `beginBlock`, once before.
 */
export function beginRun(count: u32): bool {
  store<u32>(CONTROL_BASE, 1, Control.RESIDENT);
  const capacity = load<u32>(CONTROL_BASE, Control.LOCATION_CAPACITY);
  const locations = shared.read(CONTROL_BASE, Control.LOCATION_COUNT);
  return begin(count, locations < capacity ? locations : capacity);
}

function begin(count: u32, locations: u32): bool {
  if (count > load<u32>(CONTROL_BASE, Control.TRANSACTION_CAPACITY) || count > MAX_TRANSACTIONS) return false;
  store<u32>(CONTROL_BASE, count, Control.TRANSACTION_COUNT);
  store<u32>(CONTROL_BASE, load<u32>(CONTROL_BASE, Control.BLOCK) + 1, Control.BLOCK);
  memory.fill(load<u32>(CONTROL_BASE, Control.SLOTS), 0, count * TxSlot.SIZE);
  for (let at: u32 = 0; at < count; at++) {
    shared.write64(slotAt(at), TxSlot.STATUS, statusWord(TxState.READY, 0, 0, 0));
  }
  memory.fill(CONTROL_BASE + Control.COMMIT_INDEX, 0, Control.ALIVE - Control.COMMIT_INDEX);
  shared.write(CONTROL_BASE, Control.ARENA_NEXT, load<u32>(CONTROL_BASE, Control.ARENA_START));
  tidyCode();
  shared.write(CONTROL_BASE, Control.LOCATION_COUNT, locations);
  for (let worker: u32 = 0; worker <= load<u32>(CONTROL_BASE, Control.WORKERS); worker++) {
    shared.write(CONTROL_BASE, Control.ALIVE + (worker << 2), WorkerLife.ABSENT);
    memory.fill(workerAt(worker), 0, Worker.DEQUE);
    resetDeque(dequeAt(worker));
  }
  return join(0) && resetChanges();
}

/** The block that this instance has joined. */
let joined: u32 = 0;

/**
 * Makes this instance worker `id` (0: the host) of the block in progress. False when memory is exhausted. Joining
 * again, after the block was halted for a while, changes nothing: what the worker took of the memory is still its
 * own.
 */
export function join(id: u32): bool {
  const block = load<u32>(CONTROL_BASE, Control.BLOCK);
  if (joined == block && me == id) return true;
  joined = 0;
  become(id);
  resetArena();
  resetLocations();
  resetScheduler();
  const scratch = allocate(32);
  resetWorkerLoop(scratch);
  const fits = scratch != 0 && resetAccessSet() && resetValidation() && resetAttempt() && resetNative() &&
    resetResidence();
  if (fits) joined = block;
  if (id != 0) {
    if (!fits) halt(Halt.EXHAUSTED, 0);
    // A worker that was declared dead before it came this far stays dead.
    shared.swapIf(CONTROL_BASE, Control.ALIVE + (id << 2), WorkerLife.ABSENT, WorkerLife.ALIVE);
  }
  return fits;
}

/** Describes transaction `index` before workers start. `flags`: TxFlag. */
export function setTransaction(index: u32, flags: u32, input: u32, inputLength: u32): void {
  const slot = slotAt(index);
  shared.write(slot, TxSlot.FLAGS, flags);
  store<u32>(slot, input, TxSlot.INPUT);
  store<u32>(slot, inputLength, TxSlot.INPUT_LENGTH);
}

/**
 * Declares a worker dead: what it owned may be taken over from now on. Host, at any time. `transaction` (index + 1, 0
 * for none) ran too long: from now on it runs at the commit head only.
 */
export function declareDead(worker: u32, transaction: u32): void {
  shared.write(CONTROL_BASE, Control.ALIVE + (worker << 2), WorkerLife.DEAD);
  if (transaction != 0) setFlag(transaction - 1, TxFlag.HEAD_ONLY);
  announce();
}

/** Lets a block go on that was halted for missing state, after the host has loaded it. Host; no worker inside. */
export function resumeBlock(): void {
  const head = shared.read(CONTROL_BASE, Control.COMMIT_INDEX);
  const count = load<u32>(CONTROL_BASE, Control.TRANSACTION_COUNT);
  for (let at = head; at < count; at++) {
    const status = statusOf(at);
    if (stateIn(status) == TxState.SUSPENDED) resume(at, status);
  }
  shared.write(CONTROL_BASE, Control.MISSING, 0);
  shared.write(CONTROL_BASE, Control.EXECUTION_CURSOR, head);
  shared.write(CONTROL_BASE, Control.HALT, Halt.NONE);
}
