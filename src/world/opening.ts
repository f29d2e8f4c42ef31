// How a world begins: a complete state is put into the core as a whole, any other is asked for when somebody needs it.

import { readBlockHashes } from '../block/block-input.ts';
import { EMPTY_IMAGE } from '../core/host/state-image.ts';
import { type Home, Residence } from '../run/residence.ts';
import { imageOf, isMemoryState } from '../run/state-loading.ts';
import type { StateSource } from '../state/state-source.ts';
import type { WorldBlock, WorldOptions } from '../types.ts';
import { type Ask, WorldState } from './world-state.ts';

/** @throws MemoryLimitError for a state that does not fit */
export async function openWorldState({
  state,
  open,
  ask,
}: {
  readonly state: StateSource;
  readonly open: () => Promise<Home>;
  readonly ask: Ask;
}): Promise<WorldState> {
  if (!isMemoryState(state)) {
    const residence = await Residence.open({ open, complete: false }, EMPTY_IMAGE);
    return new WorldState(residence, state, { blockHashes: [], hasEmptyAccounts: true });
  }
  const { image, emptyAccounts } = await ask(() => imageOf(state));
  const residence = await Residence.open({ open, complete: true }, image);
  return new WorldState(residence, state, { blockHashes: state.blockHashes, hasEmptyAccounts: emptyAccounts });
}

/** @throws InputError for a hash that is none */
export function readWorldBlock(block: WorldOptions['block'], { blockHashes }: WorldState): WorldBlock | undefined {
  if (block === undefined) return undefined;
  const number = BigInt(block.number);
  if (block.hash === undefined) return { number };
  const hash = readBlockHashes(new Map([[number, block.hash]]), 'options.block.hash').get(number)!;
  blockHashes.set(number, hash);
  return { number, hash };
}
