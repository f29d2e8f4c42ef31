// An access list that is announced as it is: the same values as those that a planner comes to for what the list says.

import { beforeAll, expect, test } from 'vitest';
import { BaseEntry } from '../../../assembly/layout.ts';
import { hexFromBytes, keyFromBytes } from '../../../src/base/hex.ts';
import type { AnnouncedWrites } from '../../../src/core/host/state-image.ts';
import {
  type BlockAccessList,
  type BlockFile,
  checkBlockFile,
  createEngine,
  fromBlockAccessList,
} from '../../../src/index.ts';
import { planTransactions } from '../../../src/job/oracle-plan.ts';
import { createTraffic } from '../../../src/traffic/index.ts';
import { type List, liesAbout, pick } from '../../support/list-lies.ts';
import { randomFrom } from '../../support/synthetic-run.ts';

let file: BlockFile;
let list: BlockAccessList;

beforeAll(async () => {
  file = checkBlockFile((await createTraffic({ transactions: 270, conflictRate: 0.6 })).file);
  await using engine = await createEngine({ workers: 2 });
  list = (await engine.executeBlock({ ...file, blockAccessList: true })).blockAccessList!;
}, 60_000);

/** Both ways: with the oracle that the list makes, and with one that nobody knows to be made of a list. */
function plansOf(given: BlockAccessList) {
  const context = { block: file.block, encoding: { evm: undefined, firstTransaction: 3, tasks: [] }, workers: 2 };
  const oracle = fromBlockAccessList(given);
  const direct = planTransactions(oracle, context);
  const asked = planTransactions({ transactionAccess: (request) => oracle.transactionAccess!(request) }, context);
  return [direct, asked] as const;
}

/** Of each task its records, in no order, and all codes. */
function readable(announced: AnnouncedWrites | undefined) {
  if (announced === undefined) return undefined;
  const { image, tasks, ends } = announced;
  const records = Array.from({ length: image.count }, (_, at) =>
    keyFromBytes(image.entries.subarray(at * BaseEntry.SIZE, (at + 1) * BaseEntry.SIZE)),
  );
  const codes = new Set(image.codes.map(({ hash, code }) => `${hexFromBytes(hash)} ${hexFromBytes(code)}`));
  return {
    tasks: [...tasks].map((task, at) => ({ task, records: records.slice(ends[at - 1] ?? 0, ends[at]).sort() })),
    codes: [...codes].sort(),
  };
}

function expectSame(given: BlockAccessList): void {
  const [direct, asked] = plansOf(given);
  expect(readable(direct.planning.announced)).toEqual(readable(asked.planning.announced));
  expect(direct.planning.early).toEqual(asked.planning.early);
  expect(direct.planning.dependencies).toEqual(asked.planning.dependencies);
  expect({ ...direct.facts, planMs: 0 }).toEqual({ ...asked.facts, planMs: 0 });
}

test('of a list that an engine has made', () => {
  expectSame(list);
  const code = { blockAccessIndex: '0x2', newCode: '0x6001' } as const;
  expectSame(list.map((account, at) => ({ ...account, codeChanges: at % 3 === 0 ? [code] : account.codeChanges })));
  const [{ planning }] = plansOf(list);
  expect(planning.announced!.image.count).toBeGreaterThan(600);
});

test('of lists that are wrong in any way', { timeout: 120_000 }, () => {
  const random = randomFrom(28);
  for (let round = 0; round < 30; round++) {
    const lie = structuredClone(list) as List;
    for (let many = 0; many < 3; many++)
      pick(random, Object.values(liesAbout(file.block.transactions.length)))(lie, random);
    expectSame(lie);
  }
});

test('of places that more transactions write than have their values announced', () => {
  const many = Array.from({ length: 300 }, (_, at) => `0x${(at + 1).toString(16)}` as const);
  const [account, ...rest] = list;
  const balances = many.map((blockAccessIndex) => ({ blockAccessIndex, postBalance: '0x1' as const }));
  expectSame([{ ...account!, balanceChanges: balances }, ...rest]);
  const nonces = many.map((blockAccessIndex) => ({ blockAccessIndex, postNonce: '0x1' as const }));
  expectSame([{ ...account!, nonceChanges: nonces }, ...rest]);
  // Who is behind waits for who is before; of several places for the latest, four at most.
  const every = (step: number) =>
    many.flatMap((blockAccessIndex, at) =>
      at % step < step - 1 ? [{ blockAccessIndex, postValue: '0x1' as const }] : [],
    );
  const crowded = [300, 200, 100, 50, 30, 20, 9].map((step, at) => ({
    slot: `0x${at + 1}` as const,
    slotChanges: every(step),
  }));
  const codes = many.map((blockAccessIndex) => ({ blockAccessIndex, newCode: '0x01' as const }));
  expectSame([{ ...account!, storageChanges: crowded, nonceChanges: nonces }, ...rest]);
  expectSame([{ ...account!, storageChanges: crowded, balanceChanges: balances, codeChanges: codes }, ...rest]);
  expectSame([{ ...account!, nonceChanges: nonces, balanceChanges: balances, storageChanges: [], codeChanges: [] }]);
  const [{ planning }] = plansOf([{ ...account!, storageChanges: crowded }, ...rest]);
  expect(planning.dependencies.length).toBeGreaterThan(500);
});

test('of what is no list, which is told', () => {
  for (const given of [
    7,
    [null],
    [{ address: '0x1' }],
    [{ ...list[0], balanceChanges: [{ blockAccessIndex: 'zz' }] }],
  ]) {
    const [direct] = plansOf(given as unknown as BlockAccessList);
    expect(direct.planning.announced).toBeUndefined();
    if (given !== 7) expect(direct.facts.problems.length).toBeGreaterThan(0);
  }
});
