// What the bytes of a contract say about the state it will touch: found by running each stretch of straight code on values
// that are known only in part. Guesses: they decide what is fetched ahead, and nothing else.

import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytes32FromNumber, bytesFromHex, type Hex, numberFromBytes } from '../../base/hex.ts';

/**
 * Where a mapping's key comes from: `address` is one, but nobody knows which, of `any` not even that is known. `word`: a word
 * of the call's data.
 */
export type KeyOrigin = 'caller' | 'origin' | 'self' | 'address' | 'any' | { readonly word: number };

/** A slot, or the slots of a mapping in storage: keccak256(key . slot) for each key, and a field of a struct behind it. */
export interface SlotPattern {
  readonly base: bigint;
  /** From the outermost mapping inwards; none: the slot itself. */
  readonly keys: readonly KeyOrigin[];
  readonly offset: bigint;
}

export interface CodeFacts {
  readonly patterns: readonly SlotPattern[];
  /** Addresses in the code: constants and immutables. */
  readonly addresses: readonly Hex[];
  /** Whether code of others may run on this contract's storage. */
  readonly delegates: boolean;
}

/** A number, an expression for a slot, something of the call, or `undefined` for what is not known. */
type Value = bigint | SlotPattern | Exclude<KeyOrigin, 'any'> | undefined;

const NOTHING: CodeFacts = { patterns: [], addresses: [], delegates: false };
const REMEMBERED = 4096;
const MOST_PATTERNS = 64;
const MOST_ADDRESSES = 16;
const WORD = 1n << 256n;
const ADDRESS_LIMIT = 1n << 160n;
/** Numbers below are more likely amounts and masks than addresses, which begin with zeros only by great effort. */
const LEAST_ADDRESS = 1n << 136n;

const known = new Map<Hex, CodeFacts>();

/** The facts about a piece of code; remembered by its hash. */
export function factsOf(code: Hex, codeHash: Hex): CodeFacts {
  if (code === '0x') return NOTHING;
  let facts = known.get(codeHash);
  if (facts === undefined) {
    facts = new Reading(bytesFromHex(code)).facts();
    if (known.size >= REMEMBERED) known.clear();
    known.set(codeHash, facts);
  }
  return facts;
}

/** An address as a number of the code may be one. */
export function addressOf(value: bigint): Hex | undefined {
  // Masks and what fills a word up are no addresses.
  if (value < LEAST_ADDRESS || value >= ADDRESS_LIMIT || value + 1n === ADDRESS_LIMIT) return undefined;
  const hex = value.toString(16).padStart(40, '0');
  return /0{12}|f{12}/.test(hex) ? undefined : `0x${hex}`;
}

/** The slot that a pattern means with these keys, each of 32 bytes. */
export function slotOf({ base, offset }: SlotPattern, keys: readonly Uint8Array[]): bigint {
  let slot = base;
  for (const key of keys) slot = numberFromBytes(keccak_256(concatenated(key, bytes32FromNumber(slot))));
  return (slot + offset) % WORD;
}

function concatenated(left: Uint8Array, right: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(left.length + right.length);
  bytes.set(left);
  bytes.set(right, left.length);
  return bytes;
}

function isPattern(value: Value): value is SlotPattern {
  return typeof value === 'object' && 'base' in value;
}

class Reading {
  readonly #code: Uint8Array;
  readonly #patterns = new Map<string, SlotPattern>();
  readonly #addresses = new Set<Hex>();
  #delegates = false;
  #stack: Value[] = [];
  readonly #memory = new Map<bigint, Value>();

  constructor(code: Uint8Array) {
    this.#code = code;
  }

  facts(): CodeFacts {
    const [first, second, third] = this.#code;
    // EIP-7702: the code of another account runs here.
    if (first === 0xef && second === 0x01 && third === 0x00 && this.#code.length === 23) {
      const address = addressOf(numberFromBytes(this.#code.subarray(3)));
      return { patterns: [], addresses: address === undefined ? [] : [address], delegates: true };
    }
    for (let at = 0; at < this.#code.length; ) at = this.#step(at);
    return { patterns: [...this.#patterns.values()], addresses: [...this.#addresses], delegates: this.#delegates };
  }

  /** Runs one instruction; returns where the next one is. */
  #step(at: number): number {
    const operation = this.#code[at]!;
    if (operation >= 0x5f && operation <= 0x7f) {
      const size = operation - 0x5f;
      const value = size <= 4 ? this.#small(at + 1, size) : numberFromBytes(this.#code.subarray(at + 1, at + 1 + size));
      if (size >= 20) this.#meet(value);
      this.#stack.push(value);
      return at + 1 + size;
    }
    if (operation >= 0x80 && operation <= 0x8f) this.#stack.push(this.#peek(operation - 0x80));
    else if (operation >= 0x90 && operation <= 0x9f) this.#swap(operation - 0x8f);
    else this.#run(operation);
    return at + 1;
  }

  /** Most constants are small, and a number made of hex takes twenty times as long. */
  #small(at: number, size: number): bigint {
    let value = 0;
    for (let i = 0; i < size; i++) value = value * 256 + (this.#code[at + i] ?? 0);
    return BigInt(value);
  }

  #run(operation: number): void {
    switch (operation) {
      case 0x52:
        this.#store(this.#pop(), this.#pop());
        return;
      case 0x55:
        this.#touch(this.#pop());
        this.#pop();
        return;
      case 0x57:
        this.#pop();
        this.#pop();
        return;
      case 0x00:
      case 0x56:
      case 0x5b:
      case 0xf3:
      case 0xfd:
      case 0xfe:
      case 0xff:
        // A stretch ends; what the next one begins with is not known.
        this.#stack = [];
        this.#memory.clear();
        return;
    }
    if (operation === 0xf4 || operation === 0xf2) this.#delegates = true;
    const effect = EFFECTS[operation];
    if (effect === undefined) {
      this.#stack.push(this.#result(operation));
      return;
    }
    for (let taken = 0; taken < effect.takes; taken++) this.#pop();
    for (let given = 0; given < effect.gives; given++) this.#stack.push(undefined);
  }

  /** Of an instruction with one result that may be known. */
  #result(operation: number): Value {
    switch (operation) {
      case 0x01:
        return sum(this.#pop(), this.#pop());
      case 0x02:
      case 0x03:
      case 0x0a:
      case 0x1b:
      case 0x1c:
        return folded(operation, this.#pop(), this.#pop());
      case 0x16:
        return masked(this.#pop(), this.#pop());
      case 0x20:
        return this.#hashed(this.#pop(), this.#pop());
      case 0x30:
        return 'self';
      case 0x32:
        return 'origin';
      case 0x33:
        return 'caller';
      case 0x35:
        return wordOfData(this.#pop());
      case 0x51: {
        const from = this.#pop();
        return typeof from === 'bigint' ? this.#memory.get(from) : undefined;
      }
      case 0x54:
        this.#touch(this.#pop());
        return undefined;
    }
    return undefined;
  }

  #pop(): Value {
    return this.#stack.pop();
  }

  #peek(depth: number): Value {
    return this.#stack[this.#stack.length - 1 - depth];
  }

  #swap(depth: number): void {
    while (this.#stack.length <= depth) this.#stack.unshift(undefined);
    const top = this.#stack.length - 1;
    const below = this.#stack[top - depth];
    this.#stack[top - depth] = this.#stack[top];
    this.#stack[top] = below;
  }

  #store(to: Value, value: Value): void {
    if (typeof to === 'bigint') this.#memory.set(to, value);
  }

  #hashed(from: Value, size: Value): Value {
    if (typeof from !== 'bigint' || size !== 64n) return undefined;
    const base = this.#memory.get(from + 32n);
    const key = this.#memory.get(from);
    const origin: KeyOrigin = key === undefined || typeof key === 'bigint' || isPattern(key) ? 'any' : key;
    if (typeof base === 'bigint') return { base, keys: [origin], offset: 0n };
    return isPattern(base) && base.keys.length < 3 ? { ...base, keys: [...base.keys, origin] } : undefined;
  }

  #touch(slot: Value): void {
    const pattern = typeof slot === 'bigint' ? { base: slot, keys: [], offset: 0n } : slot;
    if (!isPattern(pattern) || this.#patterns.size >= MOST_PATTERNS) return;
    const { base, keys, offset } = pattern;
    this.#patterns.set(`${base} ${offset} ${JSON.stringify(keys)}`, pattern);
  }

  #meet(value: bigint): void {
    const address = addressOf(value);
    if (address !== undefined && this.#addresses.size < MOST_ADDRESSES) this.#addresses.add(address);
  }
}

function sum(left: Value, right: Value): Value {
  if (typeof left === 'bigint' && typeof right === 'bigint') return (left + right) % WORD;
  const [pattern, number] = typeof left === 'bigint' ? [right, left] : [left, right];
  if (!isPattern(pattern) || typeof number !== 'bigint') return undefined;
  return { ...pattern, offset: (pattern.offset + number) % WORD };
}

function folded(operation: number, left: Value, right: Value): Value {
  if (typeof left !== 'bigint' || typeof right !== 'bigint') return undefined;
  if (operation === 0x03) return (left - right + WORD) % WORD;
  if (operation === 0x02) return (left * right) % WORD;
  // Solidity makes masks so: powers of two.
  if (operation === 0x0a) return left === 2n && right < 256n ? left ** right : undefined;
  if (left > 255n) return 0n;
  return operation === 0x1b ? (right << left) % WORD : right >> left;
}

/** A mask leaves an address what it is. */
function masked(left: Value, right: Value): Value {
  if (typeof left === 'bigint' && typeof right === 'bigint') return left & right;
  const [mask, value] = typeof left === 'bigint' ? [left, right] : [right, left];
  return mask === ADDRESS_LIMIT - 1n ? (isPattern(value) || value === undefined ? 'address' : value) : undefined;
}

function wordOfData(from: Value): Value {
  return typeof from === 'bigint' && from >= 4n && (from - 4n) % 32n === 0n && from < 4096n
    ? { word: Number((from - 4n) / 32n) }
    : undefined;
}

/** How many operands an instruction takes and results it gives, but for those that are run. */
const EFFECTS: Readonly<Record<number, { readonly takes: number; readonly gives: number }>> = Object.fromEntries([
  ...[0x04, 0x05, 0x06, 0x07, 0x0b, 0x10, 0x11, 0x12, 0x13, 0x14, 0x17, 0x18, 0x1a, 0x1d].map((o) => effect(o, 2, 1)),
  ...[0x08, 0x09].map((o) => effect(o, 3, 1)),
  ...[0x15, 0x19, 0x1e, 0x31, 0x3b, 0x3f, 0x40, 0x49, 0x5c].map((o) => effect(o, 1, 1)),
  ...[0x34, 0x36, 0x38, 0x3a, 0x3d, 0x58, 0x59, 0x5a].map((o) => effect(o, 0, 1)),
  ...[0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x4a].map((o) => effect(o, 0, 1)),
  ...[0x37, 0x39, 0x3e, 0x5e].map((o) => effect(o, 3, 0)),
  ...[effect(0x3c, 4, 0), effect(0x50, 1, 0), effect(0x53, 2, 0), effect(0x5d, 2, 0)],
  ...[0, 1, 2, 3, 4].map((topics) => effect(0xa0 + topics, 2 + topics, 0)),
  ...[effect(0xf0, 3, 1), effect(0xf1, 7, 1), effect(0xf2, 7, 1), effect(0xf4, 6, 1)],
  ...[effect(0xf5, 4, 1), effect(0xfa, 6, 1)],
]);

function effect(operation: number, takes: number, gives: number): [number, { takes: number; gives: number }] {
  return [operation, { takes, gives }];
}
