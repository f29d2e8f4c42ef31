// A chain: which fork a block of it follows, and what else it lays down by itself.

import { InputError } from '../base/errors.ts';
import type { Hex } from '../base/hex.ts';
import type { Hardfork } from './hardfork.ts';
import { rulesOf } from './rules.ts';

/** Blobs of a block (EIP-7892): chains have schedules of their own. */
export interface BlobRules {
  /** Of a block. */
  readonly maxBlobs: number;
  /** Blobs of a block at which their base fee stays as it is. */
  readonly targetBlobs: number;
  /** How fast their base fee moves. */
  readonly blobUpdateFraction: bigint;
}

/** First block; timestamp from which on it holds, after the merge; or the first block without difficulty. */
export type ForkStart = { readonly block: bigint } | { readonly time: bigint } | 'merge';

export interface ChainFork {
  /** `undefined`: rules that this library does not know. */
  readonly hardfork: Hardfork | undefined;
  /** What the chain calls it. */
  readonly name: string;
  readonly since: ForkStart;
  /** Where the chain has others than the fork. */
  readonly blobs?: BlobRules | undefined;
}

export interface Chain {
  readonly id: number;
  /** In order; `undefined`: nobody knows when they begin. */
  readonly forks: readonly ChainFork[] | undefined;
  /** Where deposits are made (EIP-6110); `null`: nobody knows. */
  readonly depositContract: Hex | null;
  /** Whether blocks before Paris are rewarded as mainnet's were; `undefined`: nobody knows. */
  readonly blockReward: boolean | undefined;
}

/** What of a header decides on its fork. */
export interface BlockPlace {
  readonly number: bigint;
  /** Seconds. */
  readonly timestamp: bigint;
  /** Where the chain's merge was a matter of total difficulty. */
  readonly difficulty?: bigint | undefined;
}

export interface ForkInForce {
  readonly hardfork: Hardfork;
  readonly blobs: BlobRules;
}

/**
 * The fork that a block follows.
 * @throws InputError where the schedule is not known, takes a difficulty, or has come to rules that nobody knows here
 */
export function forkAt({ id, forks }: Chain, place: BlockPlace): ForkInForce {
  if (forks === undefined)
    throw new InputError('request.hardfork', `missing, and the forks of chain ${id} are not known`);
  const { number, timestamp } = place;
  const isMerged =
    forks.some((fork) => provesStake(fork) && isFrom(fork.since, number)) ||
    (forks.some(({ since }) => since === 'merge') && lacksDifficulty(place));
  const current = forks.filter(({ since }) => {
    if (since === 'merge') return isMerged;
    return 'block' in since ? number >= since.block : isMerged && timestamp >= since.time;
  });
  const last = current.at(-1);
  if (last === undefined) return inForce('chainstart', undefined);
  if (last.hardfork === undefined) {
    throw new InputError(
      'request.hardfork',
      `missing, and chain ${id} follows ${last.name} by then, which is not known here`,
    );
  }
  return inForce(last.hardfork, last.blobs);
}

function inForce(hardfork: Hardfork, blobs: BlobRules | undefined): ForkInForce {
  return { hardfork, blobs: blobs ?? rulesOf(hardfork) };
}

function provesStake({ hardfork }: ChainFork): boolean {
  return hardfork !== undefined && rulesOf(hardfork).hasProofOfStake;
}

function isFrom(since: ForkStart, number: bigint): boolean {
  return since !== 'merge' && 'block' in since && number >= since.block;
}

function lacksDifficulty({ difficulty }: BlockPlace): boolean {
  if (difficulty !== undefined) return difficulty === 0n;
  throw new InputError('block.difficulty', 'missing: on this chain it says whether the block is one before the merge');
}
