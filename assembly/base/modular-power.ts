// Powers modulo numbers of up to 1024 bytes: by Montgomery's multiplication modulo the odd part, by truncated products
// modulo the power of two, and both put together. Numbers are big-endian outside, and limbs of 32 bits, the lowest
// first, in here.

import {
  LIMB_BITS, columnsSize, limbsFor, multiply as multiplyMontgomery, normalize, numberSize, useModulus,
} from "./montgomery";

/** Bytes of the longest modulus. */
export const LONGEST_MODULUS: u32 = 1024;

const LARGEST_WINDOW: u32 = 5;

/** Bytes of scratch memory, aligned to 16, for a modulus of `length` bytes. */
export function powerScratch(length: u32): u32 {
  return 8 * wordsSize(length) + tableSize(length) + columnsSize(limbsFor(length << 3));
}

/** Bytes of a number of 32-bit limbs, with room for two more. */
function wordsSize(length: u32): u32 {
  return ((length + 3) & ~15) + 32;
}

/** Odd powers, the result and the modulus in Montgomery's form. */
function tableSize(length: u32): u32 {
  return ((1 << (LARGEST_WINDOW - 1)) + 3) * numberSize(limbsFor(length << 3));
}

// Places in the scratch memory, for a modulus of `words` limbs.
let words: u32 = 0;
let whole: u32 = 0;
let odd: u32 = 0;
let oddWords: u32 = 0;
let rest: u32 = 0;
let product: u32 = 0;
let binary: u32 = 0;
let lifted: u32 = 0;
let table: u32 = 0;
let columns: u32 = 0;

/** Bits of the modulus that is a power of two; limbs of it. */
let twos: u32 = 0;
let binaryWords: u32 = 0;
/** Bytes of a number of the table. */
let stride: u32 = 0;
/** Whether `times` is modulo the power of two. */
let inBinary: bool = false;

/**
 * The `length` bytes at `out` = base ** exponent mod modulus: `length` is that of the modulus, up to LONGEST_MODULUS,
 * whose first byte is not 0; it is above 1. Base and exponent may have any length.
 */
export function powerModulo(
  out: u32, base: u32, baseLength: u32, exponent: u32, exponentLength: u32, modulus: u32, length: u32, scratch: u32,
): void {
  while (exponentLength != 0 && load<u8>(exponent) == 0) {
    exponent++;
    exponentLength--;
  }
  place(length, scratch);
  readModulus(modulus, length);
  memory.fill(rest, 0, wordsSize(length));
  if (exponentLength == 0) store<u32>(rest, 1);
  else {
    const bits = (exponentLength << 3) - (clz<u32>(u32(load<u8>(exponent))) - 24);
    if (!isOne(odd, oddWords)) powerOdd(base, baseLength, exponent, bits);
    if (twos != 0) powerBinary(base, baseLength, exponent, bits);
  }
  for (let at: u32 = 0; at < length; at++) store<u8>(out + length - 1 - at, load<u8>(rest + at));
}

function place(length: u32, scratch: u32): void {
  const size = wordsSize(length);
  words = (length + 3) >> 2;
  whole = scratch;
  odd = whole + size;
  rest = odd + size;
  product = rest + size;
  binary = product + size;
  lifted = binary + size;
  // Two more, which the inverse needs.
  table = lifted + 3 * size;
  columns = table + tableSize(length);
}

function isOne(number: u32, count: u32): bool {
  return count == 1 && load<u32>(number) == 1;
}

/** The modulus into its odd part and its power of two. */
function readModulus(modulus: u32, length: u32): void {
  readWords(whole, words, modulus, length);
  let zeros: u32 = 0;
  while (load<u32>(whole + (zeros << 2)) == 0) zeros++;
  const shift = ctz(load<u32>(whole + (zeros << 2)));
  twos = (zeros << 5) + shift;
  binaryWords = (twos + 31) >> 5;
  oddWords = words - zeros;
  shiftRight(odd, whole + (zeros << 2), oddWords, shift);
  while (load<u32>(odd + ((oddWords - 1) << 2)) == 0) oddWords--;
}

/** The lowest `count` limbs of the big-endian number of `length` bytes. */
function readWords(to: u32, count: u32, from: u32, length: u32): void {
  const end = from + length;
  for (let at: u32 = 0; at < count; at++) store<u32>(to + (at << 2), wordAt(from, end, at));
}

/** Limb number `index` of the big-endian number between `start` and `end`. */
function wordAt(start: u32, end: u32, index: u32): u32 {
  const below = index << 2;
  if (below + 4 <= end - start) return bswap(load<u32>(end - below - 4));
  let word: u32 = 0;
  for (let shift: u32 = 0; shift < 32 && below + (shift >> 3) < end - start; shift += 8) {
    word |= u32(load<u8>(end - 1 - below - (shift >> 3))) << shift;
  }
  return word;
}

/** out = number >> shift, less than 32 bits; they may be the same. */
function shiftRight(out: u32, number: u32, count: u32, shift: u32): void {
  for (let at: u32 = 0; at < count; at++) {
    const above: u64 = at + 1 < count ? load<u32>(number + (at << 2), 4) : 0;
    store<u32>(out + (at << 2), u32(((above << 32) | u64(load<u32>(number + (at << 2)))) >> shift));
  }
}

/** rest = base ** exponent mod the odd part. */
function powerOdd(base: u32, baseLength: u32, exponent: u32, bits: u32): void {
  const oddBits = (oddWords << 5) - clz<u32>(load<u32>(odd + ((oddWords - 1) << 2)));
  const limbs = limbsFor(oddBits);
  stride = numberSize(limbs);
  inBinary = false;
  const result = table + (stride << (LARGEST_WINDOW - 1));
  const inLimbs = result + stride;
  memory.fill(table, 0, stride * ((1 << (LARGEST_WINDOW - 1)) + 2));
  toLimbs(inLimbs, odd, oddWords);
  useModulus(inLimbs, limbs, columns);
  // base * R mod the modulus
  remainder(product, base, baseLength, limbs * LIMB_BITS);
  toLimbs(table, product, oddWords);
  raise(result, exponent, bits);
  // result * 1 / R: at most the modulus
  memory.fill(table, 0, stride);
  store<u32>(table, 1);
  multiplyMontgomery(result, result, table);
  normalize(result);
  fromLimbs(rest, result, oddWords);
}

/** A number of the table from limbs of 32 bits, zero behind them. */
function toLimbs(out: u32, from: u32, count: u32): void {
  const end = from + (count << 2);
  let held: u64 = 0;
  let bits: u32 = 0;
  for (let at: u32 = 0; at < stride; at += 4) {
    if (bits < LIMB_BITS && from < end) {
      held |= u64(load<u32>(from)) << bits;
      bits += 32;
      from += 4;
    }
    store<u32>(out + at, u32(held) & 0xfffffff);
    held >>= LIMB_BITS;
    bits = bits < LIMB_BITS ? 0 : bits - LIMB_BITS;
  }
}

/** `count` limbs of 32 bits from a number of the table. */
function fromLimbs(out: u32, from: u32, count: u32): void {
  const end = from + stride;
  let held: u64 = 0;
  let bits: u32 = 0;
  for (let at: u32 = 0; at < count << 2; at += 4) {
    while (bits < 32 && from < end) {
      held |= u64(load<u32>(from)) << bits;
      bits += LIMB_BITS;
      from += 4;
    }
    store<u32>(out + at, u32(held));
    held >>= 32;
    bits = bits < 32 ? 0 : bits - 32;
  }
}

/**
 * out = base * 2 ** power mod the odd part (Knuth, volume 2, 4.3.1, D): the limbs of the numerator are shifted in one
 * after the other, a base of any length therefore takes no memory.
 */
function remainder(out: u32, base: u32, baseLength: u32, power: u32): void {
  const count = oddWords;
  // The divisor with its highest bit set
  const divisor = lifted;
  const shift = clz<u32>(load<u32>(odd + ((count - 1) << 2)));
  shiftLeft(divisor, odd, count, shift);
  memory.fill(out, 0, (count + 1) << 2);
  const end = base + baseLength;
  const zeros = (power + shift) >> 5;
  const inner = (power + shift) & 31;
  let above: u64 = 0;
  for (let at = i32((baseLength + 3) >> 2) - 1; at >= -1; at--) {
    const below = at < 0 ? 0 : u64(wordAt(base, end, u32(at)));
    // Nothing yet where the base has only begun
    shiftIn(out, divisor, count, u32(((above << 32) | below) >> (32 - inner)));
    above = below;
  }
  for (let at: u32 = 0; at < zeros; at++) shiftIn(out, divisor, count, 0);
  shiftRight(out, out, count, shift);
}

/** out = number << shift, less than 32 bits, which fits. */
function shiftLeft(out: u32, number: u32, count: u32, shift: u32): void {
  let below: u64 = 0;
  for (let at: u32 = 0; at < count; at++) {
    const limb = u64(load<u32>(number + (at << 2)));
    store<u32>(out + (at << 2), u32((limb << shift) | (below >> (32 - shift))));
    below = limb;
  }
}

/** remainder = (remainder * 2^32 + next) mod divisor, whose highest bit is set. */
function shiftIn(remainder: u32, divisor: u32, count: u32, next: u32): void {
  const top = (count - 1) << 2;
  const d1 = u64(load<u32>(divisor + top));
  const r2 = u64(load<u32>(remainder + top));
  let r1: u64;
  let d0: u64 = 0;
  let r0: u64 = 0;
  if (count == 1) r1 = next;
  else {
    r1 = load<u32>(remainder + top - 4);
    d0 = load<u32>(divisor + top - 4);
    r0 = count == 2 ? next : load<u32>(remainder + top - 8);
  }
  const numerator = (r2 << 32) | r1;
  let digit: u64 = r2 >= d1 ? 0xffffffff : numerator / d1;
  let left = numerator - digit * d1;
  while (left <= 0xffffffff && digit * d0 > ((left << 32) | r0)) {
    digit--;
    left += d1;
  }
  let below = u64(next);
  let carry: u64 = 0;
  for (let at: u32 = 0; at <= top; at += 4) {
    // below - digit * limb - carry, the borrow kept in the carry
    const taken = digit * u64(load<u32>(divisor + at)) + carry;
    const difference = below - (taken & 0xffffffff);
    below = load<u32>(remainder + at);
    store<u32>(remainder + at, u32(difference));
    carry = (taken >> 32) + (difference >> 63);
  }
  if (below >= carry) return;
  // One too many
  let sum: u64 = 0;
  for (let at: u32 = 0; at <= top; at += 4) {
    sum += u64(load<u32>(remainder + at)) + u64(load<u32>(divisor + at));
    store<u32>(remainder + at, u32(sum));
    sum >>= 32;
  }
}

/** out = the first number of the table, raised: windows that begin and end with a one, from the left. */
function raise(out: u32, exponent: u32, bits: u32): void {
  const window: u32 = bits <= 24 ? 1 : bits <= 80 ? 3 : bits <= 768 ? 4 : 5;
  if (window > 1) {
    times(out, table, table);
    for (let at: u32 = 1; at < 1 << (window - 1); at++) {
      times(table + at * stride, table + (at - 1) * stride, out);
    }
  }
  // The exponent's first byte is not 0.
  const first = ((bits + 7) & ~7) - bits;
  let begun = false;
  for (let at: u32 = 0; at < bits; ) {
    if (bitAt(exponent, first + at) == 0) {
      times(out, out, out);
      at++;
      continue;
    }
    let end = at + window < bits ? at + window : bits;
    while (bitAt(exponent, first + end - 1) == 0) end--;
    let digit: u32 = 0;
    for (; at < end; at++) {
      digit = (digit << 1) | bitAt(exponent, first + at);
      if (begun) times(out, out, out);
    }
    const power = table + (digit >> 1) * stride;
    if (begun) times(out, out, power);
    else memory.copy(out, power, stride);
    begun = true;
  }
}

// @ts-ignore: decorator
@inline
function bitAt(bytes: u32, at: u32): u32 {
  return (u32(load<u8>(bytes + (at >> 3))) >> (7 - (at & 7))) & 1;
}

function times(out: u32, left: u32, right: u32): void {
  if (!inBinary) return multiplyMontgomery(out, left, right);
  multiplyBinary(product, left, right, binaryWords);
  memory.copy(out, product, binaryWords << 2);
}

/** The lowest `count` limbs of left * right; `out` is apart from both. */
function multiplyBinary(out: u32, left: u32, right: u32, count: u32): void {
  memory.fill(out, 0, count << 2);
  addProduct(out, left, count, right, count, count);
}

/** out += left * right, in `count` limbs. */
function addProduct(out: u32, left: u32, leftCount: u32, right: u32, rightCount: u32, count: u32): void {
  for (let row: u32 = 0; row < leftCount; row++) {
    const factor = u64(load<u32>(left + (row << 2)));
    if (factor == 0) continue;
    const to = out + (row << 2);
    const fitting = count - row < rightCount ? count - row : rightCount;
    let carry: u64 = 0;
    for (let at: u32 = 0; at < fitting << 2; at += 4) {
      carry += factor * u64(load<u32>(right + at)) + u64(load<u32>(to + at));
      store<u32>(to + at, u32(carry));
      carry >>= 32;
    }
    for (let at = fitting; carry != 0 && row + at < count; at++) {
      carry += u64(load<u32>(to + (at << 2)));
      store<u32>(to + (at << 2), u32(carry));
      carry >>= 32;
    }
  }
}

/**
 * With the power modulo the odd part in `rest`, or 0 where that is 1: rest = the power modulo all, which is
 * rest + odd * ((power mod 2^twos - rest) / odd mod 2^twos).
 */
function powerBinary(base: u32, baseLength: u32, exponent: u32, bits: u32): void {
  stride = ((binaryWords << 2) + 15) & ~15;
  inBinary = true;
  readWords(table, binaryWords, base, baseLength);
  raise(binary, exponent, bits);
  subtractBinary(binary, binary, rest);
  if (!isOne(odd, oddWords)) {
    invertOdd(lifted);
    multiplyBinary(product, binary, lifted, binaryWords);
    memory.copy(binary, product, binaryWords << 2);
  }
  const top = binary + ((binaryWords - 1) << 2);
  const unused = (binaryWords << 5) - twos;
  store<u32>(top, (load<u32>(top) << unused) >> unused);
  addProduct(rest, odd, oddWords, binary, binaryWords, words);
}

/** out = left - right, in as many limbs as the power of two has. */
function subtractBinary(out: u32, left: u32, right: u32): void {
  let borrow: u64 = 0;
  for (let at: u32 = 0; at < binaryWords << 2; at += 4) {
    const difference = u64(load<u32>(left + at)) - u64(load<u32>(right + at)) - borrow;
    store<u32>(out + at, u32(difference));
    borrow = difference >> 63;
  }
}

/** out = 1 / odd modulo the power of two (Newton): each step doubles the limbs that are right. */
function invertOdd(out: u32): void {
  const size = wordsSize(words << 2);
  const step = out + size;
  const number = step + size;
  memory.fill(number, 0, size);
  memory.copy(number, odd, oddWords << 2);
  const lowest = load<u32>(odd);
  let found = lowest;
  for (let bits = 3; bits < 32; bits *= 2) found *= 2 - lowest * found;
  memory.fill(out, 0, size);
  store<u32>(out, found);
  for (let right: u32 = 1; right < binaryWords; ) {
    right = right << 1 < binaryWords ? right << 1 : binaryWords;
    // out * (2 - odd * out)
    multiplyBinary(step, number, out, right);
    negateBinary(step, right);
    multiplyBinary(product, step, out, right);
    memory.copy(out, product, right << 2);
  }
}

/** number = 2 - number, in `count` limbs. */
function negateBinary(number: u32, count: u32): void {
  let carry: u64 = 3;
  for (let at: u32 = 0; at < count << 2; at += 4) {
    carry += u64(load<u32>(number + at)) ^ 0xffffffff;
    store<u32>(number + at, u32(carry));
    carry >>= 32;
  }
}
