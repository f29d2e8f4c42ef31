// The root of a Merkle Patricia trie over a complete, sorted list of entries, from the leaves up: one hash per node
// (yellow paper, appendix D). Who looks for the nodes of a path looks elsewhere: here each is forgotten once its parent
// has it.

import { keccak256 } from "../base/keccak256";
import { keccak256Pair } from "../base/keccak256-pairs";
import { stringSize, writeHeader, writeString } from "./rlp";

/** An entry of the list: where its key and its value are. Keys differ, and none is the beginning of another. */
export abstract class TrieEntry {
  static readonly KEY: u32 = 0;
  static readonly VALUE: u32 = 4;
  static readonly VALUE_LENGTH: u32 = 8;
  /** In half bytes. */
  static readonly KEY_LENGTH: u32 = 12;
  static readonly SIZE: u32 = 16;
}

/** In place of VALUE_LENGTH: the value is the hash of the entry's leaf. */
export const HASHED: u32 = 0xffffffff;

/** The longest header of a node without a value in it. */
const HEADER: u32 = 3;
/** A branch: sixteen references of at most 33 bytes, and the value that keys of one length never leave here. */
const BRANCH: u32 = 16 * 33 + 1;
/** Of the path in a node: its flag and 32 bytes. */
const PATH: u32 = 33;

/** Where the node that was encoded last begins. */
export let start: u32 = 0;

/**
 * Writes the root over `count` sorted entries to `out`.
 * @param room the node of each level of the trie at most, and twice the longest value with it: the host sees to it
 */
export function trieRoot(out: u32, entries: u32, count: u32, room: u32): void {
  if (count == 0) {
    store<u8>(room, 0x80); // no bytes
    return keccak256(out, room, 1);
  }
  if (count == 1 && isHashed(entries)) return memory.copy(out, load<u32>(entries, TrieEntry.VALUE), 32);
  const end = encode(entries, count, 0, room);
  keccak256(out, start, end - start);
}

// @ts-ignore: decorator
@inline
function isHashed(entry: u32): bool {
  return load<u32>(entry, TrieEntry.VALUE_LENGTH) == HASHED;
}

/** Encodes the node over entries that agree in their first `depth` half bytes, into `room`; returns its end. */
function encode(entries: u32, count: u32, depth: u32, room: u32): u32 {
  if (count == 1) return leaf(entries, depth, room);
  const shared = commonTo(entries, entries + (count - 1) * TrieEntry.SIZE, depth);
  return shared > depth ? extension(entries, count, depth, shared, room) : branch(entries, count, depth, room);
}

/** Bytes that a leaf takes of its room beside its value. */
export const LEAF_ROOM: u32 = 2 * PATH + 16;

/** Encodes the leaf of an entry, to which the first `depth` half bytes lead: from `start` on. Returns its end. */
export function leaf(entry: u32, depth: u32, room: u32): u32 {
  const value = load<u32>(entry, TrieEntry.VALUE);
  const length = load<u32>(entry, TrieEntry.VALUE_LENGTH);
  const path = room;
  const pathLength = packPath(path, load<u32>(entry, TrieEntry.KEY), depth, load<u32>(entry, TrieEntry.KEY_LENGTH), 2);
  start = room + ((PATH + 7) & ~7);
  let at = writeHeader(start, 0xc0, stringSize(path, pathLength) + stringSize(value, length));
  at = writeString(at, path, pathLength);
  return writeString(at, value, length);
}

function extension(entries: u32, count: u32, depth: u32, shared: u32, room: u32): u32 {
  const pathLength = packPath(room, load<u32>(entries, TrieEntry.KEY), depth, shared, 0);
  const content = room + PATH + HEADER;
  let end = writeString(content, room, pathLength);
  end = reference(end, entries, count, shared, end + PATH);
  return withHeader(content, end);
}

function branch(entries: u32, count: u32, depth: u32, room: u32): u32 {
  const content = room + HEADER;
  const below = content + BRANCH;
  let end = content;
  let from = entries;
  const last = entries + count * TrieEntry.SIZE;
  // A leaf that waits for another one, to be hashed with it: where its hash goes, and where it lies.
  let place: u32 = 0;
  let waiting: u32 = 0;
  let waitingEnd: u32 = 0;
  for (let digit: u32 = 0; digit < 16; digit++) {
    let next = from;
    while (next < last && digitOf(load<u32>(next, TrieEntry.KEY), depth) == digit) next += TrieEntry.SIZE;
    if (next == from) {
      store<u8>(end, 0x80);
      end += 1;
      continue;
    }
    const within = (next - from) / TrieEntry.SIZE;
    if (within == 1 && isHashed(from)) {
      store<u8>(end, 0xa0);
      memory.copy(end + 1, load<u32>(from, TrieEntry.VALUE), 32);
      end += 33;
    } else if (within == 1) {
      const leafEnd = leaf(from, depth + 1, place == 0 ? below : (waitingEnd + 7) & ~7);
      if (leafEnd - start < 32) {
        memory.copy(end, start, leafEnd - start);
        end += leafEnd - start;
      } else {
        store<u8>(end, 0xa0);
        if (place == 0) {
          place = end + 1;
          waiting = start;
          waitingEnd = leafEnd;
        } else {
          keccak256Pair(place, waiting, waitingEnd - waiting, end + 1, start, leafEnd - start);
          place = 0;
        }
        end += 33;
      }
    } else {
      if (place != 0) keccak256(place, waiting, waitingEnd - waiting);
      place = 0;
      end = reference(end, from, within, depth + 1, below);
    }
    from = next;
  }
  if (place != 0) keccak256(place, waiting, waitingEnd - waiting);
  store<u8>(end, 0x80);
  return withHeader(content, end + 1);
}

/** Writes how a parent names the node over entries to `at`: the node where it is shorter than its hash. */
function reference(at: u32, entries: u32, count: u32, depth: u32, room: u32): u32 {
  const end = encode(entries, count, depth, room);
  const length = end - start;
  if (length < 32) {
    memory.copy(at, start, length);
    return at + length;
  }
  store<u8>(at, 0xa0);
  keccak256(at + 1, start, length);
  return at + 33;
}

/** Puts the header of a list in front of its content. */
function withHeader(content: u32, end: u32): u32 {
  const length = end - content;
  const size: u32 = length < 56 ? 1 : length < 256 ? 2 : 3;
  start = content - size;
  writeHeader(start, 0xc0, length);
  return end;
}

/** Hex-prefix encoding (yellow paper, appendix C): a flag for leaves and odd lengths, then the half bytes. */
export function packPath(out: u32, key: u32, from: u32, to: u32, flag: u32): u32 {
  let at = out + 1;
  if ((to - from) & 1) {
    store<u8>(out, ((flag + 1) << 4) | digitOf(key, from));
    from += 1;
  } else {
    store<u8>(out, flag << 4);
  }
  for (; from < to; from += 2) {
    store<u8>(at, (digitOf(key, from) << 4) | digitOf(key, from + 1));
    at += 1;
  }
  return at - out;
}

/** How many half bytes the keys of a sorted list share: those of the first and the last. */
function commonTo(first: u32, last: u32, depth: u32): u32 {
  const left = load<u32>(first, TrieEntry.KEY);
  const right = load<u32>(last, TrieEntry.KEY);
  while (digitOf(left, depth) == digitOf(right, depth)) depth++;
  return depth;
}

// @ts-ignore: decorator
@inline
export function digitOf(key: u32, at: u32): u32 {
  const byte: u32 = load<u8>(key + (at >> 1));
  return at & 1 ? byte & 15 : byte >> 4;
}
