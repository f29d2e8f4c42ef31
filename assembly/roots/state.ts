// Roots of whole states: secure tries (yellow paper, appendix D) over accounts and over the slots of one, made of what
// the caller lists in any order.

import { keccak256 } from "../base/keccak256";
import { keccak256Pair } from "../base/keccak256-pairs";
import { numberSize, stringSize, writeHeader, writeNumber, writeString } from "./rlp";
import { TrieEntry, trieRoot } from "./trie";

/** An account as the caller gives it. */
export abstract class ListedAccount {
  /** 20 bytes */
  static readonly ADDRESS: u32 = 0;
  static readonly NONCE: u32 = 24;
  /** 32 bytes, big-endian; roots and hashes too */
  static readonly BALANCE: u32 = 32;
  static readonly STORAGE_ROOT: u32 = 64;
  static readonly CODE_HASH: u32 = 96;
  static readonly SIZE: u32 = 128;
}

/** A slot as the caller gives it: both big-endian. A value of zero is not in the trie. */
export abstract class ListedSlot {
  static readonly SLOT: u32 = 0;
  static readonly VALUE: u32 = 32;
  static readonly SIZE: u32 = 64;
}

const HASH: u32 = 32;
const ADDRESS_SIZE: u32 = 20;
/** The leaf of an account: two headers, a nonce of 9 bytes, a balance of 33, root and hash. */
export const ACCOUNT_LEAF: u32 = 120;
const SLOT_LEAF: u32 = 40;

/** Bytes that the functions below need of their room beside what `trieRoot` does. */
export function stateRoom(count: u32): u32 {
  return count * (HASH + 2 * TrieEntry.SIZE + ACCOUNT_LEAF);
}

/** Writes the root over `count` ListedAccounts to `out`. Addresses differ. */
export function accountsRoot(out: u32, accounts: u32, count: u32, room: u32): void {
  const keys = room + 2 * count * TrieEntry.SIZE;
  const leaves = keys + count * HASH;
  for (let i: u32 = 0; i < count; i++) {
    const account = accounts + i * ListedAccount.SIZE;
    const leaf = leaves + i * ACCOUNT_LEAF;
    const key = keys + i * HASH;
    const address = account + ListedAccount.ADDRESS;
    if (i & 1) keccak256Pair(key - HASH, address - ListedAccount.SIZE, ADDRESS_SIZE, key, address, ADDRESS_SIZE);
    enter(room + i * TrieEntry.SIZE, key, leaf, writeAccount(leaf, account));
  }
  if (count & 1) {
    const last = accounts + (count - 1) * ListedAccount.SIZE;
    keccak256(keys + (count - 1) * HASH, last + ListedAccount.ADDRESS, ADDRESS_SIZE);
  }
  trieRoot(out, sorted(room, count), count, leaves + count * ACCOUNT_LEAF);
}

/** Writes the root over `count` ListedSlots to `out`. Slots differ. */
export function storageRoot(out: u32, slots: u32, count: u32, room: u32): void {
  const keys = room + 2 * count * TrieEntry.SIZE;
  const leaves = keys + count * HASH;
  let there: u32 = 0;
  // The slot whose key is not reckoned yet.
  let waiting: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const slot = slots + i * ListedSlot.SIZE;
    const zeros = leadingZeros(slot + ListedSlot.VALUE);
    if (zeros == HASH) continue;
    const leaf = leaves + there * SLOT_LEAF;
    const key = keys + there * HASH;
    if (there & 1) keccak256Pair(key - HASH, waiting, HASH, key, slot, HASH);
    waiting = slot;
    const end = writeString(leaf, slot + ListedSlot.VALUE + zeros, HASH - zeros);
    enter(room + there * TrieEntry.SIZE, key, leaf, end);
    there += 1;
  }
  if (there & 1) keccak256(keys + (there - 1) * HASH, waiting, HASH);
  trieRoot(out, sorted(room, there), there, leaves + count * SLOT_LEAF);
}

function enter(entry: u32, key: u32, leaf: u32, end: u32): void {
  store<u32>(entry, key, TrieEntry.KEY);
  store<u32>(entry, leaf, TrieEntry.VALUE);
  store<u32>(entry, end - leaf, TrieEntry.VALUE_LENGTH);
  store<u32>(entry, 2 * HASH, TrieEntry.KEY_LENGTH);
}

/** Writes a ListedAccount; returns its end. */
function writeAccount(at: u32, account: u32): u32 {
  const nonce = load<u64>(account, ListedAccount.NONCE);
  const root = account + ListedAccount.STORAGE_ROOT;
  return writeAccountFields(at, nonce, account + ListedAccount.BALANCE, root, account + ListedAccount.CODE_HASH);
}

/** [nonce, balance, storage root, code hash], the last three of 32 bytes each; returns its end. */
export function writeAccountFields(at: u32, nonce: u64, balance: u32, root: u32, codeHash: u32): u32 {
  const zeros = leadingZeros(balance);
  const length = HASH - zeros;
  at = writeHeader(at, 0xc0, numberSize(nonce) + stringSize(balance + zeros, length) + 2 * (1 + HASH));
  at = writeNumber(at, nonce);
  at = writeString(at, balance + zeros, length);
  at = writeString(at, root, HASH);
  return writeString(at, codeHash, HASH);
}

export function leadingZeros(word: u32): u32 {
  let zeros: u32 = 0;
  while (zeros < HASH && load<u8>(word + zeros) == 0) zeros++;
  return zeros;
}

/** Sorts the entries at `from` by their keys of 32 bytes, with as much room behind them; returns where they are. */
function sorted(from: u32, count: u32): u32 {
  const size = count * TrieEntry.SIZE;
  let to = from + size;
  for (let run: u32 = TrieEntry.SIZE; run < size; run <<= 1) {
    for (let at: u32 = 0; at < size; at += 2 * run) {
      const middle = min(at + run, size);
      merge(to + at, from + at, middle - at, from + middle, min(run, size - middle));
    }
    const other = from;
    from = to;
    to = other;
  }
  return from;
}

/** Merges two sorted runs, of so many bytes each, into `out`. */
function merge(out: u32, left: u32, leftSize: u32, right: u32, rightSize: u32): void {
  const leftEnd = left + leftSize;
  const rightEnd = right + rightSize;
  while (left < leftEnd && right < rightEnd) {
    if (isBelow(load<u32>(right, TrieEntry.KEY), load<u32>(left, TrieEntry.KEY))) {
      v128.store(out, v128.load(right));
      right += TrieEntry.SIZE;
    } else {
      v128.store(out, v128.load(left));
      left += TrieEntry.SIZE;
    }
    out += TrieEntry.SIZE;
  }
  memory.copy(out, left, leftEnd - left);
  memory.copy(out + (leftEnd - left), right, rightEnd - right);
}

function isBelow(left: u32, right: u32): bool {
  for (let at: u32 = 0; at < HASH; at += 8) {
    const a = bswap(load<u64>(left + at));
    const b = bswap(load<u64>(right + at));
    if (a != b) return a < b;
  }
  return false;
}
