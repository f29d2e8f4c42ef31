// A crew of one, on the thread of its host: in a worker that owns its memory alone, or in the calling thread.

import { CoreTrapError } from '../base/errors.ts';
import { BlockHost } from '../core/host/block-host.ts';
import { type CoreInstance, createMemory, isUnequipped, openCore, wallClock } from '../core/instance/abi.ts';
import { runRound } from '../core/worker/worker-loop.ts';
import type { Executor, Task } from '../task/executor.ts';
import type { TaskQuota } from '../task/quota.ts';
import type { Crew, RoundAnswer, RoundOptions } from './crew.ts';
import { memoryOf } from './memory.ts';
import type { Home } from './residence.ts';

export interface LocalWork {
  readonly tasks: readonly Task[];
  readonly executor: Executor | undefined;
  readonly quota?: TaskQuota | undefined;
  readonly pause: () => Promise<void>;
  /** Whether the executor still has to be asked for its estimates. */
  readonly estimates?: boolean;
  readonly watch?: (transaction: number | undefined) => void;
  /** Asked at every pause where something is committed that was not told yet: whether to tell it. */
  readonly isDue?: (host: BlockHost) => boolean;
  /** Gives the instance the precompiled contracts that it lacks; without it, lacking one is a trap. */
  readonly loadPrecompiles?: () => Promise<void>;
  /** Makes room in the memory of a state that stays, where a run has found none. */
  readonly tidy?: () => Promise<unknown>;
}

/** A memory with its two instances: the host's and the worker's. */
export interface LocalMemory {
  readonly host: BlockHost;
  readonly worker: CoreInstance;
}

/** The same of a state that stays. */
export type LocalHome = Home & LocalMemory;

/** The one worker of a crew, and what it goes on as where it has left an attempt in the middle, since it lacked precompiled contracts. */
const WORKER = 1;
const HIGHEST_WORKER = 2;

/** Opens a memory for a crew of one; one that is laid out for more can be a copy of theirs. */
export async function openLocalMemory(
  module: WebAssembly.Module,
  pages: number,
  highestWorker = HIGHEST_WORKER,
): Promise<LocalMemory> {
  const memory = memoryOf(pages, createMemory);
  const options = { clockBase: wallClock(), mayWait: false };
  const [host, worker] = [await openCore(module, memory, options), await openCore(module, memory, options)];
  return { host: new BlockHost(host, highestWorker), worker };
}

/** The same for a state that stays. */
export async function openLocalHome(
  module: WebAssembly.Module,
  pages: number,
  highestWorker = HIGHEST_WORKER,
): Promise<LocalHome> {
  return { ...(await openLocalMemory(module, pages, highestWorker)), leave() {} };
}

const workers = new WeakMap<WebAssembly.Memory, Promise<CoreInstance>>();

/** The instance that executes on this thread in the memory of a state that stays: always the same. */
export function workerIn({ host, lease, worker }: Home): Promise<CoreInstance> {
  const { memory } = host.instance;
  const known = workers.get(memory);
  if (known !== undefined) return known;
  const module = lease?.core.module;
  if (module === undefined && worker === undefined) throw new TypeError('nobody can run in this memory');
  const options = { clockBase: wallClock() - host.instance.now(), mayWait: false };
  const opened = worker === undefined ? openCore(module!, memory, options) : Promise.resolve(worker);
  workers.set(memory, opened);
  return opened;
}

export class LocalCrew implements Crew {
  readonly #memory: LocalMemory;
  readonly #work: LocalWork;
  #abandoned = false;
  #isPrepared = false;
  /** The executor was asked for its estimates of the block. */
  #isEstimated = false;
  /** Tasks of the block that were committed when it paused last. */
  #told = 0;
  #id = WORKER;
  #abandon: () => void = () => {};
  readonly #gone: Promise<void>;

  constructor(memory: LocalMemory, work: LocalWork) {
    this.#memory = memory;
    this.#work = work;
    this.#gone = new Promise((resolve) => {
      this.#abandon = resolve;
    });
  }

  /** Leaves the attempt in progress behind; the memory must not be used again. */
  abandon(): void {
    this.#abandoned = true;
    this.#abandon();
  }

  async prepare(): Promise<BlockHost> {
    if (this.#isPrepared) await this.#work.tidy?.();
    this.#isPrepared = true;
    this.#isEstimated = false;
    this.#told = 0;
    this.#id = WORKER;
    return this.#memory.host;
  }

  async round(host: BlockHost, options: RoundOptions): Promise<RoundAnswer> {
    const { tasks, executor, quota, pause, estimates = false, watch, isDue } = this.#work;
    let isPaused = false;
    const round = runRound(this.#memory.worker, {
      workerId: this.#id,
      first: options.first,
      tasks,
      executor,
      quota,
      maySleep: false,
      estimates: estimates && !this.#isEstimated,
      pause: async () => {
        await pause();
        isPaused = isDue !== undefined && host.committed() > this.#told && isDue(host);
      },
      ...(watch === undefined ? {} : { watch }),
      abandoned: () => this.#abandoned || isPaused,
    });
    this.#isEstimated = true;
    try {
      await Promise.race([round, this.#gone]);
    } catch (error) {
      const { loadPrecompiles } = this.#work;
      if (isUnequipped(error) && loadPrecompiles !== undefined && this.#id < HIGHEST_WORKER) {
        await loadPrecompiles();
        // The attempt that was left in the middle is that of another worker, who is gone.
        host.declareDead(this.#id++);
        return this.#abandoned ? 'over' : this.round(host, options);
      }
      throw new CoreTrapError('the core broke', { details: String(error), cause: error });
    }
    // Its end interests nobody any more.
    round.catch(() => {});
    if (!isPaused || this.#abandoned) return 'over';
    this.#told = host.committed();
    return 'paused';
  }
}
