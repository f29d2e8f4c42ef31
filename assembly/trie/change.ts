// Looking for keys, putting and removing them. What operations give back beside a node is the outcome.

import { digitOf } from "../roots/trie";
import {
  Extension,
  Kind,
  Slot,
  childOf,
  drop,
  hasRoom,
  isLeaf,
  kindOf,
  makeDirty,
  newExtension,
  newNode,
  owned,
  release,
  setChild,
} from "./node";

/** How the last operation went. */
export abstract class Outcome {
  /** 0: it is done; otherwise nothing has changed. */
  static readonly STATUS: u32 = 0;
  /** The blind node that it came to. */
  static readonly NODE: u32 = 4;
  /** Half bytes of the way there. */
  static readonly DEPTH: u32 = 8;
  static readonly PATH: u32 = 16;
  static readonly SIZE: u32 = 48;
}

export abstract class Status {
  static readonly DONE: u32 = 0;
  static readonly BLIND: u32 = 1;
  static readonly FULL: u32 = 2;
  static readonly MALFORMED: u32 = 3;
}

const KEY_DIGITS: u32 = 64;

let outcome: u32 = 0;
let key: u32 = 0;
let leaf: u32 = 0;

export function resetOutcome(at: u32): void {
  outcome = at;
  memory.fill(at, 0, Outcome.SIZE);
}

export function setStatus(status: u32): void {
  store<u32>(outcome, status, Outcome.STATUS);
}

function isBlind(node: u32, way: u32, depth: u32): void {
  setStatus(Status.BLIND);
  store<u32>(outcome, node, Outcome.NODE);
  store<u32>(outcome, depth, Outcome.DEPTH);
  memory.copy(outcome + Outcome.PATH, way, 32);
}

/** The leaf of a key; 0 where there is none, or where the outcome says that nobody knows. */
export function find(root: u32, wanted: u32): u32 {
  return search(root, wanted, false);
}

/** @param leaving whether it is to be removed, which may take one node more */
function search(root: u32, wanted: u32, leaving: bool): u32 {
  setStatus(Status.DONE);
  let node = root;
  let depth: u32 = 0;
  let parent: u32 = 0;
  while (node != 0) {
    const kind = kindOf(node);
    if (kind == Kind.BRANCH) {
      parent = node;
      node = childOf(node, digitOf(wanted, depth));
      depth += 1;
    } else if (kind == Kind.EXTENSION) {
      const to: u32 = load<u8>(node, Extension.TO);
      if (sharedBy(wanted, node + Extension.KEY, depth, to) < to) return 0;
      node = load<u32>(node, Extension.CHILD);
      depth = to;
    } else if (kind == Kind.BLIND) {
      isBlind(node, wanted, depth);
      return 0;
    } else {
      if (sharedBy(wanted, node + Slot.KEY, depth, KEY_DIGITS) < KEY_DIGITS) return 0;
      return leaving && parent != 0 && leavesBlind(parent, node, wanted, depth) ? 0 : node;
    }
  }
  return 0;
}

/** Whether a branch without one of its children would be another's parent alone, of which nobody knows the kind. */
function leavesBlind(branch: u32, without: u32, way: u32, depth: u32): bool {
  let left: u32 = 0;
  let place: u32 = 0;
  for (let digit: u32 = 0; digit < 16; digit++) {
    const child = childOf(branch, digit);
    if (child == 0 || digit == digitOf(way, depth - 1)) continue;
    if (left != 0) return false;
    left = child;
    place = digit;
  }
  if (kindOf(left) != Kind.BLIND) return false;
  isBlind(left, way, depth);
  setDigit(outcome + Outcome.PATH, depth - 1, place);
  return true;
}

/** Puts a new leaf, which has its key; gives the new root. Takes the references to the old one and to the leaf. */
export function put(root: u32, added: u32): u32 {
  leaf = added;
  key = added + Slot.KEY;
  search(root, key, false);
  if (load<u32>(outcome, Outcome.STATUS) != Status.DONE) {
    release(added);
    return root;
  }
  return putBelow(root, 0);
}

function putBelow(node: u32, depth: u32): u32 {
  if (node == 0) return leaf;
  if (kindOf(node) == Kind.BRANCH) {
    const branch = owned(node);
    const digit = digitOf(key, depth);
    setChild(branch, digit, putBelow(childOf(branch, digit), depth + 1));
    return branch;
  }
  if (isLeaf(node)) {
    const shared = sharedBy(key, node + Slot.KEY, depth, KEY_DIGITS);
    if (shared == KEY_DIGITS) {
      release(node);
      return leaf;
    }
    return forked(depth, shared, digitOf(node + Slot.KEY, shared), owned(node));
  }
  const to: u32 = load<u8>(node, Extension.TO);
  const shared = sharedBy(key, node + Extension.KEY, depth, to);
  const extension = owned(node);
  const child = load<u32>(extension, Extension.CHILD);
  if (shared == to) {
    store<u32>(extension, putBelow(child, to), Extension.CHILD);
    return extension;
  }
  const digit = digitOf(extension + Extension.KEY, shared);
  if (shared + 1 == to) {
    drop(extension);
    return forked(depth, shared, digit, child);
  }
  store<u8>(extension, shared + 1, Extension.FROM);
  return forked(depth, shared, digit, extension);
}

/** What leads to the new leaf, and by another half byte to what was there. */
function forked(depth: u32, shared: u32, digit: u32, other: u32): u32 {
  const branch = newNode(Kind.BRANCH);
  setChild(branch, digit, other);
  setChild(branch, digitOf(key, shared), leaf);
  return shared > depth ? newExtension(key, depth, shared, branch) : branch;
}

/** Removes a key, if it is there; gives the root after that. Takes the reference to `root`. */
export function remove(root: u32, wanted: u32): u32 {
  if (search(root, wanted, true) == 0) return root;
  if (!hasRoom()) {
    setStatus(Status.FULL);
    return root;
  }
  key = wanted;
  return removeBelow(root, 0);
}

/** The key is there, and all nodes are that it takes. */
function removeBelow(node: u32, depth: u32): u32 {
  if (isLeaf(node)) {
    release(node);
    return 0;
  }
  if (kindOf(node) == Kind.EXTENSION) {
    const extension = owned(node);
    const child = removeBelow(load<u32>(extension, Extension.CHILD), load<u8>(extension, Extension.TO));
    if (kindOf(child) == Kind.BRANCH) {
      store<u32>(extension, child, Extension.CHILD);
      return extension;
    }
    drop(extension);
    return lifted(child, depth);
  }
  const branch = owned(node);
  const digit = digitOf(key, depth);
  const child = removeBelow(childOf(branch, digit), depth + 1);
  setChild(branch, digit, child);
  return child == 0 ? withoutBranch(branch, depth) : branch;
}

/** What comes of a branch that has lost a child: where only one is left, it takes the branch's place. */
function withoutBranch(branch: u32, depth: u32): u32 {
  let left: u32 = 0;
  let place: u32 = 0;
  for (let digit: u32 = 0; digit < 16; digit++) {
    const child = childOf(branch, digit);
    if (child == 0) continue;
    if (left != 0) return branch;
    left = child;
    place = digit;
  }
  drop(branch);
  if (kindOf(left) != Kind.BRANCH) return lifted(owned(left), depth);
  const extension = newExtension(key, depth, depth + 1, left);
  setDigit(extension + Extension.KEY, depth, place);
  return extension;
}

/** A leaf or an extension that begins further up: they know the way from the root on. */
function lifted(node: u32, depth: u32): u32 {
  makeDirty(node);
  if (kindOf(node) == Kind.EXTENSION) store<u8>(node, depth, Extension.FROM);
  return node;
}

/** Up to where two keys agree that do so up to `from`; at most `to`. */
function sharedBy(left: u32, right: u32, from: u32, to: u32): u32 {
  let at = from;
  while (at < to && digitOf(left, at) == digitOf(right, at)) at++;
  return at;
}

function setDigit(path: u32, at: u32, digit: u32): void {
  const byte: u32 = load<u8>(path + (at >> 1));
  store<u8>(path + (at >> 1), at & 1 ? (byte & 0xf0) | digit : (byte & 15) | (digit << 4));
}
