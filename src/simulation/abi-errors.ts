// Custom errors of a given ABI: read from JSON or from Solidity's own words, and what return data says in them. Return data is
// written by strangers: what is not whole, or larger than it can be, is no answer, and nothing here throws for it.
//
// Of our own, since what comes in may be hostile, and what decodes ABIs (viem, ethers) is larger than this whole library.

import { keccak_256 } from '@noble/hashes/sha3.js';
import { InputError } from '../base/errors.ts';
import { bytesFromHex, type Hex, hexFromBytes } from '../base/hex.ts';
import { describe, plainObject } from '../base/reader.ts';

/** A type of Solidity's, taken apart. */
type Type =
  | { readonly kind: 'uint' | 'int'; readonly bits: number }
  | { readonly kind: 'address' | 'bool' | 'bytes' | 'string' }
  | { readonly kind: 'fixed'; readonly size: number }
  | { readonly kind: 'list'; readonly item: Type; readonly count: number | undefined }
  | { readonly kind: 'tuple'; readonly fields: readonly Parameter[] };

interface Parameter {
  readonly name: string;
  readonly type: Type;
}

interface AbiError {
  readonly name: string;
  readonly inputs: readonly Parameter[];
}

/** By selector: `0x` and eight digits. */
export type AbiErrors = ReadonlyMap<string, AbiError>;

/** Values that one error may hold; more is nothing that anybody would read. */
const MOST_VALUES = 1 << 14;
const DEEPEST = 16;

/** The errors among the entries of an ABI. @throws InputError naming the entry that is none */
export function readAbiErrors(abi: unknown, field: string): AbiErrors {
  const errors = new Map<string, AbiError>();
  if (abi === undefined) return errors;
  if (!Array.isArray(abi)) throw new InputError(field, `expected an array, got ${describe(abi)}`);
  for (const [at, entry] of abi.entries()) {
    const place = `${field}[${at}]`;
    const error = typeof entry === 'string' ? errorOfWords(entry, place) : errorOfJson(entry, place);
    if (error === undefined) continue;
    const signature = `${error.name}(${error.inputs.map(({ type }) => nameOf(type)).join(',')})`;
    errors.set(hexFromBytes(keccak_256(new TextEncoder().encode(signature)).subarray(0, 4)), error);
  }
  return errors;
}

/** What return data says in an error of the ABI; `undefined`: it is none of them, or not whole. */
export function decodeAbiError(errors: AbiErrors, data: Hex): { name: string; args: readonly unknown[] } | undefined {
  const error = errors.get(data.slice(0, 10));
  if (error === undefined) return undefined;
  const reader = new Words(data.slice(10));
  const args = reader.tuple(error.inputs, 0, 0);
  return args === undefined ? undefined : { name: error.name, args };
}

/** `Name(1, 0x…)`, as messages have it. */
export function wordsOf(name: string, args: readonly unknown[]): string {
  return `${name}(${args.map(wordOf).join(', ')})`;
}

function wordOf(value: unknown): string {
  if (typeof value === 'string') return value.startsWith('0x') ? value : JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(wordOf).join(', ')}]`;
  if (typeof value === 'object' && value !== null) return `(${Object.values(value).map(wordOf).join(', ')})`;
  return String(value);
}

function errorOfJson(entry: unknown, field: string): AbiError | undefined {
  const { type, name, inputs = [] } = plainObject(entry, field);
  if (type !== 'error') return undefined;
  if (typeof name !== 'string') throw new InputError(`${field}.name`, `expected a string, got ${describe(name)}`);
  return { name, inputs: parametersOf(inputs, `${field}.inputs`, 0) };
}

function parametersOf(inputs: unknown, field: string, depth: number): Parameter[] {
  if (!Array.isArray(inputs)) throw new InputError(field, `expected an array, got ${describe(inputs)}`);
  if (depth > DEEPEST) throw new InputError(field, `tuples inside each other, ${depth} deep`);
  return inputs.map((input, at) => {
    const place = `${field}[${at}]`;
    const { name = '', type, components } = plainObject(input, place);
    if (typeof type !== 'string') throw new InputError(`${place}.type`, `expected a string, got ${describe(type)}`);
    const tuple = type.startsWith('tuple')
      ? { kind: 'tuple' as const, fields: parametersOf(components, `${place}.components`, depth + 1) }
      : undefined;
    return { name: String(name), type: typeOf(type, `${place}.type`, tuple) };
  });
}

/** `error Name(uint256 a, (address, bytes)[] b)` */
function errorOfWords(text: string, field: string): AbiError | undefined {
  const match = /^\s*error\s+([A-Za-z_$][\w$]*)\s*\((.*)\)\s*;?\s*$/s.exec(text);
  if (match === null) {
    if (/^\s*(function|event|constructor|fallback|receive|struct)\b/.test(text)) return undefined;
    throw new InputError(
      field,
      `expected an entry of an ABI, such as "error Name(uint256 value)", got ${describe(text)}`,
    );
  }
  return { name: match[1]!, inputs: parametersOfWords(match[2]!, field, 0) };
}

function parametersOfWords(text: string, field: string, depth: number): Parameter[] {
  if (depth > DEEPEST) throw new InputError(field, `tuples inside each other, ${depth} deep`);
  if (text.trim() === '') return [];
  return splitAtCommas(text).map((part): Parameter => {
    const tuple = /^\s*(?:tuple\s*)?\((.*)\)((?:\[\d*\])*)\s*([A-Za-z_$][\w$]*)?\s*$/s.exec(part);
    if (tuple !== null) {
      const fields = parametersOfWords(tuple[1]!, field, depth + 1);
      return { name: tuple[3] ?? '', type: typeOf(`tuple${tuple[2]}`, field, { kind: 'tuple', fields }) };
    }
    const [type = '', name = '', ...rest] = part.trim().split(/\s+/);
    if (rest.length > 0) throw new InputError(field, `not a parameter: ${describe(part.trim())}`);
    return { name, type: typeOf(type, field, undefined) };
  });
}

function splitAtCommas(text: string): string[] {
  const parts: string[] = [];
  let [depth, start] = [0, 0];
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '(') depth++;
    if (text[at] === ')') depth--;
    if (text[at] !== ',' || depth !== 0) continue;
    parts.push(text.slice(start, at));
    start = at + 1;
  }
  return [...parts, text.slice(start)];
}

function typeOf(text: string, field: string, tuple: Type | undefined): Type {
  const [, base = '', brackets = ''] = /^([a-z]+\d*)((?:\[\d*\])*)$/.exec(text) ?? [];
  const dimensions = [...brackets.matchAll(/\[(\d*)\]/g)];
  if (dimensions.length > DEEPEST) throw new InputError(field, `arrays inside each other, ${dimensions.length} deep`);
  let type = base === 'tuple' && tuple !== undefined ? tuple : elementary(base);
  if (type === undefined) throw new InputError(field, `unknown type ${describe(text)}`);
  for (const [, count = ''] of dimensions) {
    type = { kind: 'list', item: type, count: count === '' ? undefined : Number(count) };
  }
  return type;
}

function elementary(name: string): Type | undefined {
  if (name === 'address' || name === 'bool' || name === 'bytes' || name === 'string') return { kind: name };
  const [, kind, digits = ''] = /^(uint|int|bytes)(\d*)$/.exec(name) ?? [];
  const size = Number(digits === '' ? 256 : digits);
  if (kind === 'bytes') return size >= 1 && size <= 32 ? { kind: 'fixed', size } : undefined;
  if (kind !== 'uint' && kind !== 'int') return undefined;
  return size % 8 === 0 && size >= 8 && size <= 256 ? { kind, bits: size } : undefined;
}

/** As signatures have it. */
function nameOf(type: Type): string {
  switch (type.kind) {
    case 'uint':
    case 'int':
      return `${type.kind}${type.bits}`;
    case 'fixed':
      return `bytes${type.size}`;
    case 'list':
      return `${nameOf(type.item)}[${type.count ?? ''}]`;
    case 'tuple':
      return `(${type.fields.map((field) => nameOf(field.type)).join(',')})`;
    default:
      return type.kind;
  }
}

/** Bytes of a type where it lies in place; `undefined` where its place says only where it is. */
function sizeInPlace(type: Type): number | undefined {
  if (type.kind === 'bytes' || type.kind === 'string') return undefined;
  if (type.kind === 'list') {
    const size = sizeInPlace(type.item);
    return type.count === undefined || size === undefined ? undefined : size * type.count;
  }
  if (type.kind !== 'tuple') return 32;
  let sum = 0;
  for (const { type: inner } of type.fields) {
    const size = sizeInPlace(inner);
    if (size === undefined) return undefined;
    sum += size;
  }
  return sum;
}

/** Values out of encoded words; `undefined` for each that is not whole. */
class Words {
  readonly #digits: string;
  readonly #size: number;
  #left = MOST_VALUES;

  constructor(digits: string) {
    this.#digits = digits;
    this.#size = digits.length / 2;
  }

  /** Places inside count from `start`. */
  tuple(fields: readonly Parameter[], start: number, depth: number): unknown[] | undefined {
    const values: unknown[] = [];
    let at = start;
    for (const { type } of fields) {
      const value = this.#value(type, at, start, depth);
      if (value === undefined) return undefined;
      values.push(value);
      at += sizeInPlace(type) ?? 32;
    }
    return values;
  }

  #value(type: Type, place: number, start: number, depth: number): unknown {
    if (--this.#left < 0 || depth > 2 * DEEPEST) return undefined;
    let at = place;
    if (sizeInPlace(type) === undefined) {
      const offset = this.#length(place);
      if (offset === undefined) return undefined;
      at = start + offset;
    }
    if (type.kind === 'list') return this.#list(type, at, depth);
    if (type.kind === 'tuple') return this.#named(type.fields, at, depth);
    if (type.kind !== 'bytes' && type.kind !== 'string') return this.#word(type, at);
    const length = this.#length(at);
    if (length === undefined || at + 32 + length > this.#size) return undefined;
    const bytes: Hex = `0x${this.#digits.slice(2 * (at + 32), 2 * (at + 32 + length))}`;
    return type.kind === 'bytes' ? bytes : new TextDecoder().decode(bytesFromHex(bytes));
  }

  /** An object where all fields have names of their own, as viem does it. */
  #named(fields: readonly Parameter[], at: number, depth: number): unknown {
    const values = this.tuple(fields, at, depth + 1);
    if (values === undefined) return undefined;
    const names = new Set(fields.map(({ name }) => name).filter((name) => name !== ''));
    if (names.size !== fields.length) return values;
    return Object.fromEntries(fields.map(({ name }, i) => [name, values[i]]));
  }

  #list({ item, count }: { item: Type; count: number | undefined }, at: number, depth: number): unknown {
    const length = count ?? this.#length(at);
    if (length === undefined || length > this.#left) return undefined;
    const start = count === undefined ? at + 32 : at;
    const fields = Array.from({ length }, () => ({ name: '', type: item }));
    return this.tuple(fields, start, depth + 1);
  }

  #word(type: Type, at: number): unknown {
    if (at + 32 > this.#size) return undefined;
    const digits = this.#digits.slice(2 * at, 2 * at + 64);
    switch (type.kind) {
      case 'address':
        return `0x${digits.slice(24)}`;
      case 'bool':
        return BigInt(`0x${digits}`) !== 0n;
      case 'fixed':
        return `0x${digits.slice(0, 2 * type.size)}`;
      case 'uint':
      case 'int': {
        const word = BigInt(`0x${digits}`);
        const value = type.kind === 'uint' ? BigInt.asUintN(type.bits, word) : BigInt.asIntN(type.bits, word);
        // As viem: what a number holds is one.
        return type.bits <= 48 ? Number(value) : value;
      }
      default:
        return undefined;
    }
  }

  /** A length or an offset, which lies within the data. */
  #length(at: number): number | undefined {
    if (at + 32 > this.#size) return undefined;
    const value = BigInt(`0x${this.#digits.slice(2 * at, 2 * at + 64)}`);
    return value > BigInt(this.#size) ? undefined : Number(value);
  }
}
