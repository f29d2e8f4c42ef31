// What measuring itself costs: counters and clock readings, made so many times over that their part can be told from noise.

import { buildCore } from '../../scripts/core.mjs';
import { preparePrecompiles } from '../../src/precompiles/precompiles.ts';
import { EvmHost } from '../support/evm-host.ts';
import { geometricMean, type Interval, intervalOf } from './statistics.ts';
import { fixed, table } from './table.ts';
import type { Work } from './versus.ts';

/** Of one block on one worker. Costs are parts of the time that it takes as it is built. */
export interface CountingFigures {
  name: string;
  transactions: number;
  /** Best milliseconds of processor time. */
  ms: number;
  /** All counters of the core. */
  counters: Interval;
  /** All readings of the clock for durations. */
  readings: Interval;
  /** Of the same build twice: what is noise. */
  same: Interval;
}

/** How often each counter is counted, and each reading made, in the builds that do more of it. */
const TIMES = 17;
const WARM_UP = 4;

/**
 * Runs each block on four cores in this process, in turns: two that are what ships, one that counts everything
 * TIMES times, one that reads the clock as often. What these take longer, by TIMES - 1, is what once costs: at most, since
 * additions to the same word wait for each other, those to different ones do not.
 */
export async function measureCounting(
  all: readonly Work[],
  { rounds, onProgress }: { readonly rounds: number; onProgress(text: string): void },
): Promise<CountingFigures[]> {
  await preparePrecompiles();
  const open = async (constants: Record<string, number>) =>
    EvmHost.create({
      ...{ memoryMiB: 512, transactions: 1 << 15, locations: 1 << 18 },
      core: await buildCore('release', constants),
    });
  const hosts = [await open({}), await open({}), await open({ COUNTED: TIMES }), await open({ TIMED: TIMES })];
  return all.map((work) => {
    onProgress(`counting: ${work.name}`);
    return measure(work, hosts, rounds);
  });
}

function measure({ name, transactions, load }: Work, hosts: readonly EvmHost[], rounds: number): CountingFigures {
  const times: number[][] = hosts.map(() => []);
  for (let round = 0; round < WARM_UP + rounds; round++) {
    for (let turn = 0; turn < hosts.length; turn++) {
      const side = (turn + round) % hosts.length;
      const host = hosts[side]!;
      load(host);
      const start = processorMs();
      host.runBlock();
      const duration = processorMs() - start;
      if (round >= WARM_UP) times[side]!.push(duration);
    }
  }
  const plain = times[0]!;
  const parts = (side: number, by: number) =>
    intervalOf(times[side]!.map((time, round) => (time / plain[round]! - 1) / by));
  return {
    ...{ name, transactions, ms: Math.min(...plain) },
    ...{ counters: parts(2, TIMES - 1), readings: parts(3, TIMES - 1), same: parts(1, 1) },
  };
}

/** Time that this process had, whoever else runs on the machine meanwhile. */
function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

export function countingTable(figures: readonly CountingFigures[]): string {
  const share = (part: number) => `${fixed(100 * part, 2)} %`;
  const span = ({ median, low, high }: Interval) => `${share(median)} (${share(low)} to ${share(high)})`;
  const rows = figures.map(({ name, transactions, ms, counters, readings, same }) => [
    ...[name, String(transactions), fixed(ms, 3), span(counters), span(readings)],
    ...[share(counters.median + readings.median), span(same)],
  ]);
  const mean = (part: (one: CountingFigures) => number) =>
    share(geometricMean(figures.map((one) => 1 + part(one))) - 1);
  const summary = [
    `Means: counters ${mean(({ counters }) => counters.median)}`,
    `readings ${mean(({ readings }) => readings.median)}`,
    `both ${mean(({ counters, readings }) => counters.median + readings.median)}.`,
  ];
  const columns = ['block', 'txs', 'ms', 'counters', 'readings', 'both', 'the same build twice'];
  return `${table(columns, rows)}\n\n${summary.join(', ')}`;
}
