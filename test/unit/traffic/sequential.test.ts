// The traffic block through the library's own sequential run: valid as a block, and its header can be sealed.
import { expect, test } from 'vitest';
import { verifyBlock } from '../../../src/block/verify.ts';
import { runSequential } from '../../../src/executor/ethereumjs/sequential.ts';
import { checkBlockFile } from '../../../src/file/block-file.ts';
import { createTraffic, sealTraffic } from '../../../src/traffic/index.ts';

test.each(['trust', 'recover'] as const)('with senders: %s every receipt has the planned status', async (senders) => {
  const { file, plan } = await createTraffic({ transactions: 40, conflictRate: 0.5 });
  const { receipts } = await runSequential(checkBlockFile(file), { senders });
  const statuses = receipts.map(({ status }) => (status === 'success' ? 1 : 0));
  expect(statuses).toEqual(plan.map(({ status }) => status));
});

test.each(['prague', 'osaka'] as const)('a sealed %s block verifies against its own header', async (hardfork) => {
  const { file } = await createTraffic({ transactions: 20, hardfork });
  const { gasUsed, logsBloom, receiptsRoot, requestsHash } = await runSequential(checkBlockFile(file));
  const sealed = checkBlockFile(
    sealTraffic(file, {
      gasUsed,
      logsBloom,
      receiptsRoot: receiptsRoot ?? '0x',
      ...(requestsHash && { requestsHash }),
    }),
  );
  // Everything in the header is compared, the transactions' root too.
  expect(verifyBlock({ ...sealed, output: await runSequential(sealed) })).toEqual({ mismatches: [], omitted: [] });
  expect(sealed.block.requestsHash).toBe(file.block.requestsHash);
  expect(BigInt(sealed.block.gasUsed ?? 0)).toBeGreaterThan(1_000_000n);
});
