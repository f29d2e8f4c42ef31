// Runs random programs by Amsterdam's rules one block after the other, and tells of the first that differs.
import { amsterdamCase } from './amsterdam-case.ts';
import { describeScenario, type EvmDuel } from './evm-scenario.ts';
import { PROGRAMS } from './fuzz-case.ts';

/** Compares the blocks of the numbers from `first` on until `programs` programs have run. */
export async function runAmsterdam(duel: EvmDuel, first: number, programs: number): Promise<void> {
  for (let seed = first, done = 0; done < programs; seed++, done += PROGRAMS) {
    const { scenario, generous } = amsterdamCase(seed);
    const found = await duel.difference(scenario, generous);
    if (found !== undefined) throw new Error(`seed ${seed}: ${found}\n${describeScenario(scenario)}`);
  }
}
