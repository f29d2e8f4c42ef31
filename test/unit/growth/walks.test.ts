// Walks of the core whose length somebody chose, and memory that somebody takes again and again.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEngine, type Engine } from '../../../src/index.ts';
import {
  addressOf,
  assemble,
  expectLinear,
  type HostileBlock,
  hostileBlock,
  patient,
  processorTime,
  quantity,
  TARGET,
} from '../../support/growth.ts';
import { type Instruction, Operation } from '../../support/synthetic.ts';
import { runSynthetic } from '../../support/synthetic-run.ts';

const MIB = 1 << 20;

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ workers: 1 });
});
afterAll(() => engine.dispose());

test('destroying accounts takes time in proportion to their number', patient, async () => {
  const first = 0x22000000;
  await expectLinear(4000, (n) => {
    const victims = Object.fromEntries(
      Array.from({ length: n }, (_, i) => [
        addressOf(first + i),
        { nonce: 1, balance: 1n, code: assemble('CALLER SELFDESTRUCT') },
      ]),
    );
    const code = assemble(`0 again: 0 0 0 0 0 DUP6 ${first} ADD 10000 CALL POP 1 ADD DUP1 ${n} GT @again JUMPI`);
    const accounts = { ...victims, [TARGET]: { nonce: 1, code } };
    const block = hostileBlock({ hardfork: 'chainstart', transactions: [{}], accounts });
    return processorTime(() => engine.executeBlock(block));
  });
});

test('emptying accounts in the middle of a task takes time in proportion to their number', patient, async () => {
  await expectLinear(5000, (n) => {
    const instructions = Array.from({ length: n }, (_, account): Instruction[] => [
      [Operation.WRITE, account, 0, 7],
      [Operation.RESET, account],
    ]);
    const block = { programs: [instructions.flat()] };
    return processorTime(() => runSynthetic(engine, block, 'inside'));
  });
});

test('reading what many credits add up to takes as long as reading anything, whoever credits', patient, async () => {
  // An absolute value was put over the credits of every 32nd transaction: these leave out exactly those.
  await expectLinear(4000, (n) => {
    const credits = Array.from({ length: n }, (_, i): Instruction[] =>
      i % 32 === 31 ? [[Operation.READ, 2]] : [[Operation.CREDIT, 1, 1]],
    );
    const reads = Array.from({ length: n }, (): Instruction[] => [[Operation.READ_BALANCE, 1]]);
    return processorTime(() => runSynthetic(engine, { programs: [...credits, ...reads] }, 'inside'));
  });
});

/** Bytes of the shared memory that a block of these transactions takes. */
async function memoryOf(block: HostileBlock): Promise<number> {
  const { report, transactions } = await engine.executeBlock(hostileBlock(block));
  expect({ drains: report.drains, success: transactions.every(({ success }) => success) }).toEqual({
    drains: 0,
    success: true,
  });
  return report.memoryBytes;
}

test('init codes of which each is a word longer than the one before share their room', patient, async () => {
  const code = (n: number) =>
    assemble(`300000 again: DUP1 0 0 CREATE POP 32 ADD DUP1 ${300_000 + 32 * n} GT @again JUMPI`);
  const memory = (n: number) =>
    memoryOf({ hardfork: 'london', transactions: [{}], accounts: { [TARGET]: { nonce: 1, code: code(n) } } });
  expect(await memory(200)).toBeLessThan((await memory(20)) + 4 * MIB);
});

test('transient storage takes the room of the largest transaction, not of all', patient, async () => {
  const code = assemble('0 again: 1 DUP2 TSTORE 1 ADD DUP1 2000 GT @again JUMPI');
  const memory = (n: number) =>
    memoryOf({
      hardfork: 'cancun',
      transactions: Array.from({ length: n }, () => ({})),
      accounts: { [TARGET]: { nonce: 1, code } },
    });
  expect(await memory(100)).toBeLessThan((await memory(10)) + 4 * MIB);
});

test('asking again and again whether an account is empty takes no more room than once', patient, async () => {
  const code = (n: number) => assemble(`0 again: 0x123456 EXTCODEHASH POP 1 ADD DUP1 ${n} GT @again JUMPI`);
  const memory = (n: number) =>
    memoryOf({ hardfork: 'cancun', transactions: [{}], accounts: { [TARGET]: { nonce: 1, code: code(n) } } });
  expect(await memory(200_000)).toBeLessThan((await memory(20)) + 2 * MIB);
});

/** Processor time of the quickest of three runs. */
async function quickest(run: () => unknown): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 3; round++) best = Math.min(best, await processorTime(run));
  return best;
}

describe('exponentiations cost what their gas pays for, however long their numbers', () => {
  // Their gas grows with the square of the length; as many as make up the same gas, a sixteenth as long and whole.
  const word = (value: number) => value.toString(16).padStart(64, '0');
  const input = (length: number, last: string) =>
    `0x${word(length)}${word(32)}${word(length)}${'ff'.repeat(length)}${'ff'.repeat(32)}${'ff'.repeat(length - 1)}${last}`;
  test.each([
    ['an odd modulus', 'fd', 64, 2048],
    ['an even modulus', 'f0', 64, 2048],
    ['a modulus that the host reckons with', 'fd', 2048, 2048],
  ])('%s', patient, async (_, last, shortest, product) => {
    await expectLinear(shortest, (n) => {
      // Four times as long a number means sixteen times as long ones here.
      const length = (n * n) / shortest;
      const calls = (product / (length / shortest) ** 2) * (shortest === 64 ? 1 : 1 / 8);
      const size = 96 + 2 * length + 32;
      const code = assemble(
        `${size} 0 0 CALLDATACOPY 0 again: 0 0 ${size} 0 0 5 GAS CALL @go JUMPI 0 0 REVERT go: 1 ADD DUP1 ${calls} GT @again JUMPI`,
      );
      const transactions = [{ input: input(length, last), gas: quantity(2 ** 33) }];
      const block = hostileBlock({ hardfork: 'prague', transactions, accounts: { [TARGET]: { nonce: 1, code } } });
      return processorTime(async () => {
        const { transactions: done } = await engine.executeBlock(block);
        expect(done[0]!.success).toBe(true);
      });
    });
  });
});

test('init codes whose length nobody pays for cost what anything costs for the same gas', patient, async () => {
  // London: 2.8 MB of memory are 15 M gas, and then each creation 32,000.
  const size = 2_800_000;
  const hopFar = BigInt(`0x62${(size - 1).toString(16).padStart(6, '0')}56`) << 216n;
  const codes = {
    anything: '0 again: 1 ADD DUP1 DUP1 MUL POP @again JUMP',
    'ends at once': `0 ${size} MSTORE again: ${size} 0 0 CREATE POP @again JUMP`,
    'jumps to its end': `0x5b ${size - 1} MSTORE8 0x${hopFar.toString(16)} 0 MSTORE again: ${size} 0 0 CREATE POP @again JUMP`,
  };
  const times: Record<string, number> = {};
  for (const [name, source] of Object.entries(codes)) {
    const accounts = { [TARGET]: { nonce: 1, code: assemble(source) } };
    const block = hostileBlock({ hardfork: 'london', transactions: [{ gas: '0x1c9c380' }], accounts });
    times[name] = await quickest(() => engine.executeBlock(block));
  }
  if (process.env.PEVM_VERBOSE) console.log(times);
  // They took 100 times as long as long as all of it was looked at.
  expect(times['ends at once']).toBeLessThan(5 * times.anything! + 150);
  expect(times['jumps to its end']).toBeLessThan(10 * times.anything! + 300);
});

describe('creations of one init code take time in proportion to their number, not to its length', () => {
  // 1,000 bytes of init code and one creation for each of n: gas grows with the square, time may not.
  const size = (n: number) => 1000 * n;
  const hopFar = (n: number) =>
    `0x${(BigInt(`0x62${(size(n) - 1).toString(16).padStart(6, '0')}56`) << 216n).toString(16)}`;
  const prepared = (n: number) => `0x5b ${size(n) - 1} MSTORE8 ${hopFar(n)} 0 MSTORE`;
  const repeated = (n: number, action: string) => `0 again: ${action} 1 ADD DUP1 ${n} GT @again JUMPI`;
  const sources: Record<string, (n: number) => string> = {
    'it ends at once': (n) => `0 ${size(n)} MSTORE ${repeated(n, `${size(n)} 0 0 CREATE POP`)}`,
    'it ends at once, and another byte of it is another each time': (n) =>
      `0 ${size(n)} MSTORE ${repeated(n, `DUP1 9999 MSTORE8 ${size(n)} 0 0 CREATE POP`)}`,
    'it jumps to its end': (n) => `${prepared(n)} ${repeated(n, `${size(n)} 0 0 CREATE POP`)}`,
    'it jumps to its end, and what lies behind it is written': (n) =>
      `${prepared(n)} ${repeated(n, `DUP1 ${size(n)} MSTORE ${size(n)} 0 0 CREATE POP`)}`,
    'it jumps, and ends somewhere else each time': (n) =>
      `${prepared(n)} ${repeated(n, `DUP1 ${size(n)} ADD 0 0 CREATE POP`)}`,
  };
  test.each(Object.keys(sources))('%s', patient, async (name) => {
    await expectLinear(1000, (n) => {
      const accounts = { [TARGET]: { nonce: 1, code: assemble(sources[name]!(n)) } };
      const block = hostileBlock({ hardfork: 'london', transactions: [{}], accounts });
      return processorTime(() => engine.executeBlock(block));
    });
  });
});
