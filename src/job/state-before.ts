// The state before a run: what is loaded before the workers start. All of a state in memory; of other sources what will surely
// be asked for.

import { InputError } from '../base/errors.ts';
import type { Hex } from '../base/hex.ts';
import { describe } from '../base/reader.ts';
import type { BlockInput } from '../block/block-input.ts';
import { EMPTY_IMAGE } from '../core/host/state-image.ts';
import type { Residence } from '../run/residence.ts';
import { imageOf, isMemoryState, loadKeys, type WholeState } from '../run/state-loading.ts';
import type { MemoryState } from '../state/memory.ts';
import type { StateKey, StateSource } from '../state/state-source.ts';
import type { Desk } from './job.ts';

export interface StateBefore extends WholeState {
  /** Whether what is not in the image is zero. */
  readonly complete: boolean;
}

export function checkSource(state: StateSource | undefined, field: string): asserts state is StateSource {
  if (typeof state !== 'object' || state === null || typeof state.load !== 'function') {
    throw new InputError(field, state === undefined ? 'missing' : `expected a state source, got ${describe(state)}`);
  }
}

/** `keys`: what to ask a source for that is not in memory. @throws StateSourceError */
export function stateBefore(
  desk: Pick<Desk<never>, 'ask'>,
  state: StateSource | undefined,
  keys: () => Promise<readonly StateKey[]> = async () => [],
): Promise<StateBefore> {
  return desk.ask(async (signal) => {
    if (state === undefined) return { image: EMPTY_IMAGE, complete: true, emptyAccounts: false };
    if (isMemoryState(state)) return { ...(await imageOf(state)), complete: true };
    const wanted = await keys();
    // What nobody has loaded may be anything.
    if (wanted.length === 0) return { image: EMPTY_IMAGE, complete: false, emptyAccounts: true };
    const { image } = await loadKeys(state, wanted, new Set(), signal);
    return { image, complete: false, emptyAccounts: true };
  });
}

/** A state that stays, and the source that it is asked for the rest. */
export interface StandingState extends StateSource {
  readonly residence: Residence;
  /** Whether empty accounts may be in it. */
  readonly hasEmptyAccounts: boolean;
  /** Those of the keys whose values nobody knows yet. */
  unknown(keys: readonly StateKey[]): readonly StateKey[];
  /** All of a complete state. */
  whole(): Promise<MemoryState>;
}

/** What is loaded before a run on a state that stays. @throws StateSourceError */
export function standingBefore(
  desk: Pick<Desk<never>, 'ask'>,
  state: StandingState,
  keys: () => Promise<readonly StateKey[]>,
): Promise<StateBefore> {
  return desk.ask(async (signal) => {
    const { complete } = state.residence;
    if (complete) return { image: EMPTY_IMAGE, complete, emptyAccounts: state.hasEmptyAccounts };
    const wanted = state.unknown(await keys());
    const { image } = await loadKeys(state, wanted, new Set(), signal);
    return { image, complete, emptyAccounts: true };
  });
}

/** What a block will probably touch: what the source says, or the accounts that its transactions name. */
export async function blockKeys(state: StateSource, block: BlockInput): Promise<readonly StateKey[]> {
  const hinted = await hintedKeys(state, block);
  if (hinted.length > 0) return hinted;
  const addresses = new Set<Hex>([block.miner]);
  for (const { from, to } of block.transactions) {
    if (from !== undefined) addresses.add(from);
    if (to !== undefined) addresses.add(to);
  }
  return [...addresses].map((address) => ({ kind: 'account', address }));
}

/** What a hint says that is a key. Hints decide nothing: without one, what is missing is loaded when it is missed. */
async function hintedKeys(state: StateSource, block: BlockInput): Promise<StateKey[]> {
  let keys: unknown;
  try {
    keys = await state.hint?.(block);
  } catch {
    return [];
  }
  return Array.isArray(keys) ? keys.filter(isStateKey) : [];
}

function isStateKey(key: Partial<Record<'kind' | 'address' | 'slot', unknown>> | undefined | null): key is StateKey {
  const isHex = (value: unknown, bytes: number) =>
    typeof value === 'string' && value.length === 2 + 2 * bytes && /^0x[0-9a-fA-F]*$/.test(value);
  if (!isHex(key?.address, 20)) return false;
  return key?.kind === 'storage' ? isHex(key.slot, 32) : key?.kind === 'account' || key?.kind === 'code';
}
