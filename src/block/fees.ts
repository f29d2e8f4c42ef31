// What a block's header follows from its parent's: the base fee of gas, and the excess of blobs.

import type { Hex } from '../base/hex.ts';
import type { BlobRules } from '../chain/chain.ts';
import type { Hardfork } from '../chain/hardfork.ts';
import { rulesOf } from '../chain/rules.ts';
import { blobBaseFee } from './blobs.ts';

/** What of the parent's header decides. */
export interface ParentFees {
  readonly gasLimit: Hex;
  readonly gasUsed?: Hex | undefined;
  readonly baseFeePerGas?: Hex | undefined;
  readonly blobGasUsed?: Hex | undefined;
  readonly excessBlobGas?: Hex | undefined;
}

/** Of the first block that has one (EIP-1559), in wei. */
export const FIRST_BASE_FEE = 10n ** 9n;
/** Blocks may hold twice as much gas as they should. */
const ELASTICITY = 2n;
const CHANGE_DENOMINATOR = 8n;
/** Gas that a blob costs its reader at least (EIP-7918). */
const BLOB_BASE_COST = 1n << 13n;

/** Base fee of a child, in wei per gas (EIP-1559). */
export function nextBaseFee({ gasLimit, gasUsed = '0x0', baseFeePerGas }: ParentFees): bigint {
  if (baseFeePerGas === undefined) return FIRST_BASE_FEE;
  const fee = BigInt(baseFeePerGas);
  const target = BigInt(gasLimit) / ELASTICITY;
  const used = BigInt(gasUsed);
  if (used === target || target === 0n) return fee;
  if (used > target) {
    const rise = (fee * (used - target)) / target / CHANGE_DENOMINATOR;
    return fee + (rise > 0n ? rise : 1n);
  }
  return fee - (fee * (target - used)) / target / CHANGE_DENOMINATOR;
}

/** `excessBlobGas` of a child that follows the fork (EIP-4844, EIP-7918). */
export function nextExcessBlobGas(parent: ParentFees, hardfork: Hardfork, blobs: BlobRules): bigint {
  const { blobGas, bindsBlobFee } = rulesOf(hardfork);
  const gas = BigInt(blobGas);
  const excess = BigInt(parent.excessBlobGas ?? '0x0');
  const used = BigInt(parent.blobGasUsed ?? '0x0');
  const target = BigInt(blobs.targetBlobs) * gas;
  if (excess + used < target) return 0n;
  const fee = blobBaseFee(hardfork, parent.excessBlobGas, blobs);
  if (bindsBlobFee && BLOB_BASE_COST * BigInt(parent.baseFeePerGas ?? '0x0') > gas * fee) {
    return excess + (used * BigInt(blobs.maxBlobs - blobs.targetBlobs)) / BigInt(blobs.maxBlobs);
  }
  return excess + used - target;
}
