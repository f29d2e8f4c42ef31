// Random synthetic blocks through the engine equal the sequential oracle, whoever executes and whatever is interrupted.
import { afterAll, describe, expect, test } from 'vitest';
import { createEngine, type Engine } from '../../src/index.ts';
import { count } from '../support/effort.ts';
import { differenceFromOracle, randomBlock, randomFrom, runSynthetic } from '../support/synthetic-run.ts';

const engines: Engine[] = [];
afterAll(async () => {
  for (const engine of engines) await engine.dispose();
});

const blocks = count('engine-blocks', { ci: 40, long: 500 });

for (const threading of ['shared', 'inline'] as const) {
  for (const workers of threading === 'shared' ? [1, 2, 4, 8] : [1]) {
    describe(`threading ${threading}, ${workers} workers`, () => {
      for (const way of ['inside', 'outside', 'outside with promises'] as const) {
        test(`${blocks} random blocks executed ${way} the core equal the oracle`, async () => {
          const engine = await createEngine({ workersPerBlock: 'all', workers, threading });
          engines.push(engine);
          for (let seed = 1; seed <= blocks; seed++) {
            const random = randomFrom(seed);
            const block = randomBlock(random, {
              transactions: 1 + Math.floor(random() * 80),
              accounts: 1 + Math.floor(random() ** 3 * 100),
              slots: 1 + Math.floor(random() * 8),
              spin: random() < 0.3 ? 2000 : 0,
            });
            const result = await runSynthetic(engine, block, way);
            expect({ seed, difference: differenceFromOracle(block, result) }).toEqual({ seed, difference: undefined });
          }
        });
      }
    });
  }
}
