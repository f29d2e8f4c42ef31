// Random programs under Amsterdam's rules against the library, which knows an earlier draft of them: with a reservoir that pays
// for all state, so that no state gas crosses frames, the one point that both would have to agree upon by chance.
import { expect, test } from 'vitest';
import { count } from '../support/effort.ts';
import { describeScenario, EvmDuel, type EvmScenario } from '../support/evm-scenario.ts';
import { fuzzCase, PROGRAMS, toScenario } from '../support/fuzz-case.ts';

/** What a transaction may spend on anything but state. */
const CAP = 1n << 24n;
/** More than that spends on state. */
const RESERVOIR = 8_000_000n;

/** The case of a number, at Amsterdam. The library takes who sends to himself for a stranger, as long as nothing is signed. */
function amsterdamCase(seed: number): EvmScenario {
  const scenario = toScenario(fuzzCase(seed));
  const { block, transactions } = scenario;
  return {
    ...scenario,
    block: { ...block, fork: 'amsterdam', blobBaseFee: 1n, slotNumber: BigInt(seed) },
    excessBlobGas: 0n,
    transactions: transactions
      .filter(({ sender, to }) => to === undefined || !sender!.every((byte, i) => byte === to[i]))
      .map((transaction) => ({ ...transaction, gasLimit: CAP + RESERVOIR + (transaction.gasLimit % CAP) })),
  };
}

test('both kinds of gas, output, logs and state are those of the library where state is paid from the reservoir', {
  timeout: 600 * 60_000,
}, async () => {
  const duel = await EvmDuel.create();
  const programs = count('amsterdam', { ci: 400, long: 1_600 });
  for (let seed = 1; seed * PROGRAMS <= programs; seed++) {
    const scenario = amsterdamCase(seed);
    const found = await duel.difference(scenario);
    if (found !== undefined) throw new Error(`seed ${seed}: ${found}\n${describeScenario(scenario)}`);
  }
  const { transactions, success, reverted, halted } = duel.seen;
  expect(success).toBeGreaterThan(transactions * 0.4);
  expect(Math.min(reverted, halted)).toBeGreaterThan(transactions * 0.02);
});
