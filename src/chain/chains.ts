// The chains that are known by their ids, and how callers name a chain.

import { InputError } from '../base/errors.ts';
import type { Hex } from '../base/hex.ts';
import { describe, integer, plainObject } from '../base/reader.ts';
import type { Chain, ChainFork } from './chain.ts';
import { chainFromGenesisConfig } from './genesis-config.ts';
import { HARDFORKS, type Hardfork } from './hardfork.ts';
import { MAINNET_DEPOSIT_CONTRACT } from './system-contracts.ts';

interface Schedule {
  readonly depositContract: Hex;
  /** First block of each fork until Paris. */
  readonly blocks: Partial<Readonly<Record<Hardfork, number>>>;
  /** Timestamp from which on each fork since Shanghai holds. */
  readonly times: Partial<Readonly<Record<Hardfork, number>>>;
}

/** As in geth's `params/config.go`. */
const SCHEDULES: Readonly<Record<number, Schedule>> = {
  // Mainnet
  1: {
    depositContract: MAINNET_DEPOSIT_CONTRACT,
    blocks: {
      chainstart: 0,
      homestead: 1_150_000,
      dao: 1_920_000,
      tangerineWhistle: 2_463_000,
      spuriousDragon: 2_675_000,
      byzantium: 4_370_000,
      petersburg: 7_280_000,
      istanbul: 9_069_000,
      muirGlacier: 9_200_000,
      berlin: 12_244_000,
      london: 12_965_000,
      arrowGlacier: 13_773_000,
      grayGlacier: 15_050_000,
      paris: 15_537_394,
    },
    times: {
      shanghai: 1_681_338_455,
      cancun: 1_710_338_135,
      prague: 1_746_612_311,
      osaka: 1_764_798_551,
      bpo1: 1_765_290_071,
      bpo2: 1_767_747_671,
    },
  },
  // Sepolia
  11155111: {
    depositContract: '0x7f02c3e3c98b133055b8b348b2ac625669ed295d',
    blocks: { london: 0, paris: 1_450_409 },
    times: {
      shanghai: 1_677_557_088,
      cancun: 1_706_655_072,
      prague: 1_741_159_776,
      osaka: 1_760_427_360,
      bpo1: 1_761_017_184,
      bpo2: 1_761_607_008,
      amsterdam: 1_791_294_816,
    },
  },
  // Holesky
  17000: {
    depositContract: '0x4242424242424242424242424242424242424242',
    blocks: { paris: 0 },
    times: {
      shanghai: 1_696_000_704,
      cancun: 1_707_305_664,
      prague: 1_740_434_112,
      osaka: 1_759_308_480,
      bpo1: 1_759_800_000,
      bpo2: 1_760_389_824,
    },
  },
  // Hoodi
  560048: {
    depositContract: MAINNET_DEPOSIT_CONTRACT,
    blocks: { paris: 0 },
    times: { cancun: 0, prague: 1_742_999_832, osaka: 1_761_677_592, bpo1: 1_762_365_720, bpo2: 1_762_955_544 },
  },
};

/** Chains of proof of work with mainnet's rewards: mainnet, Ropsten, Sepolia before its merge. */
const REWARDED: ReadonlySet<number> = new Set([1, 3, 11155111]);

/** Chains whose blocks are signed by authorities, who get no reward: Rinkeby, Goerli, Kovan. */
const UNREWARDED: ReadonlySet<number> = new Set([4, 5, 42]);

/** Chains that are known to move money, or to run code, by rules beside those of their forks; what differs, and where. */
const OWN_RULES: readonly (readonly [rules: string, ...ids: number[]])[] = [
  [
    'of the OP Stack: deposits, fees for the data on L1, vaults for fees',
    ...[10, 8453, 130, 204, 252, 480, 1868, 34443, 42220, 57073, 7777777, 11155420, 84532, 1301],
  ],
  ['of Arbitrum: gas, fees and system contracts of ArbOS', 42161, 42170, 421614],
  ['of Polygon: base fees go to a contract, state is synchronised', 137, 80002],
  ['of BNB Smart Chain: fees go to a contract, system transactions', 56, 97],
  ['of Gnosis: base fees go to a contract, and contracts pay rewards', 100, 10200],
  ['of Avalanche: fees, and atomic transactions', 43114, 43113],
  ['of Ethereum Classic: forks and rewards of its own', 61, 63],
  ['of Taiko: base fees are shared', 167000],
  ['of Blast: gas and yield of its own', 81457],
  ['of a rollup with fees for its data', 534352, 59144, 5000],
  ['of another virtual machine', 324, 300, 2741],
];

const CHAINS: ReadonlyMap<number, Chain> = new Map(
  Object.entries(SCHEDULES).map(([key, { depositContract, blocks, times }]) => {
    const forks: ChainFork[] = HARDFORKS.flatMap((hardfork) => {
      const [block, time] = [blocks[hardfork], times[hardfork]];
      if (block !== undefined) return { hardfork, name: hardfork, since: { block: BigInt(block) } };
      return time === undefined ? [] : { hardfork, name: hardfork, since: { time: BigInt(time) } };
    });
    const id = Number(key);
    return [id, { id, forks, depositContract, blockReward: rewardOf(id) }];
  }),
);

/** What is known of a chain; of one that is not known, its id. */
export function knownChain(id: number): Chain {
  return CHAINS.get(id) ?? { id, forks: undefined, depositContract: null, blockReward: rewardOf(id) };
}

/** What the chain is known to do otherwise than its forks say; `undefined`: nothing, or nobody knows. */
export function ownRulesOf(id: number): string | undefined {
  return OWN_RULES.find(([, ...ids]) => ids.includes(id))?.[0];
}

function rewardOf(id: number): boolean | undefined {
  if (REWARDED.has(id)) return true;
  return UNREWARDED.has(id) ? false : undefined;
}

/**
 * A chain as callers name it: by id, by the `config` of a genesis file or the whole file, or by an object with an id, as
 * viem and wagmi have them, whose `forks` may be such a config.
 * @throws InputError naming the field
 */
export function readChain(value: unknown, field: string): Chain {
  if (typeof value === 'number' || typeof value === 'bigint') return knownChain(readId(value, field));
  if (typeof value !== 'object' || value === null) {
    throw new InputError(field, `expected a chain's id, an object with one, or geth's config, got ${describe(value)}`);
  }
  if (READ.has(value)) return value as Chain;
  const read = readObject(value, field);
  READ.add(read);
  return read;
}

/** Chains that were read before, or are known: they may be passed on as they are. */
const READ = new WeakSet<object>(CHAINS.values());

function readObject(value: object, field: string): Chain {
  const chain = plainObject(value, field);
  if (Object.keys(chain).some((key) => key.toLowerCase() === 'chainid')) return chainFromGenesisConfig(chain, field);
  if (chain.config !== undefined) return chainFromGenesisConfig(chain.config, `${field}.config`);
  if (chain.id === undefined) {
    throw new InputError(field, 'expected an id, the `config` of a genesis file with its chainId, or the whole file');
  }
  const id = readId(chain.id, `${field}.id`);
  if (chain.forks === undefined) return knownChain(id);
  const { chainId = id, ...forks } = plainObject(chain.forks, `${field}.forks`);
  if (chainId !== id)
    throw new InputError(`${field}.forks.chainId`, `is ${describe(chainId)}, and the chain's id ${id}`);
  return chainFromGenesisConfig({ chainId, ...forks }, `${field}.forks`);
}

function readId(value: unknown, field: string): number {
  const id = integer(Number.MAX_SAFE_INTEGER)(value, field);
  if (id === 0) throw new InputError(field, 'expected more than 0, got 0');
  return id;
}
