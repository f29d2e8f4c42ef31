// Worlds of one engine, and runs beside them: what takes long in one keeps nobody else waiting; what fails in one leaves it, and
// the others, as they were.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  createEngine,
  type Engine,
  ExecutionTimeoutError,
  type Hex,
  InputError,
  MemoryLimitError,
  memoryState,
  type World,
  type WorldBlockRequest,
} from '../../../src/index.ts';
import { program } from '../../support/evm-program.ts';
import { hexText } from '../../support/evm-state.ts';

const SENDER = '0x00000000000000000000000000000000000000aa';
const LOOPS = '0x00000000000000000000000000000000000000c2' as const;
const COUNTER = '0x00000000000000000000000000000000000000c0' as const;
const HUGE = '0x00000000000000000000000000000000000000c4' as const;
const word = (value: bigint | number) => `0x${value.toString(16).padStart(64, '0')}` as const;
const code = (source: string) => `0x${hexText(program(source))}` as const;
const alloc = {
  [SENDER]: { balance: 10n ** 20n },
  // storage[0] += 1; return storage[0]
  [COUNTER]: { code: '0x60005460010160005560005460005260206000f3', storage: { '0x0': 5n } },
  [LOOPS]: { code: '0x5b600056' },
  [HUGE]: { code: code('3145728 0 RETURN') },
} as const;

/** Calls from one sender, in order. */
function blockOf(calls: readonly { to: Hex; gas: number }[], nonce = 0): WorldBlockRequest {
  return {
    ...{ hardfork: 'cancun', senders: 'trust' },
    block: {
      ...{ number: 1, timestamp: 1_700_000_000, gasLimit: 1_000_000_000, miner: HUGE, baseFeePerGas: 7 },
      ...{ parentHash: word(99), mixHash: word(0), withdrawals: [], parentBeaconBlockRoot: word(0), excessBlobGas: 0 },
      transactions: calls.map(({ to, gas }, i) => ({
        ...{ from: SENDER, to, nonce: nonce + i, gas, value: 0, input: '0x', gasPrice: 7 },
      })),
    },
  } as unknown as WorldBlockRequest;
}

/** A block that takes some seconds, unless somebody stops it. */
const long = blockOf(Array.from({ length: 20 }, () => ({ to: LOOPS, gas: 49_000_000 })));

describe.each(['shared', 'inline'] as const)('worlds of an engine with threading %s', (threading) => {
  let engine: Engine;
  const open = () => engine.openWorld({ state: memoryState(alloc) });
  beforeAll(async () => {
    engine = await createEngine({ workers: 1, threading, hardfork: 'cancun', chainId: 1, memory: { maximumMiB: 32 } });
  });
  afterAll(() => engine.dispose());

  test('do not wait for a long block of another one, nor does what needs no world', async () => {
    await using busy = await open();
    await using other = await open();
    const controller = new AbortController();
    let isOver = false;
    const run = busy.executeBlock({ ...long, signal: controller.signal }).then(
      () => {
        isOver = true;
      },
      () => {
        isOver = true;
      },
    );
    const short = blockOf([{ to: COUNTER, gas: 100_000 }]);
    expect((await other.call({ to: COUNTER })).returnData).toBe(word(6));
    expect((await other.callMany([{ to: COUNTER }]))[0]?.returnData).toBe(word(6));
    expect((await other.executeBlock(short)).transactions[0]?.success).toBe(true);
    const alone = await engine.executeBlock({ ...short, state: memoryState(alloc) });
    expect(alone.transactions[0]?.success).toBe(true);
    await using third = await other.fork();
    expect(await third.getStorage(COUNTER, 0)).toBe(word(6));
    expect(isOver).toBe(false);
    controller.abort(new Error('enough'));
    await run;
    expect(await busy.getStorage(COUNTER, 0)).toBe(word(5));
  });

  test('do what is asked of each of them in order, and finish it before they end', async () => {
    const world = await open();
    const block = blockOf([{ to: COUNTER, gas: 100_000 }]);
    const order: string[] = [];
    const asked = [
      world.executeBlock(block).then(() => order.push('block')),
      world.call({ to: COUNTER }).then(({ returnData }) => order.push(`call ${BigInt(returnData)}`)),
      world.setStorage(COUNTER, 0, 40).then(() => order.push('set')),
      world.callMany([{ to: COUNTER }]).then(([one]) => order.push(`calls ${BigInt(one!.returnData)}`)),
      world.dispose().then(() => order.push('end')),
    ];
    await Promise.all(asked);
    expect(order).toEqual(['block', 'call 7', 'set', 'calls 41', 'end']);
    await expect(world.fork()).rejects.toThrow(InputError);
    await expect(world.stateDiffSince(1)).rejects.toThrow(InputError);
    await expect(world.executeBlock(block)).rejects.toThrow(InputError);
    await expect(world.executeBlocks([block]).next()).rejects.toThrow(InputError);
    await expect(world.setNonce(SENDER, 1)).rejects.toThrow(InputError);
    await world.dispose();
  });

  test('stay as they were when a block takes too long', async () => {
    await using world = await open();
    const before = world.snapshot();
    await expect(world.executeBlock({ ...long, executionTimeoutMs: 50 })).rejects.toThrow(ExecutionTimeoutError);
    await unchanged(world, before);
  });
});

test.each(['shared', 'inline'] as const)(
  'a block that does not fit into the memory leaves the world, %s',
  async (threading) => {
    await using engine = await createEngine({ ...{ workers: 1, threading, chainId: 1 }, memory: { maximumMiB: 4 } });
    await using world = await engine.openWorld({ state: memoryState(alloc), chain: 1 });
    const before = world.snapshot();
    // What comes before it fits, and is folded by the time that it fails.
    const calls = [...Array.from({ length: 30 }, () => COUNTER), HUGE].map((to) => ({ to, gas: 25_000_000 }));
    await expect(world.executeBlock(blockOf(calls))).rejects.toThrow(MemoryLimitError);
    await unchanged(world, before);
  },
);

test('a run that brings its state along takes it as it is: only a world asks who the parent is', async () => {
  await using engine = await createEngine({ workers: 1, chainId: 1 });
  const block = blockOf([{ to: COUNTER, gas: 100_000 }]);
  const state = memoryState(alloc);
  expect((await engine.executeBlock({ ...block, state })).transactions[0]?.success).toBe(true);
  await using world = await engine.openWorld({ state, block: { number: 0, hash: word(98) } });
  await expect(world.executeBlock(block)).rejects.toThrow(word(98));
});

/** The world is as at the snapshot, and takes the next block. */
async function unchanged(world: World, snapshot: number): Promise<void> {
  expect(await world.stateDiffSince(snapshot)).toEqual(new Map());
  expect(await world.getNonce(SENDER)).toBe(0n);
  expect(world.block).toBeUndefined();
  const { transactions } = await world.executeBlock(blockOf([{ to: COUNTER, gas: 100_000 }]));
  expect(transactions[0]?.success).toBe(true);
  expect(await world.getStorage(COUNTER, 0)).toBe(word(6));
}
