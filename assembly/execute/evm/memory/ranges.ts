// Ranges of the running frame's memory: what they cost, and making room for them.

import * as u256 from "../../../base/u256";
import { memorySquareShift, memoryWordGas } from "../rules/fork-rules";
import { frame, memorySize, memoryStart, noteWrite, useMemory } from "./context";
import { Exit } from "./exits";
import { unfinished } from "./failure";
import { charge } from "./gas";
import { growMemory } from "./segments";

/** From here on the price does not fit 63 bits, as gas has to (EIP-1985). */
export const UNPAYABLE: u64 = 1 << 41;
/** More than a 32-bit memory can ever hold. */
const UNHOLDABLE: u64 = 1 << 31;

/** What `words` of memory cost. Below 2^36, whose square itself would not fit 64 bits. */
// @ts-ignore: decorator
@inline
function memoryGas(words: u64): u64 {
  const shift = u64(memorySquareShift);
  const rest = words & ((1 << shift) - 1);
  return words * u64(memoryWordGas) + (words >> shift) * words + ((rest * words) >> shift);
}

/** Charges for memory up to byte `end` and provides it. */
export function expandMemory(end: u64): u32 {
  if (end <= memorySize) return Exit.NONE;
  if (end > UNPAYABLE - 32) return Exit.HALTED;
  const words = (end + 31) >> 5;
  const price = memoryGas(words) - memoryGas(u64(memorySize >> 5));
  if (price > u64(i64.MAX_VALUE) || !charge(i64(price))) return Exit.HALTED;
  if (end > UNHOLDABLE || !growMemory(frame, u32(words << 5))) return unfinished();
  useMemory();
  return Exit.NONE;
}

/** Offset of the range that the last `takeRange` was about, 0 for empty ones; add `memoryStart`. */
export let rangeOffset: u32 = 0;
export let rangeLength: u32 = 0;

/** Where the range (offset, length), two words, ends; 0 for empty ones. */
// @ts-ignore: decorator
@inline
function endOf(offset: u32, length: u32): u64 {
  if (u256.isZero(length)) return 0;
  return u256.clamped(offset, UNPAYABLE) + u256.clamped(length, UNPAYABLE);
}

/**
 * Charges for two ranges and provides both; `takeRange` then costs nothing. The price is that of the farther one: that
 * the nearer could be paid for does not matter.
 */
export function takeBoth(offset: u32, length: u32, other: u32, otherLength: u32): u32 {
  const end = endOf(offset, length);
  const otherEnd = endOf(other, otherLength);
  return expandMemory(end > otherEnd ? end : otherEnd);
}

/** Charges for the memory range (offset, length), two words, and provides it. */
export function takeRange(offset: u32, length: u32): u32 {
  rangeOffset = 0;
  rangeLength = 0;
  const end = endOf(offset, length);
  if (end == 0) return Exit.NONE;
  const exit = expandMemory(end);
  if (exit != Exit.NONE) return exit;
  rangeOffset = load<u32>(offset);
  rangeLength = load<u32>(length);
  return Exit.NONE;
}

/**
 * Copies from `source`, `sourceLength` bytes, beginning at the word `from`, to the taken range; zeros beyond its end.
 */
export function copyToRange(source: u32, sourceLength: u32, from: u32): void {
  const start = u32(u256.clamped(from, u64(sourceLength)));
  const available = sourceLength - start;
  const copied = available < rangeLength ? available : rangeLength;
  noteWrite(rangeOffset, rangeLength);
  const to = memoryStart + rangeOffset;
  if (copied != 0) memory.copy(to, source + start, copied);
  if (copied != rangeLength) memory.fill(to + copied, 0, rangeLength - copied);
}

/** `price` for each word of `length` bytes. */
// @ts-ignore: decorator
@inline
export function wordGas(length: u32, price: i64): i64 {
  return i64((u64(length) + 31) >> 5) * price;
}
