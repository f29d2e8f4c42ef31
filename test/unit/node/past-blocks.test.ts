// What the library asks of earlier blocks of a chain: the state and the environment are those after the block that is named.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEngine, devGenesis, type Hex, memoryState, type World } from '../../../src/index.ts';

/** `storage[0] += 1`, logs nothing, returns block number and the new value. */
const COUNTER = '0x60015f54018060205243 5f525f5560405ff3'.replace(' ', '');
const COUNTER_AT = '0x00000000000000000000000000000000000000c0';
const word = (value: number) => value.toString(16).padStart(64, '0');

let engine: Awaited<ReturnType<typeof createEngine>>;
let world: Awaited<ReturnType<typeof engine.openWorld>>;
/** Of each block, by number. */
const hashes: Hex[] = [];
let alice: Hex;

/** Five blocks, each of which raises the counter by one. */
beforeAll(async () => {
  engine = await createEngine({ workers: 1, threading: 'inline' });
  const { state, config, block, accounts } = await devGenesis({
    accounts: 1,
    alloc: { [COUNTER_AT]: { code: COUNTER } },
  });
  alice = accounts[0]!.address;
  world = await engine.openWorld({ state, chain: config, block });
  const provider = world.provider({ accounts: accounts.map(({ privateKey }) => privateKey) });
  for (let i = 0; i < 5; i++) {
    await provider.request({
      method: 'eth_sendTransaction',
      params: [{ from: alice, to: COUNTER_AT, gas: '0x186a0' }],
    });
  }
  for (let i = 0; i < 6; i++) {
    const at = await provider.request({ method: 'eth_getBlockByNumber', params: [`0x${i.toString(16)}`, false] });
    hashes.push((at as { hash: Hex }).hash);
  }
});
afterAll(() => engine.dispose());

const request = { to: COUNTER_AT } as const;

describe('a call after block n', () => {
  test('sees its state and its number, however the block is named', async () => {
    for (const [name, number] of [
      ...([
        ['latest', 5],
        ['safe', 5],
        ['finalized', 5],
        ['earliest', 0],
        [3, 3],
        [2n, 2],
        ['0x4', 4],
      ] as const),
      ...hashes.map((hash, at) => [hash, at] as const),
    ]) {
      const { returnData } = await world.call(request, { block: name });
      expect(returnData, String(name)).toBe(`0x${word(number)}${word(number + 1)}`);
    }
    expect((await world.call(request)).returnData).toBe(`0x${word(5)}${word(6)}`);
  });

  test('takes overrides, and leaves the chain as it was', async () => {
    const stateOverrides = { [COUNTER_AT]: { stateDiff: { [`0x${word(0)}`]: 40n } } };
    const blockOverrides = { number: 9 };
    const { returnData } = await world.call(request, { block: 1, stateOverrides, blockOverrides });
    expect(returnData).toBe(`0x${word(9)}${word(41)}`);
    expect((await world.call(request, { block: 1 })).returnData).toBe(`0x${word(1)}${word(2)}`);
    expect(BigInt(await world.getStorage(COUNTER_AT, 0))).toBe(5n);
  });

  test('more blocks at once than worlds are kept', async () => {
    const blocks = Array.from({ length: 60 }, (_, i) => i % 6);
    const answers = await Promise.all(blocks.map((block) => world.call(request, { block })));
    expect(answers.map(({ returnData }) => returnData)).toEqual(
      blocks.map((block) => `0x${word(block)}${word(block + 1)}`),
    );
  });

  // The first trace makes its build of the core.
  test('is estimated, listed, traced, previewed and simulated on the same state', { timeout: 120_000 }, async () => {
    // A slot that was zero costs more to set: 20,000 against 2,900 (EIP-2200, EIP-2929).
    const [first, later] = [await world.call(request, { block: 0 }), await world.call(request, { block: 1 })].map(
      ({ gasUsed }) => gasUsed,
    ) as [bigint, bigint];
    expect(first - later).toBe(17_100n);
    const [most, least] = [
      await world.estimateGas(request, { block: 0 }),
      await world.estimateGas(request, { block: 1 }),
    ];
    expect(most).toBeGreaterThanOrEqual(first);
    expect(least).toBeLessThan(first);
    const { accessList, gasUsed } = await world.createAccessList(request, { block: 0 });
    expect(accessList).toEqual([{ address: COUNTER_AT, storageKeys: [`0x${word(0)}`] }]);
    const { gasUsed: laterUsed } = await world.createAccessList(request, { block: 1 });
    expect(gasUsed - laterUsed).toBe(17_100n);
    const frame = await world.trace(request, { block: 2, tracer: 'callTracer' });
    expect(frame?.output).toBe(`0x${word(2)}${word(3)}`);
    const { returnData } = await world.preview({ ...request, from: alice }, { block: 4 });
    expect(returnData).toBe(`0x${word(5)}${word(5)}`.replace(word(5), word(4)));
    const [simulated] = await world.simulate({ blockStateCalls: [{ calls: [request] }] }, { block: 2 });
    expect(simulated!.block).toMatchObject({ number: '0x3', parentHash: hashes[2] });
    expect(simulated!.calls[0]!.returnData).toBe(`0x${word(3)}${word(3)}`);
  });
});

describe('what is refused', () => {
  test('blocks that are not there, and what names none', async () => {
    await expect(world.call(request, { block: 6 })).rejects.toMatchObject({ code: -32000 });
    await expect(world.call(request, { block: 6 })).rejects.toThrow('options.block: there is no block "0x6"');
    await expect(world.call(request, { block: 'newest' as never })).rejects.toThrow('options.block: ');
    await expect(world.call(request, { block: -1 })).rejects.toThrow('options.block: ');
    const hash: Hex = `0x${'ab'.repeat(32)}`;
    await expect(world.simulate({ blockStateCalls: [{}] }, { block: hash })).rejects.toMatchObject({ code: -32000 });
    await expect(world.callMany([request], { block: 1 } as never)).rejects.toThrow('options.block: unknown');
  });

  test('a world whose chain is not recorded has its newest block alone', async () => {
    const other: World = await engine.openWorld({ state: memoryState({}), block: { number: 7 }, chain: 1 });
    expect(await other.estimateGas({ to: alice }, { block: 'latest' })).toBe(21_000n);
    expect(await other.estimateGas({ to: alice }, { block: 7 })).toBe(21_000n);
    await expect(other.call({ to: alice }, { block: 6 })).rejects.toMatchObject({ code: -32000 });
    const unknown = await engine.openWorld({ state: memoryState({}) });
    await expect(unknown.call({ to: alice }, { block: 0 })).rejects.toThrow('options.chain: missing');
  });
});
