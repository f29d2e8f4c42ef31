// Division of 256- and 512-bit numbers: 64-bit digits with precomputed reciprocals (Möller & Granlund, "Improved
// division by invariant integers", 2011) in Knuth's algorithm D. WebAssembly has no 128/64 division, and a
// multiplication is cheap.

import * as u256 from "./u256";
import { multiplyHigh } from "./u256";

// Scratch of this worker: see `DivisionScratch`.
let scratch: u32 = 0;

abstract class DivisionScratch {
  /** Quotient, eight limbs. */
  static readonly QUOTIENT: u32 = 0;
  /** Numerator, eight limbs. */
  static readonly NUMERATOR: u32 = 64;
  /** Two words of the signed operations and of MULMOD. */
  static readonly FIRST: u32 = 128;
  static readonly SECOND: u32 = 160;
}

/** Bytes that `resetDivision` needs. */
export const DIVISION_SCRATCH: u32 = 192;

/** Gives this instance its scratch memory. */
export function resetDivision(memory: u32): void {
  scratch = memory;
}

/** floor((2^128 - 1) / divisor) - 2^64; the divisor's highest bit is set. Algorithm 3 of the paper. */
function reciprocalOf(divisor: u64): u64 {
  const d9 = divisor >> 55;
  const d40 = (divisor >> 24) + 1;
  const d0 = divisor & 1;
  const d63 = (divisor >> 1) + d0;
  const v0 = u64(u32((1 << 19) - 3 * (1 << 8)) / u32(d9));
  const v1 = (v0 << 11) - ((v0 * v0 * d40) >> 40) - 1;
  const v2 = (v1 << 13) + ((v1 * (0x1000000000000000 - v1 * d40)) >> 47);
  const e = ((v2 >> 1) & (0 - d0)) - v2 * d63;
  const v3 = (multiplyHigh(v2, e) >> 1) + (v2 << 31);
  const low = v3 * divisor;
  return v3 - (multiplyHigh(v3, divisor) + u64(low + divisor < low)) - divisor;
}

/** floor((2^192 - 1) / (high, low)) - 2^64; the highest bit of `high` is set. Algorithm 6 of the paper. */
function reciprocalOfTwo(high: u64, low: u64): u64 {
  let v = reciprocalOf(high);
  let p = high * v + low;
  if (p < low) {
    v--;
    if (p >= high) {
      v--;
      p -= high;
    }
    p -= high;
  }
  const t1 = multiplyHigh(v, low);
  const t0 = v * low;
  p += t1;
  if (p < t1) {
    v--;
    if (p >= high && (p > high || t0 >= low)) v--;
  }
  return v;
}

// The last one-limb divisor, normalised, and its reciprocal.
let knownLimb: u64 = 0;
let knownLimbReciprocal: u64 = 0;

/** Quotient and remainder of `limbs` numerator limbs in scratch and a one-limb divisor; returns the remainder. */
function divideByLimb(limbs: u32, divisor: u64): u64 {
  const shift = clz(divisor);
  const d = divisor << shift;
  if (d != knownLimb) {
    knownLimb = d;
    knownLimbReciprocal = reciprocalOf(d);
  }
  const reciprocal = knownLimbReciprocal;
  let rest: u64 = 0;
  // The numerator shifted left by `shift`, limb by limb, from the top.
  let above = load<u64>(scratch + ((limbs - 1) << 3), DivisionScratch.NUMERATOR);
  if (shift != 0) rest = above >> (64 - shift);
  for (let at: i32 = i32(limbs) - 1; at >= 0; at--) {
    const below = at == 0 ? 0 : load<u64>(scratch + ((at - 1) << 3), DivisionScratch.NUMERATOR);
    const u0 = (above << shift) | ((below >> 1) >> (63 - shift));
    above = below;
    // Algorithm 4 of the paper
    const low = reciprocal * rest + u0;
    let q = multiplyHigh(reciprocal, rest) + rest + u64(low < u0) + 1;
    let r = u0 - q * d;
    if (r > low) {
      q--;
      r += d;
    }
    if (r >= d) {
      q++;
      r -= d;
    }
    store<u64>(scratch + (at << 3), q, DivisionScratch.QUOTIENT);
    rest = r;
  }
  return rest >> shift;
}

// The normalised divisor of the last long division and its reciprocal: real code divides by the same number again and
// again.
let known0: u64 = 0;
let known1: u64 = 0;
let known2: u64 = 0;
let known3: u64 = 0;
let knownReciprocal: u64 = 0;

/**
 * Divides the numerator in scratch (`limbs` limbs, 4 to 8) by the word at `divisor`, which has two limbs or more: the
 * quotient goes to scratch, the remainder to `remainder`.
 *
 * The divisor is shifted to the top of four limbs. The numerator, shifted likewise, streams from its top through a
 * four-limb remainder that stays in locals: one quotient digit per limb. In one piece, for between functions they would
 * have to lie in memory.
 */
function divideLong(limbs: u32, divisor: u32, remainder: u32): void {
  const leading = u256.leadingZeros(divisor);
  const whole = leading >> 6;
  const shift = u64(leading & 63);
  let d0 = load<u64>(divisor);
  let d1 = load<u64>(divisor, 8);
  let d2 = load<u64>(divisor, 16);
  let d3 = load<u64>(divisor, 24);
  if (whole == 1) {
    d3 = d2;
    d2 = d1;
    d1 = d0;
    d0 = 0;
  } else if (whole == 2) {
    d3 = d1;
    d2 = d0;
    d1 = 0;
    d0 = 0;
  }
  const outer = 63 - shift;
  d3 = (d3 << shift) | ((d2 >> 1) >> outer);
  d2 = (d2 << shift) | ((d1 >> 1) >> outer);
  d1 = (d1 << shift) | ((d0 >> 1) >> outer);
  d0 <<= shift;
  if (d3 != known3 || d2 != known2 || d1 != known1 || d0 != known0) {
    known3 = d3;
    known2 = d2;
    known1 = d1;
    known0 = d0;
    knownReciprocal = reciprocalOfTwo(d3, d2);
  }
  const reciprocal = knownReciprocal;

  // The remainder begins with what the shift pushes out and three limbs: below the divisor, whose highest bit is set.
  const top = scratch + ((limbs - 4) << 3);
  const n0 = load<u64>(top, DivisionScratch.NUMERATOR);
  const n1 = load<u64>(top, DivisionScratch.NUMERATOR + 8);
  const n2 = load<u64>(top, DivisionScratch.NUMERATOR + 16);
  const n3 = load<u64>(top, DivisionScratch.NUMERATOR + 24);
  let r0 = (n1 << shift) | ((n0 >> 1) >> outer);
  let r1 = (n2 << shift) | ((n1 >> 1) >> outer);
  let r2 = (n3 << shift) | ((n2 >> 1) >> outer);
  let r3 = (n3 >> 1) >> outer;
  let above = n0;
  let first = i32(limbs) - 4;
  if (limbs == 8 && r3 == 0 && r2 < d3) {
    // The product of two reduced numbers: its first digit is 0.
    const below = load<u64>(scratch, DivisionScratch.NUMERATOR + 24);
    r3 = r2;
    r2 = r1;
    r1 = r0;
    r0 = (above << shift) | ((below >> 1) >> outer);
    above = below;
    first = 3;
  }
  for (let at: i32 = first; at >= -i32(whole); at--) {
    const below = at <= 0 ? 0 : load<u64>(scratch + ((at - 1) << 3), DivisionScratch.NUMERATOR);
    const next = (above << shift) | ((below >> 1) >> outer);
    above = below;
    let q: u64;
    if (r3 < d3 || (r3 == d3 && r2 < d2)) {
      // Algorithm 5 of the paper: (r3, r2, r1) by (d3, d2)
      const low = reciprocal * r3 + r2;
      q = multiplyHigh(reciprocal, r3) + r3 + u64(low < r2);
      let t1 = r2 - q * d3;
      const product1 = multiplyHigh(d2, q);
      const product0 = d2 * q;
      // (t1, t0) = (t1, r1) - product - (d3, d2)
      let t0 = r1 - product0;
      t1 = t1 - product1 - u64(r1 < product0);
      const t00 = t0 - d2;
      t1 = t1 - d3 - u64(t0 < d2);
      t0 = t00;
      q++;
      if (t1 >= low) {
        q--;
        const sum = t0 + d2;
        t1 = t1 + d3 + u64(sum < t0);
        t0 = sum;
      }
      if (t1 > d3 || (t1 == d3 && t0 >= d2)) {
        q++;
        const difference = t0 - d2;
        t1 = t1 - d3 - u64(t0 < d2);
        t0 = difference;
      }
      // minus q * (d1, d0) from (t1, t0, r0, next)
      const p0 = q * d0;
      const p0high = multiplyHigh(q, d0);
      const p1 = q * d1 + p0high;
      const p1high = multiplyHigh(q, d1) + u64(p1 < p0high);
      const left0 = next - p0;
      const b0 = u64(next < p0);
      const m1 = r0 - p1;
      const left1 = m1 - b0;
      const b1 = u64(r0 < p1) + u64(m1 < b0);
      const take = p1high + b1; // at most 2^64 - 1: q * (d1, d0) + borrow fits three limbs
      const left2 = t0 - take;
      const b2 = u64(t0 < take);
      const left3 = t1 - b2;
      if (t1 < b2) {
        // one too many: add the divisor back
        q--;
        const s0 = left0 + d0;
        const c0 = u64(s0 < d0);
        const s1 = left1 + d1;
        const s1c = s1 + c0;
        const c1 = u64(s1 < d1) | u64(s1c < s1);
        const s2 = left2 + d2;
        const s2c = s2 + c1;
        const c2 = u64(s2 < d2) | u64(s2c < s2);
        r0 = s0;
        r1 = s1c;
        r2 = s2c;
        r3 = left3 + d3 + c2;
      } else {
        r0 = left0;
        r1 = left1;
        r2 = left2;
        r3 = left3;
      }
    } else {
      // (r3, r2) = (d3, d2): the digit is 2^64 - 1 or one less; subtract (2^64 - 1) * d = (d << 64) - d
      q = u64.MAX_VALUE;
      // (r3 r2 r1 r0 next) - (d3 d2 d1 d0 0) + (d3 d2 d1 d0); the top limbs cancel.
      let x0 = next;
      let x1 = r0 - d0;
      let borrow = u64(r0 < d0);
      let x2 = r1 - d1 - borrow;
      borrow = u64(r1 < d1) | u64(r1 - d1 < borrow);
      let x3 = r2 - d2 - borrow;
      borrow = u64(r2 < d2) | u64(r2 - d2 < borrow);
      let x4 = r3 - d3 - borrow;
      x0 += d0;
      let carry = u64(x0 < d0);
      let sum = x1 + d1;
      x1 = sum + carry;
      carry = u64(sum < d1) | u64(x1 < sum);
      sum = x2 + d2;
      x2 = sum + carry;
      carry = u64(sum < d2) | u64(x2 < sum);
      sum = x3 + d3;
      x3 = sum + carry;
      carry = u64(sum < d3) | u64(x3 < sum);
      x4 += carry;
      while (x4 != 0) {
        // negative: add the divisor back
        q--;
        x0 += d0;
        carry = u64(x0 < d0);
        sum = x1 + d1;
        x1 = sum + carry;
        carry = u64(sum < d1) | u64(x1 < sum);
        sum = x2 + d2;
        x2 = sum + carry;
        carry = u64(sum < d2) | u64(x2 < sum);
        sum = x3 + d3;
        x3 = sum + carry;
        carry = u64(sum < d3) | u64(x3 < sum);
        x4 += carry;
      }
      r0 = x0;
      r1 = x1;
      r2 = x2;
      r3 = x3;
    }
    store<u64>(scratch + ((at + i32(whole)) << 3), q, DivisionScratch.QUOTIENT);
  }
  // Undo the shift.
  r0 = (r0 >> shift) | ((r1 << 1) << outer);
  r1 = (r1 >> shift) | ((r2 << 1) << outer);
  r2 = (r2 >> shift) | ((r3 << 1) << outer);
  r3 >>= shift;
  if (whole == 0) {
    store<u64>(remainder, r0);
    store<u64>(remainder, r1, 8);
    store<u64>(remainder, r2, 16);
    store<u64>(remainder, r3, 24);
  } else if (whole == 1) {
    store<u64>(remainder, r1);
    store<u64>(remainder, r2, 8);
    store<u64>(remainder, r3, 16);
    store<u64>(remainder, 0, 24);
  } else {
    store<u64>(remainder, r2);
    store<u64>(remainder, r3, 8);
    store<u64>(remainder, 0, 16);
    store<u64>(remainder, 0, 24);
  }
}

/** out = floor(left / right); 0 when right is 0 */
export function divide(out: u32, left: u32, right: u32): void {
  if (u256.fits64(right)) {
    const divisor = load<u64>(right);
    if (divisor == 0) return u256.clear(out);
    if (u256.fits64(left)) return u256.set(out, load<u64>(left) / divisor);
    u256.copy(scratch + DivisionScratch.NUMERATOR, left);
    divideByLimb(4, divisor);
    return u256.copy(out, scratch + DivisionScratch.QUOTIENT);
  }
  if (u256.less(left, right)) return u256.clear(out);
  u256.copy(scratch + DivisionScratch.NUMERATOR, left);
  u256.clear(scratch + DivisionScratch.QUOTIENT);
  divideLong(4, right, scratch + DivisionScratch.NUMERATOR);
  u256.copy(out, scratch + DivisionScratch.QUOTIENT);
}

/** out = left mod right; 0 when right is 0 */
export function modulo(out: u32, left: u32, right: u32): void {
  if (u256.fits64(right)) {
    const divisor = load<u64>(right);
    if (divisor == 0) return u256.clear(out);
    if (u256.fits64(left)) return u256.set(out, load<u64>(left) % divisor);
    u256.copy(scratch + DivisionScratch.NUMERATOR, left);
    return u256.set(out, divideByLimb(4, divisor));
  }
  if (u256.less(left, right)) return u256.copy(out, left);
  u256.copy(scratch + DivisionScratch.NUMERATOR, left);
  divideLong(4, right, out);
}

/** out = left / right as two's complement numbers, rounded towards 0; 0 when right is 0 */
export function divideSigned(out: u32, left: u32, right: u32): void {
  const negative = (load<i64>(left, 24) ^ load<i64>(right, 24)) < 0;
  divide(out, magnitude(left, DivisionScratch.FIRST), magnitude(right, DivisionScratch.SECOND));
  if (negative) u256.negate(out, out);
}

/** out = left mod right as two's complement numbers, with the sign of left; 0 when right is 0 */
export function moduloSigned(out: u32, left: u32, right: u32): void {
  const negative = load<i64>(left, 24) < 0;
  modulo(out, magnitude(left, DivisionScratch.FIRST), magnitude(right, DivisionScratch.SECOND));
  if (negative) u256.negate(out, out);
}

/** Address of the word's absolute value: the word itself or a negated copy in scratch. */
function magnitude(word: u32, field: u32): u32 {
  if (load<i64>(word, 24) >= 0) return word;
  u256.negate(scratch + field, word);
  return scratch + field;
}

/** out = (left + right) mod modulus, the sum not reduced mod 2^256; 0 when modulus is 0 */
export function addModulo(out: u32, left: u32, right: u32, modulus: u32): void {
  const carry = u256.addWithCarry(scratch + DivisionScratch.NUMERATOR, left, right);
  if (!carry) return modulo(out, scratch + DivisionScratch.NUMERATOR, modulus);
  u256.set(scratch + DivisionScratch.NUMERATOR + 32, 1);
  reduce(out, 5, modulus);
}

/** out = (left * right) mod modulus, the product in 512 bits; 0 when modulus is 0 */
export function multiplyModulo(out: u32, left: u32, right: u32, modulus: u32): void {
  multiplyFull(scratch + DivisionScratch.NUMERATOR, left, right);
  if (isLargest(modulus)) return addHalves(out);
  reduce(out, 8, modulus);
}

// @ts-ignore: decorator
@inline
function isLargest(word: u32): bool {
  return (load<u64>(word) & load<u64>(word, 8) & load<u64>(word, 16) & load<u64>(word, 24)) == u64.MAX_VALUE;
}

/**
 * out = the eight limbs in scratch mod 2^256 - 1, where 2^256 is 1: what contracts ask for the upper half of a product
 * with (mulDiv of Solidity's libraries).
 */
function addHalves(out: u32): void {
  const product = scratch + DivisionScratch.NUMERATOR;
  if (u256.addWithCarry(out, product, product + 32)) {
    u256.set(product, 1);
    u256.add(out, out, product);
  }
  if (isLargest(out)) u256.clear(out);
}

/** out = numerator in scratch, `limbs` limbs, mod modulus */
function reduce(out: u32, limbs: u32, modulus: u32): void {
  while (limbs > 4 && load<u64>(scratch + ((limbs - 1) << 3), DivisionScratch.NUMERATOR) == 0) limbs--;
  if (limbs == 4) return modulo(out, scratch + DivisionScratch.NUMERATOR, modulus);
  if (!u256.fits64(modulus)) return divideLong(limbs, modulus, out);
  const divisor = load<u64>(modulus);
  u256.set(out, divisor == 0 ? 0 : divideByLimb(limbs, divisor));
}

/** The eight limbs at `out` = left * right; `out` is apart from both. */
export function multiplyFull(out: u32, left: u32, right: u32): void {
  const b0 = load<u64>(right);
  const b1 = load<u64>(right, 8);
  const b2 = load<u64>(right, 16);
  const b3 = load<u64>(right, 24);
  let r0: u64 = 0;
  let r1: u64 = 0;
  let r2: u64 = 0;
  let r3: u64 = 0;
  for (let row: u32 = 0; row < 32; row += 8) {
    const a = load<u64>(left + row);
    // (carry, limb) = a * b + r + carry fits 128 bits
    let low = a * b0;
    let sum = low + r0;
    let carry = multiplyHigh(a, b0) + u64(sum < low);
    store<u64>(out + row, sum);

    low = a * b1;
    sum = low + r1;
    let high = multiplyHigh(a, b1) + u64(sum < low);
    r0 = sum + carry;
    carry = high + u64(r0 < sum);

    low = a * b2;
    sum = low + r2;
    high = multiplyHigh(a, b2) + u64(sum < low);
    r1 = sum + carry;
    carry = high + u64(r1 < sum);

    low = a * b3;
    sum = low + r3;
    high = multiplyHigh(a, b3) + u64(sum < low);
    r2 = sum + carry;
    r3 = high + u64(r2 < sum);
  }
  store<u64>(out, r0, 32);
  store<u64>(out, r1, 40);
  store<u64>(out, r2, 48);
  store<u64>(out, r3, 56);
}
