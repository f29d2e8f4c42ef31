// Chains: forks by number and time, deposit contracts, rewards; and that blocks of other chains are not taken for mainnet's.

import { afterAll, describe, expect, test } from 'vitest';
import type { Hex } from '../../../src/base/hex.ts';
import { depositContractOf, paysReward, scheduledHardfork } from '../../../src/block/chains.ts';
import {
  checkBlockFile,
  createEngine,
  type Engine,
  InputError,
  InvalidTransactionError,
  memoryState,
} from '../../../src/index.ts';

const SEPOLIA = 11155111;
const UNKNOWN = 1337;
const SENDER: Hex = `0x${'5e'.repeat(20)}`;
const MINER: Hex = `0x${'c0'.repeat(20)}`;
const word = (n: number): Hex => `0x${n.toString(16).padStart(64, '0')}`;

describe('the fork of a block', () => {
  test.each([
    [1, 0, 1_438_269_973, 'chainstart'],
    [1, 1_920_000, 1_469_020_840, 'dao'],
    [1, 7_280_000, 1_551_383_524, 'petersburg'],
    [1, 12_964_999, 1_628_166_808, 'berlin'],
    [1, 12_965_000, 1_628_166_822, 'london'],
    [1, 15_537_393, 1_663_224_162, 'grayGlacier'],
    [1, 15_537_394, 1_663_224_179, 'paris'],
    [1, 17_034_870, 1_681_338_455, 'shanghai'],
    [1, 22_431_084, 1_746_612_311, 'prague'],
    [1, 23_935_694, 1_764_798_551, 'osaka'],
    [1, 24_200_000, 1_767_747_671, 'bpo2'],
    [SEPOLIA, 1, 1_633_267_481, 'london'],
    [SEPOLIA, 1_450_409, 1_655_733_600, 'paris'],
    [SEPOLIA, 9_000_000, 1_760_427_360, 'osaka'],
    [17000, 1, 1_695_902_424, 'paris'],
    [17000, 3_419_703, 1_740_434_111, 'cancun'],
    [17000, 3_419_704, 1_740_434_112, 'prague'],
    [17000, 5_000_000, 1_759_308_480, 'osaka'],
    [17000, 5_000_000, 1_760_389_824, 'bpo2'],
    [560048, 1, 1_742_213_412, 'cancun'],
    [560048, 60_412, 1_742_999_832, 'prague'],
    [560048, 1_500_000, 1_762_955_544, 'bpo2'],
  ])('of chain %i with number %i at %i is %s', (chainId, number, timestamp, fork) => {
    expect(scheduledHardfork(chainId, { number, timestamp: `0x${timestamp.toString(16)}` })).toBe(fork);
  });

  test('has to be named on a chain that is not known', () => {
    expect(() => scheduledHardfork(UNKNOWN, { number: 1, timestamp: 1 })).toThrow(/request.hardfork: missing.* 1337/);
    expect(() => scheduledHardfork(1, { timestamp: 1 })).toThrow(/block.number: missing/);
  });
});

describe('a time that headers do not have', () => {
  const place = { number: 24_200_000, difficulty: 0 };
  test.each([
    [1_767_747_671_000n, 'milliseconds'],
    [1_767_747_671_000_000n, 'microseconds'],
    [1_767_747_671_000_000_000n, 'nanoseconds'],
  ])('%i is refused as one of %s on chains that are known', (timestamp, unit) => {
    const refused = new RegExp(`block.timestamp: expected seconds, got ${timestamp}, which seems to be ${unit}`);
    for (const chainId of [1, SEPOLIA]) {
      expect(() => scheduledHardfork(chainId, { ...place, timestamp })).toThrow(refused);
      const block = header({ timestamp, number: 1_000_000, difficulty: 131_072 });
      const file = { chainId, hardfork: 'homestead', block, pre: {} };
      expect(() => checkBlockFile(file)).toThrow(refused);
    }
    expect(
      checkBlockFile({ chainId: UNKNOWN, hardfork: 'shanghai', block: { ...header({ timestamp }), ...after }, pre: {} })
        .block.timestamp,
    ).toBe(`0x${timestamp.toString(16)}`);
  });

  test('is none that tests of clients have', () => {
    for (const timestamp of [2n ** 32n, 0x746a528be9n, 0x5000000003e9n, 2n ** 64n - 1n]) {
      expect(scheduledHardfork(1, { ...place, timestamp })).toBe('bpo2');
    }
  });
});

const header = (more: object = {}) => ({
  ...{ number: 100, parentHash: word(1), miner: MINER, gasLimit: 30_000_000, timestamp: 1_700_000_000 },
  ...{ mixHash: word(0), difficulty: 2, baseFeePerGas: 7, transactions: [], ...more },
});
const after = { withdrawals: [], excessBlobGas: 0, parentBeaconBlockRoot: word(2), difficulty: 0 };
const system = {
  '0x00000961ef480eb55e80d19ad83579a64c007002': { nonce: 1, code: '0x00' },
  '0x0000bbddc7ce488642fb579f8b00f3a590007251': { nonce: 1, code: '0x00' },
};

for (const executor of ['wasm', 'ethereumjs'] as const) {
  describe(`executor ${executor}`, () => {
    let made: Promise<Engine> | undefined;
    const engine = (): Promise<Engine> => {
      made ??= createEngine({ workers: 1, executor });
      return made;
    };
    afterAll(async () => (await made)?.dispose());

    test('blocks are rewarded where the consensus does so, and where nobody knows it is asked', async () => {
      const run = async (chainId: number, more: object, request: object = {}) => {
        const block = header(more);
        return (await engine()).executeBlock({
          block,
          chainId,
          hardfork: 'london',
          state: memoryState({}),
          ...request,
        });
      };
      const clique = { extraData: `0x${'00'.repeat(97)}` };
      expect((await run(1, {})).stateDiff.get(MINER)?.balance).toBe(2n * 10n ** 18n);
      expect((await run(5, {})).stateDiff.size).toBe(0);
      expect((await run(UNKNOWN, clique)).stateDiff.size).toBe(0);
      expect((await run(UNKNOWN, {}, { blockReward: false })).stateDiff.size).toBe(0);
      expect((await run(UNKNOWN, {}, { blockReward: true })).stateDiff.size).toBe(1);
      await expect(run(UNKNOWN, {})).rejects.toThrow(InputError);
      const lacking = await run(1, { uncles: [word(3)] });
      const rewards = { name: 'rewards', reason: 'not-in-block', message: expect.stringContaining('uncleHeaders') };
      expect([lacking.stateDiff.size, lacking.omitted]).toEqual([0, [rewards]]);
      // A header that has uncles says so, also where the block does not list them.
      const silent = await run(1, { sha3Uncles: word(3) });
      expect([silent.stateDiff.size, silent.omitted]).toEqual([0, [rewards]]);
      expect((await run(1, {})).omitted).toEqual([]);
    });

    test('deposits are looked for at the deposit contract of the chain', async () => {
      // LOG1 with the topic of a deposit and no data: at the deposit contract this makes the block invalid.
      const code = `0x7f649bbc62d0e31342afea4e5cd82d4049e7e1ee912fc0889aa790803be39038c55f5fa1`;
      const run = async (chainId: number, to: Hex, request: object = {}) => {
        const call = { from: SENDER, to, nonce: 0, gas: 100_000, gasPrice: 20, value: 0, input: '0x' };
        const state = memoryState({ [SENDER]: { balance: 10n ** 20n }, [to]: { nonce: 1, code }, ...system });
        const block = header({ ...after, transactions: [call] });
        return (await engine()).executeBlock({ block, chainId, hardfork: 'prague', state, ...request });
      };
      const [mainnet, sepolia] = [depositContractOf(1)!, depositContractOf(SEPOLIA)!];
      await expect(run(1, mainnet)).rejects.toThrow('deposit event of 0 bytes');
      await expect(run(SEPOLIA, sepolia)).rejects.toThrow('deposit event of 0 bytes');
      expect((await run(SEPOLIA, mainnet)).requestsHash).toBe((await run(1, sepolia)).requestsHash);
      await expect(run(UNKNOWN, sepolia, { depositContract: sepolia })).rejects.toThrow('deposit event of 0 bytes');
      const unknown = await run(UNKNOWN, sepolia);
      expect([unknown.requestsHash, unknown.omitted]).toEqual([
        undefined,
        [
          {
            name: 'requestsHash',
            reason: 'not-in-request',
            message: expect.stringContaining('depositContract'),
          },
        ],
      ]);
    });

    test('a chain of a genesis file says forks, blobs, deposits and rewards', async () => {
      const forks = {
        ...{ homesteadBlock: 0, eip150Block: 0, eip155Block: 0, eip158Block: 0, byzantiumBlock: 0, petersburgBlock: 0 },
        ...{ constantinopleBlock: 0, istanbulBlock: 0, berlinBlock: 0, londonBlock: 0, terminalTotalDifficulty: 50 },
        ...{ shanghaiTime: 0, cancunTime: 0, clique: {}, depositContractAddress: MINER },
        blobSchedule: { cancun: { target: 1, max: 2, baseFeeUpdateFraction: 131_072 } },
      };
      // sstore(0, blobbasefee())
      const state = memoryState({ [SENDER]: { balance: 10n ** 20n }, [MINER]: { nonce: 1, code: '0x4a5f5500' } });
      const call = { from: SENDER, to: MINER, nonce: 0, gas: 100_000, gasPrice: 20, value: 0, input: '0x' };
      const run = async (fields: object, request: object) =>
        (await engine()).executeBlock({ block: header(fields), state, ...request } as never);
      const genesis = { config: { chainId: UNKNOWN, ...forks }, alloc: {} };
      const blob = { type: '0x3', maxFeePerBlobGas: 100, maxFeePerGas: 20, maxPriorityFeePerGas: 1, accessList: [] };
      const blobs = (count: number) => ({
        ...{ ...call, ...blob, gasPrice: undefined, chainId: UNKNOWN },
        blobVersionedHashes: Array(count).fill(`0x01${'00'.repeat(31)}`),
      });
      const full = { ...after, excessBlobGas: 131_072 * 3, transactions: [call, { ...blobs(2), nonce: 1 }] };
      for (const chain of [genesis, genesis.config, { id: UNKNOWN, name: 'ours', forks }]) {
        const { stateDiff } = await run(full, { chain });
        // floor(e^3)
        expect(stateDiff.get(MINER)?.storage.get(word(0))).toBe(word(20));
      }
      const three = run({ ...full, transactions: [blobs(3)] }, { chain: genesis });
      await expect(three).rejects.toThrow('with it the block has 3 blobs, and 2 are allowed');
      // With a difficulty it is one before the merge: London, made by authorities.
      const early = await run({ difficulty: 7 }, { chain: genesis });
      expect(early.stateDiff.size).toBe(0);
      await expect(run(full, { chain: genesis, chainId: 1 })).rejects.toThrow(
        /request.chainId: is 1, and request.chain/,
      );
      await expect(run(full, { chain: { ...forks } })).rejects.toThrow(/request.chain: expected an id/);
    });

    test.each([{ chainId: SEPOLIA }, { v: 35 + 2 * SEPOLIA, r: word(1), s: word(1) }])(
      'a legacy transaction of another chain (%o) is refused, also where senders are trusted',
      async (more) => {
        const call = { from: SENDER, to: MINER, nonce: 0, gas: 21_000, gasPrice: 20, value: 0, input: '0x', ...more };
        const state = memoryState({ [SENDER]: { balance: 10n ** 20n } });
        const block = header({ transactions: [call] });
        const run = async (chainId: number) =>
          (await engine()).executeBlock({ block, chainId, hardfork: 'london', state });
        await expect(run(1)).rejects.toThrow(InvalidTransactionError);
        await expect(run(1)).rejects.toThrow(/made for chain 11155111, not for 1/);
        expect((await run(SEPOLIA)).gasUsed).toBe(21_000n);
      },
    );
  });
}

test('after proof of work nothing is asked about rewards', () => {
  expect(paysReward(UNKNOWN, 'paris', header() as never)).toBe(true);
});

test('what a chain is known to do by rules of its own is told with every block', async () => {
  await using engine = await createEngine({ workers: 1 });
  const run = async (chainId: number | bigint) => {
    const request = { block: header({ ...after }), chainId, hardfork: 'cancun', state: memoryState({}) } as const;
    return (await engine.executeBlock(request)).omitted;
  };
  for (const [chainId, name] of [
    [8453, 'OP Stack'],
    [42161, 'Arbitrum'],
    [137, 'Polygon'],
    [100n, 'Gnosis'],
  ] as const) {
    const message = expect.stringMatching(
      new RegExp(`chain ${chainId} has rules .* beside those of cancun: .*${name}`),
    );
    expect(await run(chainId)).toEqual([{ name: 'chain', reason: 'not-computed', message }]);
  }
  expect([await run(1), await run(SEPOLIA), await run(UNKNOWN)]).toEqual([[], [], []]);
});

test('engines and worlds know the chain of their blocks', async () => {
  const config = { chainId: UNKNOWN, homesteadBlock: 0, clique: {} };
  await using engine = await createEngine({ workers: 1, chain: config });
  const block = header({ baseFeePerGas: undefined });
  const state = memoryState({});
  expect((await engine.executeBlock({ block, state })).stateDiff.size).toBe(0);
  const ours = await engine.openWorld({ state });
  expect((await ours.executeBlock({ block })).stateDiff.size).toBe(0);
  const mainnet = await engine.openWorld({ state, chain: { id: 1, name: 'Ethereum' } });
  expect((await mainnet.executeBlock({ block })).stateDiff.get(MINER)?.balance).toBe(5n * 10n ** 18n);
  await expect(createEngine({ chain: 'mainnet' as never })).rejects.toThrow(/options.chain: expected a chain's id/);
  await expect(engine.openWorld({ state, chain: {} })).rejects.toThrow(/options.chain: expected an id/);
});
