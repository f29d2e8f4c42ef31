// Access lists of blocks that are wrong in any way, as hints on every fork: a run comes to what it comes to without them.
import { afterAll, expect, test } from 'vitest';
import {
  type AccountAccess,
  type BlockAccessList,
  type BlockRequest,
  type BlockResult,
  createEngine,
  type Engine,
  fromBlockAccessList,
  type Hex,
  type StateSource,
} from '../../src/index.ts';
import { count } from '../support/effort.ts';
import { EvmDuel } from '../support/evm-scenario.ts';
import { fuzzCase, toScenario } from '../support/fuzz-case.ts';
import { parallelDifference, requestOf, validPart } from '../support/fuzz-request.ts';
import { below, type List, liesAbout, pick, quantity, type Random, randomWord } from '../support/list-lies.ts';
import { randomFrom } from '../support/synthetic-run.ts';

const LISTS = count('hint-lists', { ci: 10_000, long: 200_000 });
const LISTS_OF_BLOCK = 50;
/** A run that has not ended by then hangs: the slowest takes a hundredth of it. */
const LIMIT_MS = 60_000;

const engines: Engine[] = [];
afterAll(async () => {
  for (const engine of engines) await engine.dispose();
});

/** What the list says is nothing that the block could have left. */
const wild: readonly ((list: List, random: Random, others: readonly BlockAccessList[]) => BlockAccessList)[] = [
  // Values that make transactions seem impossible, or everybody rich.
  (list, random) => {
    const value = pick(random, ['0x0', '0x1', `0x${'f'.repeat(64)}`] as const);
    for (const { balanceChanges, nonceChanges, storageChanges } of list) {
      for (const change of balanceChanges) if (random() < 0.5) change.postBalance = value;
      for (const change of nonceChanges) if (random() < 0.3) change.postNonce = '0xffffffffffffffff';
      for (const { slotChanges } of storageChanges)
        for (const change of slotChanges) if (random() < 0.5) change.postValue = quantity(randomWord(random));
    }
    return list;
  },
  // Code where there is none, none where there is, and code that lends itself (EIP-7702) to a ring.
  (list, random) => {
    for (const account of list) {
      if (random() < 0.5) continue;
      const target = pick(random, list).address.slice(2);
      const newCode = pick(random, ['0x', '0x00', '0xfe', '0x5b5b', `0xef0100${target}`] as Hex[]);
      account.codeChanges = [{ blockAccessIndex: quantity(BigInt(below(random, 12))), newCode }];
    }
    return list;
  },
  // Everything one transaction later, or earlier, or in the wrong order.
  (list, random) => {
    const by = pick(random, [1n, 2n, 1n << 20n]);
    for (const { balanceChanges, nonceChanges, codeChanges, storageChanges } of list) {
      const all = [balanceChanges, nonceChanges, codeChanges, ...storageChanges.map(({ slotChanges }) => slotChanges)];
      for (const changes of all) {
        for (const change of changes) change.blockAccessIndex = quantity(BigInt(change.blockAccessIndex) + by);
        if (random() < 0.3) changes.reverse();
      }
    }
    return list;
  },
  // The list of another block, of both, and of none.
  (_, random, others) => pick(random, others),
  (list, random, others) => [...list, ...pick(random, others)],
  () => [],
  // Each transaction is said to have written every place.
  (list) =>
    list.map((account): AccountAccess => {
      const indexes = Array.from({ length: 26 }, (_, at) => quantity(BigInt(at)));
      const slots = [...account.storageReads, ...account.storageChanges.map(({ slot }) => slot)];
      return {
        ...account,
        balanceChanges: indexes.map((blockAccessIndex) => ({ blockAccessIndex, postBalance: '0x5' })),
        nonceChanges: indexes.map((blockAccessIndex) => ({ blockAccessIndex, postNonce: blockAccessIndex })),
        storageChanges: slots.map((slot) => ({
          slot,
          slotChanges: indexes.map((blockAccessIndex) => ({ blockAccessIndex, postValue: blockAccessIndex })),
        })),
      };
    }),
];

function wrongList(met: BlockAccessList, random: Random, others: readonly BlockAccessList[]): BlockAccessList {
  const list = structuredClone(met) as List;
  if (random() < 0.5) return pick(random, wild)(list, random, others);
  const lies = Object.values(liesAbout(30));
  for (let many = 1 + below(random, 6); many > 0; many--) pick(random, lies)(list, random);
  return list;
}

/** All that a result says of a block, as text. Slots that a destroyed account had are in a diff as far as somebody knew of them. */
function told({ receiptsRoot, gasUsed, stateDiff, blockAccessList }: BlockResult): string {
  const changes = [...stateDiff].sort().map(([address, change]) => {
    if (!change?.destroyed) return [address, change];
    return [address, { ...change, storage: [...change.storage].filter(([, value]) => BigInt(value) !== 0n) }];
  });
  const plain = (_: string, value: unknown) =>
    typeof value === 'bigint' ? String(value) : value instanceof Map ? [...value].sort() : value;
  return JSON.stringify({ receiptsRoot, gasUsed, changes, blockAccessList }, plain);
}

/** The same state, which is asked for what is missing. */
function distant(state: StateSource): StateSource {
  return { load: (keys, options) => state.load(keys, options), blockHash: (number) => state.blockHash(number) };
}

test(`${LISTS} wrong lists change nothing but the time`, { timeout: 240 * 60_000 }, async () => {
  for (const workers of [2, 4]) engines.push(await createEngine({ workers, executionTimeoutMs: LIMIT_MS }));
  const duel = await EvmDuel.create();
  const random = randomFrom(7928);
  const others: BlockAccessList[] = [];
  const seen = { wrong: 0, amsterdam: 0 };
  for (let seed = 1, lists = 0; lists < LISTS; seed++) {
    // Half of the blocks by Amsterdam's rules, the others by those of any fork.
    const scenario = validPart(duel, toScenario(seed % 2 === 0 ? fuzzCase(seed, 'amsterdam') : fuzzCase(seed)));
    const request: BlockRequest = { ...requestOf(scenario), blockAccessList: true };
    const plain = await engines[0]!.executeBlock(request);
    expect({ seed, found: parallelDifference(duel, scenario, plain) }).toEqual({ seed, found: undefined });
    const expected = told(plain);
    const met = plain.blockAccessList!;
    others.push(met);
    for (let at = 0; at < LISTS_OF_BLOCK && lists < LISTS; at++, lists++) {
      const accessOracle = fromBlockAccessList(wrongList(met, random, others));
      const state = at % 5 === 0 ? distant(request.state!) : request.state!;
      const engine = engines[at % 8 === 0 ? 1 : 0]!;
      const result = await engine.executeBlock({ ...request, state, accessOracle });
      if (told(result) !== expected) {
        expect({ seed, at, told: JSON.parse(told(result)) }).toEqual({ seed, at, told: JSON.parse(expected) });
      }
      if (result.report.planning!.wrong > 0) seen.wrong++;
      if (scenario.block.fork === 'amsterdam') seen.amsterdam++;
    }
  }
  expect(seen.wrong).toBeGreaterThan(LISTS * 0.25);
  expect(seen.amsterdam).toBeGreaterThan(LISTS * 0.3);
});
