// Where two access lists of a block differ.

import { bytes32FromNumber, type Hex, hexFromBytes } from '../base/hex.ts';
import type { BlockAccessList } from './block-access-list.ts';

/** Where two lists differ first: the entry, in words, and what each has there. */
export interface ListDifference {
  /** As in `0x….storageChanges[0x2] at 3`. */
  readonly entry: string;
  readonly expected: string;
  readonly actual: string;
}

const NOTHING = 'nothing';

/** The first entry in which `expected` is not what `actual` is, by address; `undefined` where they are the same. */
export function firstDifference(expected: BlockAccessList, actual: BlockAccessList): ListDifference | undefined {
  // Naming each entry takes 30 ms for 2,000 of them, and mostly there is nothing to name.
  if (isWrittenAlike(expected, actual)) return undefined;
  const [left, right] = [entriesOf(expected), entriesOf(actual)];
  let first: string | undefined;
  for (const [entry, value] of left) if (right.get(entry) !== value && isBefore(entry, first)) first = entry;
  for (const entry of right.keys()) if (!left.has(entry) && isBefore(entry, first)) first = entry;
  if (first === undefined) return undefined;
  return {
    entry: first.split(SEPARATOR)[1]!,
    expected: left.get(first) ?? NOTHING,
    actual: right.get(first) ?? NOTHING,
  };
}

/** Whether two lists are the same to the last digit; where they write numbers in other ways, they may be the same all the same. */
export function isWrittenAlike(left: BlockAccessList, right: BlockAccessList): boolean {
  return isAlike(left, right, (one, other) => {
    return (
      one.address === other.address &&
      isAlike(one.storageReads, other.storageReads, (slot, same) => slot === same) &&
      isAlike(one.storageChanges, other.storageChanges, (change, same) => {
        const { slot, slotChanges } = change;
        return slot === same.slot && isAlike(slotChanges, same.slotChanges, isSameChange('postValue'));
      }) &&
      isAlike(one.balanceChanges, other.balanceChanges, isSameChange('postBalance')) &&
      isAlike(one.nonceChanges, other.nonceChanges, isSameChange('postNonce')) &&
      isAlike(one.codeChanges, other.codeChanges, isSameChange('newCode'))
    );
  });
}

function isAlike<T>(left: readonly T[], right: readonly T[], isSame: (one: T, other: T) => boolean): boolean {
  return left.length === right.length && left.every((one, at) => isSame(one, right[at]!));
}

type IndexedChange<Name extends string> = { readonly blockAccessIndex: Hex } & Readonly<Record<Name, Hex>>;

function isSameChange<Name extends string>(value: Name) {
  return (one: IndexedChange<Name>, other: IndexedChange<Name>) =>
    one.blockAccessIndex === other.blockAccessIndex && one[value] === other[value];
}

const SEPARATOR = '\n';

function isBefore(entry: string, other: string | undefined): boolean {
  return other === undefined || entry < other;
}

/** Each entry's value by its sort key and its name. */
function entriesOf(given: BlockAccessList): Map<string, string> {
  const entries = new Map<string, string>();
  const padded = (value: Hex) => hexFromBytes(bytes32FromNumber(BigInt(value)));
  for (const { address: who, ...account } of given) {
    const put = (kind: number, name: string, slot: Hex | undefined, at: Hex | undefined, value: string) => {
      const key = `${who}${kind}${slot === undefined ? '' : padded(slot)}${at === undefined ? '' : padded(at)}`;
      const when = at === undefined ? '' : ` at ${BigInt(at)}`;
      const place = slot === undefined ? '' : `[${slot}]`;
      entries.set(`${key}${SEPARATOR}${who}${name}${place}${when}`, value);
    };
    put(0, '', undefined, undefined, 'met');
    for (const { slot, slotChanges } of account.storageChanges) {
      for (const change of slotChanges) {
        put(1, '.storageChanges', slot, change.blockAccessIndex, change.postValue);
      }
    }
    for (const slot of account.storageReads) put(2, '.storageReads', slot, undefined, 'read');
    for (const change of account.balanceChanges) {
      put(3, '.balanceChanges', undefined, change.blockAccessIndex, change.postBalance);
    }
    for (const change of account.nonceChanges) {
      put(4, '.nonceChanges', undefined, change.blockAccessIndex, change.postNonce);
    }
    for (const change of account.codeChanges) {
      put(5, '.codeChanges', undefined, change.blockAccessIndex, change.newCode);
    }
  }
  return entries;
}
