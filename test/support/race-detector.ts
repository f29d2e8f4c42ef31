// Finds data races among watched accesses: vector clocks per thread and per word (FastTrack, Flanagan & Freund 2009).
//
// WebAssembly's atomics are sequentially consistent: an atomic read acquires what the last atomic write of the word
// released. Two accesses of one word race when one is a write, not both are atomic, and no chain of those orders them.
import type { AccessSite } from './memory-accesses.ts';

interface Word {
  threads: Set<number>;
  atomic: Set<AccessSite>;
  plain: Set<AccessSite>;
  /** What an atomic read of the word acquires. */
  released: number[] | undefined;
  /** Per thread: its clock at its last access of each sort, and the site. */
  reads: Map<number, { clock: number; site: AccessSite }>;
  writes: Map<number, { clock: number; site: AccessSite }>;
}

export class RaceDetector {
  readonly #clocks: number[][];
  readonly #words = new Map<number, Word>();
  readonly #races = new Set<string>();
  readonly #mixed = new Set<string>();
  readonly #exercised = new Set<AccessSite>();

  readonly #mayPrepare: (site: AccessSite) => boolean;

  /** @param mayPrepare which plain sites may write a word that becomes shared only after them; all unless given */
  constructor(threads: number, mayPrepare: (site: AccessSite) => boolean = () => true) {
    this.#mayPrepare = mayPrepare;
    this.#clocks = Array.from({ length: threads }, (_, thread) => {
      const clock = new Array<number>(threads).fill(0);
      clock[thread] = 1;
      return clock;
    });
  }

  /** Pairs of sites that raced, by their names. */
  get races(): string[] {
    return [...this.#races].sort();
  }

  /** Sites that were executed. */
  get exercised(): ReadonlySet<AccessSite> {
    return this.#exercised;
  }

  /**
   * Pairs of an atomic and a plain site that touched one word that several threads touched, by their names. A plain write
   * before any other thread has come by prepares the word: that it is published later on is for the races to say.
   */
  get mixed(): string[] {
    this.#collectMixed();
    return [...this.#mixed].sort();
  }

  /** Everything before happens before everything after, as when workers are started or awaited; words begin anew. */
  barrier(): void {
    const latest = this.#clocks.reduce((one, other) => one.map((value, index) => Math.max(value, other[index]!)));
    for (const [thread, clock] of this.#clocks.entries()) {
      for (const index of clock.keys()) clock[index] = latest[index]!;
      clock[thread]! += 1;
    }
    this.#collectMixed();
    this.#words.clear();
  }

  #collectMixed(): void {
    for (const { threads, atomic, plain } of this.#words.values()) {
      if (threads.size < 2) continue;
      for (const one of atomic) for (const other of plain) this.#mixed.add(`${named(one)} and ${named(other)}`);
    }
  }

  /** To be told of each access, in the order in which they happen. */
  access(thread: number, site: AccessSite, address: number, bytes: number, writes: boolean): void {
    this.#exercised.add(site);
    if (site.instruction === 'notify' || bytes === 0) return;
    for (let word = address >>> 2; word <= (address + bytes - 1) >>> 2; word++) this.#touch(thread, site, word, writes);
  }

  #touch(thread: number, site: AccessSite, index: number, writes: boolean): void {
    let word = this.#words.get(index);
    if (word === undefined) {
      word = {
        threads: new Set(),
        atomic: new Set(),
        plain: new Set(),
        released: undefined,
        reads: new Map(),
        writes: new Map(),
      };
      this.#words.set(index, word);
    }
    const clock = this.#clocks[thread]!;
    const reads = !writes || site.instruction === 'rmw' || site.instruction === 'cmpxchg';
    word.threads.add(thread);
    const prepares = !site.atomic && writes && word.threads.size === 1 && this.#mayPrepare(site);
    if (!prepares) (site.atomic ? word.atomic : word.plain).add(site);

    if (site.atomic && reads && word.released !== undefined) {
      for (const other of clock.keys()) clock[other] = Math.max(clock[other]!, word.released[other]!);
    }
    this.#check(thread, site, word.writes);
    if (writes) this.#check(thread, site, word.reads);
    (writes ? word.writes : word.reads).set(thread, { clock: clock[thread]!, site });
    if (site.atomic && writes) {
      word.released = [...clock];
      clock[thread]! += 1;
    }
  }

  #check(thread: number, site: AccessSite, others: Word['reads']): void {
    for (const [other, { clock, site: earlier }] of others) {
      if (other === thread || (site.atomic && earlier.atomic) || clock <= this.#clocks[thread]![other]!) continue;
      this.#races.add(`${named(earlier)} races with ${named(site)}`);
    }
  }
}

/** A site as a reader finds it: the function and what it does there. */
export function named(site: AccessSite): string {
  const name = site.function.replace(/^assembly\//, '');
  return `${name}: ${site.atomic ? 'atomic ' : ''}${site.instruction} +${site.offset}`;
}
