// What the host does with much of one thing: files and states on their way in, rounds of loading, tasks with dependencies.
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  createEngine,
  devGenesis,
  type Engine,
  memoryState,
  parseBlockFile,
  type StateSource,
} from '../../../src/index.ts';
import {
  addressOf,
  assemble,
  expectLinear,
  hostileBlock,
  patient,
  processorTime,
  quantity,
  SENDER,
  TARGET,
  words,
} from '../../support/growth.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ workersPerBlock: 'all', workers: 2 });
});
afterAll(() => engine.dispose());

test('a file of 40,000 accounts with a slot each is read and run', patient, async () => {
  await expectLinear(10_000, async (n) => {
    const { block } = hostileBlock({ hardfork: 'london', transactions: [] });
    const pre = Object.fromEntries(
      Array.from({ length: n }, (_, index) => [
        addressOf(0x100000 + index),
        {
          balance: '0x1',
          nonce: '0x1',
          code: quantity(0x600000 + index),
          storage: { [words([index])]: words([index + 1]) },
        },
      ]),
    );
    const text = JSON.stringify({ chainId: 1, hardfork: 'london', block, pre });
    return processorTime(() => engine.executeBlock(parseBlockFile(text)));
  });
});

/** A state of which nothing is known before it is asked for. */
function distant(source: StateSource, rounds: { count: number }): StateSource {
  return {
    load: async (keys) => {
      rounds.count++;
      return source.load(keys);
    },
    blockHash: (number) => source.blockHash(number),
  };
}

test('a transaction that misses 20,000 accounts learns of all in a few rounds', patient, async () => {
  const code = (n: number) => assemble(`0 again: DUP1 0x900000 ADD BALANCE POP 1 ADD DUP1 ${n} GT @again JUMPI`);
  await expectLinear(5000, async (n) => {
    const request = hostileBlock({
      hardfork: 'prague',
      transactions: [{}],
      accounts: { [TARGET]: { nonce: 1, code: code(n) } },
    });
    const rounds = { count: 0 };
    const time = await processorTime(() => engine.executeBlock({ ...request, state: distant(request.state!, rounds) }));
    expect(rounds.count).toBeLessThan(12);
    return time;
  });
});

test('a chain of 400 slots, each of which names the next one, takes a round for each', patient, async () => {
  const code = (n: number) => assemble(`1 ${n} again: SWAP1 SLOAD SWAP1 1 SWAP1 SUB DUP1 @again JUMPI`);
  await expectLinear(100, async (n) => {
    const storage = Object.fromEntries(
      Array.from({ length: n + 1 }, (_, index) => [words([index]), words([index + 1])]),
    );
    const accounts = { [TARGET]: { nonce: 1, code: code(n), storage } };
    const request = hostileBlock({ hardfork: 'prague', transactions: [{}], accounts });
    const rounds = { count: 0 };
    const time = await processorTime(() => engine.executeBlock({ ...request, state: distant(request.state!, rounds) }));
    expect(rounds.count).toBeGreaterThan(n);
    return time;
  });
});

test('tasks that depend on all before them take time in proportion to their dependencies', patient, async () => {
  const payload = Uint8Array.of();
  await expectLinear(200, (n) => {
    // n²: 40,000 dependencies, then 640,000.
    const tasks = Array.from({ length: n }, (_, id) => ({
      id,
      dependencies: Array.from({ length: id }, (_, lower) => (id % 2 === 0 ? lower : id - 1 - lower)),
      payload,
    }));
    return processorTime(() => engine.execute(tasks, 'synthetic', { state: memoryState({ [SENDER]: {} }) }));
  });
});

test('240 simulated blocks cost what each of them changes', patient, async () => {
  const { state, config, block } = await devGenesis();
  await using world = await engine.openWorld({ state, chain: config, block });
  // At most 256 in one question.
  await expectLinear(60, (n) =>
    processorTime(() =>
      world.simulate({ blockStateCalls: Array.from({ length: n }, () => ({ calls: [{ to: TARGET }] })) }),
    ),
  );
});
