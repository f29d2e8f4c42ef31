// Blocks in RLP: right ones, hostile ones, and the same block as JSON.

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { createBlockFromRPC } from '@ethereumjs/block';
import { RLP } from '@ethereumjs/rlp';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InputError } from '../../../src/base/errors.ts';
import { encodeBlock } from '../../../src/block/block-encoding.ts';
import { parseBlockRlp, readAnyBlockRlp } from '../../../src/block/block-rlp.ts';
import type { Hardfork } from '../../../src/chain/hardfork.ts';
import { chainAt } from '../../../src/executor/ethereumjs/chain.ts';
import { readBlockFile } from '../../../src/file/block-file.ts';
import { count } from '../../support/effort.ts';
import { Random } from '../../support/fuzz-random.ts';
import { sharedFolder, withoutShared } from '../../support/shared.ts';

const header = (fields = 15) =>
  Array.from({ length: fields }, (_, i) => {
    if (i === 2) return new Uint8Array(20);
    if (i === 6) return new Uint8Array(256);
    if (i === 14) return new Uint8Array(8);
    if (i === 12) return new Uint8Array(0);
    return i >= 7 && i <= 11 ? Uint8Array.of(i) : new Uint8Array(32);
  });

function refusal(run: () => unknown): InputError {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    return error as InputError;
  }
  throw new Error('was accepted');
}

/** `levels` lists inside each other. */
function nested(levels: number): Uint8Array {
  const bytes = new Uint8Array(levels * 4);
  for (let i = 0; i < levels; i++) {
    const left = (levels - i - 1) * 4;
    bytes.set([0xfa, left >> 16, (left >> 8) & 255, left & 255], i * 4);
  }
  return bytes;
}

/** The block, or what is wrong with it. */
function outcomeOf(read: typeof parseBlockRlp, bytes: Uint8Array, hardfork: Hardfork): unknown {
  try {
    return read(bytes, hardfork, 'block', {});
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    return (error as InputError).message;
  }
}

const slowly = (...given: Parameters<typeof parseBlockRlp>) => readAnyBlockRlp(...(given as Required<typeof given>));

/** A transaction of any type as its encoding; one in ten or so has something wrong with it. */
function anyTransaction(random: Random, longest: number): Uint8Array | RlpItem[] {
  const bytes = (length: number) => Uint8Array.from({ length }, () => random.below(256));
  const isWrong = () => random.below(200) === 0;
  const number = (most: number) => {
    const value = bytes(random.below(most + 1) + (isWrong() ? 1 : 0));
    if (value.length > 0) value[0] = isWrong() ? 0 : 1 + random.below(255);
    return value;
  };
  const exactly = (length: number) => bytes(isWrong() ? random.below(40) : length);
  const type = random.below(5);
  const keys = () => Array.from({ length: random.below(4) }, () => exactly(32));
  const accessList = Array.from({ length: random.below(4) }, () => [exactly(20), isWrong() ? bytes(1) : keys()]);
  const gas = number(3);
  const to = random.below(4) === 0 && type < 3 ? bytes(0) : exactly(20);
  const rest = [to, number(32), bytes(random.below(longest)), ...(type === 0 ? [] : [accessList])];
  const authorization = () => [number(32), exactly(20), number(8), number(1), number(32), number(32)];
  const own = type === 3 ? [number(32), [exactly(32)]] : type === 4 ? [[authorization()]] : [];
  const signature = [number(type === 0 ? 9 : 1), number(32), number(32)];
  const fees = Array.from({ length: type < 2 ? 1 : 2 }, () => number(32));
  const fields = [...(type === 0 ? [] : [number(8)]), number(8), ...fees, gas, ...rest, ...own, ...signature];
  if (isWrong()) fields.splice(random.below(fields.length), 1);
  if (isWrong()) fields.push(number(32));
  return type === 0 ? fields : Uint8Array.of(isWrong() ? 0x80 + random.below(128) : type, ...RLP.encode(fields));
}

type RlpItem = Uint8Array | RlpItem[];

function isFrozen(value: unknown): boolean {
  return (
    typeof value !== 'object' || value === null || (Object.isFrozen(value) && Object.values(value).every(isFrozen))
  );
}

describe('a block in RLP', () => {
  test('without transactions is read', () => {
    const block = parseBlockRlp(RLP.encode([header(), [], []]), 'byzantium');
    expect(block).toMatchObject({ number: '0x8', gasLimit: '0x9', transactions: [], uncles: [] });
    expect(block.hash).toMatch(/^0x[0-9a-f]{64}$/);
  });

  test('nested 200,000 deep (0.8 MB) is refused', () => {
    const bytes = nested(200_000);
    expect(refusal(() => parseBlockRlp(bytes, 'byzantium')).message).toMatch(/nested deeper/);
  });

  test('nested inside a typed transaction is refused the same way', () => {
    const transaction = new Uint8Array([2, ...nested(5000)]);
    expect(refusal(() => parseBlockRlp(RLP.encode([header(), [transaction], []]), 'london')).field).toBe(
      'block.transactions[0]',
    );
  });

  test.each<[string, Uint8Array, string]>([
    ['nothing', new Uint8Array(0), 'block'],
    ['a string', Uint8Array.of(0x83, 1, 2, 3), 'block'],
    ['a list that ends too early', Uint8Array.of(0xf8, 0xff, 1), 'block'],
    ['trailing bytes', Uint8Array.from([...RLP.encode([header(), [], []]), 0]), 'block'],
    ['too short a header', RLP.encode([header(14), [], []]), 'block.header'],
    ['a list in place of a hash', RLP.encode([[[], ...header().slice(1)], [], []]), 'block.header.parentHash'],
    [
      'a number with leading zeros',
      RLP.encode([header().map((item, i) => (i === 8 ? Uint8Array.of(0, 1) : item)), [], []]),
      'block.header.number',
    ],
    [
      'a hash of the wrong length',
      RLP.encode([header().map((item, i) => (i === 0 ? Uint8Array.of(1) : item)), [], []]),
      'block.parentHash',
    ],
    ['an empty transaction', RLP.encode([header(), [new Uint8Array(0)], []]), 'block.transactions[0].type'],
    ['an unknown type', RLP.encode([header(), [Uint8Array.of(9, 0xc0)], []]), 'block.transactions[0].type'],
    ['too few fields', RLP.encode([header(), [[Uint8Array.of(1)]], []]), 'block.transactions[0]'],
    ['five parts', RLP.encode([header(), [], [], [], []]), 'block'],
  ])('that is %s is refused', (_, bytes, field) => {
    expect(refusal(() => parseBlockRlp(bytes, 'byzantium')).field).toBe(field);
  });

  test('any bytes give a block or a typed error', () => {
    const good = RLP.encode([header(), [], []]);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.nat(good.length - 1), fc.nat(255), (random, at, byte) => {
        const mutant = good.slice();
        mutant[at] = byte;
        for (const bytes of [random, mutant]) {
          try {
            parseBlockRlp(bytes, 'byzantium');
          } catch (error) {
            expect(error).toBeInstanceOf(InputError);
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  test.skipIf(withoutShared('mainnet')).each([4369999, 12459406, 25229957])(
    'of mainnet block %s is the same as its JSON',
    async (number) => {
      const path = resolve(sharedFolder ?? '.', 'mainnet', `${number}.json.gz`);
      const { block, hardfork } = await readBlockFile(readFileSync(path));
      const common = chainAt(1, hardfork);
      const json = structuredClone(block) as unknown as Parameters<typeof createBlockFromRPC>[0];
      for (const transaction of json.transactions as unknown as { v: string; yParity?: string }[])
        transaction.v = transaction.yParity ?? transaction.v;
      const encoded = createBlockFromRPC(json, [], { common, setHardfork: false }).serialize();
      const parsed = parseBlockRlp(encoded, hardfork);
      expect(parsed.hash).toBe(block.hash);
      expect(parsed.transactions.map(({ hash }) => hash)).toEqual(block.transactions.map(({ hash }) => hash));
      expect(parsed.transactions.map(({ r, s, to, input, gas }) => ({ r, s, to, input, gas }))).toEqual(
        block.transactions.map(({ r, s, to, input, gas }) => ({ r, s, to, input, gas })),
      );
      expect(parsed.withdrawals).toEqual(block.withdrawals);
    },
  );

  test('of random transactions is read in one pass as it is item by item, and cannot be changed', () => {
    const random = new Random(5);
    let refused = 0;
    let rounds = 0;
    const fields = header(20).map((item, i) =>
      i >= 15 ? (i === 16 || i === 19 ? new Uint8Array(32) : Uint8Array.of(1)) : item,
    );
    for (let more = count('blocks of random transactions', { ci: 150, long: 5000 }); more > 0; more--) {
      // Now and then more than is read at once.
      const longest = more % 50 === 0 ? 120_000 : 90;
      const transactions = Array.from({ length: random.below(longest > 90 ? 40 : 12) }, () =>
        anyTransaction(random, longest),
      );
      const encoded = RLP.encode([fields, transactions, [], []]);
      const found = outcomeOf(parseBlockRlp, encoded, 'prague');
      expect(found).toEqual(outcomeOf(slowly, encoded, 'prague'));
      expect(isFrozen(found)).toBe(true);
      rounds++;
      if (typeof found === 'string') refused++;
    }
    expect(refused).toBeGreaterThan(0);
    expect(refused).toBeLessThan(rounds / 2);
  });

  test.skipIf(withoutShared('mainnet')).each([930196, 4369999, 12459406, 25229957])(
    'of mainnet block %s is read in one pass as it is item by item, and so is what is no block',
    async (number) => {
      const path = resolve(sharedFolder ?? '.', 'mainnet', `${number}.json.gz`);
      const { block, hardfork, chainId } = await readBlockFile(readFileSync(path));
      const encoded = encodeBlock(block, chainId)!;
      const outcome = (read: typeof parseBlockRlp, bytes: Uint8Array) => outcomeOf(read, bytes, hardfork);
      expect(outcome(parseBlockRlp, encoded)).toEqual(outcome(slowly, encoded));
      const random = new Random(number);
      // Headers of items are where bytes count most: half of the changes are near the beginning of a transaction.
      const starts = block.transactions.map(({ r = '0x' }) =>
        Buffer.from(encoded).indexOf(Buffer.from(r.slice(2), 'hex')),
      );
      for (let more = count('blocks of changed bytes', { ci: 60, long: 3000 }); more > 0; more--) {
        const mutant = encoded.slice();
        const near = starts[random.below(starts.length)]! + 60;
        const at =
          random.below(2) === 0 ? random.below(mutant.length) : Math.min(near + random.below(40), mutant.length - 1);
        mutant[at] = random.below(256);
        expect(outcome(parseBlockRlp, mutant), `byte ${at} is ${mutant[at]}`).toEqual(outcome(slowly, mutant));
      }
    },
  );
});
