// An access list (EIP-7928) as what is announced of a block: what a planner comes to for it, without an object for each value.

import { MOST_VALUES } from '../access/planner.ts';
import { bytesFromHex, type Hex } from '../base/hex.ts';
import { keccak256 } from '../base/keccak256.ts';
import type { AccountAccess, BlockAccessList } from '../block/block-access-list.ts';
import { AnnouncedWritesBuilder } from '../core/host/announced-writes.ts';
import type { AnnouncedWrites } from '../core/host/state-image.ts';
import { Kind } from '../core/instance/abi.ts';

export interface AnnouncedList {
  readonly announced: AnnouncedWrites | undefined;
  /** Transactions of which the list says anything. */
  readonly predicted: number;
}

/** Bytes of code that are looked at. */
const MOST_CODE = 1 << 20;
const NO_CODE = new Uint8Array(32);

/**
 * What the list announces of `transactions` transactions, the first of which is task `first`. `undefined`: it is none of the lists
 * that can be taken as they are. Of these, everything is in order and there once, in hex without zeros in front, and no place but
 * balances has more values than are announced of one: who writes it has to wait.
 */
export function announceList(
  list: BlockAccessList,
  { transactions, first, most }: ListContext,
): AnnouncedList | undefined {
  const counts = new Uint32Array(transactions);
  if (!countValues(list, counts)) return undefined;
  let total = 0;
  let predicted = 0;
  for (const count of counts) {
    total += count;
    if (count > 0) predicted++;
  }
  // Every transaction changes a nonce: where one changes nothing, the list does not say all there is to say.
  if (total > most || predicted < transactions) return undefined;
  const builder = new AnnouncedWritesBuilder(counts);
  for (const account of list) fill(builder, account, transactions);
  return { announced: builder.finish(first), predicted };
}

interface ListContext {
  readonly transactions: number;
  readonly first: number;
  /** Values that are announced at most. */
  readonly most: number;
}

/** By transaction, the values that the list has for it. False: the list cannot be taken as it is. */
function countValues(list: BlockAccessList, counts: Uint32Array): boolean {
  if (!Array.isArray(list as unknown)) return false;
  let before = '';
  for (const account of list) {
    const { address, storageChanges, balanceChanges, nonceChanges, codeChanges } = account;
    if (!ADDRESS.test(address) || address <= before) return false;
    before = address;
    let slotBefore = '';
    for (const { slot, slotChanges } of storageChanges) {
      if (!isWord(slot) || !isAbove(slot, slotBefore)) return false;
      slotBefore = slot;
      if (!count(slotChanges, counts, (change) => isWord(change.postValue))) return false;
    }
    if (!count(nonceChanges, counts, (change) => isWord(change.postNonce))) return false;
    if (!count(codeChanges, counts, (change) => isCode(change.newCode))) return false;
    // Of balances that many write no value is announced, and nobody waits.
    if (isCrowd(balanceChanges, counts.length)) continue;
    if (!count(balanceChanges, counts, (change) => isWord(change.postBalance))) return false;
  }
  return true;
}

function isCrowd(changes: readonly Change[], transactions: number): boolean {
  if (changes.length <= MOST_VALUES) return false;
  const isOfOne = ({ blockAccessIndex }: Change) =>
    Number(blockAccessIndex) > 0 && Number(blockAccessIndex) <= transactions;
  return changes.filter(isOfOne).length > MOST_VALUES;
}

type Change = { readonly blockAccessIndex: Hex };

function count<T extends Change>(changes: readonly T[], counts: Uint32Array, isValue: (change: T) => boolean): boolean {
  if (isCrowd(changes, counts.length)) return false;
  let before = -1;
  for (const change of changes) {
    const index = Number(change.blockAccessIndex);
    if (!(Number.isInteger(index) && index > before && isValue(change))) return false;
    before = index;
    // Before the transactions, and behind, nothing is announced.
    if (index > 0 && index <= counts.length) counts[index - 1]!++;
  }
  return true;
}

function fill(builder: AnnouncedWritesBuilder, account: AccountAccess, transactions: number): void {
  const { storageChanges, balanceChanges, nonceChanges, codeChanges } = account;
  const address = bytesFromHex(account.address);
  const each = <T extends Change>(changes: readonly T[], announce: (task: number, change: T) => void) => {
    for (const change of changes) {
      const index = Number(change.blockAccessIndex);
      if (index > 0 && index <= transactions) announce(index - 1, change);
    }
  };
  for (const { slot: short, slotChanges } of storageChanges) {
    const slot = wordFromHex(short);
    each(slotChanges, (task, { postValue }) => builder.storage(task, address, slot, postValue));
  }
  if (!isCrowd(balanceChanges, transactions)) {
    each(balanceChanges, (task, { postBalance }) => builder.number(task, Kind.BALANCE, address, postBalance));
  }
  each(nonceChanges, (task, { postNonce }) => builder.number(task, Kind.NONCE, address, postNonce));
  each(codeChanges, (task, { newCode }) => {
    const code = bytesFromHex(newCode);
    builder.code(task, address, code.length === 0 ? NO_CODE : keccak256(code), code);
  });
}

const ADDRESS = /^0x[0-9a-f]{40}$/;
const WORD = /^0x(?:0|[1-9a-f][0-9a-f]{0,63})$/;
const CODE = /^0x(?:[0-9a-f]{2})*$/;

function isCode(value: string): boolean {
  return value.length <= 2 + 2 * MOST_CODE && CODE.test(value);
}

function isWord(value: string): boolean {
  return WORD.test(value);
}

/** Of quantities without zeros in front. */
function isAbove(quantity: string, before: string): boolean {
  return quantity.length > before.length || (quantity.length === before.length && quantity > before);
}

function wordFromHex(quantity: Hex): Uint8Array {
  return bytesFromHex(`0x${quantity.slice(2).padStart(64, '0')}`);
}
