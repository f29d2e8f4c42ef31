// Signatures as JSON-RPC gives them: v in all its forms.
import { expect, test } from 'vitest';
import type { Hex } from '../../../src/base/hex.ts';
import type { TransactionInput } from '../../../src/block/block-input.ts';
import type { Hardfork } from '../../../src/chain/hardfork.ts';
import { signatureReader } from '../../../src/job/signature.ts';

function parse(given: Partial<TransactionInput>, { chainId = 1n, hardfork = 'osaka' as Hardfork } = {}) {
  const transaction = { nonce: '0x0', value: '0x0', gas: '0x5208', input: '0x', r: '0x7', s: '0x9', ...given } as const;
  return signatureReader({ chainId, hardfork })(transaction as TransactionInput);
}

const quantity = (value: bigint): Hex => `0x${value.toString(16)}`;

test('27 and 28 are signatures without a chain id', () => {
  expect(parse({ v: '0x1b' })).toEqual({ yParity: 0 });
  expect(parse({ type: '0x0', v: '0x1c' })).toEqual({ yParity: 1 });
  expect(parse({ v: '0x1c' }, { hardfork: 'chainstart' })).toEqual({ yParity: 1 });
});

test('35 + 2 chain id + parity covers the chain id, from Spurious Dragon on', () => {
  for (const chainId of [1n, 137n, 2n ** 70n]) {
    for (const parity of [0n, 1n]) {
      const v = quantity(35n + 2n * chainId + parity);
      expect(parse({ v }, { chainId })).toEqual({ yParity: Number(parity), protected: true });
      expect(parse({ v }, { chainId, hardfork: 'tangerineWhistle' })?.yParity).toBe(2);
    }
  }
});

test('a v for another chain, or none at all, cannot be right', () => {
  for (const v of [0n, 1n, 26n, 29n, 35n, 36n, 39n, 2n ** 256n - 1n])
    expect(parse({ v: quantity(v) })?.yParity).toBe(2);
});

test('typed transactions give the parity itself, as yParity or v', () => {
  const type = '0x2';
  expect(parse({ type, yParity: '0x1' })).toEqual({ yParity: 1 });
  expect(parse({ type, v: '0x1' })).toEqual({ yParity: 1 });
  expect(parse({ type, v: '0x0', yParity: '0x0', chainId: '0x1' })).toEqual({ yParity: 0 });
  expect(parse({ type, v: '0x1b' })?.yParity).toBe(2);
  expect(parse({ type, v: '0x1', chainId: '0x2' })?.yParity).toBe(2);
});

test('a transaction without a signature has none', () => {
  expect(
    signatureReader({ chainId: 1n, hardfork: 'osaka' })({ nonce: '0x0', value: '0x0', gas: '0x5208', input: '0x' }),
  ).toBe(undefined);
});
