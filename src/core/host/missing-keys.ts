// What workers found missing of the state, as keys for a source.

import { CONTROL_BASE, Control, Kind, Location, Missing, Scratch } from '../../../assembly/layout.ts';
import { hexFromBytes } from '../../base/hex.ts';
import type { SourceKey } from '../../state/state-source.ts';
import type { CoreInstance } from '../instance/abi.ts';
import { addressAt, kindAt, locationAt, slotAt } from './location.ts';

/** Each key once, and the locations behind it. The block is halted. */
export function missingKeys(instance: CoreInstance): SourceKey[] {
  const { words } = instance;
  const keys = new Map<string, SourceKey>();
  const seen = new Set<number>();
  let note = Atomics.load(words, (CONTROL_BASE + Control.MISSING) >>> 2);
  for (; note !== 0; note = Atomics.load(words, (note + Missing.NEXT) >>> 2)) {
    const location = words[(note + Missing.LOCATION) >>> 2]!;
    if (seen.has(location)) continue;
    seen.add(location);
    const key = keyOf(instance, location);
    keys.set(nameOfKey(key), key);
  }
  return [...keys.values()];
}

/** A key as text: equal for equal keys, and for the same code of two accounts. */
export function nameOfKey(key: SourceKey): string {
  switch (key.kind) {
    case 'blockHash':
      return `blockHash ${key.number}`;
    case 'storage':
      return `storage ${key.address} ${key.slot}`;
    case 'code':
      return `code ${key.hash ?? key.address}`;
    case 'account':
      return `account ${key.address}`;
  }
}

function keyOf(instance: CoreInstance, index: number): SourceKey {
  const record = locationAt(instance, index);
  const kind = kindAt(instance, record);
  if (kind === Kind.BLOCK_HASH) {
    const word = (record + Location.ADDRESS) >>> 2;
    return { kind: 'blockHash', number: (BigInt(instance.words[word + 1]!) << 32n) | BigInt(instance.words[word]!) };
  }
  const address = hexFromBytes(addressAt(instance, record));
  if (kind === Kind.STORAGE) return { kind: 'storage', address, slot: hexFromBytes(slotAt(instance, record)) };
  // Where the hash is there, it is the code behind it that was missed.
  if (kind !== Kind.CODE || !instance.core.baseAt(index)) return { kind: 'account', address };
  const value = instance.core.scratch() + Scratch.VALUE;
  return { kind: 'code', address, hash: hexFromBytes(instance.bytes.subarray(value, value + 32)) };
}
