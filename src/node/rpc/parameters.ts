// Reads the parameters of JSON-RPC methods, as geth takes them; what is wrong with one is told by its place.

import { InputError, PevmError } from '../../base/errors.ts';
import type { Hex } from '../../base/hex.ts';
import { describe, quantity, address as readAddress, hash as readHash, record, required } from '../../base/reader.ts';

/** What cannot be done, though it can be read. */
export const SERVER_ERROR = -32000;

export type Params = readonly unknown[];

/** The error for a parameter that can be read, and asks for what cannot be. */
export function refusal(field: string, message: string, cause?: unknown): PevmError {
  return new PevmError(SERVER_ERROR, `${field}: ${message}`, cause === undefined ? {} : { cause });
}

/** A withdrawal of EIP-4895; the amount is in Gwei. */
export const readWithdrawal = record({
  index: required(quantity(64)),
  validatorIndex: required(quantity(64)),
  address: required(readAddress),
  amount: required(quantity(64)),
});

export function addressOf(value: unknown, field: string): Hex {
  return readAddress(value, field);
}

export function hashOf(value: unknown, field: string): Hex {
  return readHash(value, field);
}

/** A hex quantity without leading zeros, as a number of JSON-RPC. */
export function quantityOf(value: unknown, field: string, maximum = (1n << 64n) - 1n): bigint {
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

/** A number as tools send it: hex, decimal or a JSON number. */
export function looseNumberOf(value: unknown, field: string, maximum = (1n << 256n) - 1n): bigint {
  const number = readLooseNumber(value, field);
  if (number > maximum) throw new InputError(field, `at most ${maximum} allowed, got ${describe(value)}`);
  return number;
}

function readLooseNumber(value: unknown, field: string): bigint {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return BigInt(value);
  if (typeof value === 'bigint' && value >= 0n) return value;
  if (typeof value === 'string' && value.length <= 66 && /^(0x[0-9a-fA-F]+|[0-9]+)$/.test(value)) return BigInt(value);
  throw new InputError(field, `expected a number, got ${describe(value)}`);
}

/** At most 32 bytes, as storage keys are written: with leading zeros or without. */
export function slotOf(value: unknown, field: string): Hex {
  if (typeof value !== 'string' || !/^(0x)?[0-9a-fA-F]*$/.test(value)) {
    throw new InputError(field, `expected a storage key in hex, got ${describe(value)}`);
  }
  const digits = value.replace(/^0x/, '').toLowerCase();
  if (digits.length > 64) throw new InputError(field, `storage key too long, at most 32 bytes: ${describe(value)}`);
  return `0x${digits.padStart(64, '0')}`;
}
