// Recovery of the signer's public key from an ECDSA signature over secp256k1 (SEC 1, 4.1.6). Public data only: nothing here
// takes constant time. A scalar is split in two of half the length (Gallant, Lambert, Vanstone: the curve's endomorphism),
// and all four halves share one chain of doublings.

import * as field from "./secp256k1-field";
import { FIELD_SIZE } from "./secp256k1-field";
import { GENERATOR_MULTIPLES } from "./secp256k1-generator";
import * as u256 from "./u256";
import { multiplyFull, multiplyModulo } from "./u256-division";

/** Order of the group, field prime, and constants of the endomorphism: words of four little-endian limbs. */
const ORDER = memory.data<u64>([0xbfd25e8cd0364141, 0xbaaedce6af48a03b, 0xfffffffffffffffe, 0xffffffffffffffff]);
const ORDER_MINUS_2 = memory.data<u64>([0xbfd25e8cd036413f, 0xbaaedce6af48a03b, 0xfffffffffffffffe, 0xffffffffffffffff]);
/** Half the order, rounded down; big-endian bytes. */
const HALF_ORDER = memory.data<u8>([
  0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
  0x5d, 0x57, 0x6e, 0x73, 0x57, 0xa4, 0x50, 0x1d, 0xdf, 0xe9, 0x2f, 0x46, 0x68, 0x1b, 0x20, 0xa0,
]);
const BETA = memory.data<u64>([0xc1396c28719501ee, 0x9cf0497512f58995, 0x6e64479eac3434e9, 0x7ae96a2b657c0710]);
const A1 = memory.data<u64>([0xe86c90e49284eb15, 0x3086d221a7d46bcd, 0x0000000000000000, 0x0000000000000000]);
const MINUS_B1 = memory.data<u64>([0x6f547fa90abfe4c3, 0xe4437ed6010e8828, 0x0000000000000000, 0x0000000000000000]);
const A2 = memory.data<u64>([0x57c1108d9d44cfd8, 0x14ca50f7a8e2f3f6, 0x0000000000000001, 0x0000000000000000]);
/** round(2^384 * b2 / n) and round(2^384 * -b1 / n); b2 = a1 */
const G1 = memory.data<u64>([0xe893209a45dbb031, 0x3daa8a1471e8ca7f, 0xe86c90e49284eb15, 0x3086d221a7d46bcd]);
const G2 = memory.data<u64>([0x1571b4ae8ac47f71, 0x221208ac9df506c6, 0x6f547fa90abfe4c4, 0xe4437ed6010e8828]);

/** A point in Jacobian coordinates: x = X / Z², y = Y / Z³. */
abstract class Point {
  static readonly X: u32 = 0;
  static readonly Y: u32 = FIELD_SIZE;
  static readonly Z: u32 = 2 * FIELD_SIZE;
  static readonly INFINITE: u32 = 3 * FIELD_SIZE;
  static readonly SIZE: u32 = 128;
}

/** Digits of a scalar, one byte each: odd numbers apart from each other, or 0. */
const DIGITS: u32 = 136;
const GENERATOR_WINDOW: u32 = 8;
const POINT_WINDOW: u32 = 5;
const POINT_TABLE: u32 = 8; // 2 ** (POINT_WINDOW - 2)
/** Highest digit of a half scalar. */
const TOP_DIGIT: u32 = 130;

abstract class RecoveryScratch {
  static readonly FIELDS: u32 = 0; // 16 field elements
  static readonly SUM: u32 = 640;
  static readonly OTHER: u32 = 768;
  static readonly TABLE: u32 = 896; // POINT_TABLE points
  static readonly DIGITS: u32 = 896 + 1024; // four scalars
  static readonly WORDS: u32 = 1920 + 4 * 136; // 10 words
  static readonly BETA: u32 = 2464 + 320;
}

/** Bytes that `resetRecovery` needs. */
export const RECOVERY_SCRATCH: u32 = 2832;

let scratch: u32 = 0;

/** Gives this instance its scratch memory, 8-byte aligned. */
export function resetRecovery(memory: u32): void {
  scratch = memory;
  field.fromWord(scratch + RecoveryScratch.BETA, u32(BETA));
}

// @ts-ignore: decorator
@inline
function element(index: u32): u32 {
  return scratch + RecoveryScratch.FIELDS + index * FIELD_SIZE;
}

// @ts-ignore: decorator
@inline
function word(index: u32): u32 {
  return scratch + RecoveryScratch.WORDS + (index << 5);
}

/**
 * Recovers the public key that signed: x and y, 32 big-endian bytes each, go to `out`. `hash`, `r` and `s` are 32 big-endian
 * bytes, `parity` is that of the nonce point's y. False when no key could have made the signature.
 */
export function recoverPublicKey(out: u32, hash: u32, r: u32, s: u32, parity: u32): bool {
  const order = u32(ORDER);
  const rWord = word(0);
  const sWord = word(1);
  u256.loadBigEndian(rWord, r);
  u256.loadBigEndian(sWord, s);
  if (u256.isZero(rWord) || u256.isZero(sWord) || !u256.less(rWord, order) || !u256.less(sWord, order)) return false;
  const nonce = scratch + RecoveryScratch.TABLE;
  if (!liftX(nonce, rWord, parity)) return false;

  // Q = (s R - hash G) / r
  const inverse = word(2);
  const first = word(3);
  const second = word(4);
  invertScalar(inverse, rWord);
  u256.loadBigEndian(first, hash);
  multiplyModulo(first, first, inverse, order);
  if (!u256.isZero(first)) u256.subtract(first, order, first);
  multiplyModulo(second, sWord, inverse, order);
  const sum = scratch + RecoveryScratch.SUM;
  multiplySum(sum, first, second);
  if (load<u32>(sum, Point.INFINITE) != 0) return false;

  // Back to affine coordinates
  const z = element(0);
  const x = element(1);
  const y = element(2);
  invert(z, sum + Point.Z);
  field.square(x, z);
  field.multiply(z, z, x);
  field.multiply(x, x, sum + Point.X);
  field.multiply(y, z, sum + Point.Y);
  field.normalize(x);
  field.normalize(y);
  field.toWord(first, x);
  field.toWord(second, y);
  u256.storeBigEndian(out, first);
  u256.storeBigEndian(out + 32, second);
  return true;
}

/** Whether s, 32 big-endian bytes, lies in the upper half of the order: anybody can make such a twin of a signature (EIP-2). */
export function isMalleable(s: u32): bool {
  return memory.compare(s, u32(HALF_ORDER), 32) > 0;
}

/** The point with this x (below the order) and parity of y; false when x is not on the curve. */
function liftX(point: u32, x: u32, parity: u32): bool {
  const cube = element(0);
  const root = point + Point.Y;
  field.fromWord(point + Point.X, x);
  field.square(cube, point + Point.X);
  field.multiply(cube, cube, point + Point.X);
  store<u32>(cube, load<u32>(cube) + 7);
  squareRoot(root, cube);
  const check = element(1);
  field.square(check, root);
  field.negate(check, check, 1);
  field.add(check, check, cube);
  if (!field.isZero(check)) return false;
  field.normalize(root);
  if ((load<u32>(root) & 1) != parity) {
    field.negate(root, root, 1);
    field.normalize(root);
  }
  setOne(point + Point.Z);
  store<u32>(point, 0, Point.INFINITE);
  return true;
}

function setOne(out: u32): void {
  memory.fill(out, 0, FIELD_SIZE);
  store<u32>(out, 1);
}

/** element(4) = base ** (2^223 - 1), element(3) = base ** (2^22 - 1), element(2) = base ** 3; the chain of Bitcoin Core. */
function powers(base: u32): void {
  const x2 = element(2);
  const x22 = element(3);
  const x223 = element(4);
  const x3 = element(5);
  const x6 = element(6);
  const x11 = element(7);
  const x44 = element(8);
  const x88 = element(9);
  field.square(x2, base);
  field.multiply(x2, x2, base);
  field.square(x3, x2);
  field.multiply(x3, x3, base);
  field.squareTimes(x6, x3, 3);
  field.multiply(x6, x6, x3);
  field.squareTimes(x11, x6, 3);
  field.multiply(x11, x11, x3);
  field.squareTimes(x11, x11, 2);
  field.multiply(x11, x11, x2);
  field.squareTimes(x22, x11, 11);
  field.multiply(x22, x22, x11);
  field.squareTimes(x44, x22, 22);
  field.multiply(x44, x44, x22);
  field.squareTimes(x88, x44, 44);
  field.multiply(x88, x88, x44);
  field.squareTimes(x223, x88, 88);
  field.multiply(x223, x223, x88);
  field.squareTimes(x223, x223, 44);
  field.multiply(x223, x223, x44);
  field.squareTimes(x223, x223, 3);
  field.multiply(x223, x223, x3);
}

/** out = base ** ((p + 1) / 4): a square root, if there is one. `out` is apart from the scratch elements. */
function squareRoot(out: u32, base: u32): void {
  powers(base);
  field.squareTimes(out, element(4), 23);
  field.multiply(out, out, element(3));
  field.squareTimes(out, out, 6);
  field.multiply(out, out, element(2));
  field.squareTimes(out, out, 2);
}

/** out = base ** (p - 2); `out` may be element 0 or 1. */
function invert(out: u32, base: u32): void {
  powers(base);
  const power = element(5);
  field.squareTimes(power, element(4), 23);
  field.multiply(power, power, element(3));
  field.squareTimes(power, power, 5);
  field.multiply(power, power, base);
  field.squareTimes(power, power, 3);
  field.multiply(power, power, element(2));
  field.squareTimes(power, power, 2);
  field.multiply(out, power, base);
}

/** out = scalar ** (n - 2) mod n, four bits of the exponent at a time. `out` is apart from scalar. */
function invertScalar(out: u32, scalar: u32): void {
  const order = u32(ORDER);
  // scalar ** 1 … 15 in the place of the table's points, which come later
  const table = scratch + RecoveryScratch.TABLE + Point.SIZE;
  u256.copy(table, scalar);
  for (let at: u32 = 1; at < 15; at++) multiplyModulo(table + (at << 5), table + ((at - 1) << 5), scalar, order);
  u256.set(out, 1);
  for (let digit: i32 = 63; digit >= 0; digit--) {
    if (digit != 63) {
      multiplyModulo(out, out, out, order);
      multiplyModulo(out, out, out, order);
      multiplyModulo(out, out, out, order);
      multiplyModulo(out, out, out, order);
    }
    const bits = (u32(load<u8>(u32(ORDER_MINUS_2) + (digit >> 1))) >> (u32(digit & 1) << 2)) & 15;
    if (bits != 0) multiplyModulo(out, out, table + ((bits - 1) << 5), order);
  }
}

/** out = first * G + second * (the first point of the table) */
function multiplySum(out: u32, first: u32, second: u32): void {
  const digits = scratch + RecoveryScratch.DIGITS;
  splitInto(digits, first, GENERATOR_WINDOW);
  splitInto(digits + 2 * DIGITS, second, POINT_WINDOW);
  fillTable();
  store<u32>(out, 1, Point.INFINITE);
  for (let at: i32 = TOP_DIGIT; at >= 0; at--) {
    double(out);
    addGenerator(out, i32(load<i8>(digits + at)), false);
    addGenerator(out, i32(load<i8>(digits + at, DIGITS)), true);
    addMultiple(out, i32(load<i8>(digits + at, 2 * DIGITS)), false);
    addMultiple(out, i32(load<i8>(digits + at, 3 * DIGITS)), true);
  }
}

/** The odd multiples of the table's first point, up to 15 times it. */
function fillTable(): void {
  const table = scratch + RecoveryScratch.TABLE;
  const twice = scratch + RecoveryScratch.OTHER;
  memory.copy(twice, table, Point.SIZE);
  double(twice);
  for (let at: u32 = 1; at < POINT_TABLE; at++) {
    const point = table + at * Point.SIZE;
    memory.copy(point, point - Point.SIZE, Point.SIZE);
    add(point, twice + Point.X, twice + Point.Y, twice + Point.Z);
  }
}

/** Adds digit * G, or digit * λG. */
function addGenerator(point: u32, digit: i32, turned: bool): void {
  if (digit == 0) return;
  const multiple = u32(GENERATOR_MULTIPLES) + ((u32(digit < 0 ? -digit : digit) >> 1) << 6);
  field.fromWord(element(10), multiple);
  field.fromWord(element(11), multiple + 32);
  if (turned) field.multiply(element(10), element(10), scratch + RecoveryScratch.BETA);
  if (digit < 0) field.negate(element(11), element(11), 1);
  add(point, element(10), element(11), 0);
}

/** Adds digit * P, or digit * λP, where P is the table's first point. */
function addMultiple(point: u32, digit: i32, turned: bool): void {
  if (digit == 0) return;
  const multiple = scratch + RecoveryScratch.TABLE + (u32(digit < 0 ? -digit : digit) >> 1) * Point.SIZE;
  let x = multiple + Point.X;
  let y = multiple + Point.Y;
  if (turned) {
    x = element(10);
    field.multiply(x, multiple + Point.X, scratch + RecoveryScratch.BETA);
  }
  if (digit < 0) {
    y = element(11);
    field.negate(y, multiple + Point.Y, 1);
  }
  add(point, x, y, multiple + Point.Z);
}

/** point = 2 * point; coordinates have magnitudes 1, 1, 2. */
function double(point: u32): void {
  if (load<u32>(point, Point.INFINITE) != 0) return;
  const x = point + Point.X;
  const y = point + Point.Y;
  const z = point + Point.Z;
  const b = element(0);
  const d = element(1);
  const e = element(2);
  const t = element(3);
  field.multiply(z, y, z);
  field.scale(z, z, 2);
  field.square(b, y);
  field.multiply(d, x, b);
  field.scale(d, d, 4);
  field.square(e, x);
  field.scale(e, e, 3);
  // x = e² - 2d
  field.square(x, e);
  field.scale(t, d, 2);
  field.negate(t, t, 8);
  field.add(x, x, t);
  field.normalizeWeakly(x);
  // y = e (d - x) - 8 b²
  field.negate(t, x, 1);
  field.add(t, t, d);
  field.multiply(y, e, t);
  field.square(b, b);
  field.scale(b, b, 8);
  field.negate(b, b, 8);
  field.add(y, y, b);
  field.normalizeWeakly(y);
}

/** point += (x2, y2, z2), which is not infinite; `z2` 0 stands for 1. Magnitudes of x2, y2, z2 at most 1, 2, 2. */
function add(point: u32, x2: u32, y2: u32, z2: u32): void {
  if (load<u32>(point, Point.INFINITE) != 0) {
    field.copy(point + Point.X, x2);
    field.copy(point + Point.Y, y2);
    field.normalizeWeakly(point + Point.Y);
    if (z2 == 0) setOne(point + Point.Z);
    else field.copy(point + Point.Z, z2);
    store<u32>(point, 0, Point.INFINITE);
    return;
  }
  const x1 = point + Point.X;
  const y1 = point + Point.Y;
  const z1 = point + Point.Z;
  const zz = element(0);
  const u1 = element(1);
  const u2 = element(2);
  const s1 = element(3);
  const s2 = element(4);
  const h = element(5);
  const r = element(6);
  const t = element(7);
  if (z2 == 0) {
    field.copy(u1, x1);
    field.copy(s1, y1);
  } else {
    field.square(zz, z2);
    field.multiply(u1, x1, zz);
    field.multiply(zz, zz, z2);
    field.multiply(s1, y1, zz);
  }
  field.square(zz, z1);
  field.multiply(u2, x2, zz);
  field.multiply(zz, zz, z1);
  field.multiply(s2, y2, zz);
  field.negate(h, u1, 1);
  field.add(h, h, u2);
  field.negate(r, s1, 1);
  field.add(r, r, s2);
  field.copy(t, h);
  if (field.isZero(t)) {
    if (field.isZero(r)) return double(point);
    store<u32>(point, 1, Point.INFINITE);
    return;
  }
  // x3 = r² - h³ - 2 u1 h²; y3 = r (u1 h² - x3) - s1 h³; z3 = z1 z2 h
  field.multiply(z1, z1, h);
  if (z2 != 0) field.multiply(z1, z1, z2);
  field.square(zz, h);
  field.multiply(h, h, zz); // h³
  field.multiply(u1, u1, zz); // u1 h²
  field.square(x1, r);
  field.negate(t, h, 1);
  field.add(x1, x1, t);
  field.scale(t, u1, 2);
  field.negate(t, t, 2);
  field.add(x1, x1, t);
  field.normalizeWeakly(x1);
  field.negate(t, x1, 1);
  field.add(t, t, u1);
  field.multiply(y1, r, t);
  field.multiply(t, s1, h);
  field.negate(t, t, 1);
  field.add(y1, y1, t);
  field.normalizeWeakly(y1);
}

/** Digits of the two halves k1 + k2 λ of a scalar: to `digits`, and DIGITS further. */
function splitInto(digits: u32, scalar: u32, window: u32): void {
  const c1 = word(5);
  const c2 = word(6);
  const k1 = word(7);
  const k2 = word(8);
  const product = word(9);
  roundedQuotient(c1, scalar, u32(G1));
  roundedQuotient(c2, scalar, u32(G2));
  // k1 = k - c1 a1 - c2 a2; k2 = c1 (-b1) - c2 b2: signed, about 128 bits
  u256.multiply(product, c1, u32(A1));
  u256.subtract(k1, scalar, product);
  u256.multiply(product, c2, u32(A2));
  u256.subtract(k1, k1, product);
  u256.multiply(k2, c1, u32(MINUS_B1));
  u256.multiply(product, c2, u32(A1));
  u256.subtract(k2, k2, product);
  writeDigits(digits, k1, window);
  writeDigits(digits + DIGITS, k2, window);
}

/** out = round(scalar * factor / 2^384) */
function roundedQuotient(out: u32, scalar: u32, factor: u32): void {
  const product = scratch + RecoveryScratch.SUM; // not in use yet
  multiplyFull(product, scalar, factor);
  const low = load<u64>(product, 48);
  const sum = low + (load<u64>(product, 40) >> 63);
  u256.set(out, sum);
  store<u64>(out, load<u64>(product, 56) + u64(sum < low), 8);
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
