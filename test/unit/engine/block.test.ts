// Blocks through the engine: state from far away, memory that runs out, blocks that are not valid, what is verified.

import { beforeAll, describe, expect, test } from 'vitest';
import type { PevmEngine } from '../../../src/engine/engine.ts';
import { runSequential } from '../../../src/executor/ethereumjs/sequential.ts';
import {
  AuditError,
  type BlockFile,
  type BlockRequest,
  checkBlockFile,
  InputError,
  InvalidTransactionError,
  type StateDiff,
  type StateKey,
  type StateSource,
  StateSourceError,
  type StateValue,
} from '../../../src/index.ts';
import { createTraffic } from '../../../src/traffic/index.ts';
import { engineWith } from '../../support/engines.ts';

/** keccak256 of no code. */
const EMPTY_CODE_HASH = '0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470';

/** A source that is not in memory: only what is asked for, in batches. */
function distant(file: BlockFile, change: (key: StateKey, value: StateValue) => unknown = (_, value) => value) {
  const asked: StateKey[][] = [];
  const source: StateSource = {
    async load(keys, options) {
      asked.push([...keys]);
      const values = await file.state.load(keys, options);
      return keys.map((key, i) => change(key, values[i] as StateValue) as StateValue);
    },
    blockHash: (number) => file.state.blockHash(number),
  };
  return { source, asked };
}

/** Accounts and slots of a diff as they come: in the same order whoever wrote first. */
function listed(diff: StateDiff) {
  return Array.from(diff, ([address, change]) => [address, change && { ...change, storage: [...change.storage] }]);
}

let file: BlockFile;
let expected: Awaited<ReturnType<typeof runSequential>>;

beforeAll(async () => {
  const traffic = await createTraffic({ transactions: 40, conflictRate: 0.4 });
  file = checkBlockFile(traffic.file);
  expected = await runSequential(file);
}, 60_000);

for (const threading of ['shared', 'inline'] as const) {
  describe(`threading ${threading}`, () => {
    let engine: PevmEngine;
    beforeAll(async () => {
      engine = await engineWith({ workers: 2, threading });
    });

    async function check(request: Partial<BlockRequest> = {}, on = engine) {
      const result = await on.executeBlock({ ...file, ...request });
      expect(result.receiptsRoot).toBe(expected.receiptsRoot);
      expect(result.gasUsed).toBe(expected.gasUsed);
      expect(result.receipts).toEqual(expected.receipts);
      expect(result.requestsHash).toBe(expected.requestsHash);
      expect(listed(result.stateDiff)).toEqual(listed(expected.stateDiff));
      expect(listed(result.transactionsStateDiff)).toEqual(listed(expected.stateDiffOfTransactions));
      return result;
    }

    test('the result is that of the sequential run', async () => {
      const result = await check();
      expect(result.transactions.map(({ index }) => index)).toEqual(file.block.transactions.map((_, i) => i));
      expect(result.transactions.map(({ hash }) => hash)).toEqual(file.block.transactions.map(({ hash }) => hash));
      const { report } = result;
      expect(report.workers).toBe(threading === 'shared' ? 2 : 1);
      expect(report.counters.commits).toBeGreaterThanOrEqual(40);
      expect(report.bound.t1Ms).toBeGreaterThan(0);
      expect(report.bound.tInfinityMs).toBeLessThanOrEqual(report.bound.t1Ms + 1e-6);
      expect(report.bound.criticalPath.length).toBeGreaterThan(0);
      for (const { index, hash } of report.bound.criticalPath) expect(hash).toBe(file.block.transactions[index]?.hash);
    });

    test('senders that have to be recovered give the same', async () => {
      const transactions = file.block.transactions.map(({ from: _, ...rest }) => rest);
      await check({ block: { ...file.block, transactions }, senders: 'recover' });
    });

    test('transactions arrive in order', async () => {
      const run = engine.executeBlock(file);
      let index = 0;
      let gas = 0n;
      for await (const transaction of run) {
        expect(transaction.index).toBe(index++);
        gas += transaction.gasUsed;
        expect(transaction.cumulativeGasUsed).toBe(gas);
      }
      expect(index).toBe(40);
      expect(gas).toBe((await run).gasUsed);
    });

    test('state from a distant source is loaded in batches, each key once', async () => {
      const { source, asked } = distant(file);
      const result = await check({ state: source, blockHashes: file.blockHashes });
      const names = asked.flat().map((key) => JSON.stringify(key));
      expect(new Set(names).size).toBe(names.length);
      expect(result.report.loadRounds).toBeLessThan(asked.length + 1);
    });

    test.each<[string, () => unknown]>([
      [
        'throws',
        () => {
          throw new Error('the node is down');
        },
      ],
      ['rejects', () => Promise.reject(new Error('the node is down'))],
      ['answers [null]', async () => [null]],
      [
        'answers keys that are none',
        async () => [
          { kind: 'account', address: '0x12' },
          { kind: 'storage', address: `0x${'11'.repeat(20)}` },
        ],
      ],
      ['answers a string', async () => 'xy'],
    ])('a hint that %s changes nothing', async (_, hint) => {
      const source = { ...distant(file).source, hint: hint as NonNullable<StateSource['hint']> };
      await check({ state: source, blockHashes: file.blockHashes });
    });

    test('a hint saves rounds of loading', async () => {
      const first = distant(file);
      await check({ state: first.source, blockHashes: file.blockHashes });
      const second = distant(file);
      const hinting = { ...second.source, hint: async () => first.asked.flat() };
      const result = await check({ state: hinting, blockHashes: file.blockHashes });
      expect(result.report.loadRounds).toBe(0);
      expect(second.asked.length).toBe(1);
    });

    const lies: [string, (key: StateKey, value: StateValue) => unknown][] = [
      ['nothing', () => undefined],
      ['another kind', (key, value) => (key.kind === 'account' ? { kind: 'code', code: '0x' } : value)],
      ['a negative balance', (_, value) => (value.kind === 'account' ? { ...value, balance: -1n } : value)],
      ['a short hash', (_, value) => (value.kind === 'account' ? { ...value, codeHash: '0x12' } : value)],
      ['a long word', (_, value) => (value.kind === 'storage' ? { ...value, value: `0x${'00'.repeat(33)}` } : value)],
      ['code that is no hex', (_, value) => (value.kind === 'code' ? { ...value, code: '0xzz' } : unseen(value))],
      ['other code', (_, value) => (value.kind === 'code' ? { ...value, code: '0x00' } : unseen(value))],
    ];
    // Memories remember code by its hash from engine to engine, and would not ask for what they have seen.
    const unseen = (value: StateValue): StateValue =>
      value.kind === 'account' && value.codeHash !== EMPTY_CODE_HASH
        ? { ...value, codeHash: `0x${'ab'.repeat(32)}` }
        : value;
    test.each(lies)('a source that answers %s is named as the fault', async (_, lie) => {
      const fresh = await engineWith({ workers: 1, threading });
      const run = fresh.executeBlock({ ...file, state: distant(file, lie).source });
      expect(await run.catch((reason: unknown) => (reason as Error).name)).toBe('StateSourceError');
      await check({}, fresh);
    });

    test('a source that fails is named as the fault', async () => {
      const broken: StateSource = {
        load: () => Promise.reject(new Error('the network is down')),
        blockHash: () => Promise.reject(new Error('the network is down')),
      };
      const error = await engine.executeBlock({ ...file, state: broken }).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(StateSourceError);
      expect((error as StateSourceError).message).toContain('the network is down');
      await check();
    });

    test('a memory that is too small for the block at once is used in turns', { timeout: 60_000 }, async () => {
      let tooSmall = 0;
      let drained = 0;
      for (const maximumMiB of [1.5, 2, 4]) {
        const small = await engineWith({ workers: 2, threading, memory: { maximumMiB } });
        small.on('drain', () => drained++);
        try {
          await check({}, small);
        } catch (error) {
          expect((error as Error).name).toBe('MemoryLimitError');
          tooSmall++;
        }
        const { source } = distant(file);
        await check({ state: source, blockHashes: file.blockHashes }, small).catch((error: Error) => {
          expect(error.name).toBe('MemoryLimitError');
        });
        await small.dispose();
      }
      expect(tooSmall).toBeLessThan(3);
      expect(drained).toBeGreaterThan(0);
    });

    test('workers that are lost on the way change nothing', async () => {
      const timers = [5, 15, 30].map((delay, seat) => setTimeout(() => engine.terminateWorker(seat % 2), delay));
      const result = await check();
      timers.forEach(clearTimeout);
      expect(result.report.workersLost).toBeGreaterThanOrEqual(0);
    });

    test('a transaction that may not run makes the block invalid and is named', async () => {
      const transactions = file.block.transactions.map((transaction, i) =>
        i === 7 ? { ...transaction, nonce: '0x77' as const } : transaction,
      );
      const error = await engine
        .executeBlock({ ...file, block: { ...file.block, transactions } })
        .catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(InvalidTransactionError);
      expect((error as InvalidTransactionError).index).toBe(7);
      await check();
    });

    test('what differs from the header is listed by name', async () => {
      const block = { ...file.block, gasUsed: '0x1' as const, receiptsRoot: `0x${'11'.repeat(32)}` as const };
      const all = await engine.executeBlock({ ...file, block, verify: true });
      expect(all.mismatches.map(({ name }) => name)).toEqual(expect.arrayContaining(['gasUsed', 'receiptsRoot']));
      const some = await engine.executeBlock({ ...file, block, verify: { gasUsed: true } });
      expect(some.mismatches).toEqual([{ name: 'gasUsed', expected: '1', actual: String(expected.gasUsed) }]);
      const none = await engine.executeBlock({ ...file, block });
      expect(none.mismatches).toEqual([]);
    });
  });
}

describe('requests', async () => {
  const engine = await engineWith({ workers: 1 });
  test.each([
    ['no hardfork', () => ({ ...file, hardfork: undefined }), 'request.hardfork'],
    ['an unknown hardfork', () => ({ ...file, hardfork: 'pargue' }), 'request.hardfork'],
    ['no state', () => ({ ...file, state: undefined }), 'request.state'],
    ['a state that is none', () => ({ ...file, state: {} }), 'request.state'],
    ['no block', () => ({ ...file, block: undefined }), 'block'],
    ['a broken block', () => ({ ...file, block: { ...file.block, number: '-1' } }), 'block.number'],
    ['an unknown key', () => ({ ...file, blok: 1 }), 'request.blok'],
    ['an unknown thing to verify', () => ({ ...file, verify: { gas: true } }), 'request.verify.gas'],
    ['unknown senders', () => ({ ...file, senders: 'guess' }), 'request.senders'],
  ])('%s is refused', async (_, request, field) => {
    const error = await engine.executeBlock(request() as unknown as BlockRequest).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(InputError);
    expect((error as InputError).field).toBe(field);
  });

  test('transfers have durations, although the clock is read for one in 64 of them', async () => {
    const traffic = await createTraffic({ transactions: 64, mix: { ether: 1 } });
    const engine = await engineWith({ workers: 1 });
    const { report } = await engine.executeBlock(checkBlockFile(traffic.file));
    const { t1Ms, tInfinityMs, criticalPath } = report.bound;
    expect(tInfinityMs).toBeGreaterThan(0);
    expect(t1Ms).toBeGreaterThanOrEqual(tInfinityMs);
    expect(t1Ms).toBeCloseTo(report.counters.executionMs, 6);
    for (const { durationMs } of criticalPath) expect(durationMs).toBeGreaterThan(0);
    // One worker does nothing else: what all take together is not more than there was.
    expect(t1Ms).toBeLessThan(2 * report.executionMs);
  });

  test('metrics add up over the runs, and say what held the last one back', async () => {
    const engine = await engineWith({ workers: 2, enableProfiling: true });
    const before = engine.metrics();
    expect(before.runs).toBe(0);
    expect(before.analyze().bottleneck).toBe('none');
    const reports: unknown[] = [];
    const stop = engine.on('run', ({ kind, report }) => reports.push([kind, report]));
    await engine.executeBlock(file);
    const { report } = await engine.executeBlock(file);
    stop();
    const { t1Ms, tInfinityMs, efficiency } = report.bound;
    expect(efficiency).toBeCloseTo(Math.max(t1Ms / report.workers, tInfinityMs) / report.executionMs, 6);
    const { runs, transactions, last, counters, analyze } = engine.metrics();
    expect({ runs, transactions }).toEqual({ runs: 2, transactions: 80 });
    expect(last).toBe(report);
    expect(counters.commits).toBeGreaterThan(80);
    expect(analyze().recommendation).not.toBe('');
    expect(reports.length).toBe(2);
    const spans = report.perWorker.flatMap((worker) => worker.spans);
    const executed = spans.filter(({ kind }) => kind === 'executed');
    expect(executed.length).toBeGreaterThanOrEqual(40);
    for (const { startMs, endMs } of spans) {
      expect(startMs).toBeGreaterThanOrEqual(-1);
      expect(endMs).toBeGreaterThanOrEqual(startMs);
      expect(endMs).toBeLessThan(report.totalDurationMs + 1);
    }
    expect(() => engine.on('blocks' as never, () => {})).toThrow('unknown event');
  });
});

describe('the preset audit', () => {
  test('finds nothing where both executors agree', async () => {
    const engine = await engineWith({ workers: 2, preset: 'audit' });
    const { mismatches, receiptsRoot } = await engine.executeBlock(file);
    expect(mismatches).toEqual([]);
    expect(receiptsRoot).toBe(expected.receiptsRoot);
  });

  test('names every receipt and every part of the state that differs', async () => {
    const engine = await engineWith({ workers: 2, preset: 'audit' });
    const [first] = file.block.transactions;
    let loads = 0;
    // A source that says one thing to the first execution and another to the second.
    const { source } = distant(file, (key, value) => {
      if (value.kind !== 'account' || key.address !== first?.from) return value;
      return { ...value, balance: value.balance + BigInt(loads++) };
    });
    const { mismatches } = await engine.executeBlock({ ...file, state: source, blockHashes: file.blockHashes });
    expect(loads).toBe(2);
    expect(mismatches.map(({ name }) => name)).toEqual([`audit.state.${first?.from}.balance`]);
  });

  test('lets both refuse a block, and tells when only one does', async () => {
    const engine = await engineWith({ workers: 2, preset: 'audit' });
    const transactions = file.block.transactions.map((transaction) => ({ ...transaction }));
    transactions[3]!.nonce = '0xffff';
    await expect(engine.executeBlock({ ...file, block: { ...file.block, transactions } })).rejects.toThrow(
      InvalidTransactionError,
    );
    let loads = 0;
    const { source } = distant(file, (key, value) => {
      if (value.kind !== 'account' || key.address !== file.block.transactions[0]?.from || loads++ > 0) return value;
      return { ...value, balance: 0n };
    });
    const run = engine.executeBlock({ ...file, state: source, blockHashes: file.blockHashes });
    await expect(run).rejects.toThrow(AuditError);
    await expect(run).rejects.toThrow(/ethereumjs accepts it/);
    loads = 0;
    const other = distant(file, (key, value) => {
      if (value.kind !== 'account' || key.address !== file.block.transactions[0]?.from || loads++ === 0) return value;
      return { ...value, balance: 0n };
    });
    const reverse = engine.executeBlock({ ...file, state: other.source, blockHashes: file.blockHashes });
    await expect(reverse).rejects.toThrow(AuditError);
    await expect(reverse).rejects.toThrow(/ethereumjs refuses it/);
  });
});
