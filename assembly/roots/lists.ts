// Roots of lists: what a header says of transactions, receipts and withdrawals, by their RLP-encoded position.

import { TrieEntry, trieRoot } from "./trie";

/** An item of a list as the caller gives it. */
export abstract class ListItem {
  static readonly BYTES: u32 = 0;
  static readonly LENGTH: u32 = 4;
  static readonly SIZE: u32 = 8;
}

/** Bytes of a key: a position below 2^24 takes at most four. */
const KEY: u32 = 4;

/** Bytes that `listRoot` needs of its room beside what `trieRoot` does. */
export function listRoom(count: u32): u32 {
  return (count * (TrieEntry.SIZE + KEY) + 15) & ~15;
}

/** Writes the root over `count` items to `out`. */
export function listRoot(out: u32, items: u32, count: u32, room: u32): void {
  const keys = room + count * TrieEntry.SIZE;
  const short = min<u32>(count, 128);
  // In the order of their encodings: 1 … 127 are single bytes, 0 is 0x80, and what follows is longer.
  let place: u32 = 0;
  for (let position: u32 = 1; position < short; position++) place = enter(room, keys, place, items, position);
  if (count > 0) place = enter(room, keys, place, items, 0);
  for (let position: u32 = 128; position < count; position++) place = enter(room, keys, place, items, position);
  trieRoot(out, room, count, room + listRoom(count));
}

/** Makes the entry at `place` of an item; returns the next place. */
function enter(entries: u32, keys: u32, place: u32, items: u32, position: u32): u32 {
  const entry = entries + place * TrieEntry.SIZE;
  const key = keys + place * KEY;
  const item = items + position * ListItem.SIZE;
  store<u32>(entry, key, TrieEntry.KEY);
  store<u32>(entry, load<u32>(item, ListItem.BYTES), TrieEntry.VALUE);
  store<u32>(entry, load<u32>(item, ListItem.LENGTH), TrieEntry.VALUE_LENGTH);
  store<u32>(entry, 2 * encodePosition(key, position), TrieEntry.KEY_LENGTH);
  return place + 1;
}

/** RLP of a position; returns its length. */
function encodePosition(out: u32, position: u32): u32 {
  if (position < 0x80) {
    store<u8>(out, position == 0 ? 0x80 : position);
    return 1;
  }
  const size: u32 = position < 0x100 ? 1 : position < 0x10000 ? 2 : 3;
  store<u8>(out, 0x80 + size);
  for (let at = size; at > 0; at--) {
    store<u8>(out + at, position);
    position >>= 8;
  }
  return size + 1;
}
