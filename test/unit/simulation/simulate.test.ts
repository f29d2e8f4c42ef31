// Blocks that might follow a world's: what each call sees, what is refused, and that nothing stays.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createEngine, type Engine, type MemoryState, memoryState, type World } from '../../../src/index.ts';

const ALICE = '0x00000000000000000000000000000000000000aa';
const BOB = '0x00000000000000000000000000000000000000bb';
/** storage[0] += 1; return storage[0] */
const COUNTER = '0x00000000000000000000000000000000000000c0';
const COUNTS = '0x60005460010160005560005460005260206000f3';
/** Calls BOB with 1 wei, then reverts. */
const GIVES_AND_REVERTS = '0x00000000000000000000000000000000000000c1';
/** Calls GIVES_AND_REVERTS with 3 wei, then logs nothing. */
const OUTER = '0x00000000000000000000000000000000000000c2';
const ZERO = `0x${'00'.repeat(32)}` as const;
const callWith = (value: string, to: string) => `5f5f5f5f60${value}60${to}5af1`;

let engine: Engine;
let world: World;
let state: MemoryState;
beforeAll(async () => {
  engine = await createEngine({ workers: 1, threading: 'inline' });
  state = memoryState({
    [ALICE]: { balance: 10n ** 18n },
    [COUNTER]: { code: COUNTS },
    [GIVES_AND_REVERTS]: { code: `0x${callWith('01', 'bb')}5f5ffd` },
    [OUTER]: { code: `0x${callWith('03', 'c1')}5f5fa0` },
  });
  world = await engine.openWorld({ state, chain: 1 });
});
afterAll(() => engine.dispose());

test('later calls see what earlier ones have changed, and the world does not', async () => {
  const calls = [{ to: COUNTER }, { to: COUNTER }];
  const blocks = await world.simulate({ blockStateCalls: [{ calls }, { calls }] });
  expect(blocks.map((block) => block.calls.map(({ returnData }) => BigInt(returnData)))).toEqual([
    [1n, 2n],
    [3n, 4n],
  ]);
  expect(blocks[1]!.block.parentHash).toBe(blocks[0]!.block.hash);
  expect(BigInt(await world.getStorage(COUNTER, 0))).toBe(0n);
  const again = await world.simulate({ blockStateCalls: [{ calls }, { calls }] });
  expect(again.map(({ block }) => block.stateRoot)).toEqual(blocks.map(({ block }) => block.stateRoot));
});

test('over a state of which not all is known calls give the same, and roots are zero', async () => {
  const asked = await engine.openWorld({
    state: { load: (keys) => state.load(keys), blockHash: async () => ZERO },
    chain: 1,
  });
  const calls = [{ to: COUNTER }, { from: ALICE, to: BOB, value: 7n }, { to: COUNTER }];
  const [block] = await asked.simulate({ blockStateCalls: [{ calls }] });
  expect(block!.calls.map(({ status }) => status)).toEqual(['success', 'success', 'success']);
  expect(BigInt(block!.calls[2]!.returnData)).toBe(2n);
  expect(block!.block.stateRoot).toBe(ZERO);
  expect(await asked.getBalance(BOB)).toBe(0n);
  await asked.dispose();
});

test('transfers of frames that reverted are not among the logs, and leave their numbers to others, as in geth 1.17', async () => {
  const calls = [{ from: ALICE, to: OUTER, value: 5n }];
  const [block] = await world.simulate({ blockStateCalls: [{ calls }], traceTransfers: true });
  const { logs, status } = block!.calls[0]!;
  expect(status).toBe('success');
  expect(logs.map(({ address, logIndex }) => [address, logIndex])).toEqual([
    [`0x${'ee'.repeat(20)}`, 0],
    [OUTER, 1],
  ]);
});

test('what frees storage has used more before its refund', async () => {
  const stateOverrides = { [COUNTER]: { code: '0x5f5f55', stateDiff: { [`0x${'00'.repeat(32)}`]: 1n } } };
  const [block] = await world.simulate({ blockStateCalls: [{ stateOverrides, calls: [{ to: COUNTER }] }] });
  const { gasUsed, maxUsedGas } = block!.calls[0]!;
  expect(maxUsedGas - gasUsed).toBe(4800n);
});

test.each([
  ['a nonce that was used', { nonce: 5n, maxFeePerGas: 10n ** 9n }, -38011],
  ['a fee below the base fee', {}, -38012],
  ['more gas than the block has', { gas: 10n ** 9n, maxFeePerGas: 10n ** 9n }, -38015],
  ['less gas than it costs', { gas: 20_000n, maxFeePerGas: 10n ** 9n }, -38013],
  ['more than the sender has', { value: 10n ** 19n, maxFeePerGas: 10n ** 9n }, -38014],
])('with validation %s is refused', async (_, request, code) => {
  const calls = [{ from: ALICE, to: BOB, ...request }];
  const blockStateCalls = [{ blockOverrides: { baseFeePerGas: 7n }, calls }];
  await expect(world.simulate({ blockStateCalls, validation: true })).rejects.toMatchObject({ code });
});

test('blocks out of order, too many of them, and what cannot be read are refused by name', async () => {
  const number = BigInt((await world.simulate({ blockStateCalls: [{}] }))[0]!.block.number);
  const refused = (...blockStateCalls: object[]) => expect(world.simulate({ blockStateCalls })).rejects;
  await refused({ blockOverrides: { number: number - 1n } }).toMatchObject({ code: -38020 });
  await refused({ blockOverrides: { time: 1n } }).toMatchObject({ code: -38021 });
  await refused({ blockOverrides: { number: number + 256n } }).toMatchObject({ code: -38026 });
  await refused().toMatchObject({ code: -32602, field: 'request.blockStateCalls' });
  await refused({ calls: [{ to: '0x1' }] }).toMatchObject({ field: 'request.blockStateCalls[0].calls[0].to' });
  await refused({ call: [] }).toMatchObject({ field: 'request.blockStateCalls[0].call' });
});

// What geth does beyond the official cases (internal/ethapi/simulate.go and errors.go, 1.17).
test('as many calls as geth takes, and no more', async () => {
  const calls = (count: number) => ({ calls: Array.from({ length: count }, () => ({ to: BOB, gas: 0 })) });
  const refused = { code: -38026 };
  await expect(world.simulate({ blockStateCalls: [calls(5001)] })).rejects.toMatchObject(refused);
  const all = [calls(4000), calls(4000), calls(2001)];
  await expect(world.simulate({ blockStateCalls: all })).rejects.toMatchObject(refused);
  // They are read, and the first of them has too little gas.
  const few = [calls(5000), calls(5000)];
  await expect(world.simulate({ blockStateCalls: few })).rejects.toMatchObject({ code: -38013 });
});

test('a call that halts for want of gas is told that all calls together had no more', async () => {
  const stateOverrides = { [BOB]: { code: '0x5b5f56' } };
  const messageOf = async (gas: number | undefined) => {
    const [block] = await world.simulate({ blockStateCalls: [{ stateOverrides, calls: [{ to: BOB, gas }] }] });
    return block!.calls[0]!.error?.message;
  };
  const capped = " (gas limit was capped by the RPC server's global gas cap)";
  expect(await messageOf(undefined)).toBe(`out of gas${capped}`);
  expect(await messageOf(50_000_001)).toBe(`out of gas${capped}`);
  expect(await messageOf(50_000_000)).toBe('out of gas');
});

test('what has no code of its own is an internal error', async () => {
  const request = { from: ALICE, to: BOB, maxFeePerGas: 10n ** 12n, maxFeePerBlobGas: 0n } as const;
  const calls = [{ ...request, gas: 21_000, blobVersionedHashes: [`0x01${'00'.repeat(31)}`] }];
  const simulated = world.simulate({ blockStateCalls: [{ calls }], validation: true });
  await expect(simulated).rejects.toMatchObject({ code: -32603, message: expect.stringContaining('blob') });
});
