// geth's cases of tracers and a flow of viem's, in Deno, by the built library alone. Where the shared data is not, the cases are left out.
import { createEngine, devGenesis, memoryState } from '../../dist/index.js';
import { gethCases, normalised, oneOfEach, traceRequestOf } from '../support/geth-cases.ts';
import { withoutShared } from '../support/shared.ts';
import { viemFlow } from '../support/viem-flow.ts';

const missing = withoutShared('tracers');

Deno.test({ name: 'what geth prints is what the library prints', ignore: missing }, async () => {
  const engine = await createEngine({ workers: 2 });
  try {
    for (const input of oneOfEach(await gethCases())) {
      const { folder, name, alloc, result } = input;
      const [trace] = await engine.traceBlock({ ...traceRequestOf(input), state: memoryState(alloc) });
      equal(normalised(trace.result, folder), normalised(result, folder), `${folder}/${name}`);
    }
  } finally {
    await engine.dispose();
  }
});

Deno.test('viem deploys, sends, reads, and is told why a call fails', async () => {
  const { traced, heads, ...rest } = await viemFlow({ createEngine, devGenesis });
  equal(heads.at(-1), '3', 'heads');
  equal((traced as { type: string }).type, 'CALL', 'traced');
  const [one, two] = [1, 2].map((value) => `0x${value.toString(16).padStart(64, '0')}`);
  const refused = 'execution reverted: arithmetic underflow or overflow';
  equal(rest, { deployed: 'success', counted: two, stored: one, refused }, 'what came back');
});

/** Whatever the order of the fields. */
function equal(actual: unknown, expected: unknown, what: string): void {
  const [left, right] = [actual, expected].map((value) => JSON.stringify(sorted(value)));
  if (left !== right) throw new Error(`${what}: ${left}, not ${right}`);
}

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(sorted);
  const entries = Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1));
  return Object.fromEntries(entries.map(([name, part]) => [name, sorted(part)]));
}
