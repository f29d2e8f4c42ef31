// Hashes and roots by a small WebAssembly module of their own (assembly/hashing.ts), on whatever thread asks: it is there before
// there is a core, and is compiled while one waits for it.

import bytes from 'virtual:pevm/hashing';
import { givenModules } from './given-modules.ts';

/** Exports of the module. Addresses and lengths are bytes. */
interface Hashing {
  readonly memory: WebAssembly.Memory;
  layOut(): number;
  keccak256(out: number, input: number, length: number): void;
  decodeHex(out: number, digits: number, count: number): number;
  hashAll(out: number, items: number, count: number): void;
  roomOfList(count: number, longest: number): number;
  rootOfList(out: number, items: number, count: number, room: number): void;
  roomOfFields(count: number, length: number): number;
  readFields(out: number, items: number, count: number, length: number, room: number): number;
  roomOfReceipts(count: number, length: number, longest: number): number;
  hashReceipts(
    out: number,
    records: number,
    count: number,
    roots: number,
    sums: number,
    first: number,
    total: number,
    longest: number,
    room: number,
  ): void;
  roomOfLeaves(count: number): number;
  rootOfLeaves(out: number, hashes: number, count: number, room: number): void;
  roomOfState(count: number): number;
  rootOfAccounts(out: number, accounts: number, count: number, room: number): void;
  rootOfStorage(out: number, slots: number, count: number, room: number): void;
}

/** The module and its memory, as one thread has it. */
interface Instance {
  readonly hashing: Hashing;
  /** Where the room begins that a call may use. */
  readonly room: number;
  /** A view of all the memory; another one once it has grown. */
  bytes: Uint8Array;
}

const PAGE = 65536;
/** 256 KiB: what hashing lays out for itself, and most of what is hashed. */
const FIRST_PAGES = 4;
const HASH = 32;
const ITEM = 8;
const BLOOM = 256;
/** ReceiptSums of assembly/roots/receipts.ts: gas, then the bloom. */
const GAS = 8;
const SUMS: number = GAS + BLOOM;
/** ListedAccount of assembly/roots/state.ts. */
const ACCOUNT = { NONCE: 24, BALANCE: 32, STORAGE_ROOT: 64, CODE_HASH: 96, SIZE: 128 } as const;

/** `null`: this platform does not compile it, as where a page's policy forbids that. */
let instance: Instance | null | undefined;

function opened(): Instance | null {
  instance ??= open();
  return instance;
}

function open(): Instance | null {
  try {
    const hashing = new WebAssembly.Instance(givenModules.hashing ?? new WebAssembly.Module(bytes))
      .exports as unknown as Hashing;
    hashing.memory.grow(FIRST_PAGES - hashing.memory.buffer.byteLength / PAGE);
    return { hashing, room: hashing.layOut(), bytes: new Uint8Array(hashing.memory.buffer) };
  } catch {
    return null;
  }
}

/** Sees to `size` bytes from the room on, a list's working memory included; false where the platform has no more. */
function makeRoom(made: Instance, size: number): boolean {
  const missing = made.room + size - made.bytes.length;
  if (missing <= 0) return true;
  try {
    // By half as much again at least: growing copies.
    made.hashing.memory.grow(Math.max(Math.ceil(missing / PAGE), made.bytes.length / PAGE / 2));
  } catch {
    return false;
  }
  made.bytes = new Uint8Array(made.hashing.memory.buffer);
  return true;
}

/** keccak-256 of any bytes; `undefined` where the module is not to be had. */
export function hashOf(data: Uint8Array): Uint8Array | undefined {
  const made = opened();
  if (made === null || !makeRoom(made, HASH + data.length)) return undefined;
  const { hashing, room, bytes } = made;
  bytes.set(data, room + HASH);
  hashing.keccak256(room, room + HASH, data.length);
  return bytes.slice(room, room + HASH);
}

/** Bytes that are hashed at once: the module's memory stays as large as it had to be. */
const BATCH = 1 << 20;

/** keccak-256 of each; `undefined` where the module is not to be had. */
export function hashesOf(values: readonly Uint8Array[]): Uint8Array[] | undefined {
  const hashes: Uint8Array[] = [];
  for (let from = 0, to = 0; from < values.length; from = to) {
    for (let size = 0; to < values.length && (to === from || size + values[to]!.length <= BATCH); to++) {
      size += values[to]!.length;
    }
    const some = hashesOfBatch(from === 0 && to === values.length ? values : values.slice(from, to));
    if (some === undefined) return undefined;
    hashes.push(...some);
  }
  return hashes;
}

function hashesOfBatch(values: readonly Uint8Array[]): Uint8Array[] | undefined {
  const items = itemsOf(values, values.length * HASH);
  if (items === undefined) return undefined;
  const { hashing, room, bytes } = items.made;
  hashing.hashAll(room, items.at, values.length);
  const hashes = bytes.slice(room, room + values.length * HASH);
  return values.map((_, at) => hashes.subarray(at * HASH, (at + 1) * HASH));
}

/** Root of the trie of a list by position, as headers have it; `undefined` where the module is not to be had. */
export function rootOfList(values: readonly Uint8Array[]): Uint8Array | undefined {
  const longest = values.reduce((most, { length }) => Math.max(most, length), 0);
  const items = itemsOf(values, HASH, ({ hashing }) => hashing.roomOfList(values.length, longest));
  if (items === undefined) return undefined;
  const { hashing, room, bytes } = items.made;
  hashing.rootOfList(room, items.at, values.length, items.end);
  return bytes.slice(room, room + HASH);
}

/** Fields of transactions as JSON has them, one behind the other. */
export interface TransactionFields {
  readonly text: string;
  /** Where in the text each field ends. */
  readonly ends: Uint32Array;
  /** Of each transaction three words (TransactionOutline of assembly/roots/transactions.ts). */
  readonly outlines: Uint32Array;
  /** Of each entry of the access lists how many keys it has. */
  readonly keys: Uint32Array;
  /** Where in the text the hash of the first transaction is; the others follow it. */
  readonly hashesAt: number;
}

/** FieldsFound of assembly/roots/transactions.ts, in words. */
const FOUND = { LETTERS: 0, LETTERS_END: 1, OUTLINES: 2, ENDS: 3, ENDS_END: 4, KEYS: 5, SIZE: 6 } as const;
const OUTLINE_WORDS = 3;
/** Of a hash with its 0x. */
export const HASH_LETTERS: number = 2 + 2 * HASH;
const latin1 = new TextDecoder('latin1');

/**
 * Reads transactions of the usual types out of what their hashes are made of; `undefined`: one of them is not well-formed, or the
 * module is not to be had. All their items have to fit into a memory of WebAssembly several times.
 */
export function readTransactionFields(encodings: readonly Uint8Array[]): TransactionFields | undefined {
  const count = encodings.length;
  const length = encodings.reduce((sum, encoding) => sum + encoding.length, 0);
  const head = FOUND.SIZE * 4;
  const items = itemsOf(encodings, head, (made) => made.hashing.roomOfFields(count, length));
  if (items === undefined) return undefined;
  const { made, at, end } = items;
  const { hashing, room, bytes } = made;
  if (!hashing.readFields(room, at, count, length, end)) return undefined;
  const words = new Uint32Array(bytes.buffer);
  const found = words.subarray(room >>> 2, (room >>> 2) + FOUND.SIZE);
  const [letters, keys] = [found[FOUND.LETTERS]!, found[FOUND.KEYS]!];
  const lettersEnd = found[FOUND.LETTERS_END]! + count * HASH_LETTERS;
  const outlines = words.slice(found[FOUND.OUTLINES]! >>> 2, (found[FOUND.OUTLINES]! >>> 2) + OUTLINE_WORDS * count);
  let entries = 0;
  for (let i = 2; i < outlines.length; i += OUTLINE_WORDS) entries += outlines[i]!;
  return {
    text: latin1.decode(bytes.subarray(letters, lettersEnd)),
    ends: words.slice(found[FOUND.ENDS]! >>> 2, found[FOUND.ENDS_END]! >>> 2).map((mark) => mark - letters),
    outlines,
    keys: words.slice(keys >>> 2, (keys >>> 2) + entries),
    hashesAt: found[FOUND.LETTERS_END]! - letters,
  };
}

/** What a block's header says of its receipts. */
export interface ReceiptCommitment {
  readonly root: Uint8Array;
  /** 256 bytes. */
  readonly bloom: Uint8Array;
}

/**
 * Root and bloom of a block's receipts, out of what transactions leave in the core, a few at a time and in order: what is hashed of
 * them by then is kept here, so that the module's memory is free between two calls.
 */
export class ReceiptHashes {
  readonly #types: readonly number[];
  readonly #roots: readonly Uint8Array[] | undefined;
  /** Of the leaves of the receipts so far. */
  readonly #leaves: Uint8Array;
  readonly #sums = new Uint8Array(SUMS);
  #count = 0;
  /** The module is not to be had, or not as much memory as it takes. */
  #isLacking = false;

  /**
   * @param types of all transactions of the block
   * @param roots of the states after them, which stand in place of the status before Byzantium
   */
  constructor(types: readonly number[], roots?: readonly Uint8Array[]) {
    this.#types = types;
    this.#roots = roots;
    this.#leaves = new Uint8Array(types.length * HASH);
  }

  /**
   * The receipts of the next transactions.
   * @param records EvmResult records, one behind the other
   * @param ends of each in `records`, of which the first begins at `start`
   */
  add(records: Uint8Array, start: number, ends: readonly number[]): void {
    const count = ends.length;
    const made = opened();
    if (count === 0 || this.#isLacking) return;
    const first = this.#count;
    const leavesAt = SUMS;
    const rootsAt = leavesAt + count * HASH;
    const itemsAt = rootsAt + (this.#roots === undefined ? 0 : count * HASH);
    const recordsAt = itemsAt + count * ITEM;
    const length = ends[count - 1]! - start;
    const longest = ends.reduce((most, end, i) => Math.max(most, end - (ends[i - 1] ?? start)), 0);
    const end = aligned(recordsAt + length);
    const room = made?.hashing.roomOfReceipts(count, length, longest) ?? 0;
    if (made === null || !makeRoom(made, end + room)) {
      this.#isLacking = true;
      return;
    }
    const { hashing, room: base, bytes } = made;
    bytes.set(this.#sums, base);
    bytes.set(records.subarray(start, ends[count - 1]), base + recordsAt);
    const items = new Uint32Array(bytes.buffer, base + itemsAt, 2 * count);
    for (let i = 0; i < count; i++) {
      items[2 * i] = base + recordsAt + (ends[i - 1] ?? start) - start;
      items[2 * i + 1] = this.#types[first + i]!;
    }
    for (let i = 0; this.#roots !== undefined && i < count; i++) {
      bytes.set(this.#roots[first + i]!, base + rootsAt + i * HASH);
    }
    hashing.hashReceipts(
      ...([base + leavesAt, base + itemsAt, count, this.#roots === undefined ? 0 : base + rootsAt] as const),
      ...([base, first, this.#types.length, longest, base + end] as const),
    );
    this.#sums.set(bytes.subarray(base, base + SUMS));
    this.#leaves.set(bytes.subarray(base + leavesAt, base + rootsAt), first * HASH);
    this.#count += count;
  }

  /** When all were added; `undefined` where the module is not to be had. */
  finish(): ReceiptCommitment | undefined {
    const made = opened();
    const count = this.#types.length;
    if (made === null || this.#isLacking || this.#count !== count) return undefined;
    const end = HASH + this.#leaves.length;
    if (!makeRoom(made, end + made.hashing.roomOfLeaves(count))) return undefined;
    const { hashing, room, bytes } = made;
    bytes.set(this.#leaves, room + HASH);
    hashing.rootOfLeaves(room, room + HASH, count, room + end);
    return { root: bytes.slice(room, room + HASH), bloom: this.#sums.slice(GAS) };
  }
}

/** An account as its trie has it. */
export interface ListedAccount {
  /** 20 bytes. */
  readonly address: Uint8Array;
  /** Below 2^256. */
  readonly balance: bigint;
  /** Below 2^64. */
  readonly nonce: bigint;
  /** 32 bytes each. */
  readonly storageRoot: Uint8Array;
  readonly codeHash: Uint8Array;
}

/** A slot of a storage; both have 32 bytes, and a value of zero is no slot. */
export interface ListedSlot {
  readonly slot: Uint8Array;
  readonly value: Uint8Array;
}

/** Root of the trie of these accounts, whose addresses differ; `undefined` where the module is not to be had. */
export function rootOfAccounts(accounts: readonly ListedAccount[]): Uint8Array | undefined {
  return rootOfRecords('rootOfAccounts', accounts, ACCOUNT.SIZE, (bytes, view, at, account) => {
    const { address, balance, nonce, storageRoot, codeHash } = account;
    bytes.set(address, at);
    view.setBigUint64(at + ACCOUNT.NONCE, nonce, true);
    for (let limb = 3, rest = balance; limb >= 0; limb--, rest >>= 64n) {
      view.setBigUint64(at + ACCOUNT.BALANCE + limb * 8, rest);
    }
    bytes.set(storageRoot, at + ACCOUNT.STORAGE_ROOT);
    bytes.set(codeHash, at + ACCOUNT.CODE_HASH);
  });
}

/** Root of the trie of these slots, which differ; `undefined` where the module is not to be had. */
export function rootOfStorage(slots: readonly ListedSlot[]): Uint8Array | undefined {
  return rootOfRecords('rootOfStorage', slots, 2 * HASH, (bytes, _, at, { slot, value }) => {
    bytes.set(slot, at);
    bytes.set(value, at + HASH);
  });
}

function rootOfRecords<Item>(
  name: 'rootOfAccounts' | 'rootOfStorage',
  items: readonly Item[],
  size: number,
  write: (bytes: Uint8Array, view: DataView, at: number, item: Item) => void,
): Uint8Array | undefined {
  const made = opened();
  const records = HASH + items.length * size;
  if (made === null || !makeRoom(made, records + made.hashing.roomOfState(items.length))) return undefined;
  const { hashing, room, bytes } = made;
  const view = new DataView(bytes.buffer);
  let at = room + HASH;
  for (const item of items) {
    write(bytes, view, at, item);
    at += size;
  }
  hashing[name](room, room + HASH, items.length, at);
  return bytes.slice(room, room + HASH);
}

const encoder = new TextEncoder();

/**
 * The bytes of hex behind its 0x, of even length; `undefined`: a character is no digit, or the module is not to be had. `keep` has an
 * array of them that stays, or makes it.
 */
export function bytesOfHex(
  hex: string,
  keep: (bytes: Uint8Array) => Uint8Array = (bytes) => bytes.slice(),
): Uint8Array | undefined {
  const made = opened();
  if (made === null || hex.length < 2 || hex.length % 2 !== 0 || !makeRoom(made, hex.length)) return undefined;
  const { hashing, room, bytes } = made;
  const { read, written } = encoder.encodeInto(hex, bytes.subarray(room, room + hex.length));
  const digits = hex.length - 2;
  // What is not ASCII takes more bytes than characters, and finds no room.
  if (read !== hex.length || written !== hex.length) return undefined;
  if (bytes[room] !== 0x30 || bytes[room + 1] !== 0x78 || !hashing.decodeHex(room, room + 2, digits)) return undefined;
  return keep(bytes.subarray(room, room + digits / 2));
}

/** Copies values into the room, behind what they are to be found by; of `head` bytes in front of that, and `more` behind it. */
function itemsOf(values: readonly Uint8Array[], head: number, more: (made: Instance) => number = () => 0) {
  const made = opened();
  if (made === null) return undefined;
  const start = aligned(head);
  const count = values.length;
  const length = values.reduce((sum, value) => sum + value.length, 0);
  const end = aligned(start + count * ITEM + length);
  if (!makeRoom(made, end + more(made))) return undefined;
  const { room, bytes } = made;
  const words = new Uint32Array(bytes.buffer, room + start, 2 * count);
  let at = room + start + count * ITEM;
  for (let i = 0; i < count; i++) {
    const value = values[i]!;
    bytes.set(value, at);
    words[2 * i] = at;
    words[2 * i + 1] = value.length;
    at += value.length;
  }
  return { made, at: room + start, end: room + end };
}

function aligned(length: number): number {
  return (length + 7) & ~7;
}
