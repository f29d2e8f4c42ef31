// Transactions as tests make them, of bytes and numbers, and what the encoder takes.
import { hexFromBytes, quantityFromNumber } from '../../src/base/hex.ts';
import {
  type EvmSystemStep,
  type EvmTransactionFields,
  type EvmTransactions,
  encodeEvmTransactions,
} from '../../src/core/evm/evm-encode.ts';

/** A transaction of EIP-2718 types 0 to 4. Addresses are 20 bytes, hashes and slots 32 bytes. */
export interface EvmTransactionInput {
  type: number;
  /** With a signature: the only sender that the transaction may have; absent: whoever signed it. */
  sender?: Uint8Array | undefined;
  /** Absent: the sender is trusted. */
  signature?: EvmSignatureInput | undefined;
  /** Absent for a contract creation. */
  to?: Uint8Array | undefined;
  nonce: bigint;
  gasLimit: bigint;
  value: bigint;
  data: Uint8Array;
  /** gasPrice for types 0 and 1. */
  maxFeePerGas: bigint;
  /** gasPrice for types 0 and 1. */
  maxPriorityFeePerGas: bigint;
  accessList?: readonly { address: Uint8Array; storageKeys: readonly Uint8Array[] }[];
  maxFeePerBlobGas?: bigint;
  blobVersionedHashes?: readonly Uint8Array[];
  authorizationList?: readonly EvmAuthorizationInput[];
  system?: EvmSystemStep;
}

/** What a transaction was signed with. */
export interface EvmSignatureInput {
  r: bigint;
  s: bigint;
  yParity: number;
  /** Type 0: the signature covers the chain id (EIP-155). */
  protected?: boolean;
}

/** An EIP-7702 authorisation. */
export interface EvmAuthorizationInput {
  chainId: bigint;
  address: Uint8Array;
  nonce: bigint;
  yParity: bigint;
  r: bigint;
  s: bigint;
}

/** Transactions as the core reads them. */
export function encodeInputs(transactions: readonly EvmTransactionInput[]): EvmTransactions {
  return encodeEvmTransactions(transactions.map(fieldsOf), (index) => transactions[index]!.signature);
}

/** A transaction in the shape of JSON-RPC. */
export function fieldsOf(input: EvmTransactionInput): EvmTransactionFields {
  const { type, sender, to, signature, accessList, authorizationList, maxFeePerBlobGas, blobVersionedHashes } = input;
  const maxFeePerGas = quantityFromNumber(input.maxFeePerGas);
  const maxPriorityFeePerGas = quantityFromNumber(input.maxPriorityFeePerGas);
  if (type < 2 && maxFeePerGas !== maxPriorityFeePerGas) throw new Error('types 0 and 1 have one price');
  return {
    type: quantityFromNumber(type),
    from: sender && hexFromBytes(sender),
    to: to && hexFromBytes(to),
    nonce: quantityFromNumber(input.nonce),
    gas: quantityFromNumber(input.gasLimit),
    value: quantityFromNumber(input.value),
    input: hexFromBytes(input.data),
    ...(type < 2 ? { gasPrice: maxFeePerGas } : { maxFeePerGas, maxPriorityFeePerGas }),
    maxFeePerBlobGas: maxFeePerBlobGas === undefined ? undefined : quantityFromNumber(maxFeePerBlobGas),
    accessList: accessList?.map(({ address, storageKeys }) => ({
      address: hexFromBytes(address),
      storageKeys: storageKeys.map(hexFromBytes),
    })),
    blobVersionedHashes: blobVersionedHashes?.map(hexFromBytes),
    authorizationList: authorizationList?.map(({ chainId, address, nonce, yParity, r, s }) => ({
      chainId: quantityFromNumber(chainId),
      address: hexFromBytes(address),
      nonce: quantityFromNumber(nonce),
      yParity: quantityFromNumber(yParity),
      r: quantityFromNumber(r),
      s: quantityFromNumber(s),
    })),
    ...(signature === undefined ? {} : { r: quantityFromNumber(signature.r), s: quantityFromNumber(signature.s) }),
    ...(input.system === undefined ? {} : { system: input.system }),
  };
}
