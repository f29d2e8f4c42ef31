// Workers are killed at random moments, memory runs out at random sizes: the result stays the sequential one.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { PevmEngine } from '../../src/engine/engine.ts';
import { readBlockFile, type StateSource } from '../../src/index.ts';
import { count } from '../support/effort.ts';
import { engineWith } from '../support/engines.ts';
import { assemble, hostileBlock, TARGET } from '../support/growth.ts';
import { sharedFolder, withoutShared } from '../support/shared.ts';
import {
  differenceFromOracle,
  randomBlock,
  randomFrom,
  runSynthetic,
  stateOf,
  tasksOf,
} from '../support/synthetic-run.ts';
import { watchStarts } from '../support/worker-starts.ts';

/**
 * Runs blocks while random workers are killed at random moments of them: `rounds` blocks, and on until a quarter as many
 * workers were lost, since how many of the kills find their worker busy depends on the machine.
 */
async function withKills(
  engine: PevmEngine,
  rounds: number,
  run: (seed: number, random: () => number) => Promise<void>,
): Promise<void> {
  let lost = 0;
  const forget = engine.on('worker-lost', () => lost++);
  let undisturbedMs = 25;
  for (let seed = 1; seed <= rounds || lost < rounds / 4; seed++) {
    const random = randomFrom(seed);
    const before = lost;
    const start = performance.now();
    const timers = Array.from({ length: 1 + Math.floor(random() * 3) }, () =>
      setTimeout(
        () => engine.terminateWorker(Math.floor(random() * engine.capabilities.workers)),
        random() * undisturbedMs,
      ),
    );
    await run(seed, random);
    timers.forEach(clearTimeout);
    if (lost === before) undisturbedMs = performance.now() - start;
  }
  forget();
}

const ways = ['inside', 'outside', 'outside with promises'] as const;
const kills = count('kills', { ci: 60, long: 1000 });

describe('kills', () => {
  for (const threading of ['shared', 'inline'] as const) {
    const rounds = threading === 'shared' ? Math.ceil(kills * 0.7) : Math.ceil(kills * 0.2);
    test(`${rounds} synthetic blocks with workers killed on the way (${threading}) equal the oracle`, async () => {
      const engine = await engineWith({ workers: 3, threading });
      await withKills(engine, rounds, async (seed, random) => {
        const block = randomBlock(random, { transactions: 60, accounts: 30, slots: 4, spin: 200_000 });
        const result = await runSynthetic(engine, block, ways[seed % 3] ?? 'inside');
        expect({ seed, difference: differenceFromOracle(block, result) }).toEqual({ seed, difference: undefined });
      });
    });
  }

  test('a run that loses more workers than there are ids goes on from what is committed', async () => {
    const engine = await engineWith({ workers: 1, threading: 'shared' });
    // An id is used once per block; one worker has 20 of them.
    let lost = 0;
    engine.on('worker-lost', () => lost++);
    const block = randomBlock(randomFrom(7), { transactions: 800, accounts: 50, slots: 4, spin: 8_000_000 });
    const run = engine.execute(tasksOf(block), 'synthetic', { state: stateOf(block) });
    const progress: number[] = [];
    const timer = setInterval(() => {
      progress.push(run.progress.committed);
      if (lost < 30) engine.terminateWorker(0);
    }, 40);
    const result = await run;
    clearInterval(timer);
    expect(differenceFromOracle(block, result)).toBeUndefined();
    // What is committed stays committed.
    expect(progress).toEqual([...progress].sort((a, b) => a - b));
    expect(lost).toBe(30);
    expect(result.report.workersLost).toBe(30);
  });

  describe('a run in one worker of its own', () => {
    /** Takes a second or two. */
    const longBlock = () => randomBlock(randomFrom(7), { transactions: 800, accounts: 50, slots: 4, spin: 3_000_000 });

    test('goes on from what is committed when the worker is lost, and tells each result once', async () => {
      const engine = await engineWith({ workers: 1, threading: 'inline' });
      const block = longBlock();
      const base = stateOf(block);
      const asked = new Map<string, number>();
      const state: StateSource = {
        load(keys) {
          for (const key of keys) asked.set(JSON.stringify(key), (asked.get(JSON.stringify(key)) ?? 0) + 1);
          return base.load(keys);
        },
        blockHash: (number) => base.blockHash(number),
      };
      const undisturbed = await engine.execute(tasksOf(block), 'synthetic', { state });
      asked.clear();
      const run = engine.execute(tasksOf(block), 'synthetic', { state });
      const told: number[] = [];
      const lost: number[] = [];
      const timer = setInterval(() => {
        // Late, and once more later on.
        const { committed } = run.progress;
        if (committed < [500, 700, Number.POSITIVE_INFINITY][lost.length]!) return;
        lost.push(committed);
        engine.terminateWorker(0);
      }, 5);
      for await (const { id } of run) told.push(id as number);
      const result = await run;
      clearInterval(timer);
      expect(result.results).toEqual(undisturbed.results);
      expect(result.state.stateDiff).toEqual(undisturbed.state.stateDiff);
      expect(told).toEqual(Array.from({ length: 800 }, (_, index) => index));
      expect([lost.length, result.report.workersLost]).toEqual([2, 2]);
      // Beginning again would have to ask for all of its state again, instead of what came after it was told last.
      expect([...asked.values()].filter((times) => times > 1).length).toBeLessThan(asked.size / 4);
    });

    test('comes to its end however often the worker is lost, as long as there is headway', async () => {
      const engine = await engineWith({ workers: 1, threading: 'inline' });
      const block = longBlock();
      let lost = 0;
      const told: number[] = [];
      const kill = () => {
        told.push(run.progress.committed);
        if (lost++ < 30) engine.terminateWorker(0);
      };
      // A busy machine may come to nothing in 60 ms: who has told nothing new has twice as long the next time.
      const inVain = () => told.length - 1 - told.indexOf(told.at(-1) ?? 0);
      const forget = engine.on('worker-replaced', () => setTimeout(kill, 60 * 2 ** inVain()));
      const run = engine.execute(tasksOf(block), 'synthetic', { state: stateOf(block) });
      setTimeout(kill, 60);
      const result = await run;
      forget();
      expect(differenceFromOracle(block, result)).toBeUndefined();
      // Eight in a row without headway would end it. A fast machine may be through before all thirty.
      expect(result.report.workersLost).toBeGreaterThan(8);
    });

    test('ends with an error that says so where there is none', async () => {
      const engine = await engineWith({ workers: 1, threading: 'inline' });
      // A second of one loop: no kill comes too late.
      const block = randomBlock(randomFrom(3), { transactions: 1, accounts: 5, slots: 1, spin: 2_147_000_000 });
      let killed = 0;
      const kill = () => {
        killed++;
        engine.terminateWorker(0);
      };
      const forget = engine.on('worker-replaced', () => setTimeout(kill, 30));
      const run = engine.execute(tasksOf(block), 'synthetic', { state: stateOf(block) });
      setTimeout(kill, 30);
      const error = await run.catch((reason: unknown) => reason);
      forget();
      expect(error).toMatchObject({ name: 'WorkerError' });
      expect(String(error)).toContain(
        'task 0: the only worker was lost 8 times without headway, at last: a test ended it',
      );
      expect(killed).toBe(8);
      // The engine goes on.
      const small = randomBlock(randomFrom(8), { transactions: 10, accounts: 5, slots: 1, spin: 0 });
      expect(differenceFromOracle(small, await runSynthetic(engine, small, 'inside'))).toBeUndefined();
    });
  });

  test('a block goes on in the calling thread where all workers are lost, and all who replace them as they start', async () => {
    const engine = await engineWith({ workers: 2, threading: 'shared' });
    const block = randomBlock(randomFrom(5), { transactions: 60, accounts: 30, slots: 4, spin: 200_000 });
    let killed = 0;
    const restore = watchStarts((worker) => {
      killed++;
      void worker.terminate();
    });
    const run = engine.execute(tasksOf(block), 'synthetic', { state: stateOf(block) });
    engine.terminateWorker(0);
    engine.terminateWorker(1);
    const result = await run.finally(restore);
    expect(differenceFromOracle(block, result)).toBeUndefined();
    expect(killed).toBeGreaterThan(7);
    // One that is killed as it starts may have said that it is up before: then it is lost like the first two.
    expect(result.report.workersLost).toBeGreaterThanOrEqual(2);
    expect(result.report.workersLost).toBeLessThanOrEqual(killed + 2);
    // Workers again, and the memory with nobody of the last run in it.
    const small = randomBlock(randomFrom(8), { transactions: 10, accounts: 5, slots: 1, spin: 0 });
    expect(differenceFromOracle(small, await runSynthetic(engine, small, 'inside'))).toBeUndefined();
  });

  for (const threading of ['shared', 'inline'] as const) {
    test(`a worker is replaced although those who replace it are killed while they start (${threading})`, async () => {
      const engine = await engineWith({ workers: 2, threading });
      const block = randomBlock(randomFrom(3), { transactions: 60, accounts: 30, slots: 4, spin: 200_000 });
      for (const when of ['between two runs', 'in a run'] as const) {
        let killed = 0;
        const restore = watchStarts((worker) => {
          if (killed === 3) return;
          killed++;
          void worker.terminate();
        });
        if (when === 'between two runs') engine.terminateWorker(0);
        const run = engine.execute(tasksOf(block), 'synthetic', { state: stateOf(block) });
        if (when === 'in a run') setTimeout(() => engine.terminateWorker(0), 5);
        const result = await run.finally(restore);
        expect({ when, difference: differenceFromOracle(block, result) }).toEqual({ when, difference: undefined });
        if (when === 'in a run') continue;
        expect(killed).toBe(3);
        // On a busy machine one of those may be up before its end comes, and counts too.
        expect(result.report.workersLost).toBeGreaterThanOrEqual(1);
        expect(result.report.workersLost).toBeLessThanOrEqual(4);
      }
    });

    test(`a worker that is lost while state is loaded is told of and replaced (${threading})`, async () => {
      const engine = await engineWith({ workers: 2, threading });
      const block = randomBlock(randomFrom(4), { transactions: 60, accounts: 30, slots: 4, spin: 0 });
      const base = stateOf(block);
      const told: string[] = [];
      const stop = [
        engine.on('worker-lost', () => told.push('lost')),
        engine.on('worker-replaced', () => told.push('replaced')),
      ];
      const state: StateSource = {
        load(keys) {
          if (told.length === 0) engine.terminateWorker(0);
          return base.load(keys);
        },
        blockHash: (number) => base.blockHash(number),
      };
      const result = await engine.execute(tasksOf(block), 'synthetic', { state });
      for (const forget of stop) forget();
      expect(result.results.length).toBe(60);
      expect(told).toEqual(['lost', 'replaced']);
      expect(result.report.workersLost).toBe(1);
    });
  }

  const deaths = count('deaths', { ci: 60, long: 1000 });
  test(`${deaths} deaths leave no memory behind`, async () => {
    const engine = await engineWith({ workers: 4, threading: 'shared' });
    // Touches 60 MB, for tens of milliseconds.
    const code = assemble(`
      1 60000000 MSTORE  0
      again: DUP1 DUP1 MSTORE  4096 ADD  DUP1 60000000 GT  @again JUMPI`);
    const block = hostileBlock({
      hardfork: 'prague',
      transactions: [{ gas: '0x400000000' }],
      accounts: { [TARGET]: { nonce: 1, code } },
    });
    let lost = 0;
    engine.on('worker-lost', () => lost++);
    const die = async (times: number) => {
      for (const until = lost + times; lost < until; ) {
        const timer = setTimeout(() => engine.terminateWorker(lost % 4), 3);
        const { transactions } = await engine.executeBlock(block);
        clearTimeout(timer);
        expect(transactions[0]?.success).toBe(true);
      }
    };
    await die(8);
    const before = process.memoryUsage.rss();
    await die(deaths);
    const grownBy = (process.memoryUsage.rss() - before) / 2 ** 20;
    if (process.env.PEVM_VERBOSE) console.log(`${deaths} deaths: RSS grew by ${grownBy.toFixed(0)} MiB`);
    // Each abandons a memory of 60 MB.
    expect(grownBy).toBeLessThan(400);
  });

  const real = Math.ceil(kills * 0.1);
  test.skipIf(withoutShared('mainnet'))(
    `${real} runs of real blocks with workers killed on the way equal the header`,
    async () => {
      const engine = await engineWith({ workers: 2, threading: 'shared' });
      const names = ['9069000', '5891667', '19934116', '4369999', '8889776'].map((number) => `${number}.json.gz`);
      const files = await Promise.all(
        names.map((name) => readBlockFile(readFileSync(join(sharedFolder ?? '', 'mainnet', name)), name)),
      );
      await withKills(engine, real, async (seed) => {
        const file = files[seed % files.length]!;
        const result = await engine.executeBlock({ ...file, verify: true });
        expect({ seed, mismatches: result.mismatches }).toEqual({ seed, mismatches: [] });
      });
    },
  );
});

const sizes = count('memory-sizes', { ci: 40, long: 200 });

describe('exhausted memory', () => {
  for (const threading of ['shared', 'inline'] as const) {
    test(`${sizes} blocks in memories of random sizes (${threading}) equal the oracle or are refused`, async () => {
      let drained = 0;
      for (let seed = 1; seed <= sizes; seed++) {
        const random = randomFrom(seed);
        const maximumMiB = 1 + 0.6 * random();
        await using engine = await PevmEngine.create({
          workersPerBlock: 'all',
          workers: 2,
          threading,
          memory: { maximumMiB },
        });
        const block = randomBlock(random, {
          transactions: 500 + Math.floor(random() * 4000),
          accounts: 1 + Math.floor(random() * 50),
          slots: 4,
          spin: 0,
        });
        engine.on('drain', () => drained++);
        const result = await runSynthetic(engine, block, ways[seed % 3] ?? 'inside').catch((error: unknown) => error);
        if (result instanceof Error) {
          expect(result.name).toBe('MemoryLimitError');
          continue;
        }
        const difference = differenceFromOracle(block, result as Awaited<ReturnType<typeof runSynthetic>>);
        expect({ seed, difference }).toEqual({ seed, difference: undefined });
      }
      expect(drained).toBeGreaterThan(sizes / 4);
    });
  }
});
