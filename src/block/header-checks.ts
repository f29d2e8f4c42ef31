// What of a block can be compared with its header, and how that is told: small, as every block needs it, while comparing is done by few.

import type { BlockInput } from './block-input.ts';

/** A header field, or a part of the state, that is not what it should be. */
export interface Mismatch {
  /** As in `gasUsed`, `receiptsRoot`, `transactions[3].hash`, `post.0x….balance`. */
  readonly name: string;
  /** What the header, or a trusted execution, says. */
  readonly expected: string;
  /** What was found. */
  readonly actual: string;
}

/** What can be compared with the header alone. */
export const HEADER_CHECKS = [
  'gasUsed',
  'logsBloom',
  'receiptsRoot',
  'requestsHash',
  'blockAccessListHash',
  'blobGasUsed',
  'transactionsRoot',
  'withdrawalsRoot',
  'sha3Uncles',
  'proofOfStake',
  'hash',
] as const;
export type HeaderCheck = (typeof HEADER_CHECKS)[number];

/** Header fields that follow from the block's own lists and from its execution. */
export type Field = Exclude<HeaderCheck, 'proofOfStake'> | 'difficulty' | 'nonce';

/** Something that a result lacks, or that a verification did not compare. */
export interface Omission {
  /** A field of the header, the block's `rewards` or `withdrawals`, the rules of its `chain`, or the `expected` of the request. */
  readonly name: Field | 'stateRoot' | 'rewards' | 'withdrawals' | 'chain' | 'expected';
  /**
   * `not-in-block`: the block lacks what it takes; `not-in-request`: the request does; `not-computed`: the library does not
   * compute it; `not-asked`: it has to be asked for by name; `doubtful`: it was done as the block says, which can hardly be meant.
   */
  readonly reason: 'not-in-block' | 'not-in-request' | 'not-computed' | 'not-asked' | 'doubtful';
  /** The reason in words. */
  readonly message: string;
}

/** A million ether, in Gwei: more than anybody has staked, and what a thousandth of an ether is in wei. */
const DOUBTFUL_GWEI = 10n ** 15n;

/** Withdrawals that look like amounts in wei. Every amount of 64 bits is valid, so that they are paid all the same. */
export function doubtfulWithdrawals({ withdrawals = [] }: Pick<BlockInput, 'withdrawals'>): Omission[] {
  const at = withdrawals.findIndex(({ amount }) => BigInt(amount) >= DOUBTFUL_GWEI);
  if (at === -1) return [];
  const message =
    `block.withdrawals[${at}].amount is ${BigInt(withdrawals[at]!.amount)} Gwei, which is ` +
    `${BigInt(withdrawals[at]!.amount) / 10n ** 9n} ether: amounts are in Gwei, not in wei`;
  return [{ name: 'withdrawals', reason: 'doubtful', message }];
}
