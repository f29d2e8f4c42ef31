// What the root of a state is made of.

import type { MemoryState } from './memory.ts';

export interface StateRootOptions {
  /** From Spurious Dragon on (EIP-161): an account that the diff leaves empty is no longer in the state. */
  readonly emptyIsAbsent: boolean;
}

/** A state whose accounts are all listed. */
export type ListedState = Pick<MemoryState, 'accounts'>;
