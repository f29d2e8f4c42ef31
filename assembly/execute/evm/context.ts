// The transaction and block that run, and the running frame with its memory and its callee's output. Per instance.

import { allocate } from "../../base/arena";
import * as u256 from "../../base/u256";
import { growMemory } from "./segments";
import { Frame, frames } from "./workspace";
import { exhaust } from "./world";

/** How the interpreter leaves a frame. Handlers answer the gas left, or one of these negated as `Stop`. */
export abstract class Exit {
  static readonly SUCCESS: u32 = 1;
  static readonly REVERTED: u32 = 2;
  static readonly HALTED: u32 = 3;
  /** The attempt ends: see `failure` of world.ts. */
  static readonly UNFINISHED: u32 = 4;
  /** Another frame is to run. */
  static readonly ENTERED: u32 = 5;
}

/** Negative "gas left" of a handler that stops the frame: the Exit negated. */
export abstract class Stop {
  static readonly HALTED: i64 = -3;
  static readonly UNFINISHED: i64 = -4;
  static readonly ENTERED: i64 = -5;
}

// The block and the transaction
export let block: u32 = 0;
export let transaction: u32 = 0;
/** 20 bytes: who has sent the transaction. */
export let origin: u32 = 0;
/** 32 bytes: what a unit of gas costs the sender. */
export let gasPrice: u32 = 0;

export function setTransactionContext(blockRecord: u32, transactionRecord: u32, gasPriceWord: u32): void {
  block = blockRecord;
  transaction = transactionRecord;
  gasPrice = gasPriceWord;
}

export function setOrigin(sender: u32): void {
  origin = sender;
}

// The running frame
export let frame: u32 = 0;
export let depth: u32 = 0;
export let memoryStart: u32 = 0;
export let memorySize: u32 = 0;
/** What the running frame's last callee returned. */
export let returned: u32 = 0;
export let returnedLength: u32 = 0;
let returnedCapacity: u32 = 0;

/** Where a frame that ended left its output. */
export let output: u32 = 0;
export let outputLength: u32 = 0;

export function resetContext(): void {
  returned = 0;
  returnedCapacity = 0;
}

/** Makes frame number `number` the running one. */
export function enterFrame(number: u32): void {
  depth = number;
  frame = frames + number * Frame.SIZE;
  memoryStart = load<u32>(frame, Frame.MEMORY);
  memorySize = load<u32>(frame, Frame.MEMORY_SIZE);
}

export function setOutput(start: u32, length: u32): void {
  output = start;
  outputLength = length;
}

/** Makes room for `length` bytes of return data, whose content is the caller's matter; false when exhausted. */
export function makeReturned(length: u32): bool {
  if (length > returnedCapacity) {
    // Twice the need would not fit 32 bits where the need is more than there can be.
    const capacity: u32 = length >= 1 << 30 ? length : length * 2 > 4096 ? length * 2 : 4096;
    returned = allocate(capacity + 32);
    if (returned == 0) {
      returnedCapacity = 0;
      return exhaust();
    }
    returnedCapacity = capacity;
  }
  returnedLength = length;
  return true;
}

/** Copies what a callee returned before its memory is used for something else; false when exhausted. */
export function keepReturned(start: u32, length: u32): bool {
  if (!makeReturned(length)) return false;
  if (length != 0) memory.copy(returned, start, length);
  return true;
}

/** Sets the length of return data that fills less than the room made. */
export function trimReturned(length: u32): void {
  returnedLength = length;
}

/** No memory is that large, and its price would not fit 63 bits. */
const UNPAYABLE: u64 = 1 << 40;
/** More than a 32-bit memory can ever hold. */
const UNHOLDABLE: u64 = 1 << 31;

/** words² / 512, rounded down, for up to 2^35 words: the square itself would not fit 64 bits. */
// @ts-ignore: decorator
@inline
function squareBy512(words: u64): u64 {
  return (words >> 9) * words + (((words & 511) * words) >> 9);
}

/** Charges for memory up to byte `end` and provides it: the gas left, or a Stop. */
export function expandMemory(end: u64, gas: i64): i64 {
  if (end <= memorySize) return gas;
  if (end > UNPAYABLE) return Stop.HALTED;
  const words = (end + 31) >> 5;
  const before = u64(memorySize >> 5);
  gas -= i64(words * 3 + squareBy512(words) - (before * 3 + squareBy512(before)));
  if (gas < 0) return Stop.HALTED;
  if (end > UNHOLDABLE || !growMemory(frame, u32(words << 5))) {
    exhaust();
    return Stop.UNFINISHED;
  }
  memoryStart = load<u32>(frame, Frame.MEMORY);
  memorySize = load<u32>(frame, Frame.MEMORY_SIZE);
  return gas;
}

/** Offset of the range that the last `takeRange` was about, 0 for empty ones; add `memoryStart`. */
export let rangeOffset: u32 = 0;
export let rangeLength: u32 = 0;

/** Charges for the memory range (offset, length), two words, and provides it: the gas left, or a Stop. */
export function takeRange(offset: u32, length: u32, gas: i64): i64 {
  rangeOffset = 0;
  rangeLength = 0;
  if (u256.isZero(length)) return gas;
  const end = u256.clamped(offset, UNPAYABLE) + u256.clamped(length, UNPAYABLE);
  gas = expandMemory(end, gas);
  if (gas < 0) return gas;
  rangeOffset = load<u32>(offset);
  rangeLength = load<u32>(length);
  return gas;
}

/** Copies from `source`, `sourceLength` bytes, beginning at the word `from`, to the taken range; zeros beyond its end. */
export function copyToRange(source: u32, sourceLength: u32, from: u32): void {
  const start = u32(u256.clamped(from, u64(sourceLength)));
  const available = sourceLength - start;
  const copied = available < rangeLength ? available : rangeLength;
  const to = memoryStart + rangeOffset;
  if (copied != 0) memory.copy(to, source + start, copied);
  if (copied != rangeLength) memory.fill(to + copied, 0, rangeLength - copied);
}

/** 3 gas per word, or another price. */
// @ts-ignore: decorator
@inline
export function wordGas(length: u32, price: i64): i64 {
  return i64((u64(length) + 31) >> 5) * price;
}
