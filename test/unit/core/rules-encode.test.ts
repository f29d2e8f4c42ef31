// Rules as the core reads them.
import { expect, test } from 'vitest';
import { EvmOpcode, EvmRules } from '../../../assembly/layout.ts';
import { INVALID, opcodeNamed } from '../../../src/chain/opcodes.ts';
import { NUMBERS, rulesOf, SWITCHES } from '../../../src/chain/rules.ts';
import { encodedRules } from '../../../src/core/evm/rules-encode.ts';

const UNLIMITED = 2n ** 63n - 1n;

test('opcodes stand at their numbers, numbers and switches behind them in their order', () => {
  const record = encodedRules(rulesOf('shanghai'));
  const view = new DataView(record.buffer);
  const opcode = (number: number) => {
    const at = EvmRules.OPCODES + EvmOpcode.SIZE * number;
    const [needed, room] = [EvmOpcode.NEEDED, EvmOpcode.ROOM].map((field) => view.getUint16(at + field, true));
    return [view.getUint32(at + EvmOpcode.PRICE, true), needed, room];
  };
  const place = (index: number) => view.getBigInt64(EvmRules.NUMBERS + 8 * index, true);
  const number = (name: keyof typeof NUMBERS) => place(Object.keys(NUMBERS).indexOf(name));
  const holds = (name: keyof typeof SWITCHES) =>
    place(Object.keys(NUMBERS).length + Object.keys(SWITCHES).indexOf(name));
  expect(opcode(opcodeNamed('ADD').number)).toEqual([3, 64, 32768 - 64]);
  expect(opcode(opcodeNamed('PUSH0').number)).toEqual([2, 0, 32768 - 32]);
  expect(opcode(opcodeNamed('DUP16').number)).toEqual([3, 512, 32768 - 512 - 32]);
  // No stack is so high.
  expect(opcode(opcodeNamed('TLOAD').number)).toEqual([0, 65535, 0]);
  expect(opcode(INVALID)).toEqual([0, 65535, 0]);
  expect([number('hashWordGas'), number('maxCodeSize'), number('transactionGasCap')]).toEqual([6n, 24576n, UNLIMITED]);
  expect([holds('hasWarmth'), holds('coinbaseIsWarm'), holds('destroysOnlyNew')]).toEqual([1n, 1n, 0n]);
});

test('what the core cannot take is refused by name', () => {
  for (const refundQuotient of [-1, 0.5, 2 ** 60, Number.NaN]) {
    expect(() => encodedRules({ ...rulesOf('osaka'), refundQuotient })).toThrow(
      new RangeError(`the core cannot take ${refundQuotient} as refundQuotient`),
    );
  }
  for (const ADD of [-3, 0.5, 2 ** 32, Number.NaN]) {
    const prices = { ...rulesOf('osaka').prices, ADD };
    expect(() => encodedRules({ ...rulesOf('osaka'), prices })).toThrow(
      new RangeError(`the core cannot take ${ADD} as the price of ADD`),
    );
  }
});

test('a record is made once for each fork', () => {
  expect(encodedRules(rulesOf('cancun'))).toBe(encodedRules(rulesOf('cancun')));
});
