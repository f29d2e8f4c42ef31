// State roots of complete states: what computes one, and the call that the engine and the tests make. Never on the timed path.

import type { Hex } from '../block/hex.ts';
import type { StateDiff } from '../block/state-diff.ts';
import type { MemoryState } from './memory.ts';

export interface StateRootOptions {
  /** From Spurious Dragon on (EIP-161): an account that the diff leaves empty is no longer in the state. */
  readonly emptyIsAbsent: boolean;
}

/** What a trie must be able to do to take the place of the one in use. */
export interface StateRootComputer {
  /**
   * Root of `state` with `diff` applied; neither is changed. The state must be complete: a root says something about
   * every account there is, also about those that nobody touched. Calls may overlap.
   */
  rootOf(state: MemoryState, diff: StateDiff, options: StateRootOptions): Promise<Hex>;
}

let standard: Promise<StateRootComputer> | undefined;

/**
 * Root of a complete state after a block, or of the state itself for an empty diff. The tries of a state are kept with
 * it, so that further diffs over the same state cost what they change.
 */
export async function stateRootOf(state: MemoryState, diff: StateDiff, options: StateRootOptions): Promise<Hex> {
  // Loaded when it is first needed: most who execute blocks never ask for a root.
  standard ??= import('./state-root-mpt.ts').then(({ MptStateRoot }) => new MptStateRoot());
  return (await standard).rootOf(state, diff, options);
}
