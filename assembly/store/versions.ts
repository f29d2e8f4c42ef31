// Version lists: per location, newest first by (transaction, incarnation). Nodes are inserted, never unlinked; their
// values never change; their life only moves LIVE → ESTIMATE → DEAD.
//
// `resolve` is the one resolver: execution, validation and decoding all ask it.

import {
  ABSENT_LENGTH, BaseFlag, CONTROL_BASE, Control, FOLD_INCARNATION, Kind, Location, ReadResult, Version,
  VersionFlag,
} from "../layout";
import * as shared from "../base/shared";
import { fault } from "../base/shared";
import { Fault } from "../base/faults";
import * as u256 from "../base/u256";
import { allocate } from "../base/arena";
import { headOf, kindOf, nodeIn, resetOf } from "./locations";

// What the last `resolve` of this instance found beside the value.
/** Version node that the value came from, 0 for the base value; of a sum of credits the newest one. */
export let resolvedNode: u32 = 0;
/** RESET version that emptied the slot, 0 for none. */
export let resolvedReset: u32 = 0;
/** Whether several versions took part in the value. */
export let resolvedFolded: bool = false;
/** After BLOCKED: the transaction whose value is awaited. */
export let blockedBy: u32 = 0;

/** META of the lowest version that the transaction at hand may see: the first of its lane. */
let floor: u32 = 0;

/** Says which lane the reads and validations to come belong to, by its first transaction; 0 for all of the block. */
// @ts-ignore: decorator
@inline
export function enterLane(first: u32): void {
  floor = first << 12;
}

// @ts-ignore: decorator
@inline
export function transactionOf(meta: u32): u32 {
  return meta >> 12;
}

// @ts-ignore: decorator
@inline
function metaOf(transaction: u32, incarnation: u32, flags: u32): u32 {
  return (transaction << 12) | (incarnation << 4) | flags;
}

/** A filled-in node that is not linked yet; 0 when memory is exhausted. `flags` is LIVE, with DELTA for a credit. */
export function createVersion(transaction: u32, incarnation: u32, flags: u32, value: u32): u32 {
  const node = allocate(Version.SIZE);
  if (node == 0) return 0;
  if (fault(Fault.CREDIT_IS_ABSOLUTE)) flags = VersionFlag.LIVE;
  shared.prepare(node, Version.META, metaOf(transaction, incarnation, flags));
  u256.copy(node + Version.VALUE, value);
  return node;
}

/**
 * Links a node into its location's list. Called by the transaction's owner, or by whoever committed it (folds).
 *
 * Linearises: at the compare-and-swap of the predecessor's NEXT (or the list's head).
 * Order: the node's contents, NEXT included, before the swap: whoever sees the node sees all of it
 *   (test/model/versions: "no insertion is lost").
 * Progress: lock-free; since nothing is unlinked, a lost swap only means a neighbour was inserted first.
 */
export function link(location: u32, node: u32): void {
  const key = shared.read(node, Version.META) >> 4;
  while (true) {
    const head = shared.read64(location, Location.VERSIONS);
    const first = fault(Fault.LINK_TO_OLD_LIST) ? u32(head) : nodeIn(head);
    if (first != 0 && shared.read(first, Version.META) >> 4 > key) return linkBehind(first, key, node);
    shared.prepare(node, Version.NEXT, first);
    if (fault(Fault.LINK_WITHOUT_SWAP)) {
      shared.write64(location, Location.VERSIONS, headOf(node));
      return;
    }
    if (shared.swapIf64(location, Location.VERSIONS, head, headOf(node))) return;
  }
}

/** Links a node somewhere behind `holder`, which is newer. */
function linkBehind(holder: u32, key: u32, node: u32): void {
  while (true) {
    const next = shared.read(holder, Version.NEXT);
    if (next != 0 && shared.read(next, Version.META) >> 4 > key) {
      holder = next;
      continue;
    }
    shared.prepare(node, Version.NEXT, next);
    if (fault(Fault.LINK_WITHOUT_SWAP)) {
      shared.write(holder, Version.NEXT, node);
      return;
    }
    if (shared.swapIf(holder, Version.NEXT, next, node)) return;
  }
}

/** Newest version of a location in this block, 0 for none. */
// @ts-ignore: decorator
@inline
export function newestOf(location: u32): u32 {
  return nodeIn(shared.read64(location, Location.VERSIONS));
}

/** LIVE → ESTIMATE: the value is about to be computed again. */
export function markEstimate(node: u32): void {
  const meta = shared.read(node, Version.META);
  if ((meta & VersionFlag.LIFE_MASK) != VersionFlag.LIVE) return;
  shared.swapIf(node, Version.META, meta, meta + (VersionFlag.ESTIMATE - VersionFlag.LIVE));
}

/** → DEAD, from any state: the value belongs to an incarnation that no longer counts. */
export function kill(node: u32): void {
  while (true) {
    const meta = shared.read(node, Version.META);
    if ((meta & VersionFlag.LIFE_MASK) == VersionFlag.DEAD) return;
    if (shared.swapIf(node, Version.META, meta, (meta & ~VersionFlag.LIFE_MASK) | VersionFlag.DEAD)) return;
  }
}

/**
 * Resolves what transaction `transaction` sees at `location`: writes the value to `out` (32 bytes) and says how it came
 * about in `resolvedNode`, `resolvedReset`, `resolvedFolded`; or BLOCKED (see `blockedBy`), or MISSING.
 *
 * Any thread may call it at any time. The answer is final once every transaction below `transaction` is committed.
 */
export function resolve(location: u32, transaction: u32, out: u32): u32 {
  resolvedReset = 0;
  resolvedFolded = false;
  resolvedNode = 0;
  const kind = kindOf(location);
  let resetKey: u32 = 0;
  if (kind == Kind.STORAGE && !fault(Fault.RESET_IGNORED)) {
    const reset = newestBelow(newestOf(resetOf(location)), transaction);
    if (reset != 0) {
      const meta = shared.read(reset, Version.META);
      if ((meta & VersionFlag.LIFE_MASK) == VersionFlag.ESTIMATE) {
        blockedBy = transactionOf(meta);
        return ReadResult.BLOCKED;
      }
      resolvedReset = reset;
      resetKey = transactionOf(meta);
    }
  }
  let node = newestBelow(newestOf(location), transaction);
  if (node == 0) {
    if (resolvedReset != 0) {
      u256.clear(out);
      return ReadResult.VALUE;
    }
    return base(location, kind, out);
  }
  let meta = shared.read(node, Version.META);
  // A write of the transaction that emptied the account came after the emptying.
  if (resolvedReset != 0 && transactionOf(meta) < resetKey) {
    u256.clear(out);
    return ReadResult.VALUE;
  }
  resolvedReset = 0;
  resolvedNode = node;
  if ((meta & VersionFlag.LIFE_MASK) == VersionFlag.ESTIMATE) {
    blockedBy = transactionOf(meta);
    return ReadResult.BLOCKED;
  }
  u256.copy(out, node + Version.VALUE);
  if ((meta & VersionFlag.DELTA) == 0) return ReadResult.VALUE;

  // A credit: add up what lies below until an absolute value.
  resolvedFolded = true;
  while (true) {
    node = newestBelow(shared.read(node, Version.NEXT), transactionOf(meta));
    if (node == 0) return addBase(location, kind, out);
    meta = shared.read(node, Version.META);
    if ((meta & VersionFlag.LIFE_MASK) == VersionFlag.ESTIMATE) {
      blockedBy = transactionOf(meta);
      return ReadResult.BLOCKED;
    }
    u256.add(out, out, node + Version.VALUE);
    if ((meta & VersionFlag.DELTA) == 0) return ReadResult.VALUE;
  }
}

/** First node from `node` on that is not DEAD and was written below `transaction`, in its lane; 0 for none. */
function newestBelow(node: u32, transaction: u32): u32 {
  const limit = transaction << 12;
  while (node != 0) {
    const meta = shared.read(node, Version.META);
    if (meta < limit && (meta & VersionFlag.LIFE_MASK) != VersionFlag.DEAD) {
      return meta < floor && !fault(Fault.LANES_IGNORED) ? 0 : node;
    }
    node = shared.read(node, Version.NEXT);
  }
  return 0;
}

/** Whether a STORAGE location's base value, known or not, went when the account's storage was emptied. */
export function isEmptied(location: u32): bool {
  if (fault(Fault.GENERATION_IGNORED)) return false;
  return shared.read(resetOf(location), Location.EMPTIED) > shared.read(location, Location.GENERATION);
}

/** Address of a location's base value, 0 where none is known or it was emptied. Fixed while a block runs. */
export function baseOf(location: u32): u32 {
  if ((shared.read(location, Location.BASE) & BaseFlag.KNOWN) == 0) return 0;
  return kindOf(location) == Kind.STORAGE && isEmptied(location) ? 0 : location + Location.VALUE;
}

function base(location: u32, kind: u32, out: u32): u32 {
  const value = baseOf(location);
  if (value != 0) {
    u256.copy(out, value);
    return ReadResult.VALUE;
  }
  u256.clear(out);
  if (kind == Kind.DATA) store<u32>(out, ABSENT_LENGTH, 4);
  if (kind == Kind.DATA || kind == Kind.NUMBER || kind == Kind.RESET) return ReadResult.VALUE;
  if (kind == Kind.STORAGE && isEmptied(location)) return ReadResult.VALUE;
  if (kind == Kind.BLOCK_HASH) return ReadResult.MISSING;
  return load<u32>(CONTROL_BASE, Control.STATE_COMPLETE) != 0 ? ReadResult.VALUE : ReadResult.MISSING;
}

function addBase(location: u32, kind: u32, out: u32): u32 {
  const value = baseOf(location);
  if (value != 0) {
    u256.add(out, out, value);
    return ReadResult.VALUE;
  }
  if (kind == Kind.NUMBER || load<u32>(CONTROL_BASE, Control.STATE_COMPLETE) != 0) return ReadResult.VALUE;
  return ReadResult.MISSING;
}

/** Whether two values of `kind` are the same: bytes by content, everything else by its 32 bytes. */
export function sameValue(kind: u32, left: u32, right: u32): bool {
  if (kind != Kind.DATA) return u256.equal(left, right);
  const length = load<u32>(left, 4);
  if (length != load<u32>(right, 4)) return false;
  return length == ABSENT_LENGTH || memory.compare(load<u32>(left), load<u32>(right), length) == 0;
}

/**
 * Puts an absolute value over a committed credit, so that later readers need not add up the whole list again. Called
 * after the commit of `transaction`, by any worker; losing it, or doing it twice, changes nothing.
 */
export function fold(location: u32, transaction: u32, scratch: u32): void {
  if (resolve(location, transaction + 1, scratch) != ReadResult.VALUE || !resolvedFolded) return;
  createAbsolute(location, transaction, scratch);
}

/** Puts `value` over all versions of transactions up to `transaction`, which are committed; false: no memory. */
export function createAbsolute(location: u32, transaction: u32, value: u32): bool {
  const node = createVersion(transaction, FOLD_INCARNATION, VersionFlag.LIVE, value);
  if (node != 0) link(location, node);
  return node != 0;
}
