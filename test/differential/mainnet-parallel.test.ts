// Real blocks in parallel: gas, bloom, receipts and state equal the header and what a trusted execution found.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { createEngine, type Engine, readBlockFile } from '../../src/index.ts';
import { long } from '../support/effort.ts';
import { sharedFolder, withoutShared } from '../support/shared.ts';

const folder = join(sharedFolder ?? '.', 'mainnet');
const names = withoutShared('mainnet') ? [] : readdirSync(folder).filter((name) => /^\d+\.json\.gz$/.test(name));

/** All blocks at 2 workers; in CI a third of them at the other counts, a different third each. */
const counts = [2, 1, 4, 8];
const engines = new Map<number, Engine>();
afterAll(async () => {
  for (const engine of engines.values()) await engine.dispose();
});

async function engineWith(workers: number): Promise<Engine> {
  const known = engines.get(workers);
  if (known !== undefined) return known;
  const engine = await createEngine({ workers, threading: 'shared' });
  expect(engine.capabilities).toEqual({ threading: 'shared', workers });
  engines.set(workers, engine);
  return engine;
}

describe.skipIf(withoutShared('mainnet'))('real blocks', () => {
  for (const [at, workers] of counts.entries()) {
    for (const [i, name] of names.entries()) {
      if (!long && workers !== 2 && i % 3 !== at - 1) continue;
      test(`${name} with ${workers} workers equals its header`, async () => {
        const engine = await engineWith(workers);
        const file = await readBlockFile(readFileSync(join(folder, name)), name);
        const result = await engine.executeBlock({ ...file, verify: true });
        expect(result.mismatches).toEqual([]);
        expect(result.transactions.length).toBe(file.block.transactions.length);
        expect(result.receiptsRoot === undefined).toBe(
          ['chainstart', 'homestead', 'dao', 'tangerineWhistle', 'spuriousDragon'].includes(file.hardfork),
        );
        expect(result.report.counters.commits).toBeGreaterThanOrEqual(file.block.transactions.length);
      });
    }
  }
});
