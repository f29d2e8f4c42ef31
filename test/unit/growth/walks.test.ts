// Walks of the core whose length somebody chose, and memory that somebody takes again and again.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createEngine, type Engine } from '../../../src/index.ts';
import {
  addressOf,
  assemble,
  expectLinear,
  type HostileBlock,
  hostileBlock,
  patient,
  processorTime,
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
