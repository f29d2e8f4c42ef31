// What a block's chain says of it: the fork, where deposits are made, and whether it is rewarded.

import { InputError } from '../base/errors.ts';
import type { Hex } from '../base/hex.ts';
import { plainObject, quantity } from '../base/reader.ts';
import { type Chain, type ForkInForce, forkAt } from '../chain/chain.ts';
import { knownChain } from '../chain/chains.ts';
import type { Hardfork } from '../chain/hardfork.ts';
import { rulesOf } from '../chain/rules.ts';
import type { BlockInput, TransactionInput } from './block-input.ts';

/** Bytes of `extraData` in blocks of clique (EIP-225): vanity and signature, and addresses between them in some. */
const CLIQUE_EXTRA = 97;
const ADDRESS_BYTES = 20;

/**
 * The fork of a block whose request names none, by the schedule of its chain.
 * @throws InputError naming the hardfork for a chain that is not known
 */
export function scheduledHardfork(chain: number | Chain, block: unknown): Hardfork {
  return scheduledFork(chain, block).hardfork;
}

/** The same, with the chain's own rules for blobs. */
export function scheduledFork(chain: number | Chain, block: unknown): ForkInForce {
  const known = typeof chain === 'number' ? knownChain(chain) : chain;
  if (known.forks === undefined) return forkAt(known, { number: 0n, timestamp: 0n });
  const header = plainObject(block, 'block');
  const read = (name: string): bigint => BigInt(quantity(64)(header[name], `block.${name}`));
  for (const name of ['number', 'timestamp']) {
    if (header[name] === undefined || header[name] === null) throw new InputError(`block.${name}`, 'missing');
  }
  const { difficulty } = header;
  const timestamp = read('timestamp');
  checkSeconds(known, timestamp);
  return forkAt(known, {
    number: read('number'),
    timestamp,
    difficulty:
      difficulty === undefined || difficulty === null
        ? undefined
        : BigInt(quantity(256)(difficulty, 'block.difficulty')),
  });
}

/** Seconds that are a time between 2001 and 2286; thousands of years later in any smaller unit. */
const [EARLIEST, LATEST] = [10n ** 9n, 10n ** 10n];
const SMALLER_UNITS = { milliseconds: 10n ** 3n, microseconds: 10n ** 6n, nanoseconds: 10n ** 9n } as const;

/**
 * Headers have seconds, JavaScript milliseconds: on the chains that are known here no block is of a time that only they
 * explain. It would follow the newest fork, and tell contracts a time that never comes.
 * @throws InputError naming the unit
 */
export function checkSeconds(chain: Chain, timestamp: bigint, field = 'block.timestamp'): void {
  if (chain.forks === undefined || chain !== knownChain(chain.id)) return;
  for (const [unit, count] of Object.entries(SMALLER_UNITS)) {
    if (timestamp < EARLIEST * count || timestamp >= LATEST * count) continue;
    throw new InputError(field, `expected seconds, got ${timestamp}, which seems to be ${unit}`);
  }
}

/** Where deposits are made (EIP-6110); `null` where nobody knows. */
export function depositContractOf(chainId: number): Hex | null {
  return knownChain(chainId).depositContract;
}

/**
 * Whether the protocol rewards who made the block. After proof of work there is nothing to reward.
 * @throws InputError naming what to say of a chain that is not known
 */
export function paysReward(chain: number | Chain, hardfork: Hardfork, block: BlockInput): boolean {
  const { id: chainId, blockReward } = typeof chain === 'number' ? knownChain(chain) : chain;
  if (rulesOf(hardfork).hasProofOfStake) return true;
  if (blockReward !== undefined) return blockReward;
  if (isClique(block)) return false;
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
  // Nearly all of those that do not say it are 27 and 28.
  if (type !== '0x0' || v === undefined || v === '0x1b' || v === '0x1c') return undefined;
  const recovery = BigInt(v);
  return recovery < 35n ? undefined : (recovery - 35n) / 2n;
}
