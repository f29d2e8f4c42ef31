// Sees every worker thread that this process starts.
import { createRequire } from 'node:module';
import type * as WorkerThreads from 'node:worker_threads';

/** Calls `started` for every worker that comes up. Returns how to stop it. */
export function watchStarts(started: (worker: WorkerThreads.Worker) => void): () => void {
  const threads = createRequire(import.meta.url)('node:worker_threads') as { Worker: typeof WorkerThreads.Worker };
  const { Worker } = threads;
  threads.Worker = class extends Worker {
    constructor(...options: ConstructorParameters<typeof Worker>) {
      super(...options);
      this.once('online', () => started(this));
    }
  };
  return () => {
    threads.Worker = Worker;
  };
}
