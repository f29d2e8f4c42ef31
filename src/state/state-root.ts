// State roots of complete states: the call that the engine and the tests make. Never on the timed path.

import type { Hex } from '../base/hex.ts';
import type { StateDiff } from '../block/state-diff.ts';
import type { ListedState, StateRootOptions } from './state-root-computer.ts';

/**
 * Root of a complete state after a block, or of the state itself for an empty diff: by hashing all of it, which takes less
 * than building tries. Those of a large state that is asked for again are kept with it, so that further diffs over it cost what
 * they change.
 */
export async function stateRootOf(state: ListedState, diff: StateDiff, options: StateRootOptions): Promise<Hex> {
  // Loaded when it is first needed: most who execute blocks never ask for such a root.
  const { rootOfWhole } = await import('./state-root-whole.ts');
  const root = rootOfWhole(state, diff, options);
  if (root !== undefined) return root;
  const { rootOfKept } = await import('./trie/kept-tries.ts');
  return rootOfKept(state, diff, options);
}
