// From the core's changes to the public state diff and final state.

import { bytesFromKey, type Hex, hexFromBytes, isZero, keyFromBytes, sameBytes } from '../base/hex.ts';
import { type AccountDiff, inOrder, type StateDiff } from '../block/state-diff.ts';
import { decodeChanges, type RawChanges } from '../core/host/change-records.ts';
import type { AccountChange, AccountFields, StateChanges } from '../core/host/state-changes.ts';
import type { FinalState } from '../types.ts';

/** How empty accounts are dealt with. */
export interface Emptiness {
  /** New ones never come into the state, and those that are touched go (EIP-161). */
  readonly emptyIsAbsent: boolean;
  /** Whether there may be any. Where there are none, nobody keeps a record of which accounts exist. */
  readonly emptyAccounts: boolean;
}

/** `emptyAccounts`: whether the state is known to hold some, or none; before EIP-161 blocks leave some. */
export function emptinessOf(emptyIsAbsent: boolean, emptyAccounts: boolean | undefined): Emptiness {
  return { emptyIsAbsent, emptyAccounts: !emptyIsAbsent || emptyAccounts !== false };
}

export function stateDiffOf(changes: StateChanges, emptiness: Emptiness): StateDiff {
  const diff: StateDiff = new Map();
  for (const [, change] of inOrder(changes.accounts)) {
    const account = accountDiff(change, emptiness);
    if (account !== undefined) diff.set(hexFromBytes(change.address), account);
  }
  return diff;
}

/** Of storage that was emptied, the slots that a diff says although they are as they were before; by address. */
export function slotsAsBefore(raw: RawChanges): ReadonlyMap<Hex, ReadonlySet<Hex>> {
  const { accounts } = decodeChanges(raw);
  const found = new Map<Hex, ReadonlySet<Hex>>();
  for (const { address, emptied, storage } of accounts.values()) {
    if (!emptied) continue;
    const same = [...storage].filter(([, { before, after }]) => sameBytes(before, after));
    if (same.length > 0) {
      found.set(hexFromBytes(address), new Set(same.map(([slot]) => hexFromBytes(bytesFromKey(slot)))));
    }
  }
  return found;
}

/** `data` and `numbers`: what was there before the first task, by `keyFromBytes`. */
export function finalStateOf(
  raw: RawChanges,
  data: ReadonlyMap<string, Uint8Array>,
  numbers: ReadonlyMap<string, bigint>,
): FinalState {
  let decoded: StateChanges | undefined;
  let diff: StateDiff | undefined;
  const changes = (): StateChanges => {
    decoded ??= decodeChanges(raw);
    return decoded;
  };
  return {
    read(key) {
      const name = nameOf(key);
      const changed = changes().data.get(name);
      return changed === undefined ? data.get(name)?.slice() : changed.after?.slice();
    },
    readNumber(key) {
      const name = nameOf(key);
      return changes().numbers.get(name)?.after ?? numbers.get(name) ?? 0n;
    },
    get stateDiff() {
      // Custom tasks know no rule that makes empty accounts disappear.
      diff ??= stateDiffOf(changes(), { emptyIsAbsent: false, emptyAccounts: true });
      return diff;
    },
  };
}

/** Free-form keys as maps have them. */
export function nameOf(key: string | Uint8Array): string {
  return keyFromBytes(typeof key === 'string' ? new TextEncoder().encode(key) : key);
}

function accountDiff(
  change: AccountChange,
  { emptyIsAbsent, emptyAccounts }: Emptiness,
): AccountDiff | null | undefined {
  const { before, after } = change;
  const wasPresent = !isEmpty(before) || (before.exists && emptyAccounts);
  // Empty accounts of old are in the state until somebody touches them (EIP-161); new ones never come in.
  const present =
    !isEmpty(after) || (after.exists && emptyAccounts && (!emptyIsAbsent || (isEmpty(before) && before.exists)));
  // Slots of an account that is not there, in custom tasks, are state all the same.
  if (!present && wasPresent && [...change.storage.values()].every((slot) => isZero(slot.after))) return null;
  const account: AccountDiff = { storage: new Map() };
  if (after.balance !== before.balance || (present && !wasPresent)) account.balance = after.balance;
  if (after.nonce !== before.nonce || (present && !wasPresent)) account.nonce = after.nonce;
  if (hexFromBytes(after.codeHash) !== hexFromBytes(before.codeHash)) {
    account.code = hexFromBytes(change.code ?? new Uint8Array(0));
  }
  for (const [slot, { after: value }] of inOrder(change.storage)) {
    account.storage.set(hexFromBytes(bytesFromKey(slot)), hexFromBytes(value));
  }
  if (change.emptied) account.destroyed = true;
  const unchanged =
    account.balance === undefined &&
    account.nonce === undefined &&
    account.code === undefined &&
    account.storage.size === 0;
  return unchanged && present === wasPresent ? undefined : account;
}

function isEmpty({ balance, nonce, codeHash }: AccountFields): boolean {
  return balance === 0n && nonce === 0n && isZero(codeHash);
}
