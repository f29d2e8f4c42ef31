// What can be learned of a block that was executed, copied out of the memory while it is there: times, and who read from whom.

import { BaseFlag, Incarnation, Kind, Location, ReadEntry, ReadKind, Version } from '../../../assembly/layout.ts';
import type { CoreInstance } from '../instance/abi.ts';
import type { BlockHost } from './block-host.ts';
import { kindAt, locationAt } from './location.ts';

/** Of the committed transactions of a block in the core, by number there. Structured-cloneable. */
export interface RunLessons {
  /** Number of the block's first transaction in the plan. */
  readonly first: number;
  readonly durationsMs: Float64Array;
  readonly gasUsed: Float64Array;
  readonly executions: Uint32Array;
  /** Reads of what a lower one has written: who, from whom, and which of `places`. */
  readonly higher: Uint32Array;
  readonly lower: Uint32Array;
  readonly places: Uint32Array;
  /** Copies of the places' records, `Location.SIZE` bytes each. */
  readonly records: Uint8Array;
  /** Of code that was met: addresses of 20 bytes, each with the 32 of the hash behind it. */
  readonly codes: Uint8Array;
}

/** Of a block: what is beyond is not looked at. */
const MOST_EDGES = 1 << 14;
const MOST_CODES = 1 << 12;
export const CODE_ENTRY = 52;

/** Reads the lessons of a block of which `committed` transactions are committed. No worker is inside the core. */
export function readLessons(host: BlockHost, committed: number, first: number): RunLessons {
  const { instance } = host;
  const { words, doubles, limbs } = instance;
  const durationsMs = new Float64Array(committed);
  const gasUsed = new Float64Array(committed);
  const executions = new Uint32Array(committed);
  const edges = new Edges();
  const codes = new Set<number>();
  for (let index = 0; index < committed; index++) {
    const record = host.recordOf(index);
    durationsMs[index] = doubles[(record + Incarnation.DURATION) >>> 3]!;
    gasUsed[index] = Number(limbs[(record + Incarnation.GAS) >>> 3]!);
    executions[index] = host.attempts(index);
    const count = words[(record + Incarnation.READ_COUNT) >>> 2]!;
    for (let i = 0; i < count; i++) {
      const read = (record + Incarnation.SIZE + i * ReadEntry.SIZE) >>> 2;
      const word = words[read + (ReadEntry.LOCATION >>> 2)]!;
      const location = word & 0xffffff;
      const node = words[read + (ReadEntry.NODE >>> 2)]!;
      if (node === 0) {
        if (kindAt(instance, locationAt(instance, location)) === Kind.CODE && codes.size < MOST_CODES)
          codes.add(location);
        continue;
      }
      // Whether there is enough can be answered before it is known how much there is.
      const kind = word >>> 24;
      if (kind !== ReadKind.VALUE && kind !== ReadKind.FOLDED) continue;
      edges.add(index, Atomics.load(words, (node + Version.META) >>> 2) >>> 12, location);
    }
  }
  return { first, durationsMs, gasUsed, executions, ...edges.copied(instance), codes: copiedCodes(instance, codes) };
}

class Edges {
  readonly #higher: number[] = [];
  readonly #lower: number[] = [];
  readonly #places: number[] = [];
  readonly #numbers = new Map<number, number>();

  add(higher: number, lower: number, location: number): void {
    if (this.#higher.length >= MOST_EDGES || lower >= higher) return;
    let number = this.#numbers.get(location);
    if (number === undefined) {
      number = this.#numbers.size;
      this.#numbers.set(location, number);
    }
    this.#higher.push(higher);
    this.#lower.push(lower);
    this.#places.push(number);
  }

  copied(instance: CoreInstance): Pick<RunLessons, 'higher' | 'lower' | 'places' | 'records'> {
    const records = new Uint8Array(this.#numbers.size * Location.SIZE);
    for (const [location, number] of this.#numbers) {
      const record = locationAt(instance, location);
      records.set(instance.bytes.subarray(record, record + Location.SIZE), number * Location.SIZE);
    }
    return {
      higher: Uint32Array.from(this.#higher),
      lower: Uint32Array.from(this.#lower),
      places: Uint32Array.from(this.#places),
      records,
    };
  }
}

function copiedCodes(instance: CoreInstance, locations: ReadonlySet<number>): Uint8Array {
  const { bytes, words } = instance;
  const codes = new Uint8Array(locations.size * CODE_ENTRY);
  let at = 0;
  for (const location of locations) {
    const record = locationAt(instance, location);
    if ((Atomics.load(words, (record + Location.BASE) >>> 2) & BaseFlag.KNOWN) === 0) continue;
    codes.set(bytes.subarray(record + Location.ADDRESS, record + Location.ADDRESS + 20), at);
    codes.set(bytes.subarray(record + Location.VALUE, record + Location.VALUE + 32), at + 20);
    at += CODE_ENTRY;
  }
  return codes.subarray(0, at);
}
