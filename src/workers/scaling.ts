// How many workers an engine has where it may choose between a least and a most: by what its runs have shown.

/** Bounds of the number of workers. */
export interface WorkerBounds {
  readonly minimum: number;
  readonly maximum: number;
  /** After how long without a run a worker beyond the minimum is ended; until then it sleeps. Milliseconds. */
  readonly idleMs: number;
}

/** How a run went. */
export interface RunLoad {
  /** That took part. */
  readonly workers: number;
  /** Sum of the final executions' times, and the longest chain of dependent ones. */
  readonly t1Ms: number;
  readonly tInfinityMs: number;
  readonly executionMs: number;
  /** Runs that wait for their turn. */
  readonly waiting: number;
}

/** Part of the workers' time that must have been work, for more to be of use; and below which fewer would do. */
const BUSY = 0.6;
const IDLE = 0.3;
/** Work that must have come by so, before it pays to start a worker, which takes tens of milliseconds of a core. */
const WORTH_MS = 50;
/** Runs in a row that must have been idle. */
const IDLE_RUNS = 4;

export class Scaling {
  readonly bounds: WorkerBounds;
  #target: number;
  #busyMs = 0;
  #idleRuns = 0;

  constructor(bounds: WorkerBounds) {
    this.bounds = bounds;
    this.#target = bounds.minimum;
  }

  /** Workers that runs are to have. */
  get target(): number {
    return this.#target;
  }

  /** Nobody has run anything for a while. */
  rest(): void {
    this.#target = this.bounds.minimum;
    this.#busyMs = 0;
    this.#idleRuns = 0;
  }

  /**
   * A run is over. Where its workers were busy, and it had room for more, there are twice as many from then on, though no more
   * than it could have kept busy; where they were mostly idle, several times in a row, half as many.
   */
  ran({ workers, t1Ms, tInfinityMs, executionMs, waiting }: RunLoad): void {
    if (!(executionMs > 0)) return;
    const busy = t1Ms / (workers * executionMs);
    const room = Math.floor(t1Ms / Math.max(tInfinityMs, Number.MIN_VALUE));
    // Runs with fewer workers than there are have said what they need by that.
    if (busy >= BUSY && workers >= this.#target && room > workers) {
      this.#idleRuns = 0;
      this.#busyMs += t1Ms;
      if (this.#busyMs < WORTH_MS && waiting === 0) return;
      this.#busyMs = 0;
      this.#target = Math.min(this.bounds.maximum, 2 * workers, room);
      return;
    }
    this.#busyMs = 0;
    this.#idleRuns = busy < IDLE && waiting === 0 ? this.#idleRuns + 1 : 0;
    if (this.#idleRuns < IDLE_RUNS) return;
    this.#idleRuns = 0;
    this.#target = Math.max(this.bounds.minimum, Math.floor(this.#target / 2));
  }
}
