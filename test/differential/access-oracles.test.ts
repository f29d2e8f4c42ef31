// Whatever an access oracle says, a run comes to what sequential execution comes to.
import { afterAll, describe, expect, test } from 'vitest';
import { type AccessPrediction, createEngine, type Engine, memoryState, type StateSource } from '../../src/index.ts';
import { count } from '../support/effort.ts';
import { addressOf, ORACLE_MOODS, oracleOf, truePredictions } from '../support/random-oracles.ts';
import { differenceFromOracle, randomBlock, randomFrom, runSynthetic, stateOf } from '../support/synthetic-run.ts';

const engines: Engine[] = [];
afterAll(async () => {
  for (const engine of engines) await engine.dispose();
});

const oracles = count('access-oracles', { ci: 10_000, long: 60_000 });

describe.each(ORACLE_MOODS)('oracles that are %s', (mood) => {
  // A quarter of the cases has transfers, the rest synthetic programs.
  const cases = Math.ceil(oracles / ORACLE_MOODS.length / 4);

  test.each([2, 4])(
    `%i workers: ${cases} random blocks of programs and a half come to what the oracle says`,
    async (workers) => {
      const engine = await createEngine({ workersPerBlock: 'all', workers, memory: { maximumMiB: 64 } });
      engines.push(engine);
      const blocks = Math.ceil(cases * 1.5);
      for (let seed = workers * 100_000; seed < workers * 100_000 + blocks; seed++) {
        const random = randomFrom(seed);
        const shape = { transactions: 2 + Math.floor(random() * 14), accounts: 1 + Math.floor(random() * 4) };
        const block = randomBlock(random, {
          ...shape,
          slots: 1 + Math.floor(random() * 4),
          spin: random() < 0.1 ? 500 : 0,
        });
        const accessOracle = oracleOf(truePredictions(block), mood, random);
        const result = await runSynthetic(engine, block, 'inside', { accessOracle });
        expect({ seed, difference: differenceFromOracle(block, result) }).toEqual({ seed, difference: undefined });
        expect(result.report.planning).toBeDefined();
        if (mood === 'right') expect({ seed, wrong: result.report.planning?.wrong }).toEqual({ seed, wrong: 0 });
      }
    },
  );

  test(`${cases} random blocks of transfers leave what arithmetic says`, async () => {
    const engine = await createEngine({ workersPerBlock: 'all', workers: 2, memory: { maximumMiB: 64 } });
    engines.push(engine);
    for (let seed = 1; seed <= cases; seed++) {
      const random = randomFrom(seed);
      const { request, alloc, truth, after } = randomTransfers(random);
      engine.setAccessOracle(oracleOf(truth, mood, random));
      const { stateDiff, transactions } = await engine.executeBlock({
        ...request,
        state: sourceOf(request.state, random),
      });
      expect({ seed, succeeded: transactions.every(({ success }) => success) }).toEqual({ seed, succeeded: true });
      for (const [address, { balance, nonce }] of after) {
        const diff = stateDiff.get(address);
        const before = alloc[address] ?? { balance: 0n, nonce: 0n };
        expect({ seed, address, balance: diff?.balance ?? before.balance }).toEqual({ seed, address, balance });
        expect({ seed, address, nonce: diff?.nonce ?? before.nonce }).toEqual({ seed, address, nonce });
      }
    }
    engine.setAccessOracle(undefined);
  });
});

/** The state as it is, or one that answers in batches and says nothing of itself. */
function sourceOf(state: StateSource, random: () => number): StateSource {
  if (random() < 0.8) return state;
  return { load: (keys, options) => state.load(keys, options), blockHash: (number) => state.blockHash(number) };
}

const COINBASE = addressOf(0xcccc);
const GAS = 21_000n;

/** Transfers between few accounts, what each of them leaves, and what all of them leave. */
function randomTransfers(random: () => number) {
  const below = (limit: number) => Math.floor(random() * limit);
  const accounts = 2 + below(4);
  const balances = new Map(Array.from({ length: accounts }, (_, at) => [addressOf(0x1000 + at), 10n ** 18n]));
  const nonces = new Map<`0x${string}`, bigint>();
  const alloc = Object.fromEntries([...balances].map(([address, balance]) => [address, { balance, nonce: 0n }]));
  const truth: AccessPrediction[] = [];
  const add = (address: `0x${string}`, amount: bigint) => {
    balances.set(address, (balances.get(address) ?? 0n) + amount);
  };
  const transactions = Array.from({ length: 1 + below(10) }, (_, index) => {
    const from = addressOf(0x1000 + below(accounts));
    const to = random() < 0.2 ? COINBASE : addressOf(0x1000 + below(accounts + 1));
    const value = BigInt(below(1e9));
    const price = BigInt(1 + below(5));
    const nonce = nonces.get(from) ?? 0n;
    nonces.set(from, nonce + 1n);
    add(from, -value - GAS * price);
    add(to, value);
    add(COINBASE, GAS * price);
    const touched = [...new Set([from, to, COINBASE])];
    truth.push({
      reads: [
        { kind: 'nonce', address: from },
        { kind: 'balance', address: from },
      ],
      writes: [
        { kind: 'nonce', address: from, value: nonce + 1n },
        ...touched.map((address) => ({ kind: 'balance', address, value: balances.get(address)! }) as const),
      ],
      gas: GAS,
    });
    const hex = (number: bigint) => `0x${number.toString(16)}` as const;
    return {
      ...({ hash: `0x${index.toString(16).padStart(64, '0')}`, type: '0x0', nonce: hex(nonce), from, to } as const),
      ...({ value: hex(value), gas: hex(GAS), gasPrice: hex(price), input: '0x' } as const),
    };
  });
  const word = `0x${'11'.repeat(32)}` as const;
  const block = {
    ...{ hash: word, parentHash: word, miner: COINBASE, number: '0xc5d488', gasLimit: '0x1c9c380' },
    ...{ timestamp: '0x60000000', difficulty: '0x1', extraData: '0x', mixHash: word, nonce: '0x0000000000000000' },
    transactions,
  };
  const after = new Map(
    [...balances].map(([address, balance]) => [address, { balance, nonce: nonces.get(address) ?? 0n }]),
  );
  return {
    request: {
      block,
      hardfork: 'berlin',
      blockReward: false,
      senders: 'trust',
      state: memoryState(alloc),
    } as const,
    alloc,
    truth,
    after,
  };
}

test('the state of synthetic blocks is complete, so that dependencies are given', async () => {
  const engine = await createEngine({ workersPerBlock: 'all', workers: 2 });
  engines.push(engine);
  const block = { programs: [[[2, 1, 1, 5]], [[1, 1, 1]]] as const };
  const key = { kind: 'storage', address: addressOf(1), slot: `0x${'1'.padStart(64, '0')}` } as const;
  const accessOracle = { taskAccess: ({ id }: { id: number }) => (id === 0 ? { writes: [key] } : { reads: [key] }) };
  const { report } = await runSynthetic(engine, block, 'inside', { accessOracle, state: stateOf(block) });
  expect(report.planning).toMatchObject({ dependencies: 1, predicted: 2, partitions: 1, announced: 0, problems: [] });
});
