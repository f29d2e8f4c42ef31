// Many calls at once on a world: what they see, that they do not see each other, and that none can hurt the others.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type CallOutcome,
  createEngine,
  type Engine,
  type HeaderInput,
  InputError,
  memoryState,
  type World,
} from '../../../src/index.ts';
import { program } from '../../support/evm-program.ts';
import { hexText } from '../../support/evm-state.ts';

const SENDER = '0x00000000000000000000000000000000000000aa' as const;
const COUNTER = '0x00000000000000000000000000000000000000c0';
const LOOPS = '0x00000000000000000000000000000000000000c2';
const FEES = '0x00000000000000000000000000000000000000c3';
const HUGE = '0x00000000000000000000000000000000000000c4';
const SLOTS = '0x00000000000000000000000000000000000000c5';
const word = (value: bigint | number) => `0x${value.toString(16).padStart(64, '0')}` as const;
const code = (source: string) => `0x${hexText(program(source))}` as const;
const alloc = {
  [SENDER]: { balance: 10n ** 18n },
  // storage[0] += 1; return storage[0]
  [COUNTER]: { code: '0x60005460010160005560005460005260206000f3', storage: { '0x0': 5n } },
  [LOOPS]: { code: '0x5b600056' },
  [FEES]: { code: code('BASEFEE 0 MSTORE 32 0 RETURN') },
  // Returns three megabytes.
  [HUGE]: { code: code('3145728 0 RETURN') },
  // Reads slots that nobody has read, from where the first argument says.
  [SLOTS]: { code: code('0 CALLDATALOAD JUMPDEST DUP1 SLOAD POP 1 ADD 3 JUMP') },
} as const;
const block: HeaderInput = {
  ...{ number: '0x64', timestamp: '0x65000000', gasLimit: '0x1c9c380', miner: SENDER, baseFeePerGas: '0x7' },
  ...{ parentHash: word(99), mixHash: word(0x1234), parentBeaconBlockRoot: word(0), excessBlobGas: '0x0' },
};

const counts = (answer: CallOutcome | readonly CallOutcome[]) =>
  (Array.isArray(answer) ? answer : [answer]).map(({ returnData }) => (returnData === '0x' ? '' : BigInt(returnData)));

describe.each(['shared', 'inline'] as const)('many calls on a world of an engine with threading %s', (threading) => {
  let engine: Engine;
  let world: World;
  beforeAll(async () => {
    engine = await createEngine({
      workersPerBlock: 'all',
      workers: 2,
      threading,
      hardfork: 'cancun',
      chainId: 1,
      memory: { maximumMiB: 64 },
    });
    world = await engine.openWorld({ state: memoryState(alloc), block });
  });
  afterAll(() => engine.dispose());

  test('see the state, and nothing of each other; in a bundle each sees those before it', async () => {
    const count = { to: COUNTER };
    const answers = await world.callMany<typeof count | (typeof count)[]>([
      count,
      [count, count, count],
      count,
      [],
      [count, count],
    ]);
    expect(answers.map(counts)).toEqual([[6n], [6n, 7n, 8n], [6n], [], [6n, 7n]]);
    expect(answers[0]).toEqual(await world.call(count));
    expect(await world.getStorage(COUNTER, 0)).toBe(word(5));
    expect(await world.callMany([])).toEqual([]);
    expect(await world.callMany([[], []])).toEqual([[], []]);
  });

  test('see the fees that each of them would see alone', async () => {
    const free = { from: SENDER, to: FEES };
    const paying = { ...free, maxFeePerGas: 8n };
    const answers = await world.callMany<typeof free | (typeof free)[]>([free, paying, [free, paying, free], free]);
    expect(answers.map(counts)).toEqual([[0n], [7n], [0n, 7n, 0n], [0n]]);
    const overridden = await world.callMany([free, paying], { blockOverrides: { baseFeePerGas: 3n } });
    expect(overridden.map(counts)).toEqual([[0n], [3n]]);
  });

  test('share what is overridden, of which nothing stays', async () => {
    const stateOverrides = { [COUNTER]: { stateDiff: { [word(0)]: word(41) } } };
    const answers = await world.callMany([{ to: COUNTER }, { to: COUNTER }], { stateOverrides });
    expect(answers.map(counts)).toEqual([[42n], [42n]]);
    expect(await world.getStorage(COUNTER, 0)).toBe(word(5));
  });

  test('have those among them that the rules do not let run, told from the others', async () => {
    const poor = { from: LOOPS, to: COUNTER, value: 1n };
    const [[first, second, third] = []] = await world.callMany([[{ to: COUNTER }, poor, { to: COUNTER }]]);
    const [alone] = await world.callMany([poor]);
    const error = { kind: 'invalid', message: expect.stringContaining('insufficient funds'), code: -32000, data: '0x' };
    expect(alone).toEqual({ status: 'invalid', gasUsed: 0n, stateGas: 0n, returnData: '0x', logs: [], error });
    expect(second).toEqual(alone);
    expect([first, third].map((answer) => answer && counts(answer))).toEqual([[6n], [7n]]);
  });

  test('come one by one to whoever iterates', async () => {
    const found: unknown[] = [];
    for await (const answer of world.callMany([{ to: COUNTER }, { to: FEES }])) found.push(...counts(answer));
    expect(found).toEqual([6n, 0n]);
  });

  test('may be endless, or fill all of the memory: the others are answered', async () => {
    const hostile = [{ to: LOOPS, gas: 2_000_000n }, ...Array.from({ length: 20 }, () => ({ to: HUGE }))];
    // Each reads 23,000 slots that become locations; there is room for 260,000.
    const slots = Array.from({ length: 14 }, (_, i) => ({ to: SLOTS, input: word(2n ** 64n * BigInt(i)) }));
    const harmless = Array.from({ length: 20 }, () => ({ to: COUNTER }));
    const requests = [...harmless, ...hostile, ...harmless, ...slots, ...harmless];
    const answers = await world.callMany(requests);
    for (const [at, { to }] of requests.entries()) {
      const answer = answers[at]!;
      if (to === COUNTER) expect(counts(answer), String(at)).toEqual([6n]);
      else if (to === HUGE) expect(answer.returnData.length, String(at)).toBe(2 + 2 * 3_145_728);
      else expect(answer.error, String(at)).toMatchObject({ kind: 'halt', halt: 'out of gas' });
    }
    expect(await world.getStorage(COUNTER, 0)).toBe(word(5));
  });

  test('begin again from the first of a bundle where the memory ends in the middle of it', async () => {
    const bundle = [{ to: COUNTER }, { to: HUGE }, { to: COUNTER }, { to: HUGE }, { to: HUGE }, { to: COUNTER }];
    const answers = await world.callMany(Array.from({ length: 12 }, () => bundle));
    for (const outcomes of answers) {
      const [first, , second, , , third] = outcomes.map(({ returnData }) => returnData);
      expect([first, second, third]).toEqual([word(6), word(7), word(8)]);
    }
  });

  test('are refused by what is wrong with one of them, by its place', async () => {
    await expect(world.callMany([{ to: COUNTER }, { to: '0x12' }])).rejects.toThrow('requests[1].to');
    await expect(world.callMany([[{ to: COUNTER }, { gas: -1 }]])).rejects.toThrow('requests[0][1].gas');
    await expect(world.callMany('0x' as never)).rejects.toThrow(InputError);
    await expect(world.callMany([null as never])).rejects.toThrow('requests[0]');
    await expect(world.callMany([], { stateOverride: {} } as never)).rejects.toThrow('stateOverrides');
  });

  test('are stopped by a signal while they run, and the world stays', async () => {
    const controller = new AbortController();
    const stateOverrides = { [COUNTER]: { stateDiff: { [word(0)]: word(41) } } };
    const endless = Array.from({ length: 400 }, () => ({ to: LOOPS, gas: 50_000_000n }));
    const run = world.callMany(endless, { signal: controller.signal, stateOverrides });
    setTimeout(() => controller.abort(new Error('enough')), 30);
    await expect(run).rejects.toThrow('enough');
    expect((await world.callMany([{ to: COUNTER }])).map(counts)).toEqual([[6n]]);
    await using fork = await world.fork();
    await fork.dispose();
    await expect(fork.callMany([{ to: COUNTER }])).rejects.toThrow(InputError);
  });
});

test('a call that does not fit into the memory is refused alone', async () => {
  await using engine = await createEngine({ hardfork: 'cancun', chainId: 1, memory: { maximumMiB: 4 } });
  await using world = await engine.openWorld({ state: memoryState(alloc), block });
  const requests = [{ to: COUNTER }, { to: HUGE }, { to: COUNTER }, { to: HUGE }, { to: COUNTER }];
  const answers = await world.callMany(requests);
  expect(answers.map(({ status }) => status)).toEqual(['success', 'invalid', 'success', 'invalid', 'success']);
  expect(answers[1]?.error?.message).toContain('memory.maximumMiB');
  expect(answers[4]?.returnData).toBe(word(6));
});
