// The core's memories: their sizes, and those of this process that no run is using. The platform gives a memory of
// WebAssembly back late or never, so that what a run has left is kept for the next one, of whatever engine.

import { MemoryLimitError } from '../base/errors.ts';
import { BlockHost } from '../core/host/block-host.ts';
import { createMemory, MAX_TRANSACTIONS, openCore, wallClock } from '../core/instance/abi.ts';

const PAGES_PER_MIB = 16;

/** Of one run: as many as the core can number. */
export const MAX_TASKS: number = MAX_TRANSACTIONS;
export const DEFAULT_MIB = 256;
export const MAXIMUM_MIB = 2047;

export function pagesOf(mebibytes: number): number {
  return Math.floor(mebibytes * PAGES_PER_MIB);
}

/** Makes a memory. @throws MemoryLimitError where the platform refuses it */
export function memoryOf(pages: number, create: (pages: number) => WebAssembly.Memory): WebAssembly.Memory {
  try {
    return create(pages);
  } catch (error) {
    throw new MemoryLimitError(`the platform refuses a shared memory of ${pages / PAGES_PER_MIB} MiB`, {
      cause: error,
    });
  }
}

/** The memory of a run; sent when a worker does not have it yet. */
export interface SharedCore {
  /** One per memory of this process. */
  readonly id: number;
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly clockBase: number;
}

/** What a memory must be like for a run. */
export interface MemoryNeed {
  readonly module: WebAssembly.Module;
  readonly pages: number;
  /** The highest id a worker may have in it. */
  readonly highestWorker: number;
  /** Of all memories that are kept, in MiB, when one is given back; `undefined`: as many as engines are open. */
  readonly poolMiB?: number | undefined;
}

/** How many memories are kept where fewer engines are open. */
const LEAST_KEPT = 2;

interface Kept {
  readonly need: MemoryNeed;
  readonly core: SharedCore;
  readonly host: BlockHost;
}

/** The one that was used last comes last: the system has handed its pages over, and workers are attached to it. */
const kept: Kept[] = [];
let users = 0;
let ids = 0;

/** Says that somebody will need memories again and again; returns how to say that it is over. */
export function useMemories(): () => void {
  users++;
  let isOver = false;
  return () => {
    if (isOver) return;
    isOver = true;
    users--;
    trim();
  };
}

function trim(poolMiB = Number.POSITIVE_INFINITY): void {
  kept.splice(0, Math.max(0, kept.length - Math.max(LEAST_KEPT, users)));
  let left = kept.reduce((sum, { need }) => sum + need.pages, 0) / PAGES_PER_MIB;
  while (left > poolMiB) left -= kept.shift()!.need.pages / PAGES_PER_MIB;
}

/** A memory that a run has for itself. */
export class MemoryLease {
  readonly core: SharedCore;
  readonly host: BlockHost;
  readonly #need: MemoryNeed;
  readonly #inside: (Promise<void> | undefined)[] = [];

  private constructor({ need, core, host }: Kept) {
    this.#need = need;
    this.core = core;
    this.host = host;
  }

  /** @throws MemoryLimitError where there is none */
  static async take(need: MemoryNeed): Promise<MemoryLease> {
    const found = kept.findLastIndex(
      ({ need: { module, pages, highestWorker } }) =>
        module === need.module && pages === need.pages && highestWorker === need.highestWorker,
    );
    // How much is kept is for this run to say, not for the one before.
    if (found !== -1) return new MemoryLease({ ...kept.splice(found, 1)[0]!, need });
    const clockBase = wallClock();
    const memory = memoryOf(need.pages, createMemory);
    const instance = await openCore(need.module, memory, { clockBase, mayWait: false });
    const core = { id: ++ids, module: need.module, memory, clockBase };
    return new MemoryLease({ need, core, host: new BlockHost(instance, need.highestWorker) });
  }

  /** A thread was ended while it was at work in this memory. `gone`: settles when that is certain; `undefined`: never. */
  abandonedBy(gone: Promise<void> | undefined): void {
    this.#inside.push(gone);
  }

  /** Gives the memory back for other runs: as soon as nobody can touch it any more, else not at all. */
  async giveBack(): Promise<void> {
    if (this.#inside.length > 0) {
      if (this.#inside.includes(undefined)) return;
      await Promise.all(this.#inside);
      // The dead may have left something behind anywhere.
      this.host.forget();
    }
    kept.push({ need: this.#need, core: this.core, host: this.host });
    trim(this.#need.poolMiB);
  }
}
