// Who runs what on this platform: workers over shared memory where that can be had, else one worker alone, else the calling
// thread, which also runs what cannot be sent to any worker.

import { InputError, messageOf } from '../base/errors.ts';
import { hasWorkers, linuxMachine, sharingProblem } from '../base/platform.ts';
import { type MemoryNeed, pagesOf } from '../run/memory.ts';
import type { Home, Residence } from '../run/residence.ts';
import type { Work } from '../run/work.ts';
import type { Capabilities, Threading, WorkerPlacement } from '../types.ts';
import type { Assets } from './assets.ts';
import type { Placement, PlacementWish } from './placement.ts';
import { type PoolEvents, WorkerPool } from './pool.ts';
import type { ErrandRequest, Runner } from './runner.ts';
import { Scaling, type WorkerBounds } from './scaling.ts';
import { SharedRunner } from './shared-runner.ts';
import { Patience } from './warm-up.ts';
import { LateStartError } from './worker-handle.ts';

/** What an engine asks for. */
export interface RunnerOptions {
  readonly module: WebAssembly.Module;
  readonly assets: Assets;
  /** At most. */
  readonly workers: number;
  /** Where there are to be fewer when fewer are of use. */
  readonly bounds?: WorkerBounds | undefined;
  readonly threading?: Threading | 'auto' | undefined;
  readonly maximumMiB: number;
  /** See {@link MemoryNeed}. */
  readonly poolMiB?: number | undefined;
  /** Where workers are to run; `undefined`: anywhere. */
  readonly placement?: PlacementWish | undefined;
  readonly events: PoolEvents;
  /** Workers that others use as well; whoever started them ends them. */
  readonly pool?: WorkerPool | undefined;
  /** Who runs everything but what takes a state that stays: simulated workers (test/bench/scaling). */
  readonly runner?: Runner | undefined;
}

/** One that opens memories for states that stay. */
type HomeRunner = Runner & Required<Pick<Runner, 'openHome'>>;

/** Ids of workers in a memory, at most. */
const MAX_WORKER_ID = 255;
const NO_WORKERS =
  "there are no workers here: neither those of Node (by `process`, if it is Node's own, and its getBuiltinModule) nor `Worker`";

/** Transactions from which on it is sooner to wait for fast code. */
const WORTH_WAITING = 64;

const warmModules = new WeakSet<WebAssembly.Module>();

/** The runners of one engine. */
export class Runners {
  readonly #main: Runner;
  readonly #reason: string | undefined;
  readonly #options: RunnerOptions;
  #local: Promise<HomeRunner> | undefined;
  #placement: WorkerPlacement | undefined;
  #warming: Promise<void> | undefined;
  #patience: number = Patience.UNHURRIED;

  private constructor(main: Runner, reason: string | undefined, options: RunnerOptions, local?: HomeRunner) {
    this.#main = main;
    this.#reason = reason;
    this.#options = options;
    this.#local = local && Promise.resolve(local);
  }

  /** Starts the best that can be had here. @throws InputError for an asset that has no address */
  static async start(options: RunnerOptions): Promise<Runners> {
    const { module, workers, bounds, maximumMiB, poolMiB, assets, events, runner } = options;
    if (runner !== undefined) return new Runners(runner, 'it is simulated', options);
    const pages = pagesOf(maximumMiB);
    const withoutWorkers = async (why: string) => {
      assets.stayHere();
      const runner = await localRunner(module, pages);
      return new Runners(runner, why, options, runner);
    };
    let reason = options.threading === 'inline' ? 'options.threading is "inline"' : sharingProblem();
    let isSilent = false;
    const alone = () => assets.alone();
    if (!hasWorkers()) return withoutWorkers(NO_WORKERS);
    let url: string;
    try {
      url = assets.worker();
    } catch (error) {
      if (error instanceof InputError) throw error;
      return withoutWorkers(`the worker's script cannot be given an address here: ${messageOf(error)}`);
    }
    if (reason === undefined) {
      try {
        const placement = await placementFor(options);
        const scaling = bounds === undefined ? undefined : new Scaling(bounds);
        const places = isPlacing(placement) ? placement : undefined;
        const pool =
          options.pool ?? (await WorkerPool.start(url, bounds?.minimum ?? workers, { placement: places, scaling }));
        // Room for replacements: an id is never used twice in a block.
        const highestWorker = Math.min(MAX_WORKER_ID, 4 * workers + 16);
        const need: MemoryNeed = { module, pages, highestWorker, poolMiB };
        const source = {
          ...{ pool, need, events },
          get workers() {
            return scaling === undefined ? workers : pool.offered;
          },
        };
        const runners = new Runners(new SharedRunner(source, options.pool === undefined, alone), undefined, options);
        runners.#placement = placement;
        return runners;
      } catch (error) {
        reason = messageOf(error);
        isSilent = error instanceof LateStartError;
      }
    }
    // Who has waited once for a worker that says nothing need not wait again.
    if (!isSilent) {
      try {
        const { SoloRunner } = await import('./solo-runner.ts');
        return new Runners(await SoloRunner.start({ module, workerUrl: url, alone, pages, events }), reason, options);
      } catch (error) {
        reason = messageOf(error);
      }
    }
    return withoutWorkers(reason ?? 'unknown');
  }

  /** Workers that a run would have now. */
  get workers(): number {
    return this.#main.workers;
  }

  get capabilities(): Capabilities {
    const { threading } = this.#main;
    const { bounds } = this.#options;
    const workers = threading === 'shared' && bounds !== undefined ? bounds.maximum : this.workers;
    const placement =
      this.#placement ??
      (this.#options.placement && unplaced(`one worker has no place of its own: ${this.#reason ?? 'unknown'}`));
    return {
      threading,
      workers,
      ...(threading === 'shared' ? {} : { reason: this.#reason ?? 'unknown' }),
      ...(placement && { placement }),
    };
  }

  /**
   * Whoever can run such work: objects cannot be sent to workers, nor a state that stays to a worker alone. `isShort`: it is over
   * sooner than workers would wake.
   */
  async for({ executor }: Work, count: number, residence?: Residence, isShort = false): Promise<Runner> {
    await this.settled(count);
    if (residence !== undefined) return isShort ? this.#localRunner() : this.#host();
    return executor === undefined || !('object' in executor) ? this.#main : this.#localRunner();
  }

  /** Settles when no worker warms up any more, which ends soon, and at once for few transactions. */
  async settled(count: number): Promise<void> {
    if (this.#warming === undefined) return;
    this.#patience = Math.min(this.#patience, count < WORTH_WAITING ? Patience.NONE : Patience.AWAITED);
    await this.#warming;
  }

  /** Opens a memory for a state that stays. @throws MemoryLimitError */
  async openHome(): Promise<Home> {
    return (await this.#host()).openHome();
  }

  /** Lets workers do errands; `undefined`: there are none that can. */
  startErrands(request: ErrandRequest): ReturnType<Required<Runner>['startErrands']> | undefined {
    return this.#main.startErrands?.(request);
  }

  async #host(): Promise<HomeRunner> {
    return hasHomes(this.#main) ? this.#main : this.#localRunner();
  }

  #localRunner(): Promise<HomeRunner> {
    const { module, maximumMiB } = this.#options;
    this.#local ??= localRunner(module, pagesOf(maximumMiB));
    return this.#local;
  }

  /**
   * Lets the EVM become fast before the first block, while nobody waits for that: what has few transactions begins at once, on code that is
   * slow yet; what has more begins a little later, when most of it is fast. Settles when workers have begun with it: who asks for a block
   * next keeps this thread busy with reading it.
   */
  async warmUp(): Promise<void> {
    const { module } = this.#options;
    // Compiled code belongs to the module, so that one engine of a process warms it up for all.
    if (warmModules.has(module)) return;
    warmModules.add(module);
    await new Promise<void>((resolve) => {
      this.#warming = this.#main
        .warmUp(() => this.#patience, resolve)
        .catch(() => {})
        .then(() => {
          this.#warming = undefined;
          resolve();
        });
    });
  }

  /** Ends a worker at whatever instruction it is. For tests. */
  terminateWorker(seat: number): void {
    this.#main.terminateWorker(seat);
  }

  dispose(): void {
    this.#patience = Patience.NONE;
    this.#main.dispose();
    this.#local?.then(
      (runner) => runner.dispose(),
      () => {},
    );
  }
}

/** Loaded where the calling thread runs something: most engines have workers for all of it. */
async function localRunner(module: WebAssembly.Module, pages: number): Promise<HomeRunner> {
  const { CallingThreadRunner } = await import('./calling-thread-runner.ts');
  return new CallingThreadRunner(module, pages);
}

/** Places for workers, or why there are none. */
async function placementFor({
  placement: wish,
  workers,
  pool,
}: RunnerOptions): Promise<WorkerPlacement | Placement | undefined> {
  if (wish === undefined) return undefined;
  if (pool !== undefined) return unplaced("the workers are somebody else's");
  try {
    const { Placement } = await import('./placement.ts');
    return Placement.open(linuxMachine(), wish, workers);
  } catch (error) {
    return unplaced(messageOf(error));
  }
}

function isPlacing(placement: WorkerPlacement | Placement | undefined): placement is Placement {
  return placement !== undefined && 'put' in placement;
}

function unplaced(reason: string): WorkerPlacement {
  return { status: 'unavailable', reason, workers: [] };
}

function hasHomes(runner: Runner): runner is HomeRunner {
  return runner.openHome !== undefined;
}
