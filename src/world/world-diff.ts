// What a state that stays has changed since a moment: the values that were overwritten since, against those of now.

import { bytesFromKey, keyFromBytes, sameBytes } from '../base/hex.ts';
import { type KeptValue, keptValues } from '../core/host/kept-state.ts';
import { type AccountChange, isChanged, noChange, type StateChanges } from '../core/host/state-changes.ts';
import { Kind } from '../core/instance/abi.ts';
import type { Residence } from '../run/residence.ts';

const ZERO = new Uint8Array(32);

/** The oldest values of one account since then. */
interface Overwritten {
  readonly address: Uint8Array;
  readonly fields: Map<number, KeptValue>;
  readonly slots: Map<string, KeptValue>;
}

/** No run may be at work on the state. */
export function changesSince(residence: Residence, mark: number): StateChanges {
  const changes: StateChanges = { accounts: new Map(), data: new Map(), numbers: new Map() };
  for (const [key, account] of overwrittenSince(residence, mark)) {
    const change = changeOf(residence, account);
    if (isChanged(change)) changes.accounts.set(key, change);
  }
  return changes;
}

function overwrittenSince(residence: Residence, mark: number): Map<string, Overwritten> {
  const accounts = new Map<string, Overwritten>();
  for (const records of residence.since(mark)) {
    for (const value of keptValues(records)) {
      const key = keyFromBytes(value.address);
      const account = accounts.get(key) ?? { address: value.address, fields: new Map(), slots: new Map() };
      accounts.set(key, account);
      if (value.kind === Kind.STORAGE) {
        const slot = keyFromBytes(value.slot);
        if (!account.slots.has(slot)) account.slots.set(slot, value);
      } else if (!account.fields.has(value.kind)) {
        account.fields.set(value.kind, value);
      }
    }
  }
  return accounts;
}

function changeOf(residence: Residence, { address, fields, slots }: Overwritten): AccountChange {
  const change = noChange(address);
  const { before, after } = change;
  const was = (kind: number, now: bigint) => fields.get(kind)?.number ?? now;
  after.balance = residence.number(Kind.BALANCE, address) ?? 0n;
  before.balance = was(Kind.BALANCE, after.balance);
  after.nonce = residence.number(Kind.NONCE, address) ?? 0n;
  before.nonce = was(Kind.NONCE, after.nonce);
  const exists = residence.number(Kind.EXISTENCE, address) ?? 0n;
  after.exists = exists !== 0n;
  before.exists = was(Kind.EXISTENCE, exists) !== 0n;
  after.codeHash = residence.codeHash(address) ?? ZERO;
  before.codeHash = fields.get(Kind.CODE)?.word ?? after.codeHash;
  if (!sameBytes(before.codeHash, after.codeHash)) change.code = residence.code(after.codeHash) ?? new Uint8Array(0);

  const emptied = residence.emptied(address);
  const reset = fields.get(Kind.RESET);
  const emptiedBefore = reset?.generation ?? emptied;
  change.emptied = emptied !== emptiedBefore && (reset?.hadStorage ?? false);
  for (const [slot, value] of slots) {
    const old = value.generation < emptiedBefore ? ZERO : value.word;
    const now = residence.storage(address, bytesFromKey(slot)) ?? ZERO;
    // Of storage that was emptied, what is there again as it was has to be said too.
    const isAgain = change.emptied && !sameBytes(now, ZERO);
    if (!value.known || isAgain || !sameBytes(old, now)) change.storage.set(slot, { before: old, after: now });
  }
  return change;
}
