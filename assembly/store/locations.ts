// The location table: full key → location index. Open addressing over `tag:8 | index:24` words, load ≤ 0.5, nothing is
// ever removed inside a block. A hash finds the place; only the full key decides.

import { CONTROL_BASE, Control, Kind, Location } from "../layout";
import { allocate } from "../base/arena";
import { hashIn, seed, sumOfAddress, sumOfWord } from "../base/keyed-hash";
import * as shared from "../base/shared";
import { fault } from "../base/shared";
import { Fault } from "../base/faults";
import * as u256 from "../base/u256";
import { touch } from "../base/worker";

// A location record that lost its race for the table: used for the next one. Per instance.
let spare: u32 = 0;

/** Number of the block that this instance has joined: what carries another number is of another block. */
export let block: u32 = 0;

/** Called by each worker when it joins a block. */
export function resetLocations(): void {
  spare = 0;
  block = load<u32>(CONTROL_BASE, Control.BLOCK);
}

/** The first node of a list, by its head (Location.VERSIONS): 0 where the head is of another block. */
// @ts-ignore: decorator
@inline
export function nodeIn(head: u64): u32 {
  return u32(head >> 32) == block || fault(Fault.EPOCH_IGNORED) ? u32(head) : 0;
}

/** The head of a list that begins with `node`, in this block. */
// @ts-ignore: decorator
@inline
export function headOf(node: u32): u64 {
  return (u64(block) << 32) | node;
}

// @ts-ignore: decorator
@inline
export function locationAt(index: u32): u32 {
  return load<u32>(CONTROL_BASE, Control.LOCATIONS) + index * Location.SIZE;
}

// @ts-ignore: decorator
@inline
export function kindOf(location: u32): u32 {
  return load<u8>(location, Location.KIND);
}

/** The RESET location of a STORAGE location's account. */
// @ts-ignore: decorator
@inline
export function resetOf(location: u32): u32 {
  return locationAt(load<u32>(location, Location.KIND) >> 8);
}

/**
 * Finds or adds the location of (kind, address, slot); `slot` may be 0 for the kinds without one. Returns its index, or
 * 0 when locations are exhausted. Any worker may call it.
 *
 * Linearises: at the compare-and-swap of the table word (added) or its read (found).
 * Order: the key is filled in before the word is published; a reader that sees the word sees the key
 *   (test/model/locations: "one key gets one location").
 * Progress: lock-free; a lost swap means some other key or worker took the place.
 */
export function locate(kind: u32, address: u32, slot: u32): u32 {
  let reset: u32 = 0;
  const hash = hashKey(kind, address, slot);
  const found = probe(hash, kind, address, slot, 0);
  if (found != 0) return found;
  if (kind == Kind.STORAGE) {
    reset = locate(Kind.RESET, address, 0);
    if (reset == 0) return 0;
  }
  const index = prepare(kind | (reset << 8), address, slot);
  if (index == 0) return 0;
  const winner = probe(hash, kind, address, slot, index);
  if (winner != index) spare = index;
  return winner;
}

/** Looks only; 0 when nobody added the key. */
export function lookup(kind: u32, address: u32, slot: u32): u32 {
  return probe(hashKey(kind, address, slot), kind, address, slot, 0);
}

/** Walks from the hash's place to the key or the first free word, which `candidate` (unless 0) then takes. */
function probe(hash: u32, kind: u32, address: u32, slot: u32, candidate: u32): u32 {
  const table = load<u32>(CONTROL_BASE, Control.TABLE);
  const mask = load<u32>(CONTROL_BASE, Control.TABLE_MASK);
  const tag = hash & 0xff000000;
  let place = hash & mask;
  while (true) {
    const field = place << 2;
    const word = shared.read(table, field);
    if (word == 0) {
      if (candidate == 0) return 0;
      if (fault(Fault.LOCATION_BEFORE_KEY)) {
        if (shared.swapIf(table, field, 0, tag | candidate)) {
          fill(locationAt(candidate), kind, address, slot);
          return candidate;
        }
        continue;
      }
      if (shared.swapIf(table, field, 0, tag | candidate)) return candidate;
      continue; // somebody took the place: perhaps with this very key
    }
    if ((word & 0xff000000) == tag) {
      const index = word & 0x00ffffff;
      const location = locationAt(index);
      touch(location + Location.VALUE);
      if (matches(location, kind, address, slot)) return index;
    }
    place = (place + 1) & mask;
  }
}

/** A filled-in location record that nobody else can see yet. */
function prepare(kindWord: u32, address: u32, slot: u32): u32 {
  let index = spare;
  spare = 0;
  if (index == 0) {
    const capacity = load<u32>(CONTROL_BASE, Control.LOCATION_CAPACITY);
    if (shared.read(CONTROL_BASE, Control.LOCATION_COUNT) >= capacity) return 0;
    index = shared.add(CONTROL_BASE, Control.LOCATION_COUNT, 1);
    if (index >= capacity) return 0;
  }
  const location = locationAt(index);
  shared.prepare64(location, Location.VERSIONS, 0);
  shared.prepare(location, Location.BASE, 0);
  shared.prepare(location, Location.GENERATION, 0);
  shared.prepare(location, Location.FOLDED, 0);
  store<u64>(location, 0, Location.ACCOUNT_WALK);
  store<u32>(location, 0, Location.WALK);
  if (fault(Fault.LOCATION_BEFORE_KEY)) {
    memory.fill(location + Location.KIND, 0, Location.SLOT - Location.KIND);
    return index;
  }
  return fill(location, kindWord, address, slot) ? index : 0;
}

function fill(location: u32, kindWord: u32, address: u32, slot: u32): bool {
  store<u32>(location, kindWord, Location.KIND);
  if (isFreeForm(kindWord & 0xff)) {
    const length = load<u32>(address, 4);
    const bytes = allocate(length);
    if (bytes == 0) return false;
    memory.copy(bytes, load<u32>(address), length);
    store<u32>(location, bytes, Location.ADDRESS);
    store<u32>(location, length, Location.ADDRESS + 4);
    return true;
  }
  u256.copyAddress(location + Location.ADDRESS, address);
  if (slot != 0) {
    u256.copy(location + Location.SLOT, slot);
    return true;
  }
  // The first word is a RESET's own.
  shared.prepare(location, Location.EMPTIED, 0);
  store<u32>(location + Location.SLOT, 0, 4);
  store<u64>(location + Location.SLOT, 0, 8);
  store<u64>(location + Location.SLOT, 0, 16);
  store<u64>(location + Location.SLOT, 0, 24);
  return true;
}

function matches(location: u32, kind: u32, address: u32, slot: u32): bool {
  if (fault(Fault.TAG_IS_IDENTITY)) return true;
  if (kindOf(location) != kind) return false;
  if (isFreeForm(kind)) {
    const length = load<u32>(address, 4);
    return load<u32>(location, Location.ADDRESS + 4) == length &&
      memory.compare(load<u32>(location, Location.ADDRESS), load<u32>(address), length) == 0;
  }
  if (load<u64>(location, Location.ADDRESS) != load<u64>(address)) return false;
  if (load<u64>(location, Location.ADDRESS + 8) != load<u64>(address, 8)) return false;
  if (load<u32>(location, Location.ADDRESS + 16) != load<u32>(address, 16)) return false;
  if (slot == 0) return true;
  for (let word: u32 = 0; word < 32; word += 8) {
    if (load<u64>(location + word, Location.SLOT) != load<u64>(slot + word)) return false;
  }
  return true;
}

// @ts-ignore: decorator
@inline
function isFreeForm(kind: u32): bool {
  return kind == Kind.DATA || kind == Kind.NUMBER;
}

/**
 * With secret seeds nobody can prepare keys that collide: base/keyed-hash.ts. What is asked for together lies together,
 * in one cache line of the table: the fields of an account, and eight slots that differ in their last three bits.
 */
function hashKey(kind: u32, address: u32, slot: u32): u32 {
  if (isFreeForm(kind)) return hashBytes(seed(0) + seed(1) * kind, load<u32>(address), load<u32>(address, 4));
  const sum = seed(0) + sumOfAddress(address);
  if (slot == 0) return neighbour(hashIn(sum), kind);
  const last = u32(load<u8>(slot, 31)) & GROUP;
  // Of the sum what those bits bring is taken off: seed 14 is that of the word's last four bytes.
  return neighbour(hashIn(sum + sumOfWord(slot) - seed(14) * (u64(last) << 24)), last);
}

/** Places that lie together, less one. */
const GROUP: u32 = 7;

/** The hash of number `member` of a group: its place in the group, and a tag of its own. */
// @ts-ignore: decorator
@inline
function neighbour(hash: u32, member: u32): u32 {
  return ((hash & ~GROUP) | (member & GROUP)) ^ (member << 24);
}

/** One round per byte keeps every prefix distinct: free-form keys are short and rare. */
function hashBytes(sum: u64, bytes: u32, length: u32): u32 {
  const multiplier = seed(3) | 1;
  const offset = seed(4);
  sum += seed(2) * length;
  for (let at: u32 = 0; at < length; at++) {
    sum = ((sum >> 32) ^ sum ^ load<u8>(bytes + at)) * multiplier + offset;
  }
  return hashIn(sum);
}
