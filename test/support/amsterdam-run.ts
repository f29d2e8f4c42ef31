// Runs random programs by Amsterdam's rules one block after the other, and tells of the first that differs.
import { amsterdamCase } from './amsterdam-case.ts';
import { describeScenario, type EvmDuel } from './evm-scenario.ts';

/** Compares the blocks of the numbers from `first` on until `programs` programs have really run: a transaction may be invalid. */
export async function runAmsterdam(duel: EvmDuel, first: number, programs: number): Promise<void> {
  for (let seed = first; duel.seen.programs < programs; seed++) {
    const { scenario, generous } = amsterdamCase(seed);
    const found = await duel.difference(scenario, generous);
    if (found !== undefined) throw new Error(`seed ${seed}: ${found}\n${describeScenario(scenario)}`);
  }
}
