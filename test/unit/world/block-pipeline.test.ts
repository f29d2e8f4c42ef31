// Blocks one after the other on a world: the next is prepared while one runs, and what goes wrong leaves the last good one.

import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  createEngine,
  type Engine,
  InvalidBlockError,
  InvalidTransactionError,
  memoryState,
  type StateSource,
  type WorldBlockRequest,
} from '../../../src/index.ts';

const SENDER = '0x00000000000000000000000000000000000000aa';
const COUNTER = '0x00000000000000000000000000000000000000c0';
const MINER = '0x00000000000000000000000000000000000000f0';
const word = (value: number) => `0x${value.toString(16).padStart(64, '0')}` as const;
const alloc = {
  [SENDER]: { balance: 10n ** 20n },
  /** storage[0] += 1 */
  [COUNTER]: { code: '0x600054600101600055', storage: { '0x0': 5n } },
} as const;

/** One call to the counter. */
function request(number: number, more: object = {}, nonce = number - 1): WorldBlockRequest {
  return {
    hardfork: 'shanghai',
    block: {
      ...{ number, timestamp: 1_700_000_000 + number, gasLimit: 30_000_000, miner: MINER, baseFeePerGas: 7 },
      ...{ parentHash: word(number - 1), hash: word(number), mixHash: word(0), withdrawals: [], ...more },
      transactions: [
        {
          ...{ type: 2, from: SENDER, to: COUNTER, nonce, gas: 100_000, value: 0, input: '0x', chainId: 1 },
          ...{ maxFeePerGas: 10, maxPriorityFeePerGas: 1, accessList: [] },
        },
      ],
    },
  } as unknown as WorldBlockRequest;
}

/** As a source far away: nothing is known until it is asked for. */
function distant(asked: string[] = []): StateSource {
  const state = memoryState(alloc);
  return {
    load: (keys, options) => {
      asked.push(...keys.map((key) => `${key.kind} ${key.address}`));
      return state.load(keys, options);
    },
    blockHash: (number) => state.blockHash(number),
    hint: async () => [
      { kind: 'account', address: COUNTER },
      { kind: 'storage', address: COUNTER, slot: word(0) },
    ],
  };
}

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ workersPerBlock: 'all', workers: 2, chainId: 1 });
});
afterAll(() => engine.dispose());

const counted = async (world: { getStorage(address: string, slot: number): Promise<string> }) =>
  Number(await world.getStorage(COUNTER, 0));

test.each(['complete', 'distant'])('blocks of an iterable give what they give one by one: %s', async (kind) => {
  const state = () => (kind === 'complete' ? memoryState(alloc) : distant());
  await using one = await engine.openWorld({ state: state() });
  await using all = await engine.openWorld({ state: state() });
  const requests = [1, 2, 3, 4, 5].map((number) => request(number));
  const gas: bigint[] = [];
  for (const each of requests) gas.push((await one.executeBlock(each)).gasUsed);
  const piped: bigint[] = [];
  for await (const { gasUsed } of all.executeBlocks(requests)) piped.push(gasUsed);
  expect(piped).toEqual(gas);
  expect(await counted(all)).toBe(10);
  expect(all.block).toEqual(one.block);
});

test('while a block runs the next one is taken, and no more than that', async () => {
  await using world = await engine.openWorld({ state: memoryState(alloc) });
  const events: string[] = [];
  async function* blocks() {
    for (let number = 1; number <= 4; number++) {
      events.push(`take ${number}`);
      yield request(number);
    }
  }
  for await (const _ of world.executeBlocks(blocks())) {
    events.push(`done ${world.block?.number}`);
    await delay(5);
  }
  expect(events).toEqual(['take 1', 'take 2', 'done 1', 'take 3', 'done 2', 'take 4', 'done 3', 'done 4']);
});

test('state of the next block is asked for while one runs, once', async () => {
  const asked: string[] = [];
  const source = distant(asked);
  const hinted: bigint[] = [];
  const hint = source.hint!;
  let during = 0;
  source.hint = (block) => {
    hinted.push(BigInt(block.number));
    return hint(block);
  };
  await using world = await engine.openWorld({ state: source });
  for await (const _ of world.executeBlocks([request(1), request(2), request(3)])) {
    during = Math.max(during, Number(hinted.at(-1)) - Number(world.block?.number));
  }
  expect(hinted).toEqual([1n, 2n, 3n]);
  expect(during).toBe(1);
  expect(asked.length).toBe(new Set(asked).size);
});

test('a block that is refused ends it, with the world at the last good one', async () => {
  await using world = await engine.openWorld({ state: memoryState(alloc) });
  const numbers: bigint[] = [];
  const blocks = [request(1), request(2), request(3, {}, 77), request(4)];
  const run = async () => {
    for await (const _ of world.executeBlocks(blocks)) numbers.push(world.block!.number);
  };
  await expect(run()).rejects.toThrow(InvalidTransactionError);
  expect(numbers).toEqual([1n, 2n]);
  expect(world.block?.number).toBe(2n);
  expect(await counted(world)).toBe(7);
  await world.executeBlock(request(3));
  expect(await counted(world)).toBe(8);
});

test('a block that differs from its header ends it before that block, where it is verified', async () => {
  await using world = await engine.openWorld({ state: memoryState(alloc) });
  const blocks = [request(1), { ...request(2, { gasUsed: 1 }), verify: { gasUsed: true } }, request(3)];
  const results: unknown[] = [];
  const run = async () => {
    for await (const result of world.executeBlocks(blocks)) results.push(result);
  };
  const error = await run().catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(InvalidBlockError);
  expect(error).toMatchObject({ mismatches: [{ name: 'gasUsed', expected: '1' }] });
  expect(String(error)).toMatch(/block 2: gasUsed is \d+, not 1/);
  expect(results.length).toBe(1);
  expect(await counted(world)).toBe(6);
  expect(world.block?.number).toBe(1n);
});

test('what cannot be read is told when its turn comes, after the results before it', async () => {
  await using world = await engine.openWorld({ state: memoryState(alloc) });
  const numbers: bigint[] = [];
  const run = async (blocks: unknown) => {
    for await (const _ of world.executeBlocks(blocks as never)) numbers.push(world.block!.number);
  };
  await expect(run([request(1), { block: { number: 2 } }])).rejects.toThrow(/block\./);
  expect(numbers).toEqual([1n]);
  await expect(run(5)).rejects.toThrow(/blocks: expected an iterable/);
  async function* broken() {
    yield request(2);
    throw new Error('the line is dead');
  }
  await expect(run(broken())).rejects.toThrow('the line is dead');
  expect(numbers).toEqual([1n, 2n]);
});

test('break and signals end it, and the source of the blocks is closed', async () => {
  await using world = await engine.openWorld({ state: memoryState(alloc) });
  let closed = 0;
  async function* endless(from: number) {
    try {
      for (let number = from; ; number++) yield request(number);
    } finally {
      closed++;
    }
  }
  for await (const _ of world.executeBlocks(endless(1))) if (world.block?.number === 3n) break;
  expect(world.block?.number).toBe(3n);
  const controller = new AbortController();
  const run = async () => {
    for await (const _ of world.executeBlocks(endless(4), { signal: controller.signal })) {
      if (world.block?.number === 5n) controller.abort(new Error('enough'));
    }
  };
  await expect(run()).rejects.toThrow('enough');
  expect(world.block?.number).toBe(5n);
  const stuck = { [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => {}) }) };
  const waiting = world.executeBlocks(stuck, { signal: AbortSignal.timeout(20) }).next();
  await expect(waiting).rejects.toThrow(/timeout/i);
  await delay(1);
  expect(closed).toBe(2);
  expect(await counted(world)).toBe(10);
});
