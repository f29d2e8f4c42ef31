// Whole blocks: plain sequential ethereumjs, one worker and two workers, in turns, so that noise hits all of them.

import { createEngine } from '../../src/engine/engine.ts';
import { runSequential } from '../../src/executor/ethereumjs/sequential.ts';
import { type BlockFile, checkBlockFile, readBlockFile } from '../../src/file/block-file.ts';
import { createTraffic } from '../../src/traffic/index.ts';
import type { BlockResult, Engine } from '../../src/types.ts';
import type { Subject } from './mainnet.ts';
import { geometricMean, median } from './statistics.ts';
import { percent, table } from './table.ts';

/** Real blocks of every era, among them those known as hard: long chains of dependent transactions, heavy precompiles. */
export const CHOSEN: readonly number[] = [
  5891667, 11814555, 12244000, 12459406, 13287210, 14029313, 15199017, 15538827, 16146267, 17034869, 18085863, 18988207,
  19426587, 19917570, 19933597, 24628608,
];

/** Medians over the rounds that count; milliseconds of execution, without loading and decoding. */
export interface BlockFigures {
  name: string;
  transactions: number;
  gasUsed: bigint;
  sequentialMs: number;
  oneWorkerMs: number;
  twoWorkersMs: number;
  /** Loading the state before the block into the core. */
  loadMs: number;
  /** Handing the block to the workers. */
  setupMs: number;
  decodeMs: number;
  /** Two workers: max(T1/2, T∞) over the execution time. */
  efficiency: number;
  /** T1 / max(T1/2, T∞): the best that two workers could do. */
  speedupBound: number;
  reexecutions: number;
}

/** What the block itself says must come out, or what sequential execution found. */
function check(name: string, result: BlockResult, receiptsRoot: string | undefined): void {
  const [mismatch] = result.mismatches;
  if (mismatch !== undefined)
    throw new Error(`${name}: ${mismatch.name} is ${mismatch.actual}, not ${mismatch.expected}`);
  if (result.receiptsRoot !== receiptsRoot) throw new Error(`${name}: receiptsRoot differs from the sequential run`);
}

export interface BlocksOptions {
  executor: 'wasm' | 'ethereumjs';
  warmUp: number;
  rounds: number;
  onRound?: (text: string) => void;
}

/** Runs each subject `warmUp + rounds` times in each of the three ways. */
export async function measureBlocks(
  subjects: readonly Subject[],
  { executor, warmUp, rounds, onRound }: BlocksOptions,
): Promise<BlockFigures[]> {
  await using one = await createEngine({ executor, workers: 1 });
  await using two = await createEngine({ executor, workers: 2 });
  const samples = subjects.map(() => ({
    sequential: [] as number[],
    one: [] as number[],
    two: [] as number[],
    results: [] as BlockResult[],
  }));
  const gas: bigint[] = [];
  for (let round = 0; round < warmUp + rounds; round++) {
    onRound?.(round < warmUp ? `warm-up ${round + 1} of ${warmUp}` : `round ${round - warmUp + 1} of ${rounds}`);
    for (const [at, { name, file }] of subjects.entries()) {
      const sequential = await runSequential(file);
      const alone = await run(one, file);
      const pair = await run(two, file);
      check(name, alone, sequential.receiptsRoot);
      check(name, pair, sequential.receiptsRoot);
      gas[at] = sequential.gasUsed;
      if (round < warmUp) continue;
      const sample = samples[at] as (typeof samples)[number];
      sample.sequential.push(sequential.executionMs);
      sample.one.push(alone.report.executionMs);
      sample.two.push(pair.report.executionMs);
      sample.results.push(pair);
    }
  }
  return subjects.map(({ name, file }, at) => {
    const { sequential, one, two, results } = samples[at] as (typeof samples)[number];
    const of = (figure: (result: BlockResult) => number) => median(results.map(figure));
    return {
      name,
      transactions: file.block.transactions.length,
      gasUsed: gas[at] ?? 0n,
      sequentialMs: median(sequential),
      oneWorkerMs: median(one),
      twoWorkersMs: median(two),
      loadMs: of(({ report }) => report.loadMs),
      setupMs: of(({ report }) => report.setupMs),
      decodeMs: of(({ report }) => report.decodeMs),
      efficiency: of(({ report }) => report.bound.efficiency),
      speedupBound: of(({ report }) => report.bound.speedupBound),
      reexecutions: of(({ report }) => report.reexecutions),
    };
  });
}

function run(engine: Engine, file: BlockFile): PromiseLike<BlockResult> {
  const { block, chainId, hardfork, state, blockHashes, expected } = file;
  return engine.executeBlock({
    block,
    chainId,
    hardfork,
    state,
    blockHashes,
    ...(expected && { expected }),
    verify: true,
  });
}

/** A block file of the given number from `folder`. */
export async function realBlock(
  read: (path: string) => Promise<Uint8Array>,
  folder: string,
  number: number,
): Promise<Subject> {
  return { name: String(number), file: await readBlockFile(await read(`${folder}/${number}.json.gz`)) };
}

/** The built-in traffic at a conflict rate of 0 … 1. */
export async function trafficBlock(conflictRate: number, transactions: number): Promise<Subject> {
  const traffic = await createTraffic({ conflictRate, transactions, seed: 1 });
  const file = checkBlockFile(traffic.file, 'traffic');
  const { gasUsed, logsBloom, receiptsRoot } = await runSequential(file);
  // The generator leaves to the caller what only execution tells.
  const header = { ...traffic.file.block, gasUsed: `0x${gasUsed.toString(16)}`, logsBloom, receiptsRoot };
  return {
    name: `traffic, ${Math.round(conflictRate * 100)} % conflicts`,
    file: checkBlockFile({ ...traffic.file, block: header }, 'traffic'),
  };
}

const columns = [
  'block',
  'txs',
  'Mgas',
  'seq ms',
  '1 worker',
  '2 workers',
  '2w/1w',
  '2w/seq',
  '1w/seq',
  'bound',
  'effic.',
  're-ex',
  'load ms',
  'set-up ms',
];

/** The figures as a Markdown table; ratios are speed-ups (higher is faster). */
export function blockTable(figures: readonly BlockFigures[]): string {
  const rows = figures.map((figure) => [
    figure.name,
    String(figure.transactions),
    (Number(figure.gasUsed) / 1e6).toFixed(1),
    figure.sequentialMs.toFixed(1),
    figure.oneWorkerMs.toFixed(1),
    figure.twoWorkersMs.toFixed(1),
    (figure.oneWorkerMs / figure.twoWorkersMs).toFixed(2),
    (figure.sequentialMs / figure.twoWorkersMs).toFixed(2),
    (figure.sequentialMs / figure.oneWorkerMs).toFixed(2),
    figure.speedupBound.toFixed(2),
    percent(figure.efficiency),
    String(Math.round(figure.reexecutions)),
    figure.loadMs.toFixed(1),
    figure.setupMs.toFixed(1),
  ]);
  return table(columns, rows);
}

/** One line that sums several blocks up. */
export function blockSummary(figures: readonly BlockFigures[]): string {
  const of = (ratio: (figure: BlockFigures) => number) => figures.map(ratio);
  const speedups = of((figure) => figure.oneWorkerMs / figure.twoWorkersMs);
  const total = (part: (figure: BlockFigures) => number) => figures.reduce((sum, figure) => sum + part(figure), 0);
  const gas = total((figure) => Number(figure.gasUsed)) / 1e3;
  const bound = total((figure) => figure.efficiency * figure.twoWorkersMs);
  return [
    `2 workers / 1 worker: ${geometricMean(speedups).toFixed(2)}× (worst ${Math.min(...speedups).toFixed(2)}×)`,
    `2 workers / sequential: ${geometricMean(of((figure) => figure.sequentialMs / figure.twoWorkersMs)).toFixed(2)}×`,
    `1 worker / sequential: ${geometricMean(of((figure) => figure.sequentialMs / figure.oneWorkerMs)).toFixed(2)}×`,
    `efficiency: ${Math.round((100 * bound) / total((figure) => figure.twoWorkersMs))} % of the bound over all time`,
    `Mgas/s: sequential ${(gas / total((figure) => figure.sequentialMs)).toFixed(1)}, 2 workers ${(gas / total((figure) => figure.twoWorkersMs)).toFixed(1)}`,
  ].join('; ');
}
