// Runs that end early: time limits, cancellation, the end of the engine; and executors that misbehave.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { moduleUrl } from '../../../src/base/platform.ts';
import { PevmEngine } from '../../../src/engine/engine.ts';
import {
  type BlockInput,
  EngineDisposedError,
  ExecutionTimeoutError,
  type Executor,
  memoryState,
  type StateSource,
  StateSourceError,
  TaskTimeoutError,
  WorkerError,
} from '../../../src/index.ts';
import { hintedKeys } from '../../../src/job/state-before.ts';
import { engineWith } from '../../support/engines.ts';

/** Without transactions. */
const block = {
  number: '0x1',
  parentHash: `0x${'00'.repeat(32)}`,
  miner: `0x${'33'.repeat(20)}`,
  mixHash: `0x${'00'.repeat(32)}`,
  gasLimit: '0x1000000',
  timestamp: '0x1',
  baseFeePerGas: '0x7',
  withdrawals: [],
  transactions: [],
} as unknown as BlockInput;

/** Its first worker never comes back from its estimates. */
const undecided = moduleUrl(`
  export function createExecutor() {
    return {
      estimate() { while (true); },
      execute(_, view) {
        view.add('sum', 1n);
        return { status: 'success' };
      },
    };
  }
`);

/** Does what the task's payload says. */
const doer = moduleUrl(`
  export function createExecutor() {
    return {
      execute(task, view) {
        view.add('begun', 1n);
        switch (task.payload) {
          case 'hang': while (true);
          case 'hang unless first': if (view.readNumber('sum') === 0n) while (true); break;
          case 'wait': return new Promise(() => {});
          case 'exit': process.exit(3);
          case 'throw': throw new Error('no luck');
          case 'throw nothing': throw undefined;
          case 'reject': return Promise.reject(new TypeError('no luck later'));
          case 'nothing': return undefined;
          case 'a number': return 5;
          case 'status': return { status: 'splendid' };
          case 'gas': return { status: 'success', gasUsed: -1n };
          case 'gas type': return { status: 'success', gasUsed: 5 };
          case 'output': return { status: 'success', output: 'text' };
          case 'address': view.balance(new Uint8Array(3)); break;
          case 'amount': view.setBalance(new Uint8Array(20), -5n); break;
          case 'key': view.write('', new Uint8Array(1)); break;
          case 'swallow': try { view.readNumber('sum'); } catch {} break;
          case 'slow': { const end = Date.now() + 30; while (Date.now() < end); }
        }
        view.writeNumber('sum', view.readNumber('sum') + 1n);
        return { status: 'success' };
      },
    };
  }
`);

const nonsense: [string, string][] = [
  ['throw', 'the executor threw: no luck'],
  ['throw nothing', 'the executor threw: the executor threw nothing'],
  ['reject', 'the executor threw: no luck later'],
  ['nothing', 'the executor returned undefined as outcome'],
  ['a number', 'the executor returned number as outcome'],
  ['status', 'the executor returned the status splendid'],
  ['gas', 'the executor returned gasUsed -1, which is not a bigint from 0 to 2^64 - 1'],
  ['gas type', 'the executor returned gasUsed 5, which is not a bigint from 0 to 2^64 - 1'],
  ['output', 'the executor returned an output that is not a Uint8Array'],
  ['address', 'the executor threw: the address is not a Uint8Array of 20 bytes'],
  ['amount', 'the executor threw: not a bigint from 0 to 2^256 - 1: -5'],
  ['key', 'the executor threw: a key has 1 to 65535 bytes, this one 0'],
];

function tasksOf(payloads: readonly string[]) {
  return payloads.map((payload, id) => ({ id, payload }));
}

for (const threading of ['shared', 'inline'] as const) {
  describe(`threading ${threading}`, async () => {
    const engine = await engineWith({ workers: 2, threading });

    async function stillWorks(): Promise<void> {
      const { state } = await engine.execute(tasksOf(['', '', '']), doer);
      expect(state.readNumber('sum')).toBe(3n);
    }

    test('an executor that throws or returns nonsense makes a failed task without effect', async () => {
      const { results, state } = await engine.execute(tasksOf(['', ...nonsense.map(([payload]) => payload), '']), doer);
      expect(results.slice(1, -1).map(({ status, error }) => [status, error])).toEqual(
        nonsense.map(([, error]) => ['failed', error]),
      );
      expect(state.readNumber('begun')).toBe(2n);
      expect(state.readNumber('sum')).toBe(2n);
    });

    test('an executor that swallows the signal changes nothing', async () => {
      const payloads = Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? 'slow' : 'swallow')).slice(0, 20);
      const { state } = await engine.execute(tasksOf(payloads), doer);
      expect(state.readNumber('sum')).toBe(20n);
    });

    test('a task that hangs ends the run with an error that names it', async () => {
      const run = engine.execute(tasksOf(['', 'hang', '']), doer, { taskTimeoutMs: 80 });
      const error = await run.catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(TaskTimeoutError);
      expect((error as TaskTimeoutError).index).toBe(1);
      await stillWorks();
    });

    test('a promise that never settles is a task that hangs', async () => {
      const error = await engine
        .execute(tasksOf(['', 'wait']), doer, { taskTimeoutMs: 80 })
        .catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(TaskTimeoutError);
      await stillWorks();
    });

    test('a task that only hangs on a state it never gets to see does no harm', async () => {
      const payloads = ['slow', 'hang unless first', 'hang unless first'];
      const { state } = await engine.execute(tasksOf(payloads), doer, { taskTimeoutMs: 200 });
      expect(state.readNumber('sum')).toBe(3n);
    });

    test('a run that takes too long ends with an error', async () => {
      const run = engine.execute(tasksOf(Array(100).fill('slow')), doer, { executionTimeoutMs: 100 });
      await expect(run).rejects.toBeInstanceOf(ExecutionTimeoutError);
      await stillWorks();
    });

    test('a run that hangs can be cancelled with a reason of its own', async () => {
      const reason = { because: 'we changed our minds' };
      const controller = new AbortController();
      const run = engine.execute(tasksOf(['hang']), doer, { signal: controller.signal });
      setTimeout(() => controller.abort(reason), 50);
      await expect(run.catch((error: unknown) => error)).resolves.toBe(reason);
      await stillWorks();
    });

    test('a run that was cancelled before its turn never starts', async () => {
      const busy = engine.execute(tasksOf(Array(5).fill('slow')), doer);
      const controller = new AbortController();
      const waiting = engine.execute(tasksOf(['hang']), doer, { signal: controller.signal });
      controller.abort('never mind');
      await expect(waiting.catch((error: unknown) => error)).resolves.toBe('never mind');
      await expect(busy).resolves.toBeDefined();
      await stillWorks();
    });

    test('a task that ends its worker every time ends the run with an error', async () => {
      const lost: string[] = [];
      const stop = engine.on('worker-lost', ({ reason }) => lost.push(reason));
      const error = await engine.execute(tasksOf(['', 'exit']), doer).catch((reason: unknown) => reason);
      stop();
      expect(error).toBeInstanceOf(WorkerError);
      // In a run alone on its memory, nobody can say which task it was.
      if (threading === 'shared')
        expect((error as WorkerError).message).toContain('task 1: its worker was lost 8 times');
      expect(lost.length).toBeGreaterThan(1);
      expect(lost[0]).toContain('exit code 3');
      await stillWorks();
    }, 60_000);

    test('results arrive in order while the run goes on', async () => {
      const run = engine.execute(tasksOf(Array(30).fill('slow')), doer);
      const ids: number[] = [];
      let seenBefore = 0;
      let over = false;
      void run.then(() => {
        over = true;
      });
      for await (const { id, status } of run) {
        ids.push(id);
        expect(status).toBe('success');
        if (!over) seenBefore++;
      }
      expect(ids).toEqual(Array.from({ length: 30 }, (_, id) => id));
      expect(seenBefore).toBeGreaterThan(5);
      expect(run.progress).toEqual({ committed: 30, total: 30 });
      const again: number[] = [];
      for await (const { id } of run) again.push(id);
      expect(again).toEqual(ids);
    });

    test('progress counts up while a run goes on', async () => {
      const run = engine.execute(tasksOf(Array(12).fill('slow')), doer);
      const seen = new Set<number>();
      const timer = setInterval(() => seen.add(run.progress.committed), 5);
      await run;
      clearInterval(timer);
      expect(seen.size).toBeGreaterThan(3);
    });

    test('iterating a run that fails throws its error', async () => {
      const run = engine.execute(tasksOf(['', 'hang']), doer, { executionTimeoutMs: 60 });
      await expect(
        (async () => {
          for await (const _ of run);
        })(),
      ).rejects.toBeInstanceOf(ExecutionTimeoutError);
    });

    test('runs that are started together take turns', async () => {
      const runs = Array.from({ length: 5 }, () => engine.execute(tasksOf(['', '', '']), doer));
      for (const { state } of await Promise.all(runs)) expect(state.readNumber('sum')).toBe(3n);
    });

    test('an engine with nothing to do keeps no process alive', async () => {
      const held = () => process.getActiveResourcesInfo().filter((name) => /Worker|MessagePort/.test(name)).length;
      const before = held();
      const other = await PevmEngine.create({ workersPerBlock: 'all', workers: 2, threading });
      await other.execute(tasksOf(['', '']), doer);
      await expect.poll(held).toBeLessThanOrEqual(before);
      await other.dispose();
    });

    test('an engine keeps nothing of the runs before the last', async () => {
      setFlagsFromString('--expose-gc');
      const collectGarbage: () => void = runInNewContext('gc');
      const outputs: WeakRef<Uint8Array>[] = [];
      for (let run = 0; run < 6; run++) {
        const { results } = await engine.execute(tasksOf(['', '']), doer);
        outputs.push(...results.map(({ output }) => new WeakRef(output)));
      }
      await expect
        .poll(() => {
          collectGarbage();
          return outputs.filter((output) => output.deref() !== undefined).length;
        })
        .toBeLessThanOrEqual(2);
    });

    test('results keep nothing of an engine that is gone', async () => {
      setFlagsFromString('--expose-gc');
      const collectGarbage: () => void = runInNewContext('gc');
      const run = async () => {
        const other = await PevmEngine.create({ workersPerBlock: 'all', workers: 2, threading });
        const request = { block, hardfork: 'shanghai', state: memoryState({}) } as const;
        const results = [await other.executeBlock(request), await other.execute(tasksOf(['', '']), doer)];
        await other.dispose();
        return { results, engine: new WeakRef(other) };
      };
      const { results, engine: gone } = await run();
      await expect
        .poll(
          () => {
            collectGarbage();
            return gone.deref() === undefined;
          },
          { timeout: 10_000 },
        )
        .toBe(true);
      expect(results.map(({ report }) => report.bound.criticalPath.length)).toEqual([0, 2]);
    });

    test('what cannot be sent to workers leaves the engine as it was', async () => {
      const other = await engineWith({ workers: 2, threading });
      await expect(other.execute([{ id: 0, payload: () => {} }], doer)).rejects.toThrow(/cannot be sent/);
      const { state } = await other.execute(tasksOf(['', '']), doer);
      expect(state.readNumber('sum')).toBe(2n);
      const request = { block, hardfork: 'shanghai', state: memoryState({}) } as const;
      await expect(other.execute([{ id: 0, payload: () => {} }], doer)).rejects.toThrow(/cannot be sent/);
      expect((await other.executeBlock(request)).gasUsed).toBe(0n);
    });

    test('an engine that is given up while it starts does not start', async () => {
      const controller = new AbortController();
      const engine = PevmEngine.create({ workersPerBlock: 'all', workers: 2, threading, signal: controller.signal });
      controller.abort(new Error('never mind'));
      await expect(engine).rejects.toThrow('never mind');
    });

    test('disposing ends runs in progress and refuses new ones', async () => {
      const other = await PevmEngine.create({ workersPerBlock: 'all', workers: 2, threading });
      const hanging = other.execute(tasksOf(['hang']), doer).catch((error: unknown) => error);
      const waiting = other.execute(tasksOf(['']), doer).catch((error: unknown) => error);
      await new Promise((resolve) => setTimeout(resolve, 30));
      await other.dispose();
      expect(await hanging).toBeInstanceOf(EngineDisposedError);
      expect(await waiting).toBeInstanceOf(EngineDisposedError);
      await expect(other.execute(tasksOf(['']), doer)).rejects.toBeInstanceOf(EngineDisposedError);
      await other.dispose();
    });
  });
}

describe('executors in the calling thread', async () => {
  const engine = await engineWith({ workers: 1 });

  test('leave the event loop its turns', async () => {
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    const executor: Executor = {
      execute() {
        const end = performance.now() + 5;
        while (performance.now() < end);
        return { status: 'success' };
      },
    };
    await engine.execute(tasksOf(Array(40).fill('')), executor);
    clearInterval(timer);
    expect(turns).toBeGreaterThan(5);
  });

  test('can be cancelled, can hang, and the view of a task that was left behind is closed', async () => {
    let late: (() => void) | undefined;
    const executor: Executor = {
      execute: (_, view) =>
        new Promise((_resolve, reject) => {
          late = () => {
            try {
              view.writeNumber('late', 1n);
            } catch (error) {
              reject(error);
              throw error;
            }
          };
        }),
    };
    const error = await engine
      .execute(tasksOf(['']), executor, { taskTimeoutMs: 30 })
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(TaskTimeoutError);
    const good: Executor = {
      execute(_, view) {
        view.add('late', 5n);
        return { status: 'success' };
      },
    };
    const { state } = await engine.execute(tasksOf(['']), good);
    expect(late).toBeDefined();
    expect(state.readNumber('late')).toBe(5n);
  });

  test('give hints that may be wrong', async () => {
    const executor: Executor = {
      execute: ({ id }, view) => {
        view.writeNumber('last', BigInt(id));
        return { status: 'success' };
      },
      estimate({ id }) {
        if (id === 2) throw new Error('cannot estimate');
        return { gas: 5n, dependencies: [id - 1, id + 1, -4, 2 ** 40] };
      },
    };
    const { state } = await engine.execute(tasksOf(['', '', '', '']), executor);
    expect(state.readNumber('last')).toBe(3n);
  });
});

test('who never comes back from an estimate is ended with the block, which does not need it', async () => {
  const engine = await engineWith({ workers: 2, threading: 'shared' });
  const tasks = Array.from({ length: 12 }, (_, id) => ({ id }));
  const { state, report } = await engine.execute(tasks, undecided);
  expect(state.readNumber('sum')).toBe(12n);
  expect(report.workersLost).toBe(1);
});

test('a time limit names the state source where that has not answered', async () => {
  const engine = await engineWith({ workers: 1 });
  const silent: StateSource = { load: () => new Promise(() => {}), blockHash: () => new Promise(() => {}) };
  const run = engine.executeBlock({ block, hardfork: 'shanghai', state: silent, executionTimeoutMs: 50 });
  await expect(run).rejects.toThrow('no result within 50 ms: waiting for the state source');
  // The engine goes on.
  expect((await engine.executeBlock({ block, hardfork: 'shanghai', state: memoryState({}) })).gasUsed).toBe(0n);
});

describe('a state source that never answers', () => {
  const TARGET = `0x${'11'.repeat(20)}` as const;
  const never = () => new Promise<never>(() => {});
  const late = /has not answered within 30 ms: account 0x/;

  test('ends the run with an error that names what it was asked, and hears of it', async () => {
    const engine = await engineWith({ workers: 1, stateTimeoutMs: 30 });
    let heard: AbortSignal | undefined;
    const load: StateSource['load'] = (_, { signal } = {}) => {
      heard = signal;
      return never();
    };
    const run = engine.executeBlock({ block, hardfork: 'shanghai', state: { load, blockHash: never } });
    await expect(run).rejects.toThrow(late);
    await expect(run).rejects.toThrow(StateSourceError);
    expect(heard?.aborted).toBe(true);
    expect((await engine.executeBlock({ block, hardfork: 'shanghai', state: memoryState({}) })).gasUsed).toBe(0n);
  });

  test('ends what a world is asked, too', async () => {
    const engine = await engineWith({ workers: 1, stateTimeoutMs: 30 });
    const world = await engine.openWorld({ state: { load: never, blockHash: never }, chain: 1 });
    await expect(world.getBalance(TARGET)).rejects.toThrow(late);
    await expect(world.getCode(TARGET)).rejects.toThrow(late);
    await expect(world.call({ to: TARGET })).rejects.toThrow(late);
  });

  test('is waited for while it counts what it does', async () => {
    const engine = await engineWith({ workers: 1, stateTimeoutMs: 30 });
    const known = memoryState({});
    let messages = 0;
    const state: StateSource = {
      load: async (keys) => {
        for (; messages < 10; messages++) await new Promise((done) => setTimeout(done, 10));
        return known.load(keys);
      },
      blockHash: never,
      statistics: () => ({ rounds: 0, requests: 0, messages, keys: 0, wasted: 0, bytes: 0 }),
    };
    expect((await engine.executeBlock({ block, hardfork: 'shanghai', state })).gasUsed).toBe(0n);
  });
});

test.each([16, 64])('a hint of too many keys leaves a block with %i MiB of memory as it is', async (maximumMiB) => {
  const engine = await engineWith({ workers: 1, memory: { maximumMiB } });
  const known = memoryState({});
  const addresses = Array.from({ length: 70_000 }, (_, i) => `0x${(i + 1).toString(16).padStart(40, '0')}` as const);
  const state: StateSource = {
    load: (keys) => known.load(keys),
    blockHash: (number) => known.blockHash(number),
    hint: async () => addresses.map((address) => ({ kind: 'account', address })),
  };
  expect((await engine.executeBlock({ block, hardfork: 'shanghai', state })).gasUsed).toBe(0n);
});

test('a hint that never comes is done without', async () => {
  const given = [{ kind: 'account', address: `0x${'11'.repeat(20)}` }] as const;
  expect(await hintedKeys({ hint: () => new Promise(() => {}) }, block, 20)).toEqual([]);
  expect(await hintedKeys({ hint: async () => [...given] }, block, 20)).toEqual(given);
});
