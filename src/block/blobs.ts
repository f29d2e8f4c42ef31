// Blobs of a block: their gas, their base fee, and whether there are too many (EIP-4844).

import { InvalidTransactionError } from '../base/errors.ts';
import type { Hex } from '../base/hex.ts';
import type { BlobRules } from '../chain/chain.ts';
import type { Hardfork } from '../chain/hardfork.ts';
import { rulesOf } from '../chain/rules.ts';
import type { BlockInput } from './block-input.ts';

/** Gas of all blobs that the block's transactions carry (EIP-4844). */
export function blobGasUsed(hardfork: Hardfork, { transactions }: BlockInput): bigint {
  const count = transactions.reduce((sum, { blobVersionedHashes = [] }) => sum + blobVersionedHashes.length, 0);
  return BigInt(rulesOf(hardfork).blobGas) * BigInt(count);
}

/** EIP-4844: 0 before there were blobs; at most 2^256 - 1, which nobody can pay. */
export function blobBaseFee(
  hardfork: Hardfork,
  excessBlobGas: Hex = '0x0',
  { maxBlobs, blobUpdateFraction }: BlobRules = rulesOf(hardfork),
): bigint {
  return maxBlobs === 0 ? 0n : fakeExponential(BigInt(excessBlobGas), blobUpdateFraction);
}

/** `fake_exponential` of EIP-4844 with factor 1, cut off at 256 bits. */
function fakeExponential(numerator: bigint, denominator: bigint): bigint {
  const most = (1n << 256n) - 1n;
  // e^178 > 2^256, and the terms would go on for ever.
  if (numerator >= 178n * denominator) return most;
  let sum = 0n;
  let term = denominator;
  for (let i = 1n; term > 0n; i++) {
    sum += term;
    term = (term * numerator) / (denominator * i);
  }
  const result = sum / denominator;
  return result > most ? most : result;
}

/** @throws InvalidTransactionError for the transaction with which the block has more blobs than its fork allows */
export function checkBlobs(
  hardfork: Hardfork,
  block: BlockInput,
  { maxBlobs: maximum }: BlobRules = rulesOf(hardfork),
): void {
  let count = 0;
  block.transactions.forEach(({ blobVersionedHashes }, i) => {
    if (blobVersionedHashes === undefined) return;
    count += blobVersionedHashes.length;
    if (count > maximum && blobVersionedHashes.length > 0) {
      throw new InvalidTransactionError(i, `with it the block has ${count} blobs, and ${maximum} are allowed`);
    }
  });
}
