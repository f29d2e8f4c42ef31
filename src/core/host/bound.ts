// How fast a run could have been at best: the longest chain of its dependencies, and what the workers have to do in sum.

/** One dependency of a final execution on a lower one. */
export interface Edge {
  readonly lower: number;
  /** What was read, as the producer numbers locations. */
  readonly location: number;
}

export interface ChainStep {
  readonly index: number;
  readonly durationMs: number;
  /** What it read from the step before; undefined for the first. */
  readonly location: number | undefined;
}

/** No transaction. */
export const NOBODY = -1;

/** Adds up transactions in order; every edge points down. */
export class DependencyChains {
  #count = 0;
  #durations = new Float64Array(256);
  /** When each would finish with unlimited workers. */
  #finish = new Float64Array(256);
  #before = new Int32Array(256);
  #locations = new Int32Array(256);
  #sum = 0;
  #last = NOBODY;
  #latest = 0;
  // Of the transaction that is being added.
  #start = 0;
  #lower = NOBODY;
  #location = NOBODY;

  /** T1: the sum of all durations. */
  get sumMs(): number {
    return this.#sum;
  }

  /** T∞: the longest chain. */
  get longestMs(): number {
    return this.#latest;
  }

  /** Adds the next transaction with what it depends on. */
  add(durationMs: number, edges: readonly Edge[]): void {
    for (const { lower, location } of edges) this.depend(lower, location);
    this.close(durationMs);
  }

  /** Something that the next transaction depends on. */
  depend(lower: number, location: number): void {
    if (lower === NOBODY || lower >= this.#count) return;
    const finish = this.#finish[lower]!;
    if (finish <= this.#start) return;
    this.#start = finish;
    this.#lower = lower;
    this.#location = location;
  }

  /** Which of two lower transactions finishes later; NOBODY is earlier than all. */
  later(one: number, other: number): number {
    const finish = (transaction: number) => (transaction < this.#count ? (this.#finish[transaction] ?? 0) : 0);
    return one === NOBODY || (other !== NOBODY && finish(other) > finish(one)) ? other : one;
  }

  /** Adds the next transaction: everything that it depends on has been told. */
  close(durationMs: number): void {
    const index = this.#count++;
    if (index === this.#durations.length) this.#grow();
    const finish = this.#start + durationMs;
    this.#durations[index] = durationMs;
    this.#finish[index] = finish;
    this.#before[index] = this.#lower;
    this.#locations[index] = this.#location;
    this.#sum += durationMs;
    if (finish > this.#latest) {
      this.#latest = finish;
      this.#last = index;
    }
    this.#start = 0;
    this.#lower = NOBODY;
    this.#location = NOBODY;
  }

  /** Indices of the longest chain, lowest transaction first. */
  chain(): Int32Array {
    let length = 0;
    for (let at = this.#last; at !== NOBODY; at = this.#before[at]!) length++;
    const indices = new Int32Array(length);
    for (let at = this.#last; at !== NOBODY; at = this.#before[at]!) indices[--length] = at;
    return indices;
  }

  /** A transaction of the chain. */
  step(index: number): ChainStep {
    const location = this.#before[index] === NOBODY ? undefined : this.#locations[index];
    return { index, durationMs: this.#durations[index]!, location };
  }

  /** The longest chain, lowest transaction first. */
  path(): ChainStep[] {
    return Array.from(this.chain(), (index) => this.step(index));
  }

  #grow(): void {
    const larger = <T extends { set(from: T): void }>(room: T, from: T): T => {
      room.set(from);
      return room;
    };
    const size = this.#durations.length * 2;
    this.#durations = larger(new Float64Array(size), this.#durations);
    this.#finish = larger(new Float64Array(size), this.#finish);
    this.#before = larger(new Int32Array(size), this.#before);
    this.#locations = larger(new Int32Array(size), this.#locations);
  }
}
