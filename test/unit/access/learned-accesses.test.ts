// What is learned of blocks: what it predicts, that it forgets, that it is bounded, and that it comes back from JSON.
import { describe, expect, test } from 'vitest';
import type { AccessKey, AccessPrediction } from '../../../src/access/access-oracle.ts';
import { GAS_PER_MS } from '../../../src/access/crew-size.ts';
import { LearnedAccesses, type ObservedBlock } from '../../../src/access/learned-accesses.ts';
import {
  type EngineLearned,
  MOST_CALLS,
  MOST_CODES,
  MOST_KEYS,
  MOST_SEEN,
  readEngineLearned,
} from '../../../src/access/learned-format.ts';
import { InputError, type TransactionInput } from '../../../src/index.ts';
import { randomFrom } from '../../support/synthetic-run.ts';

type Hex = `0x${string}`;
const address = (at: number): Hex => `0x${at.toString(16).padStart(40, '0')}`;
const word = (at: number): Hex => `0x${at.toString(16).padStart(64, '0')}`;
const CONTRACT = address(0xc0de);
const OTHER = address(0xbeef);
const codes = new Map([[CONTRACT, word(77)]]);

function call(selector: string, from = address(1), to: Hex = CONTRACT): TransactionInput {
  return { ...{ type: '0x0', nonce: '0x0', gas: '0xfffff', value: '0x0' }, from, to, input: selector as Hex } as never;
}

/** A block in which each of `edges` is a read of `place` by the higher one of what the lower one has written. */
function block(
  transactions: readonly TransactionInput[],
  edges: readonly (readonly [lower: number, higher: number, place: AccessKey])[] = [],
  more: Partial<ObservedBlock> = {},
): ObservedBlock {
  return {
    transactions,
    durationsMs: transactions.map(() => 0.1),
    gasUsed: transactions.map(() => 50_000),
    executions: transactions.map(() => 1),
    lower: edges.map(([lower]) => lower),
    higher: edges.map(([, higher]) => higher),
    places: edges.map((_, at) => at),
    place: (number) => edges[number]?.[2],
    codes,
    ...more,
  };
}

function predict(learned: LearnedAccesses, transaction: TransactionInput): AccessPrediction | undefined {
  return learned.oracle.transactionAccess?.({ transaction, index: 0, block: undefined!, keccak256: undefined! });
}

const slot = (at: number, of = CONTRACT): AccessKey => ({ kind: 'storage', address: of, slot: word(at) });
const balance = (of: Hex): AccessKey => ({ kind: 'balance', address: of });

describe('what was learned of blocks', () => {
  test('is what calls of the same code and selector have met, at whatever address they are', () => {
    const learned = new LearnedAccesses();
    const calls = [call('0xaabbccdd'), call('0xaabbccdd'), call('0x11223344')];
    learned.observe(
      block(calls, [
        [0, 1, slot(8)],
        [0, 1, slot(3, OTHER)],
        [0, 1, balance(OTHER)],
      ]),
    );
    const known = {
      reads: [slot(8), slot(3, OTHER), balance(OTHER)],
      writes: [slot(8), slot(3, OTHER), balance(OTHER)],
    };
    expect(predict(learned, call('0xaabbccdd00'))).toEqual({ ...known, gas: BigInt(Math.round(0.1 * GAS_PER_MS)) });
    expect(predict(learned, call('0x11223344'))).toMatchObject({ reads: [], writes: [] });
    expect(predict(learned, call('0x99999999'))).toBeUndefined();
    // A copy of the code somewhere else, which another block has met.
    const copy = address(0xc0b1);
    learned.observe(block([call('0x55555555', address(1), copy)], [], { codes: new Map([[copy, word(77)]]) }));
    expect(predict(learned, call('0xaabbccdd', address(1), copy))?.reads).toContainEqual(slot(8, copy));
  });

  test('says what a call costs, which no interruption of a worker spoils', () => {
    const learned = new LearnedAccesses();
    for (let at = 0; at < 40; at++) {
      learned.observe(block([call('0xaabbccdd')], [], { durationsMs: [at === 30 ? 500 : 0.1] }));
    }
    const ms = Number(predict(learned, call('0xaabbccdd'))?.gas) / GAS_PER_MS;
    expect(ms).toBeGreaterThan(0.09);
    expect(ms).toBeLessThan(0.2);
  });

  test('makes only those wait that nearly always read: of a pair the second, and not who does it now and then', () => {
    const learned = new LearnedAccesses();
    const always = [call('0x10101010'), call('0x10101010')];
    const often = Array.from({ length: 10 }, () => call('0x50505050'));
    // Seven of nine that could read what one before has written.
    const edges = [1, 3, 4, 5, 6, 7, 8, 9].map((at) => [at < 2 ? 0 : 2, at, slot(at < 2 ? 1 : 2)] as const);
    for (let round = 0; round < 6; round++) learned.observe(block([...always, ...often], edges));
    expect(predict(learned, call('0x10101010'))?.reads).toEqual([slot(1)]);
    expect(predict(learned, call('0x50505050'))?.reads).toEqual([]);
  });

  test('is of calls that name the same addresses, where all that met had named them', () => {
    const named = (at: number): Hex => `0x${at.toString(16).padStart(2, '0').repeat(20)}`;
    const [token, pair, other] = [named(0xaa), named(0xbb), named(0xcc)];
    const swap = (...among: Hex[]) => call(`0xaabbccdd${among.map((one) => one.slice(2).padStart(64, '0')).join('')}`);
    const learned = new LearnedAccesses();
    // Who is paid is another one each time: `swap` of one pair, by whomever.
    for (let at = 1; at < 4; at++) {
      const paid = [named(at), named(at + 8)] as const;
      learned.observe(block([swap(token, pair, paid[0]), swap(pair, token, paid[1])], [[0, 1, slot(8)]]));
    }
    expect(learned.learned().calls[0]!.keys).toMatchObject([{ reads: 3, writes: 3, met: 3, named: [token, pair] }]);
    expect(predict(learned, swap(pair, token, other))?.reads).toEqual([slot(8)]);
    expect(predict(learned, swap(token, other))?.reads).toEqual([]);
    expect(predict(learned, call('0xaabbccdd'))?.reads).toEqual([]);
    // A block of others in which nothing conflicts says nothing of that pair.
    for (let at = 0; at < 300; at++) learned.observe(block([swap(token, other), swap(other, token)]));
    expect(predict(learned, swap(token, pair))?.reads).toEqual([slot(8)]);
    // Once others meet there too, it is a place of all calls.
    learned.observe(block([swap(other), swap(other)], [[0, 1, slot(8)]]));
    expect(predict(learned, swap(named(0x77)))?.reads).toEqual([slot(8)]);
  });

  test('is forgotten where it does not come again', () => {
    const learned = new LearnedAccesses();
    const calls = [call('0xaabbccdd'), call('0xaabbccdd')];
    for (let round = 0; round < 100; round++) learned.observe(block(calls, [[0, 1, slot(8)]]));
    expect(predict(learned, calls[0]!)?.reads).toEqual([slot(8)]);
    for (let round = 0; round < 200; round++) learned.observe(block(calls));
    expect(predict(learned, calls[0]!)?.reads).toEqual([]);
  });

  test('is of transfers by address: not the sender of each, but what others have left there', () => {
    const learned = new LearnedAccesses();
    const give = call('0x', address(1), address(2));
    const pass = call('0x', address(2), address(3));
    learned.observe(
      block(
        [give, pass],
        [
          [0, 1, balance(address(2))],
          [0, 1, balance(address(9))],
        ],
      ),
    );
    expect(predict(learned, pass)).toEqual({ reads: [balance(address(2))], credits: [] });
    expect(predict(learned, give)).toEqual({ reads: [], credits: [balance(address(2))] });
    expect(predict(learned, call('0x', address(5), address(6)))).toBeUndefined();
  });

  test('is bounded, whatever blocks hold, and what is read out can be read in', () => {
    const random = randomFrom(7);
    const below = (limit: number) => Math.floor(random() * limit);
    const learned = new LearnedAccesses();
    for (let round = 0; round < 60; round++) {
      const transactions = Array.from({ length: 400 }, () =>
        call(
          `0x${below(2 ** 32)
            .toString(16)
            .padStart(8, '0')}`,
          address(below(9000)),
          address(below(30_000)),
        ),
      );
      const some = new Map(transactions.map(({ to }) => [to!, word(below(60))]));
      const edges = Array.from({ length: 800 }, () => {
        const higher = 1 + below(399);
        const place = random() < 0.3 ? balance(transactions[higher]!.from!) : slot(below(200), address(below(50)));
        return [below(higher), higher, place] as const;
      });
      const durationsMs = transactions.map(() => random() ** 8 * 1e9);
      learned.observe(block(transactions, edges, { codes: random() < 0.7 ? some : new Map(), durationsMs }));
    }
    // One call that meets ever more places.
    for (let at = 0; at < 200; at++)
      learned.observe(block([call('0x01010101'), call('0x01010101')], [[0, 1, slot(at)]]));
    const json = learned.learned();
    expect(json.calls.length).toBeLessThanOrEqual(MOST_CALLS);
    expect(json.codes.length).toBeLessThanOrEqual(MOST_CODES);
    expect(Math.max(...json.calls.map(({ keys }) => keys.length))).toBe(MOST_KEYS);
    expect(Math.max(...json.calls.map(({ seen }) => seen))).toBeLessThanOrEqual(MOST_SEEN);
    const again = readEngineLearned(JSON.parse(JSON.stringify(json)), 'learned');
    expect(again).toEqual(json);
    expect(new LearnedAccesses(again).learned()).toEqual(json);
  });
});

const valid: EngineLearned = {
  version: 1,
  calls: [
    {
      ...{ codeHash: word(1), selector: '0xaabbccdd', seen: 5, ms: 0.1, gas: 50_000, aborts: 1 },
      keys: [{ key: word(8), reads: 2, writes: 1 }],
    },
  ],
  accounts: [{ address: address(1), seen: 3, reads: 1, writes: 0 }],
  codes: [{ address: CONTRACT, codeHash: word(1) }],
};

test.each<[string, (json: Record<string, unknown>) => unknown]>([
  ['learned', () => 7],
  ['learned', () => []],
  ['learned.version', (json) => ({ ...json, version: 2 })],
  ['learned.__proto__', () => JSON.parse('{"__proto__": {}, "version": 1}')],
  ['learned.calls', (json) => ({ ...json, calls: {} })],
  ['learned.calls', (json) => ({ ...json, calls: new Array(MOST_CALLS + 1).fill(valid.calls[0]) })],
  ['learned.calls[0].selector', (json) => ({ ...json, calls: [{ ...valid.calls[0], selector: '0x12' }] })],
  ['learned.calls[0].ms', (json) => ({ ...json, calls: [{ ...valid.calls[0], ms: -1 }] })],
  ['learned.calls[0].ms', (json) => ({ ...json, calls: [{ ...valid.calls[0], ms: Number.NaN }] })],
  ['learned.calls[0].gas', (json) => ({ ...json, calls: [{ ...valid.calls[0], gas: '5' }] })],
  ['learned.calls[0].seen', (json) => ({ ...json, calls: [{ ...valid.calls[0], seen: 1e9 }] })],
  [
    'learned.calls[0].keys[0].key',
    (json) => {
      return { ...json, calls: [{ ...valid.calls[0], keys: [{ key: '0x1234', reads: 0, writes: 0 }] }] };
    },
  ],
  [
    'learned.calls[0].keys',
    (json) => {
      return { ...json, calls: [{ ...valid.calls[0], keys: new Array(MOST_KEYS + 1).fill(valid.calls[0]!.keys[0]) }] };
    },
  ],
  ['learned.accounts[0].address', (json) => ({ ...json, accounts: [{ ...valid.accounts[0], address: '0x' }] })],
  ['learned.codes', (json) => ({ ...json, codes: undefined })],
])('JSON that cannot be used is refused by name: %s', (field, change) => {
  let error: unknown;
  try {
    readEngineLearned(change({ ...valid }), 'learned');
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toBeInstanceOf(InputError);
  expect((error as InputError).field).toBe(field);
});
