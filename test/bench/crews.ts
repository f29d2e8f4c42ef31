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
  /** How many workers took part. */
  crew: number;
  /** Time with two over time with one, round by round. */
  ratio: Interval;
  /** Of the best rounds. */
  best: number;
  /** The same of two engines of one worker each, one after the other: what is noise. */
  same: Interval;
}

export interface CrewOptions {
  rounds: number;
  warmUp: number;
  onProgress(text: string): void;
}

/** What a block may take longer with two workers, and what the clock cannot tell. */
const MOST = 1.02;
const UNSEEN_MS = 0.005;

interface Times {
  readonly ones: number[];
  readonly others: number[];
  readonly twos: number[];
  crew: number;
}

/**
 * All blocks in each round, so that a stretch of time in which somebody else has a core falls on all of them.
 * @throws Error where anything comes out that the header does not say
 */
export async function measureCrews(subjects: readonly Subject[], options: CrewOptions): Promise<CrewFigures[]> {
  const { rounds, warmUp, onProgress } = options;
  await using one = await createEngine({ executor: 'wasm', workers: 1 });
  await using other = await createEngine({ executor: 'wasm', workers: 1 });
  await using two = await createEngine({ executor: 'wasm', workers: 2 });
  const all = subjects.map((): Times => ({ ones: [], others: [], twos: [], crew: 0 }));
  for (let round = 0; round < warmUp + rounds; round++) {
    onProgress(`crews: round ${round + 1} of ${warmUp + rounds}`);
    for (const [at, subject] of subjects.entries()) {
      const found = all[at]!;
      const sides = [
        async () => found.ones.push((await runWarm(one, subject)).executionMs),
        async () => found.others.push((await runWarm(other, subject)).executionMs),
        async () => {
          const { executionMs, perWorker } = await runWarm(two, subject);
          found.crew = Math.max(found.crew, perWorker.filter(({ counters }) => counters.executions > 0).length);
          found.twos.push(executionMs);
        },
      ];
      for (let turn = 0; turn < sides.length; turn++) await sides[(turn + round) % sides.length]!();
      if (round === warmUp - 1) for (const times of [found.ones, found.others, found.twos]) times.length = 0;
    }
  }
  return subjects.map(({ name, file }, at) => figuresOf(name, file.block.transactions.length, all[at]!));
}

/** The second of two runs: whose memory was in the caches before must not depend on who came before. */
async function runWarm(engine: Engine, subject: Subject) {
  await run(engine, subject);
  return run(engine, subject);
}

async function run(engine: Engine, { name, file }: Subject) {
  const result = await engine.executeBlock(file);
  checkAgainstHeader(name, file, result);
  return result.report;
}

function figuresOf(name: string, transactions: number, { ones, others, twos, crew }: Times): CrewFigures {
  const ratios = (over: readonly number[]) => intervalOf(over.map((time, round) => time / ones[round]!));
  const spread = (side: readonly number[]) => spreadOf(side)!;
  return {
    ...{ name, transactions, crew },
    ...{ one: spread(ones), two: spread(twos) },
    ratio: ratios(twos),
    best: spread(twos).min / spread(ones).min,
    same: ratios(others),
  };
}

export function crewTable(figures: readonly CrewFigures[]): string {
  const span = ({ median, low, high }: Interval) => `${fixed(median, 3)} (${fixed(low, 3)}–${fixed(high, 3)})`;
  const rows = figures.map(({ name, transactions, one, two, crew, ratio, best, same }) => [
    ...[name, String(transactions), String(crew), fixed(one.median, 3), fixed(two.median, 3)],
    ...[span(ratio), fixed(one.min, 3), fixed(two.min, 3), fixed(best, 3), span(same)],
  ]);
  const columns = [
    ...['block', 'txs', 'took part', 'one ms', 'two ms', 'two/one'],
    ...['best one', 'best two', 'best/best', 'one/one'],
  ];
  const isSlower = ({ ratio, best, one, two }: CrewFigures) =>
    ratio.low > MOST && best > MOST && two.min - one.min > UNSEEN_MS;
  const slower = figures.filter(isSlower).map(({ name }) => name);
  const verdict = 'slower with two workers by more than 2 % (and 5 µs), by paired rounds and by best ones';
  return `${table(columns, rows)}\n\n${slower.length} of ${figures.length} are ${verdict}${slower.length === 0 ? '' : `: ${slower.join(', ')}`}.`;
}
