// Whatever an engine has learned, or is told that it has, blocks come to what sequential execution comes to.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PevmEngine } from '../../src/engine/engine.ts';
import { runSequential } from '../../src/executor/ethereumjs/sequential.ts';
import { type BlockFile, checkBlockFile, createEngine, type EngineLearned, type Hex } from '../../src/index.ts';
import { createTraffic } from '../../src/traffic/index.ts';
import { count } from '../support/effort.ts';
import { randomFrom } from '../support/synthetic-run.ts';

let blocks: { file: BlockFile; receiptsRoot: Hex | undefined }[] = [];
let learned: EngineLearned;
const engines: PevmEngine[] = [];

beforeAll(async () => {
  const rates = [0.3, 0.6, 1];
  blocks = await Promise.all(
    rates.map(async (conflictRate) => {
      const { file } = await createTraffic({ transactions: 40, conflictRate, seed: 'learning' });
      const checked = checkBlockFile(file);
      return { file: checked, receiptsRoot: (await runSequential(checked)).receiptsRoot };
    }),
  );
}, 120_000);

afterAll(async () => {
  for (const engine of engines) await engine.dispose();
});

async function runAll(engine: PevmEngine, rounds: number): Promise<{ dependencies: number; waits: number }> {
  let [dependencies, waits] = [0, 0];
  for (let round = 0; round < rounds; round++) {
    for (const { file, receiptsRoot } of blocks) {
      const result = await engine.executeBlock(file);
      expect(result.receiptsRoot).toBe(receiptsRoot);
      expect(result.report.planning).toBeDefined();
      dependencies += result.report.planning!.dependencies;
      waits += result.report.planning!.waits;
    }
  }
  return { dependencies, waits };
}

test('an engine that learns waits where transactions needed each other before, with the same receipts', async () => {
  const engine = await PevmEngine.create({ workers: 2, workersPerBlock: 'all', learning: true });
  engines.push(engine);
  const first = await runAll(engine, 1);
  const later = await runAll(engine, 2);
  expect(later.dependencies / 2).toBeGreaterThan(first.dependencies);
  learned = engine.learned();
  expect(learned.calls.length).toBeGreaterThan(0);
  expect(learned.calls.some(({ keys }) => keys.length > 0)).toBe(true);
  // The same from JSON, from the first block on.
  const other = await PevmEngine.create({
    ...{ workers: 2, workersPerBlock: 'all' },
    learned: JSON.parse(JSON.stringify(learned)),
  });
  engines.push(other);
  expect((await runAll(other, 1)).dependencies).toBeGreaterThan(first.dependencies);
});

test('an engine that does not learn has learned nothing, and plans nothing', async () => {
  await using engine = await createEngine({ workers: 2, workersPerBlock: 'all' });
  const { report } = await engine.executeBlock(blocks[0]!.file);
  expect(report.planning).toBeUndefined();
  expect(engine.learned()).toEqual({ version: 1, calls: [], accounts: [], codes: [] });
});

const cases = count('learned-lies', { ci: 60, long: 1_000 });

test(`${cases} times lies: learned JSON that says anything costs time, never the result`, {
  timeout: 600_000,
}, async () => {
  for (let seed = 1; seed <= cases; seed++) {
    const random = randomFrom(seed);
    const lies = lieAbout(learned, random);
    await using engine = await PevmEngine.create({
      ...{ workers: 1 + Math.floor(random() * 4), memory: { maximumMiB: 64 }, learned: lies },
      workersPerBlock: random() < 0.3 ? 'auto' : 'all',
    });
    const { file, receiptsRoot } = blocks[Math.floor(random() * blocks.length)]!;
    const run = engine.executeBlock(file);
    if (random() < 0.3) setTimeout(() => engine.terminateWorker(0), random() * 4);
    expect({ seed, receiptsRoot: (await run).receiptsRoot }).toEqual({ seed, receiptsRoot });
    expect({ seed, again: (await engine.executeBlock(file)).receiptsRoot }).toEqual({ seed, again: receiptsRoot });
  }
});

/** As it was learned, with what it says of one thing said of another. */
function lieAbout({ calls, accounts, codes }: EngineLearned, random: () => number): EngineLearned {
  const any = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const some = () => Math.floor(random() * 65);
  const allKeys = calls.flatMap(({ keys }) => keys.map(({ key }) => key));
  const addresses = codes.map(({ address }) => address);
  const lies = calls.map((call) => {
    if (random() < 0.2) return call;
    const length = Math.floor(random() ** 2 * 32);
    const keys = Array.from({ length }, () => ({
      key: any([...allKeys, any(addresses)]),
      reads: some(),
      writes: some(),
    }));
    return { ...call, seen: some(), ms: random() ** 6 * 1e6, gas: random() * 1e9, aborts: some(), keys };
  });
  return {
    version: 1,
    calls: lies,
    accounts: [...accounts, ...addresses.map((address) => ({ address, seen: some(), reads: some(), writes: some() }))],
    codes: codes.map(({ address, codeHash }) => ({
      address,
      codeHash: random() < 0.5 ? codeHash : any(codes).codeHash,
    })),
  };
}
