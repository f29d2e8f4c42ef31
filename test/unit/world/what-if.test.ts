// "What if this block had been another": which transactions run again, what the answer says, and what it is asked in vain.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEngine, type Hex, memoryState, type TracingEngine } from '../../../src/index.ts';

let engine: TracingEngine;
beforeAll(async () => {
  engine = await createEngine({ workersPerBlock: 'all', workers: 2, chainId: 1 });
});
afterAll(() => engine.dispose());

const COUNT = 20;
const sender = (at: number) => address(0x1000 + at);
const receiver = (at: number) => address(0x2000 + at);
/** storage[0] += 1; returns it. */
const COUNTER = address(0xc0);
const COUNTER_CODE = '0x6000546001018060005560005260206000f3';

function address(number: number): Hex {
  return `0x${number.toString(16).padStart(40, '0')}`;
}

function transfer(at: number) {
  return { from: sender(at), to: receiver(at), nonce: 0, gas: 100_000, value: 5, input: '0x', gasPrice: 10 };
}

/** Nobody checks them. */
const hashOf = (at: number): Hex => `0x${(at + 1).toString(16).padStart(64, '0')}`;

const header = {
  ...{ number: 1, timestamp: 1_700_000_000, gasLimit: 30_000_000, miner: address(0xfee), baseFeePerGas: 7 },
  ...{ parentHash: `0x${'00'.repeat(32)}`, mixHash: `0x${'00'.repeat(32)}`, withdrawals: [] },
};

async function openWorld() {
  return engine.openWorld({
    state: memoryState({
      ...Object.fromEntries(Array.from({ length: COUNT }, (_, at) => [sender(at), { balance: 10n ** 18n }])),
      [COUNTER]: { code: COUNTER_CODE },
    }),
  });
}

/** Every second transaction sends five wei to somebody of its own, the others count. */
const block = {
  ...header,
  transactions: Array.from({ length: COUNT }, (_, at) => ({
    ...{ ...transfer(at), hash: hashOf(at) },
    ...(at % 2 === 0 ? {} : { to: COUNTER, value: 0 }),
  })),
} as never;

describe('what if', () => {
  test('nothing is changed, nothing is executed', async () => {
    const world = await openWorld();
    const run = await world.executeBlock({ block, hardfork: 'shanghai' });
    const same = await run.whatIf([]);
    expect(same.executed).toEqual([]);
    expect(same.changed).toEqual([]);
    expect(same.saved).toBe(1);
    expect(same.gasUsed).toBe(run.gasUsed);
    expect(same.stateDiff).toEqual(run.stateDiff);
    expect(same.changedState).toEqual(new Map());
    expect(same.transactions.map(({ result }) => result?.logs.length)).toEqual(run.transactions.map(() => 0));
    await world.dispose();
  });

  test('a transfer that nobody sees is dropped, nobody else runs again', async () => {
    const world = await openWorld();
    const run = await world.executeBlock({ block, hardfork: 'shanghai' });
    const without = await run.whatIf([{ at: 4, drop: true }]);
    expect(without.transactions).toHaveLength(COUNT - 1);
    expect(without.transactions.map(({ origin }) => origin)).not.toContain(4);
    expect(without.transactions[4]!.result!.hash).toBe(hashOf(5));
    expect(without.executed).toEqual([]);
    expect(without.changed).toEqual([]);
    // What others have left where it has looked, in one.
    expect(without.report.executions).toBe(1);
    expect(without.saved).toBeCloseTo(1 - 21_000 / Number(run.gasUsed), 6);
    expect(without.gasUsed).toBe(run.gasUsed - 21_000n);
    expect([...without.changedState.keys()].sort()).toEqual([header.miner, sender(4), receiver(4)].sort());
    expect(without.changedState.get(sender(4))?.balance).toBe(10n ** 18n);
    expect(without.changedState.get(receiver(4))).toBeNull();
    await world.dispose();
  });

  test('a count is dropped, the later counts run again and come to less', async () => {
    const world = await openWorld();
    const run = await world.executeBlock({ block, hardfork: 'shanghai' });
    const without = await run.whatIf([{ at: 9, drop: true }]);
    const later = without.transactions
      .filter(({ origin = 0 }) => origin > 9 && origin % 2 === 1)
      .map(({ index }) => index);
    expect(without.executed).toEqual(later);
    expect(without.changed).toEqual(later);
    expect(BigInt(without.transactions.at(-1)!.result!.returnValue)).toBe(BigInt(COUNT / 2 - 1));
    // The world still has what the block has left.
    expect(BigInt(await world.getStorage(COUNTER, 0))).toBe(BigInt(COUNT / 2));
    expect(await world.getBalance(receiver(4))).toBe(5n);
    await world.dispose();
  });

  test('a precompiled contract that the calling thread has not loaded runs where it is: the answer is that of the edited block', async () => {
    /** storage[0] += a pairing check of nothing, which is 1; returns it. */
    const checker = address(0xc8);
    const state = memoryState({
      ...Object.fromEntries(Array.from({ length: COUNT }, (_, at) => [sender(at), { balance: 10n ** 18n }])),
      [checker]: { code: '0x60205f5f5f60085afa505f515f5401805f555f5260205ff3' },
    });
    const transactions = Array.from({ length: COUNT }, (_, at) => ({
      ...{ ...transfer(at), hash: hashOf(at), value: 0 },
      ...(at % 5 === 0 && { to: checker }),
    }));
    await using fresh = await createEngine({ workersPerBlock: 'all', workers: 2, chainId: 1 });
    await using world = await fresh.openWorld({ state });
    const run = await world.executeBlock({ block: { ...header, transactions } as never, hardfork: 'shanghai' });
    const without = await run.whatIf([{ at: 5, drop: true }]);
    const edited = { ...header, transactions: transactions.toSpliced(5, 1) } as never;
    const anew = await engine.executeBlock({ block: edited, hardfork: 'shanghai', state });
    expect(without.executed).toEqual([9, 14]);
    expect(without.gasUsed).toBe(anew.gasUsed);
    expect(without.stateDiff).toEqual(anew.stateDiff);
    expect(BigInt(without.transactions[14]!.result!.returnValue)).toBe(3n);
    expect((await run.whatIf([{ at: 5, drop: true }])).stateDiff).toEqual(anew.stateDiff);
  });

  test('what is new and looks where nobody on its way has looked sees what those before it have left there', async () => {
    const world = await openWorld();
    const run = await world.executeBlock({ block, hardfork: 'shanghai' });
    /** Creates a contract whose code is somebody's balance. */
    const balanceOf = (who: Hex) => ({ from: sender(0), gas: 200_000, input: `0x73${who.slice(2)}315f5260205ff3` });
    for (const [who, value] of [
      [receiver(4), 5n],
      [receiver(8), 0n],
      [receiver(90), 0n],
    ] as const) {
      const asked = await run.whatIf([{ at: 6, insert: balanceOf(who) }]);
      const { status, result } = asked.transactions[6]!;
      expect([status, BigInt(result!.returnValue)]).toEqual(['success', value]);
      expect(asked.executed).toEqual([6]);
      // Twice: what it looks at is not known before.
      expect(asked.report.executions).toBeLessThan(8);
    }
    const fees = await run.whatIf([{ at: 6, insert: balanceOf(header.miner) }]);
    const before = run.transactions.slice(0, 6).reduce((sum, { gasUsed }) => sum + gasUsed * 3n, 0n);
    expect(BigInt(fees.transactions[6]!.result!.returnValue)).toBe(before);
    await world.dispose();
  });

  test('of a state that is asked for piece by piece, what is new is asked for', async () => {
    const { load, blockHash } = memoryState({
      ...Object.fromEntries(Array.from({ length: COUNT }, (_, at) => [sender(at), { balance: 10n ** 18n }])),
      ...{ [COUNTER]: { code: COUNTER_CODE }, [sender(95)]: { balance: 10n ** 18n, nonce: 7n } },
    });
    const world = await engine.openWorld({ state: { load, blockHash } });
    const run = await world.executeBlock({ block, hardfork: 'shanghai' });
    const found = await run.whatIf([
      { at: 5, insert: { from: sender(95), to: COUNTER } },
      { at: 12, drop: true },
      { at: 0, insert: { from: sender(95), to: receiver(12), value: 9 } },
    ]);
    expect(found.transactions.map(({ status }) => status)).toEqual(found.transactions.map(() => 'success'));
    expect(BigInt(found.transactions[6]!.result!.returnValue)).toBe(3n);
    expect(found.changedState.get(sender(95))?.nonce).toBe(9n);
    expect(found.changedState.get(receiver(12))?.balance).toBe(9n);
    expect(found.stateDiff.get(receiver(12))).toMatchObject({ balance: 9n });
    expect(found.stateDiff.get(sender(12))).toBeUndefined();
    expect(await world.getBalance(receiver(12))).toBe(5n);
    await world.dispose();
  });

  test('what is inserted has what the rules give it, and is told by its place', async () => {
    const world = await openWorld();
    const run = await world.executeBlock({ block, hardfork: 'shanghai' });
    const edited = await run.whatIf([
      { at: 0, insert: { from: sender(3), to: receiver(90), value: 7 } },
      { at: COUNT, insert: { from: sender(0), to: COUNTER } },
      { at: COUNT, insert: { from: sender(0), data: '0x60016000f3' } },
    ]);
    expect(edited.transactions.map(({ origin }) => origin)).toEqual([
      undefined,
      ...Array.from({ length: COUNT }, (_, at) => at),
      undefined,
      undefined,
    ]);
    // The sender's own transaction comes with a nonce that is used by then.
    expect(edited.transactions[4]).toMatchObject({
      origin: 3,
      status: 'invalid',
      error: expect.stringContaining('nonce'),
    });
    expect(edited.transactions[4]!.result).toBeUndefined();
    expect(edited.transactions[0]).toMatchObject({ status: 'success', result: { gasUsed: 21_000n } });
    expect(BigInt(edited.transactions[COUNT + 1]!.result!.returnValue)).toBe(BigInt(COUNT / 2));
    expect(edited.transactions[COUNT + 2]!.result!.createdAddress).toBeDefined();
    expect(edited.changed).toEqual(expect.arrayContaining([0, 4, COUNT + 1, COUNT + 2]));
    expect(await world.getBalance(receiver(90))).toBe(0n);
    await world.dispose();
  });

  test('a replaced transaction keeps its place', async () => {
    const world = await openWorld();
    const run = await world.executeBlock({ block, hardfork: 'shanghai' });
    const edited = await run.whatIf([{ at: 2, replace: { ...transfer(2), value: 6 } }]);
    expect(edited.executed).toEqual([2]);
    expect(edited.changedState.get(receiver(2))?.balance).toBe(6n);
    await world.dispose();
  });

  test('questions may be asked one after the other, until the world moves on', async () => {
    const world = await openWorld();
    const run = await world.executeBlock({ block, hardfork: 'shanghai' });
    const [first, second] = await Promise.all([
      run.whatIf([{ at: 1, drop: true }]),
      run.whatIf([{ at: 1, drop: true }]),
    ]);
    expect(second.gasUsed).toBe(first.gasUsed);
    expect(second.changed).toEqual(first.changed);
    // What the block has recorded is known although something ran since.
    expect(second.executed).toEqual(first.executed);
    await world.setBalance(sender(1), 1n);
    await expect(run.whatIf([])).rejects.toThrow('moved on');
    await world.dispose();
    await expect(run.whatIf([])).rejects.toThrow('world: it was disposed of');
  });

  test('who looks at the state before a transaction in between moves nothing on', async () => {
    const world = await openWorld();
    const run = await world.executeBlock({ block, hardfork: 'shanghai' });
    const first = await run.whatIf([{ at: 1, drop: true }]);
    await world.preview({ from: sender(4), to: receiver(4), value: 5 }, { at: { transactionIndex: 4 } });
    const second = await run.whatIf([{ at: 1, drop: true }]);
    expect(second.gasUsed).toBe(first.gasUsed);
    expect(second.changed).toEqual(first.changed);
    // What the block has recorded is known although something ran since.
    expect(second.executed).toEqual(first.executed);
    expect(second.changedState).toEqual(first.changedState);
    // What was set while somebody looked is not forgotten.
    await Promise.all([
      world.preview({ from: sender(4), to: receiver(4), value: 5 }, { at: { transactionIndex: 4 } }),
      world.setBalance(sender(1), 1n),
    ]);
    await expect(run.whatIf([])).rejects.toThrow('moved on');
    await world.dispose();
  });

  test('a snapshot is reached as before', async () => {
    const world = await openWorld();
    const id = world.snapshot();
    const run = await world.executeBlock({ block, hardfork: 'shanghai' });
    await run.whatIf([{ at: 0, drop: true }]);
    expect((await world.stateDiffSince(id)).size).toBe(run.stateDiff.size);
    await world.revert(id);
    expect(await world.getBalance(receiver(4))).toBe(0n);
    await expect(run.whatIf([])).rejects.toThrow('moved on');
    await world.dispose();
  });

  test.each([
    [{}, 'edits: expected an array'],
    [[7], 'edits[0]: expected { at'],
    [[{ at: 1 }], 'edits[0]: expected one of'],
    [[{ at: 1, drop: true, insert: transfer(1) }], 'edits[0]: expected one of'],
    [[{ at: 1, drop: true, why: 1 }], 'edits[0].why: unknown'],
    [[{ at: COUNT, drop: true }], `edits[0].at: expected a place from 0 to ${COUNT - 1}`],
    [[{ at: -1, insert: transfer(1) }], `edits[0].at: expected a place from 0 to ${COUNT}`],
    [
      [
        { at: 1, drop: true },
        { at: 1, replace: transfer(1) },
      ],
      'edits[1].at: transaction 1 is dropped or replaced',
    ],
    [[{ at: 1, insert: { to: sender(1) } }], 'edits[0].insert.from: missing'],
    [[{ at: 1, insert: { from: sender(1), type: 3 } }], 'edits[0].insert'],
    [[{ at: 1, insert: { from: sender(1), gas: '0x10000000000' } }], 'edits[0].insert.gas: at most'],
    [[{ at: 1, replace: 'x' }], 'edits[0].replace: expected a transaction'],
  ])('%j is refused by name', async (edits, message) => {
    const world = await openWorld();
    const run = await world.executeBlock({ block, hardfork: 'shanghai' });
    await expect(run.whatIf(edits as never)).rejects.toThrow(message);
    await world.dispose();
  });
});
