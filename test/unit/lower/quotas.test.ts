// What tasks and runs may use: gas, bytes and time, by run, executor and task, and what is said where it was more.
import { expect, test } from 'vitest';
import {
  createEngine,
  type EngineEvents,
  type ExecutionOptions,
  type Executor,
  QuotaError,
  type Task,
  TaskTimeoutError,
} from '../../../src/index.ts';

const tasks = Array.from({ length: 6 }, (_, id) => ({ id }));
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Each task uses so much gas as its id, and writes so many bytes under a key of one. */
const thrifty: Executor = {
  execute({ id }, view) {
    view.add('sum', 1n);
    if (id > 0) view.write('k', new Uint8Array(id));
    return { status: 'success', gasUsed: BigInt(id) };
  },
};

async function run(executor: Executor, options: ExecutionOptions, list: readonly Task[] = tasks) {
  await using engine = await createEngine({ threading: 'inline' });
  const heard: EngineEvents['quota'][] = [];
  engine.on('quota', (event) => heard.push(event));
  const { results, state } = await engine.execute(list, executor, options);
  return { results, state, heard };
}

test('a task that uses more gas than it may has failed, has written nothing, and is told', async () => {
  const { results, state, heard } = await run(thrifty, { taskQuota: { gas: 3n } });
  expect(results.map(({ status }) => status)).toEqual([...Array(4).fill('success'), 'failed', 'failed']);
  expect(results[4]).toMatchObject({
    gasUsed: 3n,
    error: 'the quota of gas is exceeded: 4 gas, at most 3',
    exceeded: { quota: 'gas', limit: 3n, used: 4n },
  });
  expect(results[3]).not.toHaveProperty('exceeded');
  expect(state.readNumber('sum')).toBe(4n);
  expect(heard).toEqual([
    { task: 4, quota: 'gas', limit: 3n, used: 4n },
    { task: 5, quota: 'gas', limit: 3n, used: 5n },
  ]);
});

test('one that writes more bytes than it may ends there, whatever its executor makes of that', async () => {
  const stubborn: Executor = {
    execute(task, view) {
      try {
        return thrifty.execute(task, view);
      } catch {
        return { status: 'success' };
      }
    },
  };
  // 3 + 32 for the sum, 1 for the key.
  for (const executor of [thrifty, stubborn]) {
    const { results, state } = await run(executor, { taskQuota: { memoryBytes: 38 } });
    expect(results.map(({ exceeded }) => exceeded?.used)).toEqual([undefined, undefined, undefined, 39n, 40n, 41n]);
    expect(results[3]!.exceeded).toEqual({ quota: 'memory', limit: 38n, used: 39n });
    expect(state.read('k')).toEqual(new Uint8Array(2));
    expect(state.readNumber('sum')).toBe(3n);
  }
});

test('one that takes longer than it may is ended where it waits, and failed where it comes back late', async () => {
  const views: unknown[] = [];
  let begun = () => {};
  const next = new Promise<void>((resolve) => {
    begun = resolve;
  });
  const slow: Executor = {
    async execute({ id }, view) {
      view.writeNumber(`begun ${id}`, 1n);
      if (id === 1) await pause(60_000);
      if (id === 2) {
        const end = performance.now() + 310;
        while (performance.now() < end);
      }
      // Comes back while the attempt after it is under way.
      if (id === 3) {
        await next;
        try {
          view.writeNumber('late', 1n);
        } catch (error) {
          views.push((error as Error).message);
        }
      }
      if (id === 4) {
        begun();
        await pause(1);
      }
      return { status: 'success' };
    },
  };
  const { results, state, heard } = await run(slow, { taskQuota: { timeMs: 300 } });
  expect(results.map(({ status }) => status)).toEqual(['success', 'failed', 'failed', 'failed', 'success', 'success']);
  expect(heard.map(({ task, quota, limit }) => [task, quota, limit])).toEqual(
    [1, 2, 3].map((id) => [id, 'time', 300n]),
  );
  expect(views).toEqual(['this attempt is over: its view can no longer be used']);
  expect(state.readNumber('late')).toBe(0n);
});

test('the lowest of what run, executor and task say holds; what an executor says that is none is dropped', async () => {
  const list = tasks.map((task) => ({ ...task, ...(task.id === 2 && { quota: { gas: 1n } }) }));
  const { results } = await run({ ...thrifty, quota: { gas: 4n } }, { taskQuota: { gas: 3n } }, list);
  expect(results.map(({ exceeded }) => exceeded?.limit)).toEqual([...[undefined, undefined, 1n, undefined, 3n, 3n]]);
  const wrong = { gas: 'much', memoryBytes: Number.NaN, timeMs: -1 } as never;
  const { results: all } = await run({ ...thrifty, quota: wrong }, {});
  expect(all.every(({ status }) => status === 'success')).toBe(true);
});

test('what has used too much is not tried again; the bytes of a try that threw do not count', async () => {
  let calls = 0;
  const { results } = await run(
    {
      retry: { count: 3 },
      execute({ id }, view) {
        calls++;
        view.write('k', new Uint8Array(id === 0 ? 100 : 20));
        if (calls === 3) throw new Error('busy');
        return { status: 'success' };
      },
    },
    { taskQuota: { memoryBytes: 30 } },
    tasks.slice(0, 2),
  );
  expect(results.map(({ status }) => status)).toEqual(['failed', 'success']);
  expect(calls).toBeLessThan(5);
});

test.each([1, 2, 3, 4])('executors in %i workers have them too', { timeout: 60_000 }, async (workers) => {
  const module = `export const createExecutor = () => ({
    quota: { memoryBytes: 100 },
    async execute({ id }, view) {
      view.add('sum', 1n);
      if (id % 10 === 3) view.write('k', new Uint8Array(200));
      if (id % 20 === 7) await new Promise(() => {});
      return { status: 'success', gasUsed: BigInt(id % 10 === 5 ? 9 : 1) };
    },
  })`;
  await using engine = await createEngine({ workers });
  const heard: EngineEvents['quota'][] = [];
  engine.on('quota', (event) => heard.push(event));
  const many = Array.from({ length: 40 }, (_, id) => ({ id, ...(id % 20 === 7 && { quota: { timeMs: 20 } }) }));
  const url = `data:text/javascript,${encodeURIComponent(module)}`;
  const { results, state } = await engine.execute(many, url, { taskQuota: { gas: 5n } });
  const expected = many.map(({ id }) => {
    if (id % 10 === 3) return 'memory';
    if (id % 20 === 7) return 'time';
    return id % 10 === 5 ? 'gas' : undefined;
  });
  expect(results.map(({ exceeded }) => exceeded?.quota)).toEqual(expected);
  expect(state.readNumber('sum')).toBe(BigInt(expected.filter((quota) => quota === undefined).length));
  expect(heard.map(({ task, quota }) => [task, quota])).toEqual(
    expected.flatMap((quota, id) => (quota === undefined ? [] : [[id, quota]])),
  );
});

test('a run that uses more gas than it may ends with the task that did', async () => {
  await using engine = await createEngine({ threading: 'inline' });
  const ended = await engine.execute(tasks, thrifty, { gasQuota: 9n }).then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(ended).toBeInstanceOf(QuotaError);
  expect(ended).toMatchObject({ index: 4, quota: 'gas', limit: 9n, used: 10n });
  expect((ended as Error).message).toBe('task 4: the run has used 10 gas, at most 9');
  const { results } = await engine.execute(tasks, thrifty, { gasQuota: 15n });
  expect(results).toHaveLength(6);
});

test('a task has a time limit of its own', { timeout: 60_000 }, async () => {
  const module = `export const createExecutor = () => ({
    execute({ id }, view) {
      view.add('sum', 1n);
      const end = performance.now() + (id === 2 ? 60_000 : 0);
      while (performance.now() < end);
      return { status: 'success' };
    },
  })`;
  const url = `data:text/javascript,${encodeURIComponent(module)}`;
  for (const workers of [1, 2]) {
    await using engine = await createEngine({ workers });
    const list = tasks.map((task) => ({ ...task, ...(task.id === 2 && { timeoutMs: 100 }) }));
    const ended = await engine.execute(list, url).catch((error: unknown) => error);
    expect(ended).toBeInstanceOf(TaskTimeoutError);
    expect(ended).toMatchObject({ index: 2 });
  }
});

test('estimates of time make a plan: the longest task begins early', { timeout: 60_000 }, async () => {
  // Says when it began, on the clock of all threads.
  const module = `export const createExecutor = () => ({
    execute({ id }, view) {
      view.write('began ' + id, new TextEncoder().encode(String(performance.timeOrigin + performance.now())));
      const end = performance.now() + 4;
      while (performance.now() < end);
      return { status: 'success' };
    },
  })`;
  await using engine = await createEngine({ workers: 2 });
  const list = Array.from({ length: 40 }, (_, id) => ({ id, estimatedMs: id === 39 ? 200 : 1 }));
  const planned = await engine.execute(list, `data:text/javascript,${encodeURIComponent(module)}`);
  expect(planned.report.planning).toMatchObject({ early: 1, predicted: 0 });
  const began = (id: number) => Number(new TextDecoder().decode(planned.state.read(`began ${id}`)));
  expect(began(39)).toBeLessThan(began(30));

  const plain: Executor = { execute: () => ({ status: 'success' }) };
  const gas = list.map(({ id }) => ({ id, estimatedGas: id === 39 ? 200n : 1n }));
  expect((await engine.execute(gas, plain)).report.planning).toMatchObject({ early: 1, predicted: 0 });
  const bare = list.map(({ id }) => ({ id }));
  const estimate = ({ id }: Task) => ({ durationMs: id === 39 ? 200 : 1, gas: 1n });
  const asked = await engine.execute(bare, { ...plain, estimate });
  expect(asked.report.planning).toMatchObject({ early: 1 });
  expect((await engine.execute(bare, plain)).report.planning).toBeUndefined();
});

test('what is no quota and no time is refused by name', async () => {
  await using engine = await createEngine({ threading: 'inline' });
  for (const [options, list, message] of [
    [{ taskQuota: { gas: 3 } }, tasks, 'options.taskQuota.gas: expected a bigint'],
    [{ taskQuota: { memory: 3 } }, tasks, 'options.taskQuota.memory: unknown; did you mean "memoryBytes"?'],
    [{ gasQuota: -1n }, tasks, 'options.gasQuota: expected a bigint from 0'],
    [{}, [{ id: 0, quota: { timeMs: 0 } }], 'tasks[0].quota.timeMs: expected more than 0'],
    [{}, [{ id: 0, timeoutMs: -1 }], 'tasks[0].timeoutMs: expected more than 0'],
    [{}, [{ id: 0, estimatedMs: '1' }], 'tasks[0].estimatedMs: expected milliseconds from 0'],
  ] as const) {
    await expect((async () => engine.execute(list as never, thrifty, options as never))()).rejects.toThrow(message);
  }
});
