// How many trips a cold run takes over a node that offers nothing but reads of single values.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Hex } from '../../../src/base/hex.ts';
import type { Hardfork } from '../../../src/chain/hardfork.ts';
import { rulesOf } from '../../../src/chain/rules.ts';
import {
  BEACON_ROOTS,
  BLOCK_HASHES,
  BUILDER_DEPOSIT_REQUESTS,
  BUILDER_EXIT_REQUESTS,
  CONSOLIDATION_REQUESTS,
  WITHDRAWAL_REQUESTS,
} from '../../../src/chain/system-contracts.ts';
import { createEngine } from '../../../src/engine/engine.ts';
import { type BlockFile, checkBlockFile } from '../../../src/file/block-file.ts';
import type { TracingEngine } from '../../../src/index.ts';
import { memoryState } from '../../../src/state/memory.ts';
import type { RpcState } from '../../../src/state/remote/rpc-state.ts';
import type { StateSource } from '../../../src/state/state-source.ts';
import { createTraffic, type TrafficKind, trafficKinds } from '../../../src/traffic/index.ts';
import { slowSource } from '../../support/slow-node.ts';
import { uniswapSwap } from '../../support/tokens/uniswap-swap.ts';

let engine: TracingEngine;
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
    ['pairSwap', 4],
    ['poolSwap', 5],
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

test.for(['pairSwap', 'poolSwap'] as const)(
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
  // 5, and the one that pins the block; the machine may be slow.
  expect(source.statistics().rounds).toBeLessThanOrEqual(7);
});

describe('the first round of a cold run asks for what the block names', () => {
  const WORD = (value: bigint) => `0x${value.toString(16).padStart(64, '0')}` as const;
  const PARTIES = ['beneficiary', 'sender', 'recipient'] as const;
  const [MINER, ALICE, BOB] = [0xc0, 0xaa, 0xbb].map((byte): Hex => `0x${byte.toString(16).padStart(40, '0')}`) as [
    Hex,
    Hex,
    Hex,
  ];
  const LISTED: Hex = `0x${'11'.repeat(20)}`;
  const [number, timestamp] = [20, 1_700_000_000];
  const ring = BigInt(timestamp) % 8191n;
  const queues = [WITHDRAWAL_REQUESTS, CONSOLIDATION_REQUESTS];
  const builders = [BUILDER_DEPOSIT_REQUESTS, BUILDER_EXIT_REQUESTS];
  const QUEUE = [0n, 1n, 2n, 3n];
  /** Contracts that the protocol calls, and the slots that their code looks at, by fork. */
  const SYSTEM: readonly (readonly [Hardfork, readonly (readonly [Hex, readonly bigint[]])[]])[] = [
    ['shanghai', []],
    ['cancun', [[BEACON_ROOTS, [ring, ring + 8191n]]]],
    [
      'prague',
      [
        [BEACON_ROOTS, [ring, ring + 8191n]],
        [BLOCK_HASHES, [BigInt(number) - 1n]],
        ...queues.map((address) => [address, QUEUE] as const),
      ],
    ],
    [
      'amsterdam',
      [
        [BEACON_ROOTS, [ring, ring + 8191n]],
        [BLOCK_HASHES, [BigInt(number) - 1n]],
        ...[...queues, ...builders].map((address) => [address, QUEUE] as const),
      ],
    ],
  ];

  test.each(SYSTEM)('%s', async (hardfork, contracts) => {
    // Its code says nothing of what it reads; the protocol's do nothing.
    const code: Hex = '0x600054600155';
    const state = memoryState({
      [ALICE]: { balance: 10n ** 18n },
      [BOB]: { code },
      ...Object.fromEntries(contracts.map(([address]) => [address, { nonce: 1, code: '0x00' }])),
    });
    const rules = rulesOf(hardfork);
    const parentHash: Hex = `0x${'77'.repeat(32)}`;
    const block = {
      ...{ number, timestamp, parentHash, miner: MINER, gasLimit: 30_000_000, baseFeePerGas: 7, withdrawals: [] },
      mixHash: WORD(1n),
      ...(rules.hasBeaconRoot && { parentBeaconBlockRoot: WORD(2n), excessBlobGas: 0, blobGasUsed: 0 }),
      ...(rules.hasSlotNumber && { slotNumber: 5 }),
      transactions: [
        {
          ...{ type: 1, from: ALICE, to: BOB, nonce: 0, gas: 100_000, gasPrice: 7, value: 0, input: '0x' },
          accessList: [{ address: LISTED, storageKeys: [WORD(9n)] }],
        },
      ],
    };
    const before = { number: `0x${number.toString(16)}`, parentHash } as const;
    const { source, rounds } = await slowSource(state, { before, prefetch: 'none' });
    await engine.executeBlock({ block: block as never, chainId: 1337, hardfork, state: source });
    const asked = new Set(rounds[0]!.map(({ method, params }) => [method, ...params.slice(0, -1)].join(' ')));
    const accounts = [MINER, ALICE, BOB, LISTED, ...contracts.map(([address]) => address)];
    for (const [at, address] of accounts.entries()) {
      for (const method of ['eth_getBalance', 'eth_getTransactionCount', 'eth_getCode']) {
        expect(asked, `${PARTIES[at] ?? ''} ${address}`).toContain(`${method} ${address}`);
      }
    }
    const slots = [[LISTED, [9n]] as const, ...contracts];
    for (const [address, own] of slots) {
      for (const slot of own) expect(asked).toContain(`eth_getStorageAt ${address} ${WORD(slot)}`);
    }
    // What its code reads is found by running it.
    expect(asked).not.toContain(`eth_getStorageAt ${BOB} ${WORD(0n)}`);
    expect(rounds.flat().map(({ params }) => params.join(' '))).toContainEqual(
      expect.stringContaining(`${BOB} ${WORD(0n)}`),
    );
    expect(rounds).toHaveLength(2);
  });

  test('of a preview, too: sender, recipient and beneficiary, with their code', async () => {
    const state = memoryState({ [ALICE]: { balance: 10n ** 18n }, [BOB]: { code: '0x60005400' } });
    const before = { number: '0x14', parentHash: `0x${'77'.repeat(32)}` } as const;
    const { source, rounds } = await slowSource(state, { before, prefetch: 'none' });
    await using world = await engine.openWorld({ state: source });
    const known = rounds.length;
    await world.preview({ from: ALICE, to: BOB });
    const asked = new Set(rounds[known]!.map(({ method, params }) => [method, ...params.slice(0, -1)].join(' ')));
    for (const address of [`0x${'c0'.repeat(20)}`, ALICE, BOB]) {
      for (const method of ['eth_getBalance', 'eth_getTransactionCount', 'eth_getCode']) {
        expect(asked).toContain(`${method} ${address}`);
      }
    }
  });
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
      const file = await oneOf('poolSwap');
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

  const NODES = [
    ['nothing but reads', ['debug_traceCall', 'eth_createAccessList'], 6, 3],
    ['access lists', ['debug_traceCall'], 3, 3],
    ['traces', [], 2, 2],
  ] as const;
  const SWAPS = [
    ['in a pool of the traffic', () => oneOf('poolSwap')],
    ['on Uniswap v3', async () => (await uniswapSwap(engine)).file],
  ] as const;

  test.for(SWAPS.flatMap(([where, make]) => NODES.map((node) => [where, ...node, make] as const)))(
    'makes a cold preview of a swap few trips: %s, %s',
    async ([, , without, most, again, make]) => {
      const file = await make();
      const [{ from, to, input, value }] = file.block.transactions as [BlockFile['block']['transactions'][0]];
      const request = { from: from!, to: to!, data: input, value };
      const { header } = await (await slowSource(file.state, { before: file.block })).source.pinned();
      await using home = await engine.openWorld({ state: file.state, chain: 1337, block: header as never });
      const expected = await home.preview(request);
      const read = await home.trace(request, { tracer: 'prestateTracer' });
      const reads = new Map(
        Object.entries(read).map(([name, { storage = {} }]) => [name as Hex, Object.keys(storage) as Hex[]]),
      );
      const { source } = await slowSource(file.state, { before: file.block, node: { reads, without } });
      const previewed = async (state: RpcState) => {
        await using world = await engine.openWorld({ state });
        const { isStillValid: _, report, ...found } = await world.preview(request);
        const { isStillValid, report: warm, ...same } = expected;
        expect(found).toEqual(same);
        expect(warm).toMatchObject({ loadRounds: 0, runs: expect.any(Number) });
        expect(warm.source).toBeUndefined();
        expect(report.source!.requests).toBeGreaterThan(report.source!.keys);
        expect(report.source!.bytes).toBeGreaterThan(10_000);
        expect(report.loadMs).toBeLessThan(report.totalDurationMs);
        return report.source!.rounds;
      };
      expect(expected.status).toBe('success');
      expect(expected.assetChanges.map(({ asset }) => asset.symbol)).not.toContain(undefined);
      expect(await previewed(source)).toBeLessThanOrEqual(most);
      // On another block's state; the one that pins it is not among them.
      const later = source.at(file.block.parentHash);
      await later.pinned();
      expect(await previewed(later)).toBeLessThanOrEqual(again);
    },
  );

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
