// Two executions of one block: what differs is told by name.
import { expect, test } from 'vitest';
import type { Receipt } from '../../../src/block/receipts.ts';
import { compareExecutions } from '../../../src/job/comparison.ts';

const receipt: Receipt = {
  transactionIndex: 0,
  transactionHash: undefined,
  type: 0,
  status: 'success',
  gasUsed: 1n,
  cumulativeGasUsed: 1n,
  effectiveGasPrice: 1n,
  contractAddress: undefined,
  logs: [],
  logsBloom: '0x00',
};
const outcome = {
  gasUsed: 1n,
  logsBloom: '0x00',
  receiptsRoot: '0x01',
  requestsHash: undefined,
  receipts: [receipt],
} as const;

test('equal results differ in nothing', () => {
  const address = `0x${'11'.repeat(20)}` as const;
  const diff = () => new Map([[address, { balance: 5n, storage: new Map([[`0x01`, `0x02`] as const]) }]]);
  expect(compareExecutions({ ...outcome, stateDiff: diff() }, { ...outcome, stateDiff: diff() }, 'audit')).toEqual([]);
});

test('different results are told by name', () => {
  const [one, two] = [`0x${'11'.repeat(20)}`, `0x${'22'.repeat(20)}`] as const;
  const before = new Map([
    [one, { balance: 5n, storage: new Map([['0x01', '0x02'] as const]) }],
    [two, null],
  ]);
  const after = new Map([[one, { balance: 6n, storage: new Map([['0x03', '0x04'] as const]) }]]);
  const expected = { ...outcome, stateDiff: before };
  expect(
    compareExecutions(
      expected,
      { ...outcome, gasUsed: 2n, receipts: [{ ...receipt, status: 'reverted' }], stateDiff: after },
      'audit',
    ),
  ).toEqual([
    { name: 'audit.gasUsed', expected: '1', actual: '2' },
    { name: 'audit.receipts[0].status', expected: 'success', actual: 'reverted' },
    { name: `audit.state.${one}.balance`, expected: '5', actual: '6' },
    { name: `audit.state.${one}.storage[0x01]`, expected: '0x02', actual: 'unchanged' },
    { name: `audit.state.${two}`, expected: 'deleted', actual: 'unchanged' },
    { name: `audit.state.${one}.storage[0x03]`, expected: 'unchanged', actual: '0x04' },
  ]);
});
