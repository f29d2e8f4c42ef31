// What-if: a block with one transaction dropped, against executing the whole block once more, in turns on one world.

import { createEngine } from '../../src/engine/engine.ts';
import type { Subject } from './mainnet.ts';
import { geometricMean, median } from './statistics.ts';
import { fixed, percent, table, times } from './table.ts';

/** Medians over the rounds that count; milliseconds from the call to the result, encoding and decoding included. */
export interface WhatIfFigures {
  name: string;
  transactions: number;
  runMs: number;
  runExecutionMs: number;
  whatIfMs: number;
  whatIfExecutionMs: number;
  /** Mean part of the block's gas that did not have to be executed again. */
  saved: number;
}

export async function measureWhatIf(
  subjects: readonly Subject[],
  { rounds, warmUp, onProgress }: { rounds: number; warmUp: number; onProgress: (text: string) => void },
): Promise<WhatIfFigures[]> {
  await using engine = await createEngine({ workers: 2 });
  const figures: WhatIfFigures[] = [];
  for (const { name, file } of subjects) {
    onProgress(`what-if: block ${name}`);
    const { block, chainId, hardfork, state, blockHashes } = file;
    await using world = await engine.openWorld({ state, chain: chainId });
    const begin = world.snapshot();
    const count = block.transactions.length;
    const [runs, questions, saved] = [[] as number[][], [] as number[][], [] as number[]];
    for (let round = 0; round < warmUp + rounds; round++) {
      const start = performance.now();
      const run = await world.executeBlock({ block, hardfork, blockHashes, senders: 'trust' });
      const end = performance.now();
      // Another transaction every time, all over the block.
      const at = Math.floor(((round * 0.618) % 1) * count);
      const asked = performance.now();
      const answer = await run.whatIf([{ at, drop: true }]);
      const answered = performance.now();
      await world.revert(begin);
      if (round < warmUp) continue;
      runs.push([end - start, run.report.executionMs]);
      questions.push([answered - asked, answer.report.executionMs]);
      saved.push(answer.saved);
    }
    const middle = (values: number[][], at: number) => median(values.map((value) => value[at]!));
    figures.push({
      ...{ name, transactions: count, runMs: middle(runs, 0), runExecutionMs: middle(runs, 1) },
      ...{ whatIfMs: middle(questions, 0), whatIfExecutionMs: middle(questions, 1) },
      saved: saved.reduce((sum, value) => sum + value, 0) / saved.length,
    });
  }
  return figures;
}

export function whatIfTable(figures: readonly WhatIfFigures[]): string {
  const rows = figures.map((figure) => [
    ...[figure.name, String(figure.transactions), fixed(figure.runMs, 2), fixed(figure.whatIfMs, 2)],
    ...[percent(figure.whatIfMs / figure.runMs), fixed(figure.runExecutionMs, 2), fixed(figure.whatIfExecutionMs, 2)],
    ...[percent(figure.whatIfExecutionMs / figure.runExecutionMs), percent(figure.saved)],
  ]);
  const columns = ['block', 'txs', 'run ms', 'what-if ms', 'part', 'executing ms', 'what-if', 'part', 'gas saved'];
  const whole = times(geometricMean(figures.map(({ runMs, whatIfMs }) => runMs / whatIfMs)));
  return `${table(columns, rows)}\n\nGeometric mean: ${whole} as fast as executing the block again.`;
}
