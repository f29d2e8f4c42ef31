// A transaction in the shape of JSON-RPC as an ethereumjs transaction.

import type { Common } from '@ethereumjs/common';
import { createTx, type TypedTransaction, type TypedTxData } from '@ethereumjs/tx';
import { Address } from '@ethereumjs/util';
import { bytesFromHex, bytesFromNumber } from '../../base/hex.ts';
import type { TransactionInput } from '../../block/block-input.ts';
import { chainOf } from '../../block/chains.ts';
import type { Senders } from './block-options.ts';

/** @throws Error with a reason for a transaction that no state could make valid */
export function decodeTransaction(input: TransactionInput, common: Common, senders: Senders): TypedTransaction {
  const made = chainOf(input);
  if (made !== undefined && made !== common.chainId()) {
    throw new Error(`made for chain ${made}, not for ${common.chainId()}`);
  }
  const transaction = createTx(transactionData(input, senders), { common, freeze: false });
  const sender = senderOf(input, transaction, senders);
  transaction.getSenderAddress = () => sender;
  return transaction;
}

function senderOf(input: TransactionInput, transaction: TypedTransaction, senders: Senders): Address {
  if (senders === 'trust') {
    if (input.from === undefined) throw new Error('the sender is to be trusted, but is not given');
    return new Address(bytesFromHex(input.from));
  }
  if (!transaction.isSigned()) throw new Error('the sender is to be recovered, but there is no signature');
  const recovered = transaction.getSenderAddress();
  if (input.from !== undefined && recovered.toString() !== input.from) {
    throw new Error(`signed by ${recovered.toString()}, not by ${input.from}`);
  }
  return recovered;
}

function transactionData(input: TransactionInput, senders: Senders): TypedTxData {
  const data: Record<string, unknown> = {
    type: Number(input.type ?? '0x0'),
    nonce: BigInt(input.nonce),
    gasLimit: BigInt(input.gas),
    to: input.to,
    value: BigInt(input.value),
    data: bytesFromHex(input.input),
  };
  if (data.type !== 0 && input.chainId !== undefined) data.chainId = BigInt(input.chainId);
  if (data.type === 0 || data.type === 1) data.gasPrice = number(input.gasPrice);
  else {
    data.maxFeePerGas = number(input.maxFeePerGas);
    data.maxPriorityFeePerGas = number(input.maxPriorityFeePerGas);
  }
  if (data.type !== 0) {
    data.accessList = (input.accessList ?? []).map((item) => [
      bytesFromHex(item.address),
      item.storageKeys.map((key) => bytesFromHex(key)),
    ]);
  }
  if (data.type === 3) {
    data.maxFeePerBlobGas = number(input.maxFeePerBlobGas);
    data.blobVersionedHashes = input.blobVersionedHashes;
  }
  if (data.type === 4) {
    data.authorizationList = (input.authorizationList ?? []).map((item) => [
      bytesFromNumber(BigInt(item.chainId)),
      bytesFromHex(item.address),
      bytesFromNumber(BigInt(item.nonce)),
      bytesFromNumber(BigInt(item.yParity ?? item.v ?? 0)),
      bytesFromNumber(BigInt(item.r)),
      bytesFromNumber(BigInt(item.s)),
    ]);
  }
  if (senders === 'recover' && input.r !== undefined && input.s !== undefined) {
    data.v = number(data.type === 0 ? (input.v ?? input.yParity) : (input.yParity ?? input.v));
    data.r = BigInt(input.r);
    data.s = BigInt(input.s);
  }
  return data as TypedTxData;
}

function number(quantity: string | undefined): bigint | undefined {
  return quantity === undefined ? undefined : BigInt(quantity);
}
