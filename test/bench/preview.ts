// Warm previews over the built-in traffic: from the request to what moves, against the bare call of the same request; and many at
// once, with one worker and with two, against one by one.

import { readBlock } from '../../src/block/block-input.ts';
import { createEngine } from '../../src/engine/engine.ts';
import { memoryState } from '../../src/state/memory.ts';
import { createTraffic } from '../../src/traffic/index.ts';
import { uniswapSwap } from '../support/tokens/uniswap-swap.ts';
import { type Spread, spreadOf } from './statistics.ts';
import { fixed, table, times } from './table.ts';

const KINDS = ['ether', 'token', 'pairSwap', 'poolSwap'] as const;
const HARDFORK = 'prague';

/** Milliseconds; both sides in turns on one world. */
export interface PreviewFigures {
  kind: string;
  callMs: number;
  previewMs: number;
  /** The slowest of a hundred. */
  previewP99Ms: number;
  verifiedMs: number;
}

export async function measurePreviews({
  rounds,
  warmUp,
}: {
  rounds: number;
  warmUp: number;
}): Promise<PreviewFigures[]> {
  const { file, plan } = await createTraffic({ transactions: 60, hardfork: HARDFORK, seed: 3 });
  const { transactions, ...header } = readBlock(file.block, HARDFORK);
  await using engine = await createEngine({ workers: 1, chainId: file.chainId, hardfork: HARDFORK });
  await using world = await engine.openWorld({ state: memoryState(file.pre), block: header });
  const { file: swap } = await uniswapSwap(engine);
  const { transactions: swaps, ...head } = swap.block;
  const { chainId: chain, state } = swap;
  await using other = await engine.openWorld({ state, chain, block: { ...head, baseFeePerGas: '0x0' } });
  const subjects = [
    ...KINDS.map((kind) => ({ kind, world, of: transactions[plan.findIndex((entry) => entry.kind === kind)]! })),
    { kind: 'Uniswap v3 swap', world: other, of: swaps[0]! },
  ];
  const figures: PreviewFigures[] = [];
  for (const { kind, world, of } of subjects) {
    const { from, to, input, value } = of;
    const request = { from: from!, to: to!, data: input, value };
    const sides = [
      () => world.call(request),
      () => world.preview(request),
      () => world.preview(request, { verifyBalances: true }),
    ];
    const taken = sides.map((): number[] => []);
    for (let round = 0; round < warmUp + rounds; round++) {
      for (const [at, side] of sides.entries()) {
        const start = performance.now();
        await side();
        if (round >= warmUp) taken[at]!.push(performance.now() - start);
      }
    }
    const [calls, previews, verified] = taken.map((values) => values.sort((left, right) => left - right));
    const half = Math.floor(rounds / 2);
    figures.push({
      ...{ kind, callMs: calls![half]!, previewMs: previews![half]!, verifiedMs: verified![half]! },
      previewP99Ms: previews![Math.floor(rounds * 0.99)]!,
    });
  }
  return figures;
}

/** Milliseconds for all of them, by round; sides in turns. */
export interface ManyPreviewFigures {
  previews: number;
  oneByOne: Spread;
  oneWorker: Spread;
  twoWorkers: Spread;
}

export async function measureManyPreviews({ rounds }: { rounds: number }): Promise<ManyPreviewFigures> {
  const { file, plan } = await createTraffic({ transactions: 2_000, hardfork: HARDFORK, seed: 3 });
  const { transactions, ...header } = readBlock(file.block, HARDFORK);
  const requests = transactions
    .filter((_, at) => KINDS.includes(plan[at]!.kind as (typeof KINDS)[number]))
    .slice(0, 1000)
    .map(({ from, to, input, value }) => ({ from: from!, to: to!, data: input, value }));
  const options = { chainId: file.chainId, hardfork: HARDFORK } as const;
  await using one = await createEngine({ workers: 1, ...options });
  await using two = await createEngine({ workers: 2, ...options });
  const open = { state: memoryState(file.pre), block: header };
  const worlds = [await one.openWorld(open), await two.openWorld(open)] as const;
  const sides = [
    async () => {
      for (const request of requests) await worlds[0].preview(request);
    },
    () => worlds[0].previewMany(requests),
    () => worlds[1].previewMany(requests),
  ];
  const taken = sides.map((): number[] => []);
  for (let round = -1; round < rounds; round++) {
    for (const [at, side] of sides.entries()) {
      const start = performance.now();
      await side();
      if (round >= 0) taken[at]!.push(performance.now() - start);
    }
  }
  const [oneByOne, oneWorker, twoWorkers] = taken.map(spreadOf);
  return { previews: requests.length, oneByOne: oneByOne!, oneWorker: oneWorker!, twoWorkers: twoWorkers! };
}

export function manyPreviewTable({ previews, oneByOne, oneWorker, twoWorkers }: ManyPreviewFigures): string {
  const sides = [
    ['preview, one by one', oneByOne],
    ['previewMany, 1 worker', oneWorker],
    ['previewMany, 2 workers', twoWorkers],
  ] as const;
  const rows = sides.map(([who, { median, min }]) => [
    ...[who, fixed(median, 1), fixed(min, 1), fixed((min / previews) * 1000, 0)],
    ...[times(oneWorker.median / median), times(oneWorker.min / min)],
  ]);
  const heads = [`${previews} previews`, 'ms, median', 'least', 'us each', 'against 1 worker', 'by the least'];
  return table(heads, rows);
}

export function previewTable(figures: readonly PreviewFigures[]): string {
  const rows = figures.map(({ kind, callMs, previewMs, previewP99Ms, verifiedMs }) => [
    ...[kind, fixed(callMs, 3), fixed(previewMs, 3), fixed(previewP99Ms, 3), fixed(verifiedMs, 3)],
    times(previewMs / callMs),
  ]);
  return table(['kind', 'call ms', 'preview p50', 'p99', 'with balances', 'preview / call'], rows);
}
