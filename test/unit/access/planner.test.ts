// Plans: who waits for whom, what has nothing to do with each other, and what begins first.
import { expect, test } from 'vitest';
import { type AccessKey, type AccessPrediction, combineOracles, fromHints, Planner } from '../../../src/index.ts';
import { planTransactions } from '../../../src/job/oracle-plan.ts';
import { crewOf, orderTransactions } from '../../../src/job/planning.ts';
import { randomFrom } from '../../support/synthetic-run.ts';

const address = (digit: number) => `0x${digit.toString(16).padStart(40, '0')}` as const;
const balance = (digit: number): AccessKey => ({ kind: 'balance', address: address(digit) });
const slot = (digit: number): AccessKey => ({
  ...({ kind: 'storage', address: address(9) } as const),
  slot: `0x${digit.toString(16).padStart(64, '0')}`,
});

const pairsOf = (numbers: Uint32Array) =>
  Array.from({ length: numbers.length / 2 }, (_, at) => [numbers[2 * at], numbers[2 * at + 1]]);

test('a reader waits for the last who writes what it reads, and for no other', () => {
  const plan = new Planner().plan([
    { writes: [slot(1)] },
    { writes: [slot(2)] },
    { writes: [slot(1)] },
    { reads: [slot(1)] },
    { reads: [slot(3)] },
  ]);
  expect(pairsOf(plan.dependencies)).toEqual([[2, 3]]);
  expect([...plan.partitions]).toEqual([0, 1, 2, 2, 4]);
});

test('nobody waits for a value that is known, nor does who adds wait for who has added', () => {
  const plan = new Planner().plan([
    { writes: [{ ...balance(1), value: 7n }] },
    { reads: [balance(1)], credits: [balance(2)] },
    { credits: [balance(2)] },
    { reads: [balance(2)] },
  ]);
  expect(pairsOf(plan.dependencies)).toEqual([
    [2, 3],
    [1, 3],
  ]);
  expect(plan.announced.map((writes) => writes.length)).toEqual([1, 0, 0, 0]);
});

test('of a place that very many write no value is announced: they wait for each other, but not for balances', () => {
  const nonce = { kind: 'nonce', address: address(1) } as const;
  const writesOf = (index: number) => [
    { ...nonce, value: BigInt(index) },
    { ...balance(2), value: 1n },
    { ...slot(index), value: 5n },
  ];
  const plan = new Planner().plan(Array.from({ length: 300 }, (_, index) => ({ writes: writesOf(index) })));
  expect(plan.announced.every((writes) => writes.length === 1)).toBe(true);
  expect(pairsOf(plan.dependencies)).toEqual(Array.from({ length: 299 }, (_, at) => [at, at + 1]));
  const few = new Planner().plan(Array.from({ length: 200 }, (_, index) => ({ writes: writesOf(index) })));
  expect(few.announced.every((writes) => writes.length === 3)).toBe(true);
  expect(few.dependencies).toHaveLength(0);
});

test('what a few touch makes them wait, what many touch is taken for something that is only read', () => {
  const few = new Planner().plan(Array.from({ length: 4 }, () => ({ touches: [slot(1)] })));
  expect(pairsOf(few.dependencies)).toEqual([
    [0, 1],
    [1, 2],
    [2, 3],
  ]);
  const many = new Planner().plan(Array.from({ length: 40 }, () => ({ touches: [slot(1)] })));
  expect(many.dependencies).toHaveLength(0);
});

test('the order begins with the longest chains, and what would come too late begins early', () => {
  const costs = Array.from({ length: 21 }, (_, index) => (index === 20 ? 900 : 100));
  const plan = new Planner({ workers: 2 }).plan(
    costs.map((_, index) => (index === 3 ? { reads: [slot(1)] } : index === 0 ? { writes: [slot(1)] } : {})),
    costs,
  );
  expect([...plan.order.slice(0, 3)]).toEqual([20, 0, 1]);
  expect([...plan.early]).toEqual([20]);
  expect(plan.work).toBe(2900);
  expect(plan.longestChain).toBe(900);
  expect(new Planner({ workers: 2 }).plan(new Array(50).fill({ gas: 10n })).early).toHaveLength(0);
});

test('the first oracle that names a value is believed, and what all say is joined', () => {
  const first = fromHints(new Map([[0, { writes: [{ ...slot(1), value: 3n }], gas: 5n }]]));
  const second = fromHints(new Map([[0, { writes: [{ ...slot(1), value: 4n }], reads: [slot(2)], gas: 6n }]]));
  const joined = combineOracles(first, second).taskAccess?.({ id: 0 });
  expect(joined?.gas).toBe(5n);
  expect(joined?.reads).toEqual([slot(2)]);
  expect(new Planner().plan([joined]).announced).toEqual([[{ ...slot(1), value: 3n }]]);
});

test('whatever is predicted, a dependency points down, and nobody has more of them than allowed', () => {
  for (let seed = 0; seed < 60; seed++) {
    const random = randomFrom(seed);
    const key = () => (random() < 0.5 ? slot(Math.floor(random() * 4)) : balance(Math.floor(random() * 4)));
    const keys = () => Array.from({ length: Math.floor(random() * 5) }, key);
    const count = 1 + Math.floor(random() * 30);
    const predictions = Array.from({ length: count }, (_, index): AccessPrediction => {
      const after = random() < 0.3 ? [Math.floor(random() * count), index] : [];
      return { reads: keys(), writes: keys(), credits: keys(), touches: keys(), after };
    });
    const plan = new Planner({ maximumDependencies: 3 }).plan(predictions);
    const waits = new Map<number, number>();
    for (const [lower, higher] of pairsOf(plan.dependencies)) {
      expect(lower!).toBeLessThan(higher!);
      expect(plan.partitions[lower!]).toBe(plan.partitions[higher!]);
      waits.set(higher!, (waits.get(higher!) ?? 0) + 1);
    }
    expect(Math.max(0, ...waits.values())).toBeLessThanOrEqual(3);
    expect([...plan.order].sort((left, right) => left - right)).toEqual(Array.from({ length: count }, (_, at) => at));
  }
});

test('where every value is announced the longest begin first; where some are not, only those that would end last', () => {
  const gas = [1, 9, 5, 9];
  const all = gas.map((one, index) => ({ gas: BigInt(one), writes: [{ ...balance(index), value: 1n }] }));
  expect([...new Planner().plan(all).early]).toEqual([1, 3, 2, 0]);
  const some = [...all.slice(0, 3), { gas: 30n, writes: [balance(3)] }];
  expect([...new Planner().plan(some).early]).toEqual([3]);
});

test('of a block that nobody knows anything of, by limits of gas, what would end last begins early', () => {
  const encoding = {
    firstTransaction: 2,
    evm: undefined,
    tasks: Array.from({ length: 12 }, () => ({ dependencies: [] })),
  };
  const block = {
    transactions: Array.from({ length: 10 }, (_, index) => ({
      gas: index === 9 ? ('0xf4240' as const) : ('0x5208' as const),
    })),
  };
  const planOf = (workers: number, chain: readonly number[] = []) => {
    const tasks = encoding.tasks.map((task, index) => (index === 11 ? { dependencies: chain } : task));
    return orderTransactions(block, { ...encoding, tasks }, workers);
  };
  expect([...planOf(2)!.early]).toEqual([11]);
  expect(planOf(1)).toBeUndefined();
  // A chain's first transaction begins early for what waits for it.
  expect([...planOf(2, [8])!.early]).toEqual([8]);
});

test('whom somebody waits for anyway counts for the order, and is no dependency of the plan', () => {
  const plan = new Planner({ workers: 2 }).plan(
    Array.from({ length: 10 }, () => undefined),
    [1, 1, 1, 1, 1, 1, 3, 1, 1, 3],
    [-1, -1, -1, -1, -1, -1, -1, -1, -1, 6],
  );
  expect([...plan.dependencies]).toEqual([]);
  expect([...plan.early]).toEqual([6]);
});

test('the order goes by predicted costs where nearly all calls have one, else by limits of gas alone', () => {
  const call = { to: '0x0000000000000000000000000000000000000001', input: '0x01' } as const;
  const limits = [...Array.from({ length: 9 }, () => '0x5208' as const), '0xf4240' as const];
  const transactions = limits.map((gas) => ({ ...call, gas }));
  const block = { transactions } as unknown as Parameters<typeof planTransactions>[1]['block'];
  const encoding = { evm: undefined, firstTransaction: 2, tasks: [] };
  const earlyOf = (known: number) => {
    const gasOf = (index: number) => (index === 7 ? 500_000n : 10_000n);
    const transactionAccess = ({ index }: { readonly index: number }) =>
      index < known ? { gas: gasOf(index) } : undefined;
    return [...planTransactions({ transactionAccess }, { block, encoding, workers: 2 }).planning.early];
  };
  expect(earlyOf(10)).toEqual([9]);
  expect(earlyOf(3)).toEqual([11]);
});

test('what was learned of costs takes no worker from a block', () => {
  const transaction = { to: '0x0000000000000000000000000000000000000001', input: '0x01', gas: '0x30d40' } as const;
  const block = { transactions: Array.from({ length: 20 }, () => transaction) };
  const encoding = { firstTransaction: 0, tasks: [], evm: { transactions: { previous: [] } } } as unknown as Parameters<
    typeof crewOf
  >[1];
  const crew = (gas: number | undefined) =>
    crewOf({ block, senders: 'trust' } as unknown as Parameters<typeof crewOf>[0], encoding, {
      workers: 8,
      planning: undefined,
      costs: gas === undefined ? undefined : new Float64Array(20).fill(gas),
    });
  expect(crew(undefined)).toBeLessThan(8);
  expect(crew(100)).toBe(crew(undefined));
  expect(crew(2_000_000)).toBe(8);
});
