// P256VERIFY (EIP-7951) on mcl.
import { empty, InvalidInput, isZero, type Precompile, yes } from '../precompile-input.ts';
import { type CurveForm, FP, FR, G1, type MclCurve } from './curve.ts';

export const p256Form: CurveForm = {
  number: 107,
  field: 'ffffffff00000001000000000000000000000000ffffffffffffffffffffffff',
  order: 'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551',
  padding: 0,
  imaginaryFirst: false,
};

/** The precompile, by its number. */
export function p256Precompiles(curve: MclCurve): Record<number, Precompile> {
  const { mcl } = curve;
  // Generator and public key, and what they are multiplied with.
  const generator = curve.allocate(2 * G1);
  const key = generator + G1;
  const hash = curve.allocate(2 * FR);
  const r = hash + FR;
  const inverse = curve.allocate(FR);
  const expected = curve.allocate(FR);
  const found = curve.allocate(FR);
  const sum = curve.allocate(G1);
  const bytes = curve.allocate(FP);
  mcl.mclBnG1_getBasePoint(generator);

  /** {hash, r, s, x, y} to 1, or to nothing. */
  function verify(input: Uint8Array): Uint8Array {
    if (input.length !== 160 || isZero(input, 32, 64) || isZero(input, 64, 96)) return empty;
    if (!curve.isScalar(input, 32) || !curve.isScalar(input, 64) || !readKey(input)) return empty;
    curve.readScalar(hash, input, 0);
    curve.readScalar(r, input, 32);
    curve.bytes.copyWithin(expected, r, r + FR);
    curve.readScalar(inverse, input, 64);
    mcl.mclBnFr_inv(inverse, inverse);
    mcl.mclBnFr_mul(hash, hash, inverse);
    mcl.mclBnFr_mul(r, r, inverse);
    mcl.mclBnG1_mulVec(sum, generator, hash, 2);
    if (mcl.mclBnG1_isZero(sum) !== 0) return empty;
    mcl.mclBnG1_normalize(sum, sum);
    const length = mcl.mclBnFp_getLittleEndian(bytes, FP, sum);
    mcl.mclBnFr_setLittleEndianMod(found, bytes, length);
    return mcl.mclBnFr_isEqual(found, expected) !== 0 ? yes : empty;
  }

  function readKey(input: Uint8Array): boolean {
    try {
      return curve.readG1(key, input, 96);
    } catch (error) {
      if (error instanceof InvalidInput) return false;
      throw error;
    }
  }

  return { 256: verify };
}
