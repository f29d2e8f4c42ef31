// Receipts are hashed while the block runs: whatever becomes of the run, what comes out is what its commits say, and no more.

import { beforeAll, expect, test, vi } from 'vitest';
import { hexFromBytes } from '../../../src/base/hex.ts';
import { orderedRootInJavaScript } from '../../../src/block/ordered-root.ts';
import { receiptBytes } from '../../../src/block/receipts.ts';
import type { PevmEngine } from '../../../src/engine/engine.ts';
import { ReceiptCommitter } from '../../../src/job/receipt-commitment.ts';
import type { BlockResult } from '../../../src/types.ts';
import { engineWith } from '../../support/engines.ts';
import { assemble, hostileBlock, TARGET } from '../../support/growth.ts';

const COUNT = 300;
const VERIFY = { receiptsRoot: true, logsBloom: true } as const;

/** Each transaction logs the number of those before it, which whoever runs ahead gets wrong. */
function counting(spins: number, logged: number) {
  const code = assemble(`
    0 SLOAD  1 ADD  DUP1 0 SSTORE  0 MSTORE
    ${spins} again: 1 SWAP1 SUB  DUP1 @again JUMPI
    ${logged} 0 LOG1`);
  const transactions = Array.from({ length: COUNT }, () => ({ gas: '0x100000000' }));
  return hostileBlock({ hardfork: 'prague', transactions, accounts: { [TARGET]: { nonce: 1, code } } });
}

/** Of which not all fits into little memory. */
const short = counting(300, 8192);
/** For tens of milliseconds. */
const long = counting(8_000, 32);
let pushes: ReturnType<typeof vi.spyOn>;
beforeAll(() => {
  pushes = vi.spyOn(ReceiptCommitter.prototype, 'push');
});

function check(result: BlockResult): void {
  // Of what was decoded one by one, by other code.
  const { receipts } = result;
  expect(receipts.map(({ logs }) => Number(logs[0]?.data.slice(0, 66)))).toEqual(receipts.map((_, at) => at + 1));
  expect(receipts).toHaveLength(COUNT);
  expect(result.receiptsRoot).toBe(hexFromBytes(orderedRootInJavaScript(receipts.map(receiptBytes))));
  const bloom = receipts.reduce((sum, receipt) => sum | BigInt(receipt.logsBloom), 0n);
  expect(BigInt(result.logsBloom)).toBe(bloom);
}

async function root(engine: PevmEngine, block: typeof long): Promise<string | undefined> {
  const result = await engine.executeBlock({ ...block, verify: VERIFY });
  check(result);
  return result.receiptsRoot;
}

test('receipts are hashed while transactions run, only where somebody asks, and are the same for any number of workers', async () => {
  const roots = new Set<string | undefined>();
  for (const workers of [1, 2, 3]) {
    const engine = await engineWith({ workers });
    pushes.mockClear();
    const lazy = await engine.executeBlock(long);
    expect(pushes).not.toHaveBeenCalled();
    check(lazy);
    roots.add(lazy.receiptsRoot);
    pushes.mockClear();
    roots.add(await root(engine, long));
    // One batch would be the whole block, behind its end.
    expect(pushes.mock.calls.length).toBeGreaterThan(1);
  }
  expect(roots.size).toBe(1);
});

test('what is lost, drained or cancelled on the way leaves the receipts as they are', async () => {
  const engine = await engineWith({ workers: 2 });
  const expected = await root(engine, long);
  let lost = 0;
  engine.on('worker-lost', () => lost++);
  for (const delays of [[2], [6, 9], [1, 12, 20], [15, 16]]) {
    const timers = delays.map((ms, at) => setTimeout(() => engine.terminateWorker(at % 2), ms));
    expect(await root(engine, long)).toBe(expected);
    timers.forEach(clearTimeout);
  }
  expect(lost).toBeGreaterThan(0);
  for (const ms of [1, 5, 10]) {
    const signal = AbortSignal.timeout(ms);
    await expect(engine.executeBlock({ ...long, verify: VERIFY, signal })).rejects.toThrow();
    expect(await root(engine, long)).toBe(expected);
  }
  let drains = 0;
  const roots = new Set<string | undefined>();
  for (const maximumMiB of [2, 3, 64]) {
    const small = await engineWith({ workers: 2, memory: { maximumMiB } });
    small.on('drain', () => drains++);
    roots.add(await root(small, short));
  }
  expect(roots.size).toBe(1);
  expect(drains).toBeGreaterThan(0);
});

test('two blocks at once on one thread share the module that hashes, and each gets its own', async () => {
  const [one, other] = [await engineWith({ workers: 1 }), await engineWith({ workers: 1 })];
  const [left, right] = [await root(one, long), await root(other, short)];
  expect(left).not.toBe(right);
  expect(await Promise.all([root(one, long), root(other, short)])).toEqual([left, right]);
});
