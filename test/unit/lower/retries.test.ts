// Attempts that threw are made again where their executor says so, with nothing left of the tries before.
import { expect, test } from 'vitest';
import { createEngine, type Executor, type RetryPolicy } from '../../../src/index.ts';

const tasks = Array.from({ length: 6 }, (_, id) => ({ id }));

/** Each task throws so often as its id, and writes before it does. */
function flaky(retry: RetryPolicy | undefined, calls: number[]): Executor {
  return {
    ...(retry && { retry }),
    async execute({ id }, view) {
      calls[id] = (calls[id] ?? 0) + 1;
      view.writeNumber(`try ${calls[id]} of ${id}`, 1n);
      view.add('done', 1n);
      if (calls[id]! <= id) throw new Error(`not yet ${id}`);
      return { status: 'success' };
    },
  };
}

test('as often as it says, and only the last try has written', async () => {
  const calls: number[] = [];
  await using engine = await createEngine({ threading: 'inline' });
  const { results, state } = await engine.execute(tasks, flaky({ count: 3 }, calls));
  expect(results.map(({ status }) => status)).toEqual(['success', 'success', 'success', 'success', 'failed', 'failed']);
  expect(calls).toEqual([1, 2, 3, 4, 4, 4]);
  expect(results[5]!.error).toContain('not yet 5');
  expect(state.readNumber('done')).toBe(4n);
  expect(state.readNumber('try 1 of 2')).toBe(0n);
  expect(state.readNumber('try 3 of 2')).toBe(1n);
});

test('not at all where nothing is said, nor for errors that do not pass', async () => {
  await using engine = await createEngine({ threading: 'inline' });
  const calls: number[] = [];
  await engine.execute(tasks, flaky(undefined, calls));
  expect(calls).toEqual([1, 1, 1, 1, 1, 1]);
  const others: number[] = [];
  const when = (error: unknown) => (error as Error).message === 'not yet 2';
  const { results } = await engine.execute(tasks, flaky({ count: 9, when }, others));
  expect(others).toEqual([1, 1, 3, 1, 1, 1]);
  expect(results[2]!.status).toBe('success');
});

test('with delays that grow, of which the executor hears; a policy that is none is none', async () => {
  const heard: [number, number, number][] = [];
  const retried: RetryPolicy['retried'] = ({ task, tries, delayMs }) => void heard.push([task.id, tries, delayMs]);
  await using engine = await createEngine({ threading: 'inline' });
  await engine.execute(tasks.slice(0, 4), flaky({ count: 3, delayMs: 2, factor: 3, retried }, []));
  expect(heard).toEqual([
    [1, 1, 2],
    [2, 1, 2],
    [2, 2, 6],
    [3, 1, 2],
    [3, 2, 6],
    [3, 3, 18],
  ]);
  for (const wrong of [{ count: Number.NaN }, { count: 3, delayMs: -1 }, { count: 3, factor: Number.NaN }]) {
    const calls: number[] = [];
    await engine.execute(tasks.slice(0, 2), flaky(wrong, calls));
    expect(calls).toEqual([1, 1]);
  }
});

test('what meets a value that is not there yet is no try, and executors in workers try again too', {
  timeout: 60_000,
}, async () => {
  const module = `export function createExecutor() {
    const failed = new Set();
    return {
      retry: { count: 50, delayMs: 1 },
      execute({ id }, view) {
        const sum = view.readNumber('sum');
        if (!failed.has(id + ' ' + sum)) {
          failed.add(id + ' ' + sum);
          view.writeNumber('sum', 1000n);
          throw new Error('once');
        }
        view.writeNumber('sum', sum + BigInt(id));
        return { status: 'success' };
      },
    };
  }`;
  await using engine = await createEngine({ workers: 2, executor: 'wasm' });
  const many = Array.from({ length: 40 }, (_, id) => ({ id }));
  const { state, results } = await engine.execute(many, `data:text/javascript,${encodeURIComponent(module)}`);
  expect(results.every(({ status }) => status === 'success')).toBe(true);
  expect(state.readNumber('sum')).toBe(780n);
});
