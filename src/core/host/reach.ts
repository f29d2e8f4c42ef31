// Which tasks of a recorded block an edit of its list reaches, and what of the others these have to see. Places are locations: of
// use while the memory is laid out as it was. Costs a look at each recorded access, and nothing per account or slot.

import { Kind, Outcome, RecordedAccess, Recording } from '../../../assembly/layout.ts';
import type { Recordings } from './recordings.ts';

const HEADER = Recording.SIZE >>> 2;
const ACCESS = RecordedAccess.SIZE >>> 2;
const FLAG = RecordedAccess.FLAG >>> 2;
const VALUE = RecordedAccess.VALUE >>> 2;
const VALUE_WORDS = ACCESS - VALUE;

const placeOf = (word: number) => word & 0xffffff;
const isReset = (word: number) => word >>> 24 === Kind.RESET;

/** Where one recording is among 32-bit words. */
class Fields {
  words: Uint32Array = new Uint32Array(0);
  /** Of the first read, the first write, and behind the last. */
  reads = 0;
  writes = 0;
  end = 0;

  at(recording: Uint8Array): this {
    // Recordings are parts of few buffers.
    if (this.words.buffer !== recording.buffer) this.words = new Uint32Array(recording.buffer);
    const start = recording.byteOffset >>> 2;
    this.reads = start + HEADER;
    this.writes = this.reads + this.words[start + (Recording.READ_COUNT >>> 2)]! * ACCESS;
    this.end = this.writes + this.words[start + (Recording.WRITE_COUNT >>> 2)]! * ACCESS;
    return this;
  }
}

/** What the tasks of a recorded block have written. */
export class WrittenPlaces {
  readonly recordings: readonly Uint8Array[];
  /** By location: which it was of all that were written, in the order of `keepWritten`, from 1 on; 0: nobody wrote it. */
  readonly numbers: Uint32Array;
  readonly count: number;
  /** Those that emptied accounts. */
  readonly resets: readonly number[];
  /** Recordings of tasks that have given code to accounts. */
  readonly coders: readonly Uint8Array[];

  private constructor(recordings: readonly Uint8Array[], locations: number) {
    this.recordings = recordings;
    const numbers = new Uint32Array(locations);
    const resets: number[] = [];
    const coders: Uint8Array[] = [];
    const fields = new Fields();
    let count = 0;
    for (const recording of recordings) {
      const { words, writes, end } = fields.at(recording);
      for (let at = writes; at < end; at += ACCESS) {
        const word = words[at]!;
        const kind = word >>> 24;
        if (kind === Kind.CODE && coders.at(-1) !== recording) coders.push(recording);
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
    if (recordings.length !== tasks) return undefined;
    const all = recordings.filter((recording) => recording !== undefined);
    return all.length === tasks ? new WrittenPlaces(all, locations) : undefined;
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
  readonly #fields = new Fields();

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
    const others = new Gathered();
    const places: number[] = [];
    const flush = () => {
      if (others.finish()) places.push(-1);
    };
    const origins = this.#origins;
    for (let place = 0; place < origins.length; place++) {
      const origin = origins[place]!;
      if (this.#runs[place] === 1) {
        flush();
        others.whole(origin < 0 ? undefined : this.#block.recordings[origin]!);
        places.push(place);
      } else this.#gather(others, origin, flush);
    }
    flush();
    return { places, recordings: others.recordings() };
  }

  #gather(others: Gathered, origin: number, flush: () => void): void {
    const { words, writes, end } = this.#fields.at(this.#block.recordings[origin]!);
    // What is written to an account that was emptied is written afterwards: with nothing of other tasks.
    const empties = this.#block.resets.length > 0 && emptiesSome(words, writes, end);
    if (empties) flush();
    for (let at = writes; at < end; at += ACCESS) {
      if (this.#isNeeded[placeOf(words[at]!)] === 1) others.add(words, at);
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
      const recording = recordings[index];
      if (recording === undefined) this.#isBeyond = true;
      else this.#learn(place, recording, touched);
    }
    if (this.#added.size > 0) this.#spread();
    if (needed.length > known || this.#running > running) return undefined;
    return [...new Set([...needed, ...touched])];
  }

  #learn(place: number, recording: Uint8Array, touched: Set<number>): void {
    const origin = this.#origins[place]!;
    const before = new Set<number>();
    if (origin >= 0) {
      const { words, writes, end } = this.#fields.at(this.#block.recordings[origin]!);
      for (let at = writes; at < end; at += ACCESS) before.add(placeOf(words[at]!));
    }
    const { words, reads, writes, end } = this.#fields.at(recording);
    for (let at = reads; at < writes; at += ACCESS) this.#need(placeOf(words[at]!));
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
        const { words, reads, writes } = this.#fields.at(this.#block.recordings[origin]!);
        for (let at = reads; at < writes; at += ACCESS) this.#need(placeOf(words[at]!));
        this.#soil(origin);
      }
      for (const location of this.#added.get(place) ?? []) this.#mark(location);
    }
    for (; next < this.#block.recordings.length; next++) this.#soil(next);
  }

  #sees(origin: number): boolean {
    const { words, reads, writes } = this.#fields.at(this.#block.recordings[origin]!);
    for (let at = reads; at < writes; at += ACCESS) if (this.#isDirty[placeOf(words[at]!)] === 1) return true;
    return false;
  }

  /** What a task of the block wrote may be another now. */
  #soil(origin: number): void {
    const { words, writes, end } = this.#fields.at(this.#block.recordings[origin]!);
    for (let at = writes; at < end; at += ACCESS) {
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
  /** Of each recording where it begins and ends; `undefined`: there is none. */
  readonly #parts: ([number, number] | undefined)[] = [];
  /** Where the open one begins, and its writes by location. */
  #start = 0;
  readonly #writes = new Map<number, number>();

  whole(recording: Uint8Array | undefined): void {
    if (recording === undefined) {
      this.#parts.push(undefined);
      return;
    }
    const length = recording.length >>> 2;
    this.#reserve(length);
    this.#words.set(new Uint32Array(recording.buffer, recording.byteOffset, length), this.#end);
    this.#parts.push([this.#end, this.#end + length]);
    this.#end += length;
  }

  /** Adds the write at `at` of `words`, over what was written there before. */
  add(words: Uint32Array, at: number): void {
    if (this.#writes.size === 0) {
      this.#reserve(HEADER);
      this.#start = this.#end;
      this.#words.fill(0, this.#end, this.#end + HEADER);
      this.#end += HEADER;
    }
    const location = placeOf(words[at]!);
    const known = this.#writes.get(location);
    if (known !== undefined && words[at + FLAG] !== 0) {
      addTo(this.#words, known + VALUE, words, at + VALUE);
      return;
    }
    let to = known;
    if (to === undefined) {
      this.#reserve(ACCESS);
      to = this.#end;
      this.#writes.set(location, to);
      this.#end += ACCESS;
    }
    for (let word = 0; word < ACCESS; word++) this.#words[to + word] = words[at + word]!;
  }

  /** Ends the open one; false: there is none. */
  finish(): boolean {
    if (this.#writes.size === 0) return false;
    const [words, start] = [this.#words, this.#start];
    words[start + (Recording.LENGTH >>> 2)] = (this.#end - start) << 2;
    words[start + (Recording.WRITE_COUNT >>> 2)] = this.#writes.size;
    words[start + (Recording.OUTCOME >>> 2)] = Outcome.SUCCESS;
    this.#parts.push([start, this.#end]);
    this.#writes.clear();
    return true;
  }

  recordings(): Recordings {
    const bytes = new Uint8Array(this.#words.buffer.slice(0, this.#end << 2));
    return this.#parts.map((part) => part && bytes.subarray(part[0] << 2, part[1] << 2));
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
