// The transactions of a block out of its RLP in one pass, without an object for each item, where they are well-formed. Those of
// rare types, and what is wrong with the others, are left to `block-rlp.ts`.

import { HASH_LETTERS, readTransactionFields, type TransactionFields } from '../base/hashing.ts';
import type { Hex } from '../base/hex.ts';
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

/** In place of the type of a transaction: none of its fields was read. */
const OTHER_TYPE = 255;
/** Bytes of transactions that are read at once: the memory that it takes stays. */
const BATCH = 1 << 20;

/** Fields in the order in which they were read. */
class Fields {
  readonly #read: TransactionFields;
  #next = 0;
  #at = 0;
  #entry = 0;

  constructor(read: TransactionFields) {
    this.#read = read;
  }

  take(): Hex {
    const { text, ends } = this.#read;
    const at = this.#at;
    this.#at = ends[this.#next++]!;
    return text.slice(at, this.#at) as Hex;
  }

  accessList(count: number): AccessListItem[] {
    const list: AccessListItem[] = [];
    for (let entry = 0; entry < count; entry++) {
      const address = this.take();
      const storageKeys: Hex[] = [];
      for (let left = this.#read.keys[this.#entry++]!; left > 0; left--) storageKeys.push(this.take());
      Object.freeze(storageKeys);
      list.push(Object.freeze({ address, storageKeys }));
    }
    return Object.freeze(list) as AccessListItem[];
  }
}

export interface ReadTransactions {
  /** As `readTransaction` returns them, hashes included; those of the usual types cannot be changed. */
  readonly transactions: TransactionInput[];
  /** Of each what its hash is made of. */
  readonly encodings: readonly Uint8Array[];
}

/**
 * Reads the transactions at these places; `undefined`: one of them is not as usual, or there is no WebAssembly for it. The bytes must not
 * change later.
 * @param readOther reads one of another type, by the bytes of which its hash is made; `undefined`: it is not well-formed
 */
export function readTransactions(
  bytes: Uint8Array,
  places: readonly ItemPlace[],
  readOther: (encoding: Uint8Array) => TransactionInput | undefined,
): ReadTransactions | undefined {
  const encodings: Uint8Array[] = [];
  for (const { isList, start, content, end } of places) {
    // A string that begins as a list does is none, and no type either.
    if (!isList && (content === end || bytes[content]! >= 0xc0)) return undefined;
    encodings.push(bytes.subarray(isList ? start : content, end));
  }
  const transactions: TransactionInput[] = [];
  for (let from = 0, to = 0; from < encodings.length; from = to) {
    for (let size = 0; to < encodings.length && (to === from || size + encodings[to]!.length <= BATCH); to++) {
      size += encodings[to]!.length;
    }
    if (!readBatch(transactions, encodings.slice(from, to), readOther)) return undefined;
  }
  return { transactions, encodings };
}

function readBatch(
  transactions: TransactionInput[],
  encodings: readonly Uint8Array[],
  readOther: (encoding: Uint8Array) => TransactionInput | undefined,
): boolean {
  const read = readTransactionFields(encodings);
  if (read === undefined) return false;
  const { text, outlines, hashesAt } = read;
  const fields = new Fields(read);
  for (let i = 0; i < encodings.length; i++) {
    const type = outlines[3 * i]!;
    if (type === OTHER_TYPE) {
      const other = readOther(encodings[i]!);
      if (other === undefined) return false;
      transactions.push(other);
      continue;
    }
    const hash = text.slice(hashesAt + i * HASH_LETTERS, hashesAt + (i + 1) * HASH_LETTERS) as Hex;
    const hasRecipient = outlines[3 * i + 1] === 1;
    transactions.push(
      Object.freeze(
        type === 0
          ? legacyTransaction(fields, hash, hasRecipient)
          : typedTransaction(fields, hash, { type, hasRecipient, entries: outlines[3 * i + 2]! }),
      ),
    );
  }
  return true;
}

function legacyTransaction(fields: Fields, hash: Hex, hasRecipient: boolean): TransactionInput {
  const nonce = fields.take();
  const gasPrice = fields.take();
  const gas = fields.take();
  if (!hasRecipient) {
    const [value, input, v, r, s] = [fields.take(), fields.take(), fields.take(), fields.take(), fields.take()];
    return { hash, type: '0x0', nonce, value, gas, gasPrice, input, v, r, s };
  }
  const to = fields.take();
  const value = fields.take();
  const input = fields.take();
  const v = fields.take();
  const r = fields.take();
  const s = fields.take();
  return { hash, type: '0x0', nonce, to, value, gas, gasPrice, input, v, r, s };
}

function typedTransaction(
  fields: Fields,
  hash: Hex,
  { type, hasRecipient, entries }: { type: number; hasRecipient: boolean; entries: number },
): TransactionInput {
  const chainId = fields.take();
  const nonce = fields.take();
  const fee = fields.take();
  const highest = type === 1 ? undefined : fields.take();
  const gas = fields.take();
  const to = hasRecipient ? fields.take() : undefined;
  const value = fields.take();
  const input = fields.take();
  const accessList = fields.accessList(entries);
  const yParity = fields.take();
  const r = fields.take();
  const s = fields.take();
  if (highest !== undefined && to !== undefined) {
    const [maxPriorityFeePerGas, maxFeePerGas] = [fee, highest];
    const named = '0x2';
    return {
      hash,
      type: named,
      chainId,
      nonce,
      to,
      value,
      gas,
      maxPriorityFeePerGas,
      maxFeePerGas,
      input,
      accessList,
      yParity,
      r,
      s,
    };
  }
  const fees = highest === undefined ? { gasPrice: fee } : { maxPriorityFeePerGas: fee, maxFeePerGas: highest };
  const recipient = to === undefined ? {} : { to };
  const signature = { yParity, r, s };
  const named: Hex = highest === undefined ? '0x1' : '0x2';
  return { hash, type: named, chainId, nonce, ...recipient, value, gas, ...fees, input, accessList, ...signature };
}
