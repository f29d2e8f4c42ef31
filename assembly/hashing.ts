// The ABI of a second, small module, for one thread and a memory of its own: hashes and roots where there is no block
// in the core, and before there is one. Small enough to be compiled while a page waits for it.

import { BLOOM_SIZE, EvmResult, KECCAK_SCRATCH } from "./layout";
import { keccak256, resetKeccak } from "./base/keccak256";
import { PAIR_SCRATCH, resetPairs } from "./base/keccak256-pairs";
import { ListItem, listRoom, listRoot } from "./roots/lists";
import { receiptRoom, writeReceipt } from "./roots/receipts";
import { accountsRoot, stateRoom, storageRoot } from "./roots/state";

export { keccak256 } from "./base/keccak256";
export { keccak256All as hashAll } from "./base/keccak256-pairs";
export { decodeHex } from "./roots/hex";

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

/** Bytes that `rootOfReceipts` needs of its room: `length` is that of all records. */
export function roomOfReceipts(count: u32, length: u32): u32 {
  return count * (ListItem.SIZE + receiptRoom(0)) + receiptRoom(length) + roomOfList(count, receiptRoom(length)) + 64;
}

/**
 * Root of the receipts of `count` records {EvmResult} into `out`, and behind it the bloom of all of them.
 * @param records of each its address, and the type of its transaction
 * @param roots 32 bytes each: of the states between the transactions, in place of the status; 0: the status
 */
export function rootOfReceipts(out: u32, records: u32, count: u32, roots: u32, room: u32): void {
  const bloom = out + 32;
  memory.fill(bloom, 0, BLOOM_SIZE);
  let at = room + count * ListItem.SIZE;
  let gas: u64 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const record = load<u32>(records + i * ListItem.SIZE);
    const type = load<u32>(records + i * ListItem.SIZE, 4);
    gas += load<u64>(record, EvmResult.GAS_USED);
    const end = writeReceipt(at, record, type, gas, roots == 0 ? 0 : roots + i * 32, bloom);
    store<u32>(room + i * ListItem.SIZE, at, ListItem.BYTES);
    store<u32>(room + i * ListItem.SIZE, end - at, ListItem.LENGTH);
    at = end;
  }
  listRoot(out, room, count, (at + 15) & ~15);
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
