// Which block a world over a node stands at: pinned to its hash, and followed only by blocks that come next.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { InputError, ReorganisationError } from '../../../src/base/errors.ts';
import { createEngine } from '../../../src/engine/engine.ts';
import { memoryState } from '../../../src/state/memory.ts';
import { rpcState } from '../../../src/state/remote/rpc-state.ts';
import type { Engine, WorldBlockRequest } from '../../../src/types.ts';
import { fakeFetch } from '../../support/fake-http.ts';
import { FakeNode } from '../../support/fake-node.ts';

const ALICE = `0x${'a1'.repeat(20)}` as const;
let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ workers: 1 });
});
afterAll(() => engine.dispose());

/** Blocks 0 to 3: in the one of number n Alice has n. */
function nodeOf(): FakeNode {
  const node = new FakeNode();
  for (let number = 0; number < 4; number++) node.add({ [ALICE]: { balance: BigInt(number), nonce: 1n } });
  return node;
}

const sourceOf = (node: FakeNode) => rpcState({ transport: { url: 'http://node.test', fetch: fakeFetch(node) } });

function emptyBlock(number: number, parentHash: string, hash?: string): WorldBlockRequest {
  return {
    hardfork: 'shanghai',
    block: {
      ...{ number, parentHash, timestamp: 2000 + number, gasLimit: 30_000_000, miner: ALICE, baseFeePerGas: 7 },
      ...{ mixHash: `0x${'11'.repeat(32)}`, withdrawals: [], transactions: [], ...(hash !== undefined && { hash }) },
    },
  } as unknown as WorldBlockRequest;
}

test('a world is pinned to the block that is named by tag, number or hash, and knows its chain', async () => {
  const node = nodeOf();
  const hash = node.block(1).hash;
  for (const [block, number] of [
    ['latest', 3n],
    [2, 2n],
    [2n, 2n],
    [hash, 1n],
    [{ number: 1n, hash }, 1n],
    [undefined, 3n],
  ] as const) {
    const given = block === undefined ? {} : { block };
    await using world = await engine.openWorld({ state: sourceOf(node), ...given });
    expect(world.block).toEqual({ number, hash: node.block(Number(number)).hash });
    expect(await world.getBalance(ALICE)).toBe(number);
    await using copy = await world.fork();
    expect(copy.block).toEqual(world.block);
  }
});

test('what the options say of the block and the chain must be what the node says', async () => {
  const node = nodeOf();
  const state = sourceOf(node);
  const { hash } = node.block(1);
  await expect(engine.openWorld({ state, chain: 1 })).rejects.toThrow(/options\.chain: .*1337, not of 1/);
  await expect(engine.openWorld({ state, block: { number: 2, hash } })).rejects.toThrow(/options\.block\.number/);
  await expect(engine.openWorld({ state, block: 'newest' as never })).rejects.toThrow(InputError);
  await expect(engine.openWorld({ state, block: 9 })).rejects.toThrow(/there is no block/);
  const known = memoryState({});
  await expect(engine.openWorld({ state: known, block: 'latest' })).rejects.toThrow(
    /options\.block.*not that of a chain/,
  );
});

test('the next block must have the block of the world as its parent; an error names both', async () => {
  const node = nodeOf();
  await using world = await engine.openWorld({ state: sourceOf(node), block: 2 });
  const pinned = node.block(2).hash;
  const other = node.block(1).hash;
  const reorganised = await world.executeBlock(emptyBlock(3, other)).catch((error: unknown) => error);
  expect(reorganised).toBeInstanceOf(ReorganisationError);
  expect(reorganised).toMatchObject({ number: 2n, pinned, found: other });
  await expect(Promise.resolve(world.executeBlock(emptyBlock(5, other)))).rejects.toThrow(
    new RegExp(`block\\.parentHash: block 5 has the parent ${other}.* block 2, ${pinned}`),
  );
  expect(world.block).toEqual({ number: 2n, hash: pinned });
  const mine = `0x${'33'.repeat(32)}`;
  await world.executeBlock(emptyBlock(3, pinned, mine));
  expect(world.block).toEqual({ number: 3n, hash: mine });
  await expect(Promise.resolve(world.executeBlock(emptyBlock(4, pinned)))).rejects.toThrow(ReorganisationError);
  await world.executeBlock(emptyBlock(4, mine));
  // Of a block without a hash nobody knows what comes next.
  await world.executeBlock(emptyBlock(5, other));
});

test('a chain that is reorganised under a world says so, naming both hashes', async () => {
  const node = nodeOf();
  await using world = await engine.openWorld({ state: sourceOf(node), block: 'latest' });
  const pinned = node.head.hash;
  node.rewind(3);
  node.add({}, 'another');
  const error = await world.getBalance(ALICE).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ReorganisationError);
  expect(error).toMatchObject({ number: 3n, pinned, found: node.head.hash });
});
