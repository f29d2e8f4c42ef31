// Whether a second worker ever costs time: real blocks on an engine of one worker and on one of two, in turns within one run.

import { createEngine } from '../../src/engine/engine.ts';
import type { Engine } from '../../src/types.ts';
import { checkAgainstHeader, type Subject } from './mainnet.ts';
import { type Interval, intervalOf, type Spread, spreadOf } from './statistics.ts';
import { fixed, table } from './table.ts';

/** Milliseconds from the first worker's start to the last commit, and ratios of rounds. */
export interface CrewFigures {
  name: string;
  transactions: number;
  one: Spread;
  two: Spread;
  /** How many of the two workers took part. */
  crew: number;
  /** Time with two over time with one, round by round. */
  ratio: Interval;
  /** Of the best rounds. */
  best: number;
  /** The same of two engines of one worker each: what is noise. */
  same: Interval;
}

export interface CrewOptions {
  rounds: number;
  warmUp: number;
  onProgress(text: string): void;
}

/** What a block may take longer with two workers. */
const MOST = 1.02;

/** @throws Error where anything comes out that the header does not say */
export async function measureCrews(subjects: readonly Subject[], options: CrewOptions): Promise<CrewFigures[]> {
  await using one = await createEngine({ executor: 'wasm', workers: 1 });
  await using other = await createEngine({ executor: 'wasm', workers: 1 });
  await using two = await createEngine({ executor: 'wasm', workers: 2 });
  const figures: CrewFigures[] = [];
  for (const subject of subjects) {
    options.onProgress(`crews: block ${subject.name}`);
    figures.push(await measure(subject, [one, other, two], options));
  }
  return figures;
}

async function measure(
  { name, file }: Subject,
  engines: readonly Engine[],
  { rounds, warmUp }: CrewOptions,
): Promise<CrewFigures> {
  const times: [number[], number[], number[]] = [[], [], []];
  let crew = 0;
  for (let round = 0; round < warmUp + rounds; round++) {
    for (let turn = 0; turn < engines.length; turn++) {
      const side = (turn + round) % engines.length;
      const result = await engines[side]!.executeBlock(file);
      checkAgainstHeader(`${name}, engine ${side}`, file, result);
      const { executionMs, perWorker } = result.report;
      if (side === 2) crew = Math.max(crew, perWorker.filter(({ counters }) => counters.executions > 0).length);
      if (round >= warmUp) times[side]!.push(executionMs);
    }
  }
  const [ones, others, twos] = times;
  const ratios = (over: readonly number[]) => intervalOf(over.map((time, round) => time / ones[round]!));
  const best = (side: readonly number[]) => spreadOf(side)!;
  return {
    name,
    transactions: file.block.transactions.length,
    one: best(ones),
    two: best(twos),
    crew,
    ratio: ratios(twos),
    best: best(twos).min / best(ones).min,
    same: ratios(others),
  };
}

export function crewTable(figures: readonly CrewFigures[]): string {
  const span = ({ median, low, high }: Interval) => `${fixed(median, 3)} (${fixed(low, 3)}–${fixed(high, 3)})`;
  const rows = figures.map(({ name, transactions, one, two, crew, ratio, best, same }) => [
    ...[name, String(transactions), String(crew), fixed(one.median, 3), fixed(two.median, 3)],
    ...[span(ratio), fixed(best, 3), span(same)],
  ]);
  const columns = ['block', 'txs', 'took part', 'one ms', 'two ms', 'two/one', 'best/best', 'one/one'];
  const slower = figures.filter(({ ratio, best }) => ratio.low > MOST && best > MOST).map(({ name }) => name);
  const unclear = figures
    .filter(({ name, ratio }) => ratio.high > MOST && !slower.includes(name))
    .map(({ name, ratio }) => `${name} (up to ${fixed(ratio.high, 3)})`);
  const verdict =
    slower.length === 0
      ? `None of ${figures.length} blocks is slower with two workers by more than 2 %, by paired rounds and best ones.`
      : `Slower with two workers by more than 2 %, by paired rounds and best ones: ${slower.join(', ')}.`;
  const doubt = unclear.length === 0 ? '' : ` The interval reaches further for ${unclear.join(', ')}.`;
  return `${table(columns, rows)}\n\n${verdict}${doubt}`;
}
