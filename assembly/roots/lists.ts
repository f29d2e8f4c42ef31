// Roots of lists: what a header says of transactions, receipts and withdrawals, by their RLP-encoded position.

import { HASHED, TrieEntry, trieRoot } from "./trie";

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
  for (let position: u32 = 0; position < count; position++) {
    const item = items + position * ListItem.SIZE;
    const length = load<u32>(item, ListItem.LENGTH);
    enter(room, keys, placeOf(position, count), position, load<u32>(item, ListItem.BYTES), length);
  }
  trieRoot(out, room, count, room + listRoom(count));
}

/** Writes the root over `count` items, of whose leaves there are hashes of 32 bytes at `hashes`, to `out`. */
export function hashedListRoot(out: u32, hashes: u32, count: u32, room: u32): void {
  const keys = room + count * TrieEntry.SIZE;
  for (let position: u32 = 0; position < count; position++) {
    const place = placeOf(position, count);
    enter(room, keys, place, position, hashes + position * 32, HASHED);
  }
  trieRoot(out, room, count, room + listRoom(count));
}

/**
 * Makes the entry of one item of a list of `count`, its key behind it; returns the depth of its leaf, in half bytes.
 * @param value where the item is, of `length` bytes
 */
export function enterAlone(entry: u32, position: u32, count: u32, value: u32, length: u32): u32 {
  enter(entry, entry + TrieEntry.SIZE, 0, position, value, length);
  return depthOf(position, count);
}

/** Bytes of what `enterAlone` writes. */
export const LONE_ENTRY: u32 = TrieEntry.SIZE + 8;

/** Where an item is in the order of the keys: 1 … 127 are single bytes, 0 is 0x80, and what follows is longer. */
// @ts-ignore: decorator
@inline
function placeOf(position: u32, count: u32): u32 {
  if (position >= 128) return position;
  return position == 0 ? min<u32>(count, 128) - 1 : position - 1;
}

/** What is at a place in that order. */
// @ts-ignore: decorator
@inline
function positionAt(place: u32, count: u32): u32 {
  if (place >= 128) return place;
  return place + 1 == min<u32>(count, 128) ? 0 : place + 1;
}

/** Half bytes that lead to the leaf of an item: those that its key shares with one of its neighbours, and one more. */
function depthOf(position: u32, count: u32): u32 {
  if (count == 1) return 0;
  const key = digitsOf(position);
  const place = placeOf(position, count);
  let shared: u32 = 0;
  if (place > 0) shared = clz(key ^ digitsOf(positionAt(place - 1, count))) >> 2;
  if (place + 1 < count) shared = max(shared, clz(key ^ digitsOf(positionAt(place + 1, count))) >> 2);
  return shared + 1;
}

/** RLP of a position from the highest digit on. */
function digitsOf(position: u32): u32 {
  if (position == 0) return 0x80000000;
  if (position < 0x80) return position << 24;
  if (position < 0x100) return 0x81000000 | (position << 16);
  return position < 0x10000 ? 0x82000000 | (position << 8) : 0x83000000 | position;
}

/** Makes the entry at `place` of an item, its key among the keys. */
function enter(entries: u32, keys: u32, place: u32, position: u32, value: u32, length: u32): void {
  const entry = entries + place * TrieEntry.SIZE;
  const key = keys + place * KEY;
  store<u32>(entry, key, TrieEntry.KEY);
  store<u32>(entry, value, TrieEntry.VALUE);
  store<u32>(entry, length, TrieEntry.VALUE_LENGTH);
  store<u32>(entry, 2 * encodePosition(key, position), TrieEntry.KEY_LENGTH);
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
