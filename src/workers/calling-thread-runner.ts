// Runs plans on the calling thread: for executors that are objects, and where there are no workers.

import { CoreTrapError } from '../base/errors.ts';
import { eventLoopTurn } from '../base/platform.ts';
import { Conductor } from '../run/conductor.ts';
import {
  LocalCrew,
  type LocalMemory,
  type LocalWork,
  openLocalHome,
  openLocalMemory,
  workerIn,
} from '../run/local-crew.ts';
import { callFor } from '../run/nested-call.ts';
import type { Home, Residence } from '../run/residence.ts';
import type { RunOutcome } from '../run/run-outcome.ts';
import { AnnouncedAttempts, watchAttempts } from './attempt-watch.ts';
import { createExecutor, equip, equipFrom } from './modules.ts';
import type { RunControl, Runner, RunRequest } from './runner.ts';

export class CallingThreadRunner implements Runner {
  readonly threading = 'inline';
  readonly workers = 1;
  readonly #module: WebAssembly.Module;
  readonly #pages: number;
  #memory: Promise<LocalMemory> | undefined;
  /** Of the memory that there is. */
  #openPages = 0;

  constructor(module: WebAssembly.Module, pages: number) {
    this.#module = module;
    this.#pages = pages;
  }

  async warmUp(patience: () => number, begun: () => void): Promise<void> {
    begun();
    const { warmUp } = await import('./local-warm-up.ts');
    await warmUp(this.#module, patience);
  }

  /** There is none. */
  terminateWorker(): void {}

  start(request: RunRequest): RunControl {
    const run = new LocalRun(request);
    return {
      // The executor runs on this thread, as whatever waits for the run.
      outcome: callFor(request.caller, () => this.#run(run)),
      workersLost: () => 0,
      committed: () => run.conductor?.committed() ?? 0,
      cancel: (reason) => run.cancel(reason),
      flush: () => run.conductor?.flush(),
      addDependency: (lower, higher) => run.conductor?.addDependency(lower, higher),
    };
  }

  dispose(): void {
    this.#memory = undefined;
  }

  async #run(run: LocalRun): Promise<RunOutcome> {
    const { work, taskTimeoutMs } = run.request;
    const executor = await createExecutor(work.executor);
    const { residence, plan, pages = this.#pages } = run.request;
    const memory = residence === undefined ? await this.#open(pages) : await homeOf(residence, plan.count);
    equip(memory.worker);
    run.throwIfCancelled();
    try {
      return await run.conduct(memory, {
        tasks: work.tasks,
        quota: work.quota,
        executor,
        pause: eventLoopTurn,
        ...(work.precompiles && { loadPrecompiles: () => equipFrom(memory.worker, work.precompiles!) }),
        ...(residence === undefined ? {} : { tidy: () => residence.home(plan.count, true) }),
        ...(taskTimeoutMs === undefined ? {} : { watch: (task) => run.attempts.announce(task) }),
      });
    } catch (error) {
      // An attempt that was left behind may go on in this memory.
      if (run.isCancelled || error instanceof CoreTrapError) {
        if (residence === undefined) this.#memory = undefined;
        else residence.taint();
      }
      throw error;
    }
  }

  openHome(): Promise<Home> {
    return openLocalHome(this.#module, this.#pages);
  }

  #open(pages: number): Promise<LocalMemory> {
    if (this.#openPages !== pages) this.#memory = undefined;
    this.#openPages = pages;
    this.#memory ??= openLocalMemory(this.#module, pages).catch((error: unknown) => {
      this.#memory = undefined;
      throw error;
    });
    return this.#memory;
  }
}

/** The memory of a state that stays, for a crew of one. */
async function homeOf(residence: Residence, transactions: number): Promise<LocalMemory> {
  const home = await residence.home(transactions);
  return { host: home.host, worker: await workerIn(home) };
}

class LocalRun {
  readonly request: RunRequest;
  readonly attempts = new AnnouncedAttempts();
  conductor: Conductor | undefined;
  #crew: LocalCrew | undefined;
  #cancelled: { reason: unknown } | undefined;

  constructor(request: RunRequest) {
    this.request = request;
  }

  get isCancelled(): boolean {
    return this.#cancelled !== undefined;
  }

  throwIfCancelled(): void {
    if (this.#cancelled !== undefined) throw this.#cancelled.reason;
  }

  cancel(reason: unknown): void {
    this.#cancelled ??= { reason };
    this.conductor?.cancel(reason);
    this.#crew?.abandon();
  }

  async conduct(memory: LocalMemory, work: LocalWork): Promise<RunOutcome> {
    const { plan, hooks, taskTimeoutMs } = this.request;
    this.#crew = new LocalCrew(memory, work);
    this.conductor = new Conductor(plan, this.#crew, hooks, this.request.residence);
    const stop = watchAttempts(
      { taskTimeoutMs, block: plan.block },
      () => this.attempts.current(),
      ({ error }) => this.cancel(error),
    );
    try {
      return await this.conductor.run();
    } finally {
      stop();
    }
  }
}
