// The nodes of tries in memory: their layout, room for them, and who refers to them.

/** What all nodes begin with. A record that is free has the next one at REFS. */
export abstract class Node {
  static readonly REFS: u32 = 0;
  static readonly KIND: u32 = 4;
  /** 32: a hash; less: the node's own encoding; 0: not known since the node has changed. */
  static readonly REFERENCE_LENGTH: u32 = 5;
  static readonly REFERENCE: u32 = 8;
  static readonly SIZE: u32 = 40;
}

export abstract class Kind {
  static readonly BLIND: u32 = 0;
  static readonly BRANCH: u32 = 1;
  static readonly EXTENSION: u32 = 2;
  static readonly SLOT: u32 = 3;
  static readonly ACCOUNT: u32 = 4;
}

export abstract class Branch {
  static readonly CHILDREN: u32 = 40;
  static readonly SIZE: u32 = 104;
}

/** The half bytes FROM … TO of KEY lead to a branch. Those before are those of the way to it. */
export abstract class Extension {
  static readonly CHILD: u32 = 40;
  static readonly FROM: u32 = 44;
  static readonly TO: u32 = 45;
  static readonly KEY: u32 = 48;
  static readonly SIZE: u32 = 80;
}

/** Both kinds of leaves begin with the whole key. */
export abstract class Slot {
  static readonly KEY: u32 = 40;
  /** 32 bytes, big-endian, not zero. */
  static readonly VALUE: u32 = 72;
  static readonly SIZE: u32 = 104;
}

export abstract class Account {
  static readonly KEY: u32 = 40;
  static readonly BALANCE: u32 = 72;
  static readonly CODE_HASH: u32 = 104;
  static readonly NONCE: u32 = 136;
  /** Root node of its storage; 0: none. */
  static readonly STORAGE: u32 = 144;
  static readonly SIZE: u32 = 152;
}

/** What an operation may take at most: copies of the nodes of a path, and a few new ones. */
const ROOM: u32 = 16384;
const PAGE: u32 = 65536;
/** By which the memory grows at least, so that it does not grow often. */
const MORE: u32 = 64;

/** Where the room begins that no node was given yet. */
let top: u32 = 0;
let limit: u32 = 0;
/** Bytes of records that are free again. */
let free: u32 = 0;
/** The first free record of each kind. */
let lists: u32 = 0;

/** Lays nodes out from `start` on, in a memory of at most `pages`. */
export function resetNodes(start: u32, pages: u32): void {
  lists = start;
  memory.fill(lists, 0, 5 * 4);
  top = start + 24;
  limit = pages;
}

/** Whether there is room for an operation. */
export function hasRoom(): bool {
  const pages: u32 = memory.size();
  const needed = (top + ROOM + PAGE - 1) / PAGE;
  if (needed <= pages) return true;
  if (needed > limit) return false;
  if (memory.grow(min(max<u32>(MORE, pages >> 1), limit - pages)) >= 0) return true;
  return memory.grow(needed - pages) >= 0;
}

/** Bytes that nodes take. */
export function bytesInUse(): u32 {
  return top - lists - 24 - free;
}

// @ts-ignore: decorator
@inline
export function kindOf(node: u32): u32 {
  return load<u8>(node, Node.KIND);
}

// @ts-ignore: decorator
@inline
export function isLeaf(node: u32): bool {
  return kindOf(node) >= Kind.SLOT;
}

function sizeOf(kind: u32): u32 {
  if (kind == Kind.BLIND) return Node.SIZE;
  if (kind == Kind.EXTENSION) return Extension.SIZE;
  return kind == Kind.ACCOUNT ? Account.SIZE : Branch.SIZE;
}

/** A dirty node, with one reference to it. */
export function newNode(kind: u32): u32 {
  const size = sizeOf(kind);
  const list = lists + kind * 4;
  let node = load<u32>(list);
  if (node != 0) {
    store<u32>(list, load<u32>(node));
    free -= size;
  } else {
    node = top;
    top += size;
  }
  memory.fill(node, 0, size);
  store<u32>(node, 1, Node.REFS);
  store<u8>(node, kind, Node.KIND);
  return node;
}

/** A node of which the hash is known. */
export function newBlind(hash: u32): u32 {
  const node = newNode(Kind.BLIND);
  setReference(node, hash, 32);
  return node;
}

export function setReference(node: u32, bytes: u32, length: u32): void {
  memory.copy(node + Node.REFERENCE, bytes, length);
  store<u8>(node, length, Node.REFERENCE_LENGTH);
}

// @ts-ignore: decorator
@inline
export function makeDirty(node: u32): void {
  store<u8>(node, 0, Node.REFERENCE_LENGTH);
}

export function retain(node: u32): u32 {
  if (node != 0) store<u32>(node, load<u32>(node, Node.REFS) + 1, Node.REFS);
  return node;
}

/** One reference less; without any, the node goes, and those that it has. */
export function release(node: u32): void {
  if (node == 0) return;
  const refs = load<u32>(node, Node.REFS) - 1;
  store<u32>(node, refs, Node.REFS);
  if (refs > 0) return;
  const kind = kindOf(node);
  if (kind == Kind.BRANCH) {
    for (let digit: u32 = 0; digit < 16; digit++) release(childOf(node, digit));
  } else if (kind == Kind.EXTENSION) release(load<u32>(node, Extension.CHILD));
  else if (kind == Kind.ACCOUNT) release(load<u32>(node, Account.STORAGE));
  drop(node);
}

/** Gives a record back whose children are somebody else's by now. */
export function drop(node: u32): void {
  const kind = kindOf(node);
  const list = lists + kind * 4;
  store<u32>(node, load<u32>(list));
  store<u32>(list, node);
  free += sizeOf(kind);
}

/** The node as one that may be changed: itself where nobody else refers to it, else a copy, dirty in either case. */
export function owned(node: u32): u32 {
  const refs = load<u32>(node, Node.REFS);
  if (refs == 1) {
    makeDirty(node);
    return node;
  }
  const kind = kindOf(node);
  const copy = newNode(kind);
  memory.copy(copy, node, sizeOf(kind));
  store<u32>(copy, 1, Node.REFS);
  store<u32>(node, refs - 1, Node.REFS);
  if (kind == Kind.BRANCH) {
    for (let digit: u32 = 0; digit < 16; digit++) retain(childOf(copy, digit));
  } else if (kind == Kind.EXTENSION) retain(load<u32>(copy, Extension.CHILD));
  else if (kind == Kind.ACCOUNT) retain(load<u32>(copy, Account.STORAGE));
  makeDirty(copy);
  return copy;
}

// @ts-ignore: decorator
@inline
export function childOf(branch: u32, digit: u32): u32 {
  return load<u32>(branch + digit * 4, Branch.CHILDREN);
}

// @ts-ignore: decorator
@inline
export function setChild(branch: u32, digit: u32, child: u32): void {
  store<u32>(branch + digit * 4, child, Branch.CHILDREN);
}

/** An extension over `child`, along half bytes of a key. */
export function newExtension(key: u32, from: u32, to: u32, child: u32): u32 {
  const node = newNode(Kind.EXTENSION);
  memory.copy(node + Extension.KEY, key, 32);
  store<u8>(node, from, Extension.FROM);
  store<u8>(node, to, Extension.TO);
  store<u32>(node, child, Extension.CHILD);
  return node;
}
