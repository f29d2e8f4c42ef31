// The base values of a state that stays, on their way out of the core and back: as KeptBase records, by their full keys, so
// that they outlive the memory they came from.

import { BaseFlag, CONTROL_BASE, Control, KeptBase, Kind, Scratch } from '../../../assembly/layout.ts';
import { keyFromBytes } from '../../base/hex.ts';
import type { CoreInstance } from '../instance/abi.ts';
import { readNumber, readReversed, writeNumber, writeReversed } from '../instance/words.ts';
import { type KeptRecords, take } from './kept-writes.ts';
import { locationCount } from './location.ts';

export type { KeptRecords };

/** Kinds of what a state holds of an account, beside its storage. */
export type FieldKind = typeof Kind.BALANCE | typeof Kind.NONCE | typeof Kind.CODE | typeof Kind.EXISTENCE;

/** One record. */
export interface KeptValue {
  readonly kind: number;
  readonly address: Uint8Array;
  /** Of a slot; zeros otherwise. */
  readonly slot: Uint8Array;
  readonly known: boolean;
  /** RESET: whether the account had storage. */
  readonly hadStorage: boolean;
  /** The block that gave the value; RESET: the one that emptied the storage. */
  readonly generation: number;
  /** Of a slot, big-endian; of code its hash, as it is; of others, see `number`. Zero where it is not known. */
  readonly word: Uint8Array;
  readonly number: bigint;
}

/** Records per step: a few hundred microseconds. */
const BATCH = 2048;

/** Everything that is known, oldest first. `rest` is awaited now and then. Host, between two blocks. */
export async function keepAll(
  instance: CoreInstance,
  rest: () => Promise<void> | undefined = () => undefined,
): Promise<KeptRecords> {
  const parts: Uint8Array[] = [];
  for (let next = 1; next !== 0; ) {
    next = instance.core.keepAll(next);
    take(instance, parts);
    await rest();
  }
  return parts;
}

/** The location of a field of an account, 0 where nobody has asked for it yet. Host, between two blocks. */
export function fieldLocation({ core, bytes }: CoreInstance, kind: FieldKind, address: Uint8Array): number {
  bytes.set(address, core.scratch() + Scratch.ADDRESS);
  return core.lookupScratch(kind);
}

/** What is known of one place, `undefined` where nobody has asked for it yet. Host, between two blocks. */
export function keptAt(
  instance: CoreInstance,
  kind: number,
  address: Uint8Array,
  slot?: Uint8Array,
): Uint8Array | undefined {
  const { core, bytes } = instance;
  bytes.set(address, core.scratch() + Scratch.ADDRESS);
  if (slot !== undefined) bytes.set(slot, core.scratch() + Scratch.SLOT);
  const index = core.lookupScratch(kind);
  if (index === 0) return undefined;
  core.keepOne(index);
  const parts: Uint8Array[] = [];
  take(instance, parts);
  return parts[0];
}

/**
 * Puts records back as they were; false when the memory is too small for them. `before` gets what was there instead. Host,
 * between two blocks.
 */
export function restoreKept(instance: CoreInstance, records: KeptRecords, before?: Uint8Array[]): boolean {
  const { core, bytes } = instance;
  let staging = 0;
  for (const part of records) {
    for (let from = 0; from < part.length; from += BATCH * KeptBase.SIZE) {
      const batch = part.subarray(from, from + BATCH * KeptBase.SIZE);
      if (staging === 0) staging = core.allocate(Math.min(BATCH * KeptBase.SIZE, longest(records)));
      if (staging === 0) return false;
      bytes.set(batch, staging);
      const count = batch.length / KeptBase.SIZE;
      if (core.restoreBase(staging, count) !== count) return false;
      before?.push(bytes.slice(staging, staging + batch.length));
    }
  }
  return true;
}

/** Number of the block that the memory is at: what generations count. */
export function blockNumberOf({ words }: CoreInstance): number {
  return words[(CONTROL_BASE + Control.BLOCK) >>> 2]!;
}

/** Lets the count of blocks go on where another memory has left it. Host, between two blocks, before the next begins. */
export function setBlockNumber({ words }: CoreInstance, number: number): void {
  words[(CONTROL_BASE + Control.BLOCK) >>> 2] = number;
}

/** Locations in use, and how many there can be. */
export function locationUse(instance: CoreInstance): { used: number; capacity: number } {
  const capacity = instance.words[(CONTROL_BASE + Control.LOCATION_CAPACITY) >>> 2]!;
  return { used: locationCount(instance), capacity };
}

/** A record that says what somebody outside the blocks has set, with block number `generation`. */
export function changedRecord(
  kind: number,
  address: Uint8Array,
  slot: Uint8Array | undefined,
  value: bigint | Uint8Array,
  generation: number,
): Uint8Array {
  const record = new Uint8Array(KeptBase.SIZE);
  const words = new Uint32Array(record.buffer);
  words[KeptBase.KIND >>> 2] = kind;
  words[KeptBase.FLAGS >>> 2] = BaseFlag.KNOWN | BaseFlag.DIRTY;
  words[KeptBase.GENERATION >>> 2] = generation;
  record.set(address, KeptBase.ADDRESS);
  if (slot !== undefined) record.set(slot, KeptBase.SLOT);
  if (typeof value === 'bigint') writeNumber(new BigUint64Array(record.buffer), KeptBase.VALUE >>> 3, value);
  else if (kind === Kind.STORAGE) writeReversed(record, KeptBase.VALUE, value);
  else record.set(value, KeptBase.VALUE);
  return record;
}

/** A record of a place that nobody knows. */
export function unknownRecord(kind: number, address: Uint8Array, slot: Uint8Array | undefined): Uint8Array {
  const record = changedRecord(kind, address, slot, 0n, 0);
  new Uint32Array(record.buffer)[KeptBase.FLAGS >>> 2] = 0;
  return record;
}

export function* keptValues(records: KeptRecords): Generator<KeptValue> {
  for (const part of records) {
    for (let at = 0; at < part.length; at += KeptBase.SIZE) yield keptValue(part.subarray(at, at + KeptBase.SIZE));
  }
}

export function keptValue(bytes: Uint8Array): KeptValue {
  const record = bytes.slice();
  const words = new Uint32Array(record.buffer);
  const flags = words[KeptBase.FLAGS >>> 2]!;
  const kind = words[KeptBase.KIND >>> 2]!;
  const known = (flags & BaseFlag.KNOWN) !== 0;
  return {
    kind,
    address: record.subarray(KeptBase.ADDRESS, KeptBase.ADDRESS + 20),
    slot: record.subarray(KeptBase.SLOT, KeptBase.SLOT + 32),
    known,
    hadStorage: (flags & BaseFlag.SLOTS) !== 0,
    generation: words[KeptBase.GENERATION >>> 2]!,
    word: !known
      ? new Uint8Array(32)
      : kind === Kind.STORAGE
        ? readReversed(record, KeptBase.VALUE)
        : record.subarray(KeptBase.VALUE, KeptBase.VALUE + 32),
    number: !known ? 0n : readNumber({ words, limbs: new BigUint64Array(record.buffer) }, KeptBase.VALUE),
  };
}

/** Records with later ones over them, and without places that nobody knows any more. */
export function overwritten(records: KeptRecords, later: KeptRecords): KeptRecords {
  const places = new Map<string, Uint8Array>();
  for (const part of [...records, ...later]) {
    for (let at = 0; at < part.length; at += KeptBase.SIZE) {
      const record = part.subarray(at, at + KeptBase.SIZE);
      const [kind] = record.subarray(KeptBase.KIND);
      places.set(`${kind} ${keyFromBytes(record.subarray(KeptBase.ADDRESS, KeptBase.VALUE))}`, record);
    }
  }
  const known = [...places.values()].filter((record) => record[KeptBase.FLAGS] !== 0);
  const part = new Uint8Array(known.length * KeptBase.SIZE);
  known.forEach((record, i) => {
    part.set(record, i * KeptBase.SIZE);
  });
  return [part];
}

/** Records without those of values that are zero, which a complete state need not be told. */
export function withoutZeros(records: KeptRecords): KeptRecords {
  return records.map((part) => {
    const words = new Uint32Array(part.buffer, part.byteOffset, part.length >>> 2);
    return filtered(part, (at) => {
      if (words[(at + KeptBase.KIND) >>> 2] === Kind.RESET) return true;
      const value = (at + KeptBase.VALUE) >>> 2;
      return words.subarray(value, value + 8).some((word) => word !== 0);
    });
  });
}

/** Records without the oldest of those that their source can give again, so that at most `most` are left where possible. */
export function withoutOldest(records: KeptRecords, most: number): KeptRecords {
  let surplus = countKept(records) - most;
  return records.map((part) => {
    const words = new Uint32Array(part.buffer, part.byteOffset, part.length >>> 2);
    return filtered(part, (at) => {
      // What a RESET says of its account no source knows.
      const isClean = (words[(at + KeptBase.FLAGS) >>> 2]! & BaseFlag.DIRTY) === 0;
      if (surplus <= 0 || !isClean || words[(at + KeptBase.KIND) >>> 2] === Kind.RESET) return true;
      surplus--;
      return false;
    });
  });
}

function filtered(part: Uint8Array, wants: (at: number) => boolean): Uint8Array {
  const left = new Uint8Array(part.length);
  let end = 0;
  for (let at = 0; at < part.length; at += KeptBase.SIZE) {
    if (!wants(at)) continue;
    left.set(part.subarray(at, at + KeptBase.SIZE), end);
    end += KeptBase.SIZE;
  }
  return left.subarray(0, end);
}

/** How many records these are. */
export function countKept(records: KeptRecords): number {
  return records.reduce((sum, { length }) => sum + length / KeptBase.SIZE, 0);
}

/** Those at some places of a list, one behind the other. */
export function pickKept(records: KeptRecords, places: readonly number[]): Uint8Array {
  const picked = new Uint8Array(places.length * KeptBase.SIZE);
  for (const [index, place] of places.entries()) {
    let at = place * KeptBase.SIZE;
    for (const part of records) {
      if (at < part.length) {
        picked.set(part.subarray(at, at + KeptBase.SIZE), index * KeptBase.SIZE);
        break;
      }
      at -= part.length;
    }
  }
  return picked;
}

function longest(records: KeptRecords): number {
  return records.reduce((most, { length }) => Math.max(most, length), 0);
}
