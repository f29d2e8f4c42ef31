// Random sequences of blocks, reverts, forks, deaths and memory exhaustion on a state that stays, against an oracle.
import { expect, test } from 'vitest';
import { compileCore } from '../../src/core/instance/module.ts';
import { count } from '../support/effort.ts';
import { WorldSequence } from '../support/world-sequence.ts';

test('a state that stays is what the blocks that were accepted have made of it, whatever happens', async () => {
  const module = await compileCore();
  const sequences = count('world-sequences', { ci: 2_000, long: 100_000 });
  const totals: Record<string, number> = {};
  for (let seed = 1; seed <= sequences; seed++) {
    const sequence = new WorldSequence(module, seed);
    await sequence.run(12).catch((error: unknown) => {
      throw new Error(`sequence ${seed}: ${String(error)}`, { cause: error });
    });
    for (const [name, value] of Object.entries(sequence.counts)) totals[name] = (totals[name] ?? 0) + value;
  }
  console.log(`${sequences} sequences: ${JSON.stringify(totals)}`);
  for (const [name, value] of Object.entries(totals)) expect(value, name).toBeGreaterThan(sequences / 100);
});
