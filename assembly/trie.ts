// The ABI of a third module, for one thread and a memory of its own: tries that stay, and change (trie/README.md).

import { KECCAK_SCRATCH } from "./layout";
import { keccak256, resetKeccak } from "./base/keccak256";
import { digitOf } from "./roots/trie";
import { Outcome, Status, find as findLeaf, put, remove as removeKey, resetOutcome, setStatus } from "./trie/change";
import { decode } from "./trie/decode";
import { PROOF_ROOM, SCRATCH, resetEncoding, writeProof } from "./trie/encode";
import {
  Account,
  Branch,
  Extension,
  Kind,
  Node,
  Slot,
  childOf,
  hasRoom,
  kindOf,
  newBlind,
  newNode,
  release,
  resetNodes,
  setChild,
  setReference,
} from "./trie/node";

export { keccak256 } from "./base/keccak256";
export { rootOf } from "./trie/encode";
export { bytesInUse, release, retain } from "./trie/node";

const FIRST: u32 = 2048;
const EMPTY: u32 = FIRST + KECCAK_SCRATCH;
const OUTCOME: u32 = EMPTY + 32;
const ENCODING: u32 = OUTCOME + Outcome.SIZE;
/** What the caller writes to and reads from. */
const EXCHANGE: u32 = (ENCODING + SCRATCH + 15) & ~15;
const NODES: u32 = (EXCHANGE + PROOF_ROOM + 15) & ~15;

/** Where Outcome is; the caller's own room is behind it, at `exchange`. To be called once. */
export function layOut(pages: u32): u32 {
  resetKeccak(FIRST);
  resetOutcome(OUTCOME);
  resetEncoding(ENCODING, EMPTY);
  resetNodes(NODES, pages);
  return OUTCOME;
}

/** Where the caller's room begins: 34 kB. */
export function exchange(): u32 {
  return EXCHANGE;
}

/** The leaf of a key; 0: there is none, unless the outcome says that a node is blind. */
export function find(root: u32, key: u32): u32 {
  return findLeaf(root, key);
}

/** Root node of an account's storage. */
export function storageOf(account: u32): u32 {
  return load<u32>(account, Account.STORAGE);
}

/** Puts 32 bytes of value, not all zero; gives the new root. Takes the reference to the old one. */
export function putSlot(root: u32, key: u32, value: u32): u32 {
  const leaf = added(Kind.SLOT, key);
  if (leaf == 0) return root;
  memory.copy(leaf + Slot.VALUE, value, 32);
  return put(root, leaf);
}

/**
 * Puts an account: 32 bytes of balance, 32 of code hash, 8 of nonce (little-endian), at `fields`. Gives the new root,
 * and takes the references to the old one and to `storage`.
 */
export function putAccount(root: u32, key: u32, fields: u32, storage: u32): u32 {
  const leaf = added(Kind.ACCOUNT, key);
  if (leaf == 0) {
    release(storage);
    return root;
  }
  memory.copy(leaf + Account.BALANCE, fields, 72);
  store<u32>(leaf, storage, Account.STORAGE);
  return put(root, leaf);
}

function added(kind: u32, key: u32): u32 {
  if (!hasRoom()) {
    setStatus(Status.FULL);
    return 0;
  }
  const leaf = newNode(kind);
  memory.copy(leaf + Slot.KEY, key, 32);
  return leaf;
}

/** Removes a key, where it is there; gives the new root. Takes the reference to the old one. */
export function remove(root: u32, key: u32): u32 {
  return removeKey(root, key);
}

/** The root of a trie of which only its hash is known; 0 where there is no room. */
export function blind(hash: u32): u32 {
  if (!hasRoom()) return 0;
  return newBlind(hash);
}

/**
 * Puts a node in the place of a blind one, which it has the hash of. Gives the root, another one where it was that; the
 * outcome says whether the bytes are a node.
 * @param path to the place, in 32 bytes, which are written to
 * @param kind of the trie's leaves: Kind.SLOT or Kind.ACCOUNT
 */
export function attach(root: u32, path: u32, depth: u32, bytes: u32, length: u32, kind: u32): u32 {
  if (!hasRoom()) {
    setStatus(Status.FULL);
    return root;
  }
  setStatus(Status.DONE);
  let parent: u32 = 0;
  let node = root;
  for (let at: u32 = 0; at < depth; ) {
    parent = node;
    if (kindOf(node) == Kind.BRANCH) {
      node = childOf(node, digitOf(path, at));
      at += 1;
    } else {
      at = load<u8>(node, Extension.TO);
      node = load<u32>(node, Extension.CHILD);
    }
  }
  const digit = depth == 0 ? 0 : digitOf(path, depth - 1);
  const made = decode(bytes, length, path, depth, kind, EMPTY);
  // Below an extension stands a branch.
  const isWrong = parent != 0 && kindOf(parent) == Kind.EXTENSION && made != 0 && kindOf(made) != Kind.BRANCH;
  if (made == 0 || isWrong) {
    setStatus(Status.MALFORMED);
    release(made);
    return root;
  }
  setReference(made, node + Node.REFERENCE, 32);
  if (parent == 0) {
    release(node);
    return made;
  }
  if (kindOf(parent) == Kind.BRANCH) setChild(parent, digit, made);
  else store<u32>(parent, made, Extension.CHILD);
  release(node);
  return root;
}

/** Another root for an account's storage, of the same hash, in the place of one that is gone by now. */
export function setStorage(account: u32, storage: u32): void {
  store<u32>(account, storage, Account.STORAGE);
}

/** Writes the nodes on the way of a key to `exchange`; returns their end. */
export function proof(root: u32, key: u32): u32 {
  return writeProof(EXCHANGE + 64, root, key);
}
