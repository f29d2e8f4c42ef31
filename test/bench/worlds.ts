// Worlds: calls on a state that stays against others who can do them, many calls at once, what beginning a run costs on a
// large state, and a chain of blocks in one world against runs that bring their state along. Sides take turns.

import { createCustomCommon, type Hardfork as LibraryFork, Mainnet } from '@ethereumjs/common';
import { createEVM, type EVM } from '@ethereumjs/evm';
import { Caches, MerkleStateManager } from '@ethereumjs/statemanager';
import { createAddressFromString, hexToBytes } from '@ethereumjs/util';
import type { Hex } from '../../src/base/hex.ts';
import { createEngine } from '../../src/engine/engine.ts';
import { type BlockFile, checkBlockFile } from '../../src/file/block-file.ts';
import { memoryState } from '../../src/state/memory.ts';
import { stateAfter } from '../../src/state/state-after.ts';
import { createTraffic, trafficKinds } from '../../src/traffic/index.ts';
import type { Engine, World } from '../../src/types.ts';
import { uniswapSwap } from '../support/tokens/uniswap-swap.ts';
import { Anvil, originOf } from './anvil.ts';
import { putState } from './library.ts';
import { median, type Spread, spreadOf } from './statistics.ts';
import { fixed, NONE, percent, table, times } from './table.ts';
import { tevmWithState } from './tevm.ts';

interface SwapCall {
  readonly from: Hex;
  readonly to: Hex;
  readonly data: Hex;
  readonly value: bigint;
}

const GAS = 1_000_000n;

/** Swaps in pools: as many pools as there are swaps, or one. */
async function swaps(transactions: number, conflictRate: number) {
  const mix = { ...Object.fromEntries(Object.keys(trafficKinds).map((name) => [name, 0])), poolSwap: 1 };
  const { file: json } = await createTraffic({ transactions, mix, conflictRate });
  const file = checkBlockFile(json);
  return { file, calls: callsOf(file) };
}

function callsOf({ block }: BlockFile): SwapCall[] {
  return block.transactions.map(({ from, to, input, value }) => ({
    from: from!,
    to: to!,
    data: input,
    value: BigInt(value),
  }));
}

function openWorld(engine: Engine, { state, chainId, block }: BlockFile): Promise<World> {
  const { transactions: _, ...header } = block;
  return engine.openWorld({ state, chain: chainId, block: { ...header, baseFeePerGas: '0x0' } });
}

/** Milliseconds per call: the median of all, and the least. */
export interface WarmFigures {
  readonly who: string;
  readonly p50Ms: number;
  readonly leastMs: number;
}

export interface WorldFigures {
  readonly warm: readonly WarmFigures[];
  readonly many: {
    readonly calls: number;
    readonly oneByOne: Spread;
    readonly oneWorker: Spread;
    readonly twoWorkers: Spread;
    /** Of two workers: half of the time that the calls took by themselves, in the time that executing them took. */
    readonly efficiency: number;
  };
  readonly begin: readonly { slots: number; callMs: number; blockMs: number }[];
  readonly chain: { blocks: number; transactions: number; worldMs: number; oneShotMs: number; stateMs: number };
}

export interface WorldsOptions {
  readonly rounds: number;
  readonly native: boolean;
  readonly onProgress: (text: string) => void;
}

export async function measureWorlds(options: WorldsOptions): Promise<WorldFigures> {
  const { onProgress } = options;
  onProgress('worlds: warm calls');
  const warm = await measureWarm(options);
  onProgress('worlds: many calls');
  const many = await measureMany(options.rounds);
  onProgress('worlds: beginning a run');
  const begin = await measureBegin(options.rounds);
  onProgress('worlds: a chain of blocks');
  return { warm, many, begin, chain: await measureChain(500, 20) };
}

type Side = readonly [who: string, call: (swap: SwapCall) => Promise<string>];

/** One swap on Uniswap v3 again and again, each side in its turn. */
async function measureWarm({ rounds, native, onProgress }: WorldsOptions): Promise<WarmFigures[]> {
  await using engine = await createEngine({ workers: 1 });
  const { json, file } = await uniswapSwap(engine);
  const [swap] = callsOf(file) as [SwapCall];
  const world = await openWorld(engine, file);
  const library = await libraryOf(file);
  const tevm = await tevmWithState(file.state);
  if (tevm === undefined) onProgress('no tevm: npm did not install it');
  await using anvil = native ? await Anvil.start(originOf(file, json)) : undefined;
  const sides: Side[] = [
    ['pevm, world.call', async (call) => (await world.call({ ...call, gas: GAS })).returnData],
    ['ethereumjs, runCall', (call) => libraryCall(library, call)],
  ];
  if (tevm !== undefined) sides.push(['tevm, tevmCall', tevm]);
  if (anvil !== undefined) sides.push(['anvil, eth_call', (call) => anvilCall(anvil, call)]);
  const figures: WarmFigures[] = [];
  const found = new Map<string, number[]>(sides.map(([who]) => [who, []]));
  const [, ours] = sides[0]!;
  const expected = await ours(swap);
  for (let round = -rounds; round < rounds * 4; round++) {
    for (const [who, call] of sides) {
      for (let time = 0; time < 5; time++) {
        const start = performance.now();
        const output = await call(swap);
        const ms = performance.now() - start;
        if (output !== expected) throw new Error(`${who}: another output, ${output}`);
        if (round >= 0) found.get(who)!.push(ms);
      }
    }
  }
  for (const [who, values] of found) figures.push({ who, p50Ms: median(values), leastMs: Math.min(...values) });
  return figures;
}

async function libraryOf({ state, hardfork, chainId }: BlockFile): Promise<EVM> {
  const common = createCustomCommon({ chainId }, Mainnet, { hardfork: hardfork as LibraryFork });
  const stateManager = new MerkleStateManager({ common, caches: new Caches() });
  await putState(stateManager, state);
  return createEVM({ common, stateManager });
}

async function libraryCall(evm: EVM, { from, to, data, value }: SwapCall): Promise<string> {
  // As a call leaves nothing behind in a world.
  await evm.stateManager.checkpoint();
  const { execResult } = await evm.runCall({
    ...{ caller: createAddressFromString(from), to: createAddressFromString(to), data: hexToBytes(data), value },
    gasLimit: GAS,
  });
  await evm.stateManager.revert();
  return `0x${Buffer.from(execResult.returnValue).toString('hex')}`;
}

function anvilCall(anvil: Anvil, { from, to, data, value }: SwapCall): Promise<string> {
  return anvil.call<string>('eth_call', { from, to, data, value: `0x${value.toString(16)}`, gas: '0xf4240' }, 'latest');
}

/** A thousand swaps of 200 pools. */
async function measureMany(rounds: number): Promise<WorldFigures['many']> {
  const { file, calls } = await swaps(200, 0);
  const requests = Array.from({ length: 1000 }, (_, at) => ({ ...calls[at % calls.length]!, gas: GAS }));
  await using one = await createEngine({ workers: 1 });
  await using two = await createEngine({ workers: 2 });
  const worlds = [await openWorld(one, file), await openWorld(two, file)] as const;
  const [first, second] = worlds;
  const timed = async (run: () => PromiseLike<readonly { returnData: string }[]>) => {
    const start = performance.now();
    const answers = await run();
    const ms = performance.now() - start;
    if (answers.length !== requests.length || answers.some(({ returnData }) => returnData.length < 66)) {
      throw new Error('a swap has failed');
    }
    return ms;
  };
  const oneByOne = async () => {
    const answers = [];
    for (const request of requests) answers.push(await first.call(request));
    return answers;
  };
  const efficiencies: number[] = [];
  two.on('run', ({ report }) => efficiencies.push(report.bound.efficiency));
  const found: number[][] = [[], [], []];
  for (let round = -2; round < rounds * 2; round++) {
    const ms = [
      await timed(oneByOne),
      await timed(() => first.callMany(requests)),
      await timed(() => second.callMany(requests)),
    ];
    if (round >= 0) for (const [at, value] of ms.entries()) found[at]!.push(value);
  }
  const [oneByOneSpread, oneWorker, twoWorkers] = found.map((values) => spreadOf(values)!);
  return {
    ...{ calls: requests.length, oneByOne: oneByOneSpread!, oneWorker: oneWorker!, twoWorkers: twoWorkers! },
    efficiency: median(efficiencies.slice(2)),
  };
}

const HOLDER: Hex = '0x00000000000000000000000000000000000000c0';
const PAYER: Hex = '0x00000000000000000000000000000000000000aa';

/** A call and a block of one transfer, on a state of a thousand slots and on one of a million. */
async function measureBegin(rounds: number): Promise<WorldFigures['begin']> {
  await using engine = await createEngine({ workers: 1, memory: { maximumMiB: 1024 } });
  const sizes = [1_000, 1_000_000];
  const worlds: World[] = [];
  for (const slots of sizes) {
    const storage = Object.fromEntries(Array.from({ length: slots }, (_, at) => [`0x${at.toString(16)}`, 1n]));
    const state = memoryState({ [PAYER]: { balance: 10n ** 20n }, [HOLDER]: { storage } });
    worlds.push(await engine.openWorld({ state, chain: 1 }));
  }
  const found = sizes.map((slots) => ({ slots, calls: [] as number[], blocks: [] as number[] }));
  for (let round = -rounds; round < rounds * 10; round++) {
    for (const [at, world] of worlds.entries()) {
      const start = performance.now();
      await world.call({ from: PAYER, to: HOLDER, value: 1n });
      const called = performance.now();
      const snapshot = world.snapshot();
      const begun = performance.now();
      await world.executeBlock({ block: transferBlock(), hardfork: 'cancun', senders: 'trust' });
      const ended = performance.now();
      await world.revert(snapshot);
      await world.release(snapshot);
      if (round < 0) continue;
      found[at]!.calls.push(called - start);
      found[at]!.blocks.push(ended - begun);
    }
  }
  return found.map(({ slots, calls, blocks }) => ({ slots, callMs: median(calls), blockMs: median(blocks) }));
}

function transferBlock(): Parameters<World['executeBlock']>[0]['block'] {
  const zero = `0x${'00'.repeat(32)}`;
  return {
    ...{ number: 1, timestamp: 1_700_000_000, gasLimit: 30_000_000, miner: HOLDER, baseFeePerGas: 7 },
    ...{ parentHash: zero, mixHash: zero, withdrawals: [], parentBeaconBlockRoot: zero, excessBlobGas: 0 },
    transactions: [{ from: PAYER, to: HOLDER, nonce: 0, gas: 21_000, value: 1, input: '0x', gasPrice: 7 }],
  } as unknown as Parameters<World['executeBlock']>[0]['block'];
}

/** The traffic of one large block in small ones, each on the state that those before it leave. */
async function measureChain(blocks: number, each: number): Promise<WorldFigures['chain']> {
  const { file: json } = await createTraffic({ transactions: blocks * each, conflictRate: 1 });
  const file = checkBlockFile(json);
  // Blocks that are cut out of one have no hashes.
  const { hash: _, ...block } = file.block;
  const { chainId, hardfork } = file;
  const request = (index: number) => ({
    ...{ hardfork, senders: 'trust' as const },
    block: {
      ...block,
      ...{ number: `0x${(BigInt(block.number) + BigInt(index)).toString(16)}` as Hex, withdrawals: [] },
      transactions: block.transactions.slice(index * each, (index + 1) * each),
    },
  });
  await using engine = await createEngine({ workers: 2, chainId });
  await using world = await engine.openWorld({ state: file.state, chain: chainId });
  let state = file.state;
  let [worldMs, oneShotMs, stateMs] = [0, 0, 0];
  for (let index = 0; index < blocks; index++) {
    const start = performance.now();
    const inWorld = await world.executeBlock(request(index));
    const between = performance.now();
    const alone = await engine.executeBlock({ ...request(index), chainId, state });
    const end = performance.now();
    if (inWorld.receiptsRoot !== alone.receiptsRoot) throw new Error(`block ${index}: another result`);
    const made = performance.now();
    state = stateAfter(state, alone.stateDiff, { emptyIsAbsent: true });
    stateMs += performance.now() - made;
    worldMs += between - start;
    oneShotMs += end - between;
  }
  return { blocks, transactions: each, worldMs, oneShotMs, stateMs };
}

export function worldsTable({ warm, many, begin, chain }: WorldFigures): string {
  const [ours] = warm;
  const [small, large] = begin;
  const warmRows = warm.map(({ who, p50Ms, leastMs }) => [
    ...[who, fixed(p50Ms, 3), fixed(leastMs, 3)],
    who === ours?.who ? NONE : times(p50Ms / ours!.p50Ms),
  ]);
  const { oneByOne, oneWorker, twoWorkers } = many;
  const manyRows = Object.entries({ 'one by one': oneByOne, '1 worker': oneWorker, '2 workers': twoWorkers }).map(
    ([name, { median: ms, min }]) => [
      ...[name, fixed(ms, 1), fixed(min, 1), fixed((min / many.calls) * 1000, 0)],
      ...[times(oneByOne.median / ms), times(oneByOne.min / min)],
    ],
  );
  const beginRows = begin.map(({ slots, callMs, blockMs }) => [String(slots), fixed(callMs, 4), fixed(blockMs, 3)]);
  beginRows.push(['ratio', times(large!.callMs / small!.callMs), times(large!.blockMs / small!.blockMs)]);
  const { blocks, transactions, worldMs, oneShotMs, stateMs } = chain;
  const chainRows = [
    ['in one world', fixed(worldMs, 0), fixed(worldMs / blocks, 2), times(oneShotMs / worldMs)],
    ['one-shot runs', fixed(oneShotMs, 0), fixed(oneShotMs / blocks, 2), times(1)],
    ['making the states for them', fixed(stateMs, 0), fixed(stateMs / blocks, 2), NONE],
  ];
  return [
    table(['a warm Uniswap v3 swap', 'p50 ms', 'least ms', 'ours is faster'], warmRows),
    table([`${many.calls} swaps of 200 pools`, 'ms', 'least', 'µs each', 'speed', 'of the least'], manyRows),
    `Two workers against one: ${times(oneWorker.median / twoWorkers.median)}, of the least ${times(oneWorker.min / twoWorkers.min)}; the two were busy with calls ${percent(many.efficiency)} of the time that executing took.`,
    table(['slots', 'a call, ms', 'a block of one transfer, ms'], beginRows),
    table([`${blocks} blocks of ${transactions} transactions`, 'ms', 'ms each', 'speed'], chainRows),
  ].join('\n\n');
}
