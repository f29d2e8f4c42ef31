// The precompiles over BLS12-381 (EIP-2537) on noble.
import { bls12_381 } from '@noble/curves/bls12-381.js';
import { concat, InvalidInput, isZero, no, type Precompile, toBytes, toNumber, yes } from '../precompile-input.ts';
import { checked } from './checked.ts';

/** What G1 and G2 of BLS12-381 have in common, for `Field` coordinates. */
export interface BlsPoint<Field> {
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
  return bls12_381.fields.Fp12.eql(product, bls12_381.fields.Fp12.ONE) ? yes : no;
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

/** The seven precompiles, by their number. */
export const bls12Precompiles: Record<number, Precompile> = {
  11: (input) => blsAdd(input, G1),
  12: (input) => blsMsm(input, G1),
  13: (input) => blsAdd(input, G2),
  14: (input) => blsMsm(input, G2),
  15: blsPairing,
  16: blsMapToG1,
  17: blsMapToG2,
};
