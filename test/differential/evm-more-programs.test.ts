// The second half of the random programs, so that two workers share them: other numbers, the same comparison.
import { test } from 'vitest';
import { count } from '../support/effort.ts';
import { EvmDuel } from '../support/evm-scenario.ts';
import { fuzzSeed, runFuzz } from '../support/fuzz-run.ts';

const minutes = 60_000;

test.skipIf(fuzzSeed !== undefined)(
  'further random programs agree with the library too',
  {
    timeout: 600 * minutes,
  },
  async () => {
    await runFuzz(await EvmDuel.create(), 500_000_000, count('programs', { ci: 10_000, long: 500_000 }));
  },
);
