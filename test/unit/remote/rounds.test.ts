// How many trips a cold run takes over a node that offers nothing but reads of single values.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
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
  // A source without foresight takes 4, 5, 12, 10, 5.
  test.for([
    ['ether', 1],
    ['token', 2],
    ['swapV2', 5],
    ['swapV3', 5],
    ['mint', 3],
  ] as const)('takes few trips: %s, %i', async ([kind, most]) => {
    const file = await oneOf(kind);
    const expected = await run(file, file.state);
    const { source } = await slowSource(file.state);
    const result = await run(file, source);
    expect(result.receiptsRoot).toBe(expected.receiptsRoot);
    expect(result.stateDiff).toEqual(expected.stateDiff);
    // The machine may be slow: what is found late goes with a trip of its own.
    expect(trips(source)).toBeLessThanOrEqual(most + 1);
  });

  test('counts what was fetched in vain', async () => {
    const file = await oneOf('token');
    const { source } = await slowSource(file.state);
    await run(file, source);
    const { keys, wasted } = source.statistics();
    expect(wasted).toBeGreaterThan(0);
    expect(keys - wasted).toBeGreaterThan(15);
  });
});

test('a block of 150 transactions takes few trips', async () => {
  const { file: json } = await createTraffic({ transactions: 150 });
  const file = checkBlockFile(json);
  const { source } = await slowSource(file.state);
  const [expected, result] = [await run(file, file.state), await run(file, source)];
  expect(result.receiptsRoot).toBe(expected.receiptsRoot);
  expect(trips(source)).toBeLessThanOrEqual(11);
});
