// Custom tasks through the engine, with workers, with one worker alone, and in the calling thread.
import { afterAll, describe, expect, test } from 'vitest';
import { createEngine, type Engine, type Executor } from '../../../src/index.ts';
import { moduleUrl } from '../../../src/workers/platform.ts';

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

const engines: Engine[] = [];
afterAll(async () => {
  for (const engine of engines) await engine.dispose();
});

for (const threading of ['shared', 'inline'] as const) {
  describe(`with threading ${threading}`, async () => {
    const engine = await createEngine({ workers: 2, threading });
    engines.push(engine);

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
