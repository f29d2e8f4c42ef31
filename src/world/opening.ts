// How a world begins: a complete state is put into the core as a whole, any other is asked for when somebody needs it.

import { type BlockInput, readBlock, readBlockHashes } from '../block/block-input.ts';
import { scheduledHardfork } from '../block/chains.ts';
import type { Chain } from '../chain/chain.ts';
import { type Home, Residence } from '../run/residence.ts';
import { imageOf, storageOnlyImage } from '../run/state-loading.ts';
import { readDescription } from '../state/description.ts';
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
  const {
    accounts,
    blockHashes,
    emptyAccounts,
    storageOnly = [],
  } = readDescription(state, 'options.state.description');
  if (accounts === undefined) {
    const residence = await Residence.open({ open, complete: false }, storageOnlyImage(storageOnly));
    return new WorldState(residence, state, { blockHashes, emptyAccounts, storageOnly });
  }
  const { image, ...whole } = await ask(() => imageOf({ ...state.description, accounts }));
  const residence = await Residence.open({ open, complete: true }, image);
  return new WorldState(residence, state, { blockHashes, ...whole });
}

/** All of the block, where more than its number and hash is given. @throws InputError naming the field */
export function readFirstBlock(block: WorldOptions['block'], chain: Chain | undefined): BlockInput | undefined {
  if (block === undefined || !('parentHash' in block)) return undefined;
  return readBlock(block, scheduledHardfork(chain ?? 1, block), 'options.block');
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
