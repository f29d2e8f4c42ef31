// Bad input is refused before any worker sees it, by an error that names the field.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkBlockRequest } from '../../../src/config/options.ts';
import {
  type BlockRequest,
  createEngine,
  type Engine,
  type EngineOptions,
  InputError,
  type Task,
} from '../../../src/index.ts';

async function refusal(promise: PromiseLike<unknown>): Promise<InputError> {
  const error = await Promise.resolve(promise).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(InputError);
  expect((error as InputError).code).toBe(-32602);
  return error as InputError;
}

describe('options of the engine', () => {
  const cases: [string, unknown, string][] = [
    ['no workers', { workers: 0 }, 'options.workers'],
    ['10,000 workers', { workers: 10_000 }, 'options.workers'],
    ['half a worker', { workers: 1.5 }, 'options.workers'],
    ['workers by name', { workers: 'many' }, 'options.workers'],
    ['too little memory', { memory: { maximumMiB: 0.5 } }, 'options.memory.maximumMiB'],
    ['more memory than addresses', { memory: { maximumMiB: 4096 } }, 'options.memory.maximumMiB'],
    ['memory that is no number', { memory: { maximumMiB: '256' } }, 'options.memory.maximumMiB'],
    ['an unknown threading', { threading: 'shard' }, 'options.threading'],
    ['a negative time limit', { taskTimeoutMs: -1 }, 'options.taskTimeoutMs'],
    ['a time limit that timers cannot take', { executionTimeoutMs: 2 ** 40 }, 'options.executionTimeoutMs'],
    ['a window of nothing', { window: 0 }, 'options.window'],
    ['a signal that is none', { signal: {} }, 'options.signal'],
    ['a negative chain', { chainId: -1 }, 'options.chainId'],
    ['no options at all', null, 'options'],
    ['a core that is none', { assets: { wasm: new Uint8Array([0, 97, 115, 109]) } }, 'options.assets.wasm'],
  ];
  test.each(cases)('%s', async (_, options, field) => {
    expect((await refusal(createEngine(options as EngineOptions))).field).toBe(field);
  });

  test('unknown keys are refused with the nearest right name', async () => {
    const options = { worker: 2 } as EngineOptions;
    expect((await refusal(createEngine(options))).message).toBe('options.worker: unknown; did you mean "workers"?');
    const memory = { memory: { maximumMib: 2 } } as unknown as EngineOptions;
    expect((await refusal(createEngine(memory))).message).toContain('did you mean "maximumMiB"?');
  });

  test('an unknown value is answered with the nearest right one', async () => {
    const options = { threading: 'shard' } as unknown as EngineOptions;
    expect((await refusal(createEngine(options))).message).toContain('did you mean "shared"?');
  });
});

describe('what a request holds beside the block', () => {
  const deaf = { aborted: false, addEventListener() {} };
  test.each([
    ['hashes that are no Map', { blockHashes: {} }, 'request.blockHashes'],
    ['expectations without transactions', { expected: {} }, 'request.expected.transactions'],
    ['expectations without accounts', { expected: { transactions: [] } }, 'request.expected.post'],
    ['expectations that are a number', { expected: 1 }, 'request.expected'],
    ['a signal that nobody can leave', { signal: deaf }, 'request.signal'],
  ])('%s', (_, request, field) => {
    expect(() => checkBlockRequest(request as unknown as BlockRequest)).toThrow(expect.objectContaining({ field }));
  });
});

test('events that every object inherits are unknown', async () => {
  const engine = await createEngine({ workers: 1 });
  expect(() => engine.on('constructor' as 'run', () => {})).toThrow(InputError);
  await engine.dispose();
});

describe('tasks', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await createEngine({ workers: 1 });
  });
  afterAll(() => engine.dispose());

  const nothing = { execute: () => ({ status: 'success' as const }) };
  const cases: [string, unknown, string, RegExp][] = [
    ['no list', {}, 'tasks', /array/],
    ['a hole', [{ id: 0 }, null], 'tasks[1]', /object/],
    ['a duplicate', [{ id: 0 }, { id: 0 }], 'tasks[1].id', /duplicate/],
    ['a gap', [{ id: 0 }, { id: 2 }], 'tasks[1].id', /missing/],
    ['the wrong order', [{ id: 1 }, { id: 0 }], 'tasks[0].id', /out of order/],
    ['a negative number', [{ id: -1 }], 'tasks[0].id', /expected 0/],
    ['a huge number', [{ id: 2 ** 60 }], 'tasks[0].id', /expected 0/],
    ['a dependency on nothing', [{ id: 0 }, { id: 1, dependencies: [7] }], 'tasks[1].dependencies[0]', /no task 7/],
    ['a dependency on itself', [{ id: 0, dependencies: [0] }], 'tasks[0].dependencies[0]', /cycle: 0 → 0/],
    [
      'a cycle',
      [
        { id: 0, dependencies: [2] },
        { id: 1, dependencies: [0] },
        { id: 2, dependencies: [1] },
      ],
      'tasks[0].dependencies[0]',
      /cycle: 0 → 2 → 1 → 0/,
    ],
    ['a dependency on a later task', [{ id: 0, dependencies: [1] }, { id: 1 }], 'tasks[0].dependencies[0]', /later/],
    ['dependencies that are no list', [{ id: 0, dependencies: 1 }], 'tasks[0].dependencies', /array/],
    ['negative gas', [{ id: 0, estimatedGas: -1n }], 'tasks[0].estimatedGas', /2\^64/],
    ['gas beyond 64 bits', [{ id: 0, estimatedGas: 1n << 64n }], 'tasks[0].estimatedGas', /2\^64/],
    ['a sender that is no address', [{ id: 0, sender: '0x12' }], 'tasks[0].sender', /address/],
  ];
  test.each(cases)('%s', async (_, tasks, field, problem) => {
    const error = await refusal(engine.execute(tasks as Task[], nothing));
    expect(error.field).toBe(field);
    expect(error.message).toMatch(problem);
  });

  test('too many', async () => {
    const tasks = { length: 1 << 20, __proto__: Array.prototype };
    expect((await refusal(engine.execute(new Array(1 << 20).fill({ id: 0 }), nothing))).field).toBe('tasks');
    expect((await refusal(engine.execute(tasks as unknown as Task[], nothing))).field).toBe('tasks');
  });

  test('an executor that is none', async () => {
    for (const executor of [undefined, null, 5, {}, { execute: 1 }, 'relative.js', { module: './x.js' }]) {
      expect((await refusal(engine.execute([], executor as never))).field).toMatch(/^executor/);
    }
  });

  test('a module that cannot be loaded, or exports something else', async () => {
    const missing = 'data:text/javascript,export const nothing = 1;';
    expect((await refusal(engine.execute([{ id: 0 }], missing))).message).toContain('createExecutor');
    expect((await refusal(engine.execute([{ id: 0 }], 'data:text/javascript,export const ='))).field).toBe('executor');
    expect((await refusal(engine.execute([{ id: 0 }], 'file:///nowhere/executor.js'))).field).toBe('executor');
    const throwing = 'data:text/javascript,export function createExecutor() { throw new Error("no licence") }';
    expect((await refusal(engine.execute([{ id: 0 }], throwing))).message).toContain('no licence');
  });

  test('payloads that cannot be sent', async () => {
    const module =
      'data:text/javascript,export const createExecutor = () => ({ execute: () => ({ status: "success" }) })';
    expect((await refusal(engine.execute([{ id: 0, payload: () => 1 }], module))).field).toBe('tasks');
    await expect(engine.execute([{ id: 0, payload: 1 }], module)).resolves.toMatchObject({ results: [{ id: 0 }] });
  });

  test('initial values out of range', async () => {
    expect((await refusal(engine.execute([], nothing, { numbers: { a: -1n } }))).field).toBe('options.numbers["a"]');
    expect((await refusal(engine.execute([], nothing, { data: { a: 'text' } as never }))).field).toBe(
      'options.data["a"]',
    );
    expect((await refusal(engine.execute([], nothing, { numbers: { '': 1n } }))).field).toBe('options.numbers[""]');
  });

  test('programs of the synthetic executor that are none', async () => {
    expect((await refusal(engine.execute([{ id: 0, payload: new Uint8Array(17) }], 'synthetic'))).field).toBe(
      'tasks[0].payload',
    );
  });

  test.each([
    ['an unknown operation', [99, 0, 0, 0], 'instruction 1: there is no operation 99'],
    ['a slot modulo nothing', [9, 1, 0, 0], 'instruction 1: b is a divisor, and 0'],
    ['a slot modulo nothing, written', [10, 1, 0, 0], 'instruction 1: b is a divisor, and 0'],
    ['a division by nothing', [13, 0, 0, 0], 'instruction 1: a is a divisor, and 0'],
    [
      'a skip that would wrap',
      [6, 1, 5, 0x0fffffff],
      'instruction 1: it skips 268435455 instructions, and at most 65535',
    ],
  ])('a program with %s is refused', async (_, words, problem) => {
    const payload = new Uint8Array(Uint32Array.from([1, 1, 1, 0, ...words]).buffer);
    const error = await refusal(engine.execute([{ id: 0, payload }], 'synthetic'));
    expect(error).toMatchObject({ field: 'tasks[0].payload', message: expect.stringContaining(problem) });
  });

  test('a program that its caller changes afterwards runs as it was', async () => {
    const payload = new Uint8Array(Uint32Array.from([1, 1, 1, 0]).buffer);
    const run = engine.execute([{ id: 0, payload }], 'synthetic');
    // There is no operation 255: the core would trap.
    payload.fill(255);
    await expect(run).resolves.toMatchObject({ results: [{ status: 'success' }] });
  });

  test('dependencies added later are checked', () => {
    const run = engine.execute([{ id: 0 }, { id: 1 }], nothing);
    expect(() => run.addDependency(1, 0)).toThrow(InputError);
    expect(() => run.addDependency(0, 2)).toThrow(InputError);
    run.addDependency(0, 1);
  });

  test('no tasks at all are no problem', async () => {
    await expect(engine.execute([], nothing)).resolves.toMatchObject({ results: [] });
  });
});
