// Nonsense wherever the public object takes something: an error of the library's own, and an engine that works on.
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  createEngine,
  devGenesis,
  layerState,
  memoryState,
  overlayState,
  PevmError,
  readBlockFile,
  readConfiguration,
  readGenesisFile,
  type TracingEngine,
  type TracingWorld,
} from '../../../src/index.ts';

const NONSENSE: readonly unknown[] = [
  ...[null, 0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, 10n, -1n, 2n ** 300n, true, Symbol('s')],
  ...['', 'x', '0x', '0xzz', `0x${'ab'.repeat(20)}`, `0x${'ab'.repeat(33)}`, '__proto__', 'constructor'],
  ...[{}, [], [null], [[]], { length: 2 }, Object.create(null), { toString: () => '0x1' }, Promise.resolve(1)],
  ...[new Map(), new Map([[1, 2]]), new Set([1]), new Date(Number.NaN), new Uint8Array(3), new ArrayBuffer(8), () => 1],
];
const ADDRESS = `0x${'5e'.repeat(20)}` as const;
const call = { from: ADDRESS, to: `0x${'ad'.repeat(20)}` as const };
const block = {
  ...{ number: 1, parentHash: `0x${'00'.repeat(32)}`, miner: ADDRESS, mixHash: `0x${'00'.repeat(32)}`, gasLimit: 1e7 },
  ...{
    timestamp: 1,
    baseFeePerGas: 7,
    withdrawals: [],
    transactions: [{ ...call, nonce: 0, value: 0, gas: 21_000, gasPrice: 7, input: '0x' }],
  },
};

let engine: TracingEngine;
let world: TracingWorld;
let request: Record<string, unknown>;
beforeAll(async () => {
  engine = await createEngine({ workers: 1 });
  const state = memoryState({ [ADDRESS]: { balance: 10n ** 20n } });
  request = { block, hardfork: 'shanghai', chainId: 1, state };
  world = await engine.openWorld({ state, chain: { id: 1 } });
});
afterAll(() => engine.dispose());

type Try = (nonsense: never) => unknown;
/** Each asks with nonsense in one place. */
const TRIES: Readonly<Record<string, Try>> = {
  'a request': (given) => engine.executeBlock(given),
  'a request for traces': (given) => engine.traceBlock(given),
  'a tracer': (given) => engine.traceBlock({ ...request, tracer: given } as never),
  'an event': (given) => engine.on(given, () => {}),
  'a list of tasks': (given) => engine.execute(given, { execute: () => ({ status: 'success', gasUsed: 0n }) }),
  'an executor': (given) => engine.execute([{ id: 0 }], given),
  'the options of a list': (given) =>
    engine.execute([{ id: 0 }], { execute: () => ({ status: 'success', gasUsed: 0n }) }, given),
  'a world': (given) => engine.openWorld(given),
  'a call': (given) => world.call(given),
  'the options of a call': (given) => world.call(call, given),
  calls: (given) => world.callMany(given),
  'the options of calls': (given) => world.callMany([call], given),
  previews: (given) => world.previewMany(given),
  'the options of previews': (given) => world.previewMany([call], given),
  blocks: (given) => world.executeBlocks(given),
  'the options of blocks': (given) => world.executeBlocks([], given),
  'simulated blocks': (given) => world.simulate(given),
  'an address': (given) => world.getBalance(given),
  'a chain': (given) => world.importChain(given),
  'a request of JSON-RPC': (given) => world.provider().request(given),
  'a state': (given) => memoryState(given),
  'the options of a state': (given) => memoryState({}, given),
  'a state below': (given) => overlayState(given, {}),
  'a source below': (given) => layerState(given, async () => []),
  'a block file': (given) => readBlockFile(given),
  'a genesis file': (given) => readGenesisFile(given),
  'the options of a development chain': (given) => devGenesis(given),
  'sources of a configuration': (given) => readConfiguration(given),
};

test.each(Object.keys(TRIES))('%s', { timeout: 60_000 }, async (name) => {
  for (const nonsense of NONSENSE) {
    try {
      const made = TRIES[name]!(nonsense as never);
      if (typeof (made as AsyncIterable<unknown>)?.[Symbol.asyncIterator] === 'function') {
        for await (const _ of made as AsyncIterable<unknown>) break;
      }
      await made;
    } catch (error) {
      if (!(error instanceof PevmError)) throw new Error(`${typeof nonsense}: ${error}`, { cause: error });
    }
  }
  expect((await engine.executeBlock(request as never)).gasUsed).toBe(21_000n);
});
