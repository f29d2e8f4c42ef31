// Proofs of KZG point evaluations (EIP-4844) on mcl.
import { KzgInput, pointEvaluation, tauG2 } from '../kzg.ts';
import { fromHex, InvalidInput, isZero, type Precompile } from '../precompile-input.ts';
import { FP, FR, G1, G2, GT, type MclCurve } from './curve.ts';

/** The generators of BLS12-381, compressed. */
const generatorG1 = fromHex(
  '97f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb',
);
const generatorG2 = fromHex(
  '93e02b6052719f607dacd3a088274f65596bd0d09920b61ab5da61bbdc7f5049334cf11213945d57e5ac7d055d042b7e' +
    '024aa2b2f08f0a91260805272dc51051c6e47ad4fa403b02b4510b647ae3d1770bac0326a805bbefd48056c8c121bdb8',
);

/** First three bits of a compressed point. */
const COMPRESSED = 0x80;
const INFINITY = 0x40;
const LARGER = 0x20;

/** The precompile, by its number. */
export function kzgPrecompiles(curve: MclCurve): Record<number, Precompile> {
  const { mcl } = curve;
  const commitment = curve.allocate(G1);
  // What z and -y are multiplied with, and they themselves: together for one multiplication.
  const proof = curve.allocate(2 * G1);
  const one = proof + G1;
  const z = curve.allocate(2 * FR);
  const y = z + FR;
  const sum = curve.allocate(G1);
  const square = curve.allocate(FP);
  const target = curve.allocate(GT);

  const tau = curve.allocate(G2);
  const minusOne = curve.allocate(G2);
  const size = mcl.mclBn_getUint64NumToPrecompute() * 8;
  const tauLines = curve.allocate(size);
  const minusOneLines = curve.allocate(size);
  prepare();

  function prepare(): void {
    const bytes = curve.scratch(tauG2.length);
    const place = (compressed: Uint8Array) => {
      curve.bytes.set(compressed, bytes);
      return compressed.length;
    };
    mcl.mclBn_setETHserialization(1);
    const read =
      mcl.mclBnG1_deserialize(one, bytes, place(generatorG1)) *
      mcl.mclBnG2_deserialize(tau, bytes, place(tauG2)) *
      mcl.mclBnG2_deserialize(minusOne, bytes, place(generatorG2));
    if (read === 0) throw new Error('mcl does not read the setup');
    mcl.mclBnG2_neg(minusOne, minusOne);
    mcl.mclBn_precomputeG2(tauLines, tau);
    mcl.mclBn_precomputeG2(minusOneLines, minusOne);
  }

  /** Reads a compressed point of the subgroup: whether it is not the one at infinity. */
  function readCompressed(point: number, input: Uint8Array, at: number): boolean {
    const first = input[at]!;
    if ((first & COMPRESSED) === 0) throw new InvalidInput('not compressed');
    if ((first & INFINITY) !== 0) {
      if (first !== (COMPRESSED | INFINITY) || !isZero(input, at + 1, at + 48)) throw new InvalidInput('no point');
      mcl.mclBnG1_clear(point);
      return false;
    }
    const x = new Uint8Array(curve.word);
    x.set(input.subarray(at, at + 48), curve.form.padding);
    x[curve.form.padding] = first & 0x1f;
    curve.readField(point, x, 0);
    const root = point + FP;
    const unit = point + 2 * FP;
    // y² = x³ + 4
    mcl.mclBnFp_setInt32(unit, 4);
    mcl.mclBnFp_sqr(square, point);
    mcl.mclBnFp_mul(square, square, point);
    mcl.mclBnFp_add(square, square, unit);
    if (mcl.mclBnFp_squareRoot(root, square) !== 0) throw new InvalidInput('not on the curve');
    if ((mcl.mclBnFp_isNegative(root) !== 0) !== ((first & LARGER) !== 0)) mcl.mclBnFp_neg(root, root);
    mcl.mclBnFp_setInt32(unit, 1);
    if (mcl.mclBnG1_isValidOrder(point) === 0) throw new InvalidInput('not in the subgroup');
    return true;
  }

  /**
   * e(C - [y], -[1]₂) · e(π, [τ]₂ - [z]₂) = 1, with all that changes on the side of G1: e(C - [y] + [z]π, -[1]₂) · e(π, [τ]₂).
   * The lines of both points of G2 are known beforehand.
   */
  function proves(input: Uint8Array): boolean {
    readCompressed(commitment, input, KzgInput.COMMITMENT);
    const isProof = readCompressed(proof, input, KzgInput.PROOF);
    curve.readScalar(z, input, KzgInput.Z);
    curve.readScalar(y, input, KzgInput.Y);
    mcl.mclBnFr_neg(y, y);
    mcl.mclBnG1_mulVec(sum, proof, z, 2);
    mcl.mclBnG1_add(sum, sum, commitment);
    const isSum = mcl.mclBnG1_isZero(sum) === 0;
    if (!isProof || !isSum) return isProof === isSum;
    mcl.mclBn_precomputedMillerLoop2(target, sum, minusOneLines, proof, tauLines);
    mcl.mclBn_finalExp(target, target);
    return mcl.mclBnGT_isOne(target) !== 0;
  }

  return { 10: pointEvaluation(proves) };
}
