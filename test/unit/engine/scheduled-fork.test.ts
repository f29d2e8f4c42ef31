// Whoever names no fork follows the chain's schedule, whatever is asked; `hardfork: 'auto'` says the same.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  createEngine,
  type Hex,
  memoryState,
  parseBlockFile,
  readGenesis,
  type TracingEngine,
  type TracingWorld,
} from '../../../src/index.ts';

/** TLOAD, of Cancun; before, it ends the call. */
const CODE: Hex = '0x60005c00';
const TARGET: Hex = '0x00000000000000000000000000000000000000c0';
const ALICE: Hex = '0x00000000000000000000000000000000000000aa';
const MINER: Hex = '0x00000000000000000000000000000000000000bb';
const ZERO: Hex = `0x${'00'.repeat(32)}`;
const ALLOC = { [ALICE]: { balance: 10n ** 18n }, [TARGET]: { code: CODE } };

/** All of London at once; Shanghai, and Cancun later. */
const [SHANGHAI, CANCUN] = [1_000, 2_000];
const CONFIG = {
  ...{ chainId: 1337, homesteadBlock: 0, eip150Block: 0, eip155Block: 0, eip158Block: 0, byzantiumBlock: 0 },
  ...{ constantinopleBlock: 0, petersburgBlock: 0, istanbulBlock: 0, berlinBlock: 0, londonBlock: 0 },
  ...{ terminalTotalDifficulty: 0, shanghaiTime: SHANGHAI, cancunTime: CANCUN },
};
/** Mainnet's. */
const MAINNET_CANCUN = 1_710_338_135;

const header = (time: number, number = 1) => ({
  ...{ number, timestamp: time, gasLimit: 30_000_000, miner: MINER, baseFeePerGas: 7, parentHash: ZERO, mixHash: ZERO },
  withdrawals: [],
  ...((time < 10 ** 9 ? time >= CANCUN : time >= MAINNET_CANCUN) && { excessBlobGas: 0, parentBeaconBlockRoot: ZERO }),
});
const transaction = (nonce = 0) =>
  ({ from: ALICE, to: TARGET, nonce, gas: 50_000, value: 0, input: '0x', gasPrice: 7 }) as const;
const block = (time: number, number = 1) => ({ ...header(time, number), transactions: [transaction(number - 1)] });
const request = { from: ALICE, to: TARGET, gas: 50_000n } as const;

let byDefault: TracingEngine;
let byWord: TracingEngine;
beforeAll(async () => {
  byDefault = await createEngine({ workers: 1, threading: 'inline', chain: CONFIG });
  byWord = await createEngine({ workers: 1, threading: 'inline', chain: CONFIG, hardfork: 'auto' });
});
afterAll(() => Promise.all([byDefault.dispose(), byWord.dispose()]));

const statusOf = async (result: PromiseLike<{ readonly receipts: readonly { readonly status?: string }[] }>) =>
  (await result).receipts[0]!.status === 'success';
const open = (engine: TracingEngine, time: number) =>
  engine.openWorld({ state: memoryState(ALLOC), block: { ...header(time, 0), transactions: [] } as never });
const isRefused = (answer: PromiseLike<unknown>) =>
  answer.then(
    () => false,
    () => true,
  );

/** Whether TLOAD is there at a time, by who is asked. */
const ASKED: Record<string, (engine: TracingEngine, time: number) => Promise<boolean>> = {
  executeBlock: (engine, time) => statusOf(engine.executeBlock({ block: block(time), state: memoryState(ALLOC) })),
  "executeBlock, 'auto' in the request": (engine, time) =>
    statusOf(engine.executeBlock({ block: block(time), state: memoryState(ALLOC), hardfork: 'auto' })),
  'executeBlock, the chain in the request': (engine, time) =>
    statusOf(engine.executeBlock({ block: block(time), state: memoryState(ALLOC), chain: CONFIG })),
  'executeBlock with the executor of ethereumjs': async (_, time) => {
    await using engine = await createEngine({ workers: 1, chain: CONFIG, executor: 'ethereumjs' });
    return await statusOf(engine.executeBlock({ block: block(time), state: memoryState(ALLOC) }));
  },
  traceBlock: async (engine, time) => {
    const [found] = await engine.traceBlock({ block: block(time), state: memoryState(ALLOC), tracer: 'callTracer' });
    return found!.result!.error === undefined;
  },
  'world.executeBlock': async (engine, time) => {
    await using world = await open(engine, SHANGHAI);
    return await statusOf(world.executeBlock({ block: block(time) }));
  },
  'world.executeBlocks': async (engine, time) => {
    await using world = await open(engine, SHANGHAI);
    for await (const result of world.executeBlocks([{ block: block(time) }])) return statusOf(Promise.resolve(result));
    throw new Error('no block');
  },
  'world.call': (engine, time) =>
    asked(engine, time, async (world) => (await world.call(request)).status === 'success'),
  'world.call, another time': (engine, time) =>
    asked(engine, SHANGHAI, async (world) => {
      const { status } = await world.call(request, { blockOverrides: { time: BigInt(time) } });
      return status === 'success';
    }),
  'world.callMany': (engine, time) =>
    asked(engine, time, async (world) => (await world.callMany([request]))[0]!.status === 'success'),
  'world.estimateGas': (engine, time) =>
    asked(engine, time, async (world) => !(await isRefused(world.estimateGas(request)))),
  'world.createAccessList': (engine, time) =>
    asked(engine, time, async (world) => (await world.createAccessList(request)).error === undefined),
  'world.preview': (engine, time) =>
    asked(engine, time, async (world) => (await world.preview(request)).status === 'success'),
  'world.previewMany': (engine, time) =>
    asked(engine, time, async (world) => (await world.previewMany([request]))[0]!.status === 'success'),
  'world.trace': (engine, time) =>
    asked(engine, time, async (world) => (await world.trace(request, { tracer: 'callTracer' }))!.error === undefined),
  'world.simulate': (engine, time) =>
    asked(engine, SHANGHAI, async (world) => {
      const [first] = await world.simulate({
        blockStateCalls: [{ blockOverrides: { time: BigInt(time) }, calls: [request] }],
      });
      return first!.calls[0]!.status === 'success';
    }),
  'run.whatIf': async (engine, time) => {
    await using world = await open(engine, SHANGHAI);
    const run = await world.executeBlock({ block: block(time) });
    const { transactions } = await run.whatIf([{ at: 1, insert: { from: MINER, to: TARGET, gas: 50_000n } }]);
    return transactions[0]!.status === 'success';
  },
  'the node, calls': (engine, time) =>
    mined(engine, async (ask) => {
      const call = { from: ALICE, to: TARGET, gas: '0xc350' };
      return !(await isRefused(ask('eth_call', call, 'latest', {}, { time: `0x${time.toString(16)}` })));
    }),
  'the node, blocks that it makes': (engine, time) =>
    mined(engine, async (ask) => {
      await ask('anvil_impersonateAccount', ALICE);
      await ask('evm_setNextBlockTimestamp', time);
      const hash = await ask('eth_sendTransaction', { from: ALICE, to: TARGET, gas: '0xc350' });
      return (await ask<{ status: Hex }>('eth_getTransactionReceipt', hash)).status === '0x1';
    }),
};

async function asked(
  engine: TracingEngine,
  time: number,
  ask: (world: TracingWorld) => Promise<boolean>,
): Promise<boolean> {
  await using world = await open(engine, time);
  return await ask(world);
}

type Ask = <T>(method: string, ...params: unknown[]) => Promise<T>;

async function mined(engine: TracingEngine, use: (ask: Ask) => Promise<boolean>): Promise<boolean> {
  const timestamp = `0x${SHANGHAI.toString(16)}`;
  const {
    state,
    config,
    block: first,
  } = await readGenesis({
    config: CONFIG,
    timestamp,
    alloc: { [ALICE]: { balance: '0xde0b6b3a7640000' }, [TARGET]: { code: CODE, balance: '0x0' } },
  });
  await using world = await engine.openWorld({ state, chain: config, block: first });
  const provider = world.provider({ mining: 'instant' });
  return await use(
    async <T>(method: string, ...params: unknown[]) => (await provider.request({ method, params })) as T,
  );
}

describe.each([
  ['no fork is named', () => byDefault],
  ["the engine's is 'auto'", () => byWord],
] as const)('where %s', (_, engine) => {
  test.each(Object.keys(ASKED))('the schedule decides: %s', async (name) => {
    expect(await ASKED[name]!(engine(), CANCUN - 1)).toBe(false);
    expect(await ASKED[name]!(engine(), CANCUN)).toBe(true);
  });
});

test("a request's 'auto' counts more than the engine's fork", async () => {
  await using engine = await createEngine({ workers: 1, threading: 'inline', chain: CONFIG, hardfork: 'shanghai' });
  const late = { block: block(CANCUN), state: memoryState(ALLOC) };
  expect(await statusOf(engine.executeBlock(late))).toBe(false);
  expect(await statusOf(engine.executeBlock({ ...late, hardfork: 'auto' }))).toBe(true);
});

test("an engine's fork is that of the block which a world begins with, too", async () => {
  await using engine = await createEngine({ workers: 1, threading: 'inline', chainId: 31_337, hardfork: 'shanghai' });
  const first = { ...header(SHANGHAI, 0), transactions: [] };
  await using world = await engine.openWorld({ state: memoryState(ALLOC), block: first as never });
  expect((await world.call(request)).status).toBe('halted');
});

test('a block file need not name its fork', () => {
  const file = (time: number, more: object) =>
    parseBlockFile(
      JSON.stringify({ chainId: 1, block: { ...block(time, 19_426_587), transactions: [] }, pre: {}, ...more }),
    );
  for (const more of [{}, { hardfork: 'auto' }, { hardfork: null }]) {
    expect(file(MAINNET_CANCUN - 1, more).hardfork).toBe('shanghai');
    expect(file(MAINNET_CANCUN, more).hardfork).toBe('cancun');
  }
  expect(file(MAINNET_CANCUN, { hardfork: 'prague' }).hardfork).toBe('prague');
});
