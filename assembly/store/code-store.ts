// Code by its hash, with its jump map, for as long as the memory lives: a bounded store beside the arena. Code of
// which the store has no room lies in the arena, for one block: its BYTECODE location has the record where others have
// their newest version.

import { BaseValue, CODE_HASH_SIZE, CODE_PADDING, CONTROL_BASE, Control, Kind, Location } from "../layout";
import { allocate } from "../base/arena";
import { keccak256 } from "../base/keccak256";
import { hashIn, seed, sumOfWord } from "../base/keyed-hash";
import * as shared from "../base/shared";
import * as u256 from "../base/u256";
import { headOf, locate, locationAt, lookup, nodeIn } from "./locations";

/** Memories with less room for the arena have no store. */
const SMALLEST_ARENA: u32 = 16 * 1024 * 1024;
/** The store's part of the arena's room. */
const PART: u32 = 8;
/** Bytes of store per word of table: less than the shortest code takes, so that the table never fills up. */
const BYTES_PER_WORD: u32 = 64;

/** Takes the store's room from the end of the arena's; returns the arena's new end. Host, once per memory. */
export function layOutCode(arenaStart: u32, end: u32): u32 {
  store<u32>(CONTROL_BASE, 0, Control.CODE_TABLE);
  if (end < arenaStart || end - arenaStart < SMALLEST_ARENA) return end;
  const size = (end - arenaStart) / PART;
  let words: u32 = 1024;
  while (words * BYTES_PER_WORD < size) words <<= 1;
  const table = (end - size) & ~63;
  store<u32>(CONTROL_BASE, table, Control.CODE_TABLE);
  store<u32>(CONTROL_BASE, words - 1, Control.CODE_TABLE_MASK);
  store<u32>(CONTROL_BASE, end, Control.CODE_END);
  emptyCode();
  return table;
}

/** Empties a store that is nearly full. Host, between blocks. */
export function tidyCode(): void {
  const table = load<u32>(CONTROL_BASE, Control.CODE_TABLE);
  if (table == 0) return;
  const room = load<u32>(CONTROL_BASE, Control.CODE_END) - table;
  if (shared.read(CONTROL_BASE, Control.CODE_NEXT) - table > room - room / 4) emptyCode();
}

function emptyCode(): void {
  const table = load<u32>(CONTROL_BASE, Control.CODE_TABLE);
  const size = (load<u32>(CONTROL_BASE, Control.CODE_TABLE_MASK) + 1) * 4;
  memory.fill(table, 0, size);
  shared.write(CONTROL_BASE, Control.CODE_NEXT, table + size);
}

/**
 * Makes code known under its hash. Any worker may call it, at any time: equal hashes mean equal code, so that doing it
 * twice changes nothing. False when memory is exhausted.
 *
 * Linearises: at the swap of the table's word, or of the location's base. Order: the record is complete before.
 */
export function addCode(hash: u32, bytes: u32, length: u32): bool {
  if (findCode(hash) != 0) return true;
  const kept = take(CODE_HASH_SIZE + BaseValue.CODE_BYTES + length + CODE_PADDING);
  if (kept != 0) {
    u256.copy(kept, hash);
    fill(kept + CODE_HASH_SIZE, bytes, length);
    publish(kept + CODE_HASH_SIZE);
    return true;
  }
  return keepForBlock(hash, bytes, length) != 0;
}

/** The record of code in the arena, made and published unless it is there already; 0 when memory is exhausted. */
function keepForBlock(hash: u32, bytes: u32, length: u32): u32 {
  const index = locate(Kind.BYTECODE, hash, hash);
  if (index == 0) return 0;
  const location = locationAt(index);
  const head = shared.read64(location, Location.VERSIONS);
  if (nodeIn(head) != 0) return nodeIn(head);
  const record = allocate(BaseValue.CODE_BYTES + length + CODE_PADDING);
  if (record == 0) return 0;
  fill(record, bytes, length);
  if (shared.swapIf64(location, Location.VERSIONS, head, headOf(record))) return record;
  return nodeIn(shared.read64(location, Location.VERSIONS)); // somebody was faster
}

/**
 * The same code as that of `record`, in the arena: where the store has room for neither its jump map nor anything else.
 * Without it every call would make the map anew, 100 gas for the walk over 24 kB (test/unit/growth). 0 when `record`
 * lies in the arena itself, or memory is exhausted.
 */
export function copyForBlock(record: u32): u32 {
  if (!isKept(record)) return 0;
  return keepForBlock(record - CODE_HASH_SIZE, record + BaseValue.CODE_BYTES, load<u32>(record, BaseValue.CODE_LENGTH));
}

/** Whether the record lies in the store. */
// @ts-ignore: decorator
@inline
function isKept(record: u32): bool {
  const table = load<u32>(CONTROL_BASE, Control.CODE_TABLE);
  return table != 0 && record > table;
}

/** Keyed: whoever deploys code can search for hashes that begin with the same bits, at 2^20 tries each. */
// @ts-ignore: decorator
@inline
function placeOf(hash: u32): u32 {
  return hashIn(seed(0) + sumOfWord(hash));
}

/** The record (BaseValue) of the code with this hash, or placeholder, 0 when nobody added it. */
export function findCode(hash: u32): u32 {
  const table = load<u32>(CONTROL_BASE, Control.CODE_TABLE);
  if (table != 0) {
    const mask = load<u32>(CONTROL_BASE, Control.CODE_TABLE_MASK);
    let place = placeOf(hash) & mask;
    while (true) {
      const record = shared.read(table, place << 2);
      if (record == 0) break;
      if (u256.equal(record - CODE_HASH_SIZE, hash)) return record;
      place = (place + 1) & mask;
    }
  }
  const index = lookup(Kind.BYTECODE, hash, hash);
  return index == 0 ? 0 : nodeIn(shared.read64(locationAt(index), Location.VERSIONS));
}

/** Whether this stands for the hash of code that was not hashed (layout.ts, CODE_PLACEHOLDER); no code is none. */
// @ts-ignore: decorator
@inline
export function isPlaceholder(hash: u32): bool {
  return (load<u64>(hash) | load<u64>(hash, 8)) == 0 && (load<u64>(hash, 16) | load<u64>(hash, 24)) != 0;
}

/**
 * Address of the keccak256 of the code of a record that was added under a placeholder; 0 when memory is exhausted. Any
 * worker may call it. Linearises: at the swap. Two workers may both hash; one of the two equal results is kept.
 */
export function hashOfCode(record: u32): u32 {
  const known = shared.read(record, BaseValue.HASH);
  if (known != 0) return known;
  const hash = roomForMap(record, CODE_HASH_SIZE);
  if (hash == 0) {
    const copy = copyForBlock(record);
    return copy == 0 ? 0 : hashOfCode(copy);
  }
  keccak256(hash, record + BaseValue.CODE_BYTES, load<u32>(record, BaseValue.CODE_LENGTH));
  shared.swapIf(record, BaseValue.HASH, 0, hash);
  return hash;
}

/** Room for the jump map of a record, in the store if the record is; 0 when there is none. */
export function roomForMap(record: u32, size: u32): u32 {
  return isKept(record) ? take(size) : allocate(size);
}

/** Takes `size` bytes of the store; 0 when it is full or absent. */
function take(size: u32): u32 {
  if (load<u32>(CONTROL_BASE, Control.CODE_TABLE) == 0) return 0;
  const end = load<u32>(CONTROL_BASE, Control.CODE_END);
  size = (size + 7) & ~7;
  // Look before adding: a full store's counter must not run away and wrap.
  const next = shared.read(CONTROL_BASE, Control.CODE_NEXT);
  if (next > end || size > end - next) return 0;
  const start = shared.add(CONTROL_BASE, Control.CODE_NEXT, size);
  return start <= end && size <= end - start ? start : 0;
}

function fill(record: u32, bytes: u32, length: u32): void {
  store<u32>(record, length, BaseValue.CODE_LENGTH);
  shared.write(record, BaseValue.JUMP_MAP, 0);
  shared.write(record, BaseValue.HASH, 0);
  memory.copy(record + BaseValue.CODE_BYTES, bytes, length);
  memory.fill(record + BaseValue.CODE_BYTES + length, 0, CODE_PADDING);
}

/** Enters a record into the table. If somebody was faster, theirs stays. */
function publish(record: u32): void {
  const table = load<u32>(CONTROL_BASE, Control.CODE_TABLE);
  const mask = load<u32>(CONTROL_BASE, Control.CODE_TABLE_MASK);
  let place = placeOf(record - CODE_HASH_SIZE) & mask;
  while (true) {
    const seen = shared.read(table, place << 2);
    if (seen == 0) {
      if (shared.swapIf(table, place << 2, 0, record)) return;
    } else if (u256.equal(seen - CODE_HASH_SIZE, record - CODE_HASH_SIZE)) {
      return;
    } else {
      place = (place + 1) & mask;
    }
  }
}
