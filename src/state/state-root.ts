// State roots of complete states: the call that the engine and the tests make. Never on the timed path.

import type { Hex } from '../base/hex.ts';
import type { StateDiff } from '../block/state-diff.ts';
import type { ListedState, StateRootComputer, StateRootOptions } from './state-root-computer.ts';

let standard: Promise<StateRootComputer> | undefined;

/**
 * Root of a complete state after a block, or of the state itself for an empty diff. The tries of a state are kept with
 * it, so that further diffs over the same state cost what they change.
 */
export async function stateRootOf(state: ListedState, diff: StateDiff, options: StateRootOptions): Promise<Hex> {
  // Loaded when it is first needed: most who execute blocks never ask for a root.
  standard ??= import('./state-root-mpt.ts').then(({ MptStateRoot }) => new MptStateRoot());
  return (await standard).rootOf(state, diff, options);
}
