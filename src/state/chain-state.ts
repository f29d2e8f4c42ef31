// State of a chain: a source that can be asked for the state at any block, and says which block it is pinned to.

import type { Hex } from '../base/hex.ts';
import type { HeaderInput } from '../block/block-input.ts';
import type { BlockId } from './remote/state-requests.ts';
import type { DescribedStateSource, LoadOptions, StateSource } from './state-source.ts';

/** As `rpcState` makes one. */
export interface ChainState extends DescribedStateSource {
  /** The block that the state is the one after. */
  pinned(options?: LoadOptions): Promise<{
    readonly chainId: bigint;
    readonly number: bigint;
    readonly hash: Hex;
    readonly header?: HeaderInput;
  }>;
  /** The state at another block of the chain. */
  at(block: BlockId): ChainState;
}

export function isChainState(state: StateSource): state is ChainState {
  const { pinned, at } = state as Partial<ChainState>;
  return typeof pinned === 'function' && typeof at === 'function';
}
