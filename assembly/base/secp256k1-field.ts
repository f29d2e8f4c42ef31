// The field of secp256k1: ten limbs of 26 bits, u32 each, so that products of limbs add up without carries (as in
// Bitcoin Core's field_10x26). Out pointer first; any pointers may alias.
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

// @ts-ignore: decorator
@inline
function lane(pair: v128, index: u8): u64 {
  return index == 0 ? i64x2.extract_lane(pair, 0) : i64x2.extract_lane(pair, 1);
}

/** Reduces the columns 0 … 18 of a product, which come in pairs; the last is the upper lane of `last`. */
// @ts-ignore: decorator
@inline
function reduce(
  out: u32, c0: v128, c2: v128, c4: v128, c6: v128, c8: v128, c10: v128, c12: v128, c14: v128, c16: v128, last: v128,
): void {
  // The columns from 2^260 on as limbs; 2^260 = 0x3d10 + 0x400 * 2^26 (mod p)
  let d: u64 = lane(c10, 0);
  const h0 = d & M26;
  d = (d >> 26) + lane(c10, 1);
  const h1 = d & M26;
  d = (d >> 26) + lane(c12, 0);
  const h2 = d & M26;
  d = (d >> 26) + lane(c12, 1);
  const h3 = d & M26;
  d = (d >> 26) + lane(c14, 0);
  const h4 = d & M26;
  d = (d >> 26) + lane(c14, 1);
  const h5 = d & M26;
  d = (d >> 26) + lane(c16, 0);
  const h6 = d & M26;
  d = (d >> 26) + lane(c16, 1);
  const h7 = d & M26;
  d = (d >> 26) + lane(last, 1);
  const h8 = d & M26;
  const h9 = d >> 26;
  d = lane(c0, 0) + h0 * 0x3d10;
  let r0 = d & M26;
  d = (d >> 26) + (lane(c0, 1) + h1 * 0x3d10 + h0 * 0x400);
  let r1 = d & M26;
  d = (d >> 26) + (lane(c2, 0) + h2 * 0x3d10 + h1 * 0x400);
  let r2 = d & M26;
  d = (d >> 26) + (lane(c2, 1) + h3 * 0x3d10 + h2 * 0x400);
  let r3 = d & M26;
  d = (d >> 26) + (lane(c4, 0) + h4 * 0x3d10 + h3 * 0x400);
  const r4 = d & M26;
  d = (d >> 26) + (lane(c4, 1) + h5 * 0x3d10 + h4 * 0x400);
  const r5 = d & M26;
  d = (d >> 26) + (lane(c6, 0) + h6 * 0x3d10 + h5 * 0x400);
  const r6 = d & M26;
  d = (d >> 26) + (lane(c6, 1) + h7 * 0x3d10 + h6 * 0x400);
  const r7 = d & M26;
  d = (d >> 26) + (lane(c8, 0) + h8 * 0x3d10 + h7 * 0x400);
  const r8 = d & M26;
  d = (d >> 26) + (lane(c8, 1) + h9 * 0x3d10 + h8 * 0x400);
  const r9 = d & M22;
  // What lies above 2^256, which is 0x3d1 + 0x40 * 2^26 (mod p)
  const over = (d >> 22) + (h9 << 14);
  d = r0 + over * 0x3d1;
  r0 = d & M26;
  d = (d >> 26) + (r1 + over * 0x40);
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

// Products of limbs two at a time: a limb of the one factor, in both lanes, times a pair of limbs of the other. Even
// limbs go to pairs of columns that begin with an even one (e), odd limbs to pairs that begin with an odd one (o). A
// multiplication takes 26 ns so, and 37 with one product at a time.

/** Two pairs of limbs, loaded as they were stored: a wider load would wait for the store buffer. */
// @ts-ignore: decorator
@inline
function pairs(element: u32, at: u32): v128 {
  return i64x2.replace_lane(i64x2.splat(load<u64>(element + at)), 1, load<u64>(element + at, 8));
}

/** Products of the lower two limbs of each. */
// @ts-ignore: decorator
@inline
function low(left: v128, right: v128): v128 {
  return i64x2.extmul_low_i32x4_u(left, right);
}

/** Products of the upper two limbs of each. */
// @ts-ignore: decorator
@inline
function high(left: v128, right: v128): v128 {
  return i64x2.extmul_high_i32x4_u(left, right);
}

// @ts-ignore: decorator
@inline
function plus(left: v128, right: v128): v128 {
  return i64x2.add(left, right);
}

/** The upper lane of the one, then the lower lane of the other. */
// @ts-ignore: decorator
@inline
function between(left: v128, right: v128): v128 {
  return i64x2.shuffle(left, right, 1, 2);
}

/** out = left * right */
export function multiply(out: u32, left: u32, right: u32): void {
  const b0 = pairs(right, 0);
  const b1 = pairs(right, 16);
  const b2 = i64x2.splat(load<u64>(right, 32));
  const v0 = pairs(left, 0);
  const v1 = pairs(left, 16);
  const v2 = i64x2.splat(load<u64>(left, 32));
  const a0 = i32x4.shuffle(v0, v0, 0, 0, 0, 0);
  const a1 = i32x4.shuffle(v0, v0, 1, 1, 1, 1);
  const a2 = i32x4.shuffle(v0, v0, 2, 2, 2, 2);
  const a3 = i32x4.shuffle(v0, v0, 3, 3, 3, 3);
  const a4 = i32x4.shuffle(v1, v1, 0, 0, 0, 0);
  const a5 = i32x4.shuffle(v1, v1, 1, 1, 1, 1);
  const a6 = i32x4.shuffle(v1, v1, 2, 2, 2, 2);
  const a7 = i32x4.shuffle(v1, v1, 3, 3, 3, 3);
  const a8 = i32x4.shuffle(v2, v2, 0, 0, 0, 0);
  const a9 = i32x4.shuffle(v2, v2, 1, 1, 1, 1);
  const e0 = low(a0, b0);
  const e1 = plus(high(a0, b0), low(a2, b0));
  const e2 = plus(plus(low(a0, b1), high(a2, b0)), low(a4, b0));
  const e3 = plus(plus(plus(high(a0, b1), low(a2, b1)), high(a4, b0)), low(a6, b0));
  const e4 = plus(plus(plus(plus(low(a0, b2), high(a2, b1)), low(a4, b1)), high(a6, b0)), low(a8, b0));
  const e5 = plus(plus(plus(low(a2, b2), high(a4, b1)), low(a6, b1)), high(a8, b0));
  const e6 = plus(plus(low(a4, b2), high(a6, b1)), low(a8, b1));
  const e7 = plus(low(a6, b2), high(a8, b1));
  const e8 = low(a8, b2);
  const o0 = low(a1, b0);
  const o1 = plus(high(a1, b0), low(a3, b0));
  const o2 = plus(plus(low(a1, b1), high(a3, b0)), low(a5, b0));
  const o3 = plus(plus(plus(high(a1, b1), low(a3, b1)), high(a5, b0)), low(a7, b0));
  const o4 = plus(plus(plus(plus(low(a1, b2), high(a3, b1)), low(a5, b1)), high(a7, b0)), low(a9, b0));
  const o5 = plus(plus(plus(low(a3, b2), high(a5, b1)), low(a7, b1)), high(a9, b0));
  const o6 = plus(plus(low(a5, b2), high(a7, b1)), low(a9, b1));
  const o7 = plus(low(a7, b2), high(a9, b1));
  const o8 = low(a9, b2);
  const c0 = plus(e0, between(i64x2.splat(0), o0));
  const c2 = plus(e1, between(o0, o1));
  const c4 = plus(e2, between(o1, o2));
  const c6 = plus(e3, between(o2, o3));
  const c8 = plus(e4, between(o3, o4));
  const c10 = plus(e5, between(o4, o5));
  const c12 = plus(e6, between(o5, o6));
  const c14 = plus(e7, between(o6, o7));
  const c16 = plus(e8, between(o7, o8));
  reduce(out, c0, c2, c4, c6, c8, c10, c12, c14, c16, o8);
}

/** out = element ** 2: each product of two different limbs once, doubled. */
export function square(out: u32, element: u32): void {
  const b0 = pairs(element, 0);
  const b1 = pairs(element, 16);
  const b2 = i64x2.splat(load<u64>(element, 32));
  const odd = i32x4(0, -1, 0, -1);
  // Of a pair with itself: s for its odd limb, t for its even one; d for the pairs above
  const s0 = v128.and(b0, odd);
  const t0 = i32x4.add(b0, s0);
  const d0 = i32x4.add(b0, b0);
  const s1 = v128.and(b1, odd);
  const t1 = i32x4.add(b1, s1);
  const d1 = i32x4.add(b1, b1);
  const s2 = v128.and(b2, odd);
  const t2 = i32x4.add(b2, s2);
  const d2 = i32x4.add(b2, b2);
  const a0 = i32x4.shuffle(b0, b0, 0, 0, 0, 0);
  const a1 = i32x4.shuffle(b0, b0, 1, 1, 1, 1);
  const a2 = i32x4.shuffle(b0, b0, 2, 2, 2, 2);
  const a3 = i32x4.shuffle(b0, b0, 3, 3, 3, 3);
  const a4 = i32x4.shuffle(b1, b1, 0, 0, 0, 0);
  const a5 = i32x4.shuffle(b1, b1, 1, 1, 1, 1);
  const a6 = i32x4.shuffle(b1, b1, 2, 2, 2, 2);
  const a7 = i32x4.shuffle(b1, b1, 3, 3, 3, 3);
  const a8 = i32x4.shuffle(b2, b2, 0, 0, 0, 0);
  const a9 = i32x4.shuffle(b2, b2, 1, 1, 1, 1);
  const e0 = low(a0, t0);
  const e1 = high(a0, d0);
  const e2 = plus(low(a0, d1), high(a2, t0));
  const e3 = plus(high(a0, d1), low(a2, d1));
  const e4 = plus(plus(low(a0, d2), high(a2, d1)), low(a4, t1));
  const e5 = plus(low(a2, d2), high(a4, d1));
  const e6 = plus(low(a4, d2), high(a6, t1));
  const e7 = low(a6, d2);
  const e8 = low(a8, t2);
  const o0 = low(a1, s0);
  const o1 = high(a1, d0);
  const o2 = plus(low(a1, d1), high(a3, s0));
  const o3 = plus(high(a1, d1), low(a3, d1));
  const o4 = plus(plus(low(a1, d2), high(a3, d1)), low(a5, s1));
  const o5 = plus(low(a3, d2), high(a5, d1));
  const o6 = plus(low(a5, d2), high(a7, s1));
  const o7 = low(a7, d2);
  const o8 = low(a9, s2);
  const c0 = plus(e0, between(i64x2.splat(0), o0));
  const c2 = plus(e1, between(o0, o1));
  const c4 = plus(e2, between(o1, o2));
  const c6 = plus(e3, between(o2, o3));
  const c8 = plus(e4, between(o3, o4));
  const c10 = plus(e5, between(o4, o5));
  const c12 = plus(e6, between(o5, o6));
  const c14 = plus(e7, between(o6, o7));
  const c16 = plus(e8, between(o7, o8));
  reduce(out, c0, c2, c4, c6, c8, c10, c12, c14, c16, o8);
}

/** out = element ** (2 ** count) */
export function squareTimes(out: u32, element: u32, count: u32): void {
  square(out, element);
  for (let done: u32 = 1; done < count; done++) square(out, out);
}

// Sums take two limbs at once: they never reach 32 bits. What a product has stored is loaded as it was stored, in
// pairs.

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
