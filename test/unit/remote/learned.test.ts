// What a source learns outlives it: as JSON for another one, and in a cache; and it may be anything, for it decides nothing.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Hex } from '../../../src/base/hex.ts';
import { createEngine } from '../../../src/engine/engine.ts';
import { type BlockFile, checkBlockFile } from '../../../src/file/block-file.ts';
import { memoryCache, type StateCache } from '../../../src/state/cache/state-cache.ts';
import type { RpcLearned } from '../../../src/state/remote/lesson-format.ts';
import type { RpcStateOptions } from '../../../src/state/remote/rpc-state.ts';
import { createTraffic } from '../../../src/traffic/index.ts';
import type { Engine } from '../../../src/types.ts';
import { setup, TOKEN, word } from '../../support/remote-source.ts';
import { slowSource } from '../../support/slow-node.ts';

let engine: Engine;
let file: BlockFile;
let root: Hex | undefined;
/** Of a first cold run. */
let learned: RpcLearned;
const cache = memoryCache();

async function run(options: Partial<RpcStateOptions>) {
  const { source } = await slowSource(file.state, { latencyMs: 100, before: file.block, ...options });
  const { block, chainId, hardfork, blockHashes } = file;
  const { receiptsRoot } = await engine.executeBlock({ block, chainId, hardfork, blockHashes, state: source });
  expect(receiptsRoot).toBe(root);
  const { rounds, cacheFaults, wasted } = source.statistics();
  return { trips: rounds - 1, cacheFaults, wasted, learned: source.learned() };
}

/** Another cache with what was learned, and no values. */
async function lessonsOf(from: StateCache, change: (text: string) => string = (text) => text): Promise<StateCache> {
  const to = memoryCache();
  const text = await from.read('learned-1337');
  expect(text).toBeDefined();
  await to.append('learned-1337', change(text ?? ''));
  return to;
}

beforeAll(async () => {
  engine = await createEngine({ workers: 2 });
  file = checkBlockFile((await createTraffic({ transactions: 60, seed: 'learned' })).file);
  const { block, chainId, hardfork, blockHashes, state } = file;
  root = (await engine.executeBlock({ block, chainId, hardfork, blockHashes, state })).receiptsRoot;
  const first = await run({ cache });
  expect(first.trips).toBeGreaterThan(3);
  learned = first.learned;
});
afterAll(() => engine.dispose());

describe('a second cold run of the contracts of a large block takes at most three trips', () => {
  test('with what another source has learned', async () => {
    const again = await run({ learned: JSON.parse(JSON.stringify(learned)) as RpcLearned });
    expect(again.trips).toBeLessThanOrEqual(3);
    expect(again.learned.contracts.length).toBeGreaterThanOrEqual(learned.contracts.length);
  });

  test('with what a cache has kept', async () => {
    const { trips, cacheFaults } = await run({ cache: await lessonsOf(cache) });
    expect(trips).toBeLessThanOrEqual(3);
    expect(cacheFaults).toBe(0);
  });
});

test('lines of a cache that are damaged, cut off, or of another chain are counted, and the others count', async () => {
  const cut = await run({ cache: await lessonsOf(cache, (text) => `${text.trimEnd().slice(0, -9)}\n`) });
  expect(cut.cacheFaults).toBe(1);
  const foreign = memoryCache();
  // What stands under the name of another chain, copied.
  const written = memoryCache();
  const { source } = setup({ cache: written, chainId: 1337 });
  await source.load([{ kind: 'storage', address: TOKEN, slot: word(1) }]);
  await new Promise((resolve) => setTimeout(resolve, 5));
  const text = (await written.read('learned-1337')) ?? '';
  await foreign.append('learned-7', text);
  const other = setup({
    cache: foreign,
    node: (await import('../../support/remote-source.ts')).exampleNode({ chainId: 7 }),
  });
  await other.source.load([{ kind: 'account', address: TOKEN }]);
  expect(other.source.statistics().cacheFaults).toBe(text.split('\n').filter((line) => line !== '').length);
});

test('garbage that is well formed costs bytes, and changes no result', async () => {
  const strange = (n: number): Hex => `0x${n.toString(16).padStart(40, 'f')}`;
  const codes = learned.codes.map(({ address }) => ({ address, codeHash: word(7) }));
  const contracts = learned.contracts.map(({ address }, n) => ({ address, slots: [word(n)], holds: [strange(n)] }));
  await run({ learned: { ...learned, codes, contracts } });
});

test.for<[string, (good: RpcLearned) => unknown]>([
  ['options.learned.version', (good) => ({ ...good, version: 2 })],
  ['options.learned.version', () => 'all there is to know'],
  ['options.learned.version', () => null],
  ['options.learned.chainId', (good) => ({ ...good, chainId: 1 })],
  ['options.learned.chainId', (good) => ({ ...good, chainId: '1'.repeat(99) })],
  ['options.learned.codes', ({ codes: _, ...rest }) => rest],
  ['options.learned.codes[0].codeHash', (good) => ({ ...good, codes: [{ address: TOKEN, codeHash: '0x12' }] })],
  ['options.learned.codes', (good) => ({ ...good, codes: Array(16_385).fill(good.codes[0]) })],
  [
    'options.learned.contracts[0].slots',
    (good) => ({ ...good, contracts: [{ address: TOKEN, slots: {}, holds: [] }] }),
  ],
  [
    'options.learned.contracts[0].slots',
    (good) => ({ ...good, contracts: [{ address: TOKEN, slots: Array(97).fill(word(1)), holds: [] }] }),
  ],
  [
    'options.learned.calls[0].selector',
    (good) => ({ ...good, calls: [{ codeHash: word(1), selector: '0x', keys: [] }] }),
  ],
  [
    'options.learned.calls[0].keys[0]',
    (good) => ({ ...good, calls: [{ codeHash: word(1), selector: '0x11223344', keys: ['0x00'] }] }),
  ],
])('what is not what was written is refused by name: %s', ([field, change]) => {
  expect(() => setup({ learned: change(learned) as RpcLearned })).toThrowError(expect.objectContaining({ field }));
});

test('what was learned on another chain is refused when the chain is known', async () => {
  const { source } = setup({ learned: { ...learned, chainId: '5' } });
  await expect(source.load([{ kind: 'account', address: TOKEN }])).rejects.toMatchObject({
    name: 'InputError',
    field: 'options.learned.chainId',
  });
  expect(() => setup().source.learned()).toThrow('nothing was learned yet');
});
