// P256VERIFY (EIP-7951) on noble.
import { p256 } from '@noble/curves/nist.js';
import { empty, type Precompile, toNumber, yes } from '../precompile-input.ts';

/** The precompile, by its number. */
export const p256Precompiles: Record<number, Precompile> = { 256: p256Verify };

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
  return p256.verify(signature, input.slice(0, 32), key, { lowS: false, prehash: false }) ? yes : empty;
}
