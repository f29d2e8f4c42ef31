// Signed transactions for tests of sender recovery: hashed by @ethereumjs/tx, signed by noble.
import { createCustomCommon, type Hardfork, Mainnet } from '@ethereumjs/common';
import { createTx, type TypedTxData } from '@ethereumjs/tx';
import { bytesToHex, type KZG } from '@ethereumjs/util';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { keccak_256 } from '@noble/hashes/sha3.js';
import type { EvmBlockInput } from '../../src/core/evm/evm-encode.ts';
import type { EvmTransactionInput } from './evm-input.ts';

/** A transaction without its sender. */
export type Unsigned = Omit<EvmTransactionInput, 'sender' | 'signature'>;

export interface Signed {
  /** Without a sender: whoever signed it. */
  transaction: EvmTransactionInput & { signature: NonNullable<EvmTransactionInput['signature']> };
  sender: Uint8Array;
}

export const ORDER = secp256k1.Point.Fn.ORDER;

/** The address of a private key. */
export function addressOf(key: Uint8Array): Uint8Array {
  return keccak_256(secp256k1.getPublicKey(key, false).subarray(1)).subarray(12);
}

/** Signs with `key`; type 0 as EIP-155 says, unless `protect` is false. */
export function signed(
  unsigned: Unsigned,
  key: Uint8Array,
  { chainId = 1n, protect = true }: { chainId?: bigint; protect?: boolean } = {},
): Signed {
  const hash = hashToSign(unsigned, chainId, protect);
  const [parity = 0, ...rest] = secp256k1.sign(hash, key, { prehash: false, format: 'recovered' });
  const number = (bytes: number[]) => BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
  const signature = {
    r: number(rest.slice(0, 32)),
    s: number(rest.slice(32)),
    yParity: parity,
    protected: unsigned.type === 0 && protect,
  };
  return { transaction: { ...unsigned, signature }, sender: addressOf(key) };
}

/** What a transaction's signer signs, by @ethereumjs/tx. */
export function hashToSign(transaction: Unsigned, chainId: bigint, protect: boolean): Uint8Array {
  const hardfork = (transaction.type === 0 && !protect ? 'homestead' : 'prague') as Hardfork;
  // The library wants a trusted setup for blobs even where only hashes are to be signed.
  const customCrypto = { kzg: {} as KZG };
  const common = createCustomCommon({ chainId: Number(chainId) }, Mainnet, { hardfork, customCrypto });
  const { type, to, nonce, gasLimit, value, data } = transaction;
  const fields: Record<string, unknown> = { type, nonce, gasLimit, value, data, to: to && bytesToHex(to) };
  if (type < 2) fields.gasPrice = transaction.maxFeePerGas;
  else {
    fields.maxFeePerGas = transaction.maxFeePerGas;
    fields.maxPriorityFeePerGas = transaction.maxPriorityFeePerGas;
  }
  if (type > 0) {
    fields.chainId = chainId;
    fields.accessList = (transaction.accessList ?? []).map(({ address, storageKeys }) => [address, storageKeys]);
  }
  if (type === 3) {
    fields.maxFeePerBlobGas = transaction.maxFeePerBlobGas;
    fields.blobVersionedHashes = transaction.blobVersionedHashes?.map(bytesToHex);
  }
  if (type === 4) {
    fields.authorizationList = transaction.authorizationList?.map((one) => [
      minimal(one.chainId),
      one.address,
      minimal(one.nonce),
      minimal(one.yParity),
      minimal(one.r),
      minimal(one.s),
    ]);
  }
  return createTx(fields as TypedTxData, { common, freeze: false }).getHashedMessageToSign();
}

function minimal(value: bigint): Uint8Array {
  const digits = value.toString(16);
  return value === 0n
    ? new Uint8Array(0)
    : Uint8Array.from(Buffer.from(digits.padStart(digits.length + (digits.length & 1), '0'), 'hex'));
}

/** A block for transactions that only move value. */
export const plainBlock: EvmBlockInput = {
  fork: 'osaka',
  number: 1n,
  timestamp: 1n,
  gasLimit: 1n << 40n,
  coinbase: new Uint8Array(20).fill(0xcc),
  randao: 0n,
  baseFeePerGas: 7n,
  blobBaseFee: 1n,
  chainId: 1n,
  blockHashes: [],
  emptyAccounts: false,
};

/** A transfer of nothing, with a nonce. */
export function transfer(nonce = 0n): Unsigned {
  return {
    type: 0,
    to: new Uint8Array(20).fill(0xaa),
    nonce,
    gasLimit: 21_000n,
    value: 0n,
    data: new Uint8Array(0),
    maxFeePerGas: 10n,
    maxPriorityFeePerGas: 10n,
  };
}
