// The second half of the random programs under Amsterdam's rules, so that two workers share them.
import { test } from 'vitest';
import { runAmsterdam } from '../support/amsterdam-run.ts';
import { count } from '../support/effort.ts';
import { EvmDuel } from '../support/evm-scenario.ts';

test('further random programs agree with the library too', { timeout: 600 * 60_000 }, async () => {
  await runAmsterdam(await EvmDuel.create(), 500_000_000, count('amsterdam', { ci: 10_000, long: 200_000 }));
});
