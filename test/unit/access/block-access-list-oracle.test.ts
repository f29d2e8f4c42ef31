// A block access list as predictions: a true one leaves nothing to wait for or to run again, a false one changes nothing.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  type BlockAccessList,
  type BlockFile,
  type BlockResult,
  checkBlockFile,
  createEngine,
  type Engine,
  fromBlockAccessList,
  readBlockFile,
  type StateKey,
  type StateSource,
} from '../../../src/index.ts';
import { createTraffic } from '../../../src/traffic/index.ts';
import { sharedFolder, withoutShared } from '../../support/shared.ts';
import { randomFrom } from '../../support/synthetic-run.ts';

let engine: Engine;
let file: BlockFile;
let plain: BlockResult;
let list: BlockAccessList;

beforeAll(async () => {
  engine = await createEngine({ workersPerBlock: 'all', workers: 2 });
  file = checkBlockFile((await createTraffic({ transactions: 120, conflictRate: 0.7 })).file);
  plain = await engine.executeBlock({ ...file, blockAccessList: true });
  list = plain.blockAccessList!;
}, 60_000);

afterAll(() => engine.dispose());

function expectSame(result: BlockResult): void {
  expect(result.receiptsRoot).toBe(plain.receiptsRoot);
  expect(result.gasUsed).toBe(plain.gasUsed);
  expect(new Map([...result.stateDiff].sort())).toEqual(new Map([...plain.stateDiff].sort()));
}

test('with a true list nothing is awaited or executed again, and the list comes out as it went in', async () => {
  const result = await engine.executeBlock({
    ...file,
    accessOracle: fromBlockAccessList(list),
    blockAccessList: true,
  });
  expectSame(result);
  expect(result.blockAccessList).toEqual(list);
  const { planning, reexecutions, suspensions } = result.report;
  expect(planning).toMatchObject({ wrong: 0, dependencies: 0, waits: 0, problems: [] });
  expect(planning?.announced).toBeGreaterThan(300);
  expect({ reexecutions, suspensions }).toEqual({ reexecutions: 0, suspensions: 0 });
});

test('a list in the block is taken by itself, and its keys are loaded at once from a source that answers in batches', async () => {
  const asked: StateKey[][] = [];
  const source: StateSource = {
    load(keys, options) {
      asked.push([...keys]);
      return file.state.load(keys, options);
    },
    blockHash: (number) => file.state.blockHash(number),
  };
  const block = { ...file.block, blockAccessList: list };
  const result = await engine.executeBlock({ ...file, block, state: source });
  expectSame(result);
  expect(result.report.planning).toMatchObject({ wrong: 0 });
  const slots = list.reduce((sum, one) => sum + one.storageChanges.length + one.storageReads.length, 0);
  expect(asked[0]!.filter(({ kind }) => kind === 'storage')).toHaveLength(slots);
  // Only code is left to ask for.
  expect(
    asked
      .slice(1)
      .flat()
      .filter(({ kind }) => kind !== 'code'),
  ).toEqual([]);
});

test('a list that lies changes no result, and its first lie is named', async () => {
  for (let seed = 1; seed <= 40; seed++) {
    const result = await engine.executeBlock({ ...file, accessOracle: fromBlockAccessList(lie(seed)) });
    expectSame(result);
    const { planning } = result.report;
    expect({ seed, named: planning?.firstWrong !== undefined }).toEqual({ seed, named: planning!.wrong > 0 });
    expect({ seed, wrong: planning!.wrong > 0 }).toEqual({ seed, wrong: true });
  }
});

/** The list with some values and some places changed. */
function lie(seed: number): BlockAccessList {
  const random = randomFrom(seed);
  const changed = structuredClone(list) as {
    -readonly [At in keyof BlockAccessList]: BlockAccessList[At];
  };
  const holders = changed.filter(({ balanceChanges }) => balanceChanges.length > 0);
  for (let i = 0; i < 5; i++) {
    const account = holders[Math.floor(random() * holders.length)]!;
    const change = account.balanceChanges[Math.floor(random() * account.balanceChanges.length)]! as {
      postBalance: string;
    };
    change.postBalance = `0x${(BigInt(change.postBalance) + 1n + BigInt(Math.floor(random() * 1e6))).toString(16)}`;
    const written = changed.filter(({ storageChanges }) => storageChanges.length > 0);
    const slot = written[Math.floor(random() * written.length)]!.storageChanges[0]!;
    (slot.slotChanges[0] as { postValue: string }).postValue = `0x${Math.floor(random() * 1e9).toString(16)}`;
  }
  return changed;
}

test.skipIf(withoutShared('mainnet'))(
  'the lists of real blocks leave nothing to wait for',
  { timeout: 120_000 },
  async () => {
    const folder = join(sharedFolder!, 'mainnet');
    const names = readdirSync(folder).filter((name) => name.endsWith('.json.gz'));
    for (const name of names.filter((_, at) => at % 4 === 0)) {
      const { block, ...rest } = await readBlockFile(readFileSync(join(folder, name)), name);
      const alone = await engine.executeBlock({ ...rest, block, blockAccessList: true });
      const oracle = fromBlockAccessList(alone.blockAccessList!);
      const again = await engine.executeBlock({ ...rest, block, accessOracle: oracle });
      expect({ name, root: again.receiptsRoot }).toEqual({ name, root: alone.receiptsRoot });
      const { reexecutions, planning } = again.report;
      expect({ name, wrong: planning?.wrong }).toEqual({ name, wrong: 0 });
      // Of places that more transactions write no value is announced.
      if (block.transactions.length > 256) continue;
      expect({ name, reexecutions, waits: planning?.waits }).toEqual({ name, reexecutions: 0, waits: 0 });
    }
  },
);
