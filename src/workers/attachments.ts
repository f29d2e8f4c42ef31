// Which memories a worker is attached to: the host and the worker keep the same list, each on its side, by the same rule.

/** More would keep memories alive that nobody uses any more. */
const MOST = 2;

/** By the memory's id; the one that was used longest ago is dropped first. */
export class Attachments<T> {
  readonly #held = new Map<number, T>();

  /** What belongs to the memory, which is being used. */
  get(id: number): T | undefined {
    const value = this.#held.get(id);
    if (value !== undefined) this.set(id, value);
    return value;
  }

  set(id: number, value: T): void {
    this.#held.delete(id);
    this.#held.set(id, value);
    const [oldest] = this.#held.keys();
    if (this.#held.size > MOST && oldest !== undefined) this.#held.delete(oldest);
  }

  clear(): void {
    this.#held.clear();
  }
}
