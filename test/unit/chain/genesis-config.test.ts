// The config of a genesis file as a chain: forks by block, merge and time, blobs, deposits, rewards; and what it may not be.
import { describe, expect, test } from 'vitest';
import { InputError } from '../../../src/base/errors.ts';
import { type BlockPlace, forkAt } from '../../../src/chain/chain.ts';
import { readChain } from '../../../src/chain/chains.ts';
import { chainFromGenesisConfig } from '../../../src/chain/genesis-config.ts';

/** A chain through all forks, of Ethereum's own JSON-RPC cases. */
const CONFIG = {
  ...{
    chainId: 3503995874084926,
    homesteadBlock: 0,
    eip150Block: 3,
    eip155Block: 6,
    eip158Block: 6,
    byzantiumBlock: 9,
  },
  ...{ constantinopleBlock: 12, petersburgBlock: 15, istanbulBlock: 18, muirGlacierBlock: 21, berlinBlock: 24 },
  ...{ londonBlock: 27, arrowGlacierBlock: 30, grayGlacierBlock: 33, mergeNetsplitBlock: 36 },
  ...{ shanghaiTime: 390, cancunTime: 420, pragueTime: 450, osakaTime: 480, bpo1Time: 510, bpo2Time: 540 },
  terminalTotalDifficulty: 4732352,
  depositContractAddress: '0x0000000000000000000000000000000000000000',
  ethash: {},
  blobSchedule: {
    cancun: { target: 3, max: 6, baseFeeUpdateFraction: 3338477 },
    osaka: { target: 8, max: 12, baseFeeUpdateFraction: 7 },
    bpo2: { target: 14, max: 21, baseFeeUpdateFraction: 11684671 },
  },
};
/** From London on at once. */
const SHORT = {
  ...{ chainId: 1337, homesteadBlock: 0, eip150Block: 0, eip155Block: 0, eip158Block: 0, byzantiumBlock: 0 },
  ...{ constantinopleBlock: 0, petersburgBlock: 0, istanbulBlock: 0, berlinBlock: 0, londonBlock: 0 },
};
const at = (number: number, timestamp: number, difficulty?: number): BlockPlace => ({
  number: BigInt(number),
  timestamp: BigInt(timestamp),
  difficulty: difficulty === undefined ? undefined : BigInt(difficulty),
});

describe('the config of a genesis file', () => {
  const chain = chainFromGenesisConfig(CONFIG);

  test.each([
    [0, 0, 1, 'homestead'],
    [3, 30, 1, 'tangerineWhistle'],
    [6, 60, 1, 'spuriousDragon'],
    [12, 120, 1, 'constantinople'],
    [15, 150, 1, 'petersburg'],
    [26, 260, 1, 'berlin'],
    [33, 330, 1, 'grayGlacier'],
    // Who has reached the total difficulty has none.
    [34, 340, 0, 'paris'],
    [36, 360, undefined, 'mergeNetsplitBlock'],
    [39, 390, 0, 'shanghai'],
    [50, 479, 0, 'prague'],
    [51, 480, 0, 'osaka'],
    [52, 510, 0, 'bpo1'],
    [90, 9999, 0, 'bpo2'],
  ])('puts block %i at %i with difficulty %s into %s', (number, timestamp, difficulty, fork) => {
    expect(forkAt(chain, at(number, timestamp, difficulty)).hardfork).toBe(fork);
  });

  test('says how many blobs a block may have; a fork that does not say follows the one before', () => {
    const blobs = (timestamp: number) => forkAt(chain, at(60, timestamp, 0)).blobs;
    expect(blobs(420)).toMatchObject({ maxBlobs: 6, blobUpdateFraction: 3338477n });
    expect(blobs(450)).toMatchObject({ maxBlobs: 6 });
    expect(blobs(480)).toMatchObject({ maxBlobs: 12, blobUpdateFraction: 7n });
    expect(blobs(510)).toMatchObject({ maxBlobs: 12 });
    expect(blobs(540)).toMatchObject({ maxBlobs: 21 });
    const silent = chainFromGenesisConfig({ ...SHORT, terminalTotalDifficulty: 0, cancunTime: 0, pragueTime: 5 });
    expect(forkAt(silent, at(1, 5)).blobs).toMatchObject({ maxBlobs: 9, blobUpdateFraction: 5_007_716n });
  });

  test('gives numbers to forks that change blobs alone', () => {
    const bpo4 = { max: 40, target: 30, baseFeeUpdateFraction: '0x10' };
    const config = { ...CONFIG, bpo4Time: '600', blobSchedule: { ...CONFIG.blobSchedule, bpo4 } };
    const fork = forkAt(chainFromGenesisConfig(config), at(90, 600, 0));
    expect(fork).toEqual({ hardfork: 'bpo2', blobs: { maxBlobs: 40, targetBlobs: 30, blobUpdateFraction: 16n } });
  });

  test('says where deposits are made and whether blocks are rewarded', () => {
    expect(chain).toMatchObject({ id: 3503995874084926, depositContract: `0x${'00'.repeat(20)}`, blockReward: true });
    const clique = chainFromGenesisConfig({ ...SHORT, clique: { period: 15, epoch: 30000 } });
    expect(clique).toMatchObject({ depositContract: null, blockReward: false });
    expect(chainFromGenesisConfig(SHORT).blockReward).toBeUndefined();
  });

  test('is read without regard to case, with null for what is not there, and any kind of number', () => {
    const odd = { CHAINID: '0x539', homesteadblock: 0n, daoForkBlock: null, daoForkSupport: true, eip150Block: '3' };
    expect(forkAt(chainFromGenesisConfig(odd), at(3, 1)).hardfork).toBe('tangerineWhistle');
    const { petersburgBlock: _, istanbulBlock: __, berlinBlock: ___, londonBlock: ____, ...constantinople } = SHORT;
    // geth: where Petersburg is not named, it comes with Constantinople.
    expect(forkAt(chainFromGenesisConfig(constantinople), at(1, 1)).hardfork).toBe('petersburg');
    // JSON.parse has taken its digits.
    const late = chainFromGenesisConfig({ ...SHORT, terminalTotalDifficulty: 5.875e22 });
    expect(forkAt(late, at(1, 1, 131072)).hardfork).toBe('london');
  });

  test('asks for the difficulty where the merge depends on it', () => {
    expect(() => forkAt(chain, at(34, 340))).toThrow(/block\.difficulty: missing/);
  });

  test('names rules that are not known when a block comes to them', () => {
    const later = chainFromGenesisConfig({ ...CONFIG, verkleTime: 1000 });
    expect(forkAt(later, at(90, 999, 0)).hardfork).toBe('bpo2');
    expect(() => forkAt(later, at(90, 1000, 0))).toThrow(
      /request\.hardfork: missing, and chain \d+ follows config\.verkleTime/,
    );
  });

  test.each([
    [{ ...SHORT, chainId: undefined }, 'config.chainId'],
    [{ ...SHORT, chainId: 'mainnet' }, 'config.chainId'],
    [{ ...SHORT, berlinBlock: 5 }, 'config.londonBlock'],
    [{ ...SHORT, berlinBlock: undefined }, 'config.berlinblock'],
    [{ ...SHORT, londonBlock: -1 }, 'config.londonBlock'],
    [{ ...SHORT, londonBlock: 0.5 }, 'config.londonBlock'],
    [{ ...SHORT, eip155Block: 1 }, 'config.eip155Block'],
    [{ ...SHORT, daoForkBlock: 7, daoForkSupport: true }, 'config.daoForkBlock'],
    [{ ...SHORT, parisBlock: 7 }, 'config.parisBlock'],
    [{ ...SHORT, shanghaiTime: 7 }, 'config.terminalTotalDifficulty'],
    [{ ...CONFIG, pragueTime: 1 }, 'config.pragueTime'],
    [{ ...CONFIG, verkleTime: 1 }, 'config.verkleTime'],
    [{ ...CONFIG, bpo3Time: 600 }, 'config.blobSchedule.bpo3'],
    [{ ...CONFIG, blobSchedule: [] }, 'config.blobSchedule'],
    [{ ...CONFIG, blobSchedule: { cancun: 6 } }, 'config.blobSchedule.cancun'],
    [{ ...CONFIG, blobSchedule: { cancun: { max: 6 } } }, 'config.blobSchedule.cancun.baseFeeUpdateFraction'],
    [
      { ...CONFIG, blobSchedule: { cancun: { max: 6, baseFeeUpdateFraction: 0 } } },
      'config.blobSchedule.cancun.baseFeeUpdateFraction',
    ],
    [{ ...CONFIG, depositContractAddress: '0x12' }, 'config.depositContractAddress'],
    [{ ...SHORT, optimism: { eip1559Elasticity: 6 } }, 'config.optimism'],
    [{ ...SHORT, ibft2: { blockperiodseconds: 2 } }, 'config.ibft2'],
    [{ ...SHORT, isQuorum: true }, 'config.isQuorum'],
    [{ ...SHORT, zeroBaseFee: true }, 'config.zeroBaseFee'],
    [{ ...SHORT, contractSizeLimit: 2_147_483_647 }, 'config.contractSizeLimit'],
    [{ ...SHORT, evmStackSize: 2048 }, 'config.evmStackSize'],
    [7, 'config'],
    [[], 'config'],
    [JSON.parse('{"__proto__": {}, "chainId": 5}'), 'config.__proto__'],
  ])('that is %j is refused at %s', (config, field) => {
    const error = (() => {
      try {
        return chainFromGenesisConfig(config);
      } catch (reason) {
        return reason;
      }
    })();
    expect(error).toBeInstanceOf(InputError);
    expect((error as InputError).field).toBe(field);
  });
});

test('what a configuration names and leaves as it is everywhere is no other rule', () => {
  const config = { ...SHORT, zeroBaseFee: false, contractSizeLimit: 24_576, evmStackSize: 1024, isQuorum: false };
  expect(chainFromGenesisConfig(config)).toEqual(chainFromGenesisConfig(SHORT));
});

describe('a chain', () => {
  test('may be an id, a config, a genesis file, or an object of viem, with forks or without', () => {
    expect(readChain(1, 'chain').forks?.length).toBeGreaterThan(10);
    expect(readChain(CONFIG, 'chain').id).toBe(CONFIG.chainId);
    expect(readChain({ config: CONFIG, alloc: {}, difficulty: '0x1' }, 'chain').id).toBe(CONFIG.chainId);
    const viem = {
      ...{ id: 11155111, name: 'Sepolia', nativeCurrency: { name: 'Sepolia Ether', symbol: 'ETH', decimals: 18 } },
      ...{ rpcUrls: { default: { http: ['https://rpc.example'] } }, contracts: {}, testnet: true },
      formatters: { block: { format: () => ({}) } },
    };
    expect(readChain(viem, 'chain')).toBe(readChain(11155111, 'chain'));
    // A chain that was read may be handed on, one that is known too.
    const [known, own] = [readChain(1, 'chain'), readChain(CONFIG, 'chain')];
    expect([readChain(known, 'chain'), readChain(own, 'chain')]).toEqual([known, own]);
    const { chainId: _, ...forks } = SHORT;
    const foundry = { ...viem, id: 31337, forks: { ...forks, terminalTotalDifficulty: 0, shanghaiTime: 0 } };
    expect(forkAt(readChain(foundry, 'chain'), at(0, 0)).hardfork).toBe('shanghai');
    expect(readChain({ ...viem, id: 31337 }, 'chain').forks).toBeUndefined();
  });

  test.each([
    ['mainnet', 'chain'],
    [{}, 'chain'],
    [0, 'chain'],
    [-1, 'chain'],
    [{ id: '1.5' }, 'chain.id'],
    [{ id: 5, forks: { chainId: 6 } }, 'chain.forks.chainId'],
    [{ config: { chainId: 5, londonBlock: 'x' } }, 'chain.config.londonBlock'],
  ])('that is %j is refused at %s', (value, field) => {
    expect(() => readChain(value, 'chain')).toThrow(expect.objectContaining({ name: 'InputError', field }));
  });
});
