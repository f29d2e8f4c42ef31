// A block executed on state that comes from a node: the same results as on the whole state in memory.

import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Hex } from '../../../src/base/hex.ts';
import { createEngine } from '../../../src/engine/engine.ts';
import { checkBlockFile } from '../../../src/file/block-file.ts';
import { rpcState } from '../../../src/state/remote/rpc-state.ts';
import { createTraffic } from '../../../src/traffic/index.ts';
import type { Engine } from '../../../src/types.ts';
import { fakeFetch } from '../../support/fake-http.ts';
import { FakeNode } from '../../support/fake-node.ts';
import { headOf } from '../../support/slow-node.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ workers: 2 });
});
afterAll(() => engine.dispose());

test('a block of real contracts gives the same over a node as from memory', async () => {
  const { file } = await createTraffic({ transactions: 40, seed: 'remote' });
  const { block, chainId, hardfork, state, blockHashes } = checkBlockFile(file);
  const node = new FakeNode({ chainId });
  node.addState(state, '', headOf(block));
  const source = rpcState({ transport: { url: 'http://node.test', fetch: fakeFetch(node) }, chainId });
  const request = { block, chainId, hardfork, blockHashes };
  const expected = await engine.executeBlock({ ...request, state });
  const result = await engine.executeBlock({ ...request, state: source });
  expect(result.receiptsRoot).toBe(expected.receiptsRoot);
  expect(result.stateDiff).toEqual(expected.stateDiff);
  expect(result.gasUsed).toBe(expected.gasUsed);
  const { rounds, keys } = source.statistics();
  expect(rounds).toBeLessThan(30);
  expect(keys).toBeGreaterThan(100);
});

test('a world over a node gives what one over memory gives, and asks for nothing twice', async () => {
  const { file } = await createTraffic({ transactions: 12, seed: 'world' });
  const { block, chainId, hardfork, state, blockHashes } = checkBlockFile(file);
  const node = new FakeNode({ chainId });
  node.addState(state, '', headOf(block));
  const source = rpcState({ transport: { url: 'http://node.test', fetch: fakeFetch(node) }, chainId });
  const expected = await engine.executeBlock({ block, chainId, hardfork, blockHashes, state });
  const world = await engine.openWorld({ state: source });
  const result = await world.executeBlock({ block, hardfork, blockHashes });
  expect(result.receiptsRoot).toBe(expected.receiptsRoot);
  const { requests } = source.statistics();
  for (const [address, account] of expected.stateDiff) {
    if (account?.balance !== undefined) expect(await world.getBalance(address)).toBe(account.balance);
  }
  expect(source.statistics().requests).toBe(requests);
  await world.dispose();
});

test('a block is not executed on the state after another block than its parent', async () => {
  const { file } = await createTraffic({ transactions: 2, seed: 'parent' });
  const { block, chainId, hardfork, state } = checkBlockFile(file);
  const node = new FakeNode({ chainId });
  const { hash } = node.addState(state, '', headOf(block));
  node.addState(state);
  const source = rpcState({ transport: { url: 'http://node.test', fetch: fakeFetch(node) } });
  const run = async (state: typeof source) => engine.executeBlock({ block, chainId, hardfork, state });
  await expect(run(source)).rejects.toMatchObject({ name: 'InputError', field: 'block.parentHash' });
  await expect(run(source)).rejects.toThrow(new RegExp(`parent ${block.parentHash}, .* ${node.head.hash}`));
  expect((await run(source.at(hash))).receipts.length).toBe(2);
});

test('a node that is gone is an error of the run, and the engine works on', async () => {
  const { file } = await createTraffic({ transactions: 3, seed: 'gone' });
  const { block, chainId, hardfork, state } = checkBlockFile(file);
  const gone: typeof fetch = () => Promise.reject(new TypeError('fetch failed'));
  const transport = { url: 'http://node.test', fetch: gone };
  const source = rpcState({ transport, limits: { retries: 0 } });
  await expect(Promise.resolve(engine.executeBlock({ block, chainId, hardfork, state: source }))).rejects.toMatchObject(
    {
      name: 'RpcError',
      endpoint: 'http://node.test' as Hex,
    },
  );
  await expect(Promise.resolve(engine.executeBlock({ block, chainId, hardfork, state }))).resolves.toBeDefined();
});
