// The block that warms the core's EVM up: it must do the work that it is there for.
import { expect, test } from 'vitest';
import { readEvmResult } from '../../../src/core/evm/evm-decode.ts';
import { Results } from '../../../src/core/host/outcome.ts';
import { compileCore } from '../../../src/core/instance/module.ts';
import { Conductor } from '../../../src/run/conductor.ts';
import { LocalCrew, openLocalMemory } from '../../../src/run/local-crew.ts';
import { warmUp } from '../../../src/workers/local-warm-up.ts';
import { planOfBlock, silent } from '../../../src/workers/warm-up.ts';

test('every transaction of the warm-up block succeeds, and those that call contracts loop, store and log', async () => {
  const memory = await openLocalMemory(await compileCore(), 256);
  const crew = new LocalCrew(memory, { tasks: [], executor: undefined, pause: async () => {} });
  const plan = { ...planOfBlock(), window: 16 };
  const outcome = await new Conductor(plan, crew, silent).run();
  const raw = new Results(outcome.results);
  const results = Array.from({ length: raw.length }, (_, index) => raw.at(index));
  expect(results.map(({ status }) => status)).toEqual(results.map(() => 'success'));
  expect(results.length).toBe(plan.count);
  const logs = results.map(({ output }) => readEvmResult(output, 0).logs.length);
  expect(logs).toEqual(results.map((_, i) => (i % 4 === 3 ? 0 : 24)));
});

test('warming up ends', async () => {
  await warmUp(await compileCore());
});
