// Random blocks of synthetic programs come to what the oracle says, on threads and on virtual workers.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { count } from '../support/effort.ts';
import { type BlockShape, blockConfiguration } from '../support/model-block.ts';
import { modelModule } from '../support/model-core.ts';
import { describeFailure, Explorer, type Strategy } from '../support/model-explorer.ts';
import type { SyntheticBlock } from '../support/synthetic.ts';
import { chooser, generateBlock, shrinkBlock } from '../support/synthetic-generator.ts';
import { type RunOptions, SyntheticPool } from '../support/synthetic-pool.ts';

const WORKERS = 8;
/** How often a block must pass before it counts as right while a failing one is shrunk. */
const PATIENCE = 200;

let pool: SyntheticPool;

beforeAll(async () => {
  pool = await SyntheticPool.start(WORKERS);
});

afterAll(() => pool.stop());

function optionsFor(seed: number): RunOptions {
  const choose = chooser(seed ^ 0x5eed);
  const sleepiness = [0, 30, 100, 300][choose(4)] as number;
  return { workers: 1 + (seed % WORKERS), window: 1 + choose(64), incarnationCap: 1 + choose(16), sleepiness };
}

/** Fails with the seed, the way it was run, and the smallest block that goes wrong too. */
function expectRight(block: SyntheticBlock & { seed: number; shape: string }, options: RunOptions): void {
  const { problem } = pool.run(block, options);
  if (problem === undefined) return;
  const fails = (smaller: SyntheticBlock) => {
    for (let times = 0; times < PATIENCE; times++) if (pool.run(smaller, options).problem !== undefined) return true;
    return false;
  };
  const small = shrinkBlock(block, fails);
  expect.fail(
    `seed ${block.seed} (${block.shape}), ${JSON.stringify(options)}: ${problem}\nshrunk: ${JSON.stringify(small)}`,
  );
}

test('random blocks on 1 to 8 threads come to what the sequential oracle says', () => {
  const blocks = count('blocks', { ci: 10_000, long: 200_000 });
  const first = count('first-seed', { ci: 1, long: 1 });
  for (let seed = first; seed < first + blocks; seed++) expectRight(generateBlock(seed), optionsFor(seed));
  const totals = Object.fromEntries(pool.totals) as Record<string, number>;
  console.log(`${blocks} blocks on threads:`, totals);
  for (const event of ['reexecutions', 'aborts', 'suspensions', 'steals'])
    expect(totals[event]).toBeGreaterThan(blocks / 50);
});

test('memory or locations that run out at any moment leave a right prefix and never hang', () => {
  const blocks = count('exhaustions', { ci: 4_000, long: 50_000 });
  let exhausted = 0;
  for (let seed = 1; seed <= blocks; seed++) {
    const choose = chooser(seed ^ 0xfee1);
    const options = optionsFor(seed);
    // Each worker takes some 45 KiB when it joins.
    if (choose(3) > 0) options.memory = choose(2) === 0 ? choose(60_000) : options.workers * 49_152 + choose(20_000);
    else options.locations = choose(40);
    const block = generateBlock(seed);
    const report = pool.run(block, options);
    if (report.problem !== undefined) expect.fail(`seed ${seed}, ${JSON.stringify(options)}: ${report.problem}`);
    if (report.exhausted) exhausted++;
  }
  expect(exhausted).toBeGreaterThan(blocks / 10);
});

test('random blocks on virtual workers in random schedules come to what the sequential oracle says', async () => {
  const module = await modelModule();
  const blocks = count('virtual-blocks', { ci: 1_500, long: 20_000 });
  for (let seed = 1; seed <= blocks; seed++) {
    const choose = chooser(seed);
    const block = generateBlock(seed, 8);
    const workers = 2 + choose(2);
    const mortal = choose(3) === 0 ? 1 + choose(workers) : undefined;
    const overdue = choose(2) === 0 ? choose(block.programs.length) : undefined;
    const world = { locations: 128, chunk: choose(2) === 0 ? 8_192 : 256 };
    const shape: BlockShape = { name: `seed ${seed} (${block.shape})`, block, workers, world };
    if (choose(4) === 0) shape.memory = choose(3_000);
    const configuration = blockConfiguration(
      mortal === undefined ? shape : { ...shape, mortal, ...(overdue === undefined ? {} : { overdue }) },
    );
    const explorer = new Explorer(module, configuration);
    const probability = [0.5, 0.1, 0.02][choose(3)] as number;
    const strategy: Strategy = choose(2) === 0 ? { kind: 'random', probability } : { kind: 'priority', depth: 5 };
    const { failure } = explorer.explore(strategy, { schedules: 40, seed });
    if (failure !== undefined) expect.fail(`${describeFailure(failure)}\n${JSON.stringify(block)}`);
  }
});
