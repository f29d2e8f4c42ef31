// The transactions of a block out of its RLP in one pass: checked, their fields as digits, and their hashes.

import { keccak256All } from "../base/keccak256-pairs";
import { encodeHex } from "./hex";
import { ListItem } from "./lists";

/** What has to be known of a transaction beside its fields. */
export abstract class TransactionOutline {
  /** 0 to 2; OTHER_TYPE: none of its fields was read. */
  static readonly TYPE: u32 = 0;
  /** 1: it is no creation. */
  static readonly HAS_RECIPIENT: u32 = 4;
  /** Of its access list, of each of which there is a number of keys. */
  static readonly ENTRIES: u32 = 8;
  static readonly SIZE: u32 = 12;
}

/** Where `readFields` has put things: ends of fields and numbers of keys are u32 each. */
export abstract class FieldsFound {
  static readonly LETTERS: u32 = 0;
  /** End of the fields: behind them is each hash with its 0x. */
  static readonly LETTERS_END: u32 = 4;
  static readonly OUTLINES: u32 = 8;
  /** Where in the letters each field ends. */
  static readonly ENDS: u32 = 12;
  static readonly ENDS_END: u32 = 16;
  static readonly KEYS: u32 = 20;
  static readonly SIZE: u32 = 24;
}

const OTHER_TYPE: u32 = 255;
const LAST_USUAL_TYPE: u32 = 2;
const WORD: u32 = 32;
const ADDRESS: u32 = 20;
const LONGEST_INPUT: u32 = 1 << 26;
/** Fields of a transaction but those of its access list, which are of 20 bytes and more. */
const FIELDS: u32 = 11;
const HASH_LETTERS: u32 = 2 + 2 * WORD;

// The item that was walked to last.
let content: u32 = 0;
let end: u32 = 0;
let isList: bool = false;

// Where the next of each goes.
let letters: u32 = 0;
let ends: u32 = 0;
let keys: u32 = 0;

/** Bytes that `readFields` needs of its room, for `count` transactions of `length` bytes together. */
export function fieldsRoom(count: u32, length: u32): u32 {
  const fields = FIELDS * count + length / ADDRESS + 1;
  // Hex is written sixteen bytes at a time.
  const text = 2 * length + 3 * fields + HASH_LETTERS * count + 64;
  return count * (TransactionOutline.SIZE + WORD) + 4 * fields + 4 * (length / ADDRESS + 1) + text;
}

/**
 * Reads `count` transactions, of which `items` {ListItem} are what their hashes are made of: a list, or the type in
 * front of one. False: one of a usual type is not well-formed.
 * @param out FieldsFound
 */
export function readFields(out: u32, items: u32, count: u32, length: u32, room: u32): bool {
  const hashes = room;
  let outline = hashes + count * WORD;
  store<u32>(out, outline, FieldsFound.OUTLINES);
  ends = outline + count * TransactionOutline.SIZE;
  store<u32>(out, ends, FieldsFound.ENDS);
  keys = ends + 4 * (FIELDS * count + length / ADDRESS + 1);
  store<u32>(out, keys, FieldsFound.KEYS);
  letters = keys + 4 * (length / ADDRESS + 1);
  store<u32>(out, letters, FieldsFound.LETTERS);
  for (let i: u32 = 0; i < count; i++) {
    const start = load<u32>(items + i * ListItem.SIZE, ListItem.BYTES);
    const limit = start + load<u32>(items + i * ListItem.SIZE, ListItem.LENGTH);
    if (!readTransaction(outline, start, limit)) return false;
    outline += TransactionOutline.SIZE;
  }
  store<u32>(out, letters, FieldsFound.LETTERS_END);
  store<u32>(out, ends, FieldsFound.ENDS_END);
  keccak256All(hashes, items, count);
  for (let i: u32 = 0; i < count; i++) {
    store<u16>(letters, 0x7830);
    letters = encodeHex(letters + 2, hashes + i * WORD, WORD);
  }
  return true;
}

function readTransaction(outline: u32, start: u32, limit: u32): bool {
  const first: u32 = load<u8>(start);
  const type: u32 = first >= 0xc0 ? 0 : first;
  if (first == 0 || type > LAST_USUAL_TYPE) {
    store<u32>(outline, OTHER_TYPE, TransactionOutline.TYPE);
    return true;
  }
  if (!walk(type == 0 ? start : start + 1, limit) || !isList || end != limit) return false;
  end = content;
  if (type > 0 && !quantity(limit, WORD)) return false; // the chain's id
  if (!quantity(limit, 8)) return false; // the nonce
  if (!quantity(limit, WORD) || (type == 2 && !quantity(limit, WORD))) return false; // fees
  if (!quantity(limit, 8)) return false; // gas
  if (!walk(end, limit) || isList || (end != content && end - content != ADDRESS)) return false;
  const hasRecipient = end != content;
  if (hasRecipient) field();
  if (!quantity(limit, WORD)) return false; // the value
  if (!walk(end, limit) || isList || end - content > LONGEST_INPUT) return false;
  field();
  const before = keys;
  if (type > 0 && !(walk(end, limit) && isList && accesses(content, end))) return false;
  // The signature.
  if (!quantity(limit, type > 0 ? 1 : WORD) || !quantity(limit, WORD) || !quantity(limit, WORD)) return false;
  store<u32>(outline, type, TransactionOutline.TYPE);
  store<u32>(outline, u32(hasRecipient), TransactionOutline.HAS_RECIPIENT);
  store<u32>(outline, (keys - before) >> 2, TransactionOutline.ENTRIES);
  return end == limit;
}

/** The entries of an access list; leaves `end` at its end. */
function accesses(at: u32, to: u32): bool {
  while (at < to) {
    if (!walk(at, to) || !isList) return false;
    const entryEnd = end;
    if (!walk(content, entryEnd) || isList || end - content != ADDRESS) return false;
    field();
    if (!walk(end, entryEnd) || !isList || end != entryEnd) return false;
    let count: u32 = 0;
    for (let key = content; key < entryEnd; key = end) {
      if (!walk(key, entryEnd) || isList || end - content != WORD) return false;
      field();
      count += 1;
    }
    store<u32>(keys, count);
    keys += 4;
    at = entryEnd;
  }
  end = to;
  return true;
}

/** Walks to the item at `at`, which is to end before `limit`; false: it does not, or is not in its only valid form. */
function walk(at: u32, limit: u32): bool {
  if (at >= limit) return false;
  const prefix: u32 = load<u8>(at);
  isList = prefix >= 0xc0;
  if (prefix < 0x80) {
    content = at;
    end = at + 1;
    return true;
  }
  const short = prefix - (isList ? 0xc0 : 0x80);
  if (short <= 55) {
    content = at + 1;
    end = content + short;
    // A byte that stands for itself.
    return end <= limit && (isList || short != 1 || load<u8>(content) >= 0x80);
  }
  const digits = short - 55;
  if (digits > 4 || at + digits >= limit || load<u8>(at + 1) == 0) return false;
  let size: u64 = 0;
  for (let i: u32 = 1; i <= digits; i++) size = (size << 8) | load<u8>(at + i);
  content = at + 1 + digits;
  if (size <= 55 || u64(content) + size > limit) return false;
  end = content + u32(size);
  return true;
}

/** The number of so many bytes at most behind the last item; false: there is none. */
function quantity(limit: u32, most: u32): bool {
  if (!walk(end, limit) || isList || end - content > most) return false;
  if (end == content) {
    store<u16>(letters, 0x7830);
    store<u8>(letters, 0x30, 2);
    letters += 3;
    return mark();
  }
  const first: u32 = load<u8>(content);
  if (first == 0) return false;
  if (first >= 16) return field();
  store<u16>(letters, 0x7830);
  store<u8>(letters, u8(first < 10 ? 0x30 + first : 0x57 + first), 2);
  letters = encodeHex(letters + 3, content + 1, end - content - 1);
  return mark();
}

/** The bytes of the last item, as they are. */
function field(): bool {
  store<u16>(letters, 0x7830);
  letters = encodeHex(letters + 2, content, end - content);
  return mark();
}

function mark(): bool {
  store<u32>(ends, letters);
  ends += 4;
  return true;
}
