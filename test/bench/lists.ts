// What an access list (EIP-7928) brings to real blocks: with and without one, in turns within one run.
import { createEngine } from '../../src/engine/engine.ts';
import type { BlockFile } from '../../src/file/block-file.ts';
import { type BlockAccessList, type BlockResult, fromBlockAccessList, type Report } from '../../src/index.ts';
import type { Subject } from './mainnet.ts';
import { geometricMean, median, type Spread, spreadOf } from './statistics.ts';
import { fixed, percent, table, times } from './table.ts';

/** Milliseconds, but for counts and shares. */
export interface ListFigures {
  name: string;
  transactions: number;
  /** Values of the list that were announced. */
  announced: number;
  wrong: number;
  /** One worker, without a list: from its start to the last commit. */
  oneWorker: Spread;
  /** Two workers, without a list and with it: from the first worker's start to the last commit. */
  without: Spread;
  with: Spread;
  /** From the call of `executeBlock` to its result, receipts undecoded: with the plan. */
  withoutWhole: Spread;
  withWhole: Spread;
  planMs: Spread;
  /** Over all rounds. */
  reexecutions: { without: number; with: number };
  waits: { without: number; with: number };
  /** max(T1 / 2, longest transaction) over the execution time, with the list: median and best round. */
  efficiency: { median: number; best: number };
  /** T1 / 2 over the execution time. */
  shareOfHalf: { median: number; best: number };
  /**
   * How much more two engines of one worker each execute at the same time than one of them alone, each the whole block: what this
   * machine gives to a second thread, whoever runs there. Medians, and best rounds.
   */
  machine: { median: number; best: number };
  /** The speed-up over one worker, with the list, that could be had at best: what the machine gives, or the longest transaction. */
  possible: { median: number; best: number };
}

export interface ListOptions {
  rounds: number;
  warmUp: number;
  onProgress(text: string): void;
}

export async function measureLists(subjects: readonly Subject[], options: ListOptions): Promise<ListFigures[]> {
  await using one = await createEngine({ executor: 'wasm', workers: 1 });
  await using other = await createEngine({ executor: 'wasm', workers: 1 });
  await using two = await createEngine({ executor: 'wasm', workers: 2 });
  const figures: ListFigures[] = [];
  for (const { name, file } of subjects) {
    options.onProgress(`lists: block ${name}`);
    const { blockAccessList } = await two.executeBlock({ ...file, blockAccessList: true });
    const runs: Record<Side, Run[]> = { one: [], beside: [], without: [], with: [] };
    const sides = [
      async () => runs.one.push(await timed(() => one.executeBlock(file))),
      async () => {
        const pair = [one, other].map((engine) => timed(() => engine.executeBlock(file)));
        runs.beside.push(...(await Promise.all(pair)));
      },
      async () => runs.without.push(await timed(() => two.executeBlock(file))),
      async () => runs.with.push(await timed(() => two.executeBlock(listed(file, blockAccessList!)))),
    ];
    for (let round = 0; round < options.warmUp + options.rounds; round++) {
      if (round === options.warmUp) for (const side of Object.values(runs)) side.length = 0;
      for (let at = 0; at < sides.length; at++) await sides[(at + round) % sides.length]!();
    }
    figures.push(figuresOf(name, file, runs));
  }
  return figures;
}

type Side = 'one' | 'beside' | 'without' | 'with';

interface Run {
  readonly wholeMs: number;
  readonly report: Report;
  readonly root: string;
}

async function timed(run: () => PromiseLike<BlockResult>): Promise<Run> {
  const startMs = performance.now();
  const { report, receiptsRoot } = await run();
  return { wholeMs: performance.now() - startMs, report, root: String(receiptsRoot) };
}

/** On forks before Amsterdam a list is what an oracle says. */
function listed(file: BlockFile, list: BlockAccessList) {
  return { ...file, accessOracle: fromBlockAccessList(list) };
}

/** @throws Error where a list has changed a result */
function figuresOf(name: string, { block }: BlockFile, runs: Record<Side, Run[]>): ListFigures {
  const all = Object.values(runs).flat();
  if (new Set(all.map(({ root }) => root)).size !== 1) throw new Error(`block ${name}: the receipts differ`);
  const spread = (side: readonly Run[], figure: (run: Run) => number) => spreadOf(side.map(figure))!;
  const sum = (side: readonly Run[], figure: (report: Report) => number) =>
    side.reduce((total, { report }) => total + figure(report), 0);
  const shares = (figure: (report: Report) => number) => {
    const found = runs.with.map(({ report }) => figure(report));
    return { median: median(found), best: Math.max(...found) };
  };
  const waitsOf = ({ planning, suspensions }: Report) => planning?.waits ?? suspensions;
  const oneWorker = spread(runs.one, ({ report }) => report.executionMs);
  const beside = spread(runs.beside, ({ report }) => report.executionMs);
  const machine = {
    median: (2 * oneWorker.median) / beside.median,
    best: (2 * oneWorker.min) / beside.min,
  };
  const speedupBounds = runs.with.map(({ report }) => report.bound.speedupBound);
  const { announced = 0, wrong = 0 } = runs.with.at(-1)!.report.planning ?? {};
  return {
    name,
    transactions: block.transactions.length,
    announced,
    wrong,
    oneWorker,
    without: spread(runs.without, ({ report }) => report.executionMs),
    with: spread(runs.with, ({ report }) => report.executionMs),
    withoutWhole: spread(runs.without, ({ wholeMs }) => wholeMs),
    withWhole: spread(runs.with, ({ wholeMs }) => wholeMs),
    planMs: spread(runs.with, ({ report }) => report.planning?.planMs ?? 0),
    reexecutions: {
      without: sum(runs.without, ({ reexecutions }) => reexecutions),
      with: sum(runs.with, ({ reexecutions }) => reexecutions),
    },
    waits: { without: sum(runs.without, waitsOf), with: sum(runs.with, waitsOf) },
    efficiency: shares(({ bound }) => bound.efficiency),
    shareOfHalf: shares(({ bound, workers, executionMs }) => bound.t1Ms / workers / executionMs),
    machine,
    possible: {
      median: Math.min(machine.median, median(speedupBounds)),
      best: Math.min(machine.best, Math.max(...speedupBounds)),
    },
  };
}

/** Speed-up over one worker with the list, as a share of what could be had. */
const shareOf = ({ oneWorker, with: listed, possible }: ListFigures) =>
  oneWorker.median / listed.median / possible.median;
const bestShareOf = ({ oneWorker, with: listed, possible }: ListFigures) => oneWorker.min / listed.min / possible.best;

export function listTable(figures: readonly ListFigures[]): string {
  const columns = [
    ...['block', 'txs', 'values', 'one ms', 'two ms', 'with list', 'speed-up', 'with list', 'again', 'with list'],
    ...['waits', 'efficiency', 'best', 'of T1/2', 'machine', 'possible', 'share', 'best share'],
    ...['plan ms', 'whole ms', 'with list'],
  ];
  const rows = figures.map((one) => [
    ...[one.name, String(one.transactions), String(one.announced)],
    ...[fixed(one.oneWorker.median, 2), fixed(one.without.median, 2), fixed(one.with.median, 2)],
    ...[times(one.oneWorker.median / one.without.median), times(one.oneWorker.median / one.with.median)],
    ...[String(one.reexecutions.without), String(one.reexecutions.with), String(one.waits.with)],
    ...[percent(one.efficiency.median), percent(one.efficiency.best), percent(one.shareOfHalf.median)],
    ...[times(one.machine.median), times(one.possible.median), percent(shareOf(one)), percent(bestShareOf(one))],
    ...[fixed(one.planMs.median, 2), fixed(one.withoutWhole.median, 2), fixed(one.withWhole.median, 2)],
  ]);
  const mean = (figure: (one: ListFigures) => number) => geometricMean(figures.map(figure));
  const summary = [
    `Geometric means: efficiency ${percent(mean(({ efficiency }) => efficiency.median))}`,
    `best rounds ${percent(mean(({ efficiency }) => efficiency.best))}`,
    `of T1/2 ${percent(mean(({ shareOfHalf }) => shareOfHalf.median))}`,
    `speed-up over one worker ${times(mean((one) => one.oneWorker.median / one.without.median))} without a list`,
    `${times(mean((one) => one.oneWorker.median / one.with.median))} with it`,
    `possible ${times(mean(({ possible }) => possible.median))} (two engines beside each other ${times(mean(({ machine }) => machine.median))})`,
    `of that ${percent(mean(shareOf))}`,
    `best rounds ${percent(mean(bestShareOf))}.`,
  ];
  return `${table(columns, rows)}\n\n${summary.join(', ')}`;
}
