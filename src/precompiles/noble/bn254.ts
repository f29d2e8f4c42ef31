// The pairing check over bn254 (EIP-197) on noble; addition and multiplication are the core's.
import { bn254 } from '@noble/curves/bn254.js';
import { InvalidInput, isZero, no, type Precompile, toNumber, yes } from '../precompile-input.ts';
import { checked } from './checked.ts';

/** The pairing check, by its number. */
export const bn254Precompiles: Record<number, Precompile> = { 8: bn254Pairing };

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

function bn254Pairing(input: Uint8Array): Uint8Array {
  if (input.length % 192 !== 0) throw new InvalidInput('not whole pairs');
  const pairs: { g1: Bn254G1; g2: Bn254G2 }[] = [];
  for (let at = 0; at < input.length; at += 192) {
    const g1 = bn254PointG1(input.subarray(at, at + 64));
    const g2 = bn254PointG2(input.subarray(at + 64, at + 192));
    if (!g1.is0() && !g2.is0()) pairs.push({ g1, g2 });
  }
  const product = bn254.pairingBatch(pairs);
  return bn254.fields.Fp12.eql(product, bn254.fields.Fp12.ONE) ? yes : no;
}
