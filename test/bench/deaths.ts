// What the death of a worker costs: the same block with a worker ended in the middle of it and without, in turns.

import { PevmEngine } from '../../src/engine/engine.ts';
import { checkAgainstHeader, type Subject } from './mainnet.ts';
import { median } from './statistics.ts';
import { fixed, table } from './table.ts';

/** Milliseconds from the call of `executeBlock` to its result, with two workers. */
export interface DeathFigures {
  readonly name: string;
  readonly undisturbed: number;
  readonly disturbed: number;
  /** Median and worst of the differences between a round's two runs. */
  readonly cost: number;
  readonly worst: number;
  /** Deaths in the rounds that count: a block may be over before its time comes. */
  readonly deaths: number;
}

const WORKERS = 2;
/** Between two blocks, as long as a new worker may take to be ready: what is asked is the cost of one death. */
const REST_MS = 400;

export interface DeathOptions {
  readonly rounds: number;
  readonly warmUp: number;
  readonly onProgress: (text: string) => void;
}

export async function measureDeaths(
  subjects: readonly Subject[],
  { rounds, warmUp, onProgress }: DeathOptions,
): Promise<DeathFigures[]> {
  await using engine = await PevmEngine.create({ workers: WORKERS });
  const figures: DeathFigures[] = [];
  for (const subject of subjects) {
    onProgress(`deaths in block ${subject.name}`);
    for (let round = 0; round < warmUp; round++) await run(engine, subject, undefined);
    const undisturbed: number[] = [];
    const disturbed: number[] = [];
    let middle = (await run(engine, subject, undefined)).ms / 2;
    let deaths = 0;
    for (let round = 0; round < rounds; round++) {
      const without = await run(engine, subject, undefined);
      await rest();
      const killed = await run(engine, subject, { afterMs: middle, seat: round % WORKERS });
      await rest();
      middle = without.ms / 2;
      if (killed.lost === 0) continue;
      deaths++;
      undisturbed.push(without.ms);
      disturbed.push(killed.ms);
    }
    const costs = disturbed.map((ms, at) => ms - (undisturbed[at] ?? 0));
    figures.push({
      name: subject.name,
      undisturbed: median(undisturbed),
      disturbed: median(disturbed),
      cost: median(costs),
      worst: Math.max(...costs),
      deaths,
    });
  }
  return figures;
}

interface Kill {
  readonly afterMs: number;
  readonly seat: number;
}

async function run(engine: PevmEngine, { name, file }: Subject, kill: Kill | undefined) {
  const { block, chainId, hardfork, state, blockHashes } = file;
  const start = performance.now();
  const timer = kill && setTimeout(() => engine.terminateWorker(kill.seat), kill.afterMs);
  const result = await engine.executeBlock({ block, chainId, hardfork, state, blockHashes, senders: 'trust' });
  const ms = performance.now() - start;
  clearTimeout(timer);
  checkAgainstHeader(`${name}, ${kill === undefined ? 'undisturbed' : 'with a death'}`, file, result);
  return { ms, lost: result.report.workersLost };
}

const rest = () => new Promise((resolve) => setTimeout(resolve, REST_MS));

export function deathTable(figures: readonly DeathFigures[]): string {
  return table(
    ['block', 'undisturbed ms', 'with a death ms', 'cost ms', 'worst ms', 'deaths'],
    figures.map(({ name, undisturbed, disturbed, cost, worst, deaths }) => [
      name,
      fixed(undisturbed, 1),
      fixed(disturbed, 1),
      fixed(cost, 1),
      fixed(worst, 1),
      String(deaths),
    ]),
  );
}
