// When a worker that runs everything alone tells what is committed, so that little is lost with it: seldom enough to cost little.

/** As many times what a pause costs lie between two of them. */
const COSTS_BETWEEN = 40;

export class Pauses {
  readonly #leastMs: number;
  #nextMs: number;
  #beganMs: number | undefined;

  /** `leastMs`: between two pauses, and before the first. */
  constructor(leastMs: number) {
    this.#leastMs = leastMs;
    this.#nextMs = performance.now() + leastMs;
  }

  /** Whether a pause begins now. */
  isDue(): boolean {
    const now = performance.now();
    if (now < this.#nextMs) return false;
    this.#beganMs = now;
    return true;
  }

  /** The pause that began last is over. */
  over(): void {
    const now = performance.now();
    this.#nextMs = now + Math.max(this.#leastMs, COSTS_BETWEEN * (now - (this.#beganMs ?? now)));
  }
}
