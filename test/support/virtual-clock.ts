// Time that passes only when nothing else happens: hours of waits and retries in milliseconds.
import type { Cancellation } from '../../src/state/remote/cancellation.ts';
import type { Clock } from '../../src/state/remote/clock.ts';

/** Turns of the event loop after which nothing else happens: bodies of responses take two or three. */
const TURNS = 5;

interface Sleeper {
  readonly until: number;
  wake(): void;
}

export class VirtualClock implements Clock {
  #now = 0;
  readonly #sleepers = new Set<Sleeper>();

  now(): number {
    return this.#now;
  }

  sleep(ms: number, cancellation: Cancellation): Promise<void> {
    return new Promise((resolve, reject) => {
      const forget = cancellation.onCancel((reason) => {
        this.#sleepers.delete(sleeper);
        reject(reason);
      });
      const sleeper: Sleeper = {
        until: this.#now + ms,
        wake: () => {
          forget();
          resolve();
        },
      };
      if (!cancellation.cancelled) this.#sleepers.add(sleeper);
    });
  }

  /** Lets time pass until the promise is settled. @throws Error where it never will be */
  async run<T>(promise: Promise<T>): Promise<T> {
    let settled = false;
    const over = () => {
      settled = true;
    };
    promise.then(over, over);
    for (let idle = 0; ; ) {
      for (let turn = 0; turn < TURNS && !settled; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
      if (settled) return promise;
      const next = this.#next();
      if (next === undefined) {
        // What is loaded from a disk takes its own time.
        if (++idle > 2000) throw new Error('nothing is left to wait for, and nothing came');
        await new Promise((resolve) => setTimeout(resolve, 5));
        continue;
      }
      idle = 0;
      this.#sleepers.delete(next);
      this.#now = Math.max(this.#now, next.until);
      next.wake();
    }
  }

  #next(): Sleeper | undefined {
    let next: Sleeper | undefined;
    for (const sleeper of this.#sleepers) if (next === undefined || sleeper.until < next.until) next = sleeper;
    return next;
  }
}
