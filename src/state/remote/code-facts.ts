// What the bytes of a contract say about the state it will touch: found by running each stretch of straight code on values
// that are known only in part. Guesses: they decide what is fetched ahead, and nothing else.

import { bytes32FromNumber, bytesFromHex, type Hex, numberFromBytes } from '../../base/hex.ts';
import { keccak256 } from '../../base/keccak256.ts';
import { INVALID, numbersOf, opcodeNumbered } from '../../chain/opcodes.ts';

/** What the code of an account that delegates begins with. */
const DELEGATION = bytesFromHex('0xef0100');

const Op = numbersOf(
  ...(['ADD', 'ADDRESS', 'AND', 'CALLCODE', 'CALLDATALOAD', 'CALLER', 'DELEGATECALL', 'DUP1'] as const),
  ...(['DUP16', 'EXP', 'JUMP', 'JUMPDEST', 'JUMPI', 'KECCAK256', 'MLOAD', 'MSTORE'] as const),
  ...(['MUL', 'ORIGIN', 'PUSH0', 'PUSH32', 'RETURN', 'REVERT', 'SELFDESTRUCT', 'SHL'] as const),
  ...(['SHR', 'SLOAD', 'SSTORE', 'STOP', 'SUB', 'SWAP1', 'SWAP16'] as const),
);

/** Instructions with one result, which may be known. */
const FOLLOWED: ReadonlySet<number> = new Set([
  ...[Op.ADD, Op.MUL, Op.SUB, Op.EXP, Op.SHL, Op.SHR, Op.AND, Op.KECCAK256],
  ...[Op.ADDRESS, Op.ORIGIN, Op.CALLER, Op.CALLDATALOAD, Op.MLOAD, Op.SLOAD],
]);

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
  for (const key of keys) slot = numberFromBytes(keccak256(concatenated(key, bytes32FromNumber(slot))));
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
    // EIP-7702: the code of another account runs here.
    if (this.#code.length === 23 && DELEGATION.every((byte, at) => this.#code[at] === byte)) {
      const address = addressOf(numberFromBytes(this.#code.subarray(3)));
      return { patterns: [], addresses: address === undefined ? [] : [address], delegates: true };
    }
    for (let at = 0; at < this.#code.length; ) at = this.#step(at);
    return { patterns: [...this.#patterns.values()], addresses: [...this.#addresses], delegates: this.#delegates };
  }

  /** Runs one instruction; returns where the next one is. */
  #step(at: number): number {
    const operation = this.#code[at]!;
    if (operation >= Op.PUSH0 && operation <= Op.PUSH32) {
      const size = operation - Op.PUSH0;
      const value = size <= 4 ? this.#small(at + 1, size) : numberFromBytes(this.#code.subarray(at + 1, at + 1 + size));
      if (size >= 20) this.#meet(value);
      this.#stack.push(value);
      return at + 1 + size;
    }
    if (operation >= Op.DUP1 && operation <= Op.DUP16) this.#stack.push(this.#peek(operation - Op.DUP1));
    else if (operation >= Op.SWAP1 && operation <= Op.SWAP16) this.#swap(operation - Op.SWAP1 + 1);
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
      case Op.MSTORE:
        this.#store(this.#pop(), this.#pop());
        return;
      case Op.SSTORE:
        this.#touch(this.#pop());
        this.#pop();
        return;
      case Op.JUMPI:
        this.#pop();
        this.#pop();
        return;
      case Op.STOP:
      case Op.JUMP:
      case Op.JUMPDEST:
      case Op.RETURN:
      case Op.REVERT:
      case INVALID:
      case Op.SELFDESTRUCT:
        // A stretch ends; what the next one begins with is not known.
        this.#stack = [];
        this.#memory.clear();
        return;
    }
    if (operation === Op.DELEGATECALL || operation === Op.CALLCODE) this.#delegates = true;
    const opcode = opcodeNumbered(operation);
    if (opcode === undefined || FOLLOWED.has(operation)) {
      this.#stack.push(this.#result(operation));
      return;
    }
    for (let taken = 0; taken < opcode.operands; taken++) this.#pop();
    for (let given = 0; given < opcode.results; given++) this.#stack.push(undefined);
  }

  /** Of an instruction with one result that may be known. */
  #result(operation: number): Value {
    switch (operation) {
      case Op.ADD:
        return sum(this.#pop(), this.#pop());
      case Op.MUL:
      case Op.SUB:
      case Op.EXP:
      case Op.SHL:
      case Op.SHR:
        return folded(operation, this.#pop(), this.#pop());
      case Op.AND:
        return masked(this.#pop(), this.#pop());
      case Op.KECCAK256:
        return this.#hashed(this.#pop(), this.#pop());
      case Op.ADDRESS:
        return 'self';
      case Op.ORIGIN:
        return 'origin';
      case Op.CALLER:
        return 'caller';
      case Op.CALLDATALOAD:
        return wordOfData(this.#pop());
      case Op.MLOAD: {
        const from = this.#pop();
        return typeof from === 'bigint' ? this.#memory.get(from) : undefined;
      }
      case Op.SLOAD:
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
  if (operation === Op.SUB) return (left - right + WORD) % WORD;
  if (operation === Op.MUL) return (left * right) % WORD;
  // Solidity makes masks so: powers of two.
  if (operation === Op.EXP) return left === 2n && right < 256n ? left ** right : undefined;
  if (left > 255n) return 0n;
  return operation === Op.SHL ? (right << left) % WORD : right >> left;
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
