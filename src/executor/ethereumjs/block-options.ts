// What the executor is told of a block: plain values, which its users send too.

import type { Hex } from '../../base/hex.ts';
import type { BlockInput } from '../../block/block-input.ts';
import type { BlobRules } from '../../chain/chain.ts';
import type { Hardfork } from '../../chain/hardfork.ts';

/**
 * `trust`: the sender is `from`, and the signature is not looked at. `recover`: the sender is recovered from the
 * signature (about a millisecond), and must be `from` where that is given.
 */
export type Senders = 'trust' | 'recover';

/** What a machine needs to know of a block; structured-cloneable. */
export interface BlockOptions {
  chainId: number;
  hardfork: Hardfork;
  /** Where the chain has others than the fork. */
  blobs?: BlobRules | undefined;
  /** Checked with `readBlock`. */
  block: BlockInput;
  /** For BLOCKHASH, by block number. */
  blockHashes: ReadonlyMap<bigint, string>;
  senders: Senders;
  /** Accounts of the base state that have storage, but neither nonce nor code: creations there collide (EIP-7610). */
  storageOnly?: readonly Hex[];
  /** Whether the base state is known to hold empty accounts, of before EIP-161. */
  emptyAccounts?: boolean;
}
