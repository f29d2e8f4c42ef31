// What held a run back is named, and is gone where the recommendation is followed.
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { moduleUrl } from '../../../src/base/platform.ts';
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

/** Tasks that take as long as their options say, which is far more than all that is done for them. */
const slow = moduleUrl(`
  const wait = (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
  export function createExecutor({ kind, ms = 0, met }) {
    const met32 = met && new Int32Array(met);
    const kinds = {
      // The even one writes what the odd one after it has read, and the odd one takes its time.
      pairs({ id }, view) {
        const pair = id >> 1;
        if (id % 2 === 0) {
          Atomics.wait(met32, pair, 0, 100);
          view.writeNumber('pair ' + pair, 1n);
        } else {
          view.readNumber('pair ' + pair);
          Atomics.store(met32, pair, 1);
          Atomics.notify(met32, pair);
          wait(ms);
        }
      },
      chain({ id }, view) {
        const sum = view.readNumber('sum');
        wait(ms);
        view.writeNumber('sum', sum + BigInt(id + 1));
      },
      adding({ id }, view) {
        wait(ms);
        view.add('sum', BigInt(id + 1));
      },
      nothing() {},
      alone: () => void wait(ms),
      // Ends its worker, once.
      exit({ id }) {
        if (id === 3 && Atomics.exchange(met32, 0, 1) === 0) process.exit(3);
      },
    };
    return {
      execute(task, view) {
        kinds[kind](task, view);
        return { status: 'success' };
      },
    };
  }
`);

interface Slow {
  readonly kind: 'pairs' | 'chain' | 'adding' | 'nothing' | 'alone' | 'exit';
  readonly ms?: number;
  readonly met?: SharedArrayBuffer;
}

async function slowRun(options: Slow, tasks: readonly { id: number; dependencies?: number[] }[], workers: number) {
  await using engine = await createEngine({ workers, workersPerBlock: 'all' });
  const lost: string[] = [];
  engine.on('worker-lost', ({ reason }) => lost.push(reason));
  const { report, state } = await engine.execute(tasks, { module: slow, options });
  return { ...engine.metrics().analyze(), report, state, lost };
}

// What holds a run back is measured; a busy machine may hold it back more than that, and then it is measured again.
const measured = { retry: 4 };

test('conflicts: with the hints nothing is executed twice', measured, async () => {
  const pairs: Slow = { kind: 'pairs', ms: 10, met: new SharedArrayBuffer(4 * 10) };
  const conflicting = await slowRun(pairs, tasksOf(20), 2);
  expect(conflicting.bottleneck).toBe('conflicts');
  expect(conflicting.recommendation).toMatch(/through number pair .*Dependency hints .*help/);
  expect(conflicting.evidence.reexecutions).toBeGreaterThan(2);
  const hinted = tasksOf(20).map(({ id }) => (id % 2 === 0 ? { id } : { id, dependencies: [id - 1] }));
  const following = await slowRun({ ...pairs, met: new SharedArrayBuffer(4 * 10) }, hinted, 2);
  expect(following.evidence.reexecutions).toBe(0);
  expect(following.bottleneck).not.toBe('conflicts');
});

test('dependencies: sums that add up instead of being read are no chain', measured, async () => {
  const hinted = tasksOf(10).map(({ id }) => (id === 0 ? { id } : { id, dependencies: [id - 1] }));
  const chain = await slowRun({ kind: 'chain', ms: 80 }, hinted, 2);
  expect(chain.bottleneck).toBe('dependencies');
  expect(chain.recommendation).toMatch(/a chain of 10 dependent transactions through number sum .*view\.add/);
  const apart = await slowRun({ kind: 'adding', ms: 80 }, tasksOf(10), 2);
  expect(apart.report.bound.criticalPath).toHaveLength(1);
  expect(apart.bottleneck).not.toBe('dependencies');
  expect([chain, apart].map(({ state }) => state.readNumber('sum'))).toEqual([55n, 55n]);
});

test('scheduling: fewer and longer tasks leave the worker nothing else to do', measured, async () => {
  const short = await slowRun({ kind: 'nothing' }, tasksOf(2000), 1);
  expect(short.bottleneck).toBe('scheduling');
  expect(short.recommendation).toMatch(/tasks are short/);
  const long = await slowRun({ kind: 'alone', ms: 40 }, tasksOf(10), 1);
  expect(long.bottleneck).toBe('none');
  expect([short, long].map(({ report }) => report.executions)).toEqual([2000, 10]);
});

test('lost workers: the event names what ended them, and without that none is lost', async () => {
  const losing = await slowRun({ kind: 'exit', met: new SharedArrayBuffer(4) }, tasksOf(20), 2);
  expect(losing.bottleneck).toBe('worker-loss');
  expect(losing.recommendation).toContain('Listen to "worker-lost"');
  expect(losing.lost).toEqual([expect.stringMatching(/exit/)]);
  const mended = await slowRun({ kind: 'nothing' }, tasksOf(20), 2);
  expect(mended.bottleneck).not.toBe('worker-loss');
  expect([losing, mended].map(({ evidence }) => evidence.workersLost)).toEqual([1, 0]);
});
