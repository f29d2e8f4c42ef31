// The block that warms the core's EVM up: it must do the work that it is there for.
import { expect, test } from 'vitest';
import { readEvmResult } from '../../../src/core/evm/evm-decode.ts';
import { Results } from '../../../src/core/host/outcome.ts';
import { warmUpBlock } from '../../../src/core/host/warm-up-block.ts';
import { compileCore } from '../../../src/core/instance/module.ts';
import { Conductor } from '../../../src/run/conductor.ts';
import { LocalCrew, openLocalMemory } from '../../../src/run/local-crew.ts';
import { warmUp } from '../../../src/workers/local-warm-up.ts';

test('every transaction of the warm-up block succeeds, and those that call contracts loop, store and log', async () => {
  const { environment, transactions, image } = warmUpBlock();
  const memory = await openLocalMemory(await compileCore(), 256);
  const crew = new LocalCrew(memory, { tasks: [], executor: undefined, pause: async () => {} });
  const count = transactions.costs.length;
  const plan = {
    count,
    tasks: [],
    programs: undefined,
    evm: { environment, transactions },
    image,
    complete: true,
    window: 16,
    haltOnInvalid: false,
    profile: false,
    sequential: false,
    block: undefined,
    checkpoint: undefined,
  };
  const hooks = { load: () => Promise.reject(new Error('complete')), committed() {}, drain() {} };
  const outcome = await new Conductor(plan, crew, hooks).run();
  const raw = new Results(outcome.results);
  const results = Array.from({ length: raw.length }, (_, index) => raw.at(index));
  expect(results.map(({ status }) => status)).toEqual(results.map(() => 'success'));
  expect(results.length).toBe(count);
  const logs = results.map(({ output }) => readEvmResult(output, 0).logs.length);
  expect(logs).toEqual(results.map((_, i) => (i % 4 === 3 ? 0 : 24)));
});

test('warming up ends', async () => {
  await warmUp(await compileCore());
});
