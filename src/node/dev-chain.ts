// A chain of one's own: all forks from the beginning, the protocol's contracts, and accounts with funds whose keys everybody has.

import type { Hex } from '../base/hex.ts';
import { quantityFromNumber } from '../base/hex.ts';
import { plainObject } from '../base/reader.ts';
import {
  BEACON_ROOTS,
  BLOCK_HASHES,
  BUILDER_DEPOSIT_REQUESTS,
  BUILDER_EXIT_REQUESTS,
  CONSOLIDATION_REQUESTS,
  MAINNET_DEPOSIT_CONTRACT,
  WITHDRAWAL_REQUESTS,
} from '../chain/system-contracts.ts';
import { type Genesis, readGenesis } from '../file/genesis-file.ts';
import type { AllocAccount } from '../state/memory.ts';
import type { KeyedAccount } from './accounts.ts';

/** The first keys of the mnemonic "test test test test test test test test test test test junk", as anvil and Hardhat have them. */
const KEYS: readonly Hex[] = [
  '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80',
  '0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d',
  '0x5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a',
  '0x7c852118294e51e653712a81e05800f419141751be58f605c371e15141b007a6',
  '0x47e179ec197488593b187f80a00eb0da91f1b9d0b13f8733639f19c30a34926a',
  '0x8b3a350cf5c34c9194ca85829a2df0ec3153be0318b5e2d3348e872092edffba',
  '0x92db14e403b83dfe3df233f83dfa3a0d7096f21ca9b0d6d6b8d88b2b4ec1564e',
  '0x4bbbf85ce3377467afe5d46f804f221813b2bb87f24d81f60f1fcdbf7cbf4356',
  '0xdbda1821b80551c9d65939329250298aa3472ba22feea921c0cf5d620ea67b97',
  '0x2a871d0798f97d79848a013d4936a73bf4cc922c825d33c1cf7073dff6d409c6',
];
/** In wei. */
const FUNDS = 10_000n * 10n ** 18n;
export const DEV_CHAIN_ID = 31_337;
const GAS_LIMIT = 60_000_000;

/** Code of the contracts that the protocol calls (EIP-4788, 2935, 7002, 7251), in lines. */
const SYSTEM_CODES: Readonly<Record<Hex, readonly string[]>> = {
  [BEACON_ROOTS]: [
    '0x3373fffffffffffffffffffffffffffffffffffffffe14604d57602036146024575f5ffd5b5f35801560495762001fff81',
    '0690815414603c575f5ffd5b62001fff01545f5260205ff35b5f5ffd5b62001fff42064281555f359062001fff015500',
  ],
  [BLOCK_HASHES]: [
    '0x3373fffffffffffffffffffffffffffffffffffffffe14604657602036036042575f35600143038111604257611fff8143',
    '0311604257611fff9006545f5260205ff35b5f5ffd5b5f35611fff60014303065500',
  ],
  [WITHDRAWAL_REQUESTS]: [
    '0x3373fffffffffffffffffffffffffffffffffffffffe1460cb5760115f54807fffffffffffffffffffffffffffffffffff',
    'ffffffffffffffffffffffffffffff146101f457600182026001905f5b5f8211156068578101908302848302900491600101',
    '9190604d565b909390049250505036603814608857366101f457346101f4575f5260205ff35b34106101f457600154600101',
    '600155600354806003026004013381556001015f35815560010160203590553360601b5f5260385f601437604c5fa0600101',
    '600355005b6003546002548082038060101160df575060105b5f5b8181146101835782810160030260040181604c02815460',
    '601b8152601401816001015481526020019060020154807fffffffffffffffffffffffffffffffff00000000000000000000',
    '000000000000168252906010019060401c908160381c81600701538160301c81600601538160281c81600501538160201c81',
    '600401538160181c81600301538160101c81600201538160081c81600101535360010160e1565b9101809214610195579060',
    '02556101a0565b90505f6002555f6003555b5f54807fffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
    'ffffffff14156101cd57505f5b6001546002828201116101e25750505f6101e8565b01600290035b5f555f600155604c025f',
    'f35b5f5ffd',
  ],
  [CONSOLIDATION_REQUESTS]: [
    '0x3373fffffffffffffffffffffffffffffffffffffffe1460d35760115f54807fffffffffffffffffffffffffffffffffff',
    'ffffffffffffffffffffffffffffff1461019a57600182026001905f5b5f8211156068578101908302848302900491600101',
    '9190604d565b9093900492505050366060146088573661019a573461019a575f5260205ff35b341061019a57600154600101',
    '600155600354806004026004013381556001015f358155600101602035815560010160403590553360601b5f5260605f6014',
    '3760745fa0600101600355005b6003546002548082038060021160e7575060025b5f5b818114610129578281016004026004',
    '0181607402815460601b815260140181600101548152602001816002015481526020019060030154905260010160e9565b91',
    '0180921461013b5790600255610146565b90505f6002555f6003555b5f54807fffffffffffffffffffffffffffffffffffff',
    'ffffffffffffffffffffffffffff141561017357505f5b6001546001828201116101885750505f61018e565b01600190035b',
    '5f555f6001556074025ff35b5f5ffd',
  ],
};

/** The same of EIP-8282. */
const BUILDER_CODES: Readonly<Record<Hex, readonly string[]>> = {
  [BUILDER_DEPOSIT_REQUESTS]: [
    '0x3373fffffffffffffffffffffffffffffffffffffffe1461011c575f54807fffffffffffffffffffffffffffffffffffff',
    'ffffffffffffffffffffffffffff146102705760015460088111605257506058565b60089003015b60119060018202600190',
    '5f5b5f821115607f57810190830284830290049160010191906064565b90939004925050503660b814609f57366102705734',
    '610270575f5260205ff35b8034106102705760383567ffffffffffffffff1680633b9aca001161027057633b9aca00029034',
    '031061027057600154600101600155600354806006026004015f358155600101602035815560010160403581556001016060',
    '358155600101608035815560010160a035905560b85f5f3760b85fa0600101600355005b6003546002548082038060401161',
    '0131575060405b5f5b8181146101d7578281016006026004018160b802815481526020018160010154815260200181600201',
    '5480825260401c67ffffffffffffffff16816010018160381c81600701538160301c81600601538160281c81600501538160',
    '201c81600401538160181c81600301538160101c81600201538160081c816001015353602001816003015481526020018160',
    '040154815260200190600501549052600101610133565b91018092146101e957906002556101f4565b90505f6002555f6003',
    '555b36610242575f54600154817fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff14610230',
    '57600882820111610238575b50505f610264565b0160089003610264565b7fffffffffffffffffffffffffffffffffffffff',
    'ffffffffffffffffffffffffff5b5f555f60015560b8025ff35b5f5ffd',
  ],
  [BUILDER_EXIT_REQUESTS]: [
    '0x3373fffffffffffffffffffffffffffffffffffffffe1460e1575f54807fffffffffffffffffffffffffffffffffffffff',
    'ffffffffffffffffffffffffff146101c65760015460028111605157506057565b60029003015b601190600182026001905f',
    '5b5f821115607e57810190830284830290049160010191906063565b909390049250505036603014609e57366101c6573461',
    '01c6575f5260205ff35b34106101c657600154600101600155600354806003026004013381556001015f3581556001016020',
    '3590553360601b5f5260305f60143760445fa0600101600355005b6003546002548082038060101160f5575060105b5f5b81',
    '811461012d5782810160030260040181604402815460601b8152601401816001015481526020019060020154905260010160',
    'f7565b910180921461013f579060025561014a565b90505f6002555f6003555b36610198575f54600154817fffffffffffff',
    'ffffffffffffffffffffffffffffffffffffffffffffffffffff146101865760028282011161018e575b50505f6101ba565b',
    '01600290036101ba565b7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff5b5f555f600155',
    '6044025ff35b5f5ffd',
  ],
};

export interface DevGenesis extends Genesis {
  /** With funds. */
  readonly accounts: readonly KeyedAccount[];
}

export interface DevGenesisOptions {
  /** Default 31337. */
  readonly chainId?: number;
  /** How many accounts have funds, at most 10. Default 10. */
  readonly accounts?: number;
  /** Of each account, in wei. Default 10,000 ether. */
  readonly balance?: bigint;
  /** Of the genesis block, in seconds. Default 0. */
  readonly timestamp?: number;
  /** From when on the rules are Amsterdam's, in seconds; the contracts that they need are there then. Default never. */
  readonly amsterdamTime?: number;
  /** Accounts besides. */
  readonly alloc?: Readonly<Record<string, AllocAccount>>;
}

/**
 * A genesis for tests, with the newest rules: its `state`, `config` and `block` are what a world takes.
 * @example
 * ```js
 * import { createEngine, devGenesis } from 'pevm-wasm';
 *
 * const engine = await createEngine();
 * const { state, config, block, accounts } = await devGenesis();
 * const world = await engine.openWorld({ state, chain: config, block });
 * console.log(await world.getBalance(accounts[0].address)); // 10000000000000000000000n
 * await engine.dispose();
 * ```
 */
export async function devGenesis(options: DevGenesisOptions = {}): Promise<DevGenesis> {
  plainObject(options, 'options');
  const { chainId = DEV_CHAIN_ID, accounts: count = KEYS.length, balance = FUNDS, timestamp = 0, alloc = {} } = options;
  const { amsterdamTime } = options;
  const codes = amsterdamTime === undefined ? SYSTEM_CODES : { ...SYSTEM_CODES, ...BUILDER_CODES };
  const { accountOfKey } = await import('./accounts.ts');
  const accounts = KEYS.slice(0, count).map((key) => accountOfKey(key, 'key'));
  const contracts = Object.entries(codes).map(([address, lines]) => [address, { nonce: 1, code: lines.join('') }]);
  const funded = accounts.map(({ address }) => [address, { balance }]);
  const genesis = await readGenesis({
    config: { ...configOf(chainId), ...(amsterdamTime !== undefined && { amsterdamTime }) },
    gasLimit: GAS_LIMIT,
    timestamp: quantityFromNumber(timestamp),
    difficulty: 0,
    alloc: { ...Object.fromEntries([...contracts, ...funded]), ...alloc },
  });
  return { ...genesis, accounts };
}

function configOf(chainId: number): Record<string, unknown> {
  const blocks = [
    ...['homestead', 'eip150', 'eip155', 'eip158', 'byzantium', 'constantinople', 'petersburg', 'istanbul'],
    ...['muirGlacier', 'berlin', 'london', 'arrowGlacier', 'grayGlacier', 'mergeNetsplit'],
  ].map((name) => [`${name}Block`, 0]);
  const times = ['shanghai', 'cancun', 'prague', 'osaka', 'bpo1', 'bpo2'].map((name) => [`${name}Time`, 0]);
  return {
    chainId,
    ...Object.fromEntries([...blocks, ...times]),
    terminalTotalDifficulty: 0,
    depositContractAddress: MAINNET_DEPOSIT_CONTRACT,
  };
}
