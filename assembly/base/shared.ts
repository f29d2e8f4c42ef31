// Contended words: the only file with `atomic.`. Every function here is sequentially consistent.
//
// The model build (`--use MODEL=1`) calls `interleave` before each access, so that a test can run the real core through
// chosen interleavings, and can switch on one seeded fault. The normal build carries no trace of either.

// @ts-ignore: decorator
@external("env", "interleave")
declare function interleave(access: u32, address: u32): void;

// @ts-ignore: decorator
@external("env", "fault")
declare const seededFault: u32;

// @ts-ignore: decorator
@external("env", "wait")
declare function hostWait(address: u32, expected: u32, timeoutMs: u32): u32;

/** What a hooked access is about to do; the explorer skips switches that cannot matter. */
export abstract class AccessType {
  static readonly READ: u32 = 1;
  static readonly WRITE: u32 = 2;
  static readonly NOTIFY: u32 = 3;
}

// @ts-ignore: decorator
@inline
function point(access: u32, address: u32): void {
  if (isDefined(MODEL)) interleave(access, address);
}

/** Whether seeded fault `id` (see base/faults.ts) is switched on: always false outside the model build. */
// @ts-ignore: decorator
@inline
export function fault(id: u32): bool {
  if (isDefined(MODEL)) return seededFault == id;
  return false;
}

// @ts-ignore: decorator
@inline
export function read(record: u32, field: u32): u32 {
  point(AccessType.READ, record + field);
  return atomic.load<u32>(record + field);
}

// @ts-ignore: decorator
@inline
export function write(record: u32, field: u32, value: u32): void {
  point(AccessType.WRITE, record + field);
  atomic.store<u32>(record + field, value);
}

/**
 * Writes a shared word that no other thread can see yet, or looks at: it is published by a swap later on, which orders
 * what was written before it. An atomic store is a locked instruction on x86, and waits for every store before it.
 */
// @ts-ignore: decorator
@inline
export function prepare(record: u32, field: u32, value: u32): void {
  point(AccessType.WRITE, record + field);
  store<u32>(record + field, value);
}

/** Compare and swap; returns whether the word held `expected` and now holds `value`. */
// @ts-ignore: decorator
@inline
export function swapIf(record: u32, field: u32, expected: u32, value: u32): bool {
  point(AccessType.WRITE, record + field);
  return atomic.cmpxchg<u32>(record + field, expected, value) == expected;
}

/** Compare and swap; returns what was there: `expected`, where the word now holds `value`. */
// @ts-ignore: decorator
@inline
export function exchange(record: u32, field: u32, expected: u32, value: u32): u32 {
  point(AccessType.WRITE, record + field);
  return atomic.cmpxchg<u32>(record + field, expected, value);
}

/** Unconditional exchange; returns what was there. */
// @ts-ignore: decorator
@inline
export function swap(record: u32, field: u32, value: u32): u32 {
  point(AccessType.WRITE, record + field);
  return atomic.xchg<u32>(record + field, value);
}

/** Adds and returns what was there before. */
// @ts-ignore: decorator
@inline
export function add(record: u32, field: u32, amount: u32): u32 {
  point(AccessType.WRITE, record + field);
  return atomic.add<u32>(record + field, amount);
}

/** Sets bits of the word. */
// @ts-ignore: decorator
@inline
export function setBits(record: u32, field: u32, bits: u32): void {
  point(AccessType.WRITE, record + field);
  atomic.or<u32>(record + field, bits);
}

/** Lowers the word to `value` unless it is lower already. */
export function lower(record: u32, field: u32, value: u32): void {
  let seen = read(record, field);
  while (seen > value) {
    if (swapIf(record, field, seen, value)) return;
    seen = read(record, field);
  }
}

/** Raises the word to `value` unless it is higher already. */
export function raise(record: u32, field: u32, value: u32): void {
  let seen = read(record, field);
  while (seen < value) {
    if (swapIf(record, field, seen, value)) return;
    seen = read(record, field);
  }
}

// @ts-ignore: decorator
@inline
export function read64(record: u32, field: u32): u64 {
  point(AccessType.READ, record + field);
  return atomic.load<u64>(record + field);
}

// @ts-ignore: decorator
@inline
export function write64(record: u32, field: u32, value: u64): void {
  point(AccessType.WRITE, record + field);
  atomic.store<u64>(record + field, value);
}

/** `prepare` of 64 bits. */
// @ts-ignore: decorator
@inline
export function prepare64(record: u32, field: u32, value: u64): void {
  point(AccessType.WRITE, record + field);
  store<u64>(record + field, value);
}

// @ts-ignore: decorator
@inline
export function swapIf64(record: u32, field: u32, expected: u64, value: u64): bool {
  point(AccessType.WRITE, record + field);
  return atomic.cmpxchg<u64>(record + field, expected, value) == expected;
}

/** Sleeps until the word is notified or `timeoutMs` passed, unless it no longer holds `expected`. */
// @ts-ignore: decorator
@inline
export function wait(record: u32, field: u32, expected: u32, timeoutMs: u32): void {
  // Never `atomic.wait`: Node 20's baseline compiler loses locals that live across it.
  hostWait(record + field, expected, timeoutMs);
}

/** Wakes every sleeper of the word. */
// @ts-ignore: decorator
@inline
export function notifyAll(record: u32, field: u32): void {
  point(AccessType.NOTIFY, record + field);
  atomic.notify(record + field, -1);
}
