// What a block changed in the state, and how two such changes differ.

import { bytesFromHex, type Hex, hexFromBytes } from '../base/hex.ts';
import { keccak256 } from '../base/keccak256.ts';
import type { Expected, ExpectedAccount } from './expected.ts';

/** The new values of one account; what did not change is missing. */
export interface AccountDiff {
  /** In wei. */
  balance?: bigint;
  nonce?: bigint;
  code?: Hex;
  /** 32-byte slots to 32-byte values, zero for a cleared slot. */
  storage: Map<Hex, Hex>;
  /** The old storage is gone as a whole; `storage` holds all that is there now. */
  destroyed?: true;
}

/**
 * Changed accounts by lower-case address; `null` for an account that is no longer in the state. Accounts are in the order of their
 * addresses, and slots in theirs, so that equal diffs are equal as text too.
 */
export type StateDiff = Map<Hex, AccountDiff | null>;

/** The entries in the order of their keys: bytes or hex of the same length. */
export function inOrder<Key extends string, Value>(entries: ReadonlyMap<Key, Value>): [Key, Value][] {
  return [...entries].sort(([left], [right]) => (left < right ? -1 : 1));
}

/** One difference between the state a block should leave and the state it left. */
export interface StateMismatch {
  /** As in `0x…address.balance` or `0x…address.storage[0x…slot]`. */
  path: string;
  expected: string;
  actual: string;
}

/**
 * Compares a diff with `expected.post` of a block file. A deleted account and one that became empty are the same where
 * `emptyIsAbsent` (from Spurious Dragon on). `asBefore`: slots that the diff says although they are what they were, by address, which
 * are no changes. Returns what differs; nothing where they agree.
 */
export function compareWithExpected(
  diff: StateDiff,
  expected: Expected,
  emptyIsAbsent: boolean,
  asBefore: ReadonlyMap<Hex, ReadonlySet<Hex>> = new Map(),
): StateMismatch[] {
  const mismatches: StateMismatch[] = [];
  for (const address of new Set([...diff.keys(), ...expected.post.keys()])) {
    const actual = withoutSlots(diff.get(address), asBefore.get(address));
    compareAccount(address, actual, expected.post.get(address), emptyIsAbsent, mismatches);
  }
  return mismatches;
}

function withoutSlots(account: AccountDiff | null | undefined, slots: ReadonlySet<Hex> | undefined) {
  if (account === undefined || account === null || slots === undefined) return account;
  return { ...account, storage: new Map([...account.storage].filter(([slot]) => !slots.has(slot))) };
}

function compareAccount(
  address: Hex,
  actual: AccountDiff | null | undefined,
  expected: ExpectedAccount | null | undefined,
  emptyIsAbsent: boolean,
  mismatches: StateMismatch[],
): void {
  if (expected === undefined && actual === undefined) return;
  if (expected === null || actual === null) {
    const same = expected === actual || (emptyIsAbsent && (expected ?? null) === (actual ?? null));
    if (!same) mismatches.push({ path: address, expected: presence(expected), actual: presence(actual) });
    return;
  }
  const note = (name: string, wanted: unknown, found: unknown): void => {
    if (wanted !== found) {
      mismatches.push({ path: `${address}.${name}`, expected: text(wanted), actual: text(found) });
    }
  };
  note('balance', expected?.balance, actual?.balance);
  note('nonce', expected?.nonce, actual?.nonce);
  note('codeHash', expected?.codeHash, actual?.code === undefined ? undefined : codeHash(actual.code));
  for (const slot of new Set([...(expected?.storage.keys() ?? []), ...(actual?.storage.keys() ?? [])])) {
    note(`storage[${slot}]`, expected?.storage.get(slot), actual?.storage.get(slot));
  }
}

function presence(account: unknown): string {
  return account === null ? 'deleted' : account === undefined ? 'unchanged' : 'changed';
}

function codeHash(code: Hex): Hex {
  return hexFromBytes(keccak256(bytesFromHex(code)));
}

function text(value: unknown): string {
  return value === undefined ? 'unchanged' : String(value);
}
