// Nodes in their encoding, and the hashes of those that have changed.

import { keccak256 } from "../base/keccak256";
import { stringSize, writeHeader, writeString } from "../roots/rlp";
import { leadingZeros, writeAccountFields } from "../roots/state";
import { digitOf, packPath } from "../roots/trie";
import {
  Account,
  Branch,
  Extension,
  Kind,
  Node,
  Slot,
  childOf,
  isLeaf,
  kindOf,
  setReference,
} from "./node";

/** The longest encoding: a branch of sixteen hashes. */
export const LONGEST: u32 = 16 * 33 + 1 + 3;
/** The longest header of a node. */
const HEADER: u32 = 3;
/** Path of a leaf, its value, and the storage root in it, before they are put together. */
const PARTS: u32 = 256;

/** Bytes that encoding needs for itself. */
export const SCRATCH: u32 = 1024 + PARTS;

let scratch: u32 = 0;
let parts: u32 = 0;
/** Root of the empty trie. */
let empty: u32 = 0;
let length: u32 = 0;

export function resetEncoding(at: u32, emptyRoot: u32): void {
  scratch = at;
  parts = at + 1024;
  empty = emptyRoot;
  store<u8>(scratch, 0x80);
  keccak256(empty, scratch, 1);
}

/** Writes the root of a trie, or of none, to `out`. */
export function rootOf(out: u32, root: u32): void {
  if (root == 0) {
    memory.copy(out, empty, 32);
    return;
  }
  refer(root, 0);
  const size: u32 = load<u8>(root, Node.REFERENCE_LENGTH);
  if (size == 32) memory.copy(out, root + Node.REFERENCE, 32);
  else keccak256(out, root + Node.REFERENCE, size);
}

/** Sees to the reference of a node at a depth, and to those of all below it. */
function refer(node: u32, depth: u32): void {
  if (load<u8>(node, Node.REFERENCE_LENGTH) != 0) return;
  const start = encode(node, depth);
  if (length < 32) return setReference(node, start, length);
  keccak256(node + Node.REFERENCE, start, length);
  store<u8>(node, 32, Node.REFERENCE_LENGTH);
}

/** Encodes a node that is not blind; returns where. */
function encode(node: u32, depth: u32): u32 {
  const content = scratch + HEADER;
  if (isLeaf(node)) return leaf(node, depth, content);
  let end = content;
  if (kindOf(node) == Kind.EXTENSION) {
    const to: u32 = load<u8>(node, Extension.TO);
    const child = load<u32>(node, Extension.CHILD);
    refer(child, to);
    end = writeString(end, parts, packPath(parts, node + Extension.KEY, load<u8>(node, Extension.FROM), to, 0));
    return finished(content, writeReference(end, child));
  }
  for (let digit: u32 = 0; digit < 16; digit++) {
    const child = childOf(node, digit);
    if (child != 0) refer(child, depth + 1);
  }
  for (let digit: u32 = 0; digit < 16; digit++) {
    const child = childOf(node, digit);
    if (child != 0) end = writeReference(end, child);
    else {
      store<u8>(end, 0x80);
      end += 1;
    }
  }
  store<u8>(end, 0x80);
  return finished(content, end + 1);
}

function leaf(node: u32, depth: u32, content: u32): u32 {
  const value = parts + 64;
  let valueEnd: u32;
  if (kindOf(node) == Kind.ACCOUNT) {
    const root = parts + 200;
    rootOf(root, load<u32>(node, Account.STORAGE));
    const nonce = load<u64>(node, Account.NONCE);
    valueEnd = writeAccountFields(value, nonce, node + Account.BALANCE, root, node + Account.CODE_HASH);
  } else {
    const zeros = leadingZeros(node + Slot.VALUE);
    valueEnd = writeString(value, node + Slot.VALUE + zeros, 32 - zeros);
  }
  const end = writeString(content, parts, packPath(parts, node + Slot.KEY, depth, 64, 2));
  return finished(content, writeString(end, value, valueEnd - value));
}

function writeReference(at: u32, node: u32): u32 {
  const size: u32 = load<u8>(node, Node.REFERENCE_LENGTH);
  if (size == 32) return writeString(at, node + Node.REFERENCE, 32);
  memory.copy(at, node + Node.REFERENCE, size);
  return at + size;
}

/** Puts the header of a list in front of its content. */
function finished(content: u32, end: u32): u32 {
  const size = end - content;
  const header: u32 = size < 56 ? 1 : size < 256 ? 2 : 3;
  writeHeader(content - header, 0xc0, size);
  length = size + header;
  return content - header;
}

/** What the nodes of a proof are written as: how long each is, and its bytes. */
const LENGTH: u32 = 4;
/** Nodes of a path, at most. */
const LEVELS: u32 = 65;
export const PROOF_ROOM: u32 = 64 + LEVELS * (LENGTH + ((LONGEST + 3) & ~3));

/** Writes the nodes on the way of a key, from the root down, as far as they are known; returns the end. */
export function writeProof(out: u32, root: u32, key: u32): u32 {
  if (root == 0) return out;
  refer(root, 0);
  let node = root;
  let depth: u32 = 0;
  while (node != 0 && kindOf(node) != Kind.BLIND) {
    // A node inside its parent has been written with it.
    if (depth == 0 || load<u8>(node, Node.REFERENCE_LENGTH) == 32) {
      const start = encode(node, depth);
      store<u32>(out, length);
      memory.copy(out + LENGTH, start, length);
      out += LENGTH + ((length + 3) & ~3);
    }
    if (isLeaf(node)) break;
    if (kindOf(node) == Kind.BRANCH) {
      node = childOf(node, digitOf(key, depth));
      depth += 1;
      continue;
    }
    const to: u32 = load<u8>(node, Extension.TO);
    while (depth < to && digitOf(key, depth) == digitOf(node + Extension.KEY, depth)) depth++;
    if (depth < to) break;
    node = load<u32>(node, Extension.CHILD);
  }
  return out;
}
