// How many workers there are: what runs say decides, and engines have what was decided.
import { describe, expect, test } from 'vitest';
import { PevmEngine } from '../../../src/engine/engine.ts';
import { checkBlockFile, createEngine, InputError, MemoryLimitError, readConfiguration } from '../../../src/index.ts';
import { createTraffic } from '../../../src/traffic/index.ts';
import { type RunLoad, Scaling } from '../../../src/workers/scaling.ts';

const bounds = { minimum: 1, maximum: 8, idleMs: 1000 };

/** A run whose workers were busy, with so much room for others. */
function busy(workers: number, room: number, more: Partial<RunLoad> = {}): RunLoad {
  return { workers, t1Ms: 100, tInfinityMs: 100 / room, executionMs: 100 / workers / 0.9, waiting: 0, ...more };
}

/** A run whose workers mostly waited. */
function idle(workers: number, more: Partial<RunLoad> = {}): RunLoad {
  return { workers, t1Ms: 10, tInfinityMs: 10, executionMs: 10, waiting: 0, ...more };
}

describe('the choice', () => {
  function targets(...loads: RunLoad[]): number[] {
    const scaling = new Scaling(bounds);
    return loads.map((load) => {
      scaling.ran(load);
      return scaling.target;
    });
  }

  test('twice as many where they were busy, up to the most', () => {
    expect(targets(busy(1, 100), busy(2, 100), busy(4, 100), busy(8, 100))).toEqual([2, 4, 8, 8]);
  });

  test('never more than the longest chain leaves room for', () => {
    expect(targets(busy(1, 1.9))).toEqual([1]);
    expect(targets(busy(1, 3), busy(2, 3.5), busy(3, 3.5))).toEqual([2, 3, 3]);
  });

  test('short runs must come by often, or wait for each other', () => {
    const short = { t1Ms: 20, tInfinityMs: 0.1, executionMs: 22 };
    expect(targets(busy(1, 1, short), busy(1, 1, short), busy(1, 1, short))).toEqual([1, 1, 2]);
    expect(targets(busy(1, 1, { ...short, waiting: 1 }))).toEqual([2]);
  });

  test('a run that was given fewer says nothing of more', () => {
    expect(targets(busy(1, 100), busy(2, 100), busy(1, 100))).toEqual([2, 4, 4]);
  });

  test('half as many after four idle runs in a row, down to the least', () => {
    const grown = [busy(1, 100), busy(2, 100)];
    const four = [idle(4), idle(4), idle(4), idle(4)];
    expect(targets(...grown, ...four, ...four, ...four)).toEqual([2, 4, 4, 4, 4, 2, 2, 2, 2, 1, 1, 1, 1, 1]);
    expect(targets(...grown, idle(4), idle(4), idle(4), busy(4, 2), idle(4)).at(-1)).toBe(4);
  });

  test('after a rest there are the least', () => {
    const scaling = new Scaling(bounds);
    scaling.ran(busy(1, 100));
    scaling.rest();
    expect(scaling.target).toBe(1);
  });
});

test('an engine starts more where runs keep it busy, and ends them when nothing runs', {
  timeout: 120_000,
}, async () => {
  const workers = { minimum: 1, maximum: 2, idleMs: 500 };
  await using engine = await PevmEngine.create({ workers, threading: 'shared' });
  expect(engine.capabilities.workers).toBe(2);
  expect(engine.metrics().now.workers).toBe(1);
  const block = checkBlockFile((await createTraffic({ transactions: 150 })).file);
  const first = await engine.executeBlock({ ...block, verify: false });
  expect(first.report.perWorker).toHaveLength(1);
  // Those that wait say that there is more to do.
  for (let tries = 0; engine.metrics().now.workers < 2; tries++) {
    expect(tries).toBeLessThan(200);
    await Promise.all([1, 2, 3].map(() => engine.executeBlock({ ...block, verify: false })));
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const more = await engine.executeBlock({ ...block, verify: false });
  expect([more.gasUsed, more.receiptsRoot]).toEqual([first.gasUsed, first.receiptsRoot]);
  await expect.poll(() => engine.metrics().now.workers, { timeout: 10_000 }).toBe(1);
  const last = await engine.executeBlock({ ...block, verify: false });
  expect([last.gasUsed, last.report.perWorker.length]).toEqual([first.gasUsed, 1]);
});

test('bounds are checked, and read from files and variables', async () => {
  await expect(createEngine({ workers: { minimum: 3, maximum: 2 } })).rejects.toThrow(/workers\.minimum: is 3/);
  await expect(createEngine({ workers: { minimun: 3 } as object })).rejects.toThrow(/did you mean "minimum"/);
  const file = { engine: { min_workers: 2, max_workers: 4 } };
  expect(readConfiguration({ file }).options.workers).toEqual({ minimum: 2, maximum: 4 });
  const environment = { PEVM_ENGINE_MIN_WORKERS: '5' };
  expect(() => readConfiguration({ file, environment })).toThrow(
    /^PEVM_ENGINE_MIN_WORKERS: is 5, and engine\.max_workers is 4/,
  );
  const options = { workers: { minimum: 1, idleMs: 20 } };
  const { settings, ...read } = readConfiguration({ file, options });
  expect(read.options.workers).toEqual({ minimum: 1, maximum: 4, idleMs: 20 });
  expect(settings.find(({ setting }) => setting === 'engine.min_workers')?.origin).toBe('options.workers.minimum');
  expect(readConfiguration({ options }).options.workers).toEqual(options.workers);
});

describe('memory of a run', { timeout: 120_000 }, () => {
  const tasks = Array.from({ length: 400 }, (_, id) => ({ id }));
  const executor = {
    execute({ id }: { id: number }, view: { write(key: string, value: Uint8Array): void }) {
      view.write(`key ${id % 20}`, new Uint8Array(30_000).fill(id % 251));
      return { status: 'success' as const };
    },
  };

  test('a run with less goes on in parts, with the same result; the next one has what the engine has', async () => {
    await using engine = await createEngine({ threading: 'inline', memory: { maximumMiB: 64 } });
    const small = await engine.execute(tasks, executor, { maximumMiB: 8 });
    const large = await engine.execute(tasks, executor);
    expect(small.report.drains).toBeGreaterThan(0);
    expect(large.report.drains).toBe(0);
    expect(small.report.memoryBytes).toBeLessThanOrEqual(8 * 2 ** 20);
    for (let key = 0; key < 20; key++) expect(small.state.read(`key ${key}`)).toEqual(large.state.read(`key ${key}`));
  });

  test.each(['shared', 'inline'] as const)('a block with less has the same receipts, %s', async (threading) => {
    await using engine = await createEngine({ workers: 2, threading, memory: { maximumMiB: 64 } });
    const block = checkBlockFile((await createTraffic({ transactions: 100 })).file);
    const [whole, small] = [
      await engine.executeBlock({ ...block, verify: false }),
      await engine.executeBlock({ ...block, verify: false, maximumMiB: 4 }),
    ];
    expect(small.receiptsRoot).toBe(whole.receiptsRoot);
    expect(small.report.memoryBytes).toBeLessThanOrEqual(4 * 2 ** 20);
  });

  test('what does not fit at all ends the run; more than the engine has is refused', async () => {
    await using engine = await createEngine({ threading: 'inline', memory: { maximumMiB: 16 } });
    const huge = {
      execute: (_: unknown, view: Parameters<typeof executor.execute>[1]) => {
        view.write('key', new Uint8Array(4_000_000));
        return { status: 'success' as const };
      },
    };
    await expect(engine.execute([{ id: 0 }], huge, { maximumMiB: 2 })).rejects.toThrow(MemoryLimitError);
    await expect(engine.execute([{ id: 0 }], executor, { maximumMiB: 17 })).rejects.toThrow(InputError);
    const block = checkBlockFile((await createTraffic({ transactions: 2 })).file);
    await expect(engine.executeBlock({ ...block, maximumMiB: 17 })).rejects.toThrow(/request\.maximumMiB: is 17/);
  });
});
