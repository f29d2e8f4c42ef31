// Ethereum's state and chain tests as blocks through the engine: the quick list at several worker counts, in the long run all.
import { describe, expect, test } from 'vitest';
import { createEngine } from '../../src/index.ts';
import { long } from '../support/effort.ts';
import { withoutShared } from '../support/shared.ts';
import { ANY_GAS } from './chain-case.ts';
import { casesOf, runCases, type Selection, Tally } from './runner.ts';

const MINUTES = 60_000;

/** What the quick list holds; of the chain cases, 28 turn on rules of headers and 12 on forks that no chain has. */
const QUICK = { state: 4_652, chain: 1_427, skipped: 40 };
/** Of them, and of every fifth file. */
const BENCHMARK = { all: 196, fifth: 49 };
/** What is skipped turns on the access list of a block. */
const AMSTERDAM = { quick: 1_092, all: 10_794 };
const ALL = { state: 84_340, chain: 6_188 };

async function run(
  workers: number,
  selection: Selection,
  senders: 'trust' | 'recover' = 'trust',
  lists: 'output' | 'input' = 'output',
): Promise<Tally> {
  await using engine = await createEngine({
    workers,
    workersPerBlock: 'all',
    threading: 'shared',
    memory: { maximumMiB: 1024 },
    maximumTransactionGas: ANY_GAS,
    executionTimeoutMs: 2 * MINUTES,
  });
  expect(engine.capabilities).toEqual({ threading: 'shared', workers });
  const tally = new Tally();
  await runCases(engine, casesOf(selection, { senders, lists }), (found, verdict) => tally.add(found, verdict));
  return tally;
}

describe.skipIf(withoutShared('vectors'))('the vectors through the engine', () => {
  test.each([
    [2, 'trust'],
    [1, 'trust'],
    [4, 'recover'],
  ] as const)(
    'the quick list passes with %i workers, senders: %s',
    { timeout: 30 * MINUTES },
    async (workers, senders) => {
      const tally = await run(workers, { quick: true }, senders);
      expect(tally.failures).toEqual([]);
      expect(tally.total()).toEqual({ passed: QUICK.state + QUICK.chain, failed: 0, skipped: QUICK.skipped });
    },
  );

  test.each([
    [2, 'output'],
    [1, 'input'],
    [4, 'input'],
  ] as const)(
    'the quick list of Amsterdam passes with %i workers, access lists as %s',
    { timeout: 30 * MINUTES },
    async (workers, lists) => {
      const tally = await run(workers, { corpus: 'amsterdam', quick: true }, 'trust', lists);
      expect(tally.failures).toEqual([]);
      expect(tally.total()).toEqual({ passed: AMSTERDAM.quick, failed: 0, skipped: 0 });
    },
  );

  test.each([2, 4])('blocks of up to 150 Mgas pass with %i workers', { timeout: 60 * MINUTES }, async (workers) => {
    const tally = await run(workers, { suite: 'eest-bench', ...(long ? {} : { part: { index: 0, of: 5 } }) });
    expect(tally.failures).toEqual([]);
    expect(tally.total()).toEqual({ passed: long ? BENCHMARK.all : BENCHMARK.fifth, failed: 0, skipped: 0 });
  });

  test.runIf(long)('every case passes with 2 workers', { timeout: 240 * MINUTES }, async () => {
    const state = await run(2, { kind: 'state' });
    expect(state.failures).toEqual([]);
    expect(state.total()).toEqual({ passed: ALL.state, failed: 0, skipped: 0 });
    const chain = await run(2, { kind: 'chain' });
    expect(chain.failures).toEqual([]);
    expect(chain.total().passed).toBe(ALL.chain);
    const amsterdam = await run(4, { corpus: 'amsterdam' }, 'recover');
    expect(amsterdam.failures).toEqual([]);
    expect(amsterdam.total().passed).toBe(AMSTERDAM.all);
    const listed = await run(2, { corpus: 'amsterdam' }, 'trust', 'input');
    expect(listed.failures).toEqual([]);
    expect(listed.total().passed).toBe(AMSTERDAM.all);
  });
});
