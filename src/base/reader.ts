// Readers: each turns one untrusted JSON value into a checked one, or throws an InputError that names its path.

import { CallRejectedError, InputError, messageOf, PevmError } from './errors.ts';
import type { Hex } from './hex.ts';
import { editDistance } from './nearest.ts';

/** Checks one value; `field` is its path, as in `block.transactions[3].gas`. */
export type Reader<T> = (value: unknown, field: string) => T;

/** `aliases`: what others call the field. */
type Shape = Record<string, { read: Reader<unknown>; required: boolean; aliases: readonly string[] }>;

/** The shape of a record that is written down as an interface: each of its fields, and nothing else. */
export type ShapeOf<T> = {
  readonly [K in keyof T]-?: {
    readonly read: Reader<Exclude<T[K], undefined>>;
    readonly required: undefined extends T[K] ? false : true;
    readonly aliases: readonly string[];
  };
};

/** The record that a shape describes. */
export type Read<S extends Shape> = {
  [K in keyof S as S[K]['required'] extends true ? K : never]: ReturnType<S[K]['read']>;
} & {
  [K in keyof S as S[K]['required'] extends true ? never : K]?: ReturnType<S[K]['read']>;
};

export function required<T>(
  read: Reader<T>,
  ...aliases: string[]
): { read: Reader<T>; required: true; aliases: readonly string[] } {
  return { read, required: true, aliases };
}

export function optional<T>(
  read: Reader<T>,
  ...aliases: string[]
): { read: Reader<T>; required: false; aliases: readonly string[] } {
  return { read, required: false, aliases };
}

/** What others mean by names that no shape has, and that cannot be taken for it: by the field. */
export type OtherNames<Name extends PropertyKey> = { readonly [N in Name]?: readonly string[] };

/**
 * A record with known fields. Unknown fields are dropped, `null` counts as missing, prototype keys are refused. So is a field
 * that is meant for a known one which is not there: by other letters (`gas_price`, `gasprice`), one letter more or less, or
 * a name of `otherNames`. Dropped, it would be taken for nothing.
 */
export function record<S extends Shape>(shape: S, otherNames: OtherNames<keyof S> = {}): Reader<Read<S>> {
  const fields = Object.entries(shape).map(([name, reading]) => ({ name, path: `.${name}`, ...reading }));
  const groups = Object.entries(shape).map(([name, { aliases }]) => [name, ...aliases]);
  const meantBy = meaningOf(groups, otherNames);
  // Where names are the fields' own, and all that is required is among them: the fields that are there, in their order.
  const plainFields = byNames((names) => {
    const given = new Set(names);
    const isPlain =
      names.every((name) => meantBy(name) === undefined) &&
      fields.every(
        ({ name, required, aliases }) => (!required || given.has(name)) && !aliases.some((a) => given.has(a)),
      );
    return isPlain ? fields.filter(({ name }) => given.has(name)) : undefined;
  });
  return (value, field) => {
    const result: Record<string, unknown> = {};
    try {
      const source = plainObject(value, '');
      // What is inherited, as getters of classes are, is not among the names.
      if (Object.getPrototypeOf(source) === Object.prototype) {
        const present = plainFields(source);
        let at = 0;
        for (; at < (present?.length ?? 0); at++) {
          const { name, path, read, required } = present![at]!;
          const item = source[name];
          if (item !== undefined && item !== null) result[name] = read(item, path);
          else if (required) break;
        }
        if (at === present?.length) return result as Read<S>;
      }
      refuseOtherNames(source, meantBy);
      for (const { name, path, read, required, aliases } of fields) {
        const item = source[name];
        if (item !== undefined && item !== null) result[name] = read(item, path);
        for (const alias of aliases) {
          const other = source[alias];
          if (other === undefined || other === null) continue;
          const same = read(other, `.${alias}`);
          if (result[name] !== undefined && result[name] !== same) {
            throw new InputError(path, `is not what ${alias} is, which means the same`);
          }
          result[name] = same;
        }
        if (required && result[name] === undefined) throw new InputError(path, 'missing');
      }
    } catch (error) {
      throw below(field, error);
    }
    return result as Read<S>;
  };
}

/** Sets of names that are kept: transactions have one per type. What has more names is no record. */
const KEPT_SETS = 8;
const MOST_NAMES = 64;

/** What follows from the names of an object's fields alone, kept for the next objects: those of a list mostly have the same ones. */
export function byNames<T>(find: (names: readonly string[]) => T): (source: object) => T {
  const kept: { readonly names: readonly string[]; readonly found: T }[] = [];
  let next = 0;
  return (source) => {
    const names = Object.keys(source);
    for (let at = 0; at < kept.length; at++) {
      const { names: known, found } = kept[at]!;
      if (isSame(known, names)) return found;
    }
    const found = find(names);
    if (names.length <= MOST_NAMES) kept[next++ % KEPT_SETS] = { names, found };
    return found;
  };
}

function isSame(left: readonly string[], right: readonly string[]): boolean {
  if (left.length !== right.length) return false;
  for (let at = 0; at < left.length; at++) if (left[at] !== right[at]) return false;
  return true;
}

/** The known field that a name stands for, with all its names; `undefined` for known names, and for those that mean nothing. */
export type Meaning = (name: string) => readonly string[] | undefined;

/** Names whose meaning is kept; clients write always the same ones. */
const KEPT_NAMES = 256;
/** Shorter names are near to everything, longer ones to nothing. */
const [SHORTEST_TYPO, LONGEST_TYPO] = [4, 64];

/** `groups`: of each field all names that are read. `otherNames`: what others call a field, by its first name. */
export function meaningOf(
  groups: readonly (readonly string[])[],
  otherNames: Readonly<Record<string, readonly string[] | undefined>>,
): Meaning {
  const folded = (name: string): string => name.toLowerCase().replace(/[_-]/g, '');
  const meanings = new Map<string, readonly string[] | undefined>();
  const foreign = new Map<string, readonly string[]>();
  for (const group of groups) {
    for (const name of group) meanings.set(name, undefined);
    for (const name of [...group, ...(otherNames[group[0]!] ?? [])]) foreign.set(folded(name), group);
  }
  const most = meanings.size + KEPT_NAMES;
  const find = (name: string) => {
    const same = foreign.get(folded(name));
    if (same !== undefined || name.length < SHORTEST_TYPO || name.length > LONGEST_TYPO) return same;
    const isNear = (known: string) => known.length >= SHORTEST_TYPO && editDistance(name, known) === 1;
    return groups.find((group) => group.some(isNear));
  };
  return (name) => {
    if (meanings.has(name)) return meanings.get(name);
    const found = find(name);
    if (meanings.size < most) meanings.set(name, found);
    return found;
  };
}

function refuseOtherNames(source: Readonly<Record<string, unknown>>, meantBy: Meaning): void {
  for (const name of Object.keys(source)) {
    const group = meantBy(name);
    if (group === undefined || isMissing(source[name]) || group.some((known) => !isMissing(source[known]))) continue;
    throw new InputError(`.${name}`, `unknown; did you mean "${group[0]}"?`);
  }
}

/** Whether there is nothing: clients write `null` for it too. */
export function isMissing(value: unknown): value is undefined | null {
  return value === undefined || value === null;
}

export function list<T>(read: Reader<T>, maximum = 1 << 20): Reader<T[]> {
  return (value, field) => {
    if (!Array.isArray(value)) throw new InputError(field, `expected an array, got ${describe(value)}`);
    if (value.length > maximum) throw new InputError(field, `${value.length} items, at most ${maximum} allowed`);
    const items: T[] = [];
    try {
      while (items.length < value.length) items.push(read(value[items.length], ''));
    } catch (error) {
      throw below(`${field}[${items.length}]`, error);
    }
    return items;
  };
}

/**
 * The error with its whole path: what is read knows only the end of it, as a path for each value takes longer than the value.
 * What getters and proxies throw has no path at all.
 */
export function below(field: string, error: unknown): unknown {
  // Of what contradicts itself, the words begin with the path.
  if (error instanceof CallRejectedError) return new CallRejectedError(field + error.shortMessage, error.code);
  if (!(error instanceof InputError)) {
    return error instanceof PevmError
      ? error
      : new InputError(field, `cannot be read: ${messageOf(error)}`, { cause: error });
  }
  return new InputError(field + error.field, error.shortMessage.slice(error.field.length + 2), { cause: error.cause });
}

/** A hex quantity of at most `bits` bits (leading zeros are dropped), or a bigint or safe integer, as libraries give them. */
export function quantity(bits: number): Reader<Hex> {
  const digits = bits / 4;
  return (value, field) => {
    if (typeof value === 'bigint' || typeof value === 'number') return quantityOf(value, bits, field);
    if (typeof value !== 'string') throw new InputError(field, `expected a hex quantity, got ${describe(value)}`);
    if (value.length <= digits + 2 && /^0x(?:0|[1-9a-f][0-9a-f]*)$/.test(value)) return value as Hex;
    if (!/^0x[0-9a-fA-F]+$/.test(value)) throw new InputError(field, `not a hex quantity: ${describe(value)}`);
    const minimal = value
      .slice(2)
      .replace(/^0+(?=.)/, '')
      .toLowerCase();
    if (minimal.length > digits) throw new InputError(field, `does not fit ${bits} bits: ${describe(value)}`);
    return `0x${minimal}`;
  };
}

function quantityOf(value: bigint | number, bits: number, field: string): Hex {
  if (typeof value === 'number' && !Number.isSafeInteger(value)) {
    throw new InputError(field, `not a safe integer: ${describe(value)}`);
  }
  const number = BigInt(value);
  if (number < 0n) throw new InputError(field, `negative: ${describe(value)}`);
  if (number >> BigInt(bits) !== 0n) throw new InputError(field, `does not fit ${bits} bits: ${describe(value)}`);
  return `0x${number.toString(16)}`;
}

/** A number as genesis files write it: a hex quantity, decimal digits, a safe integer or a bigint; below 2^bits. */
export function amount(bits: number): Reader<bigint> {
  const hex = quantity(bits);
  return (value, field) => {
    if (typeof value === 'string') {
      if (value.startsWith('0x')) return BigInt(hex(value, field));
      if (!/^[0-9]{1,78}$/.test(value)) throw new InputError(field, `not a number: ${describe(value)}`);
    } else if (typeof value === 'number') {
      if (!Number.isSafeInteger(value)) throw new InputError(field, `not a safe integer: ${describe(value)}`);
    } else if (typeof value !== 'bigint') {
      throw new InputError(field, `expected a number, got ${describe(value)}`);
    }
    const result = BigInt(value);
    if (result < 0n) throw new InputError(field, `negative: ${describe(value)}`);
    if (result >> BigInt(bits) !== 0n) throw new InputError(field, `does not fit ${bits} bits: ${describe(value)}`);
    return result;
  };
}

/** Hex bytes of even length: exactly `length` bytes where it is given, at most `maximum` otherwise. */
export function bytes(length?: number, maximum = 1 << 26): Reader<Hex> {
  return (value, field) => {
    if (typeof value !== 'string') throw new InputError(field, `expected hex bytes, got ${describe(value)}`);
    const isLower = /^0x[0-9a-f]*$/.test(value);
    if (!isLower && !/^0x[0-9a-fA-F]*$/.test(value)) throw new InputError(field, `not hex: ${describe(value)}`);
    if (value.length % 2 !== 0) throw new InputError(field, `odd number of hex digits: ${describe(value)}`);
    const size = (value.length - 2) / 2;
    if (length !== undefined && size !== length) {
      throw new InputError(field, `expected ${length} bytes, got ${size}: ${describe(value)}`);
    }
    if (size > maximum) throw new InputError(field, `${size} bytes, at most ${maximum} allowed`);
    return (isLower ? value : value.toLowerCase()) as Hex;
  };
}

export const address: Reader<Hex> = bytes(20);
export const hash: Reader<Hex> = bytes(32);

/** A non-negative integer, as a JSON number or a hex quantity. */
export function integer(maximum: number): Reader<number> {
  const number = amount(64);
  return (value, field) => {
    const result = Number(number(value, field));
    if (result > maximum) throw new InputError(field, `at most ${maximum} allowed, got ${describe(value)}`);
    return result;
  };
}

/** The value as an object with keys of its own: no array, nothing else to iterate over, no null, no prototype keys among them. */
export function plainObject(value: unknown, field: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new InputError(field, `expected an object, got ${describe(value)}`);
  }
  // A Map, a Set, bytes: it would seem to have no field at all.
  if (Symbol.iterator in value) {
    throw new InputError(
      field,
      `expected an object with fields, got ${isMap(value) ? 'a Map' : 'a list of some kind'}`,
    );
  }
  if (Object.keys(value).length === 0) refuseStranger(value, field);
  for (const key of ['__proto__', 'constructor', 'prototype']) {
    if (Object.hasOwn(value, key)) throw new InputError(`${field}.${key}`, 'this key is not allowed');
  }
  return value as Record<string, unknown>;
}

/** A Promise that nobody awaited, an answer of `fetch` that nobody read, a Date: without fields they would mean nothing at all. */
function refuseStranger(value: object, field: string): void {
  const [, kind] = /^\[object (.*)\]$/.exec(Object.prototype.toString.call(value)) ?? [];
  if (kind === 'Object' && typeof (value as { then?: unknown }).then !== 'function') return;
  const hint = kind === 'Promise' ? ', which is to be awaited' : '';
  throw new InputError(field, `expected an object with fields, got ${kind === 'Object' ? 'a thenable' : kind}${hint}`);
}

/** Whether the value is a Map, of this realm or another (a frame, Node's vm). */
export function isMap(value: unknown): value is ReadonlyMap<unknown, unknown> {
  try {
    // As nearly all are; what is thrown below takes 10 µs.
    if (Object.getPrototypeOf(value) === Object.prototype) return false;
    Map.prototype.has.call(value as Map<unknown, unknown>, undefined);
    return true;
  } catch {
    return false;
  }
}

/** A short form of a value for messages. */
export function describe(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object') return 'an object';
  const text = typeof value === 'string' ? JSON.stringify(value.slice(0, 200)) : String(value).slice(0, 200);
  return text.length > 80 ? `${text.slice(0, 76)}…${typeof value === 'string' ? '"' : ''}` : text;
}

/** A URL as workers can use it: they have no other idea of what it may be relative to. @throws InputError */
export function absoluteUrl(value: unknown, field: string): string {
  try {
    return new URL(value as URL | string).href;
  } catch {
    throw new InputError(field, `not an absolute URL: ${describe(value)}`);
  }
}
