// The precompiled contracts that the core leaves to its host are loaded when a transaction calls one, wherever it runs.
import { expect, test } from 'vitest';
import { type BlockInput, createEngine, memoryState } from '../../../src/index.ts';

const SENDERS = Array.from({ length: 12 }, (_, at) => `0x${(at + 16).toString(16).repeat(20)}` as const);
const CALLER = `0x${'c1'.repeat(20)}` as const;
const ZERO = `0x${'00'.repeat(32)}` as const;

/** staticcall(gas, 8, 0, 0, 0, 64): the pairing check of nothing on bn254; counts in slot 0 how often that succeeded. */
const CODE = '0x60405f5f5f60085afa5f54015f5500';

const state = memoryState({
  ...Object.fromEntries(SENDERS.map((sender) => [sender, { balance: 10n ** 20n }])),
  [CALLER]: { code: CODE, nonce: 1 },
});
const transaction = (from: `0x${string}`) => ({
  from,
  to: CALLER,
  value: 0,
  gas: 200_000,
  gasPrice: 7,
  nonce: 0,
  input: '0x',
});
const block: BlockInput = {
  ...({ number: 1, timestamp: 1, gasLimit: 30_000_000, baseFeePerGas: 7, excessBlobGas: 0 } as unknown as BlockInput),
  ...{ parentHash: ZERO, mixHash: ZERO, miner: `0x${'33'.repeat(20)}`, parentBeaconBlockRoot: ZERO, withdrawals: [] },
  transactions: SENDERS.map(transaction) as unknown as BlockInput['transactions'],
};
const request = { block, hardfork: 'cancun', chainId: 1, state } as const;

async function receiptsRootOf(options: Parameters<typeof createEngine>[0]): Promise<string | undefined> {
  await using engine = await createEngine(options);
  const { receiptsRoot, stateDiff } = await engine.executeBlock(request);
  expect(BigInt(stateDiff.get(CALLER)?.storage.get(ZERO) ?? 0)).toBe(BigInt(SENDERS.length));
  return receiptsRoot;
}

test('in a block, by however many workers', async () => {
  const expected = await receiptsRootOf({ workers: 1, executor: 'ethereumjs' });
  expect(await receiptsRootOf({ workers: 1 })).toBe(expected);
  expect(await receiptsRootOf({ workers: 3, workersPerBlock: 'all' })).toBe(expected);
  expect(await receiptsRootOf({ threading: 'inline' })).toBe(expected);
});

test.for(['shared', 'inline'] as const)('in a world, by calls, previews and traces: %s', async (threading) => {
  await using engine = await createEngine({ workers: 2, threading });
  await using world = await engine.openWorld({ state, chain: 1 });
  const asked = { from: SENDERS[0] as string, to: CALLER };
  expect((await world.call(asked)).status).toBe('success');
  expect((await world.preview({ ...asked, value: 0n })).status).toBe('success');
  const previews = await world.previewMany(SENDERS.slice(0, 4).map((from) => ({ from, to: CALLER })));
  expect(previews.map(({ status }) => status)).toEqual(['success', 'success', 'success', 'success']);
  const calls = await world.callMany(SENDERS.slice(0, 4).map((from) => ({ from, to: CALLER })));
  expect(calls.map(({ status }) => status)).toEqual(['success', 'success', 'success', 'success']);
  const { gasUsed } = await world.executeBlock({ block, hardfork: 'cancun' });
  expect(gasUsed).toBeGreaterThan(0n);
});

test.for(['shared', 'inline'] as const)('in a first preview, and a first trace: %s', async (threading) => {
  await using engine = await createEngine({ workers: 2, threading });
  await using world = await engine.openWorld({ state, chain: 1 });
  expect((await world.preview({ from: SENDERS[0] as string, to: CALLER, value: 0n })).status).toBe('success');
  await using tracing = await createEngine({ workers: 2, threading });
  for (const traced of [await tracing.traceBlock({ ...request, tracer: 'callTracer' })]) {
    expect(traced.map(({ result }) => result?.calls?.[0]?.to)).toEqual(SENDERS.map(() => `0x${'00'.repeat(19)}08`));
  }
});

test('previews on workers that have called none before', async () => {
  await using engine = await createEngine({ workers: 2 });
  await using world = await engine.openWorld({ state, chain: 1 });
  const previews = await world.previewMany(SENDERS.map((from) => ({ from, to: CALLER })));
  expect(previews.map(({ status }) => status)).toEqual(SENDERS.map(() => 'success'));
});
