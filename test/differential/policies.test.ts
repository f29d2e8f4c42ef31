// Whatever the policy is, on whatever number of workers: blocks come to what sequential execution comes to.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PevmEngine } from '../../src/engine/engine.ts';
import { type EngineOptions, readBlockFile } from '../../src/index.ts';
import { count } from '../support/effort.ts';
import { sharedFolder, withoutShared } from '../support/shared.ts';
import { POLICIES } from '../support/synthetic-block.ts';
import { chooser, generateBlock } from '../support/synthetic-generator.ts';
import { SyntheticPool } from '../support/synthetic-pool.ts';
import { differenceFromOracle, randomBlock, randomFrom, runSynthetic } from '../support/synthetic-run.ts';

const WORKERS = 4;

let pool: SyntheticPool;
beforeAll(async () => {
  pool = await SyntheticPool.start(WORKERS);
});
afterAll(() => pool.stop());

const blocks = count('policy-blocks', { ci: 4_000, long: 40_000 });

test(`${blocks} random blocks under random policies come to what the oracle says`, { timeout: 600_000 }, () => {
  for (let seed = 1; seed <= blocks; seed++) {
    const choose = chooser(seed ^ 0x9011c7);
    const policy = POLICIES[choose(POLICIES.length)]!;
    const options = { workers: 1 + choose(WORKERS), window: 1 + choose(40), incarnationCap: 1 + choose(16), policy };
    const { problem } = pool.run(generateBlock(seed), options);
    if (problem !== undefined) expect.fail(`seed ${seed}, ${JSON.stringify(options)}: ${problem}`);
  }
});

const OPTIONS: readonly EngineOptions[] = [
  { scheduling: 'ordered' },
  { scheduling: 'partitioned' },
  { scheduling: 'partitioned', loadBalancing: false, validation: 'lazy' },
  { loadBalancing: false },
  { validation: 'lazy', conflictDetection: 'exact' },
  { validation: 'batched', validationBatch: 5, foldInterval: 1 },
];

describe.each(OPTIONS)('an engine with %o', (options) => {
  test('executes synthetic blocks, also when a worker dies, and real ones', { timeout: 300_000 }, async () => {
    for (const workers of [2, 3]) {
      await using engine = await PevmEngine.create({ workers, workersPerBlock: 'all', ...options });
      for (let seed = 1; seed <= 25; seed++) {
        const random = randomFrom(seed);
        const block = randomBlock(random, { transactions: 60, accounts: 1 + (seed % 9), slots: 3, spin: 200 });
        const run = runSynthetic(engine, block, 'inside');
        if (seed % 8 === 0) setTimeout(() => engine.terminateWorker(seed % workers), random() * 3);
        const result = await run;
        expect({ seed, difference: differenceFromOracle(block, result) }).toEqual({ seed, difference: undefined });
        // Nobody has a deque in order, and nobody looks into another's without balancing.
        const isAlone = options.loadBalancing === false || options.scheduling === 'ordered';
        if (isAlone) expect(result.report.counters.steals).toBe(0);
      }
      if (withoutShared('mainnet')) continue;
      for (const name of ['13287210', '24628608']) {
        const file = await readBlockFile(readFileSync(join(sharedFolder ?? '.', 'mainnet', `${name}.json.gz`)), name);
        expect((await engine.executeBlock({ ...file, verify: true })).mismatches).toEqual([]);
      }
    }
  });
});
