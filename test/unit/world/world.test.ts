// A world through the public engine: blocks advance it, what fails leaves it, snapshots return to it.
import { keccak_256 } from '@noble/hashes/sha3.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bytesFromHex, type Hex, hexFromBytes } from '../../../src/base/hex.ts';
import {
  type BlockRequest,
  createEngine,
  type Engine,
  InputError,
  InvalidTransactionError,
  MemoryLimitError,
  memoryState,
  type StateSource,
} from '../../../src/index.ts';

const SENDER = '0x00000000000000000000000000000000000000aa';
const OTHER = '0x00000000000000000000000000000000000000bb';
const COUNTER = '0x00000000000000000000000000000000000000c0';
const MINER = '0x00000000000000000000000000000000000000f0';
const slot = (value: bigint) => `0x${value.toString(16).padStart(64, '0')}` as const;
/** storage[0] += 1 */
const INCREMENT = '0x600054600101600055';
const FACTORY: Hex = '0x00000000000000000000000000000000000000fa';
/** storage[0x33] = 0x35, and code that destroys itself */
const PHOENIX_INIT = '60356033556133ff6000526002601ef3';
/** Makes it by CREATE2. */
const REMAKE: Hex = `0x6f${PHOENIX_INIT}6000526000601060106000f500`;
const PHOENIX = hexFromBytes(
  keccak_256(
    bytesFromHex(
      `0xff${FACTORY.slice(2)}${'00'.repeat(32)}${hexFromBytes(keccak_256(bytesFromHex(`0x${PHOENIX_INIT}`))).slice(2)}`,
    ),
  ).subarray(12),
);
const alloc = {
  [SENDER]: { balance: 10n ** 20n },
  [COUNTER]: { code: INCREMENT, storage: { '0x0': 5n } },
};

/** A block of calls to the counter. */
function blockOf(number: number, nonce: number, calls = 1, to = COUNTER): BlockRequest['block'] {
  return {
    ...{ number, timestamp: 1_700_000_000 + number, gasLimit: 30_000_000, miner: MINER, baseFeePerGas: 7 },
    ...{ parentHash: slot(BigInt(number - 1)), hash: slot(BigInt(number)), mixHash: slot(0n), withdrawals: [] },
    ...{ parentBeaconBlockRoot: slot(0n), excessBlobGas: 0 },
    transactions: Array.from({ length: calls }, (_, i) => ({
      ...{ type: 2, from: SENDER, to, nonce: nonce + i, gas: 100_000, value: 1, input: '0x' },
      ...{ maxFeePerGas: 10, maxPriorityFeePerGas: 1, accessList: [], chainId: 1 },
    })),
  } as unknown as BlockRequest['block'];
}

const hardfork = 'cancun' as const;

/** As a source far away: nothing is known until it is asked for. */
function distant(asked: string[] = []): StateSource {
  const state = memoryState(alloc);
  return {
    load: (keys, options) => {
      asked.push(...keys.map(({ kind, address }) => `${kind} ${address.slice(-2)}`));
      return state.load(keys, options);
    },
    blockHash: (number) => state.blockHash(number),
  };
}

describe.each(['shared', 'inline'] as const)('a world of an engine with threading %s', (threading) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await createEngine({ workersPerBlock: 'all', workers: 2, threading, chainId: 1 });
  });
  afterAll(() => engine.dispose());

  test.each(['complete', 'distant'])('advances with its blocks, as one-shot runs do: %s', async (kind) => {
    await using world = await engine.openWorld({ state: kind === 'complete' ? memoryState(alloc) : distant() });
    const first = await world.executeBlock({ block: blockOf(1, 0, 3), hardfork });
    const alone = await engine.executeBlock({ block: blockOf(1, 0, 3), hardfork, state: memoryState(alloc) });
    expect(first.receiptsRoot).toBe(alone.receiptsRoot);
    expect(first.stateDiff).toEqual(alone.stateDiff);
    await world.executeBlock({ block: blockOf(2, 3), hardfork });
    expect(await world.getStorage(COUNTER, 0)).toBe(slot(9n));
    expect(await world.getNonce(SENDER)).toBe(4n);
    expect(await world.getBalance(COUNTER)).toBe(4n);
    expect(await world.getCode(COUNTER)).toBe(INCREMENT);
    expect(world.block).toEqual({ number: 2n, hash: slot(2n) });
  });

  test('stays as it was when a block is refused or cancelled', async () => {
    await using world = await engine.openWorld({ state: memoryState(alloc) });
    const before = world.snapshot();
    const refused = world.executeBlock({ block: blockOf(1, 7), hardfork });
    await expect(refused).rejects.toThrow(InvalidTransactionError);
    const controller = new AbortController();
    const cancelled = world.executeBlock({ block: blockOf(1, 0, 200), hardfork, signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(cancelled).rejects.toThrow('enough');
    expect(await world.stateDiffSince(before)).toEqual(new Map());
    expect(await world.getStorage(COUNTER, 0)).toBe(slot(5n));
    const result = await world.executeBlock({ block: blockOf(1, 0), hardfork });
    expect(result.transactions[0]?.success).toBe(true);
  });

  test('comes back to a snapshot, again and again, and says what has changed since', async () => {
    await using world = await engine.openWorld({ state: memoryState(alloc) });
    const start = world.snapshot();
    const { stateDiff } = await world.executeBlock({ block: blockOf(1, 0, 2), hardfork });
    expect(await world.stateDiffSince(start)).toEqual(stateDiff);
    await world.setBalance(OTHER, 77n);
    await world.setStorage(COUNTER, 9, 1);
    await world.setNonce(OTHER, 3);
    await world.setCode(OTHER, '0x00');
    const diff = await world.stateDiffSince(start);
    expect(diff.get(OTHER)).toEqual({ balance: 77n, nonce: 3n, code: '0x00', storage: new Map() });
    expect(diff.get(COUNTER)?.storage).toEqual(
      new Map([
        [slot(0n), slot(7n)],
        [slot(9n), slot(1n)],
      ]),
    );
    for (let time = 0; time < 2; time++) {
      await world.revert(start);
      expect(await world.stateDiffSince(start)).toEqual(new Map());
      expect(await world.getStorage(COUNTER, 0)).toBe(slot(5n));
      expect(await world.getCode(OTHER)).toBe('0x');
      expect(world.block).toBeUndefined();
      await world.executeBlock({ block: blockOf(1, 0), hardfork });
      expect(await world.getStorage(COUNTER, 0)).toBe(slot(6n));
    }
    await world.release(start);
    await expect(world.revert(start)).rejects.toThrow(InputError);
  });

  test('forks into worlds that know nothing of each other', async () => {
    await using world = await engine.openWorld({ state: distant() });
    await world.executeBlock({ block: blockOf(1, 0), hardfork });
    await using fork = await world.fork();
    await fork.executeBlock({ block: blockOf(2, 1, 2), hardfork });
    await world.setStorage(COUNTER, 0, 1000);
    expect(await fork.getStorage(COUNTER, 0)).toBe(slot(8n));
    await world.executeBlock({ block: blockOf(2, 1), hardfork });
    expect(await world.getStorage(COUNTER, 0)).toBe(slot(1001n));
    expect(await fork.getBalance(COUNTER)).toBe(3n);
    expect(fork.block?.number).toBe(2n);
  });

  test('verifies blocks, and knows the root of a complete state', async () => {
    await using world = await engine.openWorld({ state: memoryState(alloc) });
    const one = await world.executeBlock({ block: blockOf(1, 0), hardfork, verify: { stateRoot: true } });
    const alone = await engine.executeBlock({
      ...{ block: blockOf(1, 0), hardfork, verify: { stateRoot: true }, state: memoryState(alloc) },
    });
    expect(one.stateRoot).toBe(alone.stateRoot);
    await using other = await engine.openWorld({ state: distant() });
    await expect(other.executeBlock({ block: blockOf(1, 0), hardfork, verify: { stateRoot: true } })).rejects.toThrow(
      InputError,
    );
    expect(await other.getStorage(COUNTER, 0)).toBe(slot(5n));
  });

  test('a contract that is destroyed and made again as it was has changed nothing', async () => {
    const made = {
      [SENDER]: alloc[SENDER]!,
      [FACTORY]: { code: REMAKE },
      [PHOENIX]: { code: '0x33ff', nonce: 1n, storage: { '0x33': 0x35n } },
    };
    const { transactions } = blockOf(1, 0, 2);
    const block = {
      ...blockOf(1, 0),
      transactions: transactions.map((each, i) => ({ ...(each as object), value: 0, to: [PHOENIX, FACTORY][i]! })),
    };
    const request = {
      block,
      hardfork: 'shanghai' as const,
      verify: { expected: true },
      expected: { transactions: [], post: new Map() },
    };
    await using world = await engine.openWorld({ state: memoryState(made) });
    const staying = await world.executeBlock(request as never);
    const alone = await engine.executeBlock({ ...request, state: memoryState(made) } as never);
    expect(staying.transactions.map(({ success }) => success)).toEqual([true, true]);
    expect(await world.getStorage(PHOENIX, 0x33)).toBe(slot(0x35n));
    // Nothing was expected to change: the sender, the factory's nonce and the beneficiary did.
    expect(staying.mismatches).toEqual(alone.mismatches);
    const names = staying.mismatches.map(({ name }) => name.split('.')[1]!);
    expect(names).toContain(FACTORY);
    expect(names).not.toContain(PHOENIX);
  });

  test('hands out transactions as they are committed', async () => {
    await using world = await engine.openWorld({ state: memoryState(alloc) });
    const indices: number[] = [];
    for await (const { index } of world.executeBlock({ block: blockOf(1, 0, 20), hardfork })) indices.push(index);
    expect(indices).toEqual(Array.from({ length: 20 }, (_, i) => i));
  });

  test('asks a source for everything once', async () => {
    const asked: string[] = [];
    await using world = await engine.openWorld({ state: distant(asked) });
    await world.executeBlock({ block: blockOf(1, 0), hardfork });
    expect(asked).toContain('code c0');
    asked.length = 0;
    await world.executeBlock({ block: blockOf(2, 1), hardfork });
    await world.getBalance(COUNTER);
    expect(asked.filter((key) => !key.startsWith('code'))).toEqual([]);
  });
});

test('a world of bad options, or of a state that does not fit, is refused', async () => {
  await using engine = await createEngine({ workers: 1, memory: { maximumMiB: 4 } });
  await expect(engine.openWorld({ state: 1 as never })).rejects.toThrow(InputError);
  await expect(engine.openWorld({})).rejects.toThrow(/options\.state/);
  await expect(engine.openWorld({ state: memoryState({}), chain: 'x' as never })).rejects.toThrow(/options\.chain/);
  await expect(engine.openWorld({ state: memoryState({}), block: { number: -1 } })).rejects.toThrow(/block\.number/);
  const large = Object.fromEntries(
    Array.from({ length: 20_000 }, (_, i) => [`0x${(i + 1).toString(16).padStart(40, '0')}`, { balance: 1n }]),
  );
  await expect(engine.openWorld({ state: memoryState(large) })).rejects.toThrow(MemoryLimitError);
  await using world = await engine.openWorld({ state: memoryState(alloc) });
  await expect(world.executeBlock({ block: blockOf(1, 0), state: memoryState({}) } as never)).rejects.toThrow(
    /request\.state/,
  );
  await expect(world.getBalance('0x12')).rejects.toThrow(InputError);
  await world.executeBlock({ block: blockOf(1, 0), hardfork });
  await world.dispose();
  await expect(world.getBalance(SENDER)).rejects.toThrow(InputError);
});
