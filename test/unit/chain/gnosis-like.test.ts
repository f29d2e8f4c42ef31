// A chain that nobody knows here, as Gnosis is to geth: no reward before the merge, blobs of its own schedule, a genesis file of its
// own, and a token's name as its currency. What the chain's own rules would do besides is refused, not left out.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { blobBaseFee } from '../../../src/block/blobs.ts';
import { forkAt } from '../../../src/chain/chain.ts';
import { readChain } from '../../../src/chain/chains.ts';
import { BEACON_ROOTS } from '../../../src/chain/system-contracts.ts';
import { createEngine, type Hex, memoryState, readGenesis, type TracingEngine } from '../../../src/index.ts';

const ALICE: Hex = '0x00000000000000000000000000000000000000aa';
const BOB: Hex = '0x00000000000000000000000000000000000000bb';
const MINER: Hex = '0x00000000000000000000000000000000000000cc';
const ZERO: Hex = `0x${'00'.repeat(32)}`;
const VERSIONED: Hex = `0x01${'11'.repeat(31)}`;
const [SHANGHAI, CANCUN, PRAGUE] = [1_690_889_660, 1_710_181_820, 1_746_021_820];

/** Gnosis' own blobs: one per block is meant, two are the most. */
const CONFIG = {
  ...{ chainId: 100, homesteadBlock: 0, eip150Block: 0, eip155Block: 0, eip158Block: 0, byzantiumBlock: 0 },
  ...{ constantinopleBlock: 0, petersburgBlock: 0, istanbulBlock: 0, berlinBlock: 10, londonBlock: 20 },
  ...{ terminalTotalDifficulty: 1000, terminalTotalDifficultyPassed: true, clique: { period: 5, epoch: 30_000 } },
  ...{ shanghaiTime: SHANGHAI, cancunTime: CANCUN, pragueTime: PRAGUE },
  depositContractAddress: '0x0b98057ea310f4d31f2a452b414647007d1645d9',
  blobSchedule: {
    cancun: { target: 1, max: 2, baseFeeUpdateFraction: 1_112_826 },
    prague: { target: 1, max: 2, baseFeeUpdateFraction: 1_112_826 },
  },
};
/** As viem writes chains, and forks beside it. */
const { chainId: _, ...forks } = CONFIG;
const GNOSIS = {
  ...{ id: 100, name: 'Gnosis', nativeCurrency: { decimals: 18, name: 'xDAI', symbol: 'XDAI' }, blockTime: 5_000 },
  rpcUrls: { default: { http: ['https://rpc.gnosischain.com'] } },
  contracts: { multicall3: { address: '0xca11bde05977b3631167028862be2a173976ca11', blockCreated: 21_022_491 } },
  forks,
};
const ALLOC = { [ALICE]: { balance: 10n ** 18n }, [BEACON_ROOTS]: { nonce: 1, code: '0x00' } } as const;

let engine: TracingEngine;
beforeAll(async () => {
  engine = await createEngine({ workers: 1, threading: 'inline' });
});
afterAll(() => engine.dispose());

const before = (number: number) => ({
  ...{ number, timestamp: 1_600_000_000, gasLimit: 30_000_000, miner: MINER, difficulty: 2, parentHash: ZERO },
  ...(number >= 20 && { baseFeePerGas: 7 }),
  transactions: [{ from: ALICE, to: BOB, nonce: 0, gas: 21_000, value: 5, input: '0x', gasPrice: 7 }],
});
const cancun = (blobs: number) => ({
  ...{ number: 99, timestamp: CANCUN, gasLimit: 30_000_000, miner: MINER, baseFeePerGas: 7, parentHash: ZERO },
  ...{ mixHash: ZERO, difficulty: 0, excessBlobGas: 0x20_0000, parentBeaconBlockRoot: ZERO },
  withdrawals: [{ index: 0, validatorIndex: 1, address: BOB, amount: 3 }],
  transactions: [
    {
      ...{ type: 3, from: ALICE, to: BOB, nonce: 0, gas: 21_000, value: 0, input: '0x', accessList: [] },
      ...{ maxFeePerGas: 7, maxPriorityFeePerGas: 0, maxFeePerBlobGas: 1_000, chainId: 100 },
      blobVersionedHashes: Array.from({ length: blobs }, () => VERSIONED),
    },
  ],
});

describe.each([
  ['as a config', CONFIG],
  ['as viem has chains', GNOSIS],
])('a chain like Gnosis, %s', (_, chain) => {
  const execute = (block: object, state = memoryState(ALLOC)) =>
    engine.executeBlock({ block: block as never, chain, state });

  test.each([
    [9, 2, 1_600_000_000, 'petersburg' as string, 'istanbul'],
    [10, 2, 1_600_000_000, 'berlin', 'berlin'],
    [20, 2, 1_600_000_000, 'london', 'london'],
    [50, 0, SHANGHAI - 1, 'paris', 'paris'],
    [60, 0, SHANGHAI, 'shanghai', 'shanghai'],
    [70, 0, CANCUN, 'cancun', 'cancun'],
    [80, 0, PRAGUE, 'prague', 'prague'],
  ])('puts block %i of difficulty %i at %i into its fork', (number, difficulty, timestamp, _name, fork) => {
    const place = { number: BigInt(number), timestamp: BigInt(timestamp), difficulty: BigInt(difficulty) };
    expect(forkAt(readChain(chain, 'chain'), place).hardfork).toBe(fork);
  });

  test('rewards nobody before the merge', async () => {
    for (const number of [5, 25]) {
      const { stateDiff } = await execute(before(number));
      // Fees alone: before London all of them, since then what is above the base fee.
      expect(stateDiff.get(MINER)?.balance).toBe(number < 20 ? 147_000n : undefined);
    }
  });

  test('has its own most blobs, and its own price of them', async () => {
    const { report: _report, ...result } = await execute(cancun(2));
    const { blobs } = forkAt(readChain(chain, 'chain'), { number: 99n, timestamp: BigInt(CANCUN), difficulty: 0n });
    const price = blobBaseFee('cancun', '0x200000', blobs);
    expect(price).toBeGreaterThan(1n);
    expect(price).not.toBe(blobBaseFee('cancun', '0x200000', undefined));
    const { balance } = result.stateDiff.get(ALICE)!;
    expect(balance).toBe(10n ** 18n - 21_000n * 7n - 2n * 131_072n * price);
    expect(result.stateDiff.get(BOB)?.balance).toBe(3n * 10n ** 9n);
    await expect(execute(cancun(3))).rejects.toThrow(/blob/);
  });

  test('is asked like any other: calls and previews follow its schedule', async () => {
    const header = { ...cancun(1), transactions: [] };
    await using world = await engine.openWorld({ state: memoryState(ALLOC), chain, block: header as never });
    const preview = await world.preview({ from: ALICE, to: BOB, value: 5n });
    expect(preview).toMatchObject({ status: 'success', gasUsed: 21_000n });
    // GASLIMIT, CHAINID and the price of blobs, as its code sees them.
    const seen = async (opcode: string) => {
      const code: Hex = `0x${opcode}5f5260205ff3`;
      const { returnData } = await world.call({ to: BOB }, { stateOverrides: { [BOB]: { code } } });
      return BigInt(returnData);
    };
    expect(await seen('46')).toBe(100n);
    expect(await seen('4a')).toBe(blobBaseFee('cancun', '0x200000', readChain(chain, 'chain').forks!.at(-1)!.blobs));
  });
});

test('its genesis file begins it', async () => {
  const file = {
    ...{
      config: CONFIG,
      timestamp: '0x0',
      difficulty: '0x20000',
      gasLimit: '0x989680',
      extraData: `0x${'00'.repeat(97)}`,
    },
    alloc: { [ALICE]: { balance: '0xde0b6b3a7640000' } },
  };
  const { state, config, block, hardfork } = await readGenesis(file);
  expect(hardfork).toBe('istanbul');
  await using world = await engine.openWorld({ state, chain: config, block });
  const next = { ...before(1), parentHash: block.hash };
  const { stateDiff } = await world.executeBlock({ block: next as never });
  expect(stateDiff.get(BOB)?.balance).toBe(5n);
  expect(stateDiff.get(MINER)?.balance).toBe(147_000n);
});

test('rules of a kind that is not known here are named, not left out', () => {
  expect(() => readChain({ ...CONFIG, aura: { stepDuration: 5 } }, 'chain')).toThrow(
    expect.objectContaining({ name: 'InputError', field: 'chain.aura' }),
  );
});

test('without its forks, the field that is missing is named', async () => {
  const { forks: _forks, ...bare } = GNOSIS;
  await expect(
    engine.executeBlock({ block: cancun(1) as never, chain: bare, state: memoryState(ALLOC) }),
  ).rejects.toMatchObject({ name: 'InputError', field: 'request.hardfork' });
});
