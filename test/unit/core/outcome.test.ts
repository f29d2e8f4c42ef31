// Outcomes on their way through the core.
import { expect, test } from 'vitest';
import { Outcome } from '../../../src/core/abi.ts';
import { packFailure, packOutcome, unpackResult } from '../../../src/core/outcome.ts';

function through(packed: { code: number; gas: bigint; parts: readonly Uint8Array[] }) {
  const bytes = Uint8Array.from(packed.parts.flatMap((part) => [...part]));
  return unpackResult(packed.code, packed.gas, bytes, true);
}

test('an outcome comes out as it went in', () => {
  const output = Uint8Array.of(1, 2, 3);
  expect(through(packOutcome({ status: 'success', gasUsed: 21000n, output }))).toEqual({
    status: 'success',
    gasUsed: 21000n,
    output,
    error: undefined,
  });
  expect(through(packOutcome({ status: 'reverted', error: 'no funds: 5 €', output }))).toEqual({
    status: 'reverted',
    gasUsed: 0n,
    output,
    error: 'no funds: 5 €',
  });
  expect(through(packOutcome({ status: 'invalid' })).status).toBe('invalid');
});

test('an endless error text is cut', () => {
  expect(through(packFailure('x'.repeat(100_000))).error?.length).toBe(4096);
});

test('prototype keys are no statuses', () => {
  for (const status of ['constructor', '__proto__', 'toString', '']) {
    expect(through(packOutcome({ status })).status).toBe('failed');
  }
});

test('gas takes 64 bits and no more', () => {
  expect(through(packOutcome({ status: 'success', gasUsed: 2n ** 64n - 1n })).gasUsed).toBe(2n ** 64n - 1n);
  expect(through(packOutcome({ status: 'success', gasUsed: 2n ** 64n })).status).toBe('failed');
});

test('what the core itself puts out is taken as it is', () => {
  const output = Uint8Array.of(9, 9);
  expect(unpackResult(Outcome.SUCCESS, 1n, output, false).output).toBe(output);
});
