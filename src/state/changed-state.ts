// A source with what blocks and callers have changed since it was pinned.

import { bytesFromHex, type Hex, hexFromBytes, NO_CODE_HASH } from '../base/hex.ts';
import { keccak256 } from '../base/keccak256.ts';
import type { StateDiff } from '../block/state-diff.ts';
import { layerState } from './layers.ts';
import type { DescribedStateSource, SourceKey, StateKey, StateSource, StateValue } from './state-source.ts';

/** What an account is now; what did not change is missing. */
interface ChangedAccount {
  balance?: bigint;
  nonce?: bigint;
  code?: Hex;
  exists?: boolean;
  /** The storage is all that is listed here. */
  isWhole: boolean;
  readonly storage: Map<Hex, Hex>;
}

const ZERO: Hex = `0x${'00'.repeat(32)}`;

/** The source after the diffs, in order; it stays as it is. */
export function changedState(source: StateSource, diffs: Iterable<StateDiff>): DescribedStateSource {
  const changes = merged(diffs);
  return layerState(source, async (keys, below, options) => {
    const known = keys.map((key) => answerOf(changes, key));
    const asked = keys.filter((_, i) => known[i] === undefined);
    const answers = asked.length === 0 ? [] : await below.load(asked, options);
    let next = 0;
    return keys.map((key, i) => known[i] ?? withChanges(changes, key, answers[next++]!));
  });
}

function merged(diffs: Iterable<StateDiff>): Map<Hex, ChangedAccount> {
  const changes = new Map<Hex, ChangedAccount>();
  for (const diff of diffs) {
    for (const [address, change] of diff) {
      if (change === null) {
        changes.set(address, { balance: 0n, nonce: 0n, code: '0x', exists: false, isWhole: true, storage: new Map() });
        continue;
      }
      const account: ChangedAccount = changes.get(address) ?? { isWhole: false, storage: new Map() };
      changes.set(address, account);
      if (change.balance !== undefined) account.balance = change.balance;
      if (change.nonce !== undefined) account.nonce = change.nonce;
      if (change.code !== undefined) account.code = change.code;
      account.exists = true;
      if (change.destroyed) {
        account.isWhole = true;
        account.storage.clear();
      }
      for (const [slot, value] of change.storage) account.storage.set(slot, value);
    }
  }
  return changes;
}

/** What the changes alone say. */
function answerOf(changes: ReadonlyMap<Hex, ChangedAccount>, key: SourceKey): StateValue | undefined {
  if (key.kind === 'blockHash') return undefined;
  const change = changes.get(addressOf(key));
  if (change === undefined) return undefined;
  const { balance, nonce, code, exists } = change;
  if (key.kind === 'code') return code === undefined ? undefined : { kind: 'code', code };
  if (key.kind === 'storage') {
    const value = change.storage.get(key.slot.toLowerCase() as Hex) ?? (change.isWhole ? ZERO : undefined);
    return value === undefined ? undefined : { kind: 'storage', value };
  }
  if (balance === undefined || nonce === undefined || code === undefined) return undefined;
  return { kind: 'account', balance, nonce, codeHash: hashOf(code), exists: exists ?? true };
}

/** What was there before, with what is different now. */
function withChanges(changes: ReadonlyMap<Hex, ChangedAccount>, key: SourceKey, below: StateValue): StateValue {
  if (below.kind !== 'account' || key.kind !== 'account') return below;
  const change = changes.get(addressOf(key));
  if (change === undefined) return below;
  const { balance = below.balance, nonce = below.nonce, code, exists = below.exists } = change;
  return { kind: 'account', balance, nonce, codeHash: code === undefined ? below.codeHash : hashOf(code), exists };
}

function addressOf({ address }: StateKey): Hex {
  return address.toLowerCase() as Hex;
}

function hashOf(code: Hex): Hex {
  return code === '0x' ? NO_CODE_HASH : hexFromBytes(keccak256(bytesFromHex(code)));
}
