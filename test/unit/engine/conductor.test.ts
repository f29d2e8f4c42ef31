// How runs go on when memory ends, at moments that real memories seldom choose.
import { afterEach, expect, test, vi } from 'vitest';
import { BlockHost } from '../../../src/core/host/block-host.ts';
import { compileCore } from '../../../src/core/instance/module.ts';
import { createEngine, type StateSource, WorkerError } from '../../../src/index.ts';
import { Conductor } from '../../../src/run/conductor.ts';
import type { Crew } from '../../../src/run/crew.ts';
import { openLocalMemory } from '../../../src/run/local-crew.ts';
import type { RunPlan } from '../../../src/run/run-plan.ts';
import { nameTask } from '../../../src/run/task-name.ts';
import { planOfBlock } from '../../../src/workers/warm-up.ts';
import { Operation, type SyntheticBlock } from '../../support/synthetic.ts';
import { stateOf, tasksOf } from '../../support/synthetic-run.ts';

afterEach(() => vi.restoreAllMocks());

/** The block that engines warm up with. */
function planOfWarmUp(): RunPlan {
  const plan = planOfBlock();
  return { ...plan, window: 16, block: { firstTransaction: 1, transactionCount: plan.count - 1 } };
}

test('an account that was credited keeps its balance where memory ends with its being loaded', async () => {
  await using engine = await createEngine({ workersPerBlock: 'all', workers: 2 });
  const block: SyntheticBlock = {
    balances: { 1: 100 },
    storage: [],
    programs: [[[Operation.CREDIT, 1, 7]], [[Operation.READ_BALANCE, 1]], [[Operation.DEBIT, 1, 50]]],
  };
  const base = stateOf(block);
  // In batches only, so that nobody knows the balance when the credit is made.
  const state: StateSource = {
    load: (keys, options) => base.load(keys, options),
    blockHash: (number) => base.blockHash(number),
  };
  const load = BlockHost.prototype.load;
  let calls = 0;
  vi.spyOn(BlockHost.prototype, 'load').mockImplementation(function (this: BlockHost, image) {
    // The first is the state before the block, the second what was found missing in it.
    return ++calls === 2 ? false : load.call(this, image);
  });
  const drains: number[] = [];
  engine.on('drain', ({ from }) => drains.push(from));
  const { results, state: after } = await engine.execute(tasksOf(block), 'synthetic', { state });
  expect(drains).toEqual([1]);
  expect(results.map(({ status }) => status)).toEqual(['success', 'success', 'success']);
  expect(after.stateDiff.get(`0x${'1'.padStart(40, '0')}`)).toMatchObject({ balance: 57n });
});

test('a run whose workers are lost again and again ends with an error that says so, after as many tries without headway', async () => {
  const plan = planOfWarmUp();
  const { host, worker } = await openLocalMemory(await compileCore(), 256);
  let rounds = 0;
  const crew: Crew = {
    prepare: async () => host,
    async round() {
      // Up to the fourth round there is headway: one transaction each.
      if (++rounds <= 4) {
        worker.core.join(1);
        while (host.committed() === 0) worker.core.next(false, 0);
      }
      host.cancel();
      return 'spent';
    },
  };
  const hooks = { load: () => Promise.reject(new Error('complete')), committed() {}, drain() {} };
  const error = await new Conductor(plan, crew, hooks).run().catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(WorkerError);
  expect((error as WorkerError).message).toBe(
    'transaction 3: 6 times, all workers that a memory has ids for were lost without headway',
  );
  expect(rounds).toBe(4 + 6);
});

test('errors of a block name the transaction, or the step of the protocol', () => {
  const block = { firstTransaction: 2, transactionCount: 3 };
  expect([1, 2, 4, 5].map((task) => nameTask(task, block))).toEqual([
    { index: -1, name: 'a step before the transactions' },
    { index: 0, name: 'transaction 0' },
    { index: 2, name: 'transaction 2' },
    { index: 3, name: 'a step after the transactions' },
  ]);
  expect(nameTask(1, undefined)).toEqual({ index: 1, name: 'task 1' });
});

test.each([true, false])(
  'this thread is told that others execute where they do so elsewhere: %s',
  async (isElsewhere) => {
    const plan = planOfWarmUp();
    const { host, worker } = await openLocalMemory(await compileCore(), 256);
    const told: string[] = [];
    const crew: Crew = {
      isElsewhere,
      prepare: async () => host,
      async round() {
        told.push('began');
        // As if others did it.
        await Promise.resolve();
        worker.core.join(1);
        while (!host.done()) worker.core.next(false, 0);
        told.push('ended');
        return 'over';
      },
    };
    const hooks = {
      load: () => Promise.reject(new Error('complete')),
      committed() {},
      drain() {},
      working: () => void told.push('told'),
    };
    await new Conductor(plan, crew, hooks).run();
    expect(told).toEqual(isElsewhere ? ['began', 'told', 'ended'] : ['began', 'ended']);
  },
);
