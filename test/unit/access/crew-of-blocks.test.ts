// How many workers the engine gives to real blocks, by their transactions alone: what is short or one chain runs on one.
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { checkEngineOptions } from '../../../src/config/options.ts';
import { readBlockFile } from '../../../src/file/block-file.ts';
import { encodeForCore } from '../../../src/job/block-encoding.ts';
import { readBlockRequest } from '../../../src/job/block-request.ts';
import { crewOf } from '../../../src/job/planning.ts';
import { sharedFolder, withoutShared } from '../../support/shared.ts';

/** Crews of 2, 8 and 64 workers that are there. The comments have what a second worker gains, measured or at best. */
const CREWS: Readonly<Record<number, readonly [number, number, number]>> = {
  // Plain transfers of mostly one sender: at best 1.00, 1.08 and 1.15 times.
  5891667: [1, 1, 1],
  11814555: [1, 1, 1],
  13287210: [1, 1, 1],
  2179522: [1, 1, 1],
  // A quarter of a millisecond and less.
  930196: [1, 1, 1],
  2674998: [1, 1, 1],
  3356896: [1, 1, 1],
  3932759: [1, 1, 1],
  // One transaction.
  15537393: [1, 1, 1],
  // Wide: 1.3 to 1.9 times.
  5363522: [2, 6, 6],
  4369999: [2, 5, 5],
  12244000: [2, 8, 17],
  14029313: [2, 8, 64],
  15199017: [2, 8, 29],
  19426587: [2, 5, 5],
};

describe.skipIf(withoutShared('mainnet'))('real blocks', () => {
  test.each(Object.entries(CREWS))('block %s', async (number, crews) => {
    const { block, chainId, hardfork, state, blockHashes } = await readBlockFile(
      await readFile(`${sharedFolder}/mainnet/${number}.json.gz`),
    );
    const request = { block, chainId, hardfork, state, blockHashes, senders: 'trust' } as const;
    const { context } = readBlockRequest(request, checkEngineOptions({}, 2));
    const encoding = encodeForCore(context);
    const crew = (workers: number) => crewOf(context, encoding, { workers, planning: undefined, costs: undefined });
    expect([2, 8, 64].map(crew)).toEqual(crews);
  });
});
