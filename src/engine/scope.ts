// What can end a run early: abort signals, the run's own time limit, the end of the engine.

import { ExecutionTimeoutError } from '../base/errors.ts';

export interface ScopeLimits {
  readonly signals: readonly (AbortSignal | undefined)[];
  readonly executionTimeoutMs: number | undefined;
}

export class Scope {
  /** Rejects when the run is cancelled. */
  readonly cancelled: Promise<never>;
  readonly #limits: ScopeLimits;
  /** Made when somebody listens: that takes longer than all else here. */
  #abort: AbortController | undefined;
  #reject: (reason: unknown) => void = () => {};
  #reason: { reason: unknown } | undefined;
  /** Answers that somebody waits for. */
  #awaited = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #onCancel: ((reason: unknown) => void) | undefined;
  readonly #listeners: (() => void)[] = [];

  constructor(limits: ScopeLimits) {
    this.#limits = limits;
    this.cancelled = new Promise((_, reject) => {
      this.#reject = reject;
    });
    this.cancelled.catch(() => {});
    for (const signal of limits.signals) {
      if (signal === undefined) continue;
      if (signal.aborted) this.cancel(signal.reason);
      const listener = () => this.cancel(signal.reason);
      signal.addEventListener('abort', listener);
      this.#listeners.push(() => signal.removeEventListener('abort', listener));
    }
  }

  /** For whatever the run waits for outside the engine. */
  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      this.#abort = new AbortController();
      if (this.#reason !== undefined) this.#abort.abort(this.#reason.reason);
    }
    return this.#abort.signal;
  }

  /** The run's turn has come: its time counts from now on. */
  begin(): void {
    this.throwIfCancelled();
    const limit = this.#limits.executionTimeoutMs;
    if (limit === undefined) return;
    const end = () => this.cancel(new ExecutionTimeoutError(limit, this.#awaited > 0 ? 'the state source' : undefined));
    this.#timer = setTimeout(end, limit);
  }

  /** What waits for the state source, so that a time limit says so. */
  async awaitSource<T>(answer: Promise<T>): Promise<T> {
    this.#awaited++;
    try {
      return await Promise.race([answer, this.cancelled]);
    } finally {
      this.#awaited--;
    }
  }

  /** Calls `cancel` when the run is to stop; at once if that was before. */
  onCancel(cancel: (reason: unknown) => void): void {
    this.#onCancel = cancel;
    if (this.#reason !== undefined) cancel(this.#reason.reason);
  }

  cancel(reason: unknown): void {
    if (this.#reason !== undefined) return;
    this.#reason = { reason };
    this.#reject(reason);
    this.#abort?.abort(reason);
    this.#onCancel?.(reason);
  }

  throwIfCancelled(): void {
    if (this.#reason !== undefined) throw this.#reason.reason;
  }

  /** The run is over. */
  close(): void {
    clearTimeout(this.#timer);
    for (const remove of this.#listeners) remove();
  }
}
