// What a block teaches its engine: the lessons of the core in the words of oracles.

import type { AccessKey } from '../access/access-oracle.ts';
import type { ObservedBlock } from '../access/learned-accesses.ts';
import { type Hex, hexFromBytes, isZero } from '../base/hex.ts';
import type { BlockInput } from '../block/block-input.ts';
import { CODE_ENTRY, type RunLessons } from '../core/host/lessons.ts';
import { LOCATION_SIZE, nameRecord } from '../core/host/location.ts';

/** The lessons of one memory about the transactions of a block, of which the first is task `firstTransaction`. */
export function observedBlock(lessons: RunLessons, block: BlockInput, firstTransaction: number): ObservedBlock {
  const { first, records } = lessons;
  const committed = lessons.durationsMs.length;
  const start = Math.max(first, firstTransaction);
  const end = Math.max(start, Math.min(first + committed, firstTransaction + block.transactions.length));
  const [from, to] = [start - first, end - first];
  const isInside = (number: number) => number >= from && number < to;
  const edges = Array.from(lessons.higher.keys()).filter(
    (at) => isInside(lessons.higher[at]!) && isInside(lessons.lower[at]!),
  );
  const places = new Map<number, AccessKey | undefined>();
  return {
    transactions: block.transactions.slice(start - firstTransaction, end - firstTransaction),
    durationsMs: lessons.durationsMs.subarray(from, to),
    gasUsed: lessons.gasUsed.subarray(from, to),
    executions: lessons.executions.subarray(from, to),
    higher: edges.map((at) => lessons.higher[at]! - from),
    lower: edges.map((at) => lessons.lower[at]! - from),
    places: edges.map((at) => lessons.places[at]!),
    place(number) {
      if (!places.has(number)) places.set(number, placeIn(records, number));
      return places.get(number);
    },
    codes: codesOf(lessons.codes),
  };
}

function placeIn(records: Uint8Array, number: number): AccessKey | undefined {
  const record = records.subarray(number * LOCATION_SIZE, (number + 1) * LOCATION_SIZE);
  const { kind, address, slot } = nameRecord(record, undefined);
  if (address === undefined) return undefined;
  if (kind === 'storage' && slot !== undefined) return { kind, address, slot };
  return kind === 'balance' ? { kind, address } : undefined;
}

function codesOf(entries: Uint8Array): ReadonlyMap<Hex, Hex> {
  const codes = new Map<Hex, Hex>();
  for (let at = 0; at < entries.length; at += CODE_ENTRY) {
    const hash = entries.subarray(at + 20, at + CODE_ENTRY);
    if (isZero(hash)) continue;
    codes.set(hexFromBytes(entries.subarray(at, at + 20)), hexFromBytes(hash));
  }
  return codes;
}
