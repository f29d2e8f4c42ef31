// What a block comes to for the core's EVM: which records, in which order, and which blocks are refused.
import { expect, test } from 'vitest';
import { EvmTransaction, EvmTransactionFlag } from '../../../assembly/layout.ts';
import { InvalidTransactionError } from '../../../src/base/errors.ts';
import { readBlock } from '../../../src/block/block-input.ts';
import { planEvmBlock } from '../../../src/job/evm-block.ts';

const ZERO_HASH = `0x${'00'.repeat(32)}` as const;
const miner = `0x${'cc'.repeat(20)}` as const;
const sender = `0x${'aa'.repeat(20)}` as const;
const signature = { v: '0x1', yParity: '0x1', r: '0x7', s: '0x9' };
const transfer = { type: '0x2', from: sender, to: miner, nonce: '0x0', gas: '0x5208', value: '0x1', input: '0x' };
const fees = { maxFeePerGas: '0x7', maxPriorityFeePerGas: '0x0' };
const withdrawal = { index: '0x0', validatorIndex: '0x0', address: sender, amount: '0x3' };

function plan(transactions: object[], senders: 'trust' | 'recover' = 'trust') {
  const raw = {
    parentHash: ZERO_HASH,
    miner,
    difficulty: '0x0',
    number: '0x64',
    gasLimit: '0x1c9c380',
    timestamp: '0x1',
    baseFeePerGas: '0x7',
    mixHash: ZERO_HASH,
    excessBlobGas: '0x0',
    parentBeaconBlockRoot: `0x${'be'.repeat(32)}`,
    withdrawals: [withdrawal],
    transactions: transactions.map((given) => ({ ...transfer, ...fees, ...given })),
  };
  const block = readBlock(raw, 'prague');
  const blockHashes = new Map([[99n, ZERO_HASH]]);
  return planEvmBlock({ chainId: 1, hardfork: 'prague', block, blockHashes, senders });
}

function wordsOf(field: number, { transactions: { records, offsets, costs } }: ReturnType<typeof plan>): number[] {
  const view = new DataView(records.buffer);
  return Array.from(costs, (_, at) => view.getUint32(offsets[at]! + field, true));
}

test("the protocol's own steps are around the transactions", () => {
  const planned = plan([{}, { nonce: '0x1' }]);
  const { SYSTEM, REQUIRED, CREDIT } = EvmTransactionFlag;
  const [call, request, credit] = [SYSTEM, SYSTEM | REQUIRED, SYSTEM | CREDIT];
  expect(wordsOf(EvmTransaction.FLAGS, planned)).toEqual([call, call, 0, 0, credit, request, request]);
  expect(planned.firstTransaction).toBe(2);
  expect(planned.post).toBe(4);
  expect(planned.requests).toEqual([
    { at: 5, type: 1 },
    { at: 6, type: 2 },
  ]);
  expect([...planned.transactions.costs]).toEqual([0, 0, 21_000, 21_000, 0, 0, 0]);
  expect([...planned.transactions.previous]).toEqual([-1, -1, -1, 2, -1, -1, -1]);
  expect(planned.environment.blockHashes).toEqual([ZERO_HASH, ...Array.from({ length: 99 }, () => undefined)]);
});

test('signatures belong to the transactions, and only where senders are to be recovered', () => {
  const isSigned = (senders: 'trust' | 'recover') =>
    wordsOf(EvmTransaction.SIGNATURE, plan([signature, signature], senders)).map((offset) => offset !== 0);
  expect(isSigned('recover')).toEqual([false, false, true, true, false, false, false]);
  expect(isSigned('trust')).toEqual(isSigned('trust').map(() => false));
});

test('a plan is cloned as it is', () => {
  const planned = plan([{}]);
  expect(structuredClone(planned)).toEqual(planned);
});

test('a transaction of another chain, without a signature to recover, or without a sender to trust is refused', () => {
  const refusal = (transactions: object[], senders?: 'recover') => {
    try {
      plan(transactions, senders);
    } catch (error) {
      return error instanceof InvalidTransactionError && error.message;
    }
    return undefined;
  };
  expect(refusal([{}, { chainId: '0x2' }])).toBe('transaction 1: made for chain 2, not for 1');
  // Legacy ones too (EIP-155): by chainId, or by v = 35 + 2 · chain + parity. Without either they are of any chain.
  const legacy = { type: '0x0', gasPrice: '0x7' };
  expect(refusal([{}, { ...legacy, chainId: '0x2' }])).toBe('transaction 1: made for chain 2, not for 1');
  expect(refusal([{}, { ...legacy, v: '0x28', r: '0x7', s: '0x9' }])).toBe(
    'transaction 1: made for chain 2, not for 1',
  );
  expect(refusal([{}, { ...legacy, v: '0x26', r: '0x7', s: '0x9' }])).toBeUndefined();
  expect(refusal([{}, { ...legacy, v: '0x1b', r: '0x7', s: '0x9' }])).toBeUndefined();
  expect(refusal([{}, legacy])).toBeUndefined();
  expect(refusal([signature, {}], 'recover')).toBe(
    'transaction 1: the sender is to be recovered, but there is no signature',
  );
  expect(refusal([{}, { ...signature, from: undefined }])).toBe(
    'transaction 1: the sender is to be trusted, but is not given',
  );
});
