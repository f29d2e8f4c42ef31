// The tries of complete states that roots are asked of more than once: kept as long as the states are.

import { type Hex, hexFromBytes } from '../../base/hex.ts';
import type { StateDiff } from '../../block/state-diff.ts';
import type { ListedState, StateRootOptions } from '../state-root-computer.ts';
import { type StateTrie, StateTries } from './state-tries.ts';

interface Kept {
  readonly tries: StateTries;
  readonly state: StateTrie;
}

/** By the maps that hold the accounts, which never change. */
const kept = new WeakMap<ListedState['accounts'], Promise<Kept>>();

/** Root of a state with a diff applied; neither is changed. Calls may overlap. @throws MemoryLimitError */
export async function rootOfKept({ accounts }: ListedState, diff: StateDiff, options: StateRootOptions): Promise<Hex> {
  let made = kept.get(accounts);
  if (made === undefined) {
    made = build(accounts);
    kept.set(accounts, made);
    made.catch(() => kept.delete(accounts));
  }
  const { tries, state } = await made;
  const after = tries.copy(state);
  try {
    tries.apply(after, diff, options);
    return hexFromBytes(tries.rootOf(after));
  } finally {
    tries.release(after);
  }
}

async function build(accounts: ListedState['accounts']): Promise<Kept> {
  const tries = await StateTries.open();
  return { tries, state: await tries.begin(accounts.values()) };
}
