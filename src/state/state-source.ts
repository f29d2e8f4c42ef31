// Where state comes from: the interface of every state source. Batched, because a source may be far away.

import type { Hex } from '../base/hex.ts';
import type { BlockInput } from '../block/block-input.ts';

/** What to load: an account's fields, the code behind an account, or one storage slot (32 bytes). */
export type StateKey =
  | { kind: 'account'; address: Hex }
  | { kind: 'code'; address: Hex }
  | { kind: 'storage'; address: Hex; slot: Hex };

/** An account as a source knows it. An absent account is the empty one with `exists: false`. */
export interface AccountValue {
  kind: 'account';
  /** In wei. */
  balance: bigint;
  nonce: bigint;
  /** keccak256 of the code; that of the empty string where there is none. */
  codeHash: Hex;
  /** Whether the account is in the state at all; empty accounts may be, before EIP-161. */
  exists: boolean;
}

/** The answer to one key, of the same kind. Storage values have 32 bytes. */
export type StateValue = AccountValue | { kind: 'code'; code: Hex } | { kind: 'storage'; value: Hex };

/**
 * The state before a block. Every method answers for one pinned block. None may call the engine that asks it, which would
 * wait for itself: in Node and Deno such a call is refused with an InputError, elsewhere where it comes before the first
 * `await`. Another engine may be called.
 */
export interface StateSource {
  /** The values in the order of the keys. */
  load(keys: readonly StateKey[], options?: { signal?: AbortSignal }): Promise<StateValue[]>;
  /** The hash of an earlier block, for BLOCKHASH. @throws StateSourceError where it is not known */
  blockHash(number: bigint): Promise<Hex>;
  /** Keys the block will probably touch. A hint: it may miss some or name too many. */
  hint?(block: BlockInput): Promise<StateKey[]>;
}
