// The pairing check over bn254 (EIP-197) on mcl; addition and multiplication are the core's.
import { InvalidInput, no, type Precompile, yes } from '../precompile-input.ts';
import { type CurveForm, FP, G1, G2, type MclCurve } from './curve.ts';

/** Coordinates of 32 bytes; of two parts, the imaginary one comes first. */
export const bn254Form: CurveForm = {
  number: 4,
  field: '30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47',
  order: '30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001',
  padding: 0,
  imaginaryFirst: true,
};

/** The pairing check, by its number. */
export function bn254Precompiles(curve: MclCurve): Record<number, Precompile> {
  const isInSubgroup = subgroupCheck(curve);

  function pairing(input: Uint8Array): Uint8Array {
    if (input.length % 192 !== 0) throw new InvalidInput('not whole pairs');
    const pairs = input.length / 192;
    const g1 = curve.scratch(pairs * (G1 + G2));
    const g2 = g1 + pairs * G1;
    let count = 0;
    for (let at = 0; at < input.length; at += 192) {
      const point = g2 + count * G2;
      const isPoint = curve.readG1(g1 + count * G1, input, at);
      if (!curve.readG2(point, input, at + 64)) continue;
      if (!isInSubgroup(point)) throw new InvalidInput('not in the subgroup');
      if (isPoint) count++;
    }
    return curve.isPairingProductOne(g1, g2, count) ? yes : no;
  }

  return { 8: pairing };
}

/** The parameter x of the curve, in non-adjacent form from the top: 4965661367192848881. */
const parameter = nonAdjacentForm(4965661367192848881n);

function nonAdjacentForm(value: bigint): number[] {
  const digits: number[] = [];
  for (let rest = value; rest > 0n; rest >>= 1n) {
    const digit = (rest & 1n) === 0n ? 0 : 2 - Number(rest & 3n);
    digits.push(digit);
    rest -= BigInt(digit);
  }
  return digits.reverse();
}

/**
 * Whether a point of the twisted curve is in G2: [x + 1]P + ψ([x]P) + ψ²([x]P) = ψ³([2x]P), "Co-factor clearing and
 * subgroup membership testing on pairing-friendly curves" (https://eprint.iacr.org/2022/348), section 4. mcl multiplies by
 * the order, which takes three times as long.
 */
function subgroupCheck(curve: MclCurve): (point: number) => boolean {
  const { mcl } = curve;
  const [multiple, negative, sum, image] = [0, 0, 0, 0].map(() => curve.allocate(G2)) as [
    number,
    number,
    number,
    number,
  ];
  const [xFactor, yFactor] = frobeniusFactors(curve);

  /** The endomorphism ψ: the p-th power, seen on the twist. */
  function psi(to: number, from: number): void {
    for (let part = 0; part < 3; part++) {
      const at = part * 2 * FP;
      curve.bytes.copyWithin(to + at, from + at, from + at + FP);
      mcl.mclBnFp_neg(to + at + FP, from + at + FP);
    }
    mcl.mclBnFp2_mul(to, to, xFactor);
    mcl.mclBnFp2_mul(to + 2 * FP, to + 2 * FP, yFactor);
  }

  return (point) => {
    mcl.mclBnG2_neg(negative, point);
    curve.bytes.copyWithin(multiple, point, point + G2);
    for (let at = 1; at < parameter.length; at++) {
      mcl.mclBnG2_dbl(multiple, multiple);
      const digit = parameter[at]!;
      if (digit !== 0) mcl.mclBnG2_add(multiple, multiple, digit > 0 ? point : negative);
    }
    mcl.mclBnG2_add(sum, multiple, point);
    psi(image, multiple);
    mcl.mclBnG2_add(sum, sum, image);
    psi(image, image);
    mcl.mclBnG2_add(sum, sum, image);
    psi(image, image);
    mcl.mclBnG2_dbl(image, image);
    return mcl.mclBnG2_isEqual(sum, image) !== 0;
  };
}

/** ξ^((p - 1) / 3) and ξ^((p - 1) / 2) for ξ = 9 + i, over which the curve is twisted. */
function frobeniusFactors(curve: MclCurve): [number, number] {
  const { mcl } = curve;
  const order = BigInt(`0x${curve.form.field}`) - 1n;
  const base = curve.allocate(2 * FP);
  mcl.mclBnFp_setInt32(base, 9);
  mcl.mclBnFp_setInt32(base + FP, 1);
  return [order / 3n, order / 2n].map((exponent) => {
    const power = curve.allocate(2 * FP);
    mcl.mclBnFp_setInt32(power, 1);
    for (const bit of exponent.toString(2)) {
      mcl.mclBnFp2_sqr(power, power);
      if (bit === '1') mcl.mclBnFp2_mul(power, power, base);
    }
    return power;
  }) as [number, number];
}
