// The transactions of a block out of its RLP in one pass, without an object for each item, where they are well-formed. Those of
// rare types, and what is wrong with the others, are left to `block-rlp.ts`.

import { hashesOf } from '../base/hashing.ts';
import type { Hex } from '../base/hex.ts';
import { keccak256 } from '../base/keccak256.ts';
import type { AccessListItem, TransactionInput } from './block-input.ts';

/** Where an item of RLP is. */
export interface ItemPlace {
  readonly start: number;
  /** Where its content begins. */
  readonly content: number;
  readonly end: number;
  readonly isList: boolean;
}

/** The item that was walked to last: of each thread one at a time. */
let content = 0;
let end = 0;
let isList = false;

/** Walks to the item at `at`, which is to end before `limit`; false: it does not, or is not in its only valid form. */
function walk(bytes: Uint8Array, at: number, limit: number): boolean {
  if (at >= limit) return false;
  const prefix = bytes[at]!;
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
    return end <= limit && (isList || short !== 1 || bytes[content]! >= 0x80);
  }
  const digits = short - 55;
  if (digits > 4 || at + digits >= limit || bytes[at + 1] === 0) return false;
  let size = 0;
  for (let i = 1; i <= digits; i++) size = size * 256 + bytes[at + i]!;
  content = at + 1 + digits;
  end = content + size;
  return size > 55 && end <= limit;
}

/** The items of the list that the bytes are; `undefined`: they are none. */
export function listItems(bytes: Uint8Array, from = 0, to = bytes.length): ItemPlace[] | undefined {
  if (!walk(bytes, from, to) || !isList || end !== to) return undefined;
  const places: ItemPlace[] = [];
  for (let at = content; at < to; at = end) {
    if (!walk(bytes, at, to)) return undefined;
    places.push({ start: at, content, end, isList });
  }
  return places;
}

const latin1 = new TextDecoder('latin1');

/** Hex of many items, one behind the other: text is made of all of them at once, and each is a part of it. */
class Hexes {
  #letters = new Uint8Array(1 << 16);
  #length = 0;
  /** Where each item begins; behind the last, where it ends. */
  readonly #marks: number[] = [];
  #text = '';
  #next = 0;

  bytes(bytes: Uint8Array, from: number, to: number): void {
    let at = this.#begin(to - from);
    const letters = this.#letters;
    for (let i = from; i < to; i++) {
      const byte = bytes[i]!;
      letters[at++] = letterOf(byte >>> 4);
      letters[at++] = letterOf(byte & 15);
    }
    this.#length = at;
  }

  /** A minimal quantity. */
  quantity(bytes: Uint8Array, from: number, to: number): void {
    const first = from < to ? bytes[from]! : 0;
    if (first >= 16) {
      this.bytes(bytes, from, to);
      return;
    }
    let at = this.#begin(to - from);
    const letters = this.#letters;
    letters[at++] = letterOf(first);
    for (let i = from + 1; i < to; i++) {
      const byte = bytes[i]!;
      letters[at++] = letterOf(byte >>> 4);
      letters[at++] = letterOf(byte & 15);
    }
    this.#length = at;
  }

  /** From now on items are taken, in order. */
  finish(): void {
    this.#text = latin1.decode(this.#letters.subarray(0, this.#length));
    this.#marks.push(this.#length);
  }

  take(): Hex {
    const at = this.#next++;
    return this.#text.slice(this.#marks[at]!, this.#marks[at + 1]!) as Hex;
  }

  /** Writes 0x; returns where its digits go, for which there is room. */
  #begin(size: number): number {
    const needed = this.#length + 2 * size + 4;
    if (needed > this.#letters.length) {
      const larger = new Uint8Array(Math.max(needed, 2 * this.#letters.length));
      larger.set(this.#letters.subarray(0, this.#length));
      this.#letters = larger;
    }
    this.#marks.push(this.#length);
    this.#letters[this.#length] = 0x30;
    this.#letters[this.#length + 1] = 0x78;
    this.#length += 2;
    return this.#length;
  }
}

function letterOf(digit: number): number {
  return digit < 10 ? 0x30 + digit : 0x57 + digit;
}

/** Of each usual type how many quantities stand before the recipient, and of how many bytes at most each is. */
const BEFORE: readonly (readonly number[])[] = [
  [8, 32, 8],
  [32, 8, 32, 8],
  [32, 8, 32, 32, 8],
];
const WORD = 32;
const ADDRESS = 20;
const LONGEST_INPUT = 1 << 26;

/** What has to be known of a transaction beside its fields to make an object of them. */
interface Outline {
  readonly type: number;
  readonly hasRecipient: boolean;
  /** Of each entry of its access list how many keys it has. */
  readonly keys: readonly number[];
}

export interface ReadTransactions {
  /** As `readTransaction` returns them, hashes included. */
  readonly transactions: TransactionInput[];
  /** Of each what its hash is made of. */
  readonly encodings: readonly Uint8Array[];
}

/**
 * Reads the transactions at these places; `undefined`: one of them is not as usual. The bytes must not change later.
 * @param readOther reads one of another type, by the bytes of which its hash is made; `undefined`: it is not well-formed
 */
export function readTransactions(
  bytes: Uint8Array,
  places: readonly ItemPlace[],
  readOther: (encoding: Uint8Array) => TransactionInput | undefined,
): ReadTransactions | undefined {
  const hexes = new Hexes();
  const outlines: (Outline | TransactionInput)[] = [];
  const encodings: Uint8Array[] = [];
  for (const place of places) {
    const encoding = bytes.subarray(place.isList ? place.start : place.content, place.end);
    const isUsual = place.isList || BEFORE[encoding[0]!] !== undefined;
    const outline = isUsual ? outlineOf(bytes, place, hexes) : readOther(encoding);
    if (outline === undefined) return undefined;
    outlines.push(outline);
    encodings.push(encoding);
  }
  const hashes = new Hexes();
  for (const hash of hashesOf(encodings) ?? encodings.map(keccak256)) hashes.bytes(hash, 0, WORD);
  hexes.finish();
  hashes.finish();
  const transactions = outlines.map((outline) => {
    const hash = hashes.take();
    return 'keys' in outline ? transactionOf(outline, hexes, hash) : outline;
  });
  return { transactions, encodings };
}

/** Checks a transaction and puts its fields down; `undefined`: it is not as usual. */
function outlineOf(bytes: Uint8Array, place: ItemPlace, hexes: Hexes): Outline | undefined {
  const type = place.isList ? 0 : bytes[place.content]!;
  const before = BEFORE[type];
  if (before === undefined || (type === 0 && !place.isList)) return undefined;
  if (!place.isList && !(walk(bytes, place.content + 1, place.end) && isList && end === place.end)) return undefined;
  const limit = place.end;
  let at = place.isList ? place.content : content;
  for (const most of before) {
    if (!quantity(bytes, at, limit, most, hexes)) return undefined;
    at = end;
  }
  if (!walk(bytes, at, limit) || isList || (end - content !== ADDRESS && end !== content)) return undefined;
  const hasRecipient = end !== content;
  if (hasRecipient) hexes.bytes(bytes, content, end);
  if (!quantity(bytes, end, limit, WORD, hexes)) return undefined;
  if (!walk(bytes, end, limit) || isList || end - content > LONGEST_INPUT) return undefined;
  hexes.bytes(bytes, content, end);
  const keys: number[] = [];
  if (type > 0) {
    if (!walk(bytes, end, limit) || !isList || !accesses(bytes, content, end, keys, hexes)) return undefined;
  }
  at = end;
  for (const most of [type > 0 ? 1 : WORD, WORD, WORD]) {
    if (!quantity(bytes, at, limit, most, hexes)) return undefined;
    at = end;
  }
  return at === limit ? { type, hasRecipient, keys } : undefined;
}

/** Puts a number of so many bytes at most down; false: there is none. */
function quantity(bytes: Uint8Array, at: number, limit: number, most: number, hexes: Hexes): boolean {
  if (!walk(bytes, at, limit) || isList || end - content > most || (end > content && bytes[content] === 0))
    return false;
  hexes.quantity(bytes, content, end);
  return true;
}

/** Puts an access list's entries down; afterwards `end` is its end. */
function accesses(bytes: Uint8Array, from: number, to: number, keys: number[], hexes: Hexes): boolean {
  for (let at = from; at < to; ) {
    if (!walk(bytes, at, to) || !isList) return false;
    const entryEnd = end;
    if (!walk(bytes, content, entryEnd) || isList || end - content !== ADDRESS) return false;
    hexes.bytes(bytes, content, end);
    if (!walk(bytes, end, entryEnd) || !isList || end !== entryEnd) return false;
    let count = 0;
    for (let key = content; key < entryEnd; key = end, count++) {
      if (!walk(bytes, key, entryEnd) || isList || end - content !== WORD) return false;
      hexes.bytes(bytes, content, end);
    }
    keys.push(count);
    at = entryEnd;
  }
  end = to;
  return true;
}

/** The fields, in the order in which they were put down. */
function transactionOf({ type, hasRecipient, keys }: Outline, hexes: Hexes, hash: Hex): TransactionInput {
  if (type === 0) {
    const [nonce, gasPrice, gas] = [hexes.take(), hexes.take(), hexes.take()];
    const to = hasRecipient ? hexes.take() : undefined;
    const [value, input] = [hexes.take(), hexes.take()];
    const [v, r, s] = [hexes.take(), hexes.take(), hexes.take()];
    const rest = { value, gas, gasPrice, input, v, r, s };
    return to === undefined ? { hash, type: '0x0', nonce, ...rest } : { hash, type: '0x0', nonce, to, ...rest };
  }
  const [chainId, nonce] = [hexes.take(), hexes.take()];
  const prices =
    type === 1 ? { gasPrice: hexes.take() } : { maxPriorityFeePerGas: hexes.take(), maxFeePerGas: hexes.take() };
  const gas = hexes.take();
  const to = hasRecipient ? { to: hexes.take() } : undefined;
  const [value, input] = [hexes.take(), hexes.take()];
  const accessList = keys.map(
    (count): AccessListItem => ({
      address: hexes.take(),
      storageKeys: Array.from({ length: count }, () => hexes.take()),
    }),
  );
  const [yParity, r, s] = [hexes.take(), hexes.take(), hexes.take()];
  const rest = { value, gas, ...prices, input, accessList, yParity, r, s };
  return { hash, type: type === 1 ? '0x1' : '0x2', chainId, nonce, ...to, ...rest };
}
