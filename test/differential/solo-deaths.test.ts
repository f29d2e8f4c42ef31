// Runs in one worker of its own whose worker is killed at chosen moments: nothing is lost, told twice, or done again without need.
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest';
import { moduleUrl } from '../../src/base/platform.ts';
import { PevmEngine } from '../../src/engine/engine.ts';
import { checkBlockFile, type StateSource, WorkerError } from '../../src/index.ts';
import type { RunPrefix } from '../../src/run/run-outcome.ts';
import { createTraffic } from '../../src/traffic/index.ts';
import { WorkerHandle } from '../../src/workers/worker-handle.ts';
import { count } from '../support/effort.ts';
import { differenceFromOracle, randomBlock, randomFrom, runSynthetic, stateOf } from '../support/synthetic-run.ts';

const engines: PevmEngine[] = [];
afterEach(() => vi.restoreAllMocks());
afterAll(async () => {
  for (const engine of engines) await engine.dispose();
});

async function soloEngine(maximumMiB = 256): Promise<PevmEngine> {
  const engine = await PevmEngine.create({ workers: 1, threading: 'inline', memory: { maximumMiB } });
  engines.push(engine);
  return engine;
}

interface Watched {
  /** Where each try began. */
  readonly tries: number[];
  /** How far each try had come when it told what is committed. */
  readonly told: number[];
}

/** Lets the test see what the workers tell of runs, and makes them tell it more often. */
function watchRuns({ leastMs, onTold = () => {} }: { leastMs?: number; onTold?: (told: RunPrefix) => void }): Watched {
  const watched: Watched = { tries: [], told: [] };
  const runSolo = WorkerHandle.prototype.runSolo;
  vi.spyOn(WorkerHandle.prototype, 'runSolo').mockImplementation(function (this: WorkerHandle, job, hooks) {
    watched.tries.push(job.plan.prefix?.first ?? 0);
    const often = leastMs === undefined ? job : { ...job, pauses: { leastMs, costs: 0 } };
    const paused: typeof hooks.paused = (prefix, results) => {
      hooks.paused(prefix, results);
      watched.told.push(prefix.first);
      onTold(prefix);
    };
    return runSolo.call(this, often, { ...hooks, paused });
  });
  return watched;
}

const ascending = (end: number) => Array.from({ length: end }, (_, index) => index);

/** Counts its executions where the test sees them; the tasks depend on each other. */
const counting = moduleUrl(`
  export function createExecutor() {
    return {
      execute({ payload }, view) {
        Atomics.add(new Int32Array(payload), 0, 1);
        for (const end = performance.now() + 2; performance.now() < end; );
        view.writeNumber('chain', BigInt.asUintN(64, view.readNumber('chain') * 31n + BigInt(view.index)));
        return { status: 'success', gasUsed: 1n };
      },
    };
  }
`);

describe('the worker of a run is killed', () => {
  test('late, right after it has told what is committed: only what came after that is executed again', async () => {
    const engine = await soloEngine();
    const tasks = 800;
    let killed = 0;
    const watched = watchRuns({
      onTold({ first }) {
        if (killed > 0 || first < tasks / 2) return;
        killed = first;
        engine.terminateWorker(0);
      },
    });
    const payload = new SharedArrayBuffer(4);
    const run = engine.execute(
      ascending(tasks).map((id) => ({ id, payload })),
      counting,
    );
    const seen: number[] = [];
    for await (const { id } of run) seen.push(id);
    const { state, report } = await run;
    let chain = 0n;
    for (let index = 0; index < tasks; index++) chain = BigInt.asUintN(64, chain * 31n + BigInt(index));
    expect(state.readNumber('chain')).toBe(chain);
    expect(seen).toEqual(ascending(tasks));
    expect(report.workersLost).toBe(1);
    expect(watched.tries).toEqual([0, killed]);
    const [executions = 0] = new Int32Array(payload);
    expect(executions).toBeGreaterThanOrEqual(tasks);
    expect(executions - tasks).toBeLessThan(tasks / 2);
    // What was done before the death is in the report, what was lost with it is not.
    expect(report.executions).toBeGreaterThanOrEqual(tasks);
    expect(report.executions).toBeLessThanOrEqual(executions);
  });

  const ways = ['inside', 'outside', 'outside with promises'] as const;
  const rounds = count('solo-deaths', { ci: 12, long: 300 });
  test(`at random moments of ${rounds} runs that tell often: results, state and order are those of the oracle`, async () => {
    const engine = await soloEngine();
    let lost = 0;
    engine.on('worker-lost', () => lost++);
    let resumed = 0;
    for (let seed = 1; seed <= rounds; seed++) {
      const random = randomFrom(seed);
      let left = 3;
      const watched = watchRuns({
        leastMs: 1,
        onTold() {
          if (left === 0 || random() < 0.5) return;
          left--;
          if (random() < 0.5) engine.terminateWorker(0);
          else setTimeout(() => engine.terminateWorker(0), random() * 40);
        },
      });
      const block = randomBlock(random, { transactions: 150, accounts: 12, slots: 4, spin: 1_000_000 });
      const way = ways[seed % 3]!;
      const base = stateOf(block);
      // Every other state is only given where it is asked for, slowly.
      const asked: StateSource = {
        async load(keys) {
          await new Promise((resolve) => setTimeout(resolve, 5));
          return base.load(keys);
        },
        blockHash: (number) => base.blockHash(number),
      };
      const run = runSynthetic(engine, block, way, seed % 2 === 0 ? { state: asked } : {});
      const seen: number[] = [];
      for await (const { id } of run) seen.push(id);
      const result = await run;
      vi.restoreAllMocks();
      expect({ seed, difference: differenceFromOracle(block, result) }).toEqual({ seed, difference: undefined });
      expect(seen).toEqual(ascending(150));
      resumed += watched.tries.filter((first) => first > 0).length;
    }
    expect(lost).toBeGreaterThan(rounds / 2);
    expect(resumed).toBeGreaterThan(rounds / 4);
  });

  test('while memory is short and is drained again and again', async () => {
    let drained = 0;
    let resumed = 0;
    for (let seed = 1; seed <= 6; seed++) {
      const engine = await soloEngine(1 + seed / 40);
      const random = randomFrom(seed);
      // Behind the first drain, what the rest begins with is another state than the plan's.
      let left = 3;
      const watched = watchRuns({
        leastMs: 1,
        onTold({ isWhole }) {
          if (isWhole ? left > 0 : left === 3 && random() < 0.1) {
            left--;
            engine.terminateWorker(0);
          }
        },
      });
      const block = randomBlock(random, { transactions: 3000, accounts: 40, slots: 4, spin: 100_000 });
      const result = await runSynthetic(engine, block, 'inside');
      vi.restoreAllMocks();
      expect({ seed, difference: differenceFromOracle(block, result) }).toEqual({ seed, difference: undefined });
      drained += result.report.drains;
      resumed += watched.tries.filter((first) => first > 0).length;
      await engine.dispose();
    }
    expect(drained).toBeGreaterThan(3);
    expect(resumed).toBeGreaterThan(3);
  });

  test('in a block of real contracts, whose receipts and state are as if nothing had been', async () => {
    const { file } = await createTraffic({ transactions: 1500, conflictRate: 0.3 });
    const checked = checkBlockFile(file);
    const engine = await soloEngine();
    const undisturbed = await engine.executeBlock(checked);
    let left = 3;
    const watched = watchRuns({
      leastMs: 1,
      onTold: () => {
        if (left-- > 0) engine.terminateWorker(0);
      },
    });
    const loads: number[] = [];
    engine.on('load', ({ keys }) => loads.push(keys));
    const run = engine.executeBlock(checked);
    const seen: number[] = [];
    for await (const { index } of run) seen.push(index);
    const result = await run;
    expect(watched.tries.filter((first) => first > 0).length).toBeGreaterThan(0);
    expect(seen).toEqual(ascending(1500));
    expect(result.receiptsRoot).toBe(undisturbed.receiptsRoot);
    expect(result.gasUsed).toBe(undisturbed.gasUsed);
    expect(result.stateDiff).toEqual(undisturbed.stateDiff);
    expect(result.transactionsStateDiff).toEqual(undisturbed.transactionsStateDiff);
    // The state is known as a whole: nobody has to be asked for what the lost worker had.
    expect(loads).toEqual([]);
  });

  test('while a distant state is loaded: what was told is not asked for again', async () => {
    const engine = await soloEngine();
    const block = randomBlock(randomFrom(11), { transactions: 200, accounts: 60, slots: 6, spin: 400_000 });
    const base = stateOf(block);
    const asked = new Map<string, number>();
    let killed = 0;
    let told = 0;
    const watched = watchRuns({ leastMs: 1, onTold: () => void told++ });
    const state: StateSource = {
      async load(keys) {
        for (const key of keys) asked.set(JSON.stringify(key), (asked.get(JSON.stringify(key)) ?? 0) + 1);
        await new Promise((resolve) => setTimeout(resolve, 5));
        if (told > 0 && killed < 1) {
          killed++;
          engine.terminateWorker(0);
        }
        return base.load(keys);
      },
      blockHash: (number) => base.blockHash(number),
    };
    const result = await runSynthetic(engine, block, 'inside', { state });
    expect(differenceFromOracle(block, result)).toBeUndefined();
    expect([killed, result.report.workersLost]).toEqual([1, 1]);
    expect(watched.tries[1]).toBeGreaterThan(0);
    const again = [...asked.values()].filter((times) => times > 1).length;
    expect(again).toBeLessThan(asked.size / 2);
  });

  test('when the run has just been cancelled: the run ends with the reason, and the engine goes on', async () => {
    const engine = await soloEngine();
    const controller = new AbortController();
    const block = randomBlock(randomFrom(12), { transactions: 400, accounts: 20, slots: 4, spin: 2_000_000 });
    const watched = watchRuns({
      leastMs: 1,
      onTold() {
        controller.abort('enough');
        engine.terminateWorker(0);
      },
    });
    const run = runSynthetic(engine, block, 'inside', { signal: controller.signal });
    await expect(run.catch((reason: unknown) => reason)).resolves.toBe('enough');
    expect(watched.told.length).toBeGreaterThan(0);
    vi.restoreAllMocks();
    const small = randomBlock(randomFrom(13), { transactions: 20, accounts: 5, slots: 2, spin: 0 });
    expect(differenceFromOracle(small, await runSynthetic(engine, small, 'inside'))).toBeUndefined();
  });

  test('by one transaction, always: the error names it, and says how the worker ended', async () => {
    const engine = await soloEngine();
    const exiting = moduleUrl(`
      export function createExecutor() {
        return {
          execute({ payload }, view) {
            if (payload === 'exit') process.exit(3);
            for (const end = performance.now() + 3; performance.now() < end; );
            view.add('sum', 1n);
            return { status: 'success' };
          },
        };
      }`);
    const tasks = ascending(200).map((id) => ({ id, payload: id === 150 ? 'exit' : '' }));
    const watched = watchRuns({ leastMs: 20 });
    const error = await engine.execute(tasks, exiting).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(WorkerError);
    expect((error as WorkerError).message).toContain('task 150: ');
    expect((error as WorkerError).message).toContain('exit code 3');
    expect(watched.tries.at(-1)).toBeGreaterThan(0);
  });
});

test('the report of a long run is the same as that of one which never tells what is committed', async () => {
  const engine = await soloEngine();
  const block = randomBlock(randomFrom(14), { transactions: 200, accounts: 12, slots: 4, spin: 1_000_000 });
  const watched = watchRuns({ leastMs: 1 });
  const { report } = await runSynthetic(engine, block, 'inside');
  expect(watched.told.length).toBeGreaterThan(1);
  expect([report.executions, report.drains, report.workersLost]).toEqual([200, 0, 0]);
  // One path through the block, not one per part.
  const steps = report.bound.criticalPath.map(({ index }) => index);
  expect(steps).toEqual([...steps].sort((left, right) => left - right));
  expect(report.bound.tInfinityMs).toBeLessThan(report.bound.t1Ms * 0.99);
});
