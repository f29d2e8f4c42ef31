// Calls on a world over real contracts, whole and garbled, against the library's transaction processing.
import { expect, test } from 'vitest';
import { bytesFromHex, type Hex, hexFromBytes, quantityFromNumber } from '../../src/base/hex.ts';
import { type BlockInput, readBlock, type TransactionInput } from '../../src/block/block-input.ts';
import { decodeOutput } from '../../src/block/receipts.ts';
import { createExecutor } from '../../src/executor/ethereumjs/executor.ts';
import { createEngine, memoryState } from '../../src/index.ts';
import { SequentialView } from '../../src/state/sequential-view.ts';
import { createTraffic } from '../../src/traffic/index.ts';
import { count } from '../support/effort.ts';
import { chooser } from '../support/synthetic-generator.ts';

const hardfork = 'prague';
const GAS = 500_000n;

test('calls use the gas, and give the output and logs, that they do in the library', { timeout: 600_000 }, async () => {
  const { file } = await createTraffic({ transactions: 200, hardfork });
  const { chainId } = file;
  const full = readBlock(file.block, hardfork);
  const state = memoryState(file.pre);
  const block: BlockInput = { ...full, baseFeePerGas: '0x0', withdrawals: [], transactions: [] };
  const engine = await createEngine({ workers: 1, chainId, hardfork, memory: { maximumMiB: 64 } });
  const { transactions: _, ...header } = block;
  const world = await engine.openWorld({ state, block: header });
  const choose = chooser(1);
  const calls = count('calls', { ci: 2_000, long: 100_000 });
  const seen = { success: 0, reverted: 0, halted: 0, logs: 0 };
  for (let at = 0; at < calls; at++) {
    const made = full.transactions[choose(full.transactions.length)]!;
    const other = full.transactions[choose(full.transactions.length)]!;
    const from = (choose(2) === 0 ? made.from : other.from)!;
    const to = made.to;
    const input = garbled(made.input, choose);
    const value = choose(4) === 0 ? BigInt(choose(1000)) : BigInt(made.value);
    const got = await world.call({ from, to, input, value, gas: GAS });
    const nonce = quantityFromNumber(await world.getNonce(from));
    const transaction = { from, ...(to === undefined ? {} : { to }), input, value: quantityFromNumber(value), nonce };
    const wanted = await oracle({ ...transaction, gas: quantityFromNumber(GAS), gasPrice: '0x0', type: '0x0' });
    const { status, gasUsed, returnData, logs } = got;
    const success = status === 'success';
    expect({ at, success, gasUsed, returnData, logs }).toEqual({ at, ...wanted });
    seen[status]++;
    if (logs.length > 0) seen.logs++;
  }
  await engine.dispose();
  expect(seen.success).toBeGreaterThan(calls * 0.2);
  expect(seen.reverted).toBeGreaterThan(calls * 0.05);
  expect(seen.logs).toBeGreaterThan(calls * 0.1);

  async function oracle(transaction: TransactionInput) {
    const one = { ...block, transactions: [transaction] };
    const context = {
      chainId,
      hardfork,
      block: one,
      blockHashes: new Map(),
      senders: 'trust',
      storageOnly: [],
    } as const;
    const executor = await createExecutor(context as never);
    const view = new SequentialView(state);
    const outcome = await executor.execute({ id: 0, payload: { kind: 'transaction', index: 0 } }, view);
    const { success, gasUsed, returnData, logs } = decodeOutput(outcome.output!);
    return {
      ...{ success, gasUsed, returnData: hexFromBytes(returnData) },
      logs: logs.map(({ address, topics, data }) => ({
        ...{ address: hexFromBytes(address), topics: topics.map(hexFromBytes), data: hexFromBytes(data) },
      })),
    };
  }
});

/** Half of them with other bytes in their arguments. */
function garbled(input: Hex, choose: (limit: number) => number): Hex {
  const bytes = bytesFromHex(input);
  if (bytes.length < 5 || choose(2) === 0) return input;
  for (let left = 1 + choose(3); left > 0; left--) bytes[4 + choose(bytes.length - 4)] = choose(256);
  return hexFromBytes(bytes);
}
