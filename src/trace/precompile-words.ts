// Why a precompiled contract refused its input, in the words of geth: the first thing that is wrong with it.

import { sha256 } from '@noble/hashes/sha2.js';
import { bytesFromHex, type Hex, numberFromBytes } from '../base/hex.ts';

const LENGTH = 'invalid input length';
const FIELD = 'invalid fp.Element encoding';
const TOP_BYTES = 'invalid field element top bytes';

/** A curve y² = x³ + b over the numbers below p, or over pairs of them with i² = -1. */
interface Curve {
  readonly p: bigint;
  readonly b1: bigint;
  readonly b2: readonly [bigint, bigint];
  /** Bytes of a coordinate, and how many of them must be 0. */
  readonly width: number;
  readonly zeros: number;
  readonly notOnCurve: string;
}

const BN254_P = 0x30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47n;
const BN254: Curve = {
  p: BN254_P,
  b1: 3n,
  b2: [
    0x2b149d40ceb8aaae81be18991be06ac3b5b4c5e559dbefa33267e6dc24a138e5n,
    0x009713b03af0fed4cd2cafadeed8fdf4a74fa084e52d1852e4a2bd0685c315d2n,
  ],
  width: 32,
  zeros: 0,
  notOnCurve: 'point is not on curve',
};
const BLS12_381: Curve = {
  p: 0x1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaabn,
  b1: 4n,
  b2: [4n, 4n],
  width: 64,
  zeros: 16,
  notOnCurve: 'invalid point: not on curve',
};

/** Which order the two halves of a coordinate of the second group come in. */
type Order = 'real first' | 'imaginary first';

/** The words for precompile `number`, which failed on `input`. */
export function precompileWords(number: number, input: Hex): string {
  const bytes = bytesFromHex(input);
  switch (number) {
    case 0x05:
      return 'one or more of base/exponent/modulus length exceeded 1024 bytes';
    case 0x06:
      return pointsWords(BN254, padded(bytes, 128), 'gg') ?? BN254.notOnCurve;
    case 0x07:
      return pointsWords(BN254, padded(bytes, 64), 'g') ?? BN254.notOnCurve;
    case 0x08:
      if (bytes.length % 192 !== 0) return 'bad elliptic curve pairing size';
      return pointsWords(BN254, bytes, 'gt') ?? 'point is not in correct subgroup';
    case 0x09:
      return bytes.length === 213 ? 'invalid final flag' : LENGTH;
    case 0x0a:
      return kzgWords(bytes);
    default:
      return blsWords(number, bytes);
  }
}

function kzgWords(bytes: Uint8Array): string {
  if (bytes.length !== 192) return LENGTH;
  const hash = sha256(bytes.subarray(96, 144));
  hash[0] = 1;
  if (hash.some((byte, at) => byte !== bytes[at])) return 'mismatched versioned hash';
  return 'error verifying kzg proof: invalid proof';
}

/** What each of the contracts of EIP-2537 takes: g, a point of the first group; t, of the second; s, a scalar. */
const bls = new Map<number, { readonly form: string; readonly isList: boolean }>([
  [0x0b, { form: 'gg', isList: false }],
  [0x0c, { form: 'gs', isList: true }],
  [0x0d, { form: 'tt', isList: false }],
  [0x0e, { form: 'ts', isList: true }],
  [0x0f, { form: 'gt', isList: true }],
  [0x10, { form: 'f', isList: false }],
  [0x11, { form: 'ff', isList: false }],
]);

const blsSizes: Readonly<Record<string, number>> = { g: 128, t: 256, s: 32, f: 64 };

function blsWords(number: number, bytes: Uint8Array): string {
  const { form, isList } = bls.get(number) ?? { form: 'f', isList: false };
  let size = 0;
  for (const part of form) size += blsSizes[part] ?? 0;
  const fits = isList ? bytes.length > 0 && bytes.length % size === 0 : bytes.length === size;
  if (!fits) return LENGTH;
  // Where every point is on its curve, one of them must be outside the group.
  const group = form.includes('g') ? 'g1' : 'g2';
  return pointsWords(BLS12_381, bytes, form) ?? `${group} point is not on correct subgroup`;
}

/** What is wrong with the points that the bytes hold, in the form that repeats; `undefined`: nothing that can be seen so. */
function pointsWords(curve: Curve, bytes: Uint8Array, form: string): string | undefined {
  const { width } = curve;
  const order: Order = curve === BN254 ? 'imaginary first' : 'real first';
  let at = 0;
  const take = (count: number) => {
    const parts = Array.from({ length: count }, (_, part) =>
      bytes.subarray(at + part * width, at + (part + 1) * width),
    );
    at += count * width;
    return parts;
  };
  for (let part = 0; at < bytes.length; part = (part + 1) % form.length) {
    const kind = form[part];
    if (kind === 's') {
      at += 32;
      continue;
    }
    const coordinates = take(kind === 'g' ? 2 : kind === 't' ? 4 : 1);
    const wrong = coordinates.map((coordinate) => fieldWords(curve, coordinate)).find((words) => words !== undefined);
    if (wrong !== undefined) return wrong;
    if (kind !== 'f' && !isOnCurve(curve, coordinates.map(numberFromBytes), order)) return curve.notOnCurve;
  }
  return undefined;
}

function fieldWords({ p, zeros }: Curve, bytes: Uint8Array): string | undefined {
  if (bytes.subarray(0, zeros).some((byte) => byte !== 0)) return TOP_BYTES;
  return numberFromBytes(bytes) < p ? undefined : FIELD;
}

/** x and y of the first group, or both halves of both in the second. All zeros is the point at infinity. */
function isOnCurve({ p, b1, b2 }: Curve, parts: readonly bigint[], order: Order): boolean {
  if (parts.every((part) => part === 0n)) return true;
  const [a = 0n, b = 0n, c = 0n, d = 0n] = parts;
  if (parts.length === 2) return (b * b - a * a * a - b1) % p === 0n;
  const [x0, x1, y0, y1] = order === 'real first' ? [a, b, c, d] : [b, a, d, c];
  // x³ = (x0³ - 3 x0 x1²) + (3 x0² x1 - x1³) i
  const real = y0 * y0 - y1 * y1 - (x0 * x0 * x0 - 3n * x0 * x1 * x1) - b2[0];
  const imaginary = 2n * y0 * y1 - (3n * x0 * x0 * x1 - x1 * x1 * x1) - b2[1];
  return real % p === 0n && imaginary % p === 0n;
}

/** The first `length` bytes, with zeros for those that are missing. */
function padded(bytes: Uint8Array, length: number): Uint8Array {
  const result = new Uint8Array(length);
  result.set(bytes.subarray(0, length));
  return result;
}
