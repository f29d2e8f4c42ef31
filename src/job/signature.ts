// What a transaction in the shape of JSON-RPC was signed with, as the workers need it to recover the sender.

import { quantityFromNumber } from '../base/hex.ts';
import type { TransactionInput } from '../block/block-input.ts';
import type { Hardfork } from '../chain/hardfork.ts';
import { rulesOf } from '../chain/rules.ts';
import type { EvmSignatureForm } from '../core/evm/evm-encode.ts';

const FORMS = [{ yParity: 0 }, { yParity: 1 }] as const;
const PROTECTED_FORMS = [
  { yParity: 0, protected: true },
  { yParity: 1, protected: true },
] as const;
/** Of a signature that cannot be right. */
const IMPOSSIBLE: EvmSignatureForm = { yParity: 2 };

/**
 * Reads the forms of signatures in the blocks of a chain; undefined where a transaction has none. Quantities are minimal, as
 * `readBlock` returns them. A v that the fork does not know, or a signature for another chain, becomes a signature that
 * cannot be right: it makes the transaction invalid, as a bad one does.
 *
 * v of type 0 is 27 + parity, or from EIP-155 on (Spurious Dragon) also 35 + 2 × chain id + parity; other types give the
 * parity itself, as yParity or v.
 */
export function signatureReader({
  chainId,
  hardfork,
}: {
  chainId: bigint;
  hardfork: Hardfork;
}): (transaction: TransactionInput) => EvmSignatureForm | undefined {
  const chain = quantityFromNumber(chainId);
  const legacyForms = new Map<string, EvmSignatureForm>([
    ['0x1b', FORMS[0]],
    ['0x1c', FORMS[1]],
  ]);
  if (rulesOf(hardfork).hasReplayProtection) {
    legacyForms.set(quantityFromNumber(35n + 2n * chainId), PROTECTED_FORMS[0]);
    legacyForms.set(quantityFromNumber(36n + 2n * chainId), PROTECTED_FORMS[1]);
  }
  return (transaction) => {
    const { r, s } = transaction;
    const legacy = Number(transaction.type ?? '0x0') === 0;
    const v = legacy ? (transaction.v ?? transaction.yParity) : (transaction.yParity ?? transaction.v);
    if (v === undefined || r === undefined || s === undefined) return undefined;
    if (legacy) return legacyForms.get(v) ?? IMPOSSIBLE;
    if (transaction.chainId !== undefined && transaction.chainId !== chain) return IMPOSSIBLE;
    return v === '0x0' ? FORMS[0] : v === '0x1' ? FORMS[1] : IMPOSSIBLE;
  };
}
