// What a block file says must come out: per transaction, and the changed part of the state.

import { InputError } from '../base/errors.ts';
import { bytes32FromNumber, type Hex, hexFromBytes, NO_CODE_HASH } from '../base/hex.ts';
import {
  address,
  amount,
  bytes,
  describe,
  hash,
  integer,
  list,
  optional,
  plainObject,
  record,
  required,
} from '../base/reader.ts';

/** The outcome of one transaction. */
export interface ExpectedTransaction {
  gasUsed: bigint;
  status: number;
  /** How many logs. */
  logs: number;
}

/** The new values of an account; what did not change is missing. */
export interface ExpectedAccount {
  balance?: bigint;
  nonce?: bigint;
  codeHash?: Hex;
  /** 32-byte slots to 32-byte values. */
  storage: ReadonlyMap<Hex, Hex>;
}

export interface Expected {
  transactions: readonly ExpectedTransaction[];
  /** After the last transaction, before withdrawals and rewards. `null`: deleted. */
  post: ReadonlyMap<Hex, ExpectedAccount | null>;
  /** Code by its hash. */
  newCodes: ReadonlyMap<Hex, Hex>;
}

const readTransaction = record({
  gasUsed: required(amount(64)),
  status: required(integer(1)),
  logs: required(integer(1 << 24)),
});

const readAccount = record({
  balance: optional(amount(256)),
  nonce: optional(amount(64)),
  codeHash: optional(hash),
});

const readWord = amount(256);

/** Checks the `expected` part of a block file. @throws InputError naming the field */
export function readExpected(value: unknown, field: string): Expected {
  const source = plainObject(value, field);
  const post = new Map<Hex, ExpectedAccount | null>();
  for (const [name, item] of Object.entries(plainObject(source.post ?? {}, `${field}.post`))) {
    const at = `${field}.post[${describe(name)}]`;
    const key = address(name, at);
    if (post.has(key)) throw new InputError(at, 'the same account is listed twice');
    post.set(key, item === null ? null : readChange(item, at));
  }
  const newCodes = new Map<Hex, Hex>();
  for (const [name, item] of Object.entries(plainObject(source.newCodes ?? {}, `${field}.newCodes`))) {
    const at = `${field}.newCodes[${describe(name)}]`;
    newCodes.set(hash(name, at), bytes()(item, at));
  }
  return { transactions: list(readTransaction)(source.txs ?? [], `${field}.txs`), post, newCodes };
}

function readChange(item: unknown, field: string): ExpectedAccount {
  const change = { ...readAccount(item, field), storage: readStorage(item, field) };
  // `null` says that the code was removed (EIP-7702).
  return plainObject(item, field).codeHash === null ? { ...change, codeHash: NO_CODE_HASH } : change;
}

function readStorage(item: unknown, field: string): ReadonlyMap<Hex, Hex> {
  const storage = new Map<Hex, Hex>();
  const source = plainObject(item, field).storage;
  if (source === undefined || source === null) return storage;
  for (const [name, value] of Object.entries(plainObject(source, `${field}.storage`))) {
    const at = `${field}.storage[${describe(name)}]`;
    storage.set(word(readWord(name, at)), word(readWord(value, at)));
  }
  return storage;
}

function word(value: bigint): Hex {
  return hexFromBytes(bytes32FromNumber(value));
}
