// A simulated call as the transaction of its block: filled in as geth does it, and never signed.

import { hexFromBytes, quantityFromNumber, ZERO_ADDRESS } from '../base/hex.ts';
import { keccak256 } from '../base/keccak256.ts';
import { encodeTransaction } from '../block/block-encoding.ts';
import type { TransactionInput } from '../block/block-input.ts';
import type { Hardfork } from '../chain/hardfork.ts';
import { rulesOf } from '../chain/rules.ts';
import type { ReadRequest } from './request.ts';

/** What a request lacks, filled in. */
export interface FilledRequest extends ReadRequest {
  readonly nonce: bigint;
  readonly gas: bigint;
}

/** @returns it, and the bytes of which its hash is made */
export function simulatedTransaction(
  request: FilledRequest,
  hardfork: Hardfork,
  chainId: number,
): { transaction: TransactionInput; encoded: Uint8Array } {
  const { from = ZERO_ADDRESS, to, nonce, gas, value = 0n, input = '0x', gasPrice } = request;
  const { maxFeePerGas = 0n, maxPriorityFeePerGas = 0n, maxFeePerBlobGas = 0n } = request;
  const { blobVersionedHashes, authorizationList } = request;
  const accessList = request.accessList?.map(({ address, storageKeys }) => ({
    address,
    storageKeys: [...storageKeys],
  }));
  const hasPrice = gasPrice !== undefined || !rulesOf(hardfork).hasBaseFee;
  const type = typeOf(request, hasPrice);
  const transaction = {
    type: quantityFromNumber(type),
    from,
    ...(to !== undefined && { to }),
    nonce: quantityFromNumber(nonce),
    gas: quantityFromNumber(gas),
    value: quantityFromNumber(value),
    input,
    ...{ v: '0x0', r: '0x0', s: '0x0' },
    ...(type > 0 && { yParity: '0x0', chainId: quantityFromNumber(chainId), accessList: accessList ?? [] }),
    ...(hasPrice
      ? { gasPrice: quantityFromNumber(gasPrice ?? 0n) }
      : {
          maxFeePerGas: quantityFromNumber(maxFeePerGas),
          maxPriorityFeePerGas: quantityFromNumber(maxPriorityFeePerGas),
        }),
    ...(type === 3 && { maxFeePerBlobGas: quantityFromNumber(maxFeePerBlobGas), blobVersionedHashes }),
    ...(type === 4 && { authorizationList: authorizationList!.map(quantitiesOf) }),
  } as TransactionInput;
  const encoded = encodeTransaction(transaction, chainId)!;
  return { transaction: { ...transaction, hash: hexFromBytes(keccak256(encoded)) }, encoded };
}

/** As geth chooses it: with a gas price there are neither blobs nor authorizations. */
function typeOf({ authorizationList, blobVersionedHashes, accessList }: ReadRequest, hasPrice: boolean): number {
  if (hasPrice) return accessList === undefined ? 0 : 1;
  if (authorizationList !== undefined) return 4;
  return blobVersionedHashes === undefined ? 2 : 3;
}

function quantitiesOf({ address, authority: _, ...rest }: NonNullable<ReadRequest['authorizationList']>[number]) {
  const numbers = Object.entries(rest).map(([name, number]) => [name, quantityFromNumber(number ?? 0n)]);
  return { address, ...Object.fromEntries(numbers) };
}
