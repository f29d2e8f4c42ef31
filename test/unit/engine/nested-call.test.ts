// Calls of an engine from within what one of its runs waits for: refused, never waited for.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createEngine, type Engine, InputError, memoryState, type StateSource } from '../../../src/index.ts';
import { Operation, type SyntheticBlock } from '../../support/synthetic.ts';
import { stateOf, tasksOf } from '../../support/synthetic-run.ts';

const block: SyntheticBlock = { balances: { 1: 100 }, storage: [], programs: [[[Operation.READ_BALANCE, 1]]] };
const base = stateOf(block);
const run = (engine: Engine, state: StateSource) => engine.execute(tasksOf(block), 'synthetic', { state });

let engine: Engine;
let other: Engine;
beforeAll(async () => {
  engine = await createEngine({ workers: 1 });
  other = await createEngine({ workers: 1 });
});
afterAll(async () => {
  await engine.dispose();
  await other.dispose();
});

/** A source that calls something before it answers. */
function calling(call: () => PromiseLike<unknown>): StateSource {
  return {
    async load(keys, options) {
      await undefined;
      await call();
      return base.load(keys, options);
    },
    blockHash: (number) => base.blockHash(number),
  };
}

test('a state source that calls the engine that asks it is refused, and the engine works on', async () => {
  const error = await run(
    engine,
    calling(() => run(engine, base)),
  ).catch((reason: unknown) => reason);
  expect((error as Error).cause).toBeInstanceOf(InputError);
  expect((await run(engine, base)).results[0]?.status).toBe('success');
});

test('so is one that calls it by way of another engine', async () => {
  const inner = calling(() => run(engine, base));
  const error = await run(
    engine,
    calling(() => run(other, inner)),
  ).catch((reason: unknown) => reason);
  expect((error as Error).cause).toBeInstanceOf(InputError);
});

test('a state source may call another engine', async () => {
  const state = calling(() => run(other, base));
  expect((await run(engine, state)).results[0]?.status).toBe('success');
});

test('what a state source leaves behind may call the engine afterwards', async () => {
  let later: Promise<unknown> | undefined;
  let go = () => {};
  const gone = new Promise<void>((resolve) => {
    go = resolve;
  });
  const state = calling(async () => {
    later ??= gone.then(() => run(engine, base));
  });
  await run(engine, state);
  go();
  await expect(later).resolves.toBeDefined();
});

test('an executor on the calling thread that calls its engine is refused', async () => {
  const executor = {
    async execute() {
      await engine.execute([], 'synthetic');
      return { status: 'success' as const };
    },
  };
  const { results } = await engine.execute([{ id: 0, payload: undefined }], executor, { state: memoryState({}) });
  expect(results[0]?.error).toContain('may not call the engine');
});
