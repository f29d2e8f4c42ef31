// Conversions between 256-bit words of the core (four little-endian u64 limbs), bigints and big-endian bytes.

import type { CoreInstance } from './abi.ts';

/** The word at `address`, a multiple of 8. */
export function readNumber({ limbs, words }: Pick<CoreInstance, 'limbs' | 'words'>, address: number): bigint {
  const word = address >>> 2;
  const limb = address >>> 3;
  if ((words[word + 4]! | words[word + 5]! | words[word + 6]! | words[word + 7]!) === 0) {
    if ((words[word + 2]! | words[word + 3]!) === 0) return limbs[limb]!;
    return (limbs[limb + 1]! << 64n) | limbs[limb]!;
  }
  return (limbs[limb + 3]! << 192n) | (limbs[limb + 2]! << 128n) | (limbs[limb + 1]! << 64n) | limbs[limb]!;
}

/** Writes `value` mod 2^256 to `limbs` from index `limb` on. */
export function writeNumber(limbs: BigUint64Array, limb: number, value: bigint): void {
  // The array takes the lowest 64 bits of what it is given.
  limbs[limb] = value;
  limbs[limb + 1] = value >> 64n;
  limbs[limb + 2] = value >> 128n;
  limbs[limb + 3] = value >> 192n;
}

/** The word at `address` as 32 big-endian bytes. */
export function readReversed(bytes: Uint8Array, address: number): Uint8Array {
  const result = new Uint8Array(32);
  for (let i = 0, from = address + 31; i < 32; i++, from--) result[i] = bytes[from]!;
  return result;
}

/** Writes 32 big-endian bytes as a word at `address`. */
export function writeReversed(bytes: Uint8Array, address: number, value: Uint8Array): void {
  for (let i = 0, to = address + 31; i < 32; i++, to--) bytes[to] = value[i]!;
}
