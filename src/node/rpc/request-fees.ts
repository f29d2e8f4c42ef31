// Fees of a request that names some of them or none, as geth fills them in.

import { quantityFromNumber } from '../../base/hex.ts';
import { blobBaseFee } from '../../block/blobs.ts';
import type { CallRequest } from '../../call-types.ts';
import { rulesOf } from '../../chain/rules.ts';
import type { ChainBlock } from '../chain-store.ts';
import { SUGGESTED_TIP } from './eth-fees.ts';
import { refusal } from './parameters.ts';

/** The request with fees for what comes after a block. @throws PevmError with -32000 for fees that cannot be */
export function withFees(request: CallRequest, { hardfork, block, blobs }: ChainBlock, field: string): CallRequest {
  const { gasPrice, maxFeePerGas, maxPriorityFeePerGas, maxFeePerBlobGas, authorizationList } = request;
  const refuse = (name: keyof CallRequest, message: string) => {
    throw refusal(`${field}.${name}`, message);
  };
  const isZero = (value: CallRequest['gasPrice']) => value != null && BigInt(value) === 0n;
  const hasFees = maxFeePerGas != null || maxPriorityFeePerGas != null;
  const { hasBaseFee } = rulesOf(hardfork);
  if (isZero(maxFeePerBlobGas)) refuse('maxFeePerBlobGas', '0 is paid for no blob');
  const forBlobs =
    blobs.maxBlobs > 0 && request.blobVersionedHashes != null && maxFeePerBlobGas == null
      ? { maxFeePerBlobGas: quantityFromNumber(2n * blobBaseFee(hardfork, block.excessBlobGas, blobs)) }
      : {};
  if (gasPrice != null) {
    if (hasFees) refuse('gasPrice', 'not together with maxFeePerGas or maxPriorityFeePerGas');
    if (authorizationList != null) refuse('gasPrice', 'not together with authorizationList');
    if (hasBaseFee && isZero(gasPrice)) refuse('gasPrice', '0 is below each base fee');
    return { ...request, ...forBlobs };
  }
  if (!hasBaseFee) {
    if (hasFees) refuse('maxFeePerGas', 'not before london; the block has no base fee');
    return { ...request, ...forBlobs, gasPrice: quantityFromNumber(SUGGESTED_TIP) };
  }
  if (isZero(maxFeePerGas) && maxPriorityFeePerGas != null) refuse('maxFeePerGas', '0 is below each base fee');
  const tip = BigInt(maxPriorityFeePerGas ?? SUGGESTED_TIP);
  const most = BigInt(maxFeePerGas ?? tip + 2n * BigInt(block.baseFeePerGas ?? '0x0'));
  if (most < tip) refuse('maxFeePerGas', `${most} is below maxPriorityFeePerGas, ${tip}`);
  const fees = { maxFeePerGas: quantityFromNumber(most), maxPriorityFeePerGas: quantityFromNumber(tip) };
  return { ...request, ...forBlobs, ...fees };
}
