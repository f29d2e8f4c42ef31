// What a caller holds of a run: awaited it is the result, iterated it is the items in order as they commit.

import type { Push } from '../job/job.ts';
import type { Progress, Run } from '../types.ts';

/** How often new results are looked for while somebody iterates. */
const POLL_MS = 3;

/** What a run handle asks of the run behind it. */
export interface RunSource {
  committed(): number;
  flush(): void;
}

export class RunHandle<Item, Result> implements Run<Item, Result> {
  #count = 0;
  #item: ((index: number) => Item) | undefined;
  readonly #result: Promise<Result>;
  readonly #total: number;
  /** Turns the core's count of committed tasks into one of items. */
  readonly #offset: number;
  #source: RunSource | undefined;
  #over = false;
  #failure: { error: unknown } | undefined;
  #waiting: (() => void)[] = [];

  /**
   * `start` runs everything; it says how many items there are by now, each of which is made when somebody takes it, and
   * hands over the source once there is one.
   */
  constructor(
    total: number,
    offset: number,
    start: (push: Push<Item>, attach: (source: RunSource) => void) => Promise<Result>,
  ) {
    this.#total = total;
    this.#offset = offset;
    this.#result = start(
      (count, item) => {
        this.#count = count;
        this.#item = item;
        this.#wake();
      },
      (source) => {
        this.#source = source;
      },
    );
    this.#result.then(
      () => this.#end(undefined),
      // Also keeps a run that is only iterated from being an unhandled rejection.
      (error: unknown) => this.#end({ error }),
    );
  }

  get progress(): Progress {
    if (this.#over && this.#failure === undefined) return { committed: this.#total, total: this.#total };
    this.#source?.flush();
    const committed = (this.#source?.committed() ?? 0) - this.#offset;
    return { committed: Math.max(this.#count, Math.min(committed, this.#total), 0), total: this.#total };
  }

  // biome-ignore lint/suspicious/noThenProperty: a run is awaited like a promise
  then<A = Result, B = never>(
    onFulfilled?: ((value: Result) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#result.then(onFulfilled, onRejected);
  }

  catch<B = never>(onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<Result | B> {
    return this.#result.catch(onRejected);
  }

  finally(onFinally?: (() => void) | null): Promise<Result> {
    return this.#result.finally(onFinally);
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Item> {
    for (let at = 0; ; at++) {
      while (at >= this.#count) {
        if (this.#failure !== undefined) throw this.#failure.error;
        if (this.#over) return;
        await this.#next();
      }
      yield this.#item!(at);
    }
  }

  /** Waits for new items, or the end. */
  async #next(): Promise<void> {
    const timer = setInterval(() => this.#source?.flush(), POLL_MS);
    try {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } finally {
      clearInterval(timer);
    }
  }

  #end(failure: { error: unknown } | undefined): void {
    this.#over = true;
    this.#failure = failure;
    this.#source = undefined;
    this.#wake();
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
