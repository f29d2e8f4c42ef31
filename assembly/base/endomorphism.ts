// Scalars for curves with an endomorphism that multiplies by λ (Gallant, Lambert, Vanstone): k = k1 + k2 λ with halves
// of about 128 bits, and the digits by which a point's odd multiples are added.

import * as u256 from "./u256";
import { multiplyFull } from "./u256-division";

/** Digits of a scalar, one byte each: odd numbers apart from each other, or 0. */
export const DIGITS: u32 = 136;
/** Highest digit of a half scalar. */
export const TOP_DIGIT: u32 = 130;

/**
 * What `splitInto` knows of a curve, five words: round(2^320 * b2 / n), round(2^320 * -b1 / n), a1, -b1, a2, for short
 * vectors (a1, b1) and (a2, b2) with a + b λ = 0 modulo the order n; b2 = a1.
 */
abstract class Lattice {
  static readonly G1: u32 = 0;
  static readonly G2: u32 = 32;
  static readonly A1: u32 = 64;
  static readonly MINUS_B1: u32 = 96;
  static readonly A2: u32 = 128;
}

/** Bytes of scratch memory that `splitInto` needs. */
export const SPLIT_SCRATCH: u32 = 5 * 32 + 64;

/** Digits of the two halves k1 + k2 λ of a scalar: to `digits`, and DIGITS further. */
export function splitInto(digits: u32, scalar: u32, window: u32, lattice: u32, scratch: u32): void {
  const c1 = scratch;
  const c2 = scratch + 32;
  const k1 = scratch + 64;
  const k2 = scratch + 96;
  const product = scratch + 128;
  const full = scratch + 160;
  roundedQuotient(c1, scalar, lattice + Lattice.G1, full);
  roundedQuotient(c2, scalar, lattice + Lattice.G2, full);
  // k1 = k - c1 a1 - c2 a2; k2 = c1 (-b1) - c2 b2: signed, about 128 bits
  u256.multiply(product, c1, lattice + Lattice.A1);
  u256.subtract(k1, scalar, product);
  u256.multiply(product, c2, lattice + Lattice.A2);
  u256.subtract(k1, k1, product);
  u256.multiply(k2, c1, lattice + Lattice.MINUS_B1);
  u256.multiply(product, c2, lattice + Lattice.A1);
  u256.subtract(k2, k2, product);
  writeDigits(digits, k1, window);
  writeDigits(digits + DIGITS, k2, window);
}

/** out = round(scalar * factor / 2^320) */
function roundedQuotient(out: u32, scalar: u32, factor: u32, product: u32): void {
  multiplyFull(product, scalar, factor);
  const low = load<u64>(product, 40);
  const sum = low + (load<u64>(product, 32) >> 63);
  u256.set(out, sum);
  store<u64>(out, load<u64>(product, 48) + u64(sum < low), 8);
}

/** The non-adjacent form of a signed scalar of about 128 bits: odd digits below 2^(window - 1). */
function writeDigits(digits: u32, scalar: u32, window: u32): void {
  memory.fill(digits, 0, DIGITS);
  const negative = load<i64>(scalar, 24) < 0;
  if (negative) u256.negate(scalar, scalar);
  let low = load<u64>(scalar);
  let high = load<u64>(scalar, 8);
  let top = load<u64>(scalar, 16);
  const mask: u64 = (1 << window) - 1;
  const half: u64 = 1 << (window - 1);
  let at: u32 = 0;
  while ((low | high | top) != 0) {
    if ((low & 1) == 0) {
      low = (low >> 1) | (high << 63);
      high = (high >> 1) | (top << 63);
      top >>= 1;
      at++;
      continue;
    }
    let digit = i64(low & mask);
    low -= u64(digit);
    if (u64(digit) > half) {
      digit -= i64(mask) + 1;
      low += mask + 1;
      if (low <= mask) {
        high++;
        top += u64(high == 0);
      }
    }
    store<i8>(digits + at, i8(negative ? -digit : digit));
  }
}
