// The state before a run as the bytes that the core loads: made once, on any thread, sent as it is, loaded in batches.

import { ABSENT_LENGTH, BaseEntry, Kind, Scratch } from '../../../assembly/layout.ts';
import { InputError } from '../../base/errors.ts';
import { bytesFromKey, isBytes, keyFromBytes } from '../../base/hex.ts';
import type { CoreInstance } from '../instance/abi.ts';
import { writeNumber, writeReversed } from '../instance/words.ts';

/** The fields of an account; structured-cloneable. */
export interface AccountFields {
  balance: bigint;
  nonce: bigint;
  /** All zero: no code. */
  codeHash: Uint8Array;
  exists: boolean;
}

/** Structured-cloneable. Entries are BaseEntry records whose pointers are offsets into `pool`. */
export interface StateImage {
  readonly count: number;
  readonly entries: Uint8Array;
  /** Free-form keys and values. */
  readonly pool: Uint8Array;
  readonly codes: readonly { readonly hash: Uint8Array; readonly code: Uint8Array }[];
}

/** What tasks will write, as somebody has announced it. Structured-cloneable. */
export interface AnnouncedWrites {
  /** In the order of the tasks. */
  readonly image: StateImage;
  readonly tasks: Uint32Array;
  /** Of each of these tasks, how many entries of the image are its own or those of the tasks before it. */
  readonly ends: Uint32Array;
}

/** @throws InputError naming what does not fill its place: behind it lies something else */
function checkLength(bytes: Uint8Array, length: number, name: string): void {
  if (!isBytes(bytes) || bytes.length !== length) {
    throw new InputError(name, `expected a Uint8Array of ${length} bytes`);
  }
}

/** @throws InputError for what a word of 256 bits cannot hold */
function checkNumber(value: bigint): void {
  if (typeof value !== 'bigint' || value < 0n || value >= LIMIT) {
    throw new InputError('value', 'expected a bigint from 0 to 2^256 - 1');
  }
}

const LIMIT = 1n << 256n;

/** Fills an image, entry by entry. @throws InputError, in every method, for what does not fit an entry */
export class StateImageBuilder {
  #count = 0;
  #entries: Uint8Array;
  #words: Uint32Array;
  #limbs: BigUint64Array;
  #pool = new Uint8Array(0);
  #poolLength = 0;
  readonly #codes = new Map<string, { hash: Uint8Array; code: Uint8Array }>();

  constructor(capacity = 1024) {
    this.#entries = new Uint8Array(capacity * BaseEntry.SIZE);
    this.#words = new Uint32Array(this.#entries.buffer);
    this.#limbs = new BigUint64Array(this.#entries.buffer);
  }

  number(kind: number, address: Uint8Array, value: bigint): void {
    checkLength(address, 20, 'address');
    checkNumber(value);
    const at = this.#add(kind);
    this.#entries.set(address, at + BaseEntry.ADDRESS);
    writeNumber(this.#limbs, (at + BaseEntry.VALUE) >>> 3, value);
  }

  /** An account that exists; what of its numbers is zero is left out. */
  present(address: Uint8Array, balance: bigint, nonce: bigint): void {
    checkLength(address, 20, 'address');
    checkNumber(balance);
    checkNumber(nonce);
    let like = -1;
    if (balance !== 0n) like = this.#ofAccount(Kind.BALANCE, address, like, balance);
    if (nonce !== 0n) like = this.#ofAccount(Kind.NONCE, address, like, nonce);
    this.#ofAccount(Kind.EXISTENCE, address, like, 1n);
  }

  /** Adds a number, with the address of the entry at `like`, where there is one: words are copied sooner than arrays. */
  #ofAccount(kind: number, address: Uint8Array, like: number, value: bigint): number {
    const at = this.#add(kind);
    if (like < 0) this.#entries.set(address, at + BaseEntry.ADDRESS);
    else {
      const words = this.#words;
      const first = BaseEntry.ADDRESS >>> 2;
      for (let word = first; word < first + 5; word++) words[(at >>> 2) + word] = words[(like >>> 2) + word]!;
    }
    if (value === 1n) this.#words[(at + BaseEntry.VALUE) >>> 2] = 1;
    else writeNumber(this.#limbs, (at + BaseEntry.VALUE) >>> 3, value);
    return at;
  }

  account(address: Uint8Array, { balance, nonce, exists, codeHash }: AccountFields): void {
    this.number(Kind.BALANCE, address, balance);
    this.number(Kind.NONCE, address, nonce);
    this.number(Kind.EXISTENCE, address, exists ? 1n : 0n);
    this.codeHash(address, codeHash);
  }

  /** `hash` all zero: no code. */
  codeHash(address: Uint8Array, hash: Uint8Array): void {
    checkLength(address, 20, 'address');
    checkLength(hash, 32, 'codeHash');
    const at = this.#add(Kind.CODE);
    this.#entries.set(address, at + BaseEntry.ADDRESS);
    this.#entries.set(hash, at + BaseEntry.VALUE);
  }

  storage(address: Uint8Array, slot: Uint8Array, value: Uint8Array): void {
    checkLength(address, 20, 'address');
    checkLength(slot, 32, 'slot');
    checkLength(value, 32, 'value');
    const at = this.#add(Kind.STORAGE);
    this.#entries.set(address, at + BaseEntry.ADDRESS);
    this.#entries.set(slot, at + BaseEntry.SLOT);
    writeReversed(this.#entries, at + BaseEntry.VALUE, value);
  }

  /** Slots of an account that are not zero, of packed storage (src/state/memory-account.ts). */
  packedStorage(address: Uint8Array, packed: Uint8Array): void {
    checkLength(address, 20, 'address');
    const slots = new Uint32Array(packed.buffer, packed.byteOffset, packed.length >>> 2);
    for (let from = 0; from < slots.length; from += 16) {
      let seen = 0;
      for (let word = from + 8; word < from + 16; word++) seen |= slots[word]!;
      if (seen === 0) continue;
      const at = this.#add(Kind.STORAGE);
      this.#entries.set(address, at + BaseEntry.ADDRESS);
      const words = this.#words;
      const slot = (at + BaseEntry.SLOT) >>> 2;
      const value = (at + BaseEntry.VALUE) >>> 2;
      for (let word = 0; word < 8; word++) {
        words[slot + word] = slots[from + word]!;
        words[value + 7 - word] = reversed(slots[from + 8 + word]!);
      }
    }
  }

  /** A slot whose value is a number. */
  storageNumber(address: Uint8Array, slot: Uint8Array, value: bigint): void {
    checkLength(slot, 32, 'slot');
    this.number(Kind.STORAGE, address, value);
    this.#entries.set(slot, (this.#count - 1) * BaseEntry.SIZE + BaseEntry.SLOT);
  }

  /** The hash of an earlier block, for BLOCKHASH. */
  blockHash(number: bigint, hash: Uint8Array): void {
    checkLength(hash, 32, 'hash');
    if (number < 0n || number >> 64n !== 0n) throw new InputError('number', `does not fit 64 bits: ${number}`);
    const at = this.#add(Kind.BLOCK_HASH);
    new DataView(this.#entries.buffer).setBigUint64(at + BaseEntry.ADDRESS, number, true);
    this.#entries.set(hash, at + BaseEntry.VALUE);
  }

  code(hash: Uint8Array, code: Uint8Array): void {
    checkLength(hash, 32, 'codeHash');
    if (!isBytes(code)) throw new InputError('code', 'expected a Uint8Array');
    this.#codes.set(keyFromBytes(hash), { hash, code });
  }

  freeNumber(key: Uint8Array, value: bigint): void {
    checkNumber(value);
    const at = this.#addKey(Kind.NUMBER, key);
    writeNumber(this.#limbs, (at + BaseEntry.VALUE) >>> 3, value);
  }

  data(key: Uint8Array, value: Uint8Array | undefined): void {
    const at = this.#addKey(Kind.DATA, key);
    const word = (at + BaseEntry.VALUE) >>> 2;
    this.#words[word] = value === undefined ? 0 : this.#keep(value);
    this.#words[word + 1] = value === undefined ? ABSENT_LENGTH : value.length;
  }

  /** Adds another image's entries. */
  append(image: StateImage): void {
    const words = new Uint32Array(image.entries.slice().buffer);
    for (let i = 0; i < image.count; i++) {
      const from = i * BaseEntry.SIZE;
      const kind = words[from >>> 2]!;
      const at = this.#add(kind);
      this.#entries.set(image.entries.subarray(from, from + BaseEntry.SIZE), at);
      if (kind !== Kind.DATA && kind !== Kind.NUMBER) continue;
      const key = (from + BaseEntry.ADDRESS) >>> 2;
      const value = (from + BaseEntry.VALUE) >>> 2;
      const keep = (start: number, length: number) => this.#keep(image.pool.subarray(start, start + length));
      this.#words[(at + BaseEntry.ADDRESS) >>> 2] = keep(words[key]!, words[key + 1]!);
      if (kind === Kind.DATA && words[value + 1] !== ABSENT_LENGTH) {
        this.#words[(at + BaseEntry.VALUE) >>> 2] = keep(words[value]!, words[value + 1]!);
      }
    }
    for (const { hash, code } of image.codes) this.code(hash, code);
  }

  finish(): StateImage {
    return {
      count: this.#count,
      entries: this.#entries.subarray(0, this.#count * BaseEntry.SIZE),
      pool: this.#pool.subarray(0, this.#poolLength),
      codes: [...this.#codes.values()],
    };
  }

  #addKey(kind: number, key: Uint8Array): number {
    const start = this.#keep(key);
    const at = this.#add(kind);
    const word = (at + BaseEntry.ADDRESS) >>> 2;
    this.#words[word] = start;
    this.#words[word + 1] = key.length;
    return at;
  }

  /** A zeroed entry. */
  #add(kind: number): number {
    const at = this.#count * BaseEntry.SIZE;
    if (at === this.#entries.length) {
      const larger = new Uint8Array(this.#entries.length * 2);
      larger.set(this.#entries);
      this.#entries = larger;
      this.#words = new Uint32Array(larger.buffer);
      this.#limbs = new BigUint64Array(larger.buffer);
    }
    this.#count++;
    this.#words[at >>> 2] = kind;
    return at;
  }

  #keep(bytes: Uint8Array): number {
    const start = this.#poolLength;
    // Values in the core are 8-byte aligned as everything else there; the pool keeps that.
    const end = start + ((bytes.length + 7) & ~7);
    if (end > this.#pool.length) {
      const larger = new Uint8Array(Math.max(end, this.#pool.length * 2, 1024));
      larger.set(this.#pool);
      this.#pool = larger;
    }
    this.#pool.set(bytes, start);
    this.#poolLength = end;
    return start;
  }
}

/** The four bytes of a word in the other order. */
function reversed(word: number): number {
  return (word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24);
}

/** An image of accounts' fields, by `keyFromBytes(address)`. */
export function imageOfFields(accounts: ReadonlyMap<string, AccountFields>): StateImage {
  const builder = new StateImageBuilder(accounts.size * 4 + 1);
  for (const [key, fields] of accounts) builder.account(bytesFromKey(key), fields);
  return builder.finish();
}

/** An image of nothing. */
export const EMPTY_IMAGE: StateImage = {
  count: 0,
  entries: new Uint8Array(0),
  pool: new Uint8Array(0),
  codes: [],
};

/** Two images as one. */
export function joinImages(first: StateImage, second: StateImage): StateImage {
  if (second.count === 0 && second.codes.length === 0) return first;
  if (first.count === 0 && first.codes.length === 0) return second;
  const builder = new StateImageBuilder(first.count + second.count + 1);
  builder.append(first);
  builder.append(second);
  return builder.finish();
}

const BATCH = 1024;

/** Loads images into one block, through one staging area of the arena. */
export class ImageLoader {
  readonly #instance: CoreInstance;
  readonly #batch: number;
  #staging = 0;
  #codeStaging = 0;
  #codeStagingSize = 0;

  /** The host has begun the block. `roomy`: the memory is large enough for large batches. */
  constructor(instance: CoreInstance, roomy: boolean) {
    this.#instance = instance;
    this.#batch = roomy ? BATCH : 64;
  }

  /** Takes the staging area now: there may be no memory left for it later. False when there is none. */
  reserve(): boolean {
    if (this.#staging === 0) this.#staging = this.#instance.core.allocate(this.#batch * BaseEntry.SIZE);
    return this.#staging !== 0;
  }

  /** Returns whether everything fitted. */
  load(image: StateImage): boolean {
    return this.#loadEntries(image) && image.codes.every(({ hash, code }) => this.#loadCode(hash, code));
  }

  /** Announces what tasks will write; returns whether everything fitted. `first`: the task that is number 0 in the block. */
  announce({ image, tasks, ends }: AnnouncedWrites, first: number): boolean {
    const { core, bytes, words } = this.#instance;
    if (image.count === 0) return true;
    if (!this.reserve()) return false;
    const pool = this.#loadPool(image);
    if (pool === undefined || !image.codes.every(({ hash, code }) => this.#loadCode(hash, code))) return false;
    for (const [at, task] of tasks.entries()) {
      const from = at === 0 ? 0 : ends[at - 1]!;
      const count = Math.min(ends[at]! - from, this.#batch);
      if (task < first || count === 0) continue;
      bytes.set(image.entries.subarray(from * BaseEntry.SIZE, (from + count) * BaseEntry.SIZE), this.#staging);
      if (pool !== 0) this.#rebase(words, count, pool);
      if (!core.announce(task - first, this.#staging, count)) return false;
    }
    return true;
  }

  /** Where the free-form keys and values are in the arena, 0: there are none; `undefined`: they do not fit. */
  #loadPool({ pool }: StateImage): number | undefined {
    if (pool.length === 0) return 0;
    const { core, bytes } = this.#instance;
    const at = core.allocate(pool.length);
    if (at === 0) return undefined;
    bytes.set(pool, at);
    return at;
  }

  #loadEntries(image: StateImage): boolean {
    const { core, bytes, words } = this.#instance;
    if (image.count === 0) return true;
    if (!this.reserve()) return false;
    const pool = this.#loadPool(image);
    if (pool === undefined) return false;
    for (let from = 0; from < image.count; from += this.#batch) {
      const count = Math.min(this.#batch, image.count - from);
      bytes.set(image.entries.subarray(from * BaseEntry.SIZE, (from + count) * BaseEntry.SIZE), this.#staging);
      if (pool !== 0) this.#rebase(words, count, pool);
      if (core.loadBase(this.#staging, count) !== count) return false;
    }
    return true;
  }

  /** Turns offsets into the pool into addresses. */
  #rebase(words: Uint32Array, count: number, pool: number): void {
    for (let i = 0; i < count; i++) {
      const entry = (this.#staging + i * BaseEntry.SIZE) >>> 2;
      const kind = words[entry + (BaseEntry.KIND >>> 2)];
      if (kind !== Kind.DATA && kind !== Kind.NUMBER) continue;
      const key = entry + (BaseEntry.ADDRESS >>> 2);
      words[key] = words[key]! + pool;
      const value = entry + (BaseEntry.VALUE >>> 2);
      if (kind === Kind.DATA && words[value + 1] !== ABSENT_LENGTH) words[value] = words[value]! + pool;
    }
  }

  #loadCode(hash: Uint8Array, code: Uint8Array): boolean {
    const { core, bytes } = this.#instance;
    bytes.set(hash, core.scratch() + Scratch.SLOT);
    if (core.findCodeScratch() !== 0) return true;
    const needed = 32 + code.length;
    if (needed > this.#codeStagingSize) {
      this.#codeStagingSize = Math.max(needed, Math.min(2 * this.#codeStagingSize, 1 << 16));
      this.#codeStaging = core.allocate(this.#codeStagingSize);
      if (this.#codeStaging === 0) return false;
    }
    bytes.set(hash, this.#codeStaging);
    bytes.set(code, this.#codeStaging + 32);
    return Boolean(core.addCode(this.#codeStaging, this.#codeStaging + 32, code.length));
  }
}
