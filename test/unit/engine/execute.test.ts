// Custom tasks through the engine, with workers, with one worker alone, and in the calling thread.
import { afterAll, describe, expect, test } from 'vitest';
import { moduleUrl } from '../../../src/base/platform.ts';
import { createEngine, type Engine, type Executor, type StateSource } from '../../../src/index.ts';

const counting = moduleUrl(`
  export function createExecutor(options) {
    return {
      execute(task, view) {
        const seen = view.readNumber('count');
        view.writeNumber('count', seen + 1n);
        view.add('sum', BigInt(task.id));
        view.write('last', Uint8Array.of(task.id));
        return { status: 'success', gasUsed: BigInt(options.gas), output: Uint8Array.of(Number(seen)) };
      },
    };
  }
`);

const estimating = moduleUrl(`
  export function createExecutor() {
    const asked = [];
    return {
      estimate({ id }) {
        asked.push(id);
        if (id === 3) throw new Error('cannot estimate');
        return { dependencies: [id - 1, id + 1, -4, 2 ** 40] };
      },
      execute(task, view) {
        view.writeNumber('last', view.readNumber('last') + 1n);
        return { status: 'success', output: Uint8Array.from(asked) };
      },
    };
  }
`);

/** The first task waits for the second to begin, but not for ever, writes, and tells whether it has. */
const meeting = moduleUrl(`
  export function createExecutor(met) {
    return {
      execute({ id }, view) {
        if (id === 0) {
          const begun = Atomics.wait(met, 0, 0, 300) !== 'timed-out';
          view.writeNumber('sum', 1n);
          return { status: 'success', output: Uint8Array.of(begun ? 1 : 0) };
        }
        Atomics.store(met, 0, 1);
        Atomics.notify(met, 0);
        view.writeNumber('sum', view.readNumber('sum') + 1n);
        return { status: 'success' };
      },
    };
  }
`);

/** Tells how often its own timer has run. */
const ticking = moduleUrl(`
  let ticks = 0;
  setInterval(() => ticks++, 1);
  export function createExecutor() {
    return { execute: () => ({ status: 'success', output: Uint8Array.of(Math.min(ticks, 255)) }) };
  }
`);

const EMPTY = '0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470';
const engines: Engine[] = [];
afterAll(async () => {
  for (const engine of engines) await engine.dispose();
});

for (const threading of ['shared', 'inline'] as const) {
  describe(`with threading ${threading}`, async () => {
    const engine = await createEngine({ workersPerBlock: 'all', workers: 2, threading });
    engines.push(engine);

    test('an executor goes on with things of its own between two runs', async () => {
      const executor = { module: ticking, options: {} };
      const ticks = async () => (await engine.execute([{ id: 0 }], executor)).results[0]?.output?.[0] ?? 0;
      let before = await ticks();
      let after = before;
      // A run lets the timer run once or twice; while nothing is to be done it runs far more often.
      for (let pauseMs = 50; after - before < 5 && pauseMs < 2000; pauseMs *= 2) {
        before = await ticks();
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
        after = await ticks();
      }
      expect(after - before).toBeGreaterThanOrEqual(5);
    });

    test('the engine says what it runs on', () => {
      expect(engine.capabilities.threading).toBe(threading);
      expect(engine.capabilities.workers).toBe(threading === 'shared' ? 2 : 1);
      expect(engine.capabilities.reason === undefined).toBe(threading === 'shared');
    });

    test('tasks of a module executor see what lower tasks leave', async () => {
      const tasks = Array.from({ length: 100 }, (_, id) => ({ id }));
      const { results, state, report } = await engine.execute(tasks, { module: counting, options: { gas: 7 } });
      expect(results.map(({ output }) => output[0])).toEqual(tasks.map(({ id }) => id));
      expect(results.every(({ status, gasUsed }) => status === 'success' && gasUsed === 7n)).toBe(true);
      expect(state.readNumber('count')).toBe(100n);
      expect(state.readNumber('sum')).toBe(4950n);
      expect(state.read('last')).toEqual(Uint8Array.of(99));
      expect(report.counters.commits).toBe(100);
    });

    test('a module executor is asked once per task for its estimate, which may be wrong', async () => {
      const tasks = Array.from({ length: 20 }, (_, id) => ({ id }));
      const { results, state } = await engine.execute(tasks, estimating);
      // By one of the workers: the other one's tasks tell of none.
      const asked = results.map(({ output }) => [...output]).filter(({ length }) => length > 0);
      for (const ids of asked) expect(ids).toEqual(tasks.map(({ id }) => id));
      expect(state.readNumber('last')).toBe(20n);
      if (threading === 'inline') expect(asked).toHaveLength(20);
    });

    test('an executor that is an object runs in the calling thread', async () => {
      const executor: Executor<number> = {
        execute({ payload }, view) {
          view.add('total', BigInt(payload ?? 0));
          return { status: 'success' };
        },
      };
      const tasks = [5, 6, 7].map((payload, id) => ({ id, payload }));
      const { state } = await engine.execute(tasks, executor);
      expect(state.readNumber('total')).toBe(18n);
    });
  });
}

describe('state before the tasks', async () => {
  const engine = await createEngine({ workersPerBlock: 'all', workers: 2 });
  engines.push(engine);
  const address = `0x${'0b'.repeat(20)}` as const;
  const bytes = new Uint8Array(20).fill(0x0b);

  test('free-form values and numbers are there, and what nobody changed is there at the end', async () => {
    const executor: Executor = {
      execute(_, view) {
        view.add('n', view.readNumber('m'));
        view.write('a', Uint8Array.of(...(view.read('a') ?? []), 9));
        return { status: 'success' };
      },
    };
    const options = {
      data: new Map([
        ['a', Uint8Array.of(1)],
        ['b', Uint8Array.of(2)],
      ]),
      numbers: { n: 5n, m: 7n },
    };
    const { state } = await engine.execute([{ id: 0 }, { id: 1 }], executor, options);
    expect(state.readNumber('n')).toBe(19n);
    expect(state.readNumber('m')).toBe(7n);
    expect(state.read('a')).toEqual(Uint8Array.of(1, 9, 9));
    expect(state.read('b')).toEqual(Uint8Array.of(2));
    expect(state.read('c')).toBeUndefined();
  });

  test('an account that is only credited need not be loaded before the end', async () => {
    let asked = 0;
    const source: StateSource = {
      async load(keys) {
        asked += keys.length;
        return keys.map(() => ({ kind: 'account', balance: 1000n, nonce: 1n, codeHash: EMPTY, exists: true }));
      },
      blockHash: async () => EMPTY,
    };
    const executor: Executor = {
      execute(_, view) {
        view.credit(bytes, 5n);
        return { status: 'success' };
      },
    };
    const tasks = Array.from({ length: 50 }, (_, id) => ({ id }));
    const { state, report } = await engine.execute(tasks, executor, { state: source });
    expect(state.stateDiff).toEqual(new Map([[address, { balance: 1250n, storage: new Map() }]]));
    expect(asked).toBe(1);
    expect(report.loadRounds).toBe(1);
  });

  test('the same tasks in sequence give the same', async () => {
    const tasks = Array.from({ length: 60 }, (_, id) => ({ id }));
    const module = { module: counting, options: { gas: 1 } };
    const parallel = await engine.execute(tasks, module);
    const sequential = await engine.execute(tasks, module, { sequential: true });
    expect(sequential.results).toEqual(parallel.results);
    expect(sequential.report.reexecutions).toBe(0);
  });

  test('hints given while the run goes on, true ones and others, change no result', async () => {
    const tasks = Array.from({ length: 60 }, (_, id) => ({ id }));
    const run = engine.execute(tasks, { module: counting, options: { gas: 1 } });
    for (let id = 1; id < 60; id++) run.addDependency(id - 1, id);
    for await (const { id } of run) if (id < 58) run.addDependency(id, 59);
    const { results, state } = await run;
    expect([results.length, state.readNumber('count')]).toEqual([60, 60n]);
  });

  test('who depends on a task does not begin before it, be it said by the task or to the run', async () => {
    async function meet(hint: 'none' | 'task' | 'run') {
      const executor = { module: meeting, options: new Int32Array(new SharedArrayBuffer(4)) };
      const tasks = [{ id: 0 }, hint === 'task' ? { id: 1, dependencies: [0] } : { id: 1 }];
      const run = engine.execute(tasks, executor);
      if (hint === 'run') run.addDependency(0, 1);
      const { results, state, report } = await run;
      expect(state.readNumber('sum')).toBe(2n);
      return { met: results[0]?.output[0], executions: report.executions, waits: report.counters.waits };
    }
    for (const hint of ['task', 'run'] as const) {
      const { met, executions, waits } = await meet(hint);
      expect({ hint, met, executions }).toEqual({ hint, met: 0, executions: 2 });
      expect(waits).toBeGreaterThan(0);
    }
    // Without a hint they do meet, where the second worker gets a core in time.
    let met = 0;
    for (let tries = 0; tries < 20 && met === 0; tries++) met = (await meet('none')).met ?? 0;
    expect(met).toBe(1);
  });
});
