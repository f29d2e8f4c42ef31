// Which logs somebody asks for: addresses and topics, and whether a block's bloom filter rules them out.

import { InputError } from '../base/errors.ts';
import { bytesFromHex, type Hex } from '../base/hex.ts';
import { keccak256 } from '../base/keccak256.ts';
import { describe, list } from '../base/reader.ts';
import type { Receipt } from '../block/receipts.ts';
import { addressOf, hashOf } from './rpc/parameters.ts';

export interface LogFilter {
  /** Any of them; `undefined`: any. */
  readonly addresses?: readonly Hex[] | undefined;
  /** By place: any of them; `undefined`: any. */
  readonly topics?: readonly (readonly Hex[] | undefined)[] | undefined;
}

const MAXIMUM_TOPICS = 4;
/** Addresses, or alternatives of a topic. */
const MAXIMUM_ALTERNATIVES = 1000;

/** Reads `address` and `topics` of a filter. @throws InputError naming the field */
export function readLogFilter(given: Record<string, unknown>, field: string): LogFilter {
  const { address, topics } = given;
  const addresses = alternatives(address, `${field}.address`, addressOf);
  if (topics === undefined || topics === null) return { addresses };
  if (!Array.isArray(topics)) throw new InputError(`${field}.topics`, `expected an array, got ${describe(topics)}`);
  if (topics.length > MAXIMUM_TOPICS) {
    throw new InputError(`${field}.topics`, `${topics.length} topics, at most ${MAXIMUM_TOPICS} allowed`);
  }
  return {
    addresses,
    topics: topics.map((item, i) => {
      const place = `${field}.topics[${i}]`;
      // A null among alternatives stands for any.
      if (Array.isArray(item) && item.includes(null)) return undefined;
      return alternatives(item, place, hashOf);
    }),
  };
}

function alternatives(
  value: unknown,
  field: string,
  read: (value: unknown, field: string) => Hex,
): readonly Hex[] | undefined {
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value)) return [read(value, field)];
  const all = list(read, MAXIMUM_ALTERNATIVES)(value, field);
  return all.length === 0 ? undefined : all;
}

export function matches({ address, topics }: Receipt['logs'][number], filter: LogFilter): boolean {
  if (filter.addresses !== undefined && !filter.addresses.includes(address)) return false;
  const wanted = filter.topics ?? [];
  return wanted.length <= topics.length && wanted.every((any, i) => any === undefined || any.includes(topics[i]!));
}

/** Whether a block may hold such logs, by its bloom filter. */
export function mayHold(bloom: Hex | undefined, { addresses, topics = [] }: LogFilter): boolean {
  if (bloom === undefined) return true;
  const bits = bytesFromHex(bloom);
  const isSet = (bit: number) => ((bits[bits.length - 1 - (bit >> 3)]! >> (bit & 7)) & 1) === 1;
  return [addresses, ...topics].every(
    (any) => any === undefined || bloomBitsOf(any).some((three) => three.every(isSet)),
  );
}

const BLOOM_BITS = 2048;
const bloomBits = new WeakMap<readonly Hex[], readonly (readonly number[])[]>();

/** Yellow paper, section 4.3.1: three bits of each value. Hashed once for all blocks that a filter is held against. */
function bloomBitsOf(values: readonly Hex[]): readonly (readonly number[])[] {
  const known = bloomBits.get(values);
  if (known !== undefined) return known;
  const made = values.map((value) => {
    const digest = keccak256(bytesFromHex(value));
    return [0, 2, 4].map((at) => ((digest[at]! << 8) | digest[at + 1]!) % BLOOM_BITS);
  });
  bloomBits.set(values, made);
  return made;
}
