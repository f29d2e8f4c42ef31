// Where state comes from: the interface of every state source. Batched, because a source may be far away.

import type { Hex } from '../base/hex.ts';
import type { BlockInput } from '../block/block-input.ts';
import type { SourceReport } from '../report-types.ts';
import type { MemoryAccount } from './memory-account.ts';

/** What to load: an account's fields, the code behind an account, or one storage slot (32 bytes). */
export type StateKey =
  | { kind: 'account'; address: Hex }
  /** `hash`: keccak256 of the code, where it is known. Each code is asked for once, on account of one of those who have it. */
  | { kind: 'code'; address: Hex; hash?: Hex }
  | { kind: 'storage'; address: Hex; slot: Hex };

/** The hash of an earlier block, for BLOCKHASH. */
export interface BlockHashKey {
  kind: 'blockHash';
  number: bigint;
}

/** Whatever a source that describes itself may be asked for. */
export type SourceKey = StateKey | BlockHashKey;

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

/** The answer to one key, of the same kind. Storage values and hashes have 32 bytes. */
export type StateValue =
  | AccountValue
  | { kind: 'code'; code: Hex }
  | { kind: 'storage'; value: Hex }
  | { kind: 'blockHash'; hash: Hex };

export interface LoadOptions {
  /** Fires when nobody waits for the answer any more. */
  signal?: AbortSignal;
}

/** What a source knows of its state beside the values. */
export interface StateDescription {
  /**
   * All accounts there are, as `MemoryState.accounts` lists them: the state is complete, and what is not listed is empty.
   * The engine loads all of them before a run and asks only for what is not in them, as code of which only the hash is
   * known. Neither the map nor what is in it may change.
   */
  readonly accounts?: ReadonlyMap<string, MemoryAccount>;
  /** Hashes of earlier blocks that are known at once; others are asked for. */
  readonly blockHashes?: ReadonlyMap<bigint, Hex>;
  /** Whether there may be accounts that are in the state although they are empty (EIP-161). Where nobody says, there may be. */
  readonly emptyAccounts?: boolean;
  /**
   * The accounts that have storage, but neither nonce nor code: no contract can be created there (EIP-7610). Where nobody
   * says, those that `accounts` lists.
   */
  readonly storageOnly?: readonly Hex[];
  /**
   * Those of the keys that the source can answer, where it knows a part of the state alone, as a witness does. What is missed
   * behind a guess may be anything: only where none of what a block misses can be answered, something is lacking.
   */
  readonly answerable?: <K extends SourceKey>(keys: readonly K[]) => Promise<readonly K[]>;
}

/**
 * The state before a block. Every method answers for one pinned block. None may call the engine that asks it, which would
 * wait for itself: in Node and Deno such a call is refused with an InputError, elsewhere where it comes before the first
 * `await`. Another engine may be called.
 */
export interface StateSource {
  /** The values in the order of the keys. */
  load(keys: readonly StateKey[], options?: LoadOptions): Promise<StateValue[]>;
  /**
   * The hash of an earlier block, for BLOCKHASH. The engine calls it where the source does not describe itself.
   * @throws StateSourceError where it is not known
   */
  blockHash(number: bigint): Promise<Hex>;
  /** Keys the block will probably touch. A hint: it may miss some or name too many. */
  hint?(block: BlockInput): Promise<StateKey[]>;
  /** What it was asked so far, for reports. */
  statistics?(): SourceReport;
  /** What is known of the state as a whole. Without it nothing is. See {@link DescribedStateSource}. */
  readonly description?: StateDescription;
}

/** A source that describes itself: the engine asks it for everything in one batch, hashes of blocks included. */
export interface DescribedStateSource extends StateSource {
  load(keys: readonly SourceKey[], options?: LoadOptions): Promise<StateValue[]>;
  readonly description: StateDescription;
}
