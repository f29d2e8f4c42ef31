// A worker that waits, warm, for the place of one that is lost: to start one takes tens of milliseconds.

import { later } from '../base/platform.ts';
import { WorkerHandle } from './worker-handle.ts';

/** What a worker does while it waits, so that it need not when it is needed. */
export interface Rehearsal {
  readonly module: WebAssembly.Module;
  /** Module of the precompiled contracts. */
  readonly precompiles: string;
}

/**
 * How long after a run, or a death, the worker is started: who runs one block only does not pay for it, and in the middle
 * of a short run it would take the processor from those who carry on.
 */
const DELAY_MS = 50;

export class Spare {
  readonly #url: string;
  /** `undefined`: nobody knows yet what the workers will do. */
  rehearsal: Rehearsal | undefined;
  #starting: Promise<WorkerHandle | undefined> | undefined;
  #handle: WorkerHandle | undefined;
  #callOff: (() => void) | undefined;
  #isDisposed = false;

  constructor(url: string) {
    this.#url = url;
  }

  /** Sees to it that there will be one soon. */
  park(): void {
    if (this.#isDisposed || this.#callOff !== undefined) return;
    // Who waits may be lost as well.
    const isThere = this.#handle === undefined ? this.#starting !== undefined : !this.#handle.over;
    if (!isThere) this.#callOff = later(DELAY_MS, () => this.#start());
  }

  /** The one that waits, or is about to; `undefined`: there is none. */
  async take(): Promise<WorkerHandle | undefined> {
    const starting = this.#starting;
    this.#starting = undefined;
    this.#handle = undefined;
    const handle = await starting;
    return handle?.over ? undefined : handle;
  }

  dispose(): void {
    this.#isDisposed = true;
    this.#callOff?.();
    void this.#starting?.then((handle) => handle?.terminate('the engine was disposed of'));
  }

  #start(): void {
    this.#callOff = undefined;
    this.#handle = undefined;
    const starting = WorkerHandle.start(this.#url, true).then(
      (handle) => {
        const { rehearsal } = this;
        if (rehearsal !== undefined) {
          handle.tell((remote) => remote.rehearse(rehearsal.module));
          handle.prepare(rehearsal.precompiles);
        }
        if (this.#starting === starting) this.#handle = handle;
        return handle;
      },
      () => {
        // The next death, or run, tries again.
        if (this.#starting === starting) this.#starting = undefined;
        return undefined;
      },
    );
    this.#starting = starting;
  }
}
