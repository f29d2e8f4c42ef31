// Multiplication modulo odd numbers of any size (Montgomery, "Modular multiplication without trial division", 1985).
// Limbs of 28 bits, u32 each, so that four at a time are multiplied without carries: a column holds 240 products.
// Numbers stay below twice the modulus, which R = 2^(28 * limbs) exceeds sixteen times, and are 0 behind their limbs.

export const LIMB_BITS: u32 = 28;
const MASK: u64 = 0xfffffff;
/** Rounds of two limbs, four products each, that a column takes before its carries must go. */
const ROUNDS: u32 = 60;

let modulus: u32 = 0;
/** -1 / modulus modulo 2^28. */
let inverse: u64 = 0;
let limbs: u32 = 0;
/** Groups of four limbs that a round goes through. */
let groups: u32 = 0;
/** Columns, u64 each, zero between multiplications. */
let columns: u32 = 0;

/** Limbs of numbers modulo one of `bits` bits: an even number of them. */
export function limbsFor(bits: u32): u32 {
  return ((bits + 4 + 2 * LIMB_BITS - 1) / (2 * LIMB_BITS)) * 2;
}

/** Bytes of a number of so many limbs, a multiple of 16. */
export function numberSize(count: u32): u32 {
  return ((count + 3) & ~3) * 4 + 16;
}

/** Bytes of the columns. */
export function columnsSize(count: u32): u32 {
  return 2 * numberSize(count);
}

/** From now on numbers are modulo the odd number at `number`, of `count` limbs; `memory` has room for the columns. */
export function useModulus(number: u32, count: u32, memory: u32): void {
  modulus = number;
  limbs = count;
  groups = (count + 3) >> 2;
  columns = memory;
  for (let at: u32 = 0; at < columnsSize(count); at += 16) v128.store(columns + at, i64x2.splat(0));
  // Each step doubles the bits that are right, from three.
  const lowest = load<u32>(number);
  let found = lowest;
  for (let bits = 3; bits < 28; bits *= 2) found *= 2 - lowest * found;
  inverse = u64(0 - found) & MASK;
}

/**
 * out = left * right / R; any may be the same. Two limbs of `left` a round, and the two multiples of the modulus that
 * make the lowest two columns vanish: the others move down by two, so that every access stays aligned.
 */
export function multiply(out: u32, left: u32, right: u32): void {
  if (limbs == 10) return multiplyTen(out, left, right);
  const b0 = u64(load<u32>(right));
  const b1 = u64(load<u32>(right, 4));
  const n0 = u64(load<u32>(modulus));
  const n1 = u64(load<u32>(modulus, 4));
  const rightEnd = right + (groups << 4);
  let untilCarry = ROUNDS;
  for (let at: u32 = 0; at < limbs << 2; at += 8) {
    const a0 = u64(load<u32>(left + at));
    const a1 = u64(load<u32>(left + at, 4));
    let column = load<u64>(columns) + a0 * b0;
    const m0 = (column * inverse) & MASK;
    column = (column + m0 * n0) >> 28;
    column += load<u64>(columns, 8) + a0 * b1 + a1 * b0 + m0 * n1;
    const m1 = (column * inverse) & MASK;
    const carry = (column + m1 * n0) >> 28;
    const a0s = i32x4.splat(i32(a0));
    const a1s = i32x4.splat(i32(a1));
    const m0s = i32x4.splat(i32(m0));
    const m1s = i32x4.splat(i32(m1));
    let to = columns;
    let n = modulus;
    for (let b = right; b < rightEnd; b += 16) {
      const bHere = v128.load(b, 8);
      const bBelow = v128.load(b, 4);
      const nHere = v128.load(n, 8);
      const nBelow = v128.load(n, 4);
      const low = sum(v128.load(to, 16), low4(a0s, bHere), low4(a1s, bBelow), low4(m0s, nHere), low4(m1s, nBelow));
      const high = sum(
        v128.load(to, 32), high4(a0s, bHere), high4(a1s, bBelow), high4(m0s, nHere), high4(m1s, nBelow),
      );
      v128.store(to, low);
      v128.store(to, high, 16);
      to += 32;
      n += 16;
    }
    store<u64>(columns, load<u64>(columns) + carry);
    if (--untilCarry == 0) {
      carryOver();
      untilCarry = ROUNDS;
    }
  }
  let carry: u64 = 0;
  for (let at: u32 = 0; at < limbs << 2; at += 4) {
    const column = load<u64>(columns + (at << 1)) + carry;
    store<u64>(columns + (at << 1), 0);
    store<u32>(out + at, u32(column & MASK));
    carry = column >> 28;
  }
}

/**
 * `multiply` for ten limbs, which 256 bits take: the columns stay in registers, and carries move up by one limb only,
 * in all limbs at once, and twice. They leave limbs that are a few units above 28 bits at most.
 */
function multiplyTen(out: u32, left: u32, right: u32): void {
  const b0 = u64(load<u32>(right));
  const b1 = u64(load<u32>(right, 4));
  const n0 = u64(load<u32>(modulus));
  const n1 = u64(load<u32>(modulus, 4));
  // Not loaded from between: what was stored just now is loaded in the same pieces.
  const q0 = v128.load(right);
  const q1 = v128.load(right, 16);
  const q2 = v128.load(right, 32);
  const b2to5 = i32x4.shuffle(q0, q1, 2, 3, 4, 5);
  const b6to9 = i32x4.shuffle(q1, q2, 2, 3, 4, 5);
  const b1to4 = i32x4.shuffle(q0, q1, 1, 2, 3, 4);
  const b5to8 = i32x4.shuffle(q1, q2, 1, 2, 3, 4);
  const b9 = i32x4.shuffle(q2, q2, 1, 2, 2, 2);
  const n2to5 = v128.load(modulus, 8);
  const n6to9 = v128.load(modulus, 24);
  const n1to4 = v128.load(modulus, 4);
  const n5to8 = v128.load(modulus, 20);
  const n9 = v128.load(modulus, 36);
  let c0 = i64x2.splat(0);
  let c2 = c0;
  let c4 = c0;
  let c6 = c0;
  let c8 = c0;
  let carry: u64 = 0;
  for (let at: u32 = 0; at < 40; at += 8) {
    const a0 = u64(load<u32>(left + at));
    const a1 = u64(load<u32>(left + at, 4));
    let column = carry + i64x2.extract_lane(c0, 0) + a0 * b0;
    const m0 = (column * inverse) & MASK;
    column = (column + m0 * n0) >> 28;
    column += i64x2.extract_lane(c0, 1) + a0 * b1 + a1 * b0 + m0 * n1;
    const m1 = (column * inverse) & MASK;
    carry = (column + m1 * n0) >> 28;
    const a0s = v128.load32_splat(left + at);
    const a1s = v128.load32_splat(left + at, 4);
    const m0s = i32x4.splat(i32(m0));
    const m1s = i32x4.splat(i32(m1));
    c0 = sum(c2, low4(a0s, b2to5), low4(a1s, b1to4), low4(m0s, n2to5), low4(m1s, n1to4));
    c2 = sum(c4, high4(a0s, b2to5), high4(a1s, b1to4), high4(m0s, n2to5), high4(m1s, n1to4));
    c4 = sum(c6, low4(a0s, b6to9), low4(a1s, b5to8), low4(m0s, n6to9), low4(m1s, n5to8));
    c6 = sum(c8, high4(a0s, b6to9), high4(a1s, b5to8), high4(m0s, n6to9), high4(m1s, n5to8));
    c8 = i64x2.add(low4(a1s, b9), low4(m1s, n9));
  }
  c0 = i64x2.add(c0, i64x2.replace_lane(i64x2.splat(0), 0, carry));
  for (let pass = 0; pass < 2; pass++) {
    const mask = i64x2.splat(MASK);
    const k0 = i64x2.shr_u(c0, 28);
    const k2 = i64x2.shr_u(c2, 28);
    const k4 = i64x2.shr_u(c4, 28);
    const k6 = i64x2.shr_u(c6, 28);
    const k8 = i64x2.shr_u(c8, 28);
    c0 = i64x2.add(v128.and(c0, mask), i64x2.shuffle(i64x2.splat(0), k0, 1, 2));
    c2 = i64x2.add(v128.and(c2, mask), i64x2.shuffle(k0, k2, 1, 2));
    c4 = i64x2.add(v128.and(c4, mask), i64x2.shuffle(k2, k4, 1, 2));
    c6 = i64x2.add(v128.and(c6, mask), i64x2.shuffle(k4, k6, 1, 2));
    c8 = i64x2.add(v128.and(c8, mask), i64x2.shuffle(k6, k8, 1, 2));
  }
  v128.store(out, i32x4.shuffle(c0, c2, 0, 2, 4, 6));
  v128.store(out, i32x4.shuffle(c4, c6, 0, 2, 4, 6), 16);
  v128.store(out, i32x4.shuffle(c8, i64x2.splat(0), 0, 2, 4, 6), 32);
}

// @ts-ignore: decorator
@inline
function low4(left: v128, right: v128): v128 {
  return i64x2.extmul_low_i32x4_u(left, right);
}

// @ts-ignore: decorator
@inline
function high4(left: v128, right: v128): v128 {
  return i64x2.extmul_high_i32x4_u(left, right);
}

// @ts-ignore: decorator
@inline
function sum(a: v128, b: v128, c: v128, d: v128, e: v128): v128 {
  return i64x2.add(i64x2.add(a, i64x2.add(b, c)), i64x2.add(d, e));
}

/** Leaves 28 bits in each column, and the rest to those above. */
function carryOver(): void {
  let carry: u64 = 0;
  for (let at: u32 = 0; at < limbs << 3; at += 8) {
    const column = load<u64>(columns + at) + carry;
    store<u64>(columns + at, column & MASK);
    carry = column >> 28;
  }
  store<u64>(columns + (limbs << 3), load<u64>(columns + (limbs << 3)) + carry);
}

/** Brings a number that is at most the modulus below it, and its limbs to 28 bits. */
export function normalize(number: u32): void {
  let carry: u32 = 0;
  for (let at: u32 = 0; at < limbs << 2; at += 4) {
    carry += load<u32>(number + at);
    store<u32>(number + at, carry & u32(MASK));
    carry >>= LIMB_BITS;
  }
  for (let at: u32 = 0; at < limbs << 2; at += 4) {
    if (load<u32>(number + at) != load<u32>(modulus + at)) return;
  }
  memory.fill(number, 0, limbs << 2);
}
