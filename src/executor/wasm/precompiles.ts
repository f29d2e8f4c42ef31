// The precompiled contracts that the core leaves to its host: one synchronous function over the core's memory. Gas is the
// core's matter; an input that makes the call fail is an answer, everything else that a library throws is a trap.
import { bls12_381 } from '@noble/curves/bls12-381.js';
import { bn254 } from '@noble/curves/bn254.js';
import { p256 } from '@noble/curves/nist.js';
import { sha256 } from '@noble/hashes/sha2.js';

/** Host side of the import `env.precompile`: bytes written, or -1 for an input that makes the call fail. */
export type PrecompileHost = (
  id: number,
  input: number,
  inputLength: number,
  output: number,
  capacity: number,
) => number;

/** An input that is not valid. */
class InvalidInput extends Error {}

/** The import over a memory of the core's. */
export function createPrecompiles(memory: WebAssembly.Memory): PrecompileHost {
  return (id, input, inputLength, output, capacity) => {
    const bytes = new Uint8Array(memory.buffer);
    const run = precompiles[id];
    if (run === undefined) throw new Error(`no precompile ${id}`);
    try {
      // Copied: libraries may refuse views on shared memory.
      const result = run(bytes.slice(input >>> 0, (input >>> 0) + (inputLength >>> 0)));
      if (result.length > capacity) throw new Error(`precompile ${id}: ${result.length} bytes, room for ${capacity}`);
      bytes.set(result, output >>> 0);
      return result.length;
    } catch (error) {
      if (error instanceof InvalidInput) return -1;
      throw error;
    }
  };
}

/** Loads what makes the precompiles fast; they answer alike without it. May be called again. */
export async function preparePrecompiles(): Promise<void> {}

const precompiles: Record<number, (input: Uint8Array) => Uint8Array> = {
  5: modexp,
  6: bn254Add,
  7: bn254Mul,
  8: bn254Pairing,
  10: kzgPointEvaluation,
  11: (input) => blsAdd(input, G1),
  12: (input) => blsMsm(input, G1),
  13: (input) => blsAdd(input, G2),
  14: (input) => blsMsm(input, G2),
  15: blsPairing,
  16: blsMapToG1,
  17: blsMapToG2,
  256: p256Verify,
};

const empty = new Uint8Array(0);

function toNumber(bytes: Uint8Array): bigint {
  let hex = '0x0';
  for (const byte of bytes) hex += byte.toString(16).padStart(2, '0');
  return BigInt(hex);
}

function toBytes(value: bigint, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = length - 1; value > 0n; at--, value >>= 8n) bytes[at] = Number(value & 0xffn);
  return bytes;
}

function concat(...parts: Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** The input cut or padded with zeros to `length` bytes. */
function sized(input: Uint8Array, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  bytes.set(input.subarray(0, length));
  return bytes;
}

function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}

const one = toBytes(1n, 32);
const zero = new Uint8Array(32);

/** Runs library code on untrusted points: what it throws means that the input is not valid. */
function checked<T>(compute: () => T): T {
  try {
    return compute();
  } catch (error) {
    throw new InvalidInput(String(error));
  }
}

/** MODEXP (EIP-198). The core has charged for the lengths. */
function modexp(input: Uint8Array): Uint8Array {
  const header = sized(input, 96);
  const baseLength = Number(toNumber(header.subarray(0, 32)));
  const exponentLength = Number(toNumber(header.subarray(32, 64)));
  const modulusLength = Number(toNumber(header.subarray(64, 96)));
  if (modulusLength === 0) return empty;
  const number = (start: number, length: number) => toNumber(sized(input.subarray(start, start + length), length));
  const modulus = number(96 + baseLength + exponentLength, modulusLength);
  if (modulus === 0n) return new Uint8Array(modulusLength);
  let base = number(96, baseLength) % modulus;
  let result = 1n % modulus;
  for (let exponent = number(96 + baseLength, exponentLength); exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) result = (result * base) % modulus;
    base = (base * base) % modulus;
  }
  return toBytes(result, modulusLength);
}

type Bn254G1 = InstanceType<typeof bn254.G1.Point>;
type Bn254G2 = InstanceType<typeof bn254.G2.Point>;

function bn254Field(bytes: Uint8Array): bigint {
  const value = toNumber(bytes);
  if (value >= bn254.fields.Fp.ORDER) throw new InvalidInput('not in the field');
  return value;
}

function bn254PointG1(bytes: Uint8Array): Bn254G1 {
  if (isZero(bytes)) return bn254.G1.Point.ZERO;
  const x = bn254Field(bytes.subarray(0, 32));
  const y = bn254Field(bytes.subarray(32, 64));
  return checked(() => {
    const point = bn254.G1.Point.fromAffine({ x, y });
    point.assertValidity();
    return point;
  });
}

function bn254PointG2(bytes: Uint8Array): Bn254G2 {
  if (isZero(bytes)) return bn254.G2.Point.ZERO;
  const [x1, x0, y1, y0] = [0, 32, 64, 96].map((at) => bn254Field(bytes.subarray(at, at + 32))) as [
    bigint,
    bigint,
    bigint,
    bigint,
  ];
  return checked(() => {
    const point = bn254.G2.Point.fromAffine({ x: { c0: x0, c1: x1 }, y: { c0: y0, c1: y1 } });
    point.assertValidity();
    return point;
  });
}

function bn254Bytes(point: Bn254G1): Uint8Array {
  if (point.is0()) return new Uint8Array(64);
  const { x, y } = point.toAffine();
  return concat(toBytes(x, 32), toBytes(y, 32));
}

function bn254Add(input: Uint8Array): Uint8Array {
  const bytes = sized(input, 128);
  return bn254Bytes(bn254PointG1(bytes.subarray(0, 64)).add(bn254PointG1(bytes.subarray(64))));
}

function bn254Mul(input: Uint8Array): Uint8Array {
  const bytes = sized(input, 96);
  const point = bn254PointG1(bytes.subarray(0, 64));
  const scalar = toNumber(bytes.subarray(64)) % bn254.fields.Fr.ORDER;
  return scalar === 0n ? new Uint8Array(64) : bn254Bytes(point.multiplyUnsafe(scalar));
}

function bn254Pairing(input: Uint8Array): Uint8Array {
  if (input.length % 192 !== 0) throw new InvalidInput('not whole pairs');
  const pairs: { g1: Bn254G1; g2: Bn254G2 }[] = [];
  for (let at = 0; at < input.length; at += 192) {
    const g1 = bn254PointG1(input.subarray(at, at + 64));
    const g2 = bn254PointG2(input.subarray(at + 64, at + 192));
    if (!g1.is0() && !g2.is0()) pairs.push({ g1, g2 });
  }
  const product = bn254.pairingBatch(pairs);
  return bn254.fields.Fp12.eql(product, bn254.fields.Fp12.ONE) ? one : zero;
}

/** [τ]₂ of Ethereum's KZG ceremony (EIP-4844): all that a point evaluation needs of the trusted setup. */
const tauG2 =
  'b5bfd7dd8cdeb128843bc287230af38926187075cbfbefa81009a2ce615ac53d2914e5870cb452d2afaaab24f3499f72' +
  '185cbfee53492714734429b7b38608e23926c911cceceac9a36851477ba4c60b087041de621000edc98edada20c1def2';

/** Point evaluation: does the polynomial of `commitment` take the value y at z? e(C - [y], -G₂) · e(π, [τ] - [z]) = 1. */
function kzgPointEvaluation(input: Uint8Array): Uint8Array {
  if (input.length !== 192) throw new InvalidInput('not 192 bytes');
  const commitmentBytes = input.subarray(96, 144);
  const versioned = sha256(commitmentBytes);
  versioned[0] = 1;
  if (!versioned.every((byte, at) => byte === input[at])) throw new InvalidInput('not the hash of the commitment');
  const { Fr, Fp12 } = bls12_381.fields;
  const z = toNumber(input.subarray(32, 64));
  const y = toNumber(input.subarray(64, 96));
  if (z >= Fr.ORDER || y >= Fr.ORDER) throw new InvalidInput('not in the field');
  const P1 = bls12_381.G1.Point;
  const P2 = bls12_381.G2.Point;
  const commitment = checked(() => kzgPoint(commitmentBytes));
  const proof = checked(() => kzgPoint(input.subarray(144)));
  const left = y === 0n ? commitment : commitment.subtract(P1.BASE.multiplyUnsafe(y));
  const tau = P2.fromHex(tauG2);
  const right = z === 0n ? tau : tau.subtract(P2.BASE.multiplyUnsafe(z));
  const pairs = [
    { g1: left, g2: P2.BASE.negate() },
    { g1: proof, g2: right },
  ].filter(({ g1, g2 }) => !g1.is0() && !g2.is0());
  if (!Fp12.eql(bls12_381.pairingBatch(pairs as never), Fp12.ONE)) throw new InvalidInput('the proof does not hold');
  return concat(toBytes(4096n, 32), toBytes(Fr.ORDER, 32));
}

function kzgPoint(bytes: Uint8Array): BlsPoint<bigint> {
  const point = bls12_381.G1.Point.fromBytes(bytes);
  if (!point.is0()) point.assertValidity();
  return point as BlsPoint<bigint>;
}

/** What G1 and G2 of BLS12-381 have in common, for `Field` coordinates. */
interface BlsPoint<Field> {
  add(other: BlsPoint<Field>): BlsPoint<Field>;
  subtract(other: BlsPoint<Field>): BlsPoint<Field>;
  multiplyUnsafe(scalar: bigint): BlsPoint<Field>;
  negate(): BlsPoint<Field>;
  is0(): boolean;
  toAffine(): { x: Field; y: Field };
  assertValidity(): void;
  isTorsionFree(): boolean;
}

interface BlsGroup<Field> {
  /** Bytes of a coordinate. */
  width: number;
  read(bytes: Uint8Array): Field;
  write(field: Field): Uint8Array;
  point(x: Field, y: Field): BlsPoint<Field>;
  /** Whether y² = x³ + b. */
  onCurve(x: Field, y: Field): boolean;
  readonly zero: BlsPoint<Field>;
}

type Fp2 = { c0: bigint; c1: bigint };

/** A field element: 16 zero bytes and 48 bytes. */
function blsField(bytes: Uint8Array): bigint {
  const value = toNumber(bytes.subarray(0, 64));
  if (value >= bls12_381.fields.Fp.ORDER) throw new InvalidInput('not in the field');
  return value;
}

const { Fp, Fp2 } = bls12_381.fields;

const G1: BlsGroup<bigint> = {
  width: 64,
  read: blsField,
  write: (field) => toBytes(field, 64),
  point: (x, y) => bls12_381.G1.Point.fromAffine({ x, y }) as BlsPoint<bigint>,
  onCurve: (x, y) => Fp.eql(Fp.sqr(y), Fp.add(Fp.mul(Fp.sqr(x), x), 4n)),
  zero: bls12_381.G1.Point.ZERO as BlsPoint<bigint>,
};

const G2: BlsGroup<Fp2> = {
  width: 128,
  read: (bytes) => ({ c0: blsField(bytes.subarray(0, 64)), c1: blsField(bytes.subarray(64, 128)) }),
  write: ({ c0, c1 }) => concat(toBytes(c0, 64), toBytes(c1, 64)),
  point: (x, y) => bls12_381.G2.Point.fromAffine({ x, y } as never) as unknown as BlsPoint<Fp2>,
  onCurve: (x, y) =>
    Fp2.eql(Fp2.sqr(y as never), Fp2.add(Fp2.mul(Fp2.sqr(x as never), x as never), { c0: 4n, c1: 4n } as never)),
  zero: bls12_381.G2.Point.ZERO as unknown as BlsPoint<Fp2>,
};

/** Reads a point; only addition may take one outside the subgroup. */
function blsPoint<Field>(bytes: Uint8Array, group: BlsGroup<Field>, inSubgroup: boolean): BlsPoint<Field> {
  if (isZero(bytes)) return group.zero;
  const x = group.read(bytes.subarray(0, group.width));
  const y = group.read(bytes.subarray(group.width));
  if (!group.onCurve(x, y)) throw new InvalidInput('not on the curve');
  const point = checked(() => group.point(x, y));
  if (inSubgroup && !point.isTorsionFree()) throw new InvalidInput('not in the subgroup');
  return point;
}

function blsBytes<Field>(point: BlsPoint<Field>, group: BlsGroup<Field>): Uint8Array {
  if (point.is0()) return new Uint8Array(group.width * 2);
  const { x, y } = point.toAffine();
  return concat(group.write(x), group.write(y));
}

function blsAdd<Field>(input: Uint8Array, group: BlsGroup<Field>): Uint8Array {
  const size = group.width * 2;
  if (input.length !== size * 2) throw new InvalidInput('not two points');
  const left = blsPoint(input.subarray(0, size), group, false);
  return blsBytes(left.add(blsPoint(input.subarray(size), group, false)), group);
}

function blsMsm<Field>(input: Uint8Array, group: BlsGroup<Field>): Uint8Array {
  const size = group.width * 2 + 32;
  if (input.length === 0 || input.length % size !== 0) throw new InvalidInput('not whole pairs');
  let sum = group.zero;
  for (let at = 0; at < input.length; at += size) {
    const point = blsPoint(input.subarray(at, at + size - 32), group, true);
    const scalar = toNumber(input.subarray(at + size - 32, at + size)) % bls12_381.fields.Fr.ORDER;
    if (scalar !== 0n && !point.is0()) sum = sum.add(point.multiplyUnsafe(scalar));
  }
  return blsBytes(sum, group);
}

function blsPairing(input: Uint8Array): Uint8Array {
  if (input.length === 0 || input.length % 384 !== 0) throw new InvalidInput('not whole pairs');
  const pairs = [];
  for (let at = 0; at < input.length; at += 384) {
    const g1 = blsPoint(input.subarray(at, at + 128), G1, true);
    const g2 = blsPoint(input.subarray(at + 128, at + 384), G2, true);
    if (!g1.is0() && !g2.is0()) pairs.push({ g1, g2 });
  }
  const product = bls12_381.pairingBatch(pairs as never);
  return bls12_381.fields.Fp12.eql(product, bls12_381.fields.Fp12.ONE) ? one : zero;
}

function blsMapToG1(input: Uint8Array): Uint8Array {
  if (input.length !== 64) throw new InvalidInput('not one field element');
  return blsBytes(bls12_381.G1.mapToCurve(blsField(input) as never) as unknown as BlsPoint<bigint>, G1);
}

function blsMapToG2(input: Uint8Array): Uint8Array {
  if (input.length !== 128) throw new InvalidInput('not one field element');
  const { c0, c1 } = G2.read(input);
  return blsBytes(bls12_381.G2.mapToCurve([c0, c1] as never) as unknown as BlsPoint<Fp2>, G2);
}

/** P256VERIFY (EIP-7951): {hash, r, s, x, y} to 1, or to nothing. */
function p256Verify(input: Uint8Array): Uint8Array {
  if (input.length !== 160) return empty;
  const [r, s, x, y] = [32, 64, 96, 128].map((at) => toNumber(input.subarray(at, at + 32))) as [
    bigint,
    bigint,
    bigint,
    bigint,
  ];
  const { ORDER } = p256.Point.Fn;
  if (r === 0n || s === 0n || r >= ORDER || s >= ORDER) return empty;
  let key: Uint8Array;
  try {
    const point = p256.Point.fromAffine({ x, y });
    point.assertValidity();
    key = point.toBytes(false);
  } catch {
    return empty; // not on the curve
  }
  const signature = input.slice(32, 96);
  return p256.verify(signature, input.slice(0, 32), key, { lowS: false, prehash: false }) ? one : empty;
}
