// What an engine has learned, as JSON that outlives it; read again as strictly as what comes from strangers.

import { InputError } from '../base/errors.ts';
import type { Hex } from '../base/hex.ts';
import {
  bytes,
  describe,
  list,
  optional,
  plainObject,
  type Reader,
  address as readAddress,
  hash as readHash,
  record,
  required,
} from '../base/reader.ts';

/**
 * What an engine has learned of transactions, as `engine.learned()` tells it and the option `learned` takes it. JSON. Of calls
 * and transfers that were seen, the newer ones count most. Wrong or of another chain: it costs time, never the result.
 */
export interface EngineLearned {
  readonly version: 1;
  readonly calls: readonly {
    /** keccak256 of the called code. */
    readonly codeHash: Hex;
    /** Of the call data, 4 bytes. */
    readonly selector: Hex;
    /** How many calls count. */
    readonly seen: number;
    /** Mean of an execution, milliseconds. */
    readonly ms: number;
    /** Mean that is used. */
    readonly gas: number;
    /** Executions in vain of all that count. */
    readonly aborts: number;
    /**
     * What calls have read after a lower transaction of the block had written it, or written for a higher one, and how many of
     * them: a balance (20 bytes), a slot of the called contract (32), or of another (52).
     */
    readonly keys: readonly {
      readonly key: Hex;
      readonly reads: number;
      readonly writes: number;
      /** Addresses (20 bytes) that all of these calls had among their arguments: what has them not is not taken for one of them. */
      readonly named?: readonly Hex[];
      /** How many calls had them, since the place is known; all that are seen unless given. */
      readonly met?: number;
    }[];
  }[];
  /** The same of balances of accounts that transfers come from, and go to. */
  readonly accounts: readonly {
    readonly address: Hex;
    readonly seen: number;
    readonly reads: number;
    readonly writes: number;
  }[];
  /** Where code was met. */
  readonly codes: readonly { readonly address: Hex; readonly codeHash: Hex }[];
}

/** Of an engine that does not learn. */
export const NOTHING_LEARNED: EngineLearned = { version: 1, calls: [], accounts: [], codes: [] };

export const MOST_CALLS = 2048;
export const MOST_KEYS = 32;
/** Addresses among the arguments of a call that are looked at. */
export const MOST_NAMED = 16;
export const MOST_ACCOUNTS = 4096;
export const MOST_CODES = 16_384;
/** From so many on older ones count half. */
export const MOST_SEEN = 64;

const VERSION = 1;

function numberUpTo(most: number): Reader<number> {
  return (value, field) => {
    if (typeof value === 'number' && value >= 0 && value <= most) return value;
    throw new InputError(field, `expected a number from 0 to ${most}, got ${describe(value)}`);
  };
}

const KEY_SIZES = [20, 32, 52];

function readKey(value: unknown, field: string): Hex {
  const key = bytes(undefined, 52)(value, field);
  if (KEY_SIZES.includes((key.length - 2) / 2)) return key;
  throw new InputError(field, `expected 20, 32 or 52 bytes, got ${describe(value)}`);
}

const readSeen = required(numberUpTo(MOST_SEEN));
/** Of one transaction at most one each. */
const parts = { reads: readSeen, writes: readSeen };
const readCalls = list(
  record({
    codeHash: required(readHash),
    selector: required(bytes(4)),
    seen: readSeen,
    ms: required(numberUpTo(1e6)),
    gas: required(numberUpTo(Number.MAX_SAFE_INTEGER)),
    aborts: required(numberUpTo(1e6)),
    keys: required(
      list(
        record({
          key: required(readKey),
          ...parts,
          named: optional(list(readAddress, MOST_NAMED)),
          met: optional(numberUpTo(MOST_SEEN)),
        }),
        MOST_KEYS,
      ),
    ),
  }),
  MOST_CALLS,
);
const readAccounts = list(record({ address: required(readAddress), seen: readSeen, ...parts }), MOST_ACCOUNTS);
const readCodes = list(record({ address: required(readAddress), codeHash: required(readHash) }), MOST_CODES);

/** @throws InputError naming the field; also where it was learned by another version */
export function readEngineLearned(value: unknown, field: string): EngineLearned {
  const { version, calls, accounts, codes } = plainObject(value, field);
  if (version !== VERSION) throw new InputError(`${field}.version`, `expected ${VERSION}, got ${describe(version)}`);
  return {
    version: VERSION,
    calls: readCalls(calls, `${field}.calls`),
    accounts: readAccounts(accounts, `${field}.accounts`),
    codes: readCodes(codes, `${field}.codes`),
  };
}
