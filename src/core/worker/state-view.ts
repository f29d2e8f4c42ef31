// The state view of executors outside the core: keys and values through the worker's scratch area, answers from the
// multi-version store. The hot path: no strings, nothing allocated beyond the results.

import { ABSENT_LENGTH, BaseValue, Kind, ReadResult, Scratch } from '../../../assembly/layout.ts';
import { bytesFromHex, isBytes, NO_CODE_HASH } from '../../base/hex.ts';
import { describe } from '../../base/reader.ts';
import { type StateView, SuspendSignal } from '../../task/executor.ts';
import type { CoreInstance } from '../instance/abi.ts';
import { readNumber, readReversed, writeNumber, writeReversed } from '../instance/words.ts';

const EMPTY_CODE_HASH = bytesFromHex(NO_CODE_HASH);
const LIMIT = 1n << 256n;
const MAX_KEY = 65535;
const encoder = new TextEncoder();

/** Why an attempt cannot go on. */
export type Interruption =
  | { reason: 'blocked' }
  | { reason: 'missing'; location: number }
  | { reason: 'exhausted' }
  /** The core itself trapped: a broken invariant, which ends the block. */
  | { reason: 'trap'; error: WebAssembly.RuntimeError };

/** The state view over one instance of the core; used for one attempt after the other. */
export class CoreStateView implements StateView {
  index = 0;
  incarnation = 0;
  /** Set once the attempt cannot go on, whatever the executor makes of the signal. */
  interruption: Interruption | undefined;
  #open = false;
  readonly #instance: CoreInstance;
  readonly #scratch: number;
  readonly #value: number;
  /** Memory for bytes on their way into the core, from the arena; grows when needed. */
  #staging = 0;
  #stagingSize = 0;

  /** The instance has joined the block. */
  constructor(instance: CoreInstance) {
    this.#instance = instance;
    this.#scratch = instance.core.scratch();
    this.#value = this.#scratch + Scratch.VALUE;
  }

  /** Starts an attempt. */
  open(index: number, incarnation: number): void {
    this.index = index;
    this.incarnation = incarnation;
    this.interruption = undefined;
    this.#open = true;
  }

  /** Ends the attempt: an executor that holds on to the view can do no harm any more. */
  close(): void {
    this.#open = false;
  }

  /** Copies bytes to a place inside the core that is good until the next call; 0 when memory is exhausted. */
  stage(...parts: readonly Uint8Array[]): number {
    let length = 0;
    for (const part of parts) length += part.length;
    if (length > this.#stagingSize || this.#staging === 0) {
      const size = Math.max(1024, 2 ** Math.ceil(Math.log2(length)));
      this.#staging = this.#instance.core.allocate(size);
      this.#stagingSize = this.#staging === 0 ? 0 : size;
      if (this.#staging === 0) return 0;
    }
    let at = this.#staging;
    for (const part of parts) {
      this.#instance.bytes.set(part, at);
      at += part.length;
    }
    return this.#staging;
  }

  balance(address: Uint8Array): bigint {
    this.#read(this.#locate(Kind.BALANCE, address));
    return readNumber(this.#instance, this.#value);
  }

  balanceAtLeast(address: Uint8Array, minimum: bigint): boolean {
    return this.#atLeast(this.#locate(Kind.BALANCE, address), minimum);
  }

  nonce(address: Uint8Array): bigint {
    this.#read(this.#locate(Kind.NONCE, address));
    return readNumber(this.#instance, this.#value);
  }

  codeHash(address: Uint8Array): Uint8Array {
    this.#read(this.#locate(Kind.CODE, address));
    if (this.#valueIsZero()) return EMPTY_CODE_HASH.slice();
    return this.#instance.bytes.slice(this.#value, this.#value + 32);
  }

  code(address: Uint8Array): Uint8Array {
    const location = this.#locate(Kind.CODE, address);
    this.#read(location);
    if (this.#valueIsZero()) return new Uint8Array(0);
    const { core, bytes, words } = this.#instance;
    bytes.copyWithin(this.#scratch + Scratch.SLOT, this.#value, this.#value + 32);
    const record = this.#call(core.findCodeScratch);
    if (record === 0) return this.#interrupt({ reason: 'missing', location });
    const start = record + BaseValue.CODE_BYTES;
    return bytes.slice(start, start + words[(record + BaseValue.CODE_LENGTH) >>> 2]!);
  }

  storage(address: Uint8Array, slot: Uint8Array): Uint8Array {
    this.#read(this.#locateSlot(address, slot));
    return readReversed(this.#instance.bytes, this.#value);
  }

  exists(address: Uint8Array): boolean {
    this.#read(this.#locate(Kind.EXISTENCE, address));
    return !this.#valueIsZero();
  }

  setBalance(address: Uint8Array, balance: bigint): void {
    this.#writeNumber(this.#locate(Kind.BALANCE, address), balance);
  }

  credit(address: Uint8Array, amount: bigint): void {
    this.#credit(this.#locate(Kind.BALANCE, address), amount);
  }

  setNonce(address: Uint8Array, nonce: bigint): void {
    this.#writeNumber(this.#locate(Kind.NONCE, address), nonce);
  }

  setCode(address: Uint8Array, code: Uint8Array, hash: Uint8Array): void {
    checkLength(hash, 32, 'code hash');
    if (!isBytes(code)) throw new TypeError('the code is not a Uint8Array');
    const location = this.#locate(Kind.CODE, address);
    const { core, bytes } = this.#instance;
    if (code.length === 0) {
      bytes.fill(0, this.#value, this.#value + 32);
    } else {
      const staged = this.#call(() => this.stage(code));
      bytes.set(hash, this.#scratch + Scratch.SLOT);
      if (staged === 0 || !this.#call(core.addCode, this.#scratch + Scratch.SLOT, staged, code.length)) {
        this.#interrupt({ reason: 'exhausted' });
      }
      bytes.set(hash, this.#value);
    }
    this.#write(location);
  }

  setStorage(address: Uint8Array, slot: Uint8Array, value: Uint8Array): void {
    checkLength(value, 32, 'storage value');
    const location = this.#locateSlot(address, slot);
    writeReversed(this.#instance.bytes, this.#value, value);
    this.#write(location);
  }

  setExists(address: Uint8Array, exists: boolean): void {
    this.#writeNumber(this.#locate(Kind.EXISTENCE, address), exists ? 1n : 0n);
  }

  resetStorage(address: Uint8Array): void {
    this.#writeNumber(this.#locate(Kind.RESET, address), 1n);
  }

  read(key: string | Uint8Array): Uint8Array | undefined {
    this.#read(this.#locateKey(Kind.DATA, key));
    const { bytes, words } = this.#instance;
    const length = words[(this.#value >>> 2) + 1]!;
    if (length === ABSENT_LENGTH) return undefined;
    const start = words[this.#value >>> 2]!;
    return bytes.slice(start, start + length);
  }

  write(key: string | Uint8Array, value: Uint8Array | undefined): void {
    const location = this.#locateKey(Kind.DATA, key);
    const { core, bytes, words } = this.#instance;
    let start = 0;
    if (value !== undefined) {
      if (!isBytes(value)) throw new TypeError('the value is not a Uint8Array');
      // Versions point to it for as long as the block lasts.
      start = this.#call(core.allocate, Math.max(8, value.length));
      if (start === 0) this.#interrupt({ reason: 'exhausted' });
      bytes.set(value, start);
    }
    bytes.fill(0, this.#value, this.#value + 32);
    words[this.#value >>> 2] = start;
    words[(this.#value >>> 2) + 1] = value === undefined ? ABSENT_LENGTH : value.length;
    this.#write(location);
  }

  readNumber(key: string | Uint8Array): bigint {
    this.#read(this.#locateKey(Kind.NUMBER, key));
    return readNumber(this.#instance, this.#value);
  }

  writeNumber(key: string | Uint8Array, value: bigint): void {
    this.#writeNumber(this.#locateKey(Kind.NUMBER, key), value);
  }

  add(key: string | Uint8Array, amount: bigint): void {
    this.#credit(this.#locateKey(Kind.NUMBER, key), amount);
  }

  atLeast(key: string | Uint8Array, minimum: bigint): boolean {
    return this.#atLeast(this.#locateKey(Kind.NUMBER, key), minimum);
  }

  #locate(kind: number, address: Uint8Array): number {
    this.#checkOpen();
    checkLength(address, 20, 'address');
    this.#instance.bytes.set(address, this.#scratch + Scratch.ADDRESS);
    return this.#located(this.#call(this.#instance.core.locateScratch, kind));
  }

  #locateSlot(address: Uint8Array, slot: Uint8Array): number {
    this.#checkOpen();
    checkLength(address, 20, 'address');
    checkLength(slot, 32, 'slot');
    this.#instance.bytes.set(address, this.#scratch + Scratch.ADDRESS);
    this.#instance.bytes.set(slot, this.#scratch + Scratch.SLOT);
    return this.#located(this.#call(this.#instance.core.locateScratch, Kind.STORAGE));
  }

  #locateKey(kind: number, key: string | Uint8Array): number {
    this.#checkOpen();
    const bytes = typeof key === 'string' ? encoder.encode(key) : key;
    if (!isBytes(bytes)) throw new TypeError('the key is neither a string nor a Uint8Array');
    if (bytes.length === 0 || bytes.length > MAX_KEY) {
      throw new RangeError(`a key has 1 to ${MAX_KEY} bytes, this one ${bytes.length}`);
    }
    const staged = this.#call(() => this.stage(bytes));
    if (staged === 0) this.#interrupt({ reason: 'exhausted' });
    const { core, words } = this.#instance;
    const pointer = (this.#scratch + Scratch.ADDRESS) >>> 2;
    words[pointer] = staged;
    words[pointer + 1] = bytes.length;
    return this.#located(this.#call(core.locateScratch, kind));
  }

  #located(location: number): number {
    if (location === 0) this.#interrupt({ reason: 'exhausted' });
    return location;
  }

  #read(location: number): void {
    const result = this.#call(this.#instance.core.read, location);
    if (result !== ReadResult.VALUE) this.#fail(result, location);
  }

  #atLeast(location: number, minimum: bigint): boolean {
    checkNumber(minimum);
    writeNumber(this.#instance.limbs, (this.#scratch + Scratch.BOUND) >>> 3, minimum);
    const result = this.#call(this.#instance.core.atLeast, location);
    if (result !== ReadResult.VALUE) this.#fail(result, location);
    return this.#instance.words[this.#value >>> 2] !== 0;
  }

  #writeNumber(location: number, value: bigint): void {
    checkNumber(value);
    writeNumber(this.#instance.limbs, this.#value >>> 3, value);
    this.#write(location);
  }

  #write(location: number): void {
    const fits = this.#call(this.#instance.core.write, location);
    if (!fits) this.#interrupt({ reason: 'exhausted' });
  }

  #credit(location: number, amount: bigint): void {
    checkNumber(amount);
    writeNumber(this.#instance.limbs, this.#value >>> 3, amount);
    if (!this.#call(this.#instance.core.credit, location)) this.#interrupt({ reason: 'exhausted' });
  }

  #valueIsZero(): boolean {
    const { words } = this.#instance;
    const at = this.#value >>> 2;
    let seen = 0;
    for (let i = at; i < at + 8; i++) seen |= words[i]!;
    return seen === 0;
  }

  /** Every call into the core on behalf of an executor: a trap there is the core's, whatever the executor makes of it. */
  #call<Answer>(method: (a: number, b: number, c: number) => Answer, a = 0, b = 0, c = 0): Answer {
    try {
      return method(a, b, c);
    } catch (error) {
      if (!(error instanceof WebAssembly.RuntimeError)) throw error;
      return this.#interrupt({ reason: 'trap', error });
    }
  }

  #fail(result: number, location: number): never {
    if (result === ReadResult.BLOCKED) return this.#interrupt({ reason: 'blocked' });
    if (result === ReadResult.MISSING) return this.#interrupt({ reason: 'missing', location });
    return this.#interrupt({ reason: 'exhausted' });
  }

  #interrupt(interruption: Interruption): never {
    this.interruption = interruption;
    throw new SuspendSignal();
  }

  #checkOpen(): void {
    if (!this.#open) throw new Error('this attempt is over: its view can no longer be used');
    // An executor that caught the signal goes nowhere.
    if (this.interruption !== undefined) throw new SuspendSignal();
  }
}

function checkLength(bytes: Uint8Array, length: number, name: string): void {
  if (!isBytes(bytes) || bytes.length !== length) {
    throw new TypeError(`the ${name} is not a Uint8Array of ${length} bytes`);
  }
}

function checkNumber(value: bigint): void {
  if (typeof value !== 'bigint' || value < 0n || value >= LIMIT) {
    throw new RangeError(`not a bigint from 0 to 2^256 - 1: ${describe(value)}`);
  }
}
