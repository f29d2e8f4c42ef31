// Random programs on several workers, with state from afar too: the engine's result against that of one instance of the core in order.
import { afterAll, expect, test } from 'vitest';
import { createEngine, type Engine, type StateSource } from '../../src/index.ts';
import { count } from '../support/effort.ts';
import { EvmDuel } from '../support/evm-scenario.ts';
import { fuzzCase, toScenario } from '../support/fuzz-case.ts';
import { parallelDifference, requestOf, validPart } from '../support/fuzz-request.ts';

const minutes = 60_000;
const WORKERS = [2, 4];

const engines: Engine[] = [];
afterAll(async () => {
  for (const engine of engines) await engine.dispose();
});

test('blocks of random programs come out of 2 and 4 workers as they do in order', {
  timeout: 240 * minutes,
}, async () => {
  for (const workers of WORKERS)
    engines.push(await createEngine({ workersPerBlock: 'all', workers, threading: 'shared', executor: 'wasm' }));
  const duel = await EvmDuel.create();
  const blocks = count('parallel-programs', { ci: 300, long: 20_000 });
  let reexecutions = 0;
  let loads = 0;
  for (let seed = 1; seed <= blocks; seed++) {
    const scenario = validPart(duel, toScenario(fuzzCase(seed)));
    let request = requestOf(scenario);
    // State that is loaded when it is found missing gives the same.
    if (seed % 3 === 0) request = { ...request, state: distant(request.state!) };
    for (const [index, engine] of engines.entries()) {
      const result = await engine.executeBlock(request);
      reexecutions += result.report.reexecutions;
      loads += result.report.loadRounds;
      const found = parallelDifference(duel, scenario, result);
      if (found !== undefined) throw new Error(`seed ${seed} on ${WORKERS[index]} workers: ${found}`);
    }
  }
  // They would prove nothing without conflicts and missing state.
  expect(Math.min(reexecutions, loads)).toBeGreaterThan(blocks / 20);
});

function distant(state: StateSource): StateSource {
  return { load: (keys, options) => state.load(keys, options), blockHash: (number) => state.blockHash(number) };
}
