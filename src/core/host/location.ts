// Decodes locations of the core: which place of the state an index stands for.

import { CONTROL_BASE, Control, Kind, Location } from '../../../assembly/layout.ts';
import { bytesFromKey, hexFromBytes, keyFromBytes } from '../../base/hex.ts';
import type { LocationName } from '../../types.ts';
import type { CoreInstance } from '../instance/abi.ts';

const NAMES: Readonly<Record<number, LocationName['kind']>> = {
  [Kind.BALANCE]: 'balance',
  [Kind.NONCE]: 'nonce',
  [Kind.CODE]: 'code',
  [Kind.RESET]: 'reset',
  [Kind.EXISTENCE]: 'existence',
  [Kind.STORAGE]: 'storage',
  [Kind.DATA]: 'data',
  [Kind.NUMBER]: 'number',
  [Kind.BYTECODE]: 'bytecode',
  [Kind.BLOCK_HASH]: 'blockHash',
};

/** What locations stand for, one behind the other. */
export interface Places {
  readonly kinds: Uint8Array;
  /** 20 bytes each. */
  readonly addresses: Uint8Array;
  /** 32 bytes each, as the core has them; zeros for what is no slot. */
  readonly slots: Uint8Array;
}

const ADDRESS = 20;
const SLOT = 32;

/** Bytes of a location's record. */
export const LOCATION_SIZE = Location.SIZE;

/** Address of a location's record. */
export function locationAt({ words }: CoreInstance, index: number): number {
  return words[(CONTROL_BASE + Control.LOCATIONS) >>> 2]! + index * Location.SIZE;
}

/** Locations in use: indices 1 to this, exclusive. */
export function locationCount({ words }: CoreInstance): number {
  const count = Atomics.load(words, (CONTROL_BASE + Control.LOCATION_COUNT) >>> 2);
  return Math.min(count, words[(CONTROL_BASE + Control.LOCATION_CAPACITY) >>> 2]!);
}

export function kindAt({ bytes }: CoreInstance, record: number): number {
  return bytes[record + Location.KIND]!;
}

export function addressAt({ bytes }: CoreInstance, record: number): Uint8Array {
  return bytes.slice(record + Location.ADDRESS, record + Location.ADDRESS + 20);
}

export function slotAt({ bytes }: CoreInstance, record: number): Uint8Array {
  return bytes.slice(record + Location.SLOT, record + Location.SLOT + 32);
}

/** Bytes of a free-form key. */
export function keyAt({ bytes, words }: CoreInstance, record: number): Uint8Array {
  const start = words[(record + Location.ADDRESS) >>> 2]!;
  return bytes.slice(start, start + words[(record + Location.ADDRESS + 4) >>> 2]!);
}

/** In their order. */
export function placesOf(instance: CoreInstance, locations: ArrayLike<number>): Places {
  const { bytes } = instance;
  const kinds = new Uint8Array(locations.length);
  const addresses = new Uint8Array(locations.length * ADDRESS);
  const slots = new Uint8Array(locations.length * SLOT);
  for (let place = 0; place < locations.length; place++) {
    const record = locationAt(instance, locations[place]!);
    kinds[place] = kindAt(instance, record);
    const address = record + Location.ADDRESS;
    addresses.set(bytes.subarray(address, address + ADDRESS), place * ADDRESS);
    const slot = record + Location.SLOT;
    if (kinds[place] === Kind.STORAGE) slots.set(bytes.subarray(slot, slot + SLOT), place * SLOT);
  }
  return { kinds, addresses, slots };
}

/** A location by name, for reports. */
export function nameLocation(instance: CoreInstance, index: number): LocationName {
  const record = locationAt(instance, index);
  const kind = kindAt(instance, record);
  const key = kind === Kind.DATA || kind === Kind.NUMBER ? keyAt(instance, record) : undefined;
  return nameRecord(instance.bytes.slice(record, record + Location.SIZE), key);
}

/** A copy of a location's record by name; `key`: of a free-form one. */
export function nameRecord(record: Uint8Array, key: Uint8Array | undefined): LocationName {
  const kind = record[Location.KIND]!;
  const name = NAMES[kind] ?? 'data';
  if (key !== undefined) return { kind: name, key: keyText(key) };
  const slot = hexFromBytes(record.subarray(Location.SLOT, Location.SLOT + 32));
  if (kind === Kind.BYTECODE) return { kind: name, slot };
  const address = hexFromBytes(record.subarray(Location.ADDRESS, Location.ADDRESS + 20));
  return kind === Kind.STORAGE ? { kind: name, address, slot } : { kind: name, address };
}

/** Printable text as it is, other bytes as hex. */
function keyText(key: Uint8Array): string {
  const letters = keyFromBytes(key);
  if (/^[\x20-\x7e]*$/.test(letters)) return letters;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytesFromKey(letters));
  } catch {
    return hexFromBytes(key);
  }
}
