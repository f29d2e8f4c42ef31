// The state before a run: what is loaded before the workers start. All of a state that is listed; of others what will surely be
// asked for.

import { InputError } from '../base/errors.ts';
import type { Hex } from '../base/hex.ts';
import { describe } from '../base/reader.ts';
import type { BlockInput } from '../block/block-input.ts';
import { EMPTY_IMAGE, joinImages, type StateImage } from '../core/host/state-image.ts';
import type { Residence } from '../run/residence.ts';
import { imageOf, loadKeys, storageOnlyImage } from '../run/state-loading.ts';
import { readDescription } from '../state/description.ts';
import type { MemoryState } from '../state/memory.ts';
import type { DescribedStateSource, StateKey, StateSource } from '../state/state-source.ts';
import type { Desk } from './job.ts';

export interface StateBefore {
  readonly image: StateImage;
  /** Whether what is not in the image is zero. */
  readonly complete: boolean;
  /** Whether there are accounts that are empty; `undefined`: nobody knows. */
  readonly emptyAccounts: boolean | undefined;
  /** Accounts that have storage, but neither nonce nor code (EIP-7610), as far as that is known. */
  readonly storageOnly: readonly Hex[];
}

/** @throws InputError for what is no source, and naming what is none of its description */
export function checkSource(state: StateSource | undefined, field: string): asserts state is StateSource {
  if (typeof state !== 'object' || state === null || typeof state.load !== 'function') {
    throw new InputError(field, state === undefined ? 'missing' : `expected a state source, got ${describe(state)}`);
  }
  readDescription(state, `${field}.description`);
}

const NOTHING: StateBefore = { image: EMPTY_IMAGE, complete: true, emptyAccounts: false, storageOnly: [] };

/**
 * `keys`: what to ask a source for that does not list its state; `takesPlaceholders`: as {@link imageOf} has it.
 * @throws StateSourceError
 */
export function stateBefore(
  desk: Pick<Desk<never>, 'ask'>,
  state: StateSource | undefined,
  keys: () => Promise<readonly StateKey[]> = async () => [],
  takesPlaceholders = false,
): Promise<StateBefore> {
  return desk.ask(async (waiting) => {
    if (state === undefined) return NOTHING;
    const { accounts, emptyAccounts, storageOnly = [] } = readDescription(state, 'state.description');
    if (accounts !== undefined) {
      const whole = await imageOf({ ...state.description, accounts }, takesPlaceholders);
      return { ...whole, complete: true };
    }
    const known = storageOnlyImage(storageOnly);
    const wanted = await keys();
    const image =
      wanted.length === 0 ? known : joinImages((await loadKeys(state, wanted, new Set(), waiting)).image, known);
    return { image, complete: false, emptyAccounts, storageOnly };
  });
}

/** @throws InputError, naming both hashes, where a source is pinned to another block than the parent of this one */
export async function checkPinned(state: StateSource, block: BlockInput, signal: AbortSignal): Promise<void> {
  const { pinned } = state as Partial<PinnedSource>;
  if (typeof pinned !== 'function') return;
  const { number, hash } = await pinned.call(state, { signal });
  if (block.parentHash === hash) return;
  const problem = `block ${BigInt(block.number)} has the parent ${block.parentHash}, the state is that after`;
  throw new InputError('block.parentHash', `${problem} block ${number}, ${hash}`);
}

/** A source that knows which block its state is after, as `rpcState` does. */
interface PinnedSource extends StateSource {
  pinned(options: { readonly signal: AbortSignal }): Promise<{ readonly number: bigint; readonly hash: Hex }>;
}

/** A state that stays, and the source that it is asked for the rest. */
export interface StandingState extends DescribedStateSource {
  readonly residence: Residence;
  /** Those of the keys whose values nobody knows yet. */
  unknown(keys: readonly StateKey[]): readonly StateKey[];
  /** Asks the source for what a block will need, while another one may be at work on the state. */
  fetchAhead(keys: readonly StateKey[], signal: AbortSignal): Promise<void>;
  /** All of a complete state. */
  whole(): Promise<MemoryState>;
  /** Root of a complete state as it is. */
  root(): Promise<Hex>;
}

/** What is loaded before a run on a state that stays. @throws StateSourceError */
export function standingBefore(
  desk: Pick<Desk<never>, 'ask'>,
  state: StandingState,
  keys: () => Promise<readonly StateKey[]>,
): Promise<StateBefore> {
  return desk.ask(async (waiting) => {
    const { complete } = state.residence;
    const { emptyAccounts, storageOnly = [] } = state.description;
    const wanted = complete ? [] : state.unknown(await keys());
    const image = wanted.length === 0 ? EMPTY_IMAGE : (await loadKeys(state, wanted, new Set(), waiting)).image;
    return { image, complete, emptyAccounts, storageOnly };
  });
}

/** What a block will probably touch: what its access list says, what the source does, or the accounts that are named. */
export async function blockKeys(
  state: StateSource,
  { block, memoryBytes }: { readonly block: BlockInput; readonly memoryBytes: number },
): Promise<readonly StateKey[]> {
  // A list is all there is to ask for, at once: a source that looks into the block itself takes a trip for that.
  if (block.blockAccessList !== undefined) {
    const { keysOfList } = await import('../access/listed-keys.ts');
    return keysOfList(block.blockAccessList, sendersOf(block));
  }
  const hinted = await hintedKeys(state, block);
  if (hinted.length > 0)
    return hinted.slice(0, Math.min(MOST_HINTED, HINTED_PER_MIB * Math.floor(memoryBytes / 2 ** 20)));
  const addresses = new Set<Hex>([block.miner]);
  for (const { from, to } of block.transactions) {
    if (from !== undefined) addresses.add(from);
    if (to !== undefined) addresses.add(to);
  }
  return [...addresses].map((address) => ({ kind: 'account', address }));
}

/** Who sends has no code, or code that lends another's, which is asked for when it is missed. */
function sendersOf({ transactions }: BlockInput): ReadonlySet<Hex> {
  return new Set(transactions.flatMap(({ from }) => (from === undefined ? [] : [from])));
}

/** Keys of a hint that are loaded: whoever names too many of them may not leave the block without memory. */
const [MOST_HINTED, HINTED_PER_MIB] = [32_768, 512];

/** How long a block waits for a hint: nodes may need a while for one, and then some rounds of loading are less. */
const HINT_MS = 60_000;

/**
 * What a hint says that is a key. Hints decide nothing: without one, or with one that does not come, what is missing is loaded
 * when it is missed.
 */
export async function hintedKeys(
  state: Pick<StateSource, 'hint'>,
  block: BlockInput,
  limitMs = HINT_MS,
): Promise<StateKey[]> {
  if (state.hint === undefined) return [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  let keys: unknown;
  try {
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(resolve, limitMs, undefined);
    });
    keys = await Promise.race([state.hint(block), late]);
  } catch {
    return [];
  } finally {
    clearTimeout(timer);
  }
  return Array.isArray(keys) ? keys.filter(isStateKey) : [];
}

function isStateKey(key: Partial<Record<'kind' | 'address' | 'slot', unknown>> | undefined | null): key is StateKey {
  const isHex = (value: unknown, bytes: number) =>
    typeof value === 'string' && value.length === 2 + 2 * bytes && /^0x[0-9a-fA-F]*$/.test(value);
  if (!isHex(key?.address, 20)) return false;
  return key?.kind === 'storage' ? isHex(key.slot, 32) : key?.kind === 'account' || key?.kind === 'code';
}
