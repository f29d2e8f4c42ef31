// Hashing with the memory's secret seeds, for every table whose keys come from outside: whoever chooses keys cannot
// know which of them meet in one place, so that a look-up takes a few steps whatever the keys.

import { CONTROL_BASE, Control } from "../layout";

const SEEDS: u32 = CONTROL_BASE + Control.SEEDS;

/** Seed `index`, 64 bits: an offset is number 0, multipliers follow. */
// @ts-ignore: decorator
@inline
export function seed(index: u32): u64 {
  return load<u64>(SEEDS + (index << 3));
}

/**
 * The part of eight 32-bit words at `key` in a multilinear hash (Lemire & Kaser, "Strongly universal string hashing is
 * fast"): Σ seed·word mod 2^64, of which the upper half is the hash. Uses seeds 7 to 14.
 */
// @ts-ignore: decorator
@inline
export function sumOfWord(key: u32): u64 {
  let sum: u64 = 0;
  for (let word: u32 = 0; word < 32; word += 4) {
    sum += load<u64>(SEEDS + (word << 1), 56) * load<u32>(key + word);
  }
  return sum;
}

/** The same of the five words of an address. Uses seeds 2 to 6. */
// @ts-ignore: decorator
@inline
export function sumOfAddress(key: u32): u64 {
  return seed(2) * load<u32>(key) + seed(3) * load<u32>(key, 4) + seed(4) * load<u32>(key, 8) +
    seed(5) * load<u32>(key, 12) + seed(6) * load<u32>(key, 16);
}

/** The hash in a sum. */
// @ts-ignore: decorator
@inline
export function hashIn(sum: u64): u32 {
  return u32(sum >> 32);
}
