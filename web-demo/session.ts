// The page's hold on its worker: starts it, asks it, and ends it at once when the visitor cancels.
import { proxy, type Remote, wrap } from 'comlink';
import type { Progress } from './run-types.ts';
import type { BlockWorker } from './worker/block-worker.ts';

/** What a cancelled question rejects with. */
export class Cancelled extends Error {}

export class Session {
  readonly #remote: Remote<BlockWorker>;
  readonly #stopped: Promise<never>;
  readonly #worker: Worker;
  #stop: (error: Error) => void = () => {};

  constructor() {
    this.#worker = new Worker(new URL('./worker/block-worker.ts', import.meta.url), { type: 'module' });
    this.#remote = wrap<BlockWorker>(this.#worker);
    this.#stopped = new Promise((_, reject) => {
      this.#stop = reject;
    });
    this.#stopped.catch(() => {});
    this.#worker.addEventListener('error', ({ message }) => {
      this.#stop(new Error(message || 'The worker of this page could not be loaded.'));
    });
  }

  /** Asks the worker; rejects when the session ends first. */
  ask<T>(question: (worker: Remote<BlockWorker>) => Promise<T>): Promise<T> {
    return Promise.race([question(this.#remote), this.#stopped]);
  }

  /** The worker ends at this moment, and with it the workers that it started. */
  cancel(): void {
    this.#worker.terminate();
    this.#stop(new Cancelled('Cancelled.'));
  }
}

/** A listener that the worker can call. */
export function listener(onProgress: Progress): Progress {
  return proxy(onProgress);
}
