// Blocks made out of Ethereum's state tests, full of conflicts: the engine against the library in sequence.
import { afterAll, describe, expect, test } from 'vitest';
import { runSequential, type SequentialResult } from '../../src/executor/ethereumjs/sequential.ts';
import { createEngine, type Engine, InvalidTransactionError } from '../../src/index.ts';
import { compareExecutions } from '../../src/job/comparison.ts';
import { corpusFiles, corpusIndex, quickList } from '../conformance/corpus.ts';
import { type JsonStateTest, type StateCase, stateCases } from '../conformance/state-case.ts';
import { count, long } from '../support/effort.ts';
import { withoutShared } from '../support/shared.ts';
import { Dice, type StateTestBlock, stateTestBlock, without } from '../support/state-test-block.ts';

const MINUTES = 60_000;
const BLOCKS = count('state-test-blocks', { ci: 120, long: 1_500 });
const WORKERS = [2, 4];
/** Kept of a folder and fork: far more than a block takes. */
const MOST_CASES = 256;
/** Transactions that the oracle may refuse before a block is given up. */
const REFUSALS = 8;

const engines: Engine[] = [];
afterAll(async () => {
  for (const engine of engines) await engine.dispose();
});

describe.skipIf(withoutShared('vectors'))('blocks made out of state tests', () => {
  test(`${BLOCKS} of them leave the receipts and the state of sequential execution`, {
    timeout: 240 * MINUTES,
  }, async () => {
    for (const workers of WORKERS)
      engines.push(await createEngine({ workersPerBlock: 'all', workers, threading: 'shared', executor: 'wasm' }));
    const failures: string[] = [];
    const seen = { blocks: 0, transactions: 0, reexecutions: 0, refusals: 0 };
    for await (const { name, cases, seed } of groups()) {
      let block = stateTestBlock(cases, new Dice(seed));
      for (let refusals = 0; ; refusals++) {
        const expected = await orInvalid(() => runSequential(block));
        for (const [i, engine] of engines.entries()) {
          const problem = await differenceOf(engine, block, expected, seen);
          if (problem !== undefined) failures.push(`${name} seed ${seed}, ${WORKERS[i]} workers: ${problem}`);
        }
        if (!(expected instanceof InvalidTransactionError)) {
          seen.blocks++;
          seen.transactions += block.block.transactions.length;
          break;
        }
        seen.refusals++;
        if (refusals === REFUSALS) break;
        block = without(block, expected.index);
      }
    }
    console.info(JSON.stringify(seen));
    expect(failures).toEqual([]);
    expect(seen.blocks).toBeGreaterThanOrEqual(Math.min(BLOCKS, long ? 1_000 : 100));
    expect(seen.transactions).toBeGreaterThan(seen.blocks * 25);
    // They would prove nothing without conflicts.
    expect(seen.reexecutions).toBeGreaterThan(0);
  });
});

interface Group {
  name: string;
  cases: StateCase[];
  seed: number;
}

/** Cases of one folder and fork, as many groups as blocks are asked for, spread over all folders. */
async function* groups(): AsyncGenerator<Group> {
  const quick = quickList();
  const folders = new Map<string, string[]>();
  for (const { path, kind } of corpusIndex()) {
    if (kind !== 'state' || (!long && !quick.has(path))) continue;
    const folder = path.slice(0, path.lastIndexOf('/'));
    folders.set(folder, [...(folders.get(folder) ?? []), path]);
  }
  const waiting = new Map<string, { left: Set<string>; byFork: Map<string, StateCase[]> }>();
  let seed = 0;
  let done = 0;
  const folderOf = (path: string) => path.slice(0, path.lastIndexOf('/'));
  for await (const { path, text } of corpusFiles(
    (candidate) => folders.get(folderOf(candidate))?.includes(candidate) === true,
  )) {
    const folder = folderOf(path);
    let group = waiting.get(folder);
    if (group === undefined) {
      group = { left: new Set(folders.get(folder)), byFork: new Map() };
      waiting.set(folder, group);
    }
    group.left.delete(path);
    collect(JSON.parse(text) as Record<string, JsonStateTest>, path, group.byFork);
    if (group.left.size > 0) continue;
    waiting.delete(folder);
    const forks = [...group.byFork.keys()];
    // Spread evenly, whether there are more folders or more blocks.
    const upTo = Math.floor((++done * BLOCKS) / folders.size);
    while (seed < upTo && forks.length > 0) {
      const fork = forks[seed % forks.length]!;
      yield { name: `${folder} ${fork}`, cases: group.byFork.get(fork) ?? [], seed: seed++ };
    }
  }
}

/** The cases of a file that are not to be refused, by fork. */
function collect(tests: Record<string, JsonStateTest>, path: string, byFork: Map<string, StateCase[]>): void {
  for (const [name, vector] of Object.entries(tests)) {
    if (name === '_info') continue;
    for (const found of stateCases(vector, { path })) {
      if (found.post.expectException !== undefined) continue;
      const cases = byFork.get(found.fork);
      if (cases === undefined) byFork.set(found.fork, [found]);
      else if (cases.length < MOST_CASES) cases.push(found);
    }
  }
}

async function orInvalid<T>(run: () => PromiseLike<T>): Promise<T | InvalidTransactionError> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof InvalidTransactionError) return error;
    throw error;
  }
}

/** What the engine makes of the block that the oracle does not; undefined where they agree. */
async function differenceOf(
  engine: Engine,
  block: StateTestBlock,
  expected: SequentialResult | InvalidTransactionError,
  seen: { reexecutions: number },
): Promise<string | undefined> {
  const found = await orInvalid(() => engine.executeBlock(block)).catch((error: unknown) => error as Error);
  if (found instanceof InvalidTransactionError && expected instanceof InvalidTransactionError) {
    return found.index === expected.index ? undefined : `refused ${found.message}, not ${expected.message}`;
  }
  if (found instanceof Error) return `${found.name}: ${found.message}`;
  if (expected instanceof Error) return `accepted, but ${expected.message}`;
  seen.reexecutions += found.report.reexecutions;
  const mismatches = compareExecutions(
    expected,
    { ...found, receiptsRoot: found.receiptsRoot, requestsHash: found.requestsHash },
    'block',
  );
  if (mismatches.length === 0) return undefined;
  const texts = mismatches
    .slice(0, 5)
    .map((mismatch) => `${mismatch.name} ${mismatch.actual}, not ${mismatch.expected}`);
  return `${mismatches.length} differences: ${texts.join('; ')}`;
}
