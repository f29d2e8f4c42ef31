// The contract with what computes the root of a complete state.

import type { Hex } from '../base/hex.ts';
import type { StateDiff } from '../block/state-diff.ts';
import type { MemoryState } from './memory.ts';

export interface StateRootOptions {
  /** From Spurious Dragon on (EIP-161): an account that the diff leaves empty is no longer in the state. */
  readonly emptyIsAbsent: boolean;
}

/** A state whose accounts are all listed. */
export type ListedState = Pick<MemoryState, 'accounts'>;

/** What a trie must be able to do to take the place of the one in use. */
export interface StateRootComputer {
  /**
   * Root of `state` with `diff` applied; neither is changed. The state must be complete: a root says something about
   * every account there is, also about those that nobody touched. Calls may overlap.
   */
  rootOf(state: ListedState, diff: StateDiff, options: StateRootOptions): Promise<Hex>;
}
