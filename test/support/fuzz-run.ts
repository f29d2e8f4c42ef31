// Runs random cases one after the other, and explains the first that differs.
import { describeScenario, type EvmDuel } from './evm-scenario.ts';
import { type FuzzCase, fuzzCase, toScenario } from './fuzz-case.ts';
import { minimise } from './fuzz-minimise.ts';

/** The one case to run instead of all, from a failure's message. */
export const fuzzSeed = process.env.PEVM_FUZZ_SEED === undefined ? undefined : Number(process.env.PEVM_FUZZ_SEED);

/** Compares the cases of the numbers from `first` on until `programs` programs have really run: a transaction may be invalid. */
export async function runFuzz(duel: EvmDuel, first: number, programs: number): Promise<void> {
  for (let seed = first; duel.seen.programs < programs; seed++) {
    const found = await duel.difference(toScenario(fuzzCase(seed)));
    if (found !== undefined) throw new Error(await explain(duel, seed, found));
  }
}

/** The failing case at its smallest, and how to run it again. */
export async function explain(duel: EvmDuel, seed: number, found: string): Promise<string> {
  const differs = async (candidate: FuzzCase) => {
    try {
      return (await duel.difference(toScenario(candidate))) !== undefined;
    } catch {
      return false;
    }
  };
  const smallest = await minimise(fuzzCase(seed), differs);
  const scenario = toScenario(smallest);
  return [
    `the core and the library differ: ${found}`,
    `again: PEVM_FUZZ_SEED=${seed} npx vitest run test/differential/evm-programs.test.ts`,
    `at its smallest: ${await duel.difference(scenario)}`,
    describeScenario(scenario),
  ].join('\n');
}
