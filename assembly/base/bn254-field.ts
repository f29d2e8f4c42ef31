// The field of bn254, two elements at a time: the lanes of a pair. Ten limbs of 26 bits each, u32, in Montgomery's form
// (R = 2^260), laid out (a0, b0, a1, b1), (a2, b2, a3, b3), … so that one instruction multiplies a limb of each lane.
// Out pointer first; any pointers may alias.
//
// A level l bounds an element by l p, and its limbs by l 2^26 each. Products have level 2, and 1 for their limbs, where
// those of the factors multiply to 84 or less, since R is 84.6 p; further up, a level of 1 + product / 84. Beyond 200
// columns overflow.

export const PAIR_SIZE: u32 = 80;

const MASK: u64 = 0x3ffffff;
/** -1 / p modulo 2^26 */
const INVERSE: i32 = 0x866389;

/** Both lanes p. */
export const PRIME = memory.data<u32>([
  0x007cfd47, 0x007cfd47, 0x002305b6, 0x002305b6, 0x00a8d3c2, 0x00a8d3c2, 0x0245a1c7, 0x0245a1c7,
  0x0197816a, 0x0197816a, 0x00605617, 0x00605617, 0x01045b68, 0x01045b68, 0x0280a6e1, 0x0280a6e1,
  0x0272e131, 0x0272e131, 0x000c1913, 0x000c1913,
], 16);
/** The same with the limbs of each four in the other order. */
const SWAPPED = memory.data<u32>([
  0x002305b6, 0x002305b6, 0x007cfd47, 0x007cfd47, 0x0245a1c7, 0x0245a1c7, 0x00a8d3c2, 0x00a8d3c2,
  0x00605617, 0x00605617, 0x0197816a, 0x0197816a, 0x0280a6e1, 0x0280a6e1, 0x01045b68, 0x01045b68,
  0x000c1913, 0x000c1913, 0x0272e131, 0x0272e131,
], 16);
/** Both lanes 0. */
export const ZERO = memory.data(80, 16);
/** Both lanes 1 in Montgomery's form, that is R. */
export const ONE = memory.data<u32>([
  0x02fce4b4, 0x02fce4b4, 0x0082203d, 0x0082203d, 0x009a8455, 0x009a8455, 0x0126eaa6, 0x0126eaa6,
  0x02498908, 0x02498908, 0x0063c052, 0x0063c052, 0x029201d8, 0x029201d8, 0x01c93e16, 0x01c93e16,
  0x024e1bb7, 0x024e1bb7, 0x0007c590, 0x0007c590,
], 16);
/** Both lanes 1 as it is: a product with it is out of Montgomery's form, and at most p. */
const RAW_ONE = memory.data<u32>([
  0x00000001, 0x00000001, 0x00000000, 0x00000000, 0x00000000, 0x00000000, 0x00000000, 0x00000000,
  0x00000000, 0x00000000, 0x00000000, 0x00000000, 0x00000000, 0x00000000, 0x00000000, 0x00000000,
  0x00000000, 0x00000000, 0x00000000, 0x00000000,
], 16);
/** A product with it is in Montgomery's form. */
const R_SQUARED = memory.data<u32>([
  0x0166eb04, 0x0166eb04, 0x022a0746, 0x022a0746, 0x00016b86, 0x00016b86, 0x01865406, 0x01865406,
  0x0098e615, 0x0098e615, 0x02d3e263, 0x02d3e263, 0x01531600, 0x01531600, 0x0265a6ff, 0x0265a6ff,
  0x01a30d3a, 0x01a30d3a, 0x0002a11a, 0x0002a11a,
], 16);
/** The b of the curve. */
export const THREE = memory.data<u32>([
  0x0079b0d5, 0x0079b0d5, 0x01635b03, 0x01635b03, 0x0126b93d, 0x0126b93d, 0x012f1e2b, 0x012f1e2b,
  0x014519ae, 0x014519ae, 0x00caeae0, 0x00caeae0, 0x02b1aa20, 0x02b1aa20, 0x02db1362, 0x02db1362,
  0x007771f4, 0x007771f4, 0x000b379e, 0x000b379e,
], 16);
/** A cube root of 1. */
export const BETA = memory.data<u32>([
  0x01583b6e, 0x01583b6e, 0x0245f768, 0x0245f768, 0x01e7dcf6, 0x01e7dcf6, 0x037116a8, 0x037116a8,
  0x0022a573, 0x0022a573, 0x008b9bcb, 0x008b9bcb, 0x01f64523, 0x01f64523, 0x0347ca3a, 0x0347ca3a,
  0x028a14dd, 0x028a14dd, 0x00078de9, 0x00078de9,
], 16);
/** 4 p in limbs that are at least 4 2^26: differences with elements of that level are not negative. */
export const LEND_4 = memory.data<u32>([
  0x11f3f51c, 0x11f3f51c, 0x108c16d4, 0x108c16d4, 0x12a34f04, 0x12a34f04, 0x11168718, 0x11168718,
  0x125e05a6, 0x125e05a6, 0x11815859, 0x11815859, 0x10116d9c, 0x10116d9c, 0x12029b81, 0x12029b81,
  0x11cb84c2, 0x11cb84c2, 0x0030644a, 0x0030644a,
], 16);
export const LEND_8 = memory.data<u32>([
  0x23e7ea38, 0x23e7ea38, 0x21182da8, 0x21182da8, 0x21469e08, 0x21469e08, 0x222d0e31, 0x222d0e31,
  0x20bc0b4c, 0x20bc0b4c, 0x2302b0b3, 0x2302b0b3, 0x2022db38, 0x2022db38, 0x20053702, 0x20053702,
  0x23970985, 0x23970985, 0x0060c894, 0x0060c894,
], 16);
export const LEND_12 = memory.data<u32>([
  0x31dbdf54, 0x31dbdf54, 0x31a4447d, 0x31a4447d, 0x33e9ed0c, 0x33e9ed0c, 0x33439549, 0x33439549,
  0x331a10f2, 0x331a10f2, 0x3084090c, 0x3084090c, 0x303448d5, 0x303448d5, 0x3207d283, 0x3207d283,
  0x31628e47, 0x31628e47, 0x00912cdf, 0x00912cdf,
], 16);

// @ts-ignore: decorator
@inline
function low(left: v128, right: v128): v128 {
  return i64x2.extmul_low_i32x4_u(left, right);
}

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

/** The limbs of a four in the other order: an even one comes where an odd one is. */
// @ts-ignore: decorator
@inline
function swapped(four: v128): v128 {
  return i32x4.shuffle(four, four, 2, 3, 0, 1);
}

/** The lower halves of the lanes of both, which are one limb each. */
// @ts-ignore: decorator
@inline
function packed(even: v128, odd: v128): v128 {
  return i32x4.shuffle(even, odd, 0, 2, 4, 6);
}

// @ts-ignore: decorator
@inline
function carryOf(column: v128): v128 {
  return i64x2.shr_u(column, 26);
}

/**
 * out = left * right / R in each lane. Two limbs of `left` a round, and the two multiples of p that make the lowest two
 * columns vanish; the others move down by two and stay in registers.
 */
export function multiply(out: u32, left: u32, right: u32): void {
  const mask = i64x2.splat(MASK);
  const inverse = i32x4.splat(INVERSE);
  const prime = u32(PRIME);
  const swappedPrime = u32(SWAPPED);
  let c0 = i64x2.splat(0);
  let c1 = c0;
  let c2 = c0;
  let c3 = c0;
  let c4 = c0;
  let c5 = c0;
  let c6 = c0;
  let c7 = c0;
  let c8 = c0;
  for (let at: u32 = 0; at < PAIR_SIZE; at += 16) {
    const a = v128.load(left + at);
    let b = v128.load(right);
    let s = swapped(b);
    c0 = plus(c0, low(a, b));
    c1 = plus(c1, plus(low(a, s), high(a, s)));
    c2 = plus(c2, high(a, b));
    b = v128.load(right, 16);
    s = swapped(b);
    c2 = plus(c2, low(a, b));
    c3 = plus(c3, plus(low(a, s), high(a, s)));
    c4 = plus(c4, high(a, b));
    b = v128.load(right, 32);
    s = swapped(b);
    c4 = plus(c4, low(a, b));
    c5 = plus(c5, plus(low(a, s), high(a, s)));
    c6 = plus(c6, high(a, b));
    b = v128.load(right, 48);
    s = swapped(b);
    c6 = plus(c6, low(a, b));
    c7 = plus(c7, plus(low(a, s), high(a, s)));
    c8 = plus(c8, high(a, b));
    b = v128.load(right, 64);
    s = swapped(b);
    c8 = plus(c8, low(a, b));
    let c9 = plus(low(a, s), high(a, s));
    let c10 = high(a, b);
    // The multiples of p, m0 and m1
    let p = v128.load(prime);
    let q = v128.load(swappedPrime);
    const m0 = v128.and(i32x4.mul(c0, inverse), mask);
    const first = i32x4.shuffle(m0, m0, 0, 2, 0, 2);
    c1 = plus(plus(c1, low(first, q)), carryOf(plus(c0, low(first, p))));
    const m1 = v128.and(i32x4.mul(c1, inverse), mask);
    const m = packed(m0, m1);
    c2 = plus(plus(c2, high(m, p)), carryOf(plus(c1, high(m, q))));
    p = v128.load(prime, 16);
    q = v128.load(swappedPrime, 16);
    c0 = plus(c2, low(m, p));
    c1 = plus(c3, plus(low(m, q), high(m, q)));
    c2 = plus(c4, high(m, p));
    p = v128.load(prime, 32);
    q = v128.load(swappedPrime, 32);
    c2 = plus(c2, low(m, p));
    c3 = plus(c5, plus(low(m, q), high(m, q)));
    c4 = plus(c6, high(m, p));
    p = v128.load(prime, 48);
    q = v128.load(swappedPrime, 48);
    c4 = plus(c4, low(m, p));
    c5 = plus(c7, plus(low(m, q), high(m, q)));
    c6 = plus(c8, high(m, p));
    p = v128.load(prime, 64);
    q = v128.load(swappedPrime, 64);
    c6 = plus(c6, low(m, p));
    c7 = plus(c9, plus(low(m, q), high(m, q)));
    c8 = plus(c10, high(m, p));
  }
  c1 = plus(c1, carryOf(c0));
  c2 = plus(c2, carryOf(c1));
  c3 = plus(c3, carryOf(c2));
  c4 = plus(c4, carryOf(c3));
  c5 = plus(c5, carryOf(c4));
  c6 = plus(c6, carryOf(c5));
  c7 = plus(c7, carryOf(c6));
  c8 = plus(c8, carryOf(c7));
  v128.store(out, v128.and(packed(c0, c1), packed(mask, mask)));
  v128.store(out, v128.and(packed(c2, c3), packed(mask, mask)), 16);
  v128.store(out, v128.and(packed(c4, c5), packed(mask, mask)), 32);
  v128.store(out, v128.and(packed(c6, c7), packed(mask, mask)), 48);
  v128.store(out, packed(v128.and(c8, mask), carryOf(c8)), 64);
}

/** out = left + right */
// @ts-ignore: decorator
@inline
export function add(out: u32, left: u32, right: u32): void {
  for (let at: u32 = 0; at < PAIR_SIZE; at += 16) {
    v128.store(out + at, i32x4.add(v128.load(left + at), v128.load(right + at)));
  }
}

/** out = left - right + what is lent: LEND_4, LEND_8 or LEND_12, by the level of `right`. */
export function subtract(out: u32, left: u32, right: u32, lent: usize): void {
  for (let at: u32 = 0; at < PAIR_SIZE; at += 16) {
    const sum = i32x4.add(v128.load(left + at), v128.load(u32(lent) + at));
    v128.store(out + at, i32x4.sub(sum, v128.load(right + at)));
  }
}

/** out = 3/2 * element of level 2, limbs of level 1; level 4. */
export function threeHalves(out: u32, element: u32): void {
  const lowest = v128.load(element);
  // p where the number is odd
  const odd = v128.and(i32x4.shuffle(lowest, lowest, 0, 1, 0, 1), i32x4.splat(1));
  const mask = i32x4.neg(odd);
  let here = thrice(element, 0, mask);
  for (let at: u32 = 0; at < PAIR_SIZE - 16; at += 16) {
    const above = thrice(element, at + 16, mask);
    v128.store(out + at, halved(here, above));
    here = above;
  }
  v128.store(out, halved(here, i64x2.splat(0)), PAIR_SIZE - 16);
}

// @ts-ignore: decorator
@inline
function thrice(element: u32, at: u32, mask: v128): v128 {
  const limbs = v128.load(element + at);
  const sum = i32x4.add(limbs, i32x4.add(limbs, limbs));
  return i32x4.add(sum, v128.and(v128.load(u32(PRIME) + at), mask));
}

/** Half of four limbs; an odd limb leaves half of 2^26 to the one below. */
// @ts-ignore: decorator
@inline
function halved(here: v128, above: v128): v128 {
  const next = v128.and(i32x4.shuffle(here, above, 2, 3, 4, 5), i32x4.splat(1));
  return i32x4.add(i32x4.shr_u(here, 1), i32x4.shl(next, 25));
}

/** out = lane 0 of `left`, lane 0 of `right`; and so on by the digits of the name. */
export function lanes00(out: u32, left: u32, right: u32): void {
  for (let at: u32 = 0; at < PAIR_SIZE; at += 16) {
    v128.store(out + at, i32x4.shuffle(v128.load(left + at), v128.load(right + at), 0, 4, 2, 6));
  }
}

export function lanes01(out: u32, left: u32, right: u32): void {
  for (let at: u32 = 0; at < PAIR_SIZE; at += 16) {
    v128.store(out + at, i32x4.shuffle(v128.load(left + at), v128.load(right + at), 0, 5, 2, 7));
  }
}

export function lanes10(out: u32, left: u32, right: u32): void {
  for (let at: u32 = 0; at < PAIR_SIZE; at += 16) {
    v128.store(out + at, i32x4.shuffle(v128.load(left + at), v128.load(right + at), 1, 4, 3, 6));
  }
}

export function lanes11(out: u32, left: u32, right: u32): void {
  for (let at: u32 = 0; at < PAIR_SIZE; at += 16) {
    v128.store(out + at, i32x4.shuffle(v128.load(left + at), v128.load(right + at), 1, 5, 3, 7));
  }
}

export function copy(out: u32, from: u32): void {
  for (let at: u32 = 0; at < PAIR_SIZE; at += 16) v128.store(out + at, v128.load(from + at));
}

/** out = two words, one behind the other, four limbs of 64 bits each, below p. */
export function fromWords(out: u32, words: u32): void {
  for (let lane: u32 = 0; lane < 2; lane++) {
    const word = words + (lane << 5);
    const to = out + (lane << 2);
    for (let index: u32 = 0; index < 10; index++) {
      const bit = index * 26;
      const shift = u64(bit & 63);
      let bits = load<u64>(word + ((bit >> 6) << 3)) >> shift;
      if (shift > 38 && bit < 192) bits |= load<u64>(word + ((bit >> 6) << 3), 8) << (64 - shift);
      store<u32>(to + (index << 3), u32(bits & MASK));
    }
  }
  multiply(out, out, u32(R_SQUARED));
}

/** The lanes, of any level up to 32, as words below p, one behind the other; `scratch` has room for a pair. */
export function toWords(words: u32, element: u32, scratch: u32): void {
  multiply(scratch, element, u32(RAW_ONE));
  for (let lane: u32 = 0; lane < 2; lane++) {
    const from = scratch + (lane << 2);
    const word = words + (lane << 5);
    // At most p
    let differs: u32 = 0;
    for (let at: u32 = 0; at < PAIR_SIZE; at += 8) differs |= load<u32>(from + at) ^ load<u32>(u32(PRIME) + at);
    memory.fill(word, 0, 32);
    if (differs == 0) continue;
    for (let index: u32 = 0; index < 10; index++) {
      const bit = index * 26;
      const shift = u64(bit & 63);
      const limb = u64(load<u32>(from + (index << 3)));
      const to = word + ((bit >> 6) << 3);
      store<u64>(to, load<u64>(to) | (limb << shift));
      if (shift > 38 && bit < 192) store<u64>(to, load<u64>(to, 8) | (limb >> (64 - shift)), 8);
    }
  }
}
