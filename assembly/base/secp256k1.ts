// Recovery of the signer's public key from an ECDSA signature over secp256k1 (SEC 1, 4.1.6). Public data only:
// nothing here takes constant time. A scalar is split in two of half the length (Gallant, Lambert, Vanstone: the
// curve's endomorphism), and all four halves share one chain of doublings.

import { DIGITS, SPLIT_SCRATCH, TOP_DIGIT, splitInto } from "./endomorphism";
import { GENERATOR_TABLE_BASE, GeneratorTable } from "../layout";
import * as field from "./secp256k1-field";
import { FIELD_SIZE } from "./secp256k1-field";
import { FIELD_MODULUS, INVERSION_SCRATCH, ORDER_MODULUS, invertModulo } from "./modular-inverse";
import * as shared from "./shared";
import * as u256 from "./u256";
import { multiplyModulo } from "./u256-division";

/** Order of the group, field prime, and constants of the endomorphism: words of four little-endian limbs. */
const ORDER = memory.data<u64>([0xbfd25e8cd0364141, 0xbaaedce6af48a03b, 0xfffffffffffffffe, 0xffffffffffffffff]);
/** Half the order, rounded down; big-endian bytes. */
const HALF_ORDER = memory.data<u8>([
  0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
  0x5d, 0x57, 0x6e, 0x73, 0x57, 0xa4, 0x50, 0x1d, 0xdf, 0xe9, 0x2f, 0x46, 0x68, 0x1b, 0x20, 0xa0,
]);
const BETA = memory.data<u64>([0xc1396c28719501ee, 0x9cf0497512f58995, 0x6e64479eac3434e9, 0x7ae96a2b657c0710]);
/** The short vectors of `splitInto`. */
const LATTICE = memory.data<u64>([
  0x3daa8a1471e8ca80, 0xe86c90e49284eb15, 0x3086d221a7d46bcd, 0x0000000000000000,
  0x221208ac9df506c6, 0x6f547fa90abfe4c4, 0xe4437ed6010e8828, 0x0000000000000000,
  0xe86c90e49284eb15, 0x3086d221a7d46bcd, 0x0000000000000000, 0x0000000000000000,
  0x6f547fa90abfe4c3, 0xe4437ed6010e8828, 0x0000000000000000, 0x0000000000000000,
  0x57c1108d9d44cfd8, 0x14ca50f7a8e2f3f6, 0x0000000000000001, 0x0000000000000000,
]);

/** The generator: x and y. */
const GENERATOR = memory.data<u64>([
  0x59f2815b16f81798, 0x029bfcdb2dce28d9, 0x55a06295ce870b07, 0x79be667ef9dcbbac,
  0x9c47d08ffb10d4b8, 0xfd17b448a6855419, 0x5da4fbfc0e1108a8, 0x483ada7726a3c465,
]);

/** A point in Jacobian coordinates: x = X / Z², y = Y / Z³. */
abstract class Point {
  static readonly X: u32 = 0;
  static readonly Y: u32 = FIELD_SIZE;
  static readonly Z: u32 = 2 * FIELD_SIZE;
  static readonly INFINITE: u32 = 3 * FIELD_SIZE;
  static readonly SIZE: u32 = 128;
}

const GENERATOR_WINDOW: u32 = 8;
const POINT_WINDOW: u32 = 5;
const POINT_TABLE: u32 = 8; // 2 ** (POINT_WINDOW - 2)

const GENERATOR_TABLE: u32 = 64; // 2 ** (GENERATOR_WINDOW - 2)

abstract class RecoveryScratch {
  static readonly FIELDS: u32 = 0; // 10 field elements
  static readonly SUM: u32 = 400;
  static readonly OTHER: u32 = 528;
  static readonly TABLE: u32 = 656; // POINT_TABLE points; Z is β x in the end
  /** One field element per point: its Z is so many times that of the one before. */
  static readonly RATIOS: u32 = 656 + 1024;
  static readonly DIGITS: u32 = 1680 + 320; // four scalars
  static readonly WORDS: u32 = 2000 + 4 * 136; // 5 words, and SPLIT_SCRATCH
  static readonly BETA: u32 = 2544 + 160 + SPLIT_SCRATCH;
  static readonly COMMON_Z: u32 = RecoveryScratch.BETA + 40;
  static readonly INVERSION: u32 = RecoveryScratch.COMMON_Z + 40;
  // Where the table of the generator is made while another worker makes that of the memory.
  static readonly GENERATOR: u32 = RecoveryScratch.INVERSION + INVERSION_SCRATCH; // GENERATOR_TABLE points
  static readonly GENERATOR_RATIOS: u32 = RecoveryScratch.GENERATOR + GeneratorTable.POINTS_SIZE;
}

/** Bytes that `resetRecovery` needs. */
export const RECOVERY_SCRATCH: u32 = RecoveryScratch.GENERATOR_RATIOS + 64 * 40;

let scratch: u32 = 0;
/** Odd multiples of the generator, GENERATOR_TABLE points; 0: nothing was recovered yet. */
let generator: u32 = 0;

/** Gives this instance its scratch memory, 8-byte aligned. */
export function resetRecovery(memory: u32): void {
  scratch = memory;
  field.fromWord(scratch + RecoveryScratch.BETA, u32(BETA));
  generator = 0;
}

/**
 * Where the odd multiples of the generator are, up to 127 times it. As data they would be a twelfth of the module that
 * a page fetches; to make them takes as long as to recover a sender, so that a memory keeps those of the first worker.
 *
 * Order: the points are complete before MADE.
 * Progress: wait-free. Who finds them being made makes its own, for that worker may be dead.
 */
function generatorTable(): u32 {
  const base = GENERATOR_TABLE_BASE;
  const before = shared.exchange(base, GeneratorTable.STATE, GeneratorTable.NONE, GeneratorTable.TAKEN);
  const kept = base + GeneratorTable.POINTS;
  if (before == GeneratorTable.MADE) return kept;
  const table = before == GeneratorTable.NONE ? kept : scratch + RecoveryScratch.GENERATOR;
  field.fromWord(table + Point.X, u32(GENERATOR));
  field.fromWord(table + Point.Y, u32(GENERATOR) + 32);
  setOne(table + Point.Z);
  store<u32>(table, 0, Point.INFINITE);
  fillTable(table, GENERATOR_TABLE, scratch + RecoveryScratch.GENERATOR_RATIOS);
  // Back to our curve, where they are affine, too
  const z = element(SCALE);
  invertField(z, scratch + RecoveryScratch.COMMON_Z);
  for (let point = table; point < table + GENERATOR_TABLE * Point.SIZE; point += Point.SIZE) {
    rescale(point, z);
    field.multiply(point + Point.Z, point + Point.X, scratch + RecoveryScratch.BETA);
  }
  if (table == kept) shared.write(base, GeneratorTable.STATE, GeneratorTable.MADE);
  return table;
}

/** out = 1 / value; normalises the value. */
function invertField(out: u32, value: u32): void {
  const inverse = word(2);
  field.normalize(value);
  field.toWord(inverse, value);
  invertModulo(inverse, inverse, u32(FIELD_MODULUS), scratch + RecoveryScratch.INVERSION);
  field.fromWord(out, inverse);
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
 * Recovers the public key that signed: x and y, 32 big-endian bytes each, go to `out`. `hash`, `r` and `s` are 32
 * big-endian bytes, `parity` is that of the nonce point's y. False when no key could have made the signature.
 */
export function recoverPublicKey(out: u32, hash: u32, r: u32, s: u32, parity: u32): bool {
  const order = u32(ORDER);
  const rWord = word(0);
  const sWord = word(1);
  u256.loadBigEndian(rWord, r);
  u256.loadBigEndian(sWord, s);
  if (generator == 0) generator = generatorTable();
  if (u256.isZero(rWord) || u256.isZero(sWord) || !u256.less(rWord, order) || !u256.less(sWord, order)) return false;
  const nonce = scratch + RecoveryScratch.TABLE;
  if (!liftX(nonce, rWord, parity)) return false;

  // Q = (s R - hash G) / r
  const inverse = word(2);
  const first = word(3);
  const second = word(4);
  invertModulo(inverse, rWord, u32(ORDER_MODULUS), scratch + RecoveryScratch.INVERSION);
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
  invertField(z, sum + Point.Z);
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

/**
 * Whether s, 32 big-endian bytes, lies in the upper half of the order: anybody can make such a twin of a signature
 * (EIP-2).
 */
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

/**
 * element(4) = base ** (2^223 - 1), element(3) = base ** (2^22 - 1), element(2) = base ** 3; the chain of Bitcoin
 * Core.
 */
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

/** out = first * G + second * (the first point of the table) */
function multiplySum(out: u32, first: u32, second: u32): void {
  const digits = scratch + RecoveryScratch.DIGITS;
  const table = scratch + RecoveryScratch.TABLE;
  const common = scratch + RecoveryScratch.COMMON_Z;
  const splitting = word(5);
  splitInto(digits, first, GENERATOR_WINDOW, u32(LATTICE), splitting);
  splitInto(digits + 2 * DIGITS, second, POINT_WINDOW, u32(LATTICE), splitting);
  fillTable(table, POINT_TABLE, scratch + RecoveryScratch.RATIOS);
  store<u32>(out, 1, Point.INFINITE);
  for (let at: i32 = TOP_DIGIT; at >= 0; at--) {
    double(out);
    addMultiple(out, generator, i32(load<i8>(digits + at)), Point.X, common);
    addMultiple(out, generator, i32(load<i8>(digits + at, DIGITS)), Point.Z, common);
    addMultiple(out, table, i32(load<i8>(digits + at, 2 * DIGITS)), Point.X, 0);
    addMultiple(out, table, i32(load<i8>(digits + at, 3 * DIGITS)), Point.Z, 0);
  }
  // Back from the curve on which the table is affine
  if (load<u32>(out, Point.INFINITE) == 0) {
    field.multiply(out + Point.Z, out + Point.Z, common);
  }
}

/**
 * The odd multiples of the table's first point, `count` of them: all with the same Z, COMMON_Z, so that on the curve
 * which that Z makes of ours (x → x Z², y → y Z³) they are affine. β x takes the place of Z. `ratios`: a field element
 * for each.
 */
function fillTable(table: u32, count: u32, ratios: u32): void {
  const twice = scratch + RecoveryScratch.OTHER;
  const common = scratch + RecoveryScratch.COMMON_Z;
  const beta = scratch + RecoveryScratch.BETA;
  // Where twice the point is affine, the point itself is (x Z², y Z³).
  memory.copy(twice, table, Point.SIZE);
  double(twice);
  field.copy(common, twice + Point.Z);
  rescale(table, common);
  let last = table;
  for (let at: u32 = 1; at < count; at++) {
    const point = table + at * Point.SIZE;
    memory.copy(point, last, Point.SIZE);
    addAffine(point, twice + Point.X, twice + Point.Y, 0);
    field.copy(ratios + at * FIELD_SIZE, element(H));
    last = point;
  }
  field.multiply(common, common, last + Point.Z);
  field.normalizeWeakly(last + Point.X);
  field.normalizeWeakly(last + Point.Y);
  // From the last point down, each by what its Z lacks.
  const lacking = element(SCALE);
  setOne(lacking);
  while (true) {
    field.multiply(last + Point.Z, last + Point.X, beta);
    if (last == table) return;
    field.multiply(lacking, lacking, ratios + ((last - table) / Point.SIZE) * FIELD_SIZE);
    last -= Point.SIZE;
    rescale(last, lacking);
  }
}

/** x = x factor², y = y factor³ */
function rescale(point: u32, factor: u32): void {
  const power = element(0);
  field.square(power, factor);
  field.multiply(point + Point.X, point + Point.X, power);
  field.multiply(power, power, factor);
  field.multiply(point + Point.Y, point + Point.Y, power);
}

/** Adds digit * P, where P is the table's first point, or with `x` Point.Z digit * λP. `common`: see addAffine. */
function addMultiple(point: u32, table: u32, digit: i32, x: u32, common: u32): void {
  if (digit == 0) return;
  const multiple = table + (u32(digit < 0 ? -digit : digit) >> 1) * Point.SIZE;
  let y = multiple + Point.Y;
  if (digit < 0) {
    y = element(NEGATED);
    field.negate(y, multiple + Point.Y, 1);
  }
  addAffine(point, multiple + x, y, common);
}

// Points have magnitudes of at most 6 (x), 4 (y) and 1 (z) between operations, so that no sum need be normalised.
const X_MAGNITUDE: u32 = 6;
const Y_MAGNITUDE: u32 = 4;

// Scratch elements by number
const H: u32 = 4;
const SCALE: u32 = 8;
const NEGATED: u32 = 9;

/** point = 2 * point: with s = y² and l = 3/2 x², it is (l² - 2 x s, l (x s - x') - s², y z). */
function double(point: u32): void {
  if (load<u32>(point, Point.INFINITE) != 0) return;
  const x = point + Point.X;
  const y = point + Point.Y;
  const z = point + Point.Z;
  const s = element(0);
  const l = element(1);
  const t = element(2);
  field.multiply(z, y, z);
  field.square(s, y);
  field.square(l, x);
  field.threeHalves(l, l);
  field.multiply(t, x, s);
  field.negate(t, t, 1);
  field.square(x, l);
  field.addTwice(x, x, t); // 1 + 2 * 2
  field.add(t, t, x);
  field.multiply(y, l, t);
  field.square(s, s);
  field.add(y, y, s);
  field.negate(y, y, 2);
}

/**
 * point += (x2, y2), which is affine; where `z` is not 0, on the curve before COMMON_Z made another of it. Magnitudes
 * of x2 and y2 are at most 2. Leaves in element H by what z was multiplied.
 */
function addAffine(point: u32, x2: u32, y2: u32, common: u32): void {
  const x1 = point + Point.X;
  const y1 = point + Point.Y;
  const z1 = point + Point.Z;
  if (load<u32>(point, Point.INFINITE) != 0) return begin(point, x2, y2, common);
  const zz = element(0);
  const zzz = element(1);
  const u2 = element(2);
  const r = element(3);
  const h = element(H);
  const hhh = element(5);
  let z = z1;
  if (common != 0) {
    z = element(6);
    field.multiply(z, z1, common);
  }
  field.square(zz, z);
  field.multiply(zzz, zz, z);
  field.multiply(u2, x2, zz);
  field.subtract(h, u2, x1, X_MAGNITUDE);
  field.multiply(r, y2, zzz);
  field.subtract(r, r, y1, Y_MAGNITUDE);
  if (field.mayBeZero(h)) {
    field.copy(zz, h);
    if (field.isZero(zz)) {
      if (field.isZero(r)) return double(point);
      store<u32>(point, 1, Point.INFINITE);
      return;
    }
  }
  // x' = r² - h³ - 2 x1 h²; y' = r (x1 h² - x') - y1 h³; z' = z1 h
  field.multiply(z1, z1, h);
  field.square(zz, h);
  field.negate(zz, zz, 1);
  field.multiply(hhh, h, zz); // -h³
  field.multiply(u2, x1, zz); // -x1 h²
  field.square(x1, r);
  field.add(x1, x1, hhh);
  field.addTwice(x1, x1, u2); // 4
  field.add(u2, u2, x1);
  field.multiply(u2, u2, r);
  field.multiply(y1, y1, hhh);
  field.subtract(y1, y1, u2, 1); // 3
}

/** point = (x2, y2), which was infinite. */
function begin(point: u32, x2: u32, y2: u32, common: u32): void {
  field.copy(point + Point.X, x2);
  field.copy(point + Point.Y, y2);
  setOne(point + Point.Z);
  store<u32>(point, 0, Point.INFINITE);
  if (common == 0) return;
  rescale(point, common);
}
