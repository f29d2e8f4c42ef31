// Calling off what is under way. Signals of the platform are listened to once each: Node warns of more than ten listeners.

export class Cancellation {
  readonly #listeners = new Set<(reason: unknown) => void>();
  #cancelled: { readonly reason: unknown } | undefined;

  /** One that follows a signal, for as long as the signal lives or until `release`. */
  static of(signal: AbortSignal | undefined): { cancellation: Cancellation; release: () => void } {
    const cancellation = new Cancellation();
    if (signal?.aborted) cancellation.cancel(signal.reason);
    const follow = () => cancellation.cancel(signal?.reason);
    signal?.addEventListener('abort', follow, { once: true });
    return { cancellation, release: () => signal?.removeEventListener('abort', follow) };
  }

  /** One that is cancelled with this one, or by itself. */
  below(): { cancellation: Cancellation; release: () => void } {
    const cancellation = new Cancellation();
    return { cancellation, release: this.onCancel((reason) => cancellation.cancel(reason)) };
  }

  cancel(reason: unknown): void {
    if (this.#cancelled !== undefined) return;
    this.#cancelled = { reason };
    const listeners = [...this.#listeners];
    this.#listeners.clear();
    for (const listener of listeners) listener(reason);
  }

  /** Calls the listener when it is cancelled, at once where it is already. Returns what takes the listener away. */
  onCancel(listener: (reason: unknown) => void): () => void {
    if (this.#cancelled !== undefined) {
      listener(this.#cancelled.reason);
      return () => {};
    }
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  get cancelled(): boolean {
    return this.#cancelled !== undefined;
  }

  /** @throws the reason */
  throwIfCancelled(): void {
    if (this.#cancelled !== undefined) throw this.#cancelled.reason;
  }

  /** The promise, or the reason where that comes first. */
  async race<T>(promise: Promise<T>): Promise<T> {
    let forget = () => {};
    const cancelled = new Promise<never>((_, reject) => {
      forget = this.onCancel(reject);
    });
    try {
      return await Promise.race([promise, cancelled]);
    } finally {
      forget();
    }
  }
}
