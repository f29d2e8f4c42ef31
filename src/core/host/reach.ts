// Which tasks of a recorded block an edit of its list reaches, and what of the others these have to see. Places are locations: of
// use while the memory is laid out as it was. Costs a look at each recorded access, and nothing per account or slot.

import { Kind, Outcome, RecordedAccess, Recording } from '../../../assembly/layout.ts';
import { Recordings } from './recordings.ts';

const HEADER = Recording.SIZE >>> 2;
const ACCESS = RecordedAccess.SIZE >>> 2;
const FLAG = RecordedAccess.FLAG >>> 2;
const VALUE = RecordedAccess.VALUE >>> 2;
const VALUE_WORDS = ACCESS - VALUE;

const placeOf = (word: number) => word & 0xffffff;
const isReset = (word: number) => word >>> 24 === Kind.RESET;

const LENGTH = Recording.LENGTH >>> 2;
const READ_COUNT = Recording.READ_COUNT >>> 2;
const WRITE_COUNT = Recording.WRITE_COUNT >>> 2;

/** Where a record's first read, its first write and what is behind the last are among the words. */
const readsAt = (start: number) => start + HEADER;
const writesAt = (words: Uint32Array, start: number) => start + HEADER + words[start + READ_COUNT]! * ACCESS;
const endAt = (words: Uint32Array, start: number) =>
  start + HEADER + (words[start + READ_COUNT]! + words[start + WRITE_COUNT]!) * ACCESS;

/** What the tasks of a recorded block have written. */
export class WrittenPlaces {
  readonly recordings: Recordings;
  /** By location: which it was of all that were written, in the order of `keepWritten`, from 1 on; 0: nobody wrote it. */
  readonly numbers: Uint32Array;
  readonly count: number;
  /** Those that emptied accounts. */
  readonly resets: readonly number[];
  /** Tasks that have given code to accounts. */
  readonly coders: readonly number[];

  private constructor(recordings: Recordings, locations: number) {
    this.recordings = recordings;
    const numbers = new Uint32Array(locations);
    const resets: number[] = [];
    const coders: number[] = [];
    const { words, starts } = recordings;
    let count = 0;
    for (let task = 0; task < starts.length; task++) {
      const end = endAt(words, starts[task]!);
      for (let at = writesAt(words, starts[task]!); at < end; at += ACCESS) {
        const word = words[at]!;
        const kind = word >>> 24;
        if (kind === Kind.CODE && coders.at(-1) !== task) coders.push(task);
        if (numbers[placeOf(word)] !== 0) continue;
        numbers[placeOf(word)] = ++count;
        if (kind === Kind.RESET) resets.push(placeOf(word));
      }
    }
    this.numbers = numbers;
    this.count = count;
    this.resets = resets;
    this.coders = coders;
  }

  /** `locations`: how many there are in the memory. `undefined`: not all of `tasks` tasks are recorded. */
  static of(recordings: Recordings, tasks: number, locations: number): WrittenPlaces | undefined {
    return recordings.length === tasks && recordings.areAll ? new WrittenPlaces(recordings, locations) : undefined;
  }
}

/** What is to be run in a list's stead. */
export interface ReachedTasks {
  /** Of each task its place in the list; -1: it is never executed, and writes what those before it have written. */
  readonly places: readonly number[];
  readonly recordings: Recordings;
}

/** What an edited list of tasks reaches: found out step by step, since who runs again may touch other things than before. */
export class Reach {
  /** Locations of which the run has to know what they held before the block, and all that is written there. */
  readonly needed: number[] = [];
  readonly #block: WrittenPlaces;
  readonly #origins: Int32Array;
  readonly #isNeeded: Uint8Array;
  readonly #isDirty: Uint8Array;
  #dirty: number[] = [];
  /** The first place that is not as in the block. */
  #first = 0;
  /** By place in the list. */
  readonly #runs: Uint8Array;
  #running = 0;
  /** What tasks that run, by place in the list, have written beside what they wrote in the block. */
  readonly #added = new Map<number, Set<number>>();
  #isBeyond = false;

  /** `origins`: of each task of the list its number in the block, in order; -1: it is new. */
  constructor(block: WrittenPlaces, origins: Int32Array) {
    this.#block = block;
    this.#origins = origins;
    this.#isNeeded = new Uint8Array(block.numbers.length);
    this.#isDirty = new Uint8Array(block.numbers.length);
    this.#runs = new Uint8Array(origins.length);
    while (this.#first < origins.length && origins[this.#first] === this.#first) this.#first++;
    for (let place = this.#first; place < origins.length; place++) {
      if (origins[place]! >= 0) continue;
      this.#runs[place] = 1;
      this.#running++;
    }
    for (const location of block.resets) this.#need(location);
    this.#spread();
  }

  /** Tasks that have to be run, or looked at again. */
  get running(): number {
    return this.#running;
  }

  /** Whether accounts are emptied by who runs: which slots that concerns is not known here. */
  get isBeyond(): boolean {
    return this.#isBeyond;
  }

  /** Whether a task of the list runs, by its place. */
  runs(place: number): boolean {
    return this.#runs[place] === 1;
  }

  /** Those that run, and between them, in few tasks, what the others write where it matters. */
  tasks(): ReachedTasks {
    const others = new Gathered(this.#isNeeded.length);
    const places: number[] = [];
    const { words, starts } = this.#block.recordings;
    const flush = () => {
      if (others.finish()) places.push(-1);
    };
    const origins = this.#origins;
    for (let place = 0; place < origins.length; place++) {
      const origin = origins[place]!;
      if (this.#runs[place] === 1) {
        flush();
        others.whole(words, origin < 0 ? -1 : starts[origin]!);
        places.push(place);
      } else this.#gather(others, origin, flush);
    }
    flush();
    return { places, recordings: others.recordings() };
  }

  #gather(others: Gathered, origin: number, flush: () => void): void {
    const { words, starts } = this.#block.recordings;
    const end = endAt(words, starts[origin]!);
    const writes = writesAt(words, starts[origin]!);
    // What is written to an account that was emptied is written afterwards: with nothing of other tasks.
    const empties = this.#block.resets.length > 0 && emptiesSome(words, writes, end);
    if (empties) flush();
    const isNeeded = this.#isNeeded;
    for (let at = writes; at < end; at += ACCESS) {
      if (isNeeded[placeOf(words[at]!)] === 1) others.add(words, at);
    }
    if (empties) flush();
  }

  /**
   * Takes what the run of {@link tasks} has recorded. `touched`: all that was written by who ran, once nothing is left to be
   * found out; `undefined`: there is more to be run. See also {@link isBeyond}.
   */
  learn({ places }: ReachedTasks, recordings: Recordings): readonly number[] | undefined {
    const { needed } = this;
    const [known, running] = [needed.length, this.#running];
    const touched = new Set<number>();
    for (const [index, place] of places.entries()) {
      if (place < 0) continue;
      if (recordings.has(index)) this.#learn(place, recordings, index, touched);
      else this.#isBeyond = true;
    }
    if (this.#added.size > 0) this.#spread();
    if (needed.length > known || this.#running > running) return undefined;
    return [...new Set([...needed, ...touched])];
  }

  #learn(place: number, { words, starts }: Recordings, index: number, touched: Set<number>): void {
    const origin = this.#origins[place]!;
    const before = new Set<number>();
    if (origin >= 0) {
      const { words, starts } = this.#block.recordings;
      const end = endAt(words, starts[origin]!);
      for (let at = writesAt(words, starts[origin]!); at < end; at += ACCESS) before.add(placeOf(words[at]!));
    }
    const [writes, end] = [writesAt(words, starts[index]!), endAt(words, starts[index]!)];
    for (let at = readsAt(starts[index]!); at < writes; at += ACCESS) this.#need(placeOf(words[at]!));
    for (let at = writes; at < end; at += ACCESS) {
      const location = placeOf(words[at]!);
      if (isReset(words[at]!)) this.#isBeyond = true;
      touched.add(location);
      this.#need(location);
      if (before.has(location)) continue;
      const added = this.#added.get(place) ?? new Set();
      this.#added.set(place, added.add(location));
    }
  }

  /** What nobody in the block has written is as it was before it. */
  #need(location: number): void {
    if ((this.#block.numbers[location] ?? 0) === 0 || this.#isNeeded[location] === 1) return;
    this.#isNeeded[location] = 1;
    this.needed.push(location);
  }

  /** Finds who may see another thing than in the block, in the order of the list. */
  #spread(): void {
    for (const location of this.#dirty) this.#isDirty[location] = 0;
    this.#dirty = [];
    const origins = this.#origins;
    let next = this.#first;
    for (let place = next; place < origins.length; place++) {
      const origin = origins[place]!;
      if (origin >= 0) {
        // Those in between are not in the list.
        for (; next < origin; next++) this.#soil(next);
        next = origin + 1;
      }
      if (this.#runs[place] === 0) {
        if (this.#dirty.length === 0 || !this.#sees(origin)) continue;
        this.#runs[place] = 1;
        this.#running++;
      }
      if (origin >= 0) {
        const { words, starts } = this.#block.recordings;
        const writes = writesAt(words, starts[origin]!);
        for (let at = readsAt(starts[origin]!); at < writes; at += ACCESS) this.#need(placeOf(words[at]!));
        this.#soil(origin);
      }
      for (const location of this.#added.get(place) ?? []) this.#mark(location);
    }
    for (; next < this.#block.recordings.length; next++) this.#soil(next);
  }

  #sees(origin: number): boolean {
    const { words, starts } = this.#block.recordings;
    const isDirty = this.#isDirty;
    const writes = writesAt(words, starts[origin]!);
    for (let at = readsAt(starts[origin]!); at < writes; at += ACCESS) {
      if (isDirty[placeOf(words[at]!)] === 1) return true;
    }
    return false;
  }

  /** What a task of the block wrote may be another now. */
  #soil(origin: number): void {
    const { words, starts } = this.#block.recordings;
    const end = endAt(words, starts[origin]!);
    for (let at = writesAt(words, starts[origin]!); at < end; at += ACCESS) {
      const location = placeOf(words[at]!);
      if (isReset(words[at]!)) this.#isBeyond = true;
      this.#need(location);
      this.#mark(location);
    }
  }

  #mark(location: number): void {
    // What is new in the memory nobody in the block has met.
    if (this.#isDirty[location] !== 0) return;
    this.#isDirty[location] = 1;
    this.#dirty.push(location);
  }
}

/** Recordings in one buffer: of tasks that run as they are, of others only writes, those of several in one. */
class Gathered {
  #words = new Uint32Array(1 << 12);
  #end = 0;
  /** Of each recording where it begins; -1: there is none. */
  readonly #starts: number[] = [];
  /** Where the open one begins; -1: there is none. */
  #open = -1;
  /** By location: where the open one writes it, if it does at all. */
  readonly #writes: Int32Array;

  /** `locations`: how many there are. */
  constructor(locations: number) {
    this.#writes = new Int32Array(locations);
  }

  /** The record that begins at `start` of `words`, as it is; -1: none. */
  whole(words: Uint32Array, start: number): void {
    this.#starts.push(start < 0 ? -1 : this.#end);
    if (start < 0) return;
    const length = words[start + LENGTH]! >>> 2;
    this.#reserve(length);
    this.#words.set(words.subarray(start, start + length), this.#end);
    this.#end += length;
  }

  /** Adds the write at `at` of `words`, over what was written there before. */
  add(words: Uint32Array, at: number): void {
    if (this.#open < 0) {
      this.#reserve(HEADER);
      this.#open = this.#end;
      this.#words.fill(0, this.#end, this.#end + HEADER);
      this.#end += HEADER;
    }
    const location = placeOf(words[at]!);
    let to = this.#writes[location]!;
    // What an earlier one wrote there lies before it.
    if (to <= this.#open) {
      this.#reserve(ACCESS);
      to = this.#end;
      this.#writes[location] = to;
      this.#end += ACCESS;
    } else if (words[at + FLAG] !== 0) {
      addTo(this.#words, to + VALUE, words, at + VALUE);
      return;
    }
    const into = this.#words;
    for (let word = 0; word < ACCESS; word++) into[to + word] = words[at + word]!;
  }

  /** Ends the open one; false: there is none. */
  finish(): boolean {
    if (this.#open < 0) return false;
    const [words, start] = [this.#words, this.#open];
    words[start + LENGTH] = (this.#end - start) << 2;
    words[start + WRITE_COUNT] = (this.#end - start - HEADER) / ACCESS;
    words[start + (Recording.OUTCOME >>> 2)] = Outcome.SUCCESS;
    this.#starts.push(start);
    this.#open = -1;
    return true;
  }

  recordings(): Recordings {
    return new Recordings(this.#words.subarray(0, this.#end), Int32Array.from(this.#starts));
  }

  #reserve(words: number): void {
    if (this.#end + words <= this.#words.length) return;
    const more = new Uint32Array(Math.max(this.#words.length * 2, this.#end + words));
    more.set(this.#words.subarray(0, this.#end));
    this.#words = more;
  }
}

function emptiesSome(words: Uint32Array, writes: number, end: number): boolean {
  for (let at = writes; at < end; at += ACCESS) if (isReset(words[at]!)) return true;
  return false;
}

/** Adds numbers of 256 bits, little-endian. */
function addTo(to: Uint32Array, at: number, from: Uint32Array, start: number): void {
  let carry = 0;
  for (let word = 0; word < VALUE_WORDS; word++) {
    const sum = to[at + word]! + from[start + word]! + carry;
    to[at + word] = sum;
    carry = sum > 0xffff_ffff ? 1 : 0;
  }
}
