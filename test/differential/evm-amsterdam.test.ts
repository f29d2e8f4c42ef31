// Random programs under Amsterdam's rules against the library, with both kinds of gas, outside of what it is known to miss: the
// rules of state gas that SpillWatch names (who meets one runs with a reservoir that pays for all state), who sends to himself
// unsigned, gas limits above 2^32 - 1, and EIP-7610.
import { expect, test } from 'vitest';
import { runAmsterdam } from '../support/amsterdam-run.ts';
import { count } from '../support/effort.ts';
import { EvmDuel } from '../support/evm-scenario.ts';

test('both kinds of gas, output, logs and state are those of the library', { timeout: 600 * 60_000 }, async () => {
  const duel = await EvmDuel.create();
  const wanted = count('amsterdam', { ci: 10_000, long: 200_000 });
  await runAmsterdam(duel, 1, wanted);
  expect(duel.seen.programs).toBeGreaterThanOrEqual(wanted);
  const { transactions, success, reverted, halted, instead } = duel.seen;
  expect(success).toBeGreaterThan(transactions * 0.4);
  expect(Math.min(reverted, halted)).toBeGreaterThan(transactions * 0.02);
  // Most of those that pay state gas themselves are compared as they are.
  expect(instead).toBeLessThan(transactions * 0.15);
});
