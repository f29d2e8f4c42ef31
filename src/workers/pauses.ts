// When a worker that runs everything alone tells what is committed, so that little is lost with it: seldom enough to cost little.

export interface PauseOptions {
  /** Between two pauses, and before the first. */
  readonly leastMs: number;
  /** As many times what a pause costs lie between two of them. */
  readonly costs: number;
}

/** What the first pause is taken to cost for each location in the memory; all are walked over (measured: 0.05 to 0.1 µs). */
const LOCATION_MS = 1e-4;

export class Pauses {
  readonly #options: PauseOptions;
  #lastMs = performance.now();
  #beganMs = 0;
  /** Of the last pause. */
  #costMs: number | undefined;

  constructor(options: PauseOptions) {
    this.#options = options;
  }

  /** Whether a pause begins now. */
  isDue(locations: number): boolean {
    const now = performance.now();
    const { leastMs, costs } = this.#options;
    const costMs = this.#costMs ?? locations * LOCATION_MS;
    if (now - this.#lastMs < Math.max(leastMs, costs * costMs)) return false;
    this.#beganMs = now;
    return true;
  }

  /** The pause that began last is over. */
  over(): void {
    this.#lastMs = performance.now();
    this.#costMs = this.#lastMs - this.#beganMs;
  }
}
