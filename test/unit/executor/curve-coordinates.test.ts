// Points with short coordinates, as both libraries of curves write them.
import { describe, expect, test } from 'vitest';
import { bytes32FromNumber } from '../../../src/block/hex.ts';
import { loadPrecompiles, scriptPrecompiles } from '../../../src/executor/wasm/precompiles.ts';

const ORDER = 0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001n;
const ADD = 6;
const MULTIPLY = 7;

function words(...numbers: bigint[]): Uint8Array {
  return Uint8Array.from(numbers.flatMap((number) => Array.from(bytes32FromNumber(number))));
}

describe('coordinates that are small numbers', () => {
  test('have zeros at their high end after a long one', async () => {
    const table = await loadPrecompiles();
    for (const scalar of [3n, 1n, ORDER - 1n, ORDER + 1n, (1n << 256n) - 1n, 0n]) {
      const input = words(1n, 2n, scalar);
      expect(table[MULTIPLY]?.(input)).toEqual(scriptPrecompiles[MULTIPLY]?.(input));
      const sum = words(1n, 2n, 0n, 0n);
      expect(table[ADD]?.(sum)).toEqual(sum.subarray(0, 64));
    }
  });
});
