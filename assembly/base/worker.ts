// Which worker this instance is, and its counters. Per instance; nothing here is contended.

import { CONTROL_BASE, Control, Halt, Span, Worker } from "../layout";
import { allocate } from "./arena";
import * as shared from "./shared";

/** Worker id: 0 is the host. */
export let me: u32 = 0;
/** This worker's Worker record. */
export let self: u32 = 0;

export function become(id: u32): void {
  me = id;
  self = workerAt(id);
}

// @ts-ignore: decorator
@inline
export function workerSize(): u32 {
  return (Worker.DEQUE_RING + load<u32>(CONTROL_BASE, Control.DEQUE_CAPACITY) * 4 + 63) & ~63;
}

export function workerAt(id: u32): u32 {
  return CONTROL_BASE + ((Control.SIZE + 63) & ~63) + id * workerSize();
}

// @ts-ignore: decorator
@inline
export function dequeAt(id: u32): u32 {
  return workerAt(id) + Worker.DEQUE;
}

/** The worker's address for keys and values that cross the language border. */
// @ts-ignore: decorator
@inline
export function scratch(field: u32): u32 {
  return self + Worker.SCRATCH + field;
}

// @ts-ignore: decorator
@inline
export function count(metric: u32, amount: u64): void {
  // So that its cost can be told from noise: `npm run bench -- counting`.
  if (isDefined(COUNTED)) for (let more = 1; more < COUNTED; more++) add(metric, amount);
  add(metric, amount);
}

// @ts-ignore: decorator
@inline
function add(metric: u32, amount: u64): void {
  store<u64>(self + Worker.METRICS + metric, load<u64>(self + Worker.METRICS + metric) + amount);
}

export function countTime(metric: u32, milliseconds: f64): void {
  if (isDefined(COUNTED)) for (let more = 1; more < COUNTED; more++) addTime(metric, milliseconds);
  addTime(metric, milliseconds);
}

// @ts-ignore: decorator
@inline
function addTime(metric: u32, milliseconds: f64): void {
  store<f64>(self + Worker.METRICS + metric, load<f64>(self + Worker.METRICS + metric) + milliseconds);
}

/** Milliseconds on a clock that all workers share. */
// @ts-ignore: decorator
@external("env", "now")
export declare function now(): f64;

/** The same, for durations that are reported. */
// @ts-ignore: decorator
@inline
export function reading(): f64 {
  if (isDefined(TIMED)) for (let more = 1; more < TIMED; more++) now();
  return now();
}

/** What the clock said last, where this worker has done nothing worth measuring since; 0: it has. */
export let lastReading: f64 = 0;

// @ts-ignore: decorator
@inline
export function keepReading(value: f64): void {
  lastReading = value;
}

/** Notes how this worker spent a stretch of time, when the block is profiled. */
export function span(kind: u32, transaction: u32, incarnation: u32, start: f64, end: f64): void {
  if (load<u32>(CONTROL_BASE, Control.PROFILE) == 0) return;
  const record = allocate(Span.SIZE);
  if (record == 0) return;
  store<u32>(record, load<u32>(self, Worker.SPANS), Span.NEXT);
  store<u32>(record, kind, Span.KIND);
  store<u32>(record, transaction, Span.TRANSACTION);
  store<u32>(record, incarnation, Span.INCARNATION);
  store<f64>(record, start, Span.START);
  store<f64>(record, end, Span.END);
  store<u32>(self, record, Worker.SPANS);
}

/** Stops the block: the first reason stays. Any thread may call it. */
export function halt(reason: u32, transaction: u32): void {
  if (shared.swapIf(CONTROL_BASE, Control.HALT, Halt.NONE, reason)) {
    shared.write(CONTROL_BASE, Control.HALT_TRANSACTION, transaction);
  }
  announce();
}

/** Tells sleeping workers that something changed. */
export function announce(): void {
  shared.add(CONTROL_BASE, Control.EVENTS, 1);
  if (shared.read(CONTROL_BASE, Control.SLEEPERS) != 0) shared.notifyAll(CONTROL_BASE, Control.EVENTS);
}

/** Keeps what `touch` reads from being left out. */
export let touched: u32 = 0;

/**
 * Begins to fetch the cache line at `address`, of memory that nobody may need: the processor goes on meanwhile, for
 * nothing waits for the value.
 */
// @ts-ignore: decorator
@inline
export function touch(address: u32): void {
  touched ^= load<u32>(address);
}
