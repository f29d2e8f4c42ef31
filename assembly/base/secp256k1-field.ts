// The field of secp256k1: ten limbs of 26 bits, u32 each, so that products of limbs add up without carries (as in Bitcoin
// Core's field_10x26). Out pointer first; any pointers may alias.
//
// A magnitude m bounds the limbs: 2m times what 26 (the last: 22) bits hold. Products take magnitudes up to 8 and have
// magnitude 1; sums add magnitudes, `negate` of magnitude m has m + 1.

export const FIELD_SIZE: u32 = 40;

const M26: u64 = 0x3ffffff;
const M22: u64 = 0x3fffff;
// p = 2^256 - 0x1000003d1
const P0: u32 = 0x3fffc2f;
/** Limbs of p in pairs: 0 and 1, those from 2 to 7, 8 and 9. */
const PAIR_0: u64 = 0x03ffffbf03fffc2f;
const PAIR_2: u64 = 0x03ffffff03ffffff;
const PAIR_9: u64 = 0x003fffff03ffffff;

// @ts-ignore: decorator
@inline
function limb(element: u32, index: u32): u64 {
  return u64(load<u32>(element + (index << 2)));
}

// @ts-ignore: decorator
@inline
function put(element: u32, index: u32, value: u64): void {
  store<u32>(element + (index << 2), u32(value));
}

/** Reduces columns 0 … 18 of a product. */
// @ts-ignore: decorator
@inline
function reduce(
  out: u32, c0: u64, c1: u64, c2: u64, c3: u64, c4: u64, c5: u64, c6: u64, c7: u64, c8: u64, c9: u64, c10: u64, c11: u64, c12: u64,
  c13: u64, c14: u64, c15: u64, c16: u64, c17: u64, c18: u64,
): void {
  // The columns from 2^260 on as limbs; 2^260 = 0x3d10 + 0x400 * 2^26 (mod p)
  let d = c10;
  const h0 = d & M26;
  d = (d >> 26) + c11;
  const h1 = d & M26;
  d = (d >> 26) + c12;
  const h2 = d & M26;
  d = (d >> 26) + c13;
  const h3 = d & M26;
  d = (d >> 26) + c14;
  const h4 = d & M26;
  d = (d >> 26) + c15;
  const h5 = d & M26;
  d = (d >> 26) + c16;
  const h6 = d & M26;
  d = (d >> 26) + c17;
  const h7 = d & M26;
  d = (d >> 26) + c18;
  const h8 = d & M26;
  const h9 = d >> 26;
  d = c0 + h0 * 0x3d10;
  let r0 = d & M26;
  d = (d >> 26) + c1 + h1 * 0x3d10 + h0 * 0x400;
  let r1 = d & M26;
  d = (d >> 26) + c2 + h2 * 0x3d10 + h1 * 0x400;
  let r2 = d & M26;
  d = (d >> 26) + c3 + h3 * 0x3d10 + h2 * 0x400;
  let r3 = d & M26;
  d = (d >> 26) + c4 + h4 * 0x3d10 + h3 * 0x400;
  const r4 = d & M26;
  d = (d >> 26) + c5 + h5 * 0x3d10 + h4 * 0x400;
  const r5 = d & M26;
  d = (d >> 26) + c6 + h6 * 0x3d10 + h5 * 0x400;
  const r6 = d & M26;
  d = (d >> 26) + c7 + h7 * 0x3d10 + h6 * 0x400;
  const r7 = d & M26;
  d = (d >> 26) + c8 + h8 * 0x3d10 + h7 * 0x400;
  const r8 = d & M26;
  d = (d >> 26) + c9 + h9 * 0x3d10 + h8 * 0x400;
  const r9 = d & M22;
  // What lies above 2^256, which is 0x3d1 + 0x40 * 2^26 (mod p)
  const over = (d >> 22) + (h9 << 14);
  d = r0 + over * 0x3d1;
  r0 = d & M26;
  d = (d >> 26) + r1 + over * 0x40;
  r1 = d & M26;
  d = (d >> 26) + r2;
  r2 = d & M26;
  r3 += d >> 26;
  store<u64>(out, r0 | (r1 << 32));
  store<u64>(out, r2 | (r3 << 32), 8);
  store<u64>(out, r4 | (r5 << 32), 16);
  store<u64>(out, r6 | (r7 << 32), 24);
  store<u64>(out, r8 | (r9 << 32), 32);
}

/** out = left * right */
export function multiply(out: u32, left: u32, right: u32): void {
  const a0 = limb(left, 0);
  const a1 = limb(left, 1);
  const a2 = limb(left, 2);
  const a3 = limb(left, 3);
  const a4 = limb(left, 4);
  const a5 = limb(left, 5);
  const a6 = limb(left, 6);
  const a7 = limb(left, 7);
  const a8 = limb(left, 8);
  const a9 = limb(left, 9);
  const b0 = limb(right, 0);
  const b1 = limb(right, 1);
  const b2 = limb(right, 2);
  const b3 = limb(right, 3);
  const b4 = limb(right, 4);
  const b5 = limb(right, 5);
  const b6 = limb(right, 6);
  const b7 = limb(right, 7);
  const b8 = limb(right, 8);
  const b9 = limb(right, 9);
  reduce(
    out,
    a0 * b0,
    a0 * b1 + a1 * b0,
    a0 * b2 + a1 * b1 + a2 * b0,
    a0 * b3 + a1 * b2 + a2 * b1 + a3 * b0,
    a0 * b4 + a1 * b3 + a2 * b2 + a3 * b1 + a4 * b0,
    a0 * b5 + a1 * b4 + a2 * b3 + a3 * b2 + a4 * b1 + a5 * b0,
    a0 * b6 + a1 * b5 + a2 * b4 + a3 * b3 + a4 * b2 + a5 * b1 + a6 * b0,
    a0 * b7 + a1 * b6 + a2 * b5 + a3 * b4 + a4 * b3 + a5 * b2 + a6 * b1 + a7 * b0,
    a0 * b8 + a1 * b7 + a2 * b6 + a3 * b5 + a4 * b4 + a5 * b3 + a6 * b2 + a7 * b1 + a8 * b0,
    a0 * b9 + a1 * b8 + a2 * b7 + a3 * b6 + a4 * b5 + a5 * b4 + a6 * b3 + a7 * b2 + a8 * b1 + a9 * b0,
    a1 * b9 + a2 * b8 + a3 * b7 + a4 * b6 + a5 * b5 + a6 * b4 + a7 * b3 + a8 * b2 + a9 * b1,
    a2 * b9 + a3 * b8 + a4 * b7 + a5 * b6 + a6 * b5 + a7 * b4 + a8 * b3 + a9 * b2,
    a3 * b9 + a4 * b8 + a5 * b7 + a6 * b6 + a7 * b5 + a8 * b4 + a9 * b3,
    a4 * b9 + a5 * b8 + a6 * b7 + a7 * b6 + a8 * b5 + a9 * b4,
    a5 * b9 + a6 * b8 + a7 * b7 + a8 * b6 + a9 * b5,
    a6 * b9 + a7 * b8 + a8 * b7 + a9 * b6,
    a7 * b9 + a8 * b8 + a9 * b7,
    a8 * b9 + a9 * b8,
    a9 * b9,
  );
}

/** out = element ** 2 */
export function square(out: u32, element: u32): void {
  const a0 = limb(element, 0);
  const a1 = limb(element, 1);
  const a2 = limb(element, 2);
  const a3 = limb(element, 3);
  const a4 = limb(element, 4);
  const a5 = limb(element, 5);
  const a6 = limb(element, 6);
  const a7 = limb(element, 7);
  const a8 = limb(element, 8);
  const a9 = limb(element, 9);
  const d0 = a0 << 1;
  const d1 = a1 << 1;
  const d2 = a2 << 1;
  const d3 = a3 << 1;
  const d4 = a4 << 1;
  const d5 = a5 << 1;
  const d6 = a6 << 1;
  const d7 = a7 << 1;
  const d8 = a8 << 1;
  reduce(
    out,
    a0 * a0,
    d0 * a1,
    d0 * a2 + a1 * a1,
    d0 * a3 + d1 * a2,
    d0 * a4 + d1 * a3 + a2 * a2,
    d0 * a5 + d1 * a4 + d2 * a3,
    d0 * a6 + d1 * a5 + d2 * a4 + a3 * a3,
    d0 * a7 + d1 * a6 + d2 * a5 + d3 * a4,
    d0 * a8 + d1 * a7 + d2 * a6 + d3 * a5 + a4 * a4,
    d0 * a9 + d1 * a8 + d2 * a7 + d3 * a6 + d4 * a5,
    d1 * a9 + d2 * a8 + d3 * a7 + d4 * a6 + a5 * a5,
    d2 * a9 + d3 * a8 + d4 * a7 + d5 * a6,
    d3 * a9 + d4 * a8 + d5 * a7 + a6 * a6,
    d4 * a9 + d5 * a8 + d6 * a7,
    d5 * a9 + d6 * a8 + a7 * a7,
    d6 * a9 + d7 * a8,
    d7 * a9 + a8 * a8,
    d8 * a9,
    a9 * a9,
  );
}

/** out = element ** (2 ** count) */
export function squareTimes(out: u32, element: u32, count: u32): void {
  square(out, element);
  for (let done: u32 = 1; done < count; done++) square(out, out);
}

// Sums take two limbs at once: they never reach 32 bits. What a product has stored is loaded as it was stored, in pairs.

export function copy(out: u32, from: u32): void {
  store<u64>(out, load<u64>(from));
  store<u64>(out, load<u64>(from, 8), 8);
  store<u64>(out, load<u64>(from, 16), 16);
  store<u64>(out, load<u64>(from, 24), 24);
  store<u64>(out, load<u64>(from, 32), 32);
}

/** out = left + right */
export function add(out: u32, left: u32, right: u32): void {
  store<u64>(out, load<u64>(left) + load<u64>(right));
  store<u64>(out, load<u64>(left, 8) + load<u64>(right, 8), 8);
  store<u64>(out, load<u64>(left, 16) + load<u64>(right, 16), 16);
  store<u64>(out, load<u64>(left, 24) + load<u64>(right, 24), 24);
  store<u64>(out, load<u64>(left, 32) + load<u64>(right, 32), 32);
}

/** out = left + 2 * right */
export function addTwice(out: u32, left: u32, right: u32): void {
  store<u64>(out, load<u64>(left) + (load<u64>(right) << 1));
  store<u64>(out, load<u64>(left, 8) + (load<u64>(right, 8) << 1), 8);
  store<u64>(out, load<u64>(left, 16) + (load<u64>(right, 16) << 1), 16);
  store<u64>(out, load<u64>(left, 24) + (load<u64>(right, 24) << 1), 24);
  store<u64>(out, load<u64>(left, 32) + (load<u64>(right, 32) << 1), 32);
}

/** out = left - right, which has at most `magnitude`; the result has that of left and one more than `magnitude`. */
// @ts-ignore: decorator
@inline
export function subtract(out: u32, left: u32, right: u32, magnitude: u32): void {
  const times = u64(2 * (magnitude + 1));
  store<u64>(out, load<u64>(left) + PAIR_0 * times - load<u64>(right));
  store<u64>(out, load<u64>(left, 8) + PAIR_2 * times - load<u64>(right, 8), 8);
  store<u64>(out, load<u64>(left, 16) + PAIR_2 * times - load<u64>(right, 16), 16);
  store<u64>(out, load<u64>(left, 24) + PAIR_2 * times - load<u64>(right, 24), 24);
  store<u64>(out, load<u64>(left, 32) + PAIR_9 * times - load<u64>(right, 32), 32);
}

/** out = -element, which has at most `magnitude` */
// @ts-ignore: decorator
@inline
export function negate(out: u32, element: u32, magnitude: u32): void {
  const times = u64(2 * (magnitude + 1));
  store<u64>(out, PAIR_0 * times - load<u64>(element));
  store<u64>(out, PAIR_2 * times - load<u64>(element, 8), 8);
  store<u64>(out, PAIR_2 * times - load<u64>(element, 16), 16);
  store<u64>(out, PAIR_2 * times - load<u64>(element, 24), 24);
  store<u64>(out, PAIR_9 * times - load<u64>(element, 32), 32);
}

/** out = 3/2 * element of magnitude 1; the result has magnitude 3. */
export function threeHalves(out: u32, element: u32): void {
  // A multiple of p that makes the number even, in limbs that lend each other what is odd.
  const w0 = load<u64>(element) * 3;
  const w1 = load<u64>(element, 8) * 3;
  const w2 = load<u64>(element, 16) * 3;
  const w3 = load<u64>(element, 24) * 3;
  const w4 = load<u64>(element, 32) * 3;
  const mask: u64 = 0 - (w0 & 1);
  const p2 = PAIR_2 & mask;
  halve(out, w0 + (PAIR_0 & mask), w1 + p2, w2 + p2, w3 + p2, w4 + (PAIR_9 & mask));
}

/** Stores half of five pairs of limbs that make an even number. */
// @ts-ignore: decorator
@inline
function halve(out: u32, w0: u64, w1: u64, w2: u64, w3: u64, w4: u64): void {
  // An odd limb leaves half of 2^26 to the one below.
  store<u64>(out, half(w0) + lent(w0 >> 32, w1));
  store<u64>(out, half(w1) + lent(w1 >> 32, w2), 8);
  store<u64>(out, half(w2) + lent(w2 >> 32, w3), 16);
  store<u64>(out, half(w3) + lent(w3 >> 32, w4), 24);
  store<u64>(out, half(w4) + lent(w4 >> 32, 0), 32);
}

/** Halves of both limbs, rounded down. */
// @ts-ignore: decorator
@inline
function half(pair: u64): u64 {
  return (pair >> 1) & 0x7fffffff7fffffff;
}

/** What the limbs `upper` and `next` leave to those below them. */
// @ts-ignore: decorator
@inline
function lent(upper: u64, next: u64): u64 {
  return ((upper & 1) << 25) | ((next & 1) << 57);
}

/** Whether an element of any magnitude can be 0 mod p, by its lowest limb: hardly ever where it is not. */
// @ts-ignore: decorator
@inline
export function mayBeZero(element: u32): bool {
  const lowest = u32(limb(element, 0) + (limb(element, 9) >> 22) * 0x3d1) & u32(M26);
  return lowest == 0 || lowest == P0;
}

/** Brings any magnitude down to 1, the value unchanged mod p. */
export function normalizeWeakly(element: u32): void {
  const over = limb(element, 9) >> 22;
  let d = limb(element, 0) + over * 0x3d1;
  put(element, 0, d & M26);
  d = (d >> 26) + limb(element, 1) + over * 0x40;
  put(element, 1, d & M26);
  for (let index: u32 = 2; index < 9; index++) {
    d = (d >> 26) + limb(element, index);
    put(element, index, d & M26);
  }
  put(element, 9, (d >> 26) + (limb(element, 9) & M22));
}

/** Brings the element to the one representation below p. */
export function normalize(element: u32): void {
  normalizeWeakly(element);
  normalizeWeakly(element); // now below 2^256
  // element + 2^256 - p: does it reach 2^256?
  let d = limb(element, 0) + 0x3d1;
  const s0 = d & M26;
  d = (d >> 26) + limb(element, 1) + 0x40;
  const s1 = d & M26;
  for (let index: u32 = 2; index < 9; index++) d = (d >> 26) + limb(element, index);
  d = (d >> 26) + limb(element, 9);
  if (d >> 22 == 0) return;
  // All limbs between are ones, since p's are: what is left fits the lowest two and carries nothing.
  put(element, 0, s0);
  put(element, 1, s1);
  for (let index: u32 = 2; index < 10; index++) put(element, index, 0);
}

/** Whether the element is 0 mod p; it becomes normalised. */
export function isZero(element: u32): bool {
  normalize(element);
  for (let at: u32 = 0; at < FIELD_SIZE; at += 4) {
    if (load<u32>(element + at) != 0) return false;
  }
  return true;
}

/** out = the word, four limbs of 64 bits, which is below p */
export function fromWord(out: u32, word: u32): void {
  const w0 = load<u64>(word);
  const w1 = load<u64>(word, 8);
  const w2 = load<u64>(word, 16);
  const w3 = load<u64>(word, 24);
  put(out, 0, w0 & M26);
  put(out, 1, (w0 >> 26) & M26);
  put(out, 2, ((w0 >> 52) | (w1 << 12)) & M26);
  put(out, 3, (w1 >> 14) & M26);
  put(out, 4, ((w1 >> 40) | (w2 << 24)) & M26);
  put(out, 5, (w2 >> 2) & M26);
  put(out, 6, (w2 >> 28) & M26);
  put(out, 7, ((w2 >> 54) | (w3 << 10)) & M26);
  put(out, 8, (w3 >> 16) & M26);
  put(out, 9, w3 >> 42);
}

/** The word = the element, which is normalised */
export function toWord(word: u32, element: u32): void {
  const a2 = limb(element, 2);
  const a4 = limb(element, 4);
  const a7 = limb(element, 7);
  store<u64>(word, limb(element, 0) | (limb(element, 1) << 26) | (a2 << 52));
  store<u64>(word, (a2 >> 12) | (limb(element, 3) << 14) | (a4 << 40), 8);
  store<u64>(word, (a4 >> 24) | (limb(element, 5) << 2) | (limb(element, 6) << 28) | (a7 << 54), 16);
  store<u64>(word, (a7 >> 10) | (limb(element, 8) << 16) | (limb(element, 9) << 42), 24);
}
