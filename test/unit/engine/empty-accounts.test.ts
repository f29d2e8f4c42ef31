// Empty accounts that older forks left in the state, after EIP-161.
import { expect, test } from 'vitest';
import { type BlockInput, createEngine, type Hex, memoryState } from '../../../src/index.ts';

const SENDER: Hex = `0x${'11'.repeat(20)}`;
const TOUCHED: Hex = `0x${'22'.repeat(20)}`;
const UNTOUCHED: Hex = `0x${'33'.repeat(20)}`;
const NEVER_THERE: Hex = `0x${'44'.repeat(20)}`;

const transfer = (nonce: number, to: Hex) =>
  ({ from: SENDER, to, nonce: `0x${nonce}`, value: '0x0', gas: '0x5208', gasPrice: '0x0', input: '0x' }) as const;

test.each(['wasm', 'ethereumjs'] as const)(
  'are gone when they are touched, and stay where nobody touches them: %s',
  async (executor) => {
    await using engine = await createEngine({ workersPerBlock: 'all', workers: 2, executor });
    const block = {
      number: '0x1',
      parentHash: `0x${'00'.repeat(32)}`,
      timestamp: '0x1',
      gasLimit: '0x1000000',
      miner: `0x${'55'.repeat(20)}`,
      difficulty: '0x1',
      transactions: [transfer(0, TOUCHED), transfer(1, NEVER_THERE)],
    } as unknown as BlockInput;
    const state = memoryState({ [SENDER]: { balance: 1 }, [TOUCHED]: {}, [UNTOUCHED]: {} });
    const after = await engine.executeBlock({ block, chainId: 1, hardfork: 'byzantium', state });
    expect(after.transactionsStateDiff.get(TOUCHED)).toBe(null);
    expect([...after.transactionsStateDiff.keys()].sort()).toEqual([SENDER, TOUCHED]);
    const before = await engine.executeBlock({ block, chainId: 1, hardfork: 'tangerineWhistle', state });
    expect([...before.transactionsStateDiff.keys()]).toContain(NEVER_THERE);
    expect(before.transactionsStateDiff.has(TOUCHED)).toBe(false);
  },
);
