// EIP-1153: storage that lives as long as the transaction. A hash table of this worker's own, emptied by its stamp.

import { allocate } from "../../../base/arena";
import { hashIn, seed, sumOfWord } from "../../../base/keyed-hash";
import * as u256 from "../../../base/u256";

abstract class Slot {
  static readonly ACCOUNT: u32 = 0;
  static readonly KEY: u32 = 16;
  static readonly VALUE: u32 = 48;
  static readonly SIZE: u32 = 80;
}

const FIRST_CAPACITY: u32 = 64;
/** Records taken at once: undo records point to them, so they never move. The next block's address lies in front. */
const BLOCK: u32 = 64;
const BLOCK_HEAD: u32 = 16;

let index: u32 = 0; // open addressing: {stamp u32, record u32}
let places: u32 = 0;
let used: u32 = 0;
let firstBlock: u32 = 0;
let block: u32 = 0;
let blockUsed: u32 = BLOCK;
let stamp: u32 = 0;

/** Called when the worker joins a block. */
export function resetTransientStorage(): void {
  index = 0;
  places = 0;
  used = 0;
  firstBlock = 0;
  block = 0;
  blockUsed = BLOCK;
}

/** Empties it for a new transaction. */
export function beginTransientStorage(): void {
  stamp++;
  used = 0;
  block = firstBlock;
  blockUsed = firstBlock == 0 ? BLOCK : 0;
}

/** Address of the value under (account, key), 0 when nothing was stored. */
export function findTransient(account: u32, key: u32): u32 {
  if (used == 0) return 0;
  const place = placeOf(account, key);
  return load<u32>(place) == stamp ? load<u32>(place, 4) + Slot.VALUE : 0;
}

/** Address of the value under (account, key), new ones 0; 0 when memory is exhausted. */
export function placeTransient(account: u32, key: u32): u32 {
  if ((used + 1) * 2 > places && !grow()) return 0;
  const place = placeOf(account, key);
  if (load<u32>(place) == stamp) return load<u32>(place, 4) + Slot.VALUE;
  if (blockUsed == BLOCK && !nextBlock()) return 0;
  const record = block + BLOCK_HEAD + blockUsed * Slot.SIZE;
  blockUsed++;
  used++;
  store<u32>(record, account, Slot.ACCOUNT);
  u256.copy(record + Slot.KEY, key);
  u256.clear(record + Slot.VALUE);
  store<u32>(place, stamp);
  store<u32>(place, record, 4);
  return record + Slot.VALUE;
}

/** Goes on to the block after this one, which an earlier transaction may have taken; false when memory is exhausted. */
function nextBlock(): bool {
  let next = block == 0 ? firstBlock : load<u32>(block);
  if (next == 0) {
    next = allocate(BLOCK_HEAD + BLOCK * Slot.SIZE);
    if (next == 0) return false;
    store<u32>(next, 0);
    if (block == 0) firstBlock = next;
    else store<u32>(block, next);
  }
  block = next;
  blockUsed = 0;
  return true;
}

/**
 * 100 gas a key: keys that meet in one place would make a transaction's time grow with the square of its gas
 * (test/unit/growth).
 */
function hashOf(account: u32, key: u32): u32 {
  return hashIn(seed(0) + seed(1) * account + sumOfWord(key));
}

function placeOf(account: u32, key: u32): u32 {
  const mask = places - 1;
  let at = hashOf(account, key) & mask;
  while (true) {
    const place = index + (at << 3);
    if (load<u32>(place) != stamp) return place;
    const record = load<u32>(place, 4);
    if (load<u32>(record, Slot.ACCOUNT) == account && u256.equal(record + Slot.KEY, key)) return place;
    at = (at + 1) & mask;
  }
}

function grow(): bool {
  const old = index;
  const oldPlaces = places;
  const newPlaces: u32 = places == 0 ? FIRST_CAPACITY : places * 2;
  const larger = allocate(newPlaces * 8);
  if (larger == 0) return false;
  memory.fill(larger, 0, newPlaces * 8);
  index = larger;
  places = newPlaces;
  for (let at: u32 = 0; at < oldPlaces; at++) {
    const place = old + (at << 3);
    if (load<u32>(place) != stamp) continue;
    const record = load<u32>(place, 4);
    const to = placeOf(load<u32>(record, Slot.ACCOUNT), record + Slot.KEY);
    store<u32>(to, stamp);
    store<u32>(to, record, 4);
  }
  return true;
}
