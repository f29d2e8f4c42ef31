// How many blobs a block may have.
import { describe, expect, test } from 'vitest';
import { checkBlobs } from '../../../src/block/blobs.ts';
import type { BlockInput, Hex } from '../../../src/index.ts';
import { InvalidTransactionError } from '../../../src/index.ts';

const HASH: Hex = `0x01${'00'.repeat(31)}`;

/** A block whose transactions have so many blobs each. */
function blockOf(...counts: number[]): BlockInput {
  const transactions = counts.map((count) =>
    count === 0 ? {} : { blobVersionedHashes: Array.from({ length: count }, () => HASH) },
  );
  return { transactions } as unknown as BlockInput;
}

describe('the blobs of a block', () => {
  test.each([
    ['cancun', 6],
    ['prague', 9],
    ['osaka', 9],
    ['bpo1', 15],
    ['bpo2', 21],
  ] as const)('are so many in %s: %i', (hardfork, maximum) => {
    checkBlobs(hardfork, blockOf(0, maximum - 1, 0, 1, 0));
    expect(() => checkBlobs(hardfork, blockOf(0, maximum - 1, 0, 2, 0))).toThrow(InvalidTransactionError);
  });

  test('are too many with the transaction that the error names', () => {
    expect(() => checkBlobs('cancun', blockOf(3, 0, 3, 0, 1))).toThrow(expect.objectContaining({ index: 4 }));
  });

  test('do not exist before Cancun', () => {
    checkBlobs('shanghai', blockOf(0, 0));
    expect(() => checkBlobs('shanghai', blockOf(1))).toThrow(InvalidTransactionError);
  });
});
