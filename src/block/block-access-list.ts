// The access list of a block (EIP-7928): its form in JSON, how it is read, and what a list must be like.

import { RLP } from '@ethereumjs/rlp';
import { InputError, messageOf } from '../base/errors.ts';
import { bytesFromHex, type Hex, hexFromBytes, isBytes, numberFromBytes, quantityFromNumber } from '../base/hex.ts';
import { address, bytes, list, quantity, record, required } from '../base/reader.ts';

/** When something changed: 0 before the transactions, `i + 1` in transaction `i`, one more than there are behind them. */
type BlockAccessIndex = Hex;

/** What an account's slot held after each transaction that left another value in it than it found. */
export interface SlotAccess {
  readonly slot: Hex;
  readonly slotChanges: readonly { readonly blockAccessIndex: BlockAccessIndex; readonly postValue: Hex }[];
}

/** What a block did to an account that it met. Numbers are hex quantities; what is in order is in ascending order. */
export interface AccountAccess {
  readonly address: Hex;
  readonly storageChanges: readonly SlotAccess[];
  /** Slots that were read and not changed. */
  readonly storageReads: readonly Hex[];
  readonly balanceChanges: readonly { readonly blockAccessIndex: BlockAccessIndex; readonly postBalance: Hex }[];
  readonly nonceChanges: readonly { readonly blockAccessIndex: BlockAccessIndex; readonly postNonce: Hex }[];
  readonly codeChanges: readonly { readonly blockAccessIndex: BlockAccessIndex; readonly newCode: Hex }[];
}

/** All accounts that a block met, by ascending address, as clients write the list in JSON (EIP-7928). */
export type BlockAccessList = readonly AccountAccess[];

/** An account, or a slot of one, for each so much gas of the block's limit: more a list may not name. */
const ITEM_GAS = 2000n;
/** Of code in a list, as of code anywhere (EIP-7954). */
const MAX_CODE_BYTES = 65_536;
const MAX_INDEX = 32;

const word = quantity(256);
const index = quantity(MAX_INDEX);

const readJson = list(
  record({
    address: required(address),
    storageChanges: required(
      list(
        record({
          slot: required(word),
          slotChanges: required(list(record({ blockAccessIndex: required(index), postValue: required(word) }))),
        }),
      ),
    ),
    storageReads: required(list(word)),
    balanceChanges: required(list(record({ blockAccessIndex: required(index), postBalance: required(word) }))),
    nonceChanges: required(list(record({ blockAccessIndex: required(index), postNonce: required(quantity(64)) }))),
    codeChanges: required(
      list(record({ blockAccessIndex: required(index), newCode: required(bytes(undefined, MAX_CODE_BYTES)) })),
    ),
  }),
);

/** What a list is checked against beside its own order. */
export interface ListBounds {
  readonly transactionCount: number;
  readonly gasLimit: bigint;
}

/**
 * Reads a list: its bytes (as an array or in hex), or its JSON.
 * @throws InputError naming the entry that is malformed, out of order, there twice or beyond its bounds
 */
export function readBlockAccessList(value: unknown, field = 'list', bounds?: ListBounds): BlockAccessList {
  const isEncoded = typeof value === 'string' || isBytes(value);
  const found = isEncoded ? decodeBlockAccessList(bytesOf(value, field), field) : readJson(value, field);
  checkBlockAccessList(found, field, bounds);
  return found;
}

function bytesOf(value: string | Uint8Array, field: string): Uint8Array {
  return typeof value === 'string' ? bytesFromHex(bytes()(value, field)) : value;
}

/**
 * Checks what EIP-7928 demands of any list: the order of its entries, that none is there twice, no slot both read and
 * written, no index beyond the block, not more items than its gas allows.
 * @throws InputError naming the entry
 */
export function checkBlockAccessList(given: BlockAccessList, field: string, bounds?: ListBounds): void {
  const last = bounds === undefined ? 2n ** BigInt(MAX_INDEX) : BigInt(bounds.transactionCount) + 1n;
  ascending(given, ({ address: at }) => BigInt(at), field, 'address');
  given.forEach((account, at) => {
    const path = `${field}[${at}]`;
    const { storageChanges, storageReads, balanceChanges, nonceChanges, codeChanges } = account;
    ascending(storageChanges, ({ slot }) => BigInt(slot), `${path}.storageChanges`, 'slot');
    storageChanges.forEach(({ slotChanges }, place) => {
      const changes = `${path}.storageChanges[${place}].slotChanges`;
      if (slotChanges.length === 0) throw new InputError(changes, 'empty: the slot has not changed');
      inTurn(slotChanges, changes, last);
    });
    ascending(storageReads, BigInt, `${path}.storageReads`, '');
    const changed = new Set(storageChanges.map(({ slot }) => BigInt(slot)));
    const both = storageReads.findIndex((slot) => changed.has(BigInt(slot)));
    if (both >= 0) throw new InputError(`${path}.storageReads[${both}]`, 'among the slots that have changed, too');
    inTurn(balanceChanges, `${path}.balanceChanges`, last);
    inTurn(nonceChanges, `${path}.nonceChanges`, last);
    inTurn(codeChanges, `${path}.codeChanges`, last);
  });
  if (bounds === undefined) return;
  const [items, most] = [itemsOf(given), mostItems(bounds.gasLimit)];
  if (items > most)
    throw new InputError(field, `${items} accounts and slots, and the block's gas limit allows ${most}`);
}

/** Accounts, and slots of accounts. */
export function itemsOf(given: BlockAccessList): bigint {
  const slots = given.map(({ storageChanges, storageReads }) => storageChanges.length + storageReads.length);
  return BigInt(given.length + slots.reduce((sum, count) => sum + count, 0));
}

/** How many a block's list may have. */
export function mostItems(gasLimit: bigint): bigint {
  return gasLimit / ITEM_GAS;
}

/** Strictly: what is there twice is out of order, too. */
function ascending<T>(items: readonly T[], keyOf: (item: T) => bigint, field: string, name: string): void {
  let before: bigint | undefined;
  items.forEach((item, at) => {
    const key = keyOf(item);
    if (before !== undefined && key <= before) {
      const place = name === '' ? `${field}[${at}]` : `${field}[${at}].${name}`;
      throw new InputError(place, key === before ? 'there twice' : 'out of order: it is below the one before');
    }
    before = key;
  });
}

function inTurn(changes: readonly { readonly blockAccessIndex: Hex }[], field: string, last: bigint): void {
  ascending(changes, ({ blockAccessIndex }) => BigInt(blockAccessIndex), field, 'blockAccessIndex');
  const at = changes.length - 1;
  if (at < 0 || BigInt(changes[at]!.blockAccessIndex) <= last) return;
  throw new InputError(`${field}[${at}].blockAccessIndex`, `beyond the block, whose last is ${last}`);
}

/**
 * The list that bytes are the encoding of; not checked any further.
 * @throws InputError naming the entry that is malformed
 */
export function decodeBlockAccessList(encoded: Uint8Array, field = 'list'): BlockAccessList {
  let decoded: unknown;
  try {
    decoded = RLP.decode(encoded);
  } catch (cause) {
    throw new InputError(field, `malformed RLP: ${messageOf(cause)}`, { cause });
  }
  return items(decoded, field).map((item, at): AccountAccess => {
    const path = `${field}[${at}]`;
    const [who, writes, reads, balances, nonces, codes] = fields(item, 6, path);
    const changes = <T>(given: unknown, name: string, read: (value: unknown, where: string) => T) =>
      items(given, `${path}.${name}`).map((entry, place): readonly [Hex, T] => {
        const where = `${path}.${name}[${place}]`;
        const [when, value] = fields(entry, 2, where);
        return [number(when, MAX_INDEX, `${where}.blockAccessIndex`), read(value, where)];
      });
    return {
      address: exactly(who, 20, `${path}.address`),
      storageChanges: items(writes, `${path}.storageChanges`).map((entry, place) => {
        const where = `${path}.storageChanges[${place}]`;
        const [slot, slotChanges] = fields(entry, 2, where);
        return {
          slot: number(slot, 256, `${where}.slot`),
          slotChanges: changes(slotChanges, `storageChanges[${place}].slotChanges`, (value, of) =>
            number(value, 256, `${of}.postValue`),
          ).map(([blockAccessIndex, postValue]) => ({ blockAccessIndex, postValue })),
        };
      }),
      storageReads: items(reads, `${path}.storageReads`).map((slot, place) =>
        number(slot, 256, `${path}.storageReads[${place}]`),
      ),
      balanceChanges: changes(balances, 'balanceChanges', (value, of) => number(value, 256, `${of}.postBalance`)).map(
        ([blockAccessIndex, postBalance]) => ({ blockAccessIndex, postBalance }),
      ),
      nonceChanges: changes(nonces, 'nonceChanges', (value, of) => number(value, 64, `${of}.postNonce`)).map(
        ([blockAccessIndex, postNonce]) => ({ blockAccessIndex, postNonce }),
      ),
      codeChanges: changes(codes, 'codeChanges', (value, of) => code(value, `${of}.newCode`)).map(
        ([blockAccessIndex, newCode]) => ({ blockAccessIndex, newCode }),
      ),
    };
  });
}

function items(value: unknown, field: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new InputError(field, 'expected a list, got bytes');
  return value;
}

function fields(value: unknown, count: number, field: string): readonly unknown[] {
  const found = items(value, field);
  if (found.length !== count) throw new InputError(field, `${found.length} fields, expected ${count}`);
  return found;
}

function leaf(value: unknown, field: string): Uint8Array {
  if (!isBytes(value)) throw new InputError(field, 'expected bytes, got a list');
  return value;
}

function exactly(value: unknown, length: number, field: string): Hex {
  const found = leaf(value, field);
  if (found.length !== length) throw new InputError(field, `${found.length} bytes, expected ${length}`);
  return hexFromBytes(found);
}

function number(value: unknown, bits: number, field: string): Hex {
  const found = leaf(value, field);
  if (found.length * 8 > bits) throw new InputError(field, `${found.length} bytes, at most ${bits / 8} allowed`);
  if (found[0] === 0) throw new InputError(field, 'a number that begins with zeros');
  return quantityFromNumber(numberFromBytes(found));
}

function code(value: unknown, field: string): Hex {
  const found = leaf(value, field);
  if (found.length > MAX_CODE_BYTES) {
    throw new InputError(field, `${found.length} bytes of code, at most ${MAX_CODE_BYTES} allowed`);
  }
  return hexFromBytes(found);
}
