// A node out of its encoding, which must be the one that there is: whoever sends it may be nobody's friend.

import { digitOf } from "../roots/trie";
import {
  Account,
  Branch,
  Extension,
  Kind,
  Node,
  Slot,
  childOf,
  kindOf,
  newBlind,
  newExtension,
  newNode,
  release,
  setChild,
  setReference,
} from "./node";

const EMPTY: u32 = 0x80;
const HASH_ITEM: u32 = 0xa0;
const LIST: u32 = 0xc0;
const KEY_DIGITS: u32 = 64;

/** The item that was read last: its content, where that ends, and where the next one begins. */
let content: u32 = 0;
let contentEnd: u32 = 0;
let isList: bool = false;
/** What leaves of this trie are. */
let leafKind: u32 = 0;
/** The way to the node: 32 bytes, of which those behind it may be written. */
let way: u32 = 0;
let empty: u32 = 0;

/**
 * The node of `length` bytes at a depth; 0 where it is none.
 * @param path of the node, in 32 bytes, which are written to
 * @param kind of the leaves
 */
export function decode(bytes: u32, length: u32, path: u32, depth: u32, kind: u32, emptyRoot: u32): u32 {
  way = path;
  leafKind = kind;
  empty = emptyRoot;
  return node(bytes, bytes + length, depth);
}

function node(at: u32, end: u32, depth: u32): u32 {
  if (readItem(at, end) != end || !isList) return 0;
  const first = content;
  let items: u32 = 0;
  for (let next = first; next != end; items++) {
    next = readItem(next, end);
    if (next == 0 || items == 17) return 0;
  }
  if (items == 17) return branch(first, end, depth);
  return items == 2 ? pathNode(first, end, depth) : 0;
}

function branch(at: u32, end: u32, depth: u32): u32 {
  if (depth >= KEY_DIGITS) return 0;
  const made = newNode(Kind.BRANCH);
  let children: u32 = 0;
  for (let digit: u32 = 0; digit < 16; digit++) {
    const next = readItem(at, end);
    if (load<u8>(at) != EMPTY) {
      setWay(depth, digit);
      const child = reference(at, next, depth + 1);
      if (child == 0) return refused(made);
      setChild(made, digit, child);
      children += 1;
    }
    at = next;
  }
  // Keys of one length leave no value here.
  return children >= 2 && load<u8>(at) == EMPTY && at + 1 == end ? made : refused(made);
}

/** What stands for a child: its hash, or the child. */
function reference(at: u32, next: u32, depth: u32): u32 {
  const size = next - at;
  if (load<u8>(at) == HASH_ITEM && size == 33) return newBlind(at + 1);
  if (load<u8>(at) < LIST || size >= 32) return 0;
  const child = node(at, next, depth);
  if (child != 0) setReference(child, at, size);
  return child;
}

/** A leaf, or an extension: a path, and what is behind it. */
function pathNode(at: u32, end: u32, depth: u32): u32 {
  const second = readItem(at, end);
  if (isList || content == contentEnd) return 0;
  const path = content;
  const flag: u32 = load<u8>(path) >> 4;
  const odd = flag & 1;
  if (flag > 3 || (odd == 0 && (load<u8>(path) & 15) != 0)) return 0;
  const count: u32 = 2 * (contentEnd - path - 1) + odd;
  const to = depth + count;
  if (to > KEY_DIGITS) return 0;
  for (let i: u32 = 0; i < count; i++) setWay(depth + i, digitOf(path, i + 2 - odd));
  if (flag >= 2) return to == KEY_DIGITS ? leaf(second, end) : 0;
  if (count == 0) return 0;
  const made = newExtension(way, depth, to, 0);
  const child = reference(second, end, to);
  // Below an extension stands a branch.
  if (child == 0 || (kindOf(child) != Kind.BRANCH && kindOf(child) != Kind.BLIND)) {
    release(child);
    return refused(made);
  }
  store<u32>(made, child, Extension.CHILD);
  return made;
}

function leaf(at: u32, end: u32): u32 {
  if (readItem(at, end) != end || isList) return 0;
  const from = content;
  return leafKind == Kind.ACCOUNT ? account(from, end) : slot(from, end);
}

function slot(at: u32, end: u32): u32 {
  if (readItem(at, end) != end) return 0;
  const made = newNode(Kind.SLOT);
  memory.copy(made + Slot.KEY, way, 32);
  return readNumber(made + Slot.VALUE, 32) && content != contentEnd ? made : refused(made);
}

function account(at: u32, end: u32): u32 {
  if (readItem(at, end) != end || !isList) return 0;
  const made = newNode(Kind.ACCOUNT);
  memory.copy(made + Account.KEY, way, 32);
  at = readItem(content, end);
  if (at == 0 || !readNumber(made + Account.NONCE, 8)) return refused(made);
  store<u64>(made, bswap<u64>(load<u64>(made, Account.NONCE)), Account.NONCE);
  at = readItem(at, end);
  if (at == 0 || !readNumber(made + Account.BALANCE, 32)) return refused(made);
  if (end - at != 66 || load<u8>(at) != HASH_ITEM || load<u8>(at, 33) != HASH_ITEM) return refused(made);
  if (memory.compare(at + 1, empty, 32) != 0) store<u32>(made, newBlind(at + 1), Account.STORAGE);
  memory.copy(made + Account.CODE_HASH, at + 34, 32);
  return made;
}

/** The item read last as a number of so many bytes, big-endian; false where it is none. */
function readNumber(out: u32, size: u32): bool {
  const length = contentEnd - content;
  if (isList || length > size || (length > 0 && load<u8>(content) == 0)) return false;
  memory.copy(out + size - length, content, length);
  return true;
}

/** Reads the item at `at`; returns its end, 0 where none ends by `end`, or it is not the shortest form. */
function readItem(at: u32, end: u32): u32 {
  if (at >= end) return 0;
  const prefix: u32 = load<u8>(at);
  isList = prefix >= LIST;
  if (prefix < EMPTY) {
    content = at;
    contentEnd = at + 1;
    return contentEnd;
  }
  const short = prefix - (isList ? LIST : EMPTY);
  let length = short;
  content = at + 1;
  if (short > 55) {
    const digits = short - 55;
    // No node is longer than two bytes say.
    if (digits > 2 || end - content < digits || load<u8>(content) == 0) return 0;
    length = digits == 1 ? load<u8>(content) : (u32(load<u8>(content)) << 8) | load<u8>(content, 1);
    if (length < 56) return 0;
    content += digits;
  }
  if (length > end - content) return 0;
  contentEnd = content + length;
  if (!isList && length == 1 && load<u8>(content) < EMPTY) return 0;
  return contentEnd;
}

function setWay(at: u32, digit: u32): void {
  const byte: u32 = load<u8>(way + (at >> 1));
  store<u8>(way + (at >> 1), at & 1 ? (byte & 0xf0) | digit : (byte & 15) | (digit << 4));
}

function refused(made: u32): u32 {
  release(made);
  return 0;
}
