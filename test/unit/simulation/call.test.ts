// Calls on a world: what they see, what they answer, and that nothing stays of them.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  CallRejectedError,
  createEngine,
  type Engine,
  type HeaderInput,
  type Hex,
  InputError,
  memoryState,
  type StateSource,
  type TracingEngine,
  type TracingWorld,
  type World,
} from '../../../src/index.ts';

const SENDER = '0x00000000000000000000000000000000000000aa' as const;
const COUNTER = '0x00000000000000000000000000000000000000c0';
const REVERTS = '0x00000000000000000000000000000000000000c1';
const LOOPS = '0x00000000000000000000000000000000000000c2';
const word = (value: bigint | number) => `0x${value.toString(16).padStart(64, '0')}` as const;
const alloc = {
  [SENDER]: { balance: 10n ** 18n },
  // storage[0] += 1; return storage[0]
  [COUNTER]: { code: '0x60005460010160005560005460005260206000f3', storage: { '0x0': 5n } },
  // Panic(0x11)
  [REVERTS]: { code: '0x634e487b7160e01b600052601160045260246000fd' },
  [LOOPS]: { code: '0x5b600056' },
} as const;
const block: HeaderInput = {
  number: '0x64',
  timestamp: '0x65000000',
  gasLimit: '0x1c9c380',
  miner: SENDER,
  baseFeePerGas: '0x7',
  parentHash: word(99),
  mixHash: word(0x1234),
  parentBeaconBlockRoot: word(0),
  excessBlobGas: '0x0',
};
/** Returns what an opcode pushes. */
const returning = (code: string) => `0x${code}60005260206000f3`;

/** As a source far away: nothing is known until it is asked for. */
function distant(): StateSource {
  const state = memoryState(alloc);
  return { load: (keys, options) => state.load(keys, options), blockHash: (number) => state.blockHash(number) };
}

describe.each([
  ['shared', 'complete'],
  ['shared', 'distant'],
  ['inline', 'complete'],
] as const)('a call on a world of an engine with threading %s and a %s state', (threading, kind) => {
  let engine: Engine;
  let world: World;
  beforeAll(async () => {
    engine = await createEngine({ workers: 1, threading, hardfork: 'cancun', chainId: 1, memory: { maximumMiB: 64 } });
    world = await engine.openWorld({ state: kind === 'complete' ? memoryState(alloc) : distant(), block });
  });
  afterAll(() => engine.dispose());

  test('answers, and leaves the world as it was', async () => {
    for (let again = 0; again < 3; again++) {
      const { status, returnData, gasUsed } = await world.call({ to: COUNTER });
      expect({ status, returnData }).toEqual({ status: 'success', returnData: word(6) });
      expect(gasUsed).toBe(26_130n);
    }
    expect(await world.getStorage(COUNTER, 0)).toBe(word(5));
    expect(await world.getBalance(SENDER)).toBe(10n ** 18n);
  });

  test('sees the block that the state is the one after, and no base fee unless it offers one', async () => {
    const seen = async (code: string, request = {}, blockOverrides = {}) => {
      const stateOverrides = { [COUNTER]: { code: returning(code) } };
      return BigInt((await world.call({ to: COUNTER, ...request }, { stateOverrides, blockOverrides })).returnData);
    };
    expect(await seen('43')).toBe(100n);
    expect(await seen('42')).toBe(0x65000000n);
    expect(await seen('44')).toBe(0x1234n);
    expect(await seen('48')).toBe(0n);
    expect(await seen('48', { from: SENDER, gas: 100_000, maxFeePerGas: 10n })).toBe(7n);
    expect(await seen('43', {}, { number: 7n })).toBe(7n);
    expect(await seen('48', { from: SENDER, gas: 100_000, gasPrice: 10n }, { baseFeePerGas: 9n })).toBe(9n);
    expect(await seen('33')).toBe(0n);
  });

  test('finds hashes of blocks before its own that are there, and none of blocks to come', async () => {
    // BLOCKHASH(NUMBER - how far back)
    const back = (far: number) => ({ [COUNTER]: { code: returning(`60${far.toString(16).padStart(2, '0')}430340`) } });
    const found = async (far: number, number?: Hex) => {
      const options = { stateOverrides: back(far), ...(number && { blockOverrides: { number } }) };
      return (await world.call({ to: COUNTER }, options)).returnData;
    };
    expect(await found(1)).toBe(word(99));
    // As geth: the head's hash is not asked for, but its parent is where it was.
    expect(await found(1, '0x65')).toBe(word(0));
    expect(await found(2, '0x65')).toBe(word(99));
    expect(await found(4, '0x67')).toBe(word(99));
    expect(await found(3, '0x67')).toBe(word(0));
    expect(await found(1, '0xffffff')).toBe(word(0));
    const trace = (far: number) =>
      (world as TracingWorld).trace(
        { to: COUNTER },
        { tracer: 'callTracer', stateOverrides: back(far), blockOverrides: { number: '0x65' } },
      );
    // The head has no hash here that anybody knows.
    expect(await trace(1)).toMatchObject({ output: word(0) });
    expect(await trace(2)).toMatchObject({ output: word(99) });
  });

  test('has its overrides of accounts, and nobody else has', async () => {
    const stateOverrides = { [COUNTER]: { state: { [word(1)]: 7n } } };
    expect((await world.call({ to: COUNTER }, { stateOverrides })).returnData).toBe(word(1));
    const some = { [COUNTER]: { stateDiff: { [word(0)]: 41n } } };
    expect((await world.call({ to: COUNTER }, { stateOverrides: some })).returnData).toBe(word(42));
    expect((await world.call({ to: COUNTER }, {})).returnData).toBe(word(6));
    expect(await world.getStorage(COUNTER, 0)).toBe(word(5));
  });

  test('finds a precompiled contract where it was moved, and code where it was', async () => {
    const IDENTITY = '0x0000000000000000000000000000000000000004';
    const elsewhere = '0x00000000000000000000000000000000000000ee';
    const stateOverrides = { [IDENTITY]: { movePrecompileToAddress: elsewhere, code: returning('602a') } };
    expect((await world.call({ to: elsewhere, data: '0x1234' }, { stateOverrides })).returnData).toBe('0x1234');
    expect((await world.call({ to: IDENTITY, data: '0x1234' }, { stateOverrides })).returnData).toBe(word(42));
    expect((await world.call({ to: IDENTITY, data: '0x1234' })).returnData).toBe('0x1234');
  });

  test('says why it failed', async () => {
    const panic = await world.call({ to: REVERTS });
    expect(panic).toMatchObject({
      status: 'reverted',
      error: { kind: 'panic', name: 'Panic', args: [0x11n], code: 3 },
    });
    expect(panic.error?.message).toBe('execution reverted: arithmetic underflow or overflow');
    const loop = await world.call({ to: LOOPS, gas: 100_000 });
    expect(loop).toMatchObject({ status: 'halted', gasUsed: 100_000n, error: { kind: 'halt', code: -32000 } });
    expect(loop.error?.halt).toBe('out of gas');
  });

  test('needs funds for its value alone, whatever nonce and code its sender has', async () => {
    await expect(world.call({ to: COUNTER, value: 1n })).rejects.toThrow(CallRejectedError);
    await expect(world.call({ from: SENDER, to: COUNTER, value: 10n ** 19n })).rejects.toMatchObject({ code: -32000 });
    const value = 10n ** 18n;
    expect(await world.call({ from: SENDER, to: COUNTER, value, nonce: 77 })).toMatchObject({ status: 'success' });
    expect(await world.call({ from: COUNTER, to: COUNTER })).toMatchObject({ status: 'success' });
    await expect(world.call({ from: SENDER, to: COUNTER, gas: 100_000, maxFeePerGas: 6n })).rejects.toThrow(/base fee/);
  });

  test('of another chain is refused: without its fields it would be another', async () => {
    const celo = { from: SENDER, to: COUNTER, feeCurrency: COUNTER } as const;
    await expect(world.call(celo)).rejects.toThrow(/request\.feeCurrency: a transaction of Celo/);
    await expect(world.estimateGas(celo)).rejects.toThrow(InputError);
  });

  test('creates a contract', async () => {
    const data = '0x602a60005260206000f3';
    const created = await world.call({ from: SENDER, data });
    expect(created).toMatchObject({ status: 'success', returnData: word(42) });
    expect(created.createdAddress).toMatch(/^0x/);
  });
});

describe('what else is asked of a call', () => {
  let engine: TracingEngine;
  let world: TracingWorld;
  beforeAll(async () => {
    engine = await createEngine({ workers: 1, hardfork: 'cancun', chainId: 1, memory: { maximumMiB: 64 } });
    world = await engine.openWorld({ state: distant(), block });
  });
  afterAll(() => engine.dispose());

  test('a limit is enough, and hardly more than enough', async () => {
    // A callee that needs most of its gas at once: of the limit it gets 63/64.
    const stateOverrides = { [LOOPS]: { code: `0x5f5f5f5f5f73${COUNTER.slice(2)}620f4240f1602357fe5b00` } };
    const limit = await world.estimateGas({ to: LOOPS }, { stateOverrides });
    expect((await world.call({ to: LOOPS, gas: limit }, { stateOverrides })).status).toBe('success');
    const less = (limit * 98n) / 100n;
    expect((await world.call({ to: LOOPS, gas: less }, { stateOverrides })).status).not.toBe('success');
    expect(await world.estimateGas({ from: SENDER, to: SENDER, value: 1n })).toBe(21_000n);
  });

  test('what fails with any gas rejects, with the bytes of a revert', async () => {
    const data = `0x4e487b71${word(0x11).slice(2)}`;
    await expect(world.estimateGas({ to: REVERTS })).rejects.toMatchObject({ code: 3, data });
    const endless = world.estimateGas({ to: LOOPS, gas: 100_000 });
    await expect(endless).rejects.toMatchObject({ code: -32000, message: 'gas required exceeds allowance (100000)' });
    const poor = world.estimateGas({ from: COUNTER, to: COUNTER, gasPrice: 10n ** 12n });
    await expect(poor).rejects.toMatchObject({ code: -32000 });
  });

  test('a list has the slots of the recipient, and the accounts beside', async () => {
    const { accessList, gasUsed, error } = await world.createAccessList({ from: SENDER, to: COUNTER });
    expect(accessList).toEqual([{ address: COUNTER, storageKeys: [word(0)] }]);
    expect(error).toBeUndefined();
    expect(gasUsed).toBe(26_130n + 2400n + 1900n - 2000n);
    const failed = await world.createAccessList({ to: REVERTS });
    expect(failed).toMatchObject({ accessList: [], error: { kind: 'panic' } });
  });

  test('a tracer is told, and an unknown one refused', async () => {
    const frame = await world.trace({ to: COUNTER }, { tracer: 'callTracer' });
    expect(frame).toMatchObject({ type: 'CALL', to: COUNTER, output: word(6) });
    const wrong = world.trace({ to: COUNTER }, { tracer: 'callTrace' } as never);
    await expect(wrong).rejects.toMatchObject({ code: -32602, field: 'options.tracer' });
  });
});

test('a request that is none is refused with the name of its field', async () => {
  const engine = await createEngine({ workers: 1 });
  const world = await engine.openWorld({ state: memoryState(alloc) });
  const refused = async (request: object, options: object, field: string) => {
    const error = await world.call(request as never, options as never).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(InputError);
    expect(error).toMatchObject({ code: -32602, field });
  };
  await refused({ to: '0x12' }, {}, 'request.to');
  await refused({ to: COUNTER, data: '0x12', input: '0x34' }, {}, 'request.input');
  await refused({ to: COUNTER, gasPrice: 1, maxFeePerGas: 1 }, {}, 'request.gasPrice');
  await refused({ to: COUNTER, value: -1 }, {}, 'request.value');
  await refused({ blobVersionedHashes: [word(1)] }, {}, 'request.to');
  await refused({ to: COUNTER }, { stateOverride: {} }, 'options.stateOverride');
  await refused({ to: COUNTER }, { blockOverrides: { baseFee: 1 } }, 'options.blockOverrides.baseFee');
  await refused(
    { to: COUNTER },
    { stateOverrides: { [COUNTER]: { balance: -1 } } },
    `options.stateOverrides["${COUNTER}"].balance`,
  );
  await refused({ recipient: COUNTER, input: '0x' }, {}, 'request.recipient');
  await refused({ to: COUNTER, amount: 1 }, {}, 'request.amount');
  await refused({ to: COUNTER, access_list: [] }, {}, 'request.access_list');
  await refused({ to: COUNTER, gas: 50_000, gasLimit: 60_000 }, {}, 'request.gas');
  expect((await world.call({ to: LOOPS, gasLimit: 50_000n } as never)).gasUsed).toBe(50_000n);
  const both = { stateOverrides: { [COUNTER]: { state: {}, stateDiff: {} } } };
  await expect(world.call({ to: COUNTER }, both)).rejects.toMatchObject({ code: -32000 });
  await engine.dispose();
});
