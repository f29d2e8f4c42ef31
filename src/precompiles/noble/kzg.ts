// Proofs of KZG point evaluations (EIP-4844) on noble.
import { bls12_381 } from '@noble/curves/bls12-381.js';
import { KzgInput, pointEvaluation, tauG2 } from '../kzg.ts';
import { type Precompile, toNumber } from '../precompile-input.ts';
import type { BlsPoint } from './bls12-381.ts';
import { checked } from './checked.ts';

/** The precompile, by its number. */
export const kzgPrecompiles: Record<number, Precompile> = { 10: pointEvaluation(proves) };

/** e(C - [y], -G₂) · e(π, [τ] - [z]) = 1. */
function proves(input: Uint8Array): boolean {
  const { Fp12 } = bls12_381.fields;
  const z = toNumber(input.subarray(KzgInput.Z, KzgInput.Y));
  const y = toNumber(input.subarray(KzgInput.Y, KzgInput.COMMITMENT));
  const P1 = bls12_381.G1.Point;
  const P2 = bls12_381.G2.Point;
  const commitment = checked(() => point(input.subarray(KzgInput.COMMITMENT, KzgInput.PROOF)));
  const proof = checked(() => point(input.subarray(KzgInput.PROOF)));
  const left = y === 0n ? commitment : commitment.subtract(P1.BASE.multiplyUnsafe(y));
  const tau = P2.fromBytes(tauG2);
  const right = z === 0n ? tau : tau.subtract(P2.BASE.multiplyUnsafe(z));
  const pairs = [
    { g1: left, g2: P2.BASE.negate() },
    { g1: proof, g2: right },
  ].filter(({ g1, g2 }) => !g1.is0() && !g2.is0());
  return Fp12.eql(bls12_381.pairingBatch(pairs as never), Fp12.ONE);
}

function point(bytes: Uint8Array): BlsPoint<bigint> {
  const point = bls12_381.G1.Point.fromBytes(bytes);
  if (!point.is0()) point.assertValidity();
  return point as BlsPoint<bigint>;
}
