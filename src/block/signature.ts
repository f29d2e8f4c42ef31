// What a transaction in the shape of JSON-RPC was signed with, as the workers need it to recover the sender.

import type { EvmSignatureInput } from '../core/evm-encode.ts';
import type { TransactionInput } from './block-input.ts';
import { type Hardfork, isAtLeast } from './hardfork.ts';

/** `yParity` of a signature that cannot be right. */
const IMPOSSIBLE = 2;

/**
 * The signature of a transaction; undefined where it has none. A v that the fork does not know, or a signature for another
 * chain, becomes a signature that cannot be right: it makes the transaction invalid, as a bad one does.
 *
 * v of type 0 is 27 + parity, or from EIP-155 on (Spurious Dragon) also 35 + 2 × chain id + parity; other types give the
 * parity itself, as yParity or v.
 */
export function signatureOf(
  transaction: TransactionInput,
  { chainId, hardfork }: { chainId: bigint; hardfork: Hardfork },
): EvmSignatureInput | undefined {
  const { r, s } = transaction;
  const legacy = Number(transaction.type ?? '0x0') === 0;
  const v = legacy ? (transaction.v ?? transaction.yParity) : (transaction.yParity ?? transaction.v);
  if (v === undefined || r === undefined || s === undefined) return undefined;
  const parts = { r: BigInt(r), s: BigInt(s) };
  if (transaction.chainId !== undefined && !legacy && BigInt(transaction.chainId) !== chainId) {
    return { ...parts, yParity: IMPOSSIBLE };
  }
  const parity = BigInt(v);
  if (!legacy) return { ...parts, yParity: bit(parity) };
  if (parity === 27n || parity === 28n) return { ...parts, yParity: Number(parity - 27n) };
  if (!isAtLeast(hardfork, 'spuriousDragon')) return { ...parts, yParity: IMPOSSIBLE };
  return { ...parts, yParity: bit(parity - 35n - 2n * chainId), protected: true };
}

function bit(value: bigint): number {
  return value === 0n || value === 1n ? Number(value) : IMPOSSIBLE;
}
