// The fuzzer against a library with wrong prices: it finds each soon, and shows the few instructions that it takes.
import { describe, expect, test } from 'vitest';
import { EvmDuel } from '../../support/evm-scenario.ts';
import { fuzzCase, toScenario } from '../../support/fuzz-case.ts';
import { explain } from '../../support/fuzz-run.ts';

describe('a wrong price is found within 2,000 programs, and taken apart', () => {
  test.each([
    ['tloadGas', 101n, /TLOAD/],
    ['clzGas', 7n, /CLZ/],
    ['keccak256WordGas', 7n, /KECCAK256/],
    ['maxRefundQuotient', 4n, /SSTORE/],
    ['callStipendGas', 2299n, /CALL/],
    ['maxInitCodeSize', 49_151n, /transaction of type . from .* to nobody/],
    ['perEmptyAccountCost', 25_001n, /authorisation/],
  ])('%s', async (name, value, sign) => {
    const duel = await EvmDuel.create({ [name]: value });
    for (let seed = 1; seed <= 100; seed++) {
      const found = await duel.difference(toScenario(fuzzCase(seed)));
      if (found === undefined) continue;
      const text = await explain(duel, seed, found);
      expect(text).toMatch(sign);
      expect(text.match(/^transaction of/gm)!.length).toBeLessThanOrEqual(3);
      expect(text.match(/^account/gm)!.length).toBeLessThanOrEqual(4);
      return;
    }
    throw new Error('nobody noticed');
  });
});
