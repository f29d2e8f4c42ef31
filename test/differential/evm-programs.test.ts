// Random programs on the core's EVM against the library's: recent forks and old, whole transactions, every value of the state.
import { expect, test } from 'vitest';
import { count } from '../support/effort.ts';
import { EvmDuel } from '../support/evm-scenario.ts';
import { fuzzCase, toScenario } from '../support/fuzz-case.ts';
import { explain, fuzzSeed, runFuzz } from '../support/fuzz-run.ts';

const minutes = 60_000;

test('random programs use the gas, and leave the output, logs and state, that they do in the library', {
  timeout: 600 * minutes,
}, async () => {
  const duel = await EvmDuel.create();
  if (fuzzSeed !== undefined) {
    const found = await duel.difference(toScenario(fuzzCase(fuzzSeed)));
    if (found !== undefined) throw new Error(await explain(duel, fuzzSeed, found));
    return;
  }
  const programs = count('programs', { ci: 10_000, long: 500_000 });
  await runFuzz(duel, 1, programs);
  const { programs: ran, transactions, success, reverted, halted, invalid, logs } = duel.seen;
  expect(ran).toBeGreaterThanOrEqual(programs);
  // The generator still makes what it is meant to make.
  expect(success).toBeGreaterThan(transactions * 0.5);
  expect(Math.min(reverted, halted)).toBeGreaterThan(transactions * 0.04);
  expect(invalid).toBeGreaterThan(0);
  expect(logs).toBeGreaterThan(transactions * 0.2);
});
