// What a run has recorded of its transactions, on its way out of the core and into a later run on the same state.

import { CONTROL_BASE, Control, Kind, RecordedAccess, Recording, TxSlot } from '../../../assembly/layout.ts';
import type { CoreInstance } from '../instance/abi.ts';

const ACCESS = RecordedAccess.SIZE >>> 2;
const LENGTH = Recording.LENGTH >>> 2;
const TRANSACTION = Recording.TRANSACTION >>> 2;
/** What there is room for, beside what the rest will take if it is like the first part. */
const ROOM = 1.25;

/**
 * Recording records by the number of their task, in one buffer, with no object for each: a block has a thousand. They name places
 * by location.
 */
export class Recordings {
  readonly words: Uint32Array;
  /** Of each task the word at which its record begins; -1: there is none, and it has to be executed. */
  readonly starts: Int32Array;

  constructor(words: Uint32Array, starts: Int32Array) {
    this.words = words;
    this.starts = starts;
  }

  static readonly NONE: Recordings = new Recordings(new Uint32Array(0), new Int32Array(0));

  /** Of so many tasks. */
  get length(): number {
    return this.starts.length;
  }

  get areAll(): boolean {
    return !this.starts.includes(-1);
  }

  has(task: number): boolean {
    return this.starts[task]! >= 0;
  }

  /** The words of a record, a view; `undefined`: there is none. */
  at(task: number): Uint32Array | undefined {
    const start = this.starts[task] ?? -1;
    return start < 0 ? undefined : this.words.subarray(start, start + (this.words[start + LENGTH]! >>> 2));
  }

  /** The same records of other tasks: of each the number that it has here, -1 for none. */
  picked(tasks: ArrayLike<number>): Recordings {
    return new Recordings(
      this.words,
      Int32Array.from(tasks, (task) => this.starts[task] ?? -1),
    );
  }

  /** Of the tasks from `first` on. */
  from(first: number): Recordings {
    return new Recordings(this.words, this.starts.subarray(first));
  }
}

/**
 * What the block in the memory has recorded, by number of transaction. Host, before the next block begins. `spent`: recordings that
 * nobody needs any more, whose buffer is written over: to touch a new one takes twice as long as to fill it.
 */
export function takeRecordings({ core, words }: CoreInstance, spent = Recordings.NONE): Recordings {
  const count = words[(CONTROL_BASE + Control.TRANSACTION_COUNT) >>> 2]!;
  const starts = new Int32Array(count).fill(-1);
  let taken = new Uint32Array(spent.words.buffer);
  let end = 0;
  for (let next = 0; next < count; ) {
    next = core.recordTransactions(next);
    const part = words.subarray(core.changesStart() >>> 2, core.changesEnd() >>> 2);
    if (end + part.length > taken.length) {
      const rest = next < count ? (end + part.length) * (count / next) * ROOM : 0;
      const more = new Uint32Array(Math.max(end + part.length, Math.ceil(rest)));
      more.set(taken.subarray(0, end));
      taken = more;
    }
    taken.set(part, end);
    for (const to = end + part.length; end < to; end += taken[end + LENGTH]! >>> 2) {
      starts[taken[end + TRANSACTION]!] = end;
    }
  }
  return new Recordings(taken.subarray(0, end), starts);
}

/** Gives the transactions of a block that begins their recordings; false when memory is exhausted: then none has one. */
export function giveRecordings({ core, words }: CoreInstance, { words: given, starts }: Recordings): boolean {
  if (given.length === 0) return true;
  const place = core.allocate(given.byteLength);
  if (place === 0) return false;
  words.set(given, place >>> 2);
  const slots = words[(CONTROL_BASE + Control.SLOTS) >>> 2]!;
  for (let task = 0; task < starts.length; task++) {
    if (starts[task]! < 0) continue;
    words[(slots + task * TxSlot.SIZE + TxSlot.RECORDING) >>> 2] = place + (starts[task]! << 2);
  }
  return true;
}

/** Hashes of the codes that recorded transactions have given to accounts; `tasks`: those alone. */
export function* codeHashesIn({ words, starts }: Recordings, tasks?: Iterable<number>): Generator<Uint8Array> {
  for (const task of tasks ?? starts.keys()) {
    const start = starts[task]!;
    if (start < 0) continue;
    let at = start + (Recording.SIZE >>> 2) + words[start + (Recording.READ_COUNT >>> 2)]! * ACCESS;
    for (let left = words[start + (Recording.WRITE_COUNT >>> 2)]!; left > 0; left--, at += ACCESS) {
      if (words[at + (RecordedAccess.LOCATION >>> 2)]! >>> 24 !== Kind.CODE) continue;
      const value = words.byteOffset + (at << 2) + RecordedAccess.VALUE;
      yield new Uint8Array(words.buffer, value, RecordedAccess.SIZE - RecordedAccess.VALUE);
    }
  }
}
