// Free-form keys and values of a memory, read and written from outside any attempt: for stores and loops of others.

import { ABSENT_LENGTH, Kind, ReadResult, Scratch, Version } from '../../../assembly/layout.ts';
import { InputError, MemoryLimitError } from '../../base/errors.ts';
import { isBytes } from '../../base/hex.ts';
import { describe } from '../../base/reader.ts';
import type { Seen } from '../../task/version-store.ts';
import type { CoreInstance } from '../instance/abi.ts';
import { readNumber, writeNumber } from '../instance/words.ts';

const MAX_KEY = 65_535;
const LIMIT = 1n << 256n;
const encoder = new TextEncoder();

/** @throws MemoryLimitError */
export function outOfMemory(): never {
  throw new MemoryLimitError('the memory has no room for more');
}

export class FreeValues {
  readonly instance: CoreInstance;
  readonly #value: number;

  /** The instance has joined the block. */
  constructor(instance: CoreInstance) {
    this.instance = instance;
    this.#value = instance.core.scratch() + Scratch.VALUE;
  }

  /** Number of the location of a key, for bytes or for numbers. @throws InputError, MemoryLimitError */
  locate(kind: 'data' | 'number', key: string | Uint8Array): number {
    const bytes = typeof key === 'string' ? encoder.encode(key) : key;
    if (!isBytes(bytes)) throw new InputError('key', `expected text or bytes, got ${describe(key)}`);
    if (bytes.length === 0 || bytes.length > MAX_KEY) {
      throw new InputError('key', `expected 1 to ${MAX_KEY} bytes, got ${bytes.length}`);
    }
    const { core, words } = this.instance;
    const pointer = (core.scratch() + Scratch.ADDRESS) >>> 2;
    const staged = this.#stored(bytes);
    words[pointer] = staged;
    words[pointer + 1] = bytes.length;
    const location = core.locateScratch(kind === 'data' ? Kind.DATA : Kind.NUMBER);
    return location === 0 ? outOfMemory() : location;
  }

  /** What `transaction` sees at a location. */
  bytes(location: number, transaction: number): Seen<Uint8Array | undefined> {
    return this.#seen(location, transaction, () => this.#bytesAt(this.#value));
  }

  number(location: number, transaction: number): Seen<bigint> {
    return this.#seen(location, transaction, () => readNumber(this.instance, this.#value));
  }

  /** Puts bytes to where the core takes a value from. @throws InputError, MemoryLimitError */
  setBytes(value: Uint8Array | undefined): void {
    if (value !== undefined && !isBytes(value)) {
      throw new InputError('value', `expected bytes or undefined, got ${describe(value)}`);
    }
    const { bytes, words } = this.instance;
    const start = value === undefined ? 0 : this.#stored(value);
    bytes.fill(0, this.#value, this.#value + 32);
    words[this.#value >>> 2] = start;
    words[(this.#value >>> 2) + 1] = value === undefined ? ABSENT_LENGTH : value.length;
  }

  /** @throws InputError */
  setNumber(value: bigint): void {
    if (typeof value !== 'bigint' || value < 0n || value >= LIMIT) {
      throw new InputError('value', `expected a bigint from 0 to 2^256 - 1, got ${describe(value)}`);
    }
    writeNumber(this.instance.limbs, this.#value >>> 3, value);
  }

  /** The number that a version holds. */
  numberOf(node: number): bigint {
    return readNumber(this.instance, node + Version.VALUE);
  }

  #seen<T>(location: number, transaction: number, value: () => T): Seen<T> {
    const { core, words } = this.instance;
    const result = core.resolveAt(location, transaction);
    if (result === ReadResult.BLOCKED) return { status: 'awaited', transaction: core.awaited() };
    if (result !== ReadResult.VALUE) throw new TypeError('free-form values are never missing');
    const node = core.resolvedVersion();
    if (node === 0) return { status: 'value', value: value(), version: undefined };
    const meta = Atomics.load(words, (node + Version.META) >>> 2);
    return { status: 'value', value: value(), version: { transaction: meta >>> 12, incarnation: (meta >>> 4) & 0xff } };
  }

  #bytesAt(address: number): Uint8Array | undefined {
    const { bytes, words } = this.instance;
    const length = words[(address >>> 2) + 1]!;
    if (length === ABSENT_LENGTH) return undefined;
    const start = words[address >>> 2]!;
    return bytes.slice(start, start + length);
  }

  /** Versions and keys point to it for as long as the memory holds this block. */
  #stored(value: Uint8Array): number {
    const start = this.instance.core.allocate(Math.max(8, value.length));
    if (start === 0) return outOfMemory();
    this.instance.bytes.set(value, start);
    return start;
  }
}
