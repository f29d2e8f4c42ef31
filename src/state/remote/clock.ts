// Time as remote sources see it, so that tests can let an hour pass at once.

import type { Cancellation } from './cancellation.ts';

export interface Clock {
  /** Milliseconds from an arbitrary moment on. */
  now(): number;
  /** Resolves after `ms`. @throws the reason when it is cancelled before */
  sleep(ms: number, cancellation: Cancellation): Promise<void>;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  sleep(ms, cancellation) {
    return new Promise((resolve, reject) => {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const forget = cancellation.onCancel((reason) => {
        clearTimeout(timer);
        reject(reason);
      });
      if (cancellation.cancelled) return;
      timer = setTimeout(() => {
        forget();
        resolve();
      }, ms);
    });
  },
};
