// Real mainnet blocks, one transaction after the other: header, receipts and state must come out.

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { compareWithExpected } from '../../src/block/state-diff.ts';
import { verifyBlock } from '../../src/block/verify.ts';
import { isAtLeast } from '../../src/chain/hardfork.ts';
import { runSequential } from '../../src/executor/ethereumjs/sequential.ts';
import { type BlockFile, readBlockFile } from '../../src/file/block-file.ts';
import { sharedFolder, withoutShared } from '../support/shared.ts';

const skipped = withoutShared('mainnet');
const folder = resolve(sharedFolder ?? '.', 'mainnet');
const index = skipped
  ? []
  : (JSON.parse(readFileSync(resolve(folder, 'index.json'), 'utf8')) as { number: number; hardfork: string }[]);

/** Few transactions each, every kind of signature: legacy before and after EIP-155, types 0 to 4. */
const RECOVERED = [930196, 2674998, 4369999, 9069000, 19934116, 25229957];

function load(number: number): Promise<BlockFile> {
  return readBlockFile(readFileSync(resolve(folder, `${number}.json.gz`)), `${number}.json.gz`);
}

describe.skipIf(skipped)('mainnet blocks in sequence', () => {
  test.each(index)('block $number ($hardfork) gives its header, its receipts and its state', async ({ number }) => {
    const file = await load(number);
    const result = await runSequential(file);
    const { mismatches, omitted } = verifyBlock({ ...file, output: result });
    expect(mismatches).toEqual([]);
    // Nothing else of the header is left out; the files have no headers of uncles.
    const left = [
      ...(isAtLeast(file.hardfork, 'byzantium') ? [] : ['receiptsRoot']),
      ...((file.block.uncles?.length ?? 0) > 0 ? ['sha3Uncles'] : []),
    ];
    expect(omitted.map(({ name }) => name)).toEqual(left);
    expect(result.receiptsRoot === undefined).toBe(!isAtLeast(file.hardfork, 'byzantium'));
    expect(result.requestsHash === undefined).toBe(!isAtLeast(file.hardfork, 'prague'));
    const transactions = result.receipts.map(({ gasUsed, status, logs }) => ({
      gasUsed,
      status: status === 'success' ? 1 : 0,
      logs: logs.length,
    }));
    expect(transactions).toEqual(file.expected?.transactions);
    expect(
      compareWithExpected(result.stateDiffOfTransactions, file.expected!, isAtLeast(file.hardfork, 'spuriousDragon')),
    ).toEqual([]);
  });

  test.each(RECOVERED.filter((number) => index.some((entry) => entry.number === number)))(
    'the senders recovered in block %s are those given',
    async (number) => {
      const file = await load(number);
      // Every transaction whose sender comes out differently is invalid.
      const output = await runSequential(file, { senders: 'recover' });
      expect(verifyBlock({ ...file, output }).mismatches).toEqual([]);
    },
  );
});
