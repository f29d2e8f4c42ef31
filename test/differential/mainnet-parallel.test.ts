// Real blocks in parallel: gas, bloom, receipts and state equal the header and what a trusted execution found.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { isAtLeast } from '../../src/chain/hardfork.ts';
import { type BlockFile, createEngine, type Engine, readBlockFile } from '../../src/index.ts';
import { long } from '../support/effort.ts';
import { sharedFolder, withoutShared } from '../support/shared.ts';

const folder = join(sharedFolder ?? '.', 'mainnet');
const names = withoutShared('mainnet') ? [] : readdirSync(folder).filter((name) => /^\d+\.json\.gz$/.test(name));

type ExecutorName = 'wasm' | 'ethereumjs';

const WORKERS = [2, 1, 4, 8];
const REPEATS = long ? 20 : 1;

/**
 * The core's EVM runs every block at every count, the library all blocks at 2 workers: in CI a third of them at the other
 * counts, a different third each. Block after block, so that one is in memory at a time.
 */
const runs = names.flatMap((name, i) =>
  (['wasm', 'ethereumjs'] as const).flatMap((executor) =>
    WORKERS.filter((workers, at) => executor === 'wasm' || long || workers === 2 || i % 3 === at - 1).map(
      (workers) => ({
        name,
        executor,
        workers,
      }),
    ),
  ),
);

let latest: { name: string; file: Promise<BlockFile> } | undefined;
function fileOf(name: string): Promise<BlockFile> {
  if (latest?.name !== name) latest = { name, file: readBlockFile(readFileSync(join(folder, name)), name) };
  return latest.file;
}

const engines = new Map<string, Engine>();
afterAll(async () => {
  for (const engine of engines.values()) await engine.dispose();
});

async function engineWith(executor: ExecutorName, workers: number): Promise<Engine> {
  const key = `${executor} ${workers}`;
  const known = engines.get(key);
  if (known !== undefined) return known;
  const engine = await createEngine({ workersPerBlock: 'all', executor, workers, threading: 'shared' });
  expect(engine.capabilities).toEqual({ threading: 'shared', workers });
  engines.set(key, engine);
  return engine;
}

describe.skipIf(withoutShared('mainnet'))('real blocks', () => {
  for (const { executor, workers, name } of runs) {
    test(`${name} with ${workers} workers on ${executor} equals its header`, async () => {
      const engine = await engineWith(executor, workers);
      const file = await fileOf(name);
      for (let repeat = 0; repeat < (executor === 'wasm' ? REPEATS : 1); repeat++) {
        const result = await engine.executeBlock({ ...file, verify: true });
        expect(result.mismatches).toEqual([]);
        expect(result.transactions.length).toBe(file.block.transactions.length);
        expect(result.receiptsRoot === undefined).toBe(!isAtLeast(file.hardfork, 'byzantium'));
        expect(result.requestsHash === undefined).toBe(!isAtLeast(file.hardfork, 'prague'));
        expect(result.report.counters.commits).toBeGreaterThanOrEqual(file.block.transactions.length);
      }
    });
  }

  test.each(names)('%s in a world equals its header', async (name) => {
    const engine = await engineWith('wasm', 2);
    const { state, ...request } = await fileOf(name);
    await using world = await engine.openWorld({ state });
    expect((await world.executeBlock({ ...request, verify: true })).mismatches).toEqual([]);
  });
});
