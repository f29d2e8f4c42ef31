// What a world keeps where memory is short: what nobody else can give, and of the rest the newest.
import { expect, test, vi } from 'vitest';
import { createEngine, MemoryLimitError, memoryState, type StateSource, type World } from '../../../src/index.ts';
import { program } from '../../support/evm-program.ts';
import { hexText } from '../../support/evm-state.ts';

// Thousands of reads one by one, on a machine that may have other things to do.
vi.setConfig({ testTimeout: 120_000 });

const SENDER = '0x00000000000000000000000000000000000000aa';
const STORE = '0x00000000000000000000000000000000000000c0';
const MINER = '0x00000000000000000000000000000000000000f0';
const word = (value: bigint | number) => `0x${value.toString(16).padStart(64, '0')}` as const;
const hardfork = 'cancun';
/** Of 4 MiB a third is for locations: there is room for some 9,700. */
const options = { workers: 1, chainId: 1, hardfork, memory: { maximumMiB: 4 } } as const;
const ROOM = 9_700;
/** More than three quarters of that. */
const MANY = 8_000;

/** Code that writes the second argument to the slot that the first one names. */
const WRITE = `0x${hexText(program('32 CALLDATALOAD 0 CALLDATALOAD SSTORE'))}` as const;

/** A source whose every slot holds its number, and who counts what it is asked for. */
function counting(asked: Map<string, number>): StateSource {
  const accounts = memoryState({ [SENDER]: { balance: 10n ** 20n }, [STORE]: { code: WRITE } });
  return {
    async load(keys, given) {
      const values = await accounts.load(keys, given);
      return values.map((value, i) => {
        const key = keys[i]!;
        if (key.kind !== 'storage') return value;
        asked.set(key.slot, (asked.get(key.slot) ?? 0) + 1);
        return { kind: 'storage', value: key.slot };
      });
    },
    blockHash: (number) => accounts.blockHash(number),
  };
}

function blockWriting(slots: readonly number[], value: number) {
  return {
    ...{ number: 1, timestamp: 1_700_000_000, gasLimit: 30_000_000, miner: MINER, baseFeePerGas: 7 },
    ...{ parentHash: word(0), mixHash: word(0), withdrawals: [], parentBeaconBlockRoot: word(0), excessBlobGas: 0 },
    transactions: slots.map((slot, nonce) => ({
      ...{ type: 2, from: SENDER, to: STORE, nonce, gas: 100_000, value: 0, accessList: [], chainId: 1 },
      ...{ input: `${word(slot)}${word(value).slice(2)}`, maxFeePerGas: 10, maxPriorityFeePerGas: 1 },
    })),
  } as unknown as Parameters<World['executeBlock']>[0]['block'];
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

test('what a source can give again is dropped, oldest first, and asked for again; what has changed is not', async () => {
  const asked = new Map<string, number>();
  await using engine = await createEngine(options);
  await using world = await engine.openWorld({ state: counting(asked) });
  // The oldest of all: some that a block changes, some that are set, one that is only read.
  await world.executeBlock({ block: blockWriting(range(1, 21), 700), hardfork });
  for (const slot of range(21, 41)) await world.setStorage(STORE, slot, 800);
  expect(await world.getStorage(STORE, 50)).toBe(word(50));
  const before = world.snapshot();
  await Promise.all(range(100, 100 + MANY).map((slot) => world.getStorage(STORE, slot)));
  const changed = await Promise.all(range(1, 41).map((slot) => world.getStorage(STORE, slot)));
  expect(changed).toEqual(range(1, 41).map((slot) => word(slot < 21 ? 700 : 800)));
  for (const slot of range(1, 41)) expect(asked.get(word(slot)) ?? 0, String(slot)).toBeLessThanOrEqual(1);
  expect(await world.getStorage(STORE, 50)).toBe(word(50));
  expect(asked.get(word(50))).toBe(2);
  expect(await world.getNonce(SENDER)).toBe(20n);
  // The newest are still there.
  const last = word(99 + MANY);
  await world.getStorage(STORE, 99 + MANY);
  expect(asked.get(last)).toBe(1);
  expect(await world.stateDiffSince(before)).toEqual(new Map());
});

test('what was dropped is missed by calls and blocks, which come to the same', async () => {
  const asked = new Map<string, number>();
  await using engine = await createEngine(options);
  await using world = await engine.openWorld({ state: counting(asked) });
  const reading = { to: STORE, input: word(50) };
  const stateOverrides = { [STORE]: { code: `0x${hexText(program('0 CALLDATALOAD SLOAD 0 MSTORE 32 0 RETURN'))}` } };
  for (let time = 0; time < 2; time++) {
    expect((await world.call(reading, { stateOverrides })).returnData).toBe(word(50));
    expect((await world.callMany([reading, reading], { stateOverrides }))[1]?.returnData).toBe(word(50));
    const from = 100 + time * MANY;
    await Promise.all(range(from, from + MANY).map((slot) => world.getStorage(STORE, slot)));
  }
  expect(asked.get(word(50))).toBe(2);
});

test('of a complete state zeros are dropped and nothing else; what does not fit is refused, and nothing lost', async () => {
  await using engine = await createEngine(options);
  await using world = await engine.openWorld({ state: memoryState({ [STORE]: { storage: { '0x1': 1n } } }) });
  const start = world.snapshot();
  // Calls look at more zeros than there is room for.
  const looking = `0x${hexText(program('0 CALLDATALOAD JUMPDEST DUP1 SLOAD POP 1 ADD 3 JUMP'))}` as const;
  for (let time = 1; time <= 12; time++) {
    const request = { to: STORE, input: word(time * 100_000), gas: 2_200_000n };
    const { error } = await world.call(request, { stateOverrides: { [STORE]: { code: looking } } });
    expect(error?.halt).toBe('out of gas');
  }
  const set = await Promise.allSettled(range(1, ROOM + 100).map((slot) => world.setStorage(STORE, slot, slot)));
  const kept = set.findIndex(({ status }) => status === 'rejected');
  expect(kept).toBeGreaterThan(ROOM / 2);
  expect(set[kept]).toMatchObject({ reason: expect.any(MemoryLimitError) });
  const values = await Promise.all(range(1, kept + 1).map((slot) => world.getStorage(STORE, slot)));
  expect(values).toEqual(range(1, kept + 1).map(word));
  expect(await world.getStorage(STORE, kept + 1)).toBe(word(0));
  await world.revert(start);
  expect(await world.stateDiffSince(start)).toEqual(new Map());
  expect(await world.getStorage(STORE, 1)).toBe(word(1));
  expect(await world.getStorage(STORE, 2)).toBe(word(0));
});

test.each(['complete', 'distant'])('more code runs than the code store has room for: %s', async (kind) => {
  // An eighth of 32 MiB, at most, is for code; these are 190 times 24 kB.
  const count = 190;
  const addressOf = (index: number) => `0x${(0x10000 + index).toString(16).padStart(40, '0')}` as const;
  const codeOf = (index: number) =>
    `0x${hexText(program(`${index + 1} 0 MSTORE 32 0 RETURN`))}${'00'.repeat(24_000)}` as const;
  const state = memoryState(
    Object.fromEntries(range(0, count).map((index) => [addressOf(index), { code: codeOf(index) }])),
  );
  let codes = 0;
  const distant: StateSource = {
    load(keys, given) {
      codes += keys.filter((key) => key.kind === 'code').length;
      return state.load(keys, given);
    },
    blockHash: (number) => state.blockHash(number),
  };
  await using engine = await createEngine({ ...options, memory: { maximumMiB: 32 } });
  await using world = await engine.openWorld({ state: kind === 'complete' ? state : distant });
  const requests = range(0, count).map((index) => ({ to: addressOf(index) }));
  for (let time = 0; time < 2; time++) {
    for (const [index, request] of requests.entries()) {
      expect((await world.call(request)).returnData).toBe(word(index + 1));
    }
    const answers = await world.callMany(requests);
    expect(answers.map(({ returnData }) => returnData)).toEqual(range(1, count + 1).map(word));
  }
  // What the store had no room for was asked for again.
  if (kind === 'distant') expect(codes).toBeGreaterThan(count);
});
