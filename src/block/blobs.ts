// Blobs of a block: how many each fork allows, and how fast their base fee moves (EIP-4844, EIP-7691, EIP-7892).

import { InvalidTransactionError } from '../base/errors.ts';
import type { Hex } from '../base/hex.ts';
import { type Hardfork, isAtLeast } from '../chain/hardfork.ts';
import type { BlockInput } from './block-input.ts';

export interface BlobRules {
  readonly since: Hardfork;
  /** Blobs of a block. */
  readonly maximum: number;
  readonly updateFraction: bigint;
}

/** Latest first. */
const RULES: readonly BlobRules[] = [
  { since: 'bpo2', maximum: 21, updateFraction: 11_684_671n },
  { since: 'bpo1', maximum: 15, updateFraction: 8_346_193n },
  { since: 'prague', maximum: 9, updateFraction: 5_007_716n },
  { since: 'cancun', maximum: 6, updateFraction: 3_338_477n },
];

const GAS_PER_BLOB = 131_072n;

/** Gas of all blobs that the block's transactions carry (EIP-4844). */
export function blobGasUsed({ transactions }: BlockInput): bigint {
  const count = transactions.reduce((sum, { blobVersionedHashes = [] }) => sum + blobVersionedHashes.length, 0);
  return GAS_PER_BLOB * BigInt(count);
}

/** `undefined` before there were blobs. */
export function blobRulesAt(hardfork: Hardfork): BlobRules | undefined {
  return RULES.find(({ since }) => isAtLeast(hardfork, since));
}

/** EIP-4844: 0 before there were blobs; at most 2^256 - 1, which nobody can pay. */
export function blobBaseFee(hardfork: Hardfork, excessBlobGas: Hex = '0x0'): bigint {
  const rules = blobRulesAt(hardfork);
  return rules === undefined ? 0n : fakeExponential(BigInt(excessBlobGas), rules.updateFraction);
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
export function checkBlobs(hardfork: Hardfork, block: BlockInput): void {
  const maximum = blobRulesAt(hardfork)?.maximum ?? 0;
  let count = 0;
  block.transactions.forEach(({ blobVersionedHashes }, i) => {
    if (blobVersionedHashes === undefined) return;
    count += blobVersionedHashes.length;
    if (count > maximum && blobVersionedHashes.length > 0) {
      throw new InvalidTransactionError(i, `with it the block has ${count} blobs, and ${maximum} are allowed`);
    }
  });
}
