// How a world begins: a complete state is put into the core as a whole, any other is asked for when somebody needs it.

import { InputError, ReorganisationError } from '../base/errors.ts';
import { type Hex, quantityFromNumber, ZERO_ADDRESS, ZERO_HASH } from '../base/hex.ts';
import { type BlockInput, type HeaderInput, readBlock, readBlockHashes, readHeader } from '../block/block-input.ts';
import { scheduledFork, scheduledHardfork } from '../block/chains.ts';
import type { Chain } from '../chain/chain.ts';
import { knownChain } from '../chain/chains.ts';
import type { Hardfork } from '../chain/hardfork.ts';
import type { BlockContext } from '../job/block-encoding.ts';
import type { Ask } from '../job/job.ts';
import { type Home, Residence } from '../run/residence.ts';
import { imageOf, storageOnlyImage } from '../run/state-loading.ts';
import type { Head } from '../simulation/setting.ts';
import { isChainState } from '../state/chain-state.ts';
import { readDescription } from '../state/description.ts';
import type { StateSource } from '../state/state-source.ts';
import type { WorldBlock, WorldOptions } from '../types.ts';
import { WorldState } from './world-state.ts';

/** What a world begins with. */
export interface Beginning {
  readonly state: WorldState;
  readonly block: WorldBlock | undefined;
  readonly chain: Chain | undefined;
  /** Where the state knows it. */
  readonly header?: HeaderInput;
}

/** What is asked for: a checked request. */
interface WantedWorld extends Pick<WorldOptions, 'block'> {
  readonly state: StateSource;
  readonly chain: Chain | undefined;
}

/** @throws InputError naming the option; MemoryLimitError for a state that does not fit */
export async function beginWorld(wanted: WantedWorld, open: () => Promise<Home>, ask: Ask): Promise<Beginning> {
  const { state, block, chain, header } = await originOf(wanted, ask);
  const begun = await openState(state, open, ask);
  if (block?.hash !== undefined) begun.blockHashes.set(block.number, block.hash);
  return { state: begun, block, chain, ...(header === undefined ? {} : { header }) };
}

async function openState(state: StateSource, open: () => Promise<Home>, ask: Ask): Promise<WorldState> {
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
export function readFirstBlock(
  block: WorldOptions['block'],
  chain: Chain | undefined,
  wanted: Hardfork | 'auto' = 'auto',
): BlockInput | undefined {
  if (typeof block !== 'object' || !('transactions' in block)) return undefined;
  const hardfork = wanted === 'auto' ? scheduledHardfork(chain ?? 1, block) : wanted;
  return readBlock(block, hardfork, 'options.block');
}

/** The state of a chain is pinned to a block by its hash; of another state the block is what the caller says. */
async function originOf(
  { state, block, chain }: WantedWorld,
  ask: Ask,
): Promise<Omit<Beginning, 'state'> & Pick<WantedWorld, 'state'>> {
  const isPlace = typeof block === 'object' && block !== null;
  if (!isChainState(state)) {
    if (block === undefined) return { state, block, chain };
    if (!isPlace) {
      throw new InputError('options.block', 'expected { number, hash? }: the state is not that of a chain with blocks');
    }
    return { state, block: readPlace(block), chain };
  }
  const id = isPlace ? (block.hash ?? block.number) : block;
  const at = id === undefined ? state : state.at(id);
  const pinned = await ask(({ signal }) => at.pinned({ signal }));
  if (chain !== undefined && BigInt(chain.id) !== pinned.chainId) {
    throw new InputError('options.chain', `the state is of chain ${pinned.chainId}, not of ${chain.id}`);
  }
  if (isPlace && BigInt(block.number) !== pinned.number) {
    throw new InputError('options.block.number', `block ${pinned.hash} has the number ${pinned.number}`);
  }
  return {
    state: at,
    block: { number: pinned.number, hash: pinned.hash },
    ...(pinned.header === undefined ? {} : { header: pinned.header }),
    chain: chain ?? knownChain(Number(pinned.chainId)),
  };
}

function readPlace({
  number: given,
  hash,
}: {
  readonly number: bigint | number | Hex;
  readonly hash?: Hex;
}): WorldBlock {
  const number = BigInt(given);
  if (hash === undefined) return { number };
  return { number, hash: readBlockHashes(new Map([[number, hash]]), 'options.block.hash').get(number)! };
}

/** @throws ReorganisationError, InputError for a block whose parent is not the one that the state is after */
export function checkParent({ block }: BlockContext, newest: WorldBlock | undefined): void {
  if (newest?.hash === undefined || block.parentHash === newest.hash) return;
  const { number, hash } = newest;
  if (BigInt(block.number) === number + 1n) throw new ReorganisationError(number, hash, block.parentHash);
  const problem = `block ${BigInt(block.number)} has the parent ${block.parentHash}, the state is that after`;
  throw new InputError('block.parentHash', `${problem} block ${number}, ${hash}`);
}

const GAS_LIMIT: Hex = '0x3938700'; // 60 million, mainnet's

/** What calls see of the block that a world is opened at: its header, where that is given; else that of a usual block of now. */
export function readHead(
  { block, chain = knownChain(1), header: own }: Pick<Beginning, 'block' | 'chain' | 'header'>,
  given: WorldOptions['block'],
  wanted: Hardfork | 'auto' | undefined,
): Head {
  const named = wanted === 'auto' ? undefined : wanted;
  const isHeader = typeof given === 'object' && 'timestamp' in given && given.timestamp !== undefined;
  const usual = {
    number: quantityFromNumber(block?.number ?? 0n),
    timestamp: quantityFromNumber(Math.floor(Date.now() / 1000)),
    ...{ parentHash: ZERO_HASH, gasLimit: GAS_LIMIT, miner: ZERO_ADDRESS, mixHash: ZERO_HASH },
    ...{ baseFeePerGas: '0x0', difficulty: '0x0', excessBlobGas: '0x0', parentBeaconBlockRoot: ZERO_HASH },
  };
  const raw = { ...(own ?? (isHeader ? given : usual)), transactions: [] };
  const fork = named === undefined ? forkOf(chain, raw, block !== undefined) : undefined;
  const hardfork = named ?? fork!.hardfork;
  const header = { ...readHeader(raw, 'options.block'), transactions: [] };
  return { chain, hardfork, blobs: fork?.blobs ?? chain.forks?.find(({ name }) => name === hardfork)?.blobs, header };
}

/** The fork of a block; of one that nobody knows the newest. */
function forkOf(chain: Chain, block: object, isKnown: boolean) {
  const { forks = knownChain(1).forks! } = chain;
  if (isKnown && chain.forks !== undefined) return scheduledFork(chain, block);
  const { hardfork, blobs, name } = forks.at(-1)!;
  if (hardfork === undefined)
    throw new InputError('options.chain', `it follows ${name} by now, which is not known here`);
  return { hardfork, blobs };
}
