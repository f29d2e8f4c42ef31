// Blocks with random edits, against ethereumjs running the edited block in one thread.
import { afterAll, expect, test } from 'vitest';
import { PevmEngine } from '../../src/engine/engine.ts';
import { runSequential } from '../../src/executor/ethereumjs/sequential.ts';
import type { BlockInput, Edit, StateDiff, WhatIf } from '../../src/index.ts';
import { stateAfter } from '../../src/state/state-after.ts';
import { count } from '../support/effort.ts';
import { type Choose, chooser } from '../support/synthetic-generator.ts';
import { firstState, nextBlock } from '../support/world-blocks.ts';

const hardfork = 'shanghai';
const engines: PevmEngine[] = [];
afterAll(async () => {
  for (const engine of engines) await engine.dispose();
});

type Transaction = BlockInput['transactions'][number];

/** Random edits, and the list that they lead to, by hand. */
function randomEdits(choose: Choose, block: BlockInput, others: readonly Transaction[]) {
  const places: { before: object[]; now: object | undefined }[] = block.transactions.map((now) => ({
    before: [],
    now,
  }));
  places.push({ before: [], now: undefined });
  const edits: Edit[] = [];
  const edited = new Set<number>();
  for (let left = choose(4); left > 0; left--) {
    const insert = { ...others[choose(others.length)]!, ...(choose(2) === 0 ? { nonce: undefined } : {}) };
    const at = choose(places.length);
    const kind = choose(3);
    if (kind === 0 || at === block.transactions.length || edited.has(at)) {
      edits.push({ at, insert });
      places[at]!.before.push(insert);
      continue;
    }
    edited.add(at);
    edits.push(kind === 1 ? { at, drop: true } : { at, replace: insert });
    places[at]!.now = kind === 1 ? undefined : insert;
  }
  const list = places.flatMap(({ before, now }) => [...before, ...(now === undefined ? [] : [now])]) as Transaction[];
  return { edits, list };
}

/** The nonces that the list's transactions have, and whether a block may hold each there. */
function withNonces(list: readonly Transaction[], nonces: ReadonlyMap<string, bigint>) {
  const state = new Map(nonces);
  const filled = new Map(nonces);
  return list.map((transaction) => {
    const from = transaction.from!;
    const nonce = transaction.nonce === undefined ? (filled.get(from) ?? 0n) : BigInt(transaction.nonce);
    filled.set(from, nonce + 1n);
    const isValid = nonce === (state.get(from) ?? 0n);
    if (isValid) state.set(from, nonce + 1n);
    return { transaction: { ...transaction, nonce: `0x${nonce.toString(16)}` as const }, isValid };
  });
}

test('an edited block comes to what ethereumjs makes of it, whoever dies, and the world stays as it was', async () => {
  const engine = await PevmEngine.create({
    workersPerBlock: 'all',
    workers: 2,
    chainId: 1,
    memory: { maximumMiB: 32 },
  });
  engines.push(engine);
  let saved = 0;
  let runs = 0;
  const chains = count('what-if-chains', { ci: 25, long: 2_000 });
  for (let seed = 1; seed <= chains; seed++) {
    const choose = chooser(seed);
    let state = firstState();
    const world = await engine.openWorld({ state });
    const nonces = [0, 0, 0, 0];
    for (let number = 1; number <= 2; number++) {
      const before = new Map(
        nonces.map((nonce, i) => [`0x${(0xa0 + i).toString(16).padStart(40, '0')}`, BigInt(nonce)]),
      );
      const others = nextBlock(choose, number, [...nonces], hardfork).transactions;
      const block = nextBlock(choose, number, nonces, hardfork);
      const run = await world.executeBlock({ block, hardfork });
      const diff = await diffOf(state, block);
      expect(plain(run.stateDiff), `chain ${seed}, block ${number}`).toEqual(plain(diff));
      for (let asked = 0; asked < 3; asked++) {
        const where = `chain ${seed}, block ${number}, question ${asked}`;
        const { edits, list } = randomEdits(choose, block, others);
        const timer = choose(6) === 0 ? setTimeout(() => engine.terminateWorker(choose(2)), choose(3)) : undefined;
        const found = await run.whatIf(edits);
        clearTimeout(timer);
        saved += found.saved;
        runs++;
        await compare(found, withNonces(list, before), { block, state, where });
      }
      const again = await run.whatIf([]);
      expect(again.changed).toEqual([]);
      expect(again.changedState.size).toBe(0);
      state = stateAfter(state, diff, { emptyIsAbsent: true });
      for (const address of diff.keys()) {
        const account = state.accounts?.get(address);
        expect(await world.getBalance(address), `${seed}: ${address}`).toBe(
          account?.balance ?? (await balanceIn(state, address)),
        );
      }
    }
    await world.dispose();
  }
  // Most blocks of these chains are tangled, and an edit at their beginning reaches all of them.
  expect(saved / runs).toBeGreaterThan(0.2);
});

/** Without slots that are named although the account's storage went as a whole. */
function plain(diff: StateDiff): StateDiff {
  const accounts = Array.from(diff, ([address, account]) => {
    if (!account?.destroyed) return [address, account] as const;
    const storage = new Map([...account.storage].filter(([, value]) => BigInt(value) !== 0n));
    return [address, { ...account, storage }] as const;
  });
  return new Map(accounts);
}

async function diffOf(state: ReturnType<typeof firstState>, block: BlockInput) {
  return (await runSequential({ chainId: 1, hardfork, block, state, blockHashes: new Map() })).stateDiff;
}

async function balanceIn(state: ReturnType<typeof firstState>, address: `0x${string}`): Promise<bigint> {
  const [value] = await state.load([{ kind: 'account', address }]);
  return value?.kind === 'account' ? value.balance : 0n;
}

async function compare(
  found: WhatIf,
  list: readonly { readonly transaction: Transaction; readonly isValid: boolean }[],
  { block, state, where }: { block: BlockInput; state: ReturnType<typeof firstState>; where: string },
): Promise<void> {
  expect(
    found.transactions.map(({ status }) => status !== 'invalid'),
    where,
  ).toEqual(list.map(({ isValid }) => isValid));
  const transactions = list.filter(({ isValid }) => isValid).map(({ transaction }) => transaction);
  const oracle = await runSequential({
    ...{ chainId: 1, hardfork, state, blockHashes: new Map() },
    block: { ...block, transactions },
  });
  const valid = found.transactions.flatMap(({ result }) => (result === undefined ? [] : [result]));
  expect(
    valid.map(({ gasUsed, success, logs }) => [gasUsed, success, logs.length]),
    where,
  ).toEqual(oracle.receipts.map(({ gasUsed, status, logs }) => [gasUsed, status === 'success', logs.length]));
  expect(plain(found.stateDiff), where).toEqual(plain(oracle.stateDiff));
}
