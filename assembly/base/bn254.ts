// Addition and multiplication on bn254, y² = x³ + 3. Public data only: nothing here takes constant time. Operations go
// in pairs, which the field multiplies two at a time; a scalar is split in two of half the length, which share a chain
// of doublings, and the point's odd multiples are affine, as for secp256k1 (secp256k1.ts).

import * as field from "./bn254-field";
import { LEND_12, LEND_4, LEND_8, ONE, PAIR_SIZE } from "./bn254-field";
import { DIGITS, SPLIT_SCRATCH, TOP_DIGIT, splitInto } from "./endomorphism";
import { BN254_MODULUS, INVERSION_SCRATCH, invertModulo } from "./modular-inverse";
import * as u256 from "./u256";
import { modulo } from "./u256-division";

const PRIME = memory.data<u64>([0x3c208c16d87cfd47, 0x97816a916871ca8d, 0xb85045b68181585d, 0x30644e72e131a029]);
const ORDER = memory.data<u64>([0x43e1f593f0000001, 0x2833e84879b97091, 0xb85045b68181585d, 0x30644e72e131a029]);
/** The short vectors of `splitInto`. */
const LATTICE = memory.data<u64>([
  0x6eb9c714773a6ef3, 0xd91d232ec7e0b3d7, 0x0000000000000002, 0x0000000000000000,
  0xa5e38cfb5eaa26da, 0x7a7bd9d4391eb18d, 0x4ccef014a773d2cf, 0x0000000000000002,
  0x89d3256894d213e3, 0x0000000000000000, 0x0000000000000000, 0x0000000000000000,
  0x8211bbeb7d4f1128, 0x6f4d8248eeb859fc, 0x0000000000000000, 0x0000000000000000,
  0x0be4e1541221250b, 0x6f4d8248eeb859fd, 0x0000000000000000, 0x0000000000000000,
]);

/** A point in Jacobian coordinates: x = X / Z², y = Y / Z³. Levels of X and Y are below 11 and 7. */
abstract class Point {
  /** The pair X, Y. */
  static readonly XY: u32 = 0;
  /** The pair Z, Z². */
  static readonly Z: u32 = PAIR_SIZE;
  static readonly INFINITE: u32 = 2 * PAIR_SIZE;
  /** Whether Z² is there already. */
  static readonly IS_SQUARED: u32 = 2 * PAIR_SIZE + 4;
  static readonly SIZE: u32 = 2 * PAIR_SIZE + 16;
}

const WINDOW: u32 = 5;
const TABLE_POINTS: u32 = 8; // 2 ** (WINDOW - 2)

/** An odd multiple of the point: x and y, then β x and y, that of the multiple turned by λ. */
const MULTIPLE_SIZE: u32 = 2 * PAIR_SIZE;

abstract class Scratch {
  static readonly PAIRS: u32 = 0; // 12
  static readonly POINT: u32 = 12 * PAIR_SIZE;
  static readonly INPUT: u32 = Scratch.POINT + Point.SIZE;
  static readonly TABLE: u32 = Scratch.INPUT + PAIR_SIZE;
  /** A pair for each multiple: its Z is so many times that of the one before, by the first lane. */
  static readonly RATIOS: u32 = Scratch.TABLE + 8 * MULTIPLE_SIZE;
  static readonly WORDS: u32 = Scratch.RATIOS + 8 * PAIR_SIZE; // 3 words
  static readonly DIGITS: u32 = Scratch.WORDS + 96; // two scalars
  static readonly SPLIT: u32 = Scratch.DIGITS + 2 * DIGITS;
  static readonly INVERSION: u32 = Scratch.SPLIT + SPLIT_SCRATCH;
}

/** Bytes of scratch memory that the functions below need, aligned to 16. */
export const BN254_SCRATCH: u32 = Scratch.INVERSION + INVERSION_SCRATCH;

let scratch: u32 = 0;

// @ts-ignore: decorator
@inline
function pair(index: u32): u32 {
  return scratch + Scratch.PAIRS + index * PAIR_SIZE;
}

/**
 * out = the sum of the points at `left` and `right`: x and y, 32 big-endian bytes each, zeros for infinity.
 * False where one is no point of the curve.
 */
export function addPoints(out: u32, left: u32, right: u32, memory: u32): bool {
  scratch = memory;
  const point = scratch + Scratch.POINT;
  const input = scratch + Scratch.INPUT;
  store<u32>(point, 1, Point.INFINITE);
  if (!readPoint(input, left)) return false;
  if (!isInfinite) begin(point, input);
  if (!readPoint(input, right)) return false;
  if (!isInfinite) addAffine(point, input);
  writePoint(out, point);
  return true;
}

/** out = the point at `from` taken `scalar` times, a number of 32 big-endian bytes; otherwise like `addPoints`. */
export function multiplyPoint(out: u32, from: u32, scalar: u32, memory: u32): bool {
  scratch = memory;
  const point = scratch + Scratch.POINT;
  const word = scratch + Scratch.WORDS;
  if (!readPoint(scratch + Scratch.INPUT, from)) return false;
  store<u32>(point, 1, Point.INFINITE);
  if (!isInfinite) {
    u256.loadBigEndian(word, scalar);
    modulo(word, word, u32(ORDER));
    if (!u256.isZero(word)) multiplyInput(point, word);
  }
  writePoint(out, point);
  return true;
}

/** Whether the point that was read last is the one at infinity. */
let isInfinite: bool = false;

/** Reads an affine point; false where it is none of the curve. */
function readPoint(out: u32, from: u32): bool {
  const words = scratch + Scratch.WORDS;
  u256.loadBigEndian(words, from);
  u256.loadBigEndian(words + 32, from + 32);
  isInfinite = u256.isZero(words) && u256.isZero(words + 32);
  if (isInfinite) return true;
  if (!u256.less(words, u32(PRIME)) || !u256.less(words + 32, u32(PRIME))) return false;
  field.fromWords(out, words);
  // x³ + 3 - y²
  const squares = pair(0);
  const cubes = pair(1);
  field.multiply(squares, out, out);
  field.multiply(cubes, squares, out);
  field.add(cubes, cubes, u32(field.THREE));
  field.lanes11(squares, squares, squares);
  field.subtract(cubes, cubes, squares, LEND_4);
  field.toWords(words, cubes, pair(2));
  return u256.isZero(words);
}

/** Writes a point in affine coordinates. */
function writePoint(out: u32, point: u32): void {
  if (load<u32>(point, Point.INFINITE) != 0) return memory.fill(out, 0, 64);
  const words = scratch + Scratch.WORDS;
  const inverse = pair(0);
  const factors = pair(1);
  field.toWords(words, point + Point.Z, factors);
  invertModulo(words, words, u32(BN254_MODULUS), scratch + Scratch.INVERSION);
  u256.copy(words + 32, words);
  field.fromWords(inverse, words);
  field.multiply(factors, inverse, inverse);
  field.multiply(inverse, inverse, factors);
  field.lanes01(factors, factors, inverse);
  field.multiply(factors, factors, point + Point.XY);
  field.toWords(words, factors, inverse);
  u256.storeBigEndian(out, words);
  u256.storeBigEndian(out + 32, words + 32);
}

/** point = the input taken `word` times, which is not 0. */
function multiplyInput(point: u32, word: u32): void {
  const digits = scratch + Scratch.DIGITS;
  splitInto(digits, word, WINDOW, u32(LATTICE), scratch + Scratch.SPLIT);
  fillTable(point);
  store<u32>(point, 1, Point.INFINITE);
  for (let at: i32 = TOP_DIGIT; at >= 0; at--) {
    double(point);
    addMultiple(point, i32(load<i8>(digits + at)), 0);
    addMultiple(point, i32(load<i8>(digits + at, DIGITS)), PAIR_SIZE);
  }
  // Back from the curve on which the table is affine
  if (load<u32>(point, Point.INFINITE) == 0) field.multiply(point + Point.Z, point + Point.Z, pair(COMMON_Z));
}

/** Adds digit * P, or, of the turned one, digit * λP. */
function addMultiple(point: u32, digit: i32, turned: u32): void {
  if (digit == 0) return;
  const multiple = scratch + Scratch.TABLE + (u32(digit < 0 ? -digit : digit) >> 1) * MULTIPLE_SIZE + turned;
  if (digit > 0) return addAffine(point, multiple);
  const negative = pair(NEGATIVE);
  field.subtract(negative, u32(field.ZERO), multiple, LEND_4);
  field.lanes01(negative, multiple, negative);
  addAffine(point, negative);
}

// Scratch pairs by number; lower ones are free between operations.
const H: u32 = 8;
const NEGATIVE: u32 = 9;
const COMMON_Z: u32 = 10;
const SCALE: u32 = 11;

/**
 * The odd multiples of the input, up to 15 times it: all with the same Z, COMMON_Z, so that on the curve which that Z
 * makes of ours (x → x Z², y → y Z³) they are affine. `point` is free.
 */
function fillTable(point: u32): void {
  const table = scratch + Scratch.TABLE;
  const ratios = scratch + Scratch.RATIOS;
  const input = scratch + Scratch.INPUT;
  const twice = scratch + Scratch.INPUT;
  const common = pair(COMMON_Z);
  const lacking = pair(SCALE);
  begin(point, input);
  double(point);
  // Where twice the point is affine, the point itself is (x Z², y Z³).
  field.copy(common, point + Point.Z);
  rescale(table, input, common);
  field.multiply(twice, point + Point.XY, u32(ONE));
  begin(point, table);
  let last = table;
  for (let at: u32 = 1; at < TABLE_POINTS; at++) {
    last += MULTIPLE_SIZE;
    addAffine(point, twice);
    field.copy(last, point + Point.XY);
    field.copy(ratios + at * PAIR_SIZE, pair(H));
  }
  field.multiply(common, common, point + Point.Z);
  field.multiply(last, last, u32(ONE));
  // From the last point down, each by what its Z lacks.
  field.copy(lacking, u32(ONE));
  for (let at: u32 = TABLE_POINTS - 1; ; at--) {
    field.multiply(last + PAIR_SIZE, last, u32(field.BETA));
    field.lanes01(last + PAIR_SIZE, last + PAIR_SIZE, last);
    if (at == 0) return;
    field.multiply(lacking, lacking, ratios + at * PAIR_SIZE);
    last -= MULTIPLE_SIZE;
    rescale(last, last, lacking);
  }
}

/** out = (x factor², y factor³), by the factor's first lane. */
function rescale(out: u32, affine: u32, factor: u32): void {
  const powers = pair(0);
  const cubes = pair(1);
  field.multiply(powers, factor, factor);
  field.multiply(cubes, powers, factor);
  field.lanes00(powers, powers, cubes);
  field.multiply(out, affine, powers);
}

/** point = (x2, y2), affine. */
function begin(point: u32, affine: u32): void {
  field.copy(point + Point.XY, affine);
  field.copy(point + Point.Z, u32(ONE));
  store<u32>(point, 0, Point.INFINITE);
  store<u32>(point, 1, Point.IS_SQUARED);
}

/** point = 2 * point: with s = y² and l = 3/2 x², it is (l² - 2 x s, l (x s - x') - s², y z). */
function double(point: u32): void {
  if (load<u32>(point, Point.INFINITE) != 0) return;
  const xy = point + Point.XY;
  const z = point + Point.Z;
  const squares = pair(0); // x², s
  const l = pair(1);
  const left = pair(2);
  const right = pair(3);
  const products = pair(4); // x s, y z
  field.multiply(squares, xy, xy);
  field.threeHalves(l, squares);
  field.lanes00(left, xy, z);
  field.lanes11(right, squares, xy);
  field.multiply(products, left, right);
  field.lanes01(squares, l, squares);
  field.multiply(squares, squares, squares); // l², s²
  // x' has level 6, x s - x' level 10.
  const x = pair(5);
  field.add(x, products, products);
  field.subtract(x, squares, x, LEND_4);
  field.subtract(right, products, x, LEND_8);
  field.lanes01(left, l, products);
  field.lanes01(right, right, products);
  field.multiply(right, left, right); // l (x s - x'), z'²
  field.lanes11(z, products, right);
  store<u32>(point, 1, Point.IS_SQUARED);
  field.lanes11(squares, squares, squares);
  field.subtract(right, right, squares, LEND_4);
  field.lanes00(xy, x, right);
}

/**
 * point += (x2, y2), affine; levels of x2 and y2 are at most 4. Leaves in the first lane of H by what z was multiplied.
 */
function addAffine(point: u32, affine: u32): void {
  if (load<u32>(point, Point.INFINITE) != 0) return begin(point, affine);
  const xy = point + Point.XY;
  const z = point + Point.Z;
  const left = pair(0);
  const right = pair(1);
  const h = pair(H);
  const r = pair(2);
  const cubes = pair(3);
  const last = pair(4);
  if (load<u32>(point, Point.IS_SQUARED) == 0) {
    field.multiply(left, z, z);
    field.lanes00(z, z, left);
  }
  field.lanes00(left, affine, z);
  field.lanes11(right, z, z);
  field.multiply(right, left, right); // x2 z², z³
  field.subtract(h, right, xy, LEND_12); // level 14
  field.lanes10(left, affine, h);
  field.lanes10(right, right, h);
  field.multiply(right, left, right); // y2 z³, h²
  field.lanes10(r, right, right);
  field.subtract(r, r, xy, LEND_8); // r = y2 z³ - y1 of level 10 is the second lane.
  field.lanes00(left, h, xy);
  field.lanes11(right, right, right);
  field.multiply(cubes, left, right); // h³, x1 h²
  field.lanes10(left, r, z);
  field.lanes10(right, r, h);
  field.multiply(last, left, right); // r², z h
  if (isZero(last + 4)) {
    field.toWords(scratch + Scratch.WORDS, last, left);
    if (u256.isZero(scratch + Scratch.WORDS)) return double(point);
    store<u32>(point, 1, Point.INFINITE);
    return;
  }
  field.lanes11(z, last, last);
  store<u32>(point, 0, Point.IS_SQUARED);
  // x' = r² - h³ - 2 x1 h²; y' = r (x1 h² - x') - y1 h³
  field.lanes11(left, cubes, cubes);
  field.add(right, left, left);
  field.add(right, right, cubes);
  field.subtract(last, last, right, LEND_8); // x' of level 11
  field.subtract(right, left, last, LEND_12);
  field.lanes00(right, right, cubes);
  field.lanes11(left, r, xy);
  field.multiply(right, left, right);
  field.lanes11(left, right, right);
  field.subtract(right, right, left, LEND_4);
  field.lanes00(xy, last, right);
}

/** Whether a product's lane, of level 2, is 0 or p. */
function isZero(lane: u32): bool {
  const lowest = load<u32>(lane);
  if (lowest != 0 && lowest != load<u32>(u32(field.PRIME))) return false;
  let some: u32 = 0;
  let differs: u32 = 0;
  for (let at: u32 = 0; at < PAIR_SIZE; at += 8) {
    some |= load<u32>(lane + at);
    differs |= load<u32>(lane + at) ^ load<u32>(u32(field.PRIME) + at);
  }
  return some == 0 || differs == 0;
}
