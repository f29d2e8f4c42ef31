// What a block file says must come out: per transaction, and the changed part of the state.

import { InputError } from '../base/errors.ts';
import { bytes32FromNumber, type Hex, hexFromBytes, NO_CODE_HASH } from '../base/hex.ts';
import {
  address,
  amount,
  below,
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
    try {
      const key = address(name, '');
      const listed = post.size;
      post.set(key, item === null ? null : readChange(item));
      if (post.size === listed) throw new InputError('', 'the same account is listed twice');
    } catch (error) {
      throw below(`${field}.post[${describe(name)}]`, error);
    }
  }
  const newCodes = new Map<Hex, Hex>();
  for (const [name, item] of Object.entries(plainObject(source.newCodes ?? {}, `${field}.newCodes`))) {
    const at = `${field}.newCodes[${describe(name)}]`;
    newCodes.set(hash(name, at), bytes()(item, at));
  }
  return { transactions: list(readTransaction)(source.txs ?? [], `${field}.txs`), post, newCodes };
}

function readChange(item: unknown): ExpectedAccount {
  const change = { ...readAccount(item, ''), storage: readStorage(item) };
  // `null` says that the code was removed (EIP-7702).
  return plainObject(item, '').codeHash === null ? { ...change, codeHash: NO_CODE_HASH } : change;
}

function readStorage(item: unknown): ReadonlyMap<Hex, Hex> {
  const storage = new Map<Hex, Hex>();
  const source = plainObject(item, '').storage;
  if (source === undefined || source === null) return storage;
  for (const [name, value] of Object.entries(plainObject(source, '.storage'))) {
    try {
      storage.set(word(name), word(value));
    } catch (error) {
      throw below(`.storage[${describe(name)}]`, error);
    }
  }
  return storage;
}

/** A number of any form as 32 bytes of hex. */
function word(value: unknown): Hex {
  if (typeof value === 'string' && /^0x[0-9a-f]{1,64}$/.test(value)) return `0x${value.slice(2).padStart(64, '0')}`;
  return hexFromBytes(bytes32FromNumber(readWord(value, '')));
}
