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

  test.skipIf(withoutShared('mainnet')).each([930196, 4369999, 12459406, 25229957])(
    'of mainnet block %s is read in one pass as it is item by item, and so is what is no block',
    async (number) => {
      const path = resolve(sharedFolder ?? '.', 'mainnet', `${number}.json.gz`);
      const { block, hardfork, chainId } = await readBlockFile(readFileSync(path));
      const encoded = encodeBlock(block, chainId)!;
      const outcome = (read: typeof parseBlockRlp, bytes: Uint8Array) => {
        try {
          return read(bytes, hardfork, 'block', {});
        } catch (error) {
          expect(error).toBeInstanceOf(InputError);
          return (error as InputError).message;
        }
      };
      const slowly = (...given: Parameters<typeof parseBlockRlp>) =>
        readAnyBlockRlp(...(given as Required<typeof given>));
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
