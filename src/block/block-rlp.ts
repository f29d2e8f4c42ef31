// A block out of its consensus encoding: RLP to the JSON shape of `BlockInput`.

import { RLP } from '@ethereumjs/rlp';
import { InputError, messageOf } from '../base/errors.ts';
import { type Hex, hexFromBytes } from '../base/hex.ts';
import { keccak256 } from '../base/keccak256.ts';
import type { Hardfork } from '../chain/hardfork.ts';
import {
  type BlockInput,
  type HeaderInput,
  readBlock,
  readHeader as readHeaderFields,
  readTransaction,
  type TransactionInput,
} from './block-input.ts';
import {
  ACCESS,
  AUTHORIZATION,
  type FieldKind,
  type FieldTable,
  HEADER,
  LEGACY,
  SHORTEST_HEADER,
  TYPED,
  WITHDRAWAL,
} from './consensus-fields.ts';
import { type ItemPlace, listItems, readTransactions } from './rlp-transactions.ts';

/** A block with an access list inside a transaction nests 7 deep. */
const MAXIMUM_DEPTH = 8;

/** EIP-7934 allows 10 MiB; before it there was no rule. */
const MAXIMUM_BYTES = 64 * 1024 * 1024;

/** What begins with less is no list, but the type of a transaction (EIP-2718). */
const LEGACY_FROM = 0xc0;

type Item = Uint8Array | Item[];
type FieldReader = (item: Item, field: string) => unknown;

const READ: Readonly<Record<FieldKind, FieldReader>> = {
  quantity,
  bytes,
  recipient,
  bytesList,
  accessList: (item, field) => list(item, field).map((entry, i) => fields(entry, ACCESS, `${field}[${i}]`)),
  authorizationList: (item, field) =>
    list(item, field).map((entry, i) => fields(entry, AUTHORIZATION, `${field}[${i}]`)),
};

/**
 * Reads a block from its RLP. The encoding names no senders: they have to be recovered.
 * @throws InputError naming the field; nesting beyond what a block can have is refused before anything is decoded
 */
export function parseBlockRlp(
  encoded: Uint8Array,
  hardfork: Hardfork,
  field = 'block',
  limits: { maximumTransactionGas?: bigint } = {},
): BlockInput {
  if (encoded.length > MAXIMUM_BYTES) {
    throw new InputError(field, `${encoded.length} bytes of RLP, at most ${MAXIMUM_BYTES} allowed`);
  }
  return readUsual(encoded, hardfork, field, limits) ?? readAnyBlockRlp(encoded, hardfork, field, limits);
}

/** Whatever is a block, an object for each of its items, and says what is wrong with what is none. */
export function readAnyBlockRlp(
  ...[encoded, hardfork, field, limits]: Required<Parameters<typeof parseBlockRlp>>
): BlockInput {
  const [header, transactions, uncles, withdrawals, ...rest] = list(decode(encoded, field), field);
  if (rest.length > 0) throw new InputError(field, `${4 + rest.length} parts, at most 4 expected`);
  const headerField = `${field}.header`;
  return readBlock(
    {
      ...readHeader(header, headerField),
      hash: hashOf(list(header, headerField)),
      uncles: list(uncles, `${field}.uncles`).map((uncle) => hashOf(uncle)),
      uncleHeaders: list(uncles, `${field}.uncles`).map((uncle, i) => readHeader(uncle, `${field}.uncles[${i}]`)),
      transactions: list(transactions, `${field}.transactions`).map((item, i) =>
        transactionFields(item, `${field}.transactions[${i}]`),
      ),
      ...withdrawalsOf(withdrawals, field),
    },
    hardfork,
    field,
    limits,
  );
}

/** Of blocks that came as RLP what the hash of each transaction is made of. */
const encodings = new WeakMap<BlockInput, readonly Uint8Array[]>();

/** Of a block that was read from RLP what the hash of each transaction is made of, where that is known. */
export function encodingsOf(block: BlockInput): readonly Uint8Array[] | undefined {
  return encodings.get(block);
}

/** A block of well-formed transactions of the usual types; `undefined` where anything is not so. */
function readUsual(...[given, hardfork, field, limits]: Required<Parameters<typeof parseBlockRlp>>) {
  const parts = listItems(given);
  if (parts === undefined || parts.length < 3 || parts.length > 4 || parts.some(({ isList }) => !isList))
    return undefined;
  const encoded = given.slice();
  const [header, transactions, uncles] = parts as [ItemPlace, ItemPlace, ItemPlace];
  const places = listItems(encoded, transactions.start, transactions.end);
  const read = places && readTransactions(encoded, places, wellFormed);
  const uncleAt = listItems(encoded, uncles.start, uncles.end);
  if (read === undefined || uncleAt === undefined) return undefined;
  const bytesOf = ({ start, end }: ItemPlace) => encoded.subarray(start, end);
  const block = readBlock(
    {
      ...readHeader(decode(bytesOf(header), field), `${field}.header`),
      hash: hexFromBytes(keccak256(bytesOf(header))),
      uncles: uncleAt.map((uncle) => hexFromBytes(keccak256(bytesOf(uncle)))),
      uncleHeaders: uncleAt.map((uncle, i) => readHeader(decode(bytesOf(uncle), field), `${field}.uncles[${i}]`)),
      transactions: [],
      ...withdrawalsOf(parts[3] && decode(bytesOf(parts[3]), field), field),
    },
    hardfork,
    field,
    limits,
    read.transactions,
  );
  encodings.set(block, read.encodings);
  return block;
}

/** A transaction of any type; `undefined` where it is none, of which the whole block is to say why. */
function wellFormed(encoding: Uint8Array): TransactionInput | undefined {
  try {
    return readTransaction(transactionFields(encoding, ''), '');
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}

function withdrawalsOf(withdrawals: Item | undefined, field: string) {
  if (withdrawals === undefined) return {};
  const items = list(withdrawals, `${field}.withdrawals`);
  return { withdrawals: items.map((item, i) => fields(item, WITHDRAWAL, `${field}.withdrawals[${i}]`)) };
}

/** Reads a header by itself. @throws InputError naming the field */
export function parseHeaderRlp(encoded: Uint8Array, field = 'header'): HeaderInput {
  return readHeaderFields(readHeader(decode(encoded, field), field), field);
}

/** Reads the header of a block alone: its fork follows from it. @throws InputError naming the field */
export function parseBlockHeaderRlp(encoded: Uint8Array, field = 'block'): HeaderInput {
  const [header] = list(decode(encoded, field), field);
  return readHeaderFields(readHeader(header, `${field}.header`), `${field}.header`);
}

/**
 * Reads a transaction by itself, as eth_sendRawTransaction takes it. It names no sender.
 * @throws InputError naming the field
 */
export function parseTransactionRlp(encoded: Uint8Array, field = 'transaction'): TransactionInput {
  const isTyped = (encoded[0] ?? 0) < LEGACY_FROM;
  return readTransaction(transactionFields(isTyped ? encoded : decode(encoded, field), field), field);
}

function readHeader(item: Item | undefined, field: string): Record<string, unknown> {
  return fields(item, HEADER, field, SHORTEST_HEADER);
}

/** A legacy transaction is a list, a typed one a string: the type, then a list (EIP-2718). */
function transactionFields(item: Item, field: string): Record<string, unknown> {
  if (Array.isArray(item)) return { type: '0x0', hash: hashOf(item), ...fields(item, LEGACY, field) };
  const [type] = item;
  const table = type === undefined ? undefined : TYPED[type];
  if (table === undefined) throw new InputError(`${field}.type`, `unknown transaction type ${type ?? 'of no bytes'}`);
  return {
    type: `0x${type}`,
    hash: hexFromBytes(keccak256(item)),
    ...fields(decode(item.subarray(1), field), table, field),
  };
}

function fields(
  item: Item | undefined,
  table: FieldTable,
  field: string,
  minimum = table.length,
): Record<string, unknown> {
  const values = list(item, field);
  if (values.length < minimum || values.length > table.length) {
    throw new InputError(
      field,
      `${values.length} fields, expected ${minimum === table.length ? '' : `${minimum} to `}${table.length}`,
    );
  }
  return Object.fromEntries(
    values.map((value, i) => {
      const [name, kind] = table[i] ?? ['', 'bytes'];
      return [name, READ[kind](value, `${field}.${name}`)];
    }),
  );
}

function bytes(item: Item, field: string): Hex {
  if (Array.isArray(item)) throw new InputError(field, 'expected bytes, got a list');
  return hexFromBytes(item);
}

function quantity(item: Item, field: string): Hex {
  const hex = bytes(item, field);
  if (hex.startsWith('0x00')) throw new InputError(field, 'a number with leading zeros');
  return hex === '0x' ? '0x0' : hex;
}

function recipient(item: Item, field: string): Hex | null {
  const hex = bytes(item, field);
  return hex === '0x' ? null : hex;
}

function bytesList(item: Item, field: string): Hex[] {
  return list(item, field).map((value, i) => bytes(value, `${field}[${i}]`));
}

function list(item: Item | undefined, field: string): Item[] {
  if (item === undefined) throw new InputError(field, 'missing');
  if (!Array.isArray(item)) throw new InputError(field, 'expected a list, got bytes');
  return item;
}

function hashOf(item: Item): Hex {
  return hexFromBytes(keccak256(RLP.encode(item)));
}

function decode(encoded: Uint8Array, field: string): Item {
  checkDepth(encoded, field);
  try {
    return RLP.decode(encoded);
  } catch (cause) {
    throw new InputError(field, `malformed RLP: ${messageOf(cause)}`, { cause });
  }
}

/** Walks over the item headers without recursion, and stops at the first list that lies too deep. */
function checkDepth(encoded: Uint8Array, field: string): void {
  const ends: number[] = [];
  for (let at = 0; at < encoded.length; ) {
    while (ends.length > 0 && at >= (ends.at(-1) ?? 0)) ends.pop();
    const prefix = encoded[at] ?? 0;
    const isList = prefix >= 0xc0;
    const short = prefix - (isList ? 0xc0 : 0x80);
    const [head, size] = prefix < 0x80 ? [0, 1] : short <= 55 ? [1, short] : longSize(encoded, at, short - 55);
    if (isList) {
      if (ends.length === MAXIMUM_DEPTH) throw new InputError(field, `RLP nested deeper than ${MAXIMUM_DEPTH} levels`);
      ends.push(at + head + size);
      at += head;
    } else {
      at += head + size;
    }
  }
}

/** Length of a long item's header, and the size that it gives; the decoder judges whether it is well formed. */
function longSize(encoded: Uint8Array, at: number, digits: number): [head: number, size: number] {
  let size = 0;
  for (let i = 1; i <= digits; i++) size = size * 256 + (encoded[at + i] ?? 0);
  return [1 + digits, size];
}
