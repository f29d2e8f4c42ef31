// The point evaluation precompile's proof check (EIP-4844), without the 4,096 points that only blob senders need.

import { bls12_381 } from '@noble/curves/bls12-381.js';

type Kzg = { verifyProof(commitment: string, z: string, y: string, proof: string): boolean };

/** [τ]₂ of the Ethereum KZG ceremony: the second G2 point of its `trusted_setup.json`. */
const TAU_G2 =
  'b5bfd7dd8cdeb128843bc287230af38926187075cbfbefa81009a2ce615ac53d2914e5870cb452d2afaaab24f3499f72' +
  '185cbfee53492714734429b7b38608e23926c911cceceac9a36851477ba4c60b087041de621000edc98edada20c1def2';

const { G1, G2 } = bls12_381;
const { Fp12, Fr } = bls12_381.fields;

/** Parsed on first use: it costs about a millisecond. */
let tau: InstanceType<typeof G2.Point> | undefined;

/**
 * Whether `proof` shows that the committed polynomial takes the value `y` at `z`: e(C − [y]₁, −[1]₂) · e(π, [τ − z]₂) = 1
 * (EIP-4844, `verify_kzg_proof_impl`). Malformed points and numbers give false, as the precompile wants it.
 */
function verifyProof(commitment: string, z: string, y: string, proof: string): boolean {
  try {
    tau ??= G2.Point.fromHex(TAU_G2);
    const zNumber = BigInt(z);
    const yNumber = BigInt(y);
    if (zNumber >= Fr.ORDER || yNumber >= Fr.ORDER) return false;
    const c = G1.Point.fromHex(commitment.slice(2));
    const p = G1.Point.fromHex(proof.slice(2));
    c.assertValidity();
    p.assertValidity();
    const left = c.subtract(multiple(G1.Point.BASE, yNumber));
    const right = tau.subtract(multiple(G2.Point.BASE, zNumber));
    // A pairing with the point at infinity is one; the library refuses to compute it.
    const pairs = [
      { g1: left, g2: G2.Point.BASE.negate() },
      { g1: p, g2: right },
    ].filter(({ g1, g2 }) => !g1.equals(G1.Point.ZERO) && !g2.equals(G2.Point.ZERO));
    return Fp12.eql(bls12_381.pairingBatch(pairs), Fp12.ONE);
  } catch {
    return false;
  }
}

function multiple<P extends { multiplyUnsafe(scalar: bigint): P }>(point: P, scalar: bigint): P {
  return point.multiplyUnsafe(scalar);
}

/** For `Common`'s custom crypto: the one operation that execution needs. */
export const kzg: Kzg = { verifyProof };
