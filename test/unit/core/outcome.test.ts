// Outcomes on their way through the core.
import { describe, expect, test } from 'vitest';
import { Outcome } from '../../../assembly/layout.ts';
import {
  countResults,
  dropResults,
  OutputForm,
  packFailure,
  packOutcome,
  Results,
  unpackResult,
} from '../../../src/core/host/outcome.ts';

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

describe('results of several batches', () => {
  const heads = (entries: [number, number, bigint][]) =>
    Uint32Array.from(entries.flatMap(([kind, end, gas]) => [kind, end, Number(gas & 0xffffffffn), Number(gas >> 32n)]));
  const plain = OutputForm.PLAIN << 8;
  const first = {
    heads: heads([
      [Outcome.SUCCESS | plain, 2, 21000n],
      [Outcome.REVERTED | plain, 2, 2n ** 64n - 1n],
      [Outcome.FAILED | plain, 5, 0n],
    ]),
    outputs: Uint8Array.of(1, 2, 3, 4, 5),
  };
  const second = { heads: heads([[Outcome.INVALID, 4, 0n]]), outputs: new Uint8Array(4) };
  const none = { heads: new Uint32Array(0), outputs: new Uint8Array(0) };

  test('are found by index, in any order', () => {
    const results = new Results([none, first, none, second]);
    expect(results.length).toBe(4);
    for (const order of [
      [0, 1, 2, 3],
      [3, 2, 1, 0],
      [2, 0, 3, 1],
    ]) {
      expect(order.map((index) => results.status(index))).toEqual(
        order.map((index) => ['success', 'reverted', 'failed', 'invalid'][index]),
      );
      expect(order.map((index) => [...results.at(index).output])).toEqual(
        order.map((index) => [[1, 2], [], [3, 4, 5], []][index]),
      );
    }
    expect([results.at(0).gasUsed, results.at(1).gasUsed, results.gas(0)]).toEqual([21000n, 2n ** 64n - 1n, 21000]);
    expect(() => results.at(4)).toThrow(RangeError);
    expect(() => results.at(-1)).toThrow(RangeError);
  });

  test('grow, and lose those that somebody has already', () => {
    const results = new Results();
    results.push(dropResults(first, 0));
    results.push(dropResults(first, 1));
    results.push(dropResults(first, 3));
    expect(countResults([first, dropResults(first, 1), second])).toBe(6);
    expect(Array.from({ length: results.length }, (_, index) => [...results.output(index)])).toEqual([
      [1, 2],
      [],
      [3, 4, 5],
      [],
      [3, 4, 5],
    ]);
    // The batch itself is as it was.
    expect([...new Results([first]).output(2)]).toEqual([3, 4, 5]);
  });
});
