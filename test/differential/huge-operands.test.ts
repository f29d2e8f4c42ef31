// Offsets, sizes, lengths and gas near 2^31, 2^32, 2^37, 2^53, 2^63, 2^64 and 2^255: status, gas, output and state are the library's.
import { expect, test } from 'vitest';
import { Halt } from '../../assembly/layout.ts';
import { count } from '../support/effort.ts';
import { describeScenario, EvmDuel } from '../support/evm-scenario.ts';
import { Random } from '../support/fuzz-random.ts';
import { type HugeCase, hugeCase } from '../support/huge-operands.ts';

const only = process.env.PEVM_FUZZ_SEED;

test('instructions with huge operands end as in the library, or as the specification says where the library would take all memory', {
  timeout: 60 * 60_000,
}, async () => {
  const duel = await EvmDuel.create();
  const programs = count('huge-operands', { ci: 2_000, long: 100_000 });
  const seen = { library: 0, unholdable: 0, specification: 0 };
  const first = Number(only ?? 1);
  for (let seed = first; seed <= (only === undefined ? programs : first); seed++) {
    const huge = hugeCase(new Random(seed));
    const { judge } = huge;
    seen[typeof judge === 'string' ? judge : 'specification']++;
    const found = await difference(duel, huge);
    if (found !== undefined) throw new Error(explain(seed, huge, found));
  }
  // The generator still makes what it is meant to make.
  if (only !== undefined) return;
  expect(Math.min(duel.seen.success, duel.seen.halted)).toBeGreaterThan(programs / 4);
  expect(Math.min(seen.unholdable, seen.specification)).toBeGreaterThan(0);
});

/** What differs from what is right, in words. */
async function difference(duel: EvmDuel, { scenario, judge }: HugeCase): Promise<string | undefined> {
  if (judge === 'library') return duel.difference(scenario);
  const { halt, results } = duel.runCore(scenario);
  if (judge === 'unholdable') {
    return halt === Halt.EXHAUSTED ? undefined : `${results[0]?.status}, though the memory is not there`;
  }
  if (halt !== Halt.NONE) return `the core halted (${halt})`;
  const [alike] = duel.runCore(judge.alike).results;
  const [result] = results;
  if (alike === undefined || result === undefined || alike.status === 'invalid') return 'nothing was run';
  if (result.status === 'invalid' || result.status !== alike.status) return `${result.status}, not ${alike.status}`;
  const right = alike.gasUsed + judge.moreGas;
  return result.gasUsed === right ? undefined : `gasUsed is ${result.gasUsed}, not ${right}`;
}

function explain(seed: number, { scenario, fork, name, operands, gasLimit }: HugeCase, found: string): string {
  return [
    `${found}: ${fork}, ${name} of ${operands.map((operand) => `0x${operand.toString(16)}`).join(', ')}, gas ${gasLimit}`,
    `again: PEVM_FUZZ_SEED=${seed} npx vitest run test/differential/huge-operands.test.ts`,
    describeScenario(scenario),
  ].join('\n');
}
