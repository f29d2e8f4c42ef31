// Previews over real contracts, whole and garbled, against the library's transaction processing: gas, logs, and the state.
import { expect, test } from 'vitest';
import { bytesFromHex, type Hex, hexFromBytes, quantityFromNumber } from '../../src/base/hex.ts';
import { type BlockInput, readBlock, type TransactionInput } from '../../src/block/block-input.ts';
import { decodeOutput } from '../../src/block/receipts.ts';
import { createExecutor } from '../../src/executor/ethereumjs/executor.ts';
import { createEngine, memoryState, type Preview, type StateDiff } from '../../src/index.ts';
import { SequentialView } from '../../src/state/sequential-view.ts';
import { createTraffic } from '../../src/traffic/index.ts';
import { count } from '../support/effort.ts';
import { chooser } from '../support/synthetic-generator.ts';

const hardfork = 'prague';
const GAS = 500_000n;

test('previews say what the library does, to the state; bundles what it does one by one', {
  timeout: 600_000,
}, async () => {
  const { file } = await createTraffic({ transactions: 200, hardfork, seed: 9 });
  const { chainId } = file;
  const full = readBlock(file.block, hardfork);
  const state = memoryState(file.pre);
  const fee = BigInt(full.baseFeePerGas ?? '0x0');
  const block: BlockInput = { ...full, withdrawals: [], transactions: [] };
  const engine = await createEngine({ workers: 1, chainId, hardfork, memory: { maximumMiB: 64 } });
  const { transactions: _, ...header } = block;
  const world = await engine.openWorld({ state, block: header });
  const choose = chooser(2);
  const rounds = count('previews', { ci: 400, long: 20_000 });
  const seen = { success: 0, reverted: 0, halted: 0, invalid: 0, bundles: 0 };
  for (let at = 0; at < rounds; at++) {
    const length = choose(4) === 0 ? 2 + choose(2) : 1;
    const view = new SequentialView(state);
    const requests = Array.from({ length }, () => made());
    const wanted: Awaited<ReturnType<typeof oracle>>[] = [];
    for (const request of requests) wanted.push(await oracle(request, view));
    const found = await world.preview(length === 1 ? requests[0]! : requests);
    const parts: readonly Preview[] = found.transactions ?? [found];
    parts.forEach((part, i) => {
      const { status, gasUsed, logs } = part;
      const success = status === 'success';
      expect({ at, i, success, gasUsed, logs }).toEqual({ at, i, ...wanted[i]! });
      seen[status]++;
    });
    expect({ at, diff: sorted(found.stateDiff) }).toEqual({ at, diff: sorted(view.diff(true)) });
    if (length > 1) seen.bundles++;
  }
  await engine.dispose();
  expect(seen.success).toBeGreaterThan(rounds * 0.2);
  expect(seen.reverted).toBeGreaterThan(rounds * 0.05);
  expect(seen.bundles).toBeGreaterThan(rounds * 0.1);
  expect(seen.invalid).toBe(0);

  /** With a fee, which the library and the preview must both take. */
  function made() {
    const { from, to, input, value } = full.transactions[choose(full.transactions.length)]!;
    const own = { from: from!, ...(to === undefined ? {} : { to }), input: garbled(input, choose) };
    return { ...own, value: choose(4) === 0 ? BigInt(choose(1000)) : BigInt(value), gas: GAS, gasPrice: fee };
  }

  async function oracle(request: ReturnType<typeof made>, view: SequentialView) {
    const { from, gas, gasPrice, value, ...rest } = request;
    const nonce = view.diff(true).get(from)?.nonce ?? (await world.getNonce(from));
    const transaction: TransactionInput = {
      ...{ ...rest, from, type: '0x0', nonce: quantityFromNumber(nonce) },
      ...{ gas: quantityFromNumber(gas), gasPrice: quantityFromNumber(gasPrice), value: quantityFromNumber(value) },
    };
    const context = {
      ...{ chainId, hardfork, block: { ...block, transactions: [transaction] }, blockHashes: new Map() },
      ...{ senders: 'trust', storageOnly: [] },
    };
    const executor = await createExecutor(context);
    const outcome = await executor.execute({ id: 0, payload: { kind: 'transaction', index: 0 } }, view);
    const { success, gasUsed, logs } = decodeOutput(outcome.output!);
    return {
      ...{ success, gasUsed },
      logs: logs.map(({ address, topics, data }) => ({
        ...{ address: hexFromBytes(address), topics: topics.map(hexFromBytes), data: hexFromBytes(data) },
      })),
    };
  }
});

function sorted(diff: StateDiff) {
  return [...diff]
    .map(([address, account]) => [address, account && { ...account, storage: [...account.storage].sort() }] as const)
    .sort(([left], [right]) => (left < right ? -1 : 1));
}

/** Half of them with other bytes in their arguments. */
function garbled(input: Hex, choose: (limit: number) => number): Hex {
  const bytes = bytesFromHex(input);
  if (bytes.length < 5 || choose(2) === 0) return input;
  for (let left = 1 + choose(3); left > 0; left--) bytes[4 + choose(bytes.length - 4)] = choose(256);
  return hexFromBytes(bytes);
}
