// Real blocks with random edits, against the edited block executed from the beginning, of which nothing is known before.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type BlockFile,
  createEngine,
  type Edit,
  type Engine,
  InvalidBlockError,
  readBlockFile,
  type StateDiff,
} from '../../src/index.ts';
import type { WhatIf } from '../../src/types.ts';
import { count } from '../support/effort.ts';
import { sharedFolder, withoutShared } from '../support/shared.ts';
import { type Choose, chooser } from '../support/synthetic-generator.ts';

const folder = join(sharedFolder ?? '.', 'mainnet');
const names = withoutShared('mainnet') ? [] : readdirSync(folder).filter((name) => /^\d+\.json\.gz$/.test(name));
const questions = count('what-if-real', { ci: 3, long: 40 });

type Transaction = BlockFile['block']['transactions'][number];
/** Without a nonce: it is to be the sender's next. */
type Listed = Omit<Transaction, 'nonce'> & { nonce?: Transaction['nonce'] };

let engine: Engine;
let compared = 0;
beforeAll(async () => {
  engine = await createEngine({ workersPerBlock: 'all', workers: 2 });
});
afterAll(() => engine.dispose());

/** A few edits, and the list that they lead to, by hand. What is new does what another transaction does, or sends ether. */
function randomEdits(choose: Choose, transactions: readonly Transaction[]): { edits: Edit[]; list: Listed[] } {
  const places = transactions.map((now): { before: Listed[]; now: Listed | undefined } => ({ before: [], now }));
  places.push({ before: [], now: undefined });
  const edits: Edit[] = [];
  const edited = new Set<number>();
  for (let left = 1 + choose(2); left > 0; left--) {
    const at = choose(transactions.length + 1);
    const {
      hash: _,
      r: _r,
      s: _s,
      v: _v,
      yParity: _y,
      authorizationList: _a,
      nonce,
      ...same
    } = transactions[choose(transactions.length)]! as Transaction & Record<string, unknown>;
    const made = { ...same, type: same.type === '0x4' ? '0x2' : same.type } as Listed;
    if (choose(3) === 0) made.value = `0x${(1 + choose(1000)).toString(16)}`;
    if (choose(3) === 0) made.nonce = nonce;
    const kind = choose(3);
    if (kind === 0 || at === transactions.length || edited.has(at)) {
      edits.push({ at, insert: made });
      places[at]!.before.push(made);
      continue;
    }
    edited.add(at);
    edits.push(kind === 1 ? { at, drop: true } : { at, replace: made });
    places[at]!.now = kind === 1 ? undefined : made;
  }
  return { edits, list: places.flatMap(({ before, now }) => (now === undefined ? before : [...before, now])) };
}

/** Nonces by the list; the block has one of each sender. */
function withNonces(list: readonly Listed[], transactions: readonly Transaction[]): Transaction[] {
  const next = new Map<string, bigint>();
  for (const { from, nonce } of transactions) if (!next.has(from!)) next.set(from!, BigInt(nonce));
  return list.map((transaction) => {
    const nonce = transaction.nonce ?? (`0x${next.get(transaction.from!)!.toString(16)}` as const);
    next.set(transaction.from!, BigInt(nonce) + 1n);
    return { ...transaction, nonce };
  });
}

/** Without slots that are named although the account's storage went as a whole. */
function plain(diff: StateDiff): StateDiff {
  const accounts = Array.from(diff, ([address, account]) => {
    if (!account?.destroyed) return [address, account] as const;
    const storage = new Map([...account.storage].filter(([, value]) => BigInt(value) !== 0n));
    return [address, { ...account, storage }] as const;
  });
  return new Map(accounts);
}

async function compare(found: WhatIf, list: readonly Transaction[], file: BlockFile, where: string): Promise<void> {
  const { block, state, chainId, hardfork, blockHashes } = file;
  const isValid = (at: number) => found.transactions[at]!.status !== 'invalid';
  const execute = async (transactions: readonly Transaction[]) => {
    await using world = await engine.openWorld({ state, chain: chainId });
    return world.executeBlock({ hardfork, blockHashes, senders: 'trust', block: { ...block, transactions } });
  };
  const valid = list.filter((_, at) => isValid(at));
  // A question does not ask whether the block has room for it.
  const expected = await execute(valid).catch((error: unknown) => {
    if (error instanceof InvalidBlockError && error.message.includes('gas limit')) return undefined;
    throw error;
  });
  if (expected === undefined) return;
  compared++;
  const seen = found.transactions.flatMap(({ result }) => (result === undefined ? [] : [result]));
  const facts = (results: typeof seen) =>
    results.map(({ success, gasUsed, cumulativeGasUsed, returnValue, logs }) => {
      return [success, gasUsed, cumulativeGasUsed, returnValue, logs];
    });
  expect(facts(seen), where).toEqual(facts([...expected.transactions]));
  expect(plain(found.stateDiff), where).toEqual(plain(expected.stateDiff));
  expect(found.gasUsed, where).toBe(expected.gasUsed);
  const invalid = list.findIndex((_, at) => !isValid(at));
  if (invalid < 0) return;
  const upTo = list.filter((_, at) => at === invalid || (at < invalid && isValid(at)));
  await expect(execute(upTo), `${where}: ${found.transactions[invalid]!.error}`).rejects.toThrow(
    `transaction ${upTo.length - 1}`,
  );
}

describe.skipIf(withoutShared('mainnet'))('real blocks with edits', () => {
  for (const [seed, name] of names.entries()) {
    test(`${name} with edits is what it is from the beginning`, async () => {
      const file = await readBlockFile(readFileSync(join(folder, name)), name);
      const { block, state, chainId, hardfork, blockHashes } = file;
      if (block.transactions.length === 0) return;
      const choose = chooser(seed + 1);
      await using world = await engine.openWorld({ state, chain: chainId });
      const run = await world.executeBlock({ block, hardfork, blockHashes, senders: 'trust' });
      for (let asked = 0; asked < questions; asked++) {
        const { edits, list } = randomEdits(choose, block.transactions);
        const found = await run.whatIf(edits);
        const where = `${name}, question ${asked}: ${JSON.stringify(edits.map(({ at, ...edit }) => [at, Object.keys(edit)[0]]))}`;
        await compare(found, withNonces(list, block.transactions), file, where);
      }
      const same = await run.whatIf([]);
      expect(same.changed).toEqual([]);
      expect(same.changedState.size).toBe(0);
      expect(plain(same.stateDiff)).toEqual(plain(run.stateDiff));
    });
  }

  test('most of what was asked could be compared', () => {
    expect(compared).toBeGreaterThan((names.length * questions) / 2);
  });
});
