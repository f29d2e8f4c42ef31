// Reads the parameters of JSON-RPC methods, as geth takes them; what is wrong with one is told by its place.

import { InputError, PevmError } from '../../base/errors.ts';
import type { Hex } from '../../base/hex.ts';
import {
  describe,
  type Meaning,
  meaningOf,
  quantity,
  address as readAddress,
  bytes as readBytes,
  hash as readHash,
  record,
  required,
} from '../../base/reader.ts';

/** What cannot be done, though it can be read. */
export const SERVER_ERROR = -32000;

export type Params = readonly unknown[];

/** The error for a parameter that can be read, and asks for what cannot be. */
export function refusal(field: string, message: string, cause?: unknown): PevmError {
  return new PevmError(SERVER_ERROR, `${field}: ${message}`, cause === undefined ? {} : { cause });
}

/** What is read out of bytes. @throws PevmError with -32000 for bytes that are none of it, as geth */
export function decoded<T>(field: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw refusal(field, error.shortMessage, error);
  }
}

/** A withdrawal of EIP-4895; the amount is in Gwei. */
export const readWithdrawal = record({
  index: required(quantity(64)),
  validatorIndex: required(quantity(64)),
  address: required(readAddress),
  amount: required(quantity(64)),
});

/** geth takes 0X for 0x. */
function smallPrefix(value: unknown): unknown {
  return typeof value === 'string' && value.startsWith('0X') ? `0x${value.slice(2)}` : value;
}

export function addressOf(value: unknown, field: string): Hex {
  return readAddress(smallPrefix(value), field);
}

export function hashOf(value: unknown, field: string): Hex {
  return readHash(smallPrefix(value), field);
}

/** Bytes in hex, at most so many; as geth has it, an empty text is none of them. */
export function bytesOf(value: unknown, field: string, maximum?: number): Hex {
  return readBytes(undefined, maximum)(value === '' ? '0x' : smallPrefix(value), field);
}

const meanings = new WeakMap<readonly string[], Meaning>();

/**
 * The fields that are known. Others are passed over, as geth does, but for those that are meant for a known one.
 * @throws InputError naming the field
 */
export function knownFields(
  given: Readonly<Record<string, unknown>>,
  names: readonly string[],
  field: string,
): Record<string, unknown> {
  const meantBy =
    meanings.get(names) ??
    meaningOf(
      names.map((name) => [name]),
      {},
    );
  meanings.set(names, meantBy);
  const known: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(given)) {
    const [meant] = meantBy(name) ?? [];
    if (meant !== undefined) throw new InputError(`${field}.${name}`, `unknown; did you mean "${meant}"?`);
    if (names.includes(name)) known[name] = value;
  }
  return known;
}

/** A hex quantity without leading zeros, as a number of JSON-RPC; as geth has it, an empty text is 0. */
export function quantityOf(given: unknown, field: string, maximum = (1n << 64n) - 1n): bigint {
  const value = given === '' ? '0x0' : smallPrefix(given);
  if (typeof value !== 'string') throw new InputError(field, `expected a hex quantity, got ${describe(value)}`);
  if (!value.startsWith('0x')) throw new InputError(field, `a hex quantity begins with 0x: ${describe(value)}`);
  if (!/^0x(0|[1-9a-fA-F][0-9a-fA-F]*)$/.test(value)) {
    throw new InputError(field, `not a hex quantity without leading zeros: ${describe(value)}`);
  }
  const number = value.length > 66 ? maximum + 1n : BigInt(value);
  if (number > maximum)
    throw new InputError(field, `at most 0x${maximum.toString(16)} allowed, got ${describe(value)}`);
  return number;
}

/** A JSON number without a fraction, as Go takes one for an integer. */
export function integerOf(value: unknown, field: string): number {
  if (typeof value === 'number' && Number.isInteger(value) && Math.abs(value) < 2 ** 63) return value;
  throw new InputError(field, `expected an integer, got ${describe(value)}`);
}

export function booleanOf(value: unknown, field: string): boolean {
  if (typeof value === 'boolean') return value;
  throw new InputError(field, `expected true or false, got ${describe(value)}`);
}

/** A number as tools send it: hex, decimal or a JSON number. */
export function looseNumberOf(value: unknown, field: string, maximum = (1n << 256n) - 1n): bigint {
  const number = readLooseNumber(value, field);
  if (number > maximum) throw new InputError(field, `at most ${maximum} allowed, got ${describe(value)}`);
  return number;
}

function readLooseNumber(value: unknown, field: string): bigint {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return BigInt(value);
  if (typeof value === 'bigint' && value >= 0n) return value;
  if (typeof value === 'string' && value.length <= 66 && /^(0[xX][0-9a-fA-F]+|[0-9]+)$/.test(value))
    return BigInt(value);
  throw new InputError(field, `expected a number, got ${describe(value)}`);
}

/** At most 32 bytes, as storage keys are written: with leading zeros or without. */
export function slotOf(value: unknown, field: string): Hex {
  if (typeof value !== 'string' || !/^(0[xX])?[0-9a-fA-F]*$/.test(value)) {
    throw new InputError(field, `expected a storage key in hex, got ${describe(value)}`);
  }
  const digits = value.replace(/^0[xX]/, '').toLowerCase();
  if (digits.length > 64) throw new InputError(field, `storage key too long, at most 32 bytes: ${describe(value)}`);
  return `0x${digits.padStart(64, '0')}`;
}
