// What a worker does without a host's memory: runs over a memory of its own, and warming up there. Loaded by workers that are alone,
// and by those that wait to replace another; a worker that shares memory executes its first block without.

import { packError } from '../base/packed-error.ts';
import { eventLoopTurn } from '../base/platform.ts';
import { unpackError } from '../base/unpacked-error.ts';
import { locationCount } from '../core/host/location.ts';
import type { ResultBatch } from '../core/host/outcome.ts';
import type { CoreInstance } from '../core/instance/abi.ts';
import { Conductor } from '../run/conductor.ts';
import { LocalCrew, type LocalMemory, openLocalMemory } from '../run/local-crew.ts';
import { InvalidOutcome } from '../run/run-outcome.ts';
import type { ExecutorSource } from '../run/work.ts';
import type { Executor } from '../task/executor.ts';
import { rehearse, warmUp } from './local-warm-up.ts';
import type { SoloHooks, SoloJob, SoloReply } from './messages.ts';
import { Pauses } from './pauses.ts';
import { Patience } from './warm-up.ts';

/** What the worker's own script brings: modules that were imported once belong to it. */
export interface AloneHelp {
  createExecutor(source: ExecutorSource | undefined): Promise<Executor | undefined>;
  equip(instance: CoreInstance): void;
  loadPrecompiles(instance: CoreInstance, hooks: SoloHooks): Promise<void>;
}

export class Alone {
  readonly #help: AloneHelp;
  /** Kept from run to run, unless an attempt was left behind in it. */
  #memory: (LocalMemory & { readonly pages: number }) | undefined;
  #run: { conductor: Conductor; crew: LocalCrew; stream: boolean } | undefined;
  /** Of warming up. */
  #patience: number = Patience.UNHURRIED;

  constructor(help: AloneHelp) {
    this.#help = help;
  }

  /** Lets the core's EVM become fast in this process, as long as whoever needs the worker has patience. */
  warmUp(module: WebAssembly.Module): Promise<void> {
    this.#patience = Patience.UNHURRIED;
    return warmUp(module, () => this.#patience);
  }

  hurryWarmUp(patience: number): void {
    this.#patience = patience;
  }

  rehearse(module: WebAssembly.Module): Promise<void> {
    return rehearse(module);
  }

  async run(job: SoloJob, hooks: SoloHooks): Promise<SoloReply> {
    try {
      return { outcome: await this.#conduct(job, hooks) };
    } catch (error) {
      if (error instanceof InvalidOutcome) return { invalid: { index: error.index, result: error.result } };
      return { error: packError(error) };
    } finally {
      this.#run = undefined;
    }
  }

  cancel(): void {
    this.#run?.conductor.cancel(new Error('cancelled'));
    this.#run?.crew.abandon();
    this.#memory = undefined;
  }

  addDependency(lower: number, higher: number): void {
    this.#run?.conductor.addDependency(lower, higher);
  }

  /** Posts results from now on. */
  stream(): void {
    if (this.#run !== undefined) this.#run.stream = true;
  }

  async #conduct(job: SoloJob, hooks: SoloHooks) {
    const help = this.#help;
    const { tasks, quota } = job.work;
    const executor = await help.createExecutor(job.work.executor);
    const { module, pages } = job;
    if (this.#memory?.pages !== pages) this.#memory = { ...(await openLocalMemory(module, pages)), pages };
    const { worker } = this.#memory;
    help.equip(worker);
    const pauses = new Pauses(job.pauses);
    const crew = new LocalCrew(this.#memory, {
      tasks,
      quota,
      isDue: ({ instance }) => pauses.isDue(locationCount(instance)),
      executor,
      loadPrecompiles: () => help.loadPrecompiles(worker, hooks),
      estimates: true,
      pause: async () => {
        if (this.#run?.stream) conductor.flush();
        await eventLoopTurn();
      },
      ...(job.watch ? { watch: (transaction: number | undefined) => hooks.attempt(transaction) } : {}),
    });
    const unsent: ResultBatch[] = [];
    const conductor = new Conductor(job.plan, crew, {
      async load(keys, emptied, inOrder) {
        const loaded = await hooks.load(keys, emptied, inOrder);
        if ('error' in loaded) throw unpackError(loaded.error);
        return loaded;
      },
      committed: (results) => {
        unsent.push(results);
        if (!this.#run?.stream) return;
        // The host counts from the first one on, whenever somebody began to listen.
        for (const batch of unsent.splice(0)) hooks.committed(batch, conductor.committed());
      },
      drain(from) {
        hooks.drain(from);
      },
      paused(prefix, results) {
        unsent.length = 0;
        hooks.paused(prefix, results);
        pauses.over();
      },
    });
    this.#run = { conductor, crew, stream: job.stream };
    return conductor.run();
  }
}
