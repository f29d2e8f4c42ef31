// A worker that waits, warm, for the place of one that is lost: to start one takes tens of milliseconds.

import { later } from '../base/platform.ts';
import { WorkerHandle } from './worker-handle.ts';

/** What a worker does while it waits, so that it need not when it is needed. */
export interface Rehearsal {
  readonly module: WebAssembly.Module;
  /** The URL of what that takes, as in {@link Assets.alone}. */
  readonly alone: () => Promise<string | undefined>;
  /** Module of the precompiled contracts, where one was called before. */
  readonly precompiles: string | undefined;
}

/** How long after a death the worker is started: in the rest of a short run it would take the processor from the others. */
const AFTER_DEATH_MS = 50;
/** How long nobody must have run anything, before the first: who runs one block only, or a few, does not pay for it. */
const IDLE_MS = 200;
/** Where somebody always runs something, it is started after so long. */
const PATIENCE_MS = 2000;

export class Spare {
  readonly #url: string;
  /** `undefined`: nobody knows yet what the workers will do. */
  rehearsal: Rehearsal | undefined;
  #starting: Promise<WorkerHandle | undefined> | undefined;
  #handle: WorkerHandle | undefined;
  #callOff: (() => void) | undefined;
  /** Whether what can be called off is a start after a death. */
  #isSoon = false;
  #isDisposed = false;

  constructor(url: string) {
    this.#url = url;
  }

  /** Somebody was lost: sees to it that there will be one soon. */
  parkSoon(): void {
    if (this.#isSoon) return;
    this.#callOff?.();
    this.#callOff = undefined;
    if (!this.#isNeeded()) return;
    this.#isSoon = true;
    this.#callOff = later(AFTER_DEATH_MS, () => this.#start());
  }

  /** The same, when nobody is at work. */
  parkWhenIdle(isBusy: () => boolean): void {
    if (!this.#isNeeded()) return;
    const wait = (leftMs: number): void => {
      this.#callOff = later(IDLE_MS, () => {
        if (leftMs > 0 && isBusy()) wait(leftMs - IDLE_MS);
        else this.#start();
      });
    };
    wait(PATIENCE_MS);
  }

  /** Who waits may be lost as well. */
  #isNeeded(): boolean {
    if (this.#isDisposed || this.#callOff !== undefined) return false;
    return this.#handle === undefined ? this.#starting === undefined : this.#handle.over;
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
    this.#isSoon = false;
    this.#handle = undefined;
    const starting = WorkerHandle.start(this.#url, true).then(
      (handle) => {
        const { rehearsal } = this;
        if (rehearsal !== undefined) {
          void rehearseIn(handle, rehearsal);
          if (rehearsal.precompiles !== undefined) handle.prepare(rehearsal.precompiles);
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

/** Nobody waits for it, nor for what goes wrong. */
export async function rehearseIn(
  handle: WorkerHandle,
  { module, alone }: Omit<Rehearsal, 'precompiles'>,
): Promise<void> {
  try {
    await handle.loadAlone(await alone());
    handle.tell((remote) => remote.rehearse(module));
  } catch {
    // It runs its first round on slower code.
  }
}
