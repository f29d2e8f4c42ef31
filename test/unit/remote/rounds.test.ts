// How many trips a cold run takes over a node that offers nothing but reads of single values.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Hex } from '../../../src/base/hex.ts';
import { createEngine } from '../../../src/engine/engine.ts';
import { type BlockFile, checkBlockFile } from '../../../src/file/block-file.ts';
import type { RpcState } from '../../../src/state/remote/rpc-state.ts';
import type { StateSource } from '../../../src/state/state-source.ts';
import { createTraffic, type TrafficKind, trafficKinds } from '../../../src/traffic/index.ts';
import type { Engine } from '../../../src/types.ts';
import { slowSource } from '../../support/slow-node.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ workers: 2 });
});
afterAll(() => engine.dispose());

async function oneOf(kind: TrafficKind, seed = '1'): Promise<BlockFile> {
  const none = Object.fromEntries(Object.keys(trafficKinds).map((name) => [name, 0]));
  const { file } = await createTraffic({ transactions: 1, seed, mix: { ...none, [kind]: 1 } });
  return checkBlockFile(file);
}

async function run(file: BlockFile, source: StateSource) {
  const { block, chainId, hardfork, blockHashes } = file;
  return engine.executeBlock({ block, chainId, hardfork, blockHashes, state: source });
}

/** Trips since the source was pinned. */
const trips = (source: RpcState) => source.statistics().rounds - 1;

describe('a cold block of one transaction', () => {
  test.for([
    ['ether', 1],
    ['token', 2],
    ['swapV2', 4],
    ['swapV3', 5],
    ['mint', 3],
  ] as const)('takes few trips: %s, %i', async ([kind, most]) => {
    const file = await oneOf(kind);
    const expected = await run(file, file.state);
    const { source } = await slowSource(file.state, { before: file.block });
    const result = await run(file, source);
    expect(result.receiptsRoot).toBe(expected.receiptsRoot);
    expect(result.stateDiff).toEqual(expected.stateDiff);
    // The machine may be slow: what is found late goes with a trip of its own.
    expect(trips(source)).toBeLessThanOrEqual(most + 1);
  });

  test('counts what was fetched in vain', async () => {
    const file = await oneOf('token');
    const { source } = await slowSource(file.state, { before: file.block });
    await run(file, source);
    const { keys, wasted } = source.statistics();
    expect(wasted).toBeGreaterThan(0);
    expect(keys - wasted).toBeGreaterThan(15);
  });
});

test.for(['swapV2', 'swapV3'] as const)(
  'a second cold call of the same contracts takes two trips: %s',
  async (kind) => {
    const file = await oneOf(kind);
    const expected = await run(file, file.state);
    const { source } = await slowSource(file.state, { before: file.block });
    await run(file, source);
    const before = source.statistics();
    const again = source.at(file.block.parentHash);
    // Another amount: other call data.
    const result = await run(file, again);
    expect(result.receiptsRoot).toBe(expected.receiptsRoot);
    // The first of them pins the block.
    expect(again.statistics().rounds - before.rounds).toBeLessThanOrEqual(3);
  },
);

test('a block of 150 transactions takes few trips', async () => {
  const { file: json } = await createTraffic({ transactions: 150 });
  const file = checkBlockFile(json);
  const { source } = await slowSource(file.state, { before: file.block, latencyMs: 120 });
  const [expected, result] = [await run(file, file.state), await run(file, source)];
  expect(result.receiptsRoot).toBe(expected.receiptsRoot);
  // 6, and the one that pins the block.
  expect(source.statistics().rounds).toBeLessThanOrEqual(8);
});

describe('a block with its access list', () => {
  async function listed() {
    const { file: json } = await createTraffic({ transactions: 150 });
    const file = checkBlockFile(json);
    const { blockAccessList, receiptsRoot } = await engine.executeBlock({ ...file, blockAccessList: true });
    return { file: { ...file, block: { ...file.block, blockAccessList: blockAccessList! } }, receiptsRoot };
  }

  test('is asked for in one trip, code as well', async () => {
    const { file, receiptsRoot } = await listed();
    const { source, node } = await slowSource(file.state, { before: file.block });
    const codes = () => node.asked.get('eth_getCode') ?? 0;
    const before = codes();
    const result = await run(file, source);
    expect(result.receiptsRoot).toBe(receiptsRoot);
    expect(trips(source)).toBe(1);
    expect(codes() - before).toBeGreaterThan(10);
    expect(result.report).toMatchObject({ reexecutions: 0, planning: { wrong: 0, waits: 0 } });
  });

  test('of a world over the node, too', async () => {
    const { file, receiptsRoot } = await listed();
    const { source } = await slowSource(file.state, { before: file.block });
    await using world = await engine.openWorld({ state: source });
    const { block, chainId, hardfork, blockHashes } = file;
    const before = source.statistics().rounds;
    const result = await world.executeBlock({ block, chainId, hardfork, blockHashes });
    expect(result.receiptsRoot).toBe(receiptsRoot);
    expect(source.statistics().rounds - before).toBe(1);
  });

  test('that leaves out what is needed is executed all the same', async () => {
    const { file, receiptsRoot } = await listed();
    const block = { ...file.block, blockAccessList: file.block.blockAccessList.filter((_, at) => at % 3 > 0) };
    const { source } = await slowSource(file.state, { before: file.block, latencyMs: 5 });
    expect((await run({ ...file, block }, source)).receiptsRoot).toBe(receiptsRoot);
  });
});

describe('a node that says what a call reads', () => {
  /** What the block really reads. */
  async function readsOf(file: BlockFile): Promise<Map<Hex, Hex[]>> {
    const reads = new Map<Hex, Hex[]>();
    const { source } = await slowSource(file.state, { before: file.block, prefetch: 'none' });
    await run(file, {
      blockHash: (number) => source.blockHash(number),
      load: (keys, options) => {
        for (const key of keys) {
          const slots = reads.get(key.address) ?? [];
          reads.set(key.address, key.kind === 'storage' ? [...slots, key.slot] : slots);
        }
        return source.load(keys, options);
      },
    });
    return reads;
  }

  test.for([
    ['debug_traceCall', 'eth_createAccessList', 2],
    ['eth_createAccessList', 'debug_traceCall', 2],
  ] as const)(
    'by %s makes a cold swap two trips, and guesses needless from the second time on',
    async ([, other, most]) => {
      const file = await oneOf('swapV3');
      const expected = await run(file, file.state);
      const { source, node } = await slowSource(file.state, {
        before: file.block,
        node: { reads: await readsOf(file), without: [other] },
      });
      const result = await run(file, source);
      expect(result.receiptsRoot).toBe(expected.receiptsRoot);
      expect(trips(source)).toBeLessThanOrEqual(most);
      const before = source.statistics();
      const again = source.at(file.block.parentHash);
      await run(file, again);
      const after = again.statistics();
      // The other block is pinned by a trip of its own.
      expect(after.rounds - before.rounds).toBe(most + 1);
      expect(after.wasted - before.wasted).toBe(0);
      expect(node.asked.get(other)).toBe(1);
    },
  );

  test('makes a mined block three trips by one trace', async () => {
    const { file: json } = await createTraffic({ transactions: 60 });
    const file = checkBlockFile(json);
    const reads = await readsOf(file);
    const { source, node } = await slowSource(file.state, { before: file.block, node: { reads } });
    const block = { ...file.block, hash: `0x${'ab'.repeat(32)}` as const };
    const { receiptsRoot } = await run({ ...file, block }, source);
    expect(receiptsRoot).toBe((await run(file, file.state)).receiptsRoot);
    expect(node.asked.get('debug_traceBlockByHash')).toBe(1);
    expect(trips(source)).toBeLessThanOrEqual(3);
  });

  test('may be wrong, late, or mad, and the results are the same', async () => {
    const file = await oneOf('token');
    const expected = await run(file, file.state);
    const strange = new Map<Hex, Hex[]>([
      [`0x${'99'.repeat(20)}`, [`0x${'00'.repeat(32)}`]],
      ['0x12', ['0x']],
    ]);
    for (const reads of [strange, new Map<Hex, Hex[]>()]) {
      const { source } = await slowSource(file.state, { before: file.block, node: { reads } });
      expect((await run(file, source)).stateDiff).toEqual(expected.stateDiff);
    }
  });
});
