// Who signed a transaction: the message of its signature, and the address that follows from both.

import { secp256k1 } from '@noble/curves/secp256k1.js';
import { InputError } from '../base/errors.ts';
import { bytes32FromNumber, type Hex, hexFromBytes } from '../base/hex.ts';
import { keccak256 } from '../base/keccak256.ts';
import { signedBytes } from './block-encoding.ts';
import type { TransactionInput } from './block-input.ts';

/** Bytes of r and s. */
const COMPACT = 64;

/**
 * The address whose key signed the transaction.
 * @throws InputError naming `transaction` where there is no signature, or one that nobody made
 */
export function senderOf(transaction: TransactionInput, chainId: number): Hex {
  const { type = '0x0', r, s } = transaction;
  const v = BigInt((type === '0x0' ? transaction.v : (transaction.yParity ?? transaction.v)) ?? '0x0');
  if (r === undefined || s === undefined) throw new InputError('transaction', 'it has no signature');
  const parity = type !== '0x0' ? v : v >= 35n ? (v - 35n) % 2n : v - 27n;
  if (parity !== 0n && parity !== 1n) throw new InputError('transaction', `no signature has the v ${v}`);
  const signature = new Uint8Array(1 + COMPACT);
  signature[0] = Number(parity);
  signature.set(bytes32FromNumber(BigInt(r)), 1);
  signature.set(bytes32FromNumber(BigInt(s)), 1 + COMPACT / 2);
  try {
    const message = keccak256(signedBytes(transaction, chainId));
    const key = secp256k1.recoverPublicKey(signature, message, { prehash: false });
    const point = secp256k1.Point.fromBytes(key).toBytes(false);
    return hexFromBytes(keccak256(point.subarray(1)).subarray(12));
  } catch (cause) {
    throw new InputError('transaction', 'its signature is one that nobody made', { cause });
  }
}
