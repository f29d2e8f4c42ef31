// Receipts of before Byzantium hold roots of the state: nobody computes them from a part of it without being told to.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createEngine, type Engine, memoryState } from '../../../src/index.ts';

const address = (n: number) => `0x${n.toString(16).padStart(40, '0')}` as const;
const word = (n: number) => `0x${n.toString(16).padStart(64, '0')}` as const;
const SENDER = address(0x5e);

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ workers: 1 });
});
afterAll(() => engine.dispose());

test('a state that is complete for its block alone is not taken for the whole one', async () => {
  const transfer = { from: SENDER, to: address(1), nonce: 0, gas: 21_000, gasPrice: 1, value: 1, input: '0x' };
  const block = {
    ...{ number: 4_369_999, parentHash: word(1), miner: address(2), gasLimit: 1_000_000, timestamp: 1_500_000_000 },
    ...{ difficulty: 1, mixHash: word(2), receiptsRoot: word(3), transactions: [transfer] },
  };
  const request = { block, hardfork: 'spuriousDragon', state: memoryState({ [SENDER]: { balance: 10n ** 18n } }) };
  const of = (verify: object | true) => engine.executeBlock({ ...request, verify } as never);
  const all = await of(true);
  expect(all.mismatches).toEqual([]);
  expect(all.omitted).toContainEqual(expect.objectContaining({ name: 'receiptsRoot', reason: 'not-computed' }));
  const named = await of({ receiptsRoot: true });
  expect(named.mismatches.map(({ name }) => name)).toEqual(['receiptsRoot']);
});
