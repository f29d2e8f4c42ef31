// The blob base fee (EIP-4844) that both executors give BLOBBASEFEE, also where it does not fit a word.
import { expect, test } from 'vitest';
import { type BlockInput, createEngine, type Hex, memoryState } from '../../../src/index.ts';

const SENDER: Hex = `0x${'11'.repeat(20)}`;
const READER: Hex = `0x${'22'.repeat(20)}`;
const SLOT: Hex = `0x${'00'.repeat(32)}`;
/** BLOBBASEFEE PUSH0 SSTORE */
const CODE = '0x4a5f55';

const word = (value: bigint): Hex => `0x${value.toString(16).padStart(64, '0')}`;

function blockWith(excessBlobGas: Hex): BlockInput {
  return {
    number: '0x1',
    parentHash: `0x${'00'.repeat(32)}`,
    parentBeaconBlockRoot: `0x${'00'.repeat(32)}`,
    mixHash: `0x${'00'.repeat(32)}`,
    timestamp: '0x1',
    gasLimit: '0x1000000',
    miner: `0x${'55'.repeat(20)}`,
    baseFeePerGas: '0x1',
    blobGasUsed: '0x0',
    excessBlobGas,
    withdrawals: [],
    transactions: [
      { from: SENDER, to: READER, nonce: '0x0', value: '0x0', gas: '0x186a0', gasPrice: '0x1', input: '0x' },
    ],
  } as unknown as BlockInput;
}

test.each([
  ['0x0', 1n],
  // The Taylor series of e, cut off below: fake_exponential(1, 3338477, 3338477) = 2
  ['0x32f0ed', 2n],
  ['0xffffffffffffffff', (1n << 256n) - 1n],
] as const)('with %s of excess blob gas it is %i', async (excessBlobGas, fee) => {
  await using engine = await createEngine({ workersPerBlock: 'all', workers: 2, preset: 'audit' });
  const state = memoryState({ [SENDER]: { balance: 10n ** 18n }, [READER]: { code: CODE } });
  const result = await engine.executeBlock({ block: blockWith(excessBlobGas), chainId: 1, hardfork: 'cancun', state });
  expect(result.mismatches).toEqual([]);
  expect(result.stateDiff.get(READER)?.storage.get(SLOT)).toBe(word(fee));
});
