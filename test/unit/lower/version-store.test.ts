// The store on its own, beside a table of all that was written: what each transaction sees, and who is awaited.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { InputError, MemoryLimitError, openVersionStore } from '../../../src/index.ts';
import { count } from '../../support/effort.ts';

const bytes = (...values: number[]) => Uint8Array.from(values);

test('a read sees the newest version of lower transactions, and says whose it is', async () => {
  const store = await openVersionStore();
  store.write('key', bytes(1), { transaction: 5, incarnation: 0 });
  store.write('key', bytes(2), { transaction: 9 });
  expect(store.read('key', 5)).toEqual({ status: 'value', value: undefined, version: undefined });
  const five = { status: 'value', value: bytes(1), version: { transaction: 5, incarnation: 0 } };
  expect([store.read('key', 6), store.read('key', 9)]).toEqual([five, five]);
  expect(store.read('key', 10)).toMatchObject({ value: bytes(2), version: { transaction: 9 } });
  store.write('key', undefined, { transaction: 7 });
  expect(store.read('key', 9)).toMatchObject({ value: undefined, version: { transaction: 7 } });
  expect(store.readNumber('key', 10)).toMatchObject({ value: 0n });
});

test('another incarnation ends the one before with all that it wrote; an older one is refused', async () => {
  const store = await openVersionStore();
  store.write('a', bytes(1), { transaction: 1 });
  store.write('b', bytes(1), { transaction: 1 });
  store.write('a', bytes(2), { transaction: 1, incarnation: 1 });
  expect(store.read('a', 2)).toMatchObject({ value: bytes(2), version: { incarnation: 1 } });
  expect(store.read('b', 2)).toMatchObject({ value: undefined });
  expect(() => store.write('b', bytes(1), { transaction: 1 })).toThrow(/incarnation: 0 of transaction 1 is over/);
  store.invalidate(1);
  expect(store.read('a', 2)).toEqual({ status: 'awaited', transaction: 1 });
  expect(store.read('a', 1)).toMatchObject({ status: 'value' });
  store.write('c', bytes(3), { transaction: 1, incarnation: 2 });
  expect(store.read('a', 2)).toMatchObject({ value: undefined });
  store.remove(1);
  expect(store.read('c', 2)).toMatchObject({ value: undefined });
});

test('a snapshot holds as long as what it has read is what would be read', async () => {
  const store = await openVersionStore();
  store.writeNumber('n', 7n, { transaction: 1 });
  const snapshot = store.snapshot(5);
  expect(snapshot.readNumber('n')).toMatchObject({ value: 7n });
  snapshot.read('absent');
  store.writeNumber('n', 1n, { transaction: 5 });
  store.writeNumber('other', 1n, { transaction: 2 });
  store.writeNumber('n', 7n, { transaction: 3 });
  expect(snapshot.holds()).toBe(true);
  store.add('n', 1n, { transaction: 4 });
  expect(snapshot.holds()).toBe(false);
  store.remove(4);
  expect(snapshot.holds()).toBe(true);
  store.write('absent', bytes(), { transaction: 0 });
  expect(snapshot.holds()).toBe(false);
});

test('what cannot be is refused by name; where there is no room, that is said, and clearing makes some', async () => {
  const store = await openVersionStore({ maximumMiB: 1 });
  for (const [call, words] of [
    [() => store.write('', bytes(), { transaction: 0 }), /^key/],
    [() => store.write('k', 'text' as never, { transaction: 0 }), /^value/],
    [() => store.writeNumber('k', -1n, { transaction: 0 }), /^value/],
    [() => store.writeNumber('k', 1n, { transaction: -1 }), /^transaction/],
    [() => store.writeNumber('k', 1n, { transaction: 0, incarnation: 251 }), /^incarnation/],
    [() => store.read('k', 0.5), /^transaction/],
  ] as const) {
    expect(call).toThrow(InputError);
    expect(call).toThrow(words);
  }
  const fill = () => {
    for (let key = 0; key < 100_000; key++) store.write(`key ${key}`, new Uint8Array(100), { transaction: 1 });
  };
  expect(fill).toThrow(MemoryLimitError);
  store.clear();
  store.write('k', bytes(1), { transaction: 1 });
  expect(store.read('k', 2)).toMatchObject({ value: bytes(1) });
  await expect(openVersionStore({ maximumMib: 1 } as object)).rejects.toThrow(/did you mean "maximumMiB"/);
});

test('random writes, credits and withdrawals read as in a table', { timeout: 120_000 }, async () => {
  const store = await openVersionStore();
  const step = fc.record({
    kind: fc.constantFrom('write', 'write', 'add', 'add', 'invalidate', 'remove', 'again'),
    key: fc.constantFrom('a', 'b', 'c'),
    transaction: fc.nat(6),
    value: fc.constantFrom(0n, 1n, 5n, 2n ** 256n - 1n),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      store.clear();
      // By transaction: its incarnation, whether it was taken back, and what it wrote.
      const table = new Map<number, { incarnation: number; isBack: boolean; values: Map<string, [bigint, boolean]> }>();
      for (const { kind, key, transaction, value } of steps) {
        const before = table.get(transaction) ?? { incarnation: 0, isBack: false, values: new Map() };
        if (kind === 'invalidate') {
          store.invalidate(transaction);
          before.isBack = true;
        } else if (kind === 'remove') {
          store.remove(transaction);
          table.delete(transaction);
          continue;
        } else {
          const isNext = kind === 'again' || before.isBack;
          const entry = isNext ? { incarnation: before.incarnation + 1, isBack: false, values: new Map() } : before;
          const writer = { transaction, incarnation: entry.incarnation };
          const [sum, credit] = entry.values.get(key) ?? [0n, true];
          if (kind === 'add') {
            store.add(key, value, writer);
            entry.values.set(key, [BigInt.asUintN(256, sum + value), credit]);
          } else {
            store.writeNumber(key, value, writer);
            entry.values.set(key, [value, false]);
          }
          table.set(transaction, entry);
          continue;
        }
        if (table.has(transaction)) table.set(transaction, before);
      }
      for (const key of ['a', 'b', 'c']) {
        for (let reader = 0; reader <= 7; reader++) {
          let sum = 0n;
          let awaited: number | undefined;
          let last: number | undefined;
          for (let lower = reader - 1; lower >= 0; lower--) {
            const entry = table.get(lower);
            const written = entry?.values.get(key);
            if (entry === undefined || written === undefined) continue;
            if (entry.isBack) {
              awaited = lower;
              break;
            }
            last ??= lower;
            sum += written[0];
            if (!written[1]) break;
          }
          const seen = store.readNumber(key, reader);
          if (awaited !== undefined) expect(seen).toEqual({ status: 'awaited', transaction: awaited });
          else {
            expect(seen).toMatchObject({ status: 'value', value: BigInt.asUintN(256, sum) });
            expect((seen as { version?: { transaction: number } }).version?.transaction).toBe(last);
          }
        }
      }
    }),
    { numRuns: count('stores', { ci: 1000, long: 20_000 }) },
  );
});
