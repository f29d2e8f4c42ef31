// The ABI of a second, small module, for one thread and a memory of its own: hashes and roots where there is no block
// in the core, and before there is one. Small enough to be compiled while a page waits for it.

import { KECCAK_SCRATCH } from "./layout";
import { keccak256, resetKeccak } from "./base/keccak256";
import { PAIR_SCRATCH, resetPairs } from "./base/keccak256-pairs";
import { hashedListRoot, listRoom, listRoot } from "./roots/lists";
import { accountsRoot, stateRoom, storageRoot } from "./roots/state";

export { keccak256 } from "./base/keccak256";
export { keccak256All as hashAll } from "./base/keccak256-pairs";
export { decodeHex } from "./roots/hex";
export { fieldsRoom as roomOfFields, readFields } from "./roots/transactions";
export { hashReceipts, receiptsRoom as roomOfReceipts } from "./roots/receipts";

/** Nodes of a path: 64 levels. */
const TRIE_ROOM: u32 = 64 * 640;
const FIRST: u32 = 2048;

/** Lays the module out; returns where the caller's room begins. To be called once. */
export function layOut(): u32 {
  resetKeccak(FIRST);
  resetPairs(FIRST + KECCAK_SCRATCH);
  return (FIRST + KECCAK_SCRATCH + PAIR_SCRATCH + 63) & ~63;
}

/** Bytes that `rootOfList` needs of its room. */
export function roomOfList(count: u32, longest: u32): u32 {
  return listRoom(count) + TRIE_ROOM + 2 * longest;
}

/** Root of a list of `count` items {address u32, length u32} into `out`. */
export function rootOfList(out: u32, items: u32, count: u32, room: u32): void {
  listRoot(out, items, count, room);
}

/** Bytes that `rootOfLeaves` needs of its room. */
export function roomOfLeaves(count: u32): u32 {
  return listRoom(count) + TRIE_ROOM;
}

/** Root of a list of `count` items, of whose leaves there are hashes of 32 bytes each, into `out`. */
export function rootOfLeaves(out: u32, hashes: u32, count: u32, room: u32): void {
  hashedListRoot(out, hashes, count, room);
}

/** Bytes that `rootOfAccounts` and `rootOfStorage` need of their room. */
export function roomOfState(count: u32): u32 {
  return stateRoom(count) + TRIE_ROOM + 256;
}

/** Root of the accounts' trie over `count` ListedAccounts into `out`. */
export function rootOfAccounts(out: u32, accounts: u32, count: u32, room: u32): void {
  accountsRoot(out, accounts, count, room);
}

/** Root of the trie of a storage over `count` ListedSlots into `out`. */
export function rootOfStorage(out: u32, slots: u32, count: u32, room: u32): void {
  storageRoot(out, slots, count, room);
}
