// Rules as the core reads them.
import { expect, test } from 'vitest';
import { EvmRules } from '../../../assembly/layout.ts';
import { opcodeNamed } from '../../../src/chain/opcodes.ts';
import { NUMBERS, rulesOf, SWITCHES } from '../../../src/chain/rules.ts';
import { encodedRules } from '../../../src/core/evm/rules-encode.ts';

const UNLIMITED = 2n ** 63n - 1n;

test('prices stand at the opcodes, numbers and switches behind them in their order', () => {
  const record = encodedRules(rulesOf('shanghai'));
  const view = new DataView(record.buffer);
  const price = (number: number) => view.getBigInt64(EvmRules.PRICES + 8 * number, true);
  const place = (index: number) => view.getBigInt64(EvmRules.NUMBERS + 8 * index, true);
  const number = (name: keyof typeof NUMBERS) => place(Object.keys(NUMBERS).indexOf(name));
  const holds = (name: keyof typeof SWITCHES) =>
    place(Object.keys(NUMBERS).length + Object.keys(SWITCHES).indexOf(name));
  expect([price(opcodeNamed('ADD').number), price(opcodeNamed('PUSH0').number)]).toEqual([3n, 2n]);
  expect([price(opcodeNamed('TLOAD').number), price(0xfe)]).toEqual([UNLIMITED, UNLIMITED]);
  expect([number('hashWordGas'), number('maxCodeSize'), number('transactionGasCap')]).toEqual([6n, 24576n, UNLIMITED]);
  expect([holds('hasWarmth'), holds('coinbaseIsWarm'), holds('destroysOnlyNew')]).toEqual([1n, 1n, 0n]);
});

test('what the core cannot take is refused by name', () => {
  for (const refundQuotient of [-1, 0.5, 2 ** 60, Number.NaN]) {
    expect(() => encodedRules({ ...rulesOf('osaka'), refundQuotient })).toThrow(
      new RangeError(`the core cannot take ${refundQuotient} as refundQuotient`),
    );
  }
  const prices = { ...rulesOf('osaka').prices, ADD: -3 };
  expect(() => encodedRules({ ...rulesOf('osaka'), prices })).toThrow('the core cannot take -3 as ADD');
});

test('a record is made once for each fork', () => {
  expect(encodedRules(rulesOf('cancun'))).toBe(encodedRules(rulesOf('cancun')));
});
