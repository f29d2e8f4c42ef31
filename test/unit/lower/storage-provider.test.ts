// Views of tasks that somebody else gives parts of: the rest is the store's, with all that it promises.
import { expect, test } from 'vitest';
import { createEngine, type Executor, type StateView } from '../../../src/index.ts';

const tasks = Array.from({ length: 30 }, (_, id) => ({ id }));

test('what is provided is asked, per task; all else falls back to the store, and is validated', async () => {
  const asked: number[] = [];
  const executor: Executor = {
    storage: {
      viewOf({ id }, store) {
        asked.push(id);
        if (id % 3 === 0) return undefined;
        return {
          readNumber: (key) => (key === 'rate' ? BigInt(id % 3) : store.readNumber(key)),
          writeNumber: (key, value) => store.writeNumber(`${key}`, value + 1n),
        };
      },
    },
    execute({ id }, view) {
      expect(view.index).toBe(id);
      view.writeNumber('chain', view.readNumber('chain') * 3n + view.readNumber('rate'));
      view.write(`seen ${id}`, view.read('word'));
      return { status: 'success' };
    },
  };
  await using engine = await createEngine({ threading: 'inline' });
  const { state, results } = await engine.execute(tasks, executor, {
    numbers: { rate: 5n },
    data: { word: Uint8Array.of(9) },
  });
  let chain = 0n;
  for (const { id } of tasks) chain = chain * 3n + (id % 3 === 0 ? 5n : BigInt(id % 3) + 1n);
  expect(results.every(({ status }) => status === 'success')).toBe(true);
  expect(state.readNumber('chain')).toBe(chain);
  expect(state.read('seen 29')).toEqual(Uint8Array.of(9));
  expect(new Set(asked).size).toBe(tasks.length);
});

test('executors in workers have theirs, and methods are called on their owner', { timeout: 60_000 }, async () => {
  const module = `export function createExecutor() {
    class Rates { factor = 4n; readNumber(key) { return key === 'rate' ? this.factor : this.store.readNumber(key); } }
    return {
      storage: { viewOf: (task, store) => Object.assign(new Rates(), { store }) },
      execute({ id }, view) {
        view.writeNumber('chain', view.readNumber('chain') + view.readNumber('rate') * BigInt(id));
        return { status: 'success' };
      },
    };
  }`;
  await using engine = await createEngine({ workers: 2, executor: 'wasm' });
  const url = `data:text/javascript,${encodeURIComponent(module)}`;
  const { state } = await engine.execute(tasks, url);
  expect(state.readNumber('chain')).toBe(4n * 435n);
});

test('a provider that throws fails its task alone', async () => {
  const executor: Executor = {
    storage: {
      viewOf({ id }): Partial<StateView> {
        if (id === 1) throw new Error('no view of 1');
        return {};
      },
    },
    execute: (_, view) => {
      view.add('count', 1n);
      return { status: 'success' };
    },
  };
  await using engine = await createEngine({ threading: 'inline' });
  const { state, results } = await engine.execute(tasks.slice(0, 3), executor);
  expect(results.map(({ status }) => status)).toEqual(['success', 'failed', 'success']);
  expect(results[1]?.error).toMatch(/no view of 1/);
  expect(state.readNumber('count')).toBe(2n);
});
