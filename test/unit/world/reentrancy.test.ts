// What callers do from within: what they give us may ask the same world, or fail beside us.

import { expect, test } from 'vitest';
import { createEngine, memoryState, rpcState } from '../../../src/index.ts';

const [ALICE, BOB] = [
  '0x00000000000000000000000000000000000a11ce',
  '0x0000000000000000000000000000000000000b0b',
] as const;

test('what a tracer promises may ask the world, and end it', async () => {
  await using engine = await createEngine({ workers: 1, threading: 'inline' });
  const world = await engine.openWorld({ state: memoryState({ [ALICE]: { balance: 5n } }), chain: 1 });
  const asking = () => ({
    result: async () => [await world.getBalance(ALICE), (await world.call({ to: BOB })).status],
  });
  expect(await world.trace({ from: ALICE, to: BOB }, { tracer: asking })).toEqual([5n, 'success']);
  const ending = () => ({ result: () => void world.dispose() });
  expect(await world.trace({ from: ALICE, to: BOB }, { tracer: ending })).toBeUndefined();
  await expect(world.getBalance(ALICE)).rejects.toThrow('disposed');
});

test('a transport that is an async function is refused, and what it fails with is nobody else to hear of', async () => {
  const failing = async () => {
    throw new Error('mine');
  };
  // An unhandled rejection would fail the test.
  expect(() => rpcState({ transport: failing as never, block: 1 })).toThrow('options.transport');
  await new Promise((resolve) => setTimeout(resolve, 10));
});
