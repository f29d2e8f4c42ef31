// Blocks as they are asked for: by number, hash or tag.

import { InputError } from '../base/errors.ts';
import { describe, isMissing, plainObject } from '../base/reader.ts';
import type { ChainBlock, ChainStore } from './chain-store.ts';
import { hashOf, quantityOf, refusal } from './rpc/parameters.ts';

/** Of a block, as geth counts them. */
const LAST_NUMBER = (1n << 63n) - 1n;

const PREFIX = /^0[xX]/;

/** Blocks by name; none of them is ever taken back here. */
const NEWEST = new Set(['latest', 'pending', 'safe', 'finalized']);

/**
 * The block that a parameter names: by number, tag, hash, or an object with one of them (EIP-1898); the head where it is
 * missing. `undefined`: there is none.
 */
export function findBlock(store: ChainStore, value: unknown, field: string): ChainBlock | undefined {
  if (value === undefined || value === null) return store.head;
  if (typeof value === 'object') return findByObject(store, value, field);
  if (typeof value === 'string' && value.length === 66 && PREFIX.test(value)) return store.byHash(hashOf(value, field));
  return findNumber(store, value, field);
}

/** As {@link findBlock}, of what names a block by its number or a tag alone. */
export function findNumber(store: ChainStore, value: unknown, field: string): ChainBlock | undefined {
  if (typeof value !== 'string') throw new InputError(field, `expected a block number or tag, got ${describe(value)}`);
  if (NEWEST.has(value)) return store.head;
  if (value === 'earliest') return store.first.number === 0n ? store.first : undefined;
  if (!PREFIX.test(value)) {
    const tags = ['earliest', ...NEWEST].join(', ');
    throw new InputError(field, `expected a hex quantity or one of ${tags}, got ${describe(value)}`);
  }
  return store.byNumber(quantityOf(value, field, LAST_NUMBER));
}

function findByObject(store: ChainStore, value: object, field: string): ChainBlock | undefined {
  const { blockHash, blockNumber, requireCanonical } = plainObject(value, field);
  if (!isMissing(requireCanonical) && typeof requireCanonical !== 'boolean') {
    throw new InputError(`${field}.requireCanonical`, `expected true or false, got ${describe(requireCanonical)}`);
  }
  if ((blockHash === undefined) === (blockNumber === undefined)) {
    throw new InputError(field, 'expected either blockHash or blockNumber');
  }
  if (blockHash !== undefined) return store.byHash(hashOf(blockHash, `${field}.blockHash`));
  return findNumber(store, blockNumber, `${field}.blockNumber`);
}

/** As {@link findNumber}. @throws PevmError with -32000 where there is no such block */
export function blockAt(store: ChainStore, value: unknown, field: string): ChainBlock {
  return foundFor(findNumber(store, value, field), value, field);
}

/** As {@link findBlock}. @throws PevmError with -32000 where there is no such block */
export function blockOf(store: ChainStore, value: unknown, field: string): ChainBlock {
  return foundFor(findBlock(store, value, field), value, field);
}

function foundFor(found: ChainBlock | undefined, value: unknown, field: string): ChainBlock {
  if (found === undefined) throw refusal(field, `there is no block ${describe(value)}`);
  return found;
}
