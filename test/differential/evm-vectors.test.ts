// Ethereum's state tests with small changes in code, state and transaction: the core's EVM against the library's.
import { expect, test } from 'vitest';
import { corpusFiles, corpusIndex, quickList } from '../conformance/corpus.ts';
import type { JsonStateTest } from '../conformance/state-case.ts';
import { count } from '../support/effort.ts';
import { describeScenario, EvmDuel } from '../support/evm-scenario.ts';
import { Random } from '../support/fuzz-random.ts';
import { mutated, vectorScenario } from '../support/fuzz-vectors.ts';
import { withoutShared } from '../support/shared.ts';

const minutes = 60_000;
const CASES = 4652;

test.skipIf(withoutShared('vectors'))(
  'state tests with a few changes end as they do in the library',
  {
    timeout: 600 * minutes,
  },
  async () => {
    const duel = await EvmDuel.create();
    const wanted = count('mutants', { ci: 1_000, long: 50_000 });
    const quick = quickList();
    const index = new Map(corpusIndex().map((entry) => [entry.path, entry]));
    let at = 0;
    let done = 0;
    for await (const { path, text } of corpusFiles((file) => index.get(file)?.kind === 'state' && quick.has(file))) {
      for (const [name, vector] of Object.entries(JSON.parse(text) as Record<string, JsonStateTest>)) {
        if (name === '_info') continue;
        for (const [fork, posts] of Object.entries(vector.post)) {
          for (const [position, post] of posts.entries()) {
            // Spread evenly over the list, each case as often as the others.
            for (at += wanted; at >= CASES; at -= CASES) {
              const scenario = vectorScenario(vector, fork, post);
              if (scenario === undefined) break;
              const changed = mutated(new Random(++done), scenario);
              const found = await duel.difference(changed);
              if (found === undefined) continue;
              throw new Error(`${path} ${fork}[${position}], mutant ${done}: ${found}\n${describeScenario(changed)}`);
            }
          }
        }
      }
    }
    expect(done).toBeGreaterThan(wanted * 0.95);
    expect(duel.seen.success).toBeGreaterThan(done * 0.3);
  },
);
