// An access list (EIP-7928) as what is announced of a block: what a planner comes to for it, without an object for each value.

import { MOST_DEPENDENCIES, MOST_KEYS_OF_ALL, MOST_VALUES } from '../access/planner.ts';
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
  /** Pairs, by index: the lower transaction, and the higher one that writes a place of which no value is announced. In order of the higher. */
  readonly dependencies: readonly number[];
  /** Whether all that each transaction leaves is announced. */
  readonly isWhole: boolean;
}

/** Bytes of code that are looked at. */
const MOST_CODE = 1 << 20;
const NO_CODE = new Uint8Array(32);

/**
 * What the list announces of `transactions` transactions, the first of which is task `first`. `undefined`: it is none of the lists
 * that can be taken as they are. Of these, everything is in order and there once, in hex without zeros in front.
 */
export function announceList(
  list: BlockAccessList,
  { transactions, first, most }: ListContext,
): AnnouncedList | undefined {
  const found = new Values(transactions);
  if (!countValues(list, found)) return undefined;
  const { counts, told } = found;
  let total = 0;
  let predicted = 0;
  for (let task = 0; task < transactions; task++) {
    total += counts[task]!;
    predicted += told[task]!;
  }
  if (total > most || total + found.unannounced > MOST_KEYS_OF_ALL) return undefined;
  const builder = new AnnouncedWritesBuilder(counts);
  for (const account of list) fill(builder, account, found);
  return {
    announced: builder.finish(first),
    predicted,
    dependencies: found.dependencies(),
    isWhole: !found.isCrowded && counts.every((count) => count > 0),
  };
}

interface ListContext {
  readonly transactions: number;
  readonly first: number;
  /** Values that are announced at most. */
  readonly most: number;
}

/** What the list has for each transaction. */
class Values {
  /** Values that are announced. */
  readonly counts: Uint32Array;
  /** 1: it has anything. */
  readonly told: Uint8Array;
  /** Values of places that more transactions write than values are announced of one. */
  unannounced = 0;
  /** Whether there is such a place that is no balance. */
  isCrowded = false;
  /** By transaction: the last ones before it that write a place of that kind which it writes, too. */
  readonly #lower: (Set<number> | undefined)[] = [];

  constructor(transactions: number) {
    this.counts = new Uint32Array(transactions);
    this.told = new Uint8Array(transactions);
  }

  /** Who writes it waits for who has written it before. */
  addCrowd(changes: readonly Change[]): void {
    this.isCrowded = true;
    let before = -1;
    for (const change of changes) {
      const task = this.taskOf(change);
      if (task < 0) continue;
      if (before >= 0) {
        this.#lower[task] ??= new Set();
        this.#lower[task].add(before);
      }
      before = task;
    }
  }

  /** Who waits for more than so many waits for the latest. */
  dependencies(): number[] {
    const pairs: number[] = [];
    // Holes are passed over, and there are only holes in most lists.
    this.#lower.forEach((lower, index) => {
      const latest = [...lower!].sort((left, right) => right - left).slice(0, MOST_DEPENDENCIES);
      for (const one of latest) pairs.push(one, index);
    });
    return pairs;
  }

  /** Before the transactions, and behind, nothing is announced: -1. */
  taskOf({ blockAccessIndex }: Change): number {
    const index = Number(blockAccessIndex);
    return index > 0 && index <= this.counts.length ? index - 1 : -1;
  }
}

/** Counts the values that the list has of each transaction. False: it cannot be taken as it is. */
function countValues(list: BlockAccessList, found: Values): boolean {
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
      if (!count(slotChanges, found, (change) => isWord(change.postValue))) return false;
      if (isCrowd(slotChanges, found)) found.addCrowd(slotChanges);
    }
    if (!count(nonceChanges, found, (change) => isWord(change.postNonce))) return false;
    if (isCrowd(nonceChanges, found)) found.addCrowd(nonceChanges);
    if (!count(codeChanges, found, (change) => isCode(change.newCode))) return false;
    if (isCrowd(codeChanges, found)) found.addCrowd(codeChanges);
    // Fees are credits, which nobody need wait for; a sender's balance goes with its nonce.
    if (!count(balanceChanges, found, (change) => isWord(change.postBalance))) return false;
  }
  return true;
}

/** Whether more transactions write the place than values are announced of one. */
function isCrowd(changes: readonly Change[], found: Values): boolean {
  if (changes.length <= MOST_VALUES) return false;
  return changes.filter((change) => found.taskOf(change) >= 0).length > MOST_VALUES;
}

type Change = { readonly blockAccessIndex: Hex };

function count<T extends Change>(changes: readonly T[], found: Values, isValue: (change: T) => boolean): boolean {
  const isAnnounced = !isCrowd(changes, found);
  let before = -1;
  for (const change of changes) {
    const index = Number(change.blockAccessIndex);
    if (!(Number.isInteger(index) && index > before && isValue(change))) return false;
    before = index;
    const task = found.taskOf(change);
    if (task < 0) continue;
    found.told[task] = 1;
    if (isAnnounced) found.counts[task]!++;
    else found.unannounced++;
  }
  return true;
}

function fill(builder: AnnouncedWritesBuilder, account: AccountAccess, found: Values): void {
  const { storageChanges, balanceChanges, nonceChanges, codeChanges } = account;
  const address = bytesFromHex(account.address);
  const each = <T extends Change>(changes: readonly T[], announce: (task: number, change: T) => void) => {
    if (isCrowd(changes, found)) return;
    for (const change of changes) {
      const task = found.taskOf(change);
      if (task >= 0) announce(task, change);
    }
  };
  for (const { slot: short, slotChanges } of storageChanges) {
    const slot = wordFromHex(short);
    each(slotChanges, (task, { postValue }) => builder.storage(task, address, slot, postValue));
  }
  each(balanceChanges, (task, { postBalance }) => builder.number(task, Kind.BALANCE, address, postBalance));
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
