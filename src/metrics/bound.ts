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

/** Adds up transactions in order; every edge points down. */
export class DependencyChains {
  readonly #durations: number[] = [];
  /** When each would finish with unlimited workers. */
  readonly #finish: number[] = [];
  readonly #before: number[] = [];
  readonly #locations: number[] = [];
  #sum = 0;
  #last = -1;
  #latest = 0;

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
    const index = this.#durations.length;
    let start = 0;
    let before = -1;
    let location = -1;
    for (const edge of edges) {
      const finish = this.#finish[edge.lower] ?? 0;
      if (edge.lower >= index || finish <= start) continue;
      start = finish;
      before = edge.lower;
      location = edge.location;
    }
    this.#durations.push(durationMs);
    this.#finish.push(start + durationMs);
    this.#before.push(before);
    this.#locations.push(location);
    this.#sum += durationMs;
    if (start + durationMs > this.#latest) {
      this.#latest = start + durationMs;
      this.#last = index;
    }
  }

  /** The longest chain, lowest transaction first. */
  path(): ChainStep[] {
    const steps: ChainStep[] = [];
    for (let at = this.#last; at >= 0; at = this.#before[at] ?? -1) {
      const location = this.#before[at] === -1 ? undefined : this.#locations[at];
      steps.push({ index: at, durationMs: this.#durations[at] ?? 0, location });
    }
    return steps.reverse();
  }
}
