// What held a run back is named, and is gone where the recommendation is followed.
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import {
  createEngine,
  type ExecutionOptions,
  type Executor,
  memoryState,
  type StateSource,
} from '../../../src/index.ts';

const tasksOf = (count: number) => Array.from({ length: count }, (_, id) => ({ id }));

async function bottleneckOf(executor: Executor, count: number, options: ExecutionOptions = {}) {
  await using engine = await createEngine({ workers: 2 });
  await engine.execute(tasksOf(count), executor, options);
  return engine.metrics().analyze();
}

test('little memory: with more of it the run is not drained', async () => {
  const executor: Executor = {
    execute({ id }, view) {
      view.write(`key ${id % 4}`, new Uint8Array(200_000));
      return { status: 'success' };
    },
  };
  const small = await bottleneckOf(executor, 100, { maximumMiB: 12 });
  expect(small.bottleneck).toBe('memory');
  expect(small.recommendation).toContain('Raise memory.maximumMiB');
  const large = await bottleneckOf(executor, 100, { maximumMiB: 64 });
  expect(large.bottleneck).not.toBe('memory');
  expect([small.evidence.drains! > 0, large.evidence.drains]).toEqual([true, 0]);
});

test('a slow source: with a nearer one the run does not wait for state', async () => {
  const near = memoryState({});
  const slow: StateSource = {
    async load(keys, options) {
      await pause(1_000);
      return near.load(keys, options);
    },
    blockHash: (number) => near.blockHash(number),
  };
  const executor: Executor = {
    execute({ id }, view) {
      view.balance(new Uint8Array(20).fill(id + 1));
      return { status: 'success' };
    },
  };
  const far = await bottleneckOf(executor, 8, { state: slow });
  expect(far.bottleneck).toBe('state-loading');
  const close = await bottleneckOf(executor, 8, { state: near });
  expect(close.bottleneck).not.toBe('state-loading');
});

test('too little to do: more tasks in one list are enough', async () => {
  const executor: Executor = { execute: () => ({ status: 'success' }) };
  expect((await bottleneckOf(executor, 1)).bottleneck).toBe('too-few-transactions');
  expect((await bottleneckOf(executor, 100)).bottleneck).not.toBe('too-few-transactions');
});
