// 256-bit words in memory: four little-endian u64 limbs. Out pointer first; any pointers may alias. Division:
// u256-division.ts.

// @ts-ignore: decorator
@inline
export function copy(out: u32, from: u32): void {
  const l0 = load<u64>(from);
  const l1 = load<u64>(from, 8);
  const l2 = load<u64>(from, 16);
  const l3 = load<u64>(from, 24);
  storeLimbs(out, l0, l1, l2, l3);
}

// @ts-ignore: decorator
@inline
export function clear(out: u32): void {
  v128.store(out, i64x2.splat(0));
  v128.store(out, i64x2.splat(0), 16);
}

/** out = value */
// @ts-ignore: decorator
@inline
export function set(out: u32, value: u64): void {
  store<u64>(out, value);
  store<u64>(out, 0, 8);
  v128.store(out, i64x2.splat(0), 16);
}

// @ts-ignore: decorator
@inline
export function equal(left: u32, right: u32): bool {
  return (
    (load<u64>(left) ^ load<u64>(right)) |
    (load<u64>(left, 8) ^ load<u64>(right, 8)) |
    (load<u64>(left, 16) ^ load<u64>(right, 16)) |
    (load<u64>(left, 24) ^ load<u64>(right, 24))
  ) == 0;
}

// @ts-ignore: decorator
@inline
export function isZero(word: u32): bool {
  return (load<u64>(word) | load<u64>(word, 8) | load<u64>(word, 16) | load<u64>(word, 24)) == 0;
}

/** Whether the word is below 2^64. */
// @ts-ignore: decorator
@inline
export function fits64(word: u32): bool {
  return (load<u64>(word, 8) | load<u64>(word, 16) | load<u64>(word, 24)) == 0;
}

/** The word, or `limit` when it is greater; `limit` is below 2^64. */
// @ts-ignore: decorator
@inline
export function clamped(word: u32, limit: u64): u64 {
  const low = load<u64>(word);
  return fits64(word) && low < limit ? low : limit;
}

/** Carry of `sum = left + right`, given the sum. */
// @ts-ignore: decorator
@inline
function carried(sum: u64, addend: u64): u64 {
  return u64(sum < addend);
}

/** out = left + right mod 2^256 */
// @ts-ignore: decorator
@inline
export function add(out: u32, left: u32, right: u32): void {
  const a0 = load<u64>(left);
  const a1 = load<u64>(left, 8);
  const a2 = load<u64>(left, 16);
  const s0 = a0 + load<u64>(right);
  const p1 = a1 + load<u64>(right, 8);
  const s1 = p1 + carried(s0, a0);
  const c1 = carried(p1, a1) | carried(s1, p1);
  const p2 = a2 + load<u64>(right, 16);
  const s2 = p2 + c1;
  const c2 = carried(p2, a2) | carried(s2, p2);
  const s3 = load<u64>(left, 24) + load<u64>(right, 24) + c2;
  store<u64>(out, s0);
  store<u64>(out, s1, 8);
  store<u64>(out, s2, 16);
  store<u64>(out, s3, 24);
}

/** out = left + right mod 2^256; returns the carry out of the sum. */
export function addWithCarry(out: u32, left: u32, right: u32): bool {
  let carry: u64 = 0;
  for (let limb: u32 = 0; limb < 32; limb += 8) {
    const a = load<u64>(left + limb);
    const partial = a + load<u64>(right + limb);
    const sum = partial + carry;
    carry = u64(partial < a) | u64(sum < partial);
    store<u64>(out + limb, sum);
  }
  return carry != 0;
}

/** out = left - right mod 2^256 */
// @ts-ignore: decorator
@inline
export function subtract(out: u32, left: u32, right: u32): void {
  const a0 = load<u64>(left);
  const a1 = load<u64>(left, 8);
  const a2 = load<u64>(left, 16);
  const b0 = load<u64>(right);
  const b1 = load<u64>(right, 8);
  const b2 = load<u64>(right, 16);
  const c0 = u64(a0 < b0);
  const p1 = a1 - b1;
  const c1 = u64(a1 < b1) | u64(p1 < c0);
  const p2 = a2 - b2;
  const c2 = u64(a2 < b2) | u64(p2 < c1);
  const d3 = load<u64>(left, 24) - load<u64>(right, 24) - c2;
  store<u64>(out, a0 - b0);
  store<u64>(out, p1 - c0, 8);
  store<u64>(out, p2 - c1, 16);
  store<u64>(out, d3, 24);
}

/** out = -word mod 2^256 */
export function negate(out: u32, word: u32): void {
  let carry: u64 = 1;
  for (let limb: u32 = 0; limb < 32; limb += 8) {
    const sum = ~load<u64>(word + limb) + carry;
    carry = u64(sum < carry);
    store<u64>(out + limb, sum);
  }
}

/** left < right, unsigned */
// @ts-ignore: decorator
@inline
export function less(left: u32, right: u32): bool {
  const a3 = load<u64>(left, 24);
  const b3 = load<u64>(right, 24);
  if (a3 != b3) return a3 < b3;
  const a2 = load<u64>(left, 16);
  const b2 = load<u64>(right, 16);
  if (a2 != b2) return a2 < b2;
  const a1 = load<u64>(left, 8);
  const b1 = load<u64>(right, 8);
  return a1 != b1 ? a1 < b1 : load<u64>(left) < load<u64>(right);
}

/** left < right as two's complement numbers */
// @ts-ignore: decorator
@inline
export function lessSigned(left: u32, right: u32): bool {
  const a3 = load<i64>(left, 24);
  const b3 = load<i64>(right, 24);
  return a3 != b3 ? a3 < b3 : less(left, right);
}

// @ts-ignore: decorator
@inline
export function and(out: u32, left: u32, right: u32): void {
  v128.store(out, v128.and(v128.load(left), v128.load(right)));
  v128.store(out, v128.and(v128.load(left, 16), v128.load(right, 16)), 16);
}

// @ts-ignore: decorator
@inline
export function or(out: u32, left: u32, right: u32): void {
  v128.store(out, v128.or(v128.load(left), v128.load(right)));
  v128.store(out, v128.or(v128.load(left, 16), v128.load(right, 16)), 16);
}

// @ts-ignore: decorator
@inline
export function xor(out: u32, left: u32, right: u32): void {
  v128.store(out, v128.xor(v128.load(left), v128.load(right)));
  v128.store(out, v128.xor(v128.load(left, 16), v128.load(right, 16)), 16);
}

// @ts-ignore: decorator
@inline
export function not(out: u32, word: u32): void {
  v128.store(out, v128.not(v128.load(word)));
  v128.store(out, v128.not(v128.load(word, 16)), 16);
}

/** Upper half of the 128-bit product; the lower half is `left * right`. */
// @ts-ignore: decorator
@inline
export function multiplyHigh(left: u64, right: u64): u64 {
  const a = left & 0xffffffff;
  const b = left >> 32;
  const c = right & 0xffffffff;
  const d = right >> 32;
  const bc = b * c + ((a * c) >> 32);
  const ad = a * d + (bc & 0xffffffff);
  return b * d + (bc >> 32) + (ad >> 32);
}

/** out = left * right mod 2^256 */
// @ts-ignore: decorator
@inline
export function multiply(out: u32, left: u32, right: u32): void {
  if (fits64(left) && fits64(right)) multiply64(out, load<u64>(left), load<u64>(right));
  else multiplyLong(out, left, right);
}

/** out = left * right */
// @ts-ignore: decorator
@inline
function multiply64(out: u32, left: u64, right: u64): void {
  store<u64>(out, left * right);
  store<u64>(out, multiplyHigh(left, right), 8);
  v128.store(out, i64x2.splat(0), 16);
}

function multiplyLong(out: u32, left: u32, right: u32): void {
  const a0 = load<u64>(left);
  const a1 = load<u64>(left, 8);
  const a2 = load<u64>(left, 16);
  const a3 = load<u64>(left, 24);
  const b0 = load<u64>(right);
  const b1 = load<u64>(right, 8);
  const b2 = load<u64>(right, 16);
  const b3 = load<u64>(right, 24);
  const r0 = a0 * b0;

  // column 1
  const h00 = multiplyHigh(a0, b0);
  const l01 = a0 * b1;
  const l10 = a1 * b0;
  let r1 = h00 + l01;
  let carry1 = carried(r1, l01);
  r1 += l10;
  carry1 += carried(r1, l10);

  // column 2
  const h01 = multiplyHigh(a0, b1);
  const h10 = multiplyHigh(a1, b0);
  const l02 = a0 * b2;
  const l11 = a1 * b1;
  const l20 = a2 * b0;
  let r2 = h01 + carry1; // cannot overflow: a high half is at most 2^64 - 2^33 + 1
  r2 += h10;
  let carry2 = carried(r2, h10);
  r2 += l02;
  carry2 += carried(r2, l02);
  r2 += l11;
  carry2 += carried(r2, l11);
  r2 += l20;
  carry2 += carried(r2, l20);

  // column 3, modulo 2^64
  const r3 = carry2 + multiplyHigh(a0, b2) + multiplyHigh(a1, b1) + multiplyHigh(a2, b0) +
    a0 * b3 + a1 * b2 + a2 * b1 + a3 * b0;
  store<u64>(out, r0);
  store<u64>(out, r1, 8);
  store<u64>(out, r2, 16);
  store<u64>(out, r3, 24);
}

/** out = value << count; 0 for counts above 255 */
export function shiftLeft(out: u32, count: u32, value: u32): void {
  if (!fits64(count) || load<u64>(count) > 255) return clear(out);
  const bits = load<u64>(count);
  const limbs = u32(bits >> 6);
  const inner = bits & 63;
  const outer = 63 - inner; // in two steps, since a shift by 64 is a shift by 0
  const a0 = load<u64>(value);
  const a1 = load<u64>(value, 8);
  const a2 = load<u64>(value, 16);
  const s0 = a0 << inner;
  const s1 = (a1 << inner) | ((a0 >> 1) >> outer);
  const s2 = (a2 << inner) | ((a1 >> 1) >> outer);
  const s3 = (load<u64>(value, 24) << inner) | ((a2 >> 1) >> outer);
  if (limbs == 0) storeLimbs(out, s0, s1, s2, s3);
  else if (limbs == 1) storeLimbs(out, 0, s0, s1, s2);
  else if (limbs == 2) storeLimbs(out, 0, 0, s0, s1);
  else storeLimbs(out, 0, 0, 0, s0);
}

/** out = value >> count, filled with zeros; 0 for counts above 255 */
export function shiftRight(out: u32, count: u32, value: u32): void {
  if (!fits64(count) || load<u64>(count) > 255) return clear(out);
  shiftRightFilled(out, load<u64>(count), value, 0);
}

/** out = value >> count, filled with the sign */
export function shiftRightSigned(out: u32, count: u32, value: u32): void {
  const sign = u64(load<i64>(value, 24) >> 63);
  if (!fits64(count) || load<u64>(count) > 255) return storeLimbs(out, sign, sign, sign, sign);
  shiftRightFilled(out, load<u64>(count), value, sign);
}

// @ts-ignore: decorator
@inline
function shiftRightFilled(out: u32, bits: u64, value: u32, fill: u64): void {
  const limbs = u32(bits >> 6);
  const inner = bits & 63;
  const outer = 63 - inner;
  const a1 = load<u64>(value, 8);
  const a2 = load<u64>(value, 16);
  const a3 = load<u64>(value, 24);
  const s0 = (load<u64>(value) >> inner) | ((a1 << 1) << outer);
  const s1 = (a1 >> inner) | ((a2 << 1) << outer);
  const s2 = (a2 >> inner) | ((a3 << 1) << outer);
  const s3 = (a3 >> inner) | ((fill << 1) << outer);
  if (limbs == 0) storeLimbs(out, s0, s1, s2, s3);
  else if (limbs == 1) storeLimbs(out, s1, s2, s3, fill);
  else if (limbs == 2) storeLimbs(out, s2, s3, fill, fill);
  else storeLimbs(out, s3, fill, fill, fill);
}

// @ts-ignore: decorator
@inline
function storeLimbs(out: u32, l0: u64, l1: u64, l2: u64, l3: u64): void {
  store<u64>(out, l0);
  store<u64>(out, l1, 8);
  store<u64>(out, l2, 16);
  store<u64>(out, l3, 24);
}

/** out = byte `index` of the word, counted from the most significant; 0 beyond the 32nd */
export function byteAt(out: u32, index: u32, word: u32): void {
  let byte: u64 = 0;
  if (fits64(index) && load<u64>(index) < 32) byte = load<u8>(word + 31 - u32(load<u64>(index)));
  set(out, byte);
}

/** out = the number in the lowest `size` + 1 bytes of the word, its sign extended to all 256 bits */
export function signExtend(out: u32, size: u32, word: u32): void {
  if (!fits64(size) || load<u64>(size) > 30) return copy(out, word);
  const last = u32(load<u64>(size));
  const fill = i32(load<i8>(word + last)) >> 7;
  copy(out, word);
  memory.fill(out + last + 1, u8(fill), 31 - last);
}

/** Number of zero bits above the highest one: 256 for 0 */
export function leadingZeros(word: u32): u32 {
  for (let limb: i32 = 24; limb >= 0; limb -= 8) {
    const value = load<u64>(word + limb);
    if (value != 0) return u32(clz(value)) + (24 - limb) * 8;
  }
  return 256;
}

/** out = base ** exponent mod 2^256; `square` is 32 bytes of scratch, apart from all others. */
export function power(out: u32, base: u32, exponent: u32, square: u32): void {
  const e0 = load<u64>(exponent);
  const e1 = load<u64>(exponent, 8);
  const e2 = load<u64>(exponent, 16);
  const e3 = load<u64>(exponent, 24);
  const bits: u32 = 256 - leadingZeros(exponent);
  copy(square, base);
  set(out, 1);
  for (let bit: u32 = 0; bit < bits; bit++) {
    const limb = bit < 64 ? e0 : bit < 128 ? e1 : bit < 192 ? e2 : e3;
    if (((limb >> (bit & 63)) & 1) != 0) multiply(out, out, square);
    if (bit + 1 < bits) multiply(square, square, square);
  }
}

/** out = the big-endian number in the 32 bytes at `from` */
// @ts-ignore: decorator
@inline
export function loadBigEndian(out: u32, from: u32): void {
  const high = reversed(v128.load(from));
  const low = reversed(v128.load(from, 16));
  v128.store(out, low);
  v128.store(out, high, 16);
}

/** The 32 bytes at `to` = the word, big-endian */
// @ts-ignore: decorator
@inline
export function storeBigEndian(to: u32, word: u32): void {
  const high = reversed(v128.load(word, 16));
  const low = reversed(v128.load(word));
  v128.store(to, high);
  v128.store(to, low, 16);
}

// @ts-ignore: decorator
@inline
export function reversed(bytes: v128): v128 {
  return i8x16.shuffle(bytes, bytes, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
}

/** out = the address in the 20 bytes at `from` as a number */
// @ts-ignore: decorator
@inline
export function loadAddress(out: u32, from: u32): void {
  const a0 = bswap(load<u64>(from, 12));
  const a1 = bswap(load<u64>(from, 4));
  const a2 = u64(bswap(load<u32>(from)));
  storeLimbs(out, a0, a1, a2, 0);
}

/** The 20 bytes at `to` = the 20 bytes at `from` */
// @ts-ignore: decorator
@inline
export function copyAddress(to: u32, from: u32): void {
  v128.store(to, v128.load(from));
  store<u32>(to, load<u32>(from, 16), 16);
}

/** The 20 bytes at `to` = the word's lowest 160 bits, big-endian */
// @ts-ignore: decorator
@inline
export function storeAddress(to: u32, word: u32): void {
  const a0 = load<u64>(word);
  const a1 = load<u64>(word, 8);
  const a2 = load<u32>(word, 16);
  store<u32>(to, bswap(a2));
  store<u64>(to, bswap(a1), 4);
  store<u64>(to, bswap(a0), 12);
}
