// What is known of chains: when each fork begins, where deposits are made, and whether blocks are rewarded.

import { InputError } from '../base/errors.ts';
import type { Hex } from '../base/hex.ts';
import { plainObject, quantity } from '../base/reader.ts';
import { HARDFORKS, type Hardfork } from '../chain/hardfork.ts';
import { rulesOf } from '../chain/rules.ts';
import type { BlockInput, TransactionInput } from './block-input.ts';
import { MAINNET_DEPOSIT_CONTRACT } from './requests.ts';

interface Chain {
  readonly depositContract: Hex;
  /** First block of each fork until Paris. */
  readonly blocks: Partial<Readonly<Record<Hardfork, number>>>;
  /** Timestamp from which on each fork since Shanghai holds. */
  readonly times: Partial<Readonly<Record<Hardfork, number>>>;
}

/** As in geth's `params/config.go`. */
const CHAINS: Readonly<Record<number, Chain>> = {
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

/** Chains whose blocks are signed by authorities, who get no reward: Rinkeby, Goerli, Kovan. */
const UNREWARDED: ReadonlySet<number> = new Set([4, 5, 42]);
/** Chains of proof of work with mainnet's rewards: mainnet, Ropsten, Sepolia before its merge. */
const REWARDED: ReadonlySet<number> = new Set([1, 3, 11155111]);
/** Bytes of `extraData` in blocks of clique (EIP-225): vanity and signature, and addresses between them in some. */
const CLIQUE_EXTRA = 97;
const ADDRESS_BYTES = 20;

/**
 * The fork of a block whose request names none, by the schedule of its chain.
 * @throws InputError naming the hardfork for a chain that is not known
 */
export function scheduledHardfork(chainId: number, block: unknown): Hardfork {
  const chain = CHAINS[chainId];
  if (chain === undefined) {
    throw new InputError('request.hardfork', `missing, and the forks of chain ${chainId} are not known`);
  }
  const header = plainObject(block, 'block');
  if (header.number === undefined || header.number === null) throw new InputError('block.number', 'missing');
  if (header.timestamp === undefined || header.timestamp === null) throw new InputError('block.timestamp', 'missing');
  const number = BigInt(quantity(64)(header.number, 'block.number'));
  const timestamp = BigInt(quantity(64)(header.timestamp, 'block.timestamp'));
  const merged = number >= BigInt(chain.blocks.paris ?? 0);
  const holds = (fork: Hardfork): boolean => {
    const [first, since] = [chain.blocks[fork], chain.times[fork]];
    return (
      (first !== undefined && number >= BigInt(first)) || (merged && since !== undefined && timestamp >= BigInt(since))
    );
  };
  return HARDFORKS.findLast(holds) ?? 'chainstart';
}

/** Where deposits are made (EIP-6110); `null` where nobody knows. */
export function depositContractOf(chainId: number): Hex | null {
  return CHAINS[chainId]?.depositContract ?? null;
}

/**
 * Whether the protocol rewards who made the block. After proof of work there is nothing to reward.
 * @throws InputError naming what to say of a chain that is not known
 */
export function paysReward(chainId: number, hardfork: Hardfork, block: BlockInput): boolean {
  if (rulesOf(hardfork).hasProofOfStake || REWARDED.has(chainId)) return true;
  if (UNREWARDED.has(chainId) || isClique(block)) return false;
  throw new InputError(
    'request.blockReward',
    `missing, and the consensus of chain ${chainId} is not known: true for proof of work with mainnet's rewards, false for none`,
  );
}

function isClique({ extraData = '0x', difficulty, mixHash }: BlockInput): boolean {
  const bytes = extraData.length / 2 - 1;
  const seals = bytes >= CLIQUE_EXTRA && (bytes - CLIQUE_EXTRA) % ADDRESS_BYTES === 0;
  return seals && BigInt(difficulty ?? '0x0') <= 2n && BigInt(mixHash ?? '0x0') === 0n;
}

/** The chain that a transaction was made for: a legacy one says it in v (EIP-155); `undefined` where it does not say. */
export function chainOf({ type = '0x0', chainId, v }: TransactionInput): bigint | undefined {
  if (chainId !== undefined) return BigInt(chainId);
  const recovery = type === '0x0' ? BigInt(v ?? '0x0') : 0n;
  return recovery < 35n ? undefined : (recovery - 35n) / 2n;
}
