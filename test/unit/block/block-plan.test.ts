// A block as tasks: steps, dependencies, and the errors they end with.

import { expect, test } from 'vitest';
import { InvalidBlockError, InvalidTransactionError } from '../../../src/base/errors.ts';
import type { BlockInput } from '../../../src/block/block-input.ts';
import { planBlock, stepError } from '../../../src/block/block-plan.ts';

const A = `0x${'aa'.repeat(20)}` as const;
const B = `0x${'bb'.repeat(20)}` as const;
const HASH = `0x${'ab'.repeat(32)}` as const;

function blockOf(senders: readonly (typeof A | typeof B | undefined)[], change: Partial<BlockInput> = {}): BlockInput {
  return {
    number: '0x10',
    parentHash: HASH,
    miner: A,
    gasLimit: '0xf4240',
    timestamp: '0x1',
    transactions: senders.map((from) => ({
      ...(from === undefined ? {} : { from }),
      nonce: '0x0',
      value: '0x0',
      gas: '0x5208',
      input: '0x',
    })),
    ...change,
  };
}

test('transactions of one sender depend on each other, and on nothing else', () => {
  const plan = planBlock({ chainId: 1, hardfork: 'cancun', block: blockOf([A, B, A, undefined, A, undefined]) });
  expect(plan).toMatchObject({ firstTransaction: 1, transactionCount: 6, post: undefined });
  expect(plan.tasks.map(({ id }) => id)).toEqual([0, 1, 2, 3, 4, 5, 6]);
  expect(plan.tasks.map(({ dependencies }) => dependencies)).toEqual([
    undefined,
    undefined,
    undefined,
    [1],
    undefined,
    [3],
    undefined,
  ]);
  expect(plan.tasks[1]).toMatchObject({ sender: A, estimatedGas: 21_000n, payload: { kind: 'transaction', index: 0 } });
});

test('each fork has the steps it needs around its transactions', () => {
  const kinds = (input: Parameters<typeof planBlock>[0], options?: { post?: boolean }) =>
    planBlock(input, options).tasks.map(({ payload }) => payload?.kind);
  const withdrawals = [{ index: '0x0', validatorIndex: '0x0', address: A, amount: '0x1' } as const];
  expect(kinds({ chainId: 1, hardfork: 'berlin', block: blockOf([A]) })).toEqual(['transaction', 'post']);
  expect(kinds({ chainId: 1, hardfork: 'berlin', block: blockOf([A], { uncles: [HASH] }) })).toEqual(['transaction']);
  expect(kinds({ chainId: 1, hardfork: 'paris', block: blockOf([A]) })).toEqual(['transaction']);
  expect(kinds({ chainId: 1, hardfork: 'shanghai', block: blockOf([], { withdrawals }) })).toEqual(['post']);
  expect(kinds({ chainId: 1, hardfork: 'cancun', block: blockOf([A], { withdrawals }) })).toEqual([
    'pre',
    'transaction',
    'post',
  ]);
  expect(kinds({ chainId: 1, hardfork: 'prague', block: blockOf([A]) })).toEqual(['pre', 'transaction', 'post']);
  expect(kinds({ chainId: 1, hardfork: 'prague', block: blockOf([A]) }, { post: false })).toEqual([
    'pre',
    'transaction',
  ]);
  expect(kinds({ chainId: 1, hardfork: 'dao', block: blockOf([], { number: '0x1d4c00' }) })).toEqual(['pre', 'post']);
  expect(kinds({ chainId: 5, hardfork: 'dao', block: blockOf([], { number: '0x1d4c00' }) })).toEqual(['post']);
});

test('what cannot run names the transaction, or the side of the transactions it is on', () => {
  const plan = planBlock({ chainId: 1, hardfork: 'prague', block: blockOf([A, B]) });
  const error = stepError(plan, 2, { status: 'invalid', error: 'nonce' });
  expect(error).toBeInstanceOf(InvalidTransactionError);
  expect(error).toMatchObject({ index: 1, message: 'transaction 1: nonce' });
  expect(stepError(plan, 1, { status: 'failed', error: 'boom' }).message).toBe(
    'transaction 0: execution broke off: boom',
  );
  expect(stepError(plan, 0, { status: 'failed', error: 'boom' })).toBeInstanceOf(InvalidBlockError);
  expect(stepError(plan, 3, { status: 'invalid', error: 'boom' }).message).toBe('after the transactions: boom');
});
