// The three ways to run a plan: workers over shared memory, one worker alone, the calling thread.

import { proxy } from 'comlink';
import { CoreTrapError, InputError, PevmError, TaskTimeoutError, WorkerError } from '../base/errors.ts';
import { eventLoopTurn } from '../base/platform.ts';
import { countResults, dropResults, type ResultBatch } from '../core/host/outcome.ts';
import { Conductor, InvalidOutcome, type RunHooks, type RunOutcome, type RunPlan } from '../run/conductor.ts';
import { LocalCrew, type LocalMemory, openLocalMemory } from '../run/local-crew.ts';
import { MemoryLease, useMemories } from '../run/memory.ts';
import { nameTask } from '../run/task-name.ts';
import type { Executor } from '../task/executor.ts';
import type { SoloHooks, SoloJob, SoloReply, Work } from './messages.ts';
import { equip, loadEquipment, prepare } from './modules.ts';
import { packError, unpackError } from './packed-error.ts';
import type { PoolEvents } from './pool.ts';
import { type CrewSource, SharedCrew } from './shared-crew.ts';
import { warmUp } from './warm-up.ts';
import { startAgain, WorkerHandle } from './worker-handle.ts';

export interface RunRequest {
  readonly plan: RunPlan;
  readonly work: Work;
  readonly hooks: RunHooks;
  readonly taskTimeoutMs: number | undefined;
}

/** A run in progress. */
export interface RunControl {
  readonly outcome: Promise<RunOutcome>;
  readonly workersLost: () => number;
  committed(): number;
  /** Stops the run, which rejects with `reason`; what was busy with it is gone when `outcome` settles. */
  cancel(reason: unknown): void;
  /** Asks for results while the run lasts; to be called again and again. */
  flush(): void;
  addDependency(lower: number, higher: number): void;
}

export interface Runner {
  /** Lets the core's EVM become fast before the first block needs it. */
  warmUp(): Promise<void>;
  /** Begins to load what precompiled contracts need. */
  prepare(precompiles: string): void;
  start(request: RunRequest): RunControl;
  dispose(): void;
}

/** Workers of a pool over a memory that they share for one run. */
export class SharedRunner implements Runner {
  readonly #source: CrewSource;
  readonly #ownsPool: boolean;
  readonly #free = useMemories();

  /** `ownsPool`: nobody else uses it, so that it ends with this. */
  constructor(source: CrewSource, ownsPool: boolean) {
    this.#source = source;
    this.#ownsPool = ownsPool;
  }

  async warmUp(): Promise<void> {
    const { pool, need } = this.#source;
    const lease = await MemoryLease.take(need);
    lease.host.touch();
    await lease.giveBack();
    await pool.posts[0]?.handle.call((remote) => remote.warmUp(need.module));
  }

  prepare(precompiles: string): void {
    for (const { handle } of this.#source.pool.posts) handle.prepare(precompiles);
  }

  /** Ends a worker at whatever instruction it is. For tests. */
  terminateWorker(seat: number): void {
    this.#source.pool.posts[seat]?.handle.terminate('a test ended it');
  }

  start({ plan, work, hooks, taskTimeoutMs }: RunRequest): RunControl {
    const crew = new SharedCrew(this.#source, work, { taskTimeoutMs, block: plan.block });
    const conductor = new Conductor(plan, crew, hooks);
    return {
      outcome: conductor.run().finally(() => crew.leave()),
      workersLost: () => crew.workersLost,
      committed: () => conductor.committed(),
      cancel(reason) {
        conductor.cancel(reason);
        crew.cancel();
      },
      flush: () => conductor.flush(),
      addDependency: (lower, higher) => conductor.addDependency(lower, higher),
    };
  }

  dispose(): void {
    if (this.#ownsPool) this.#source.pool.dispose();
    this.#free();
  }
}

/** How often a run that lost its only worker is begun again. */
const MAX_SOLO_DEATHS = 8;
/** How long the worker may take to notice a cancellation. */
const GRACE_MS = 1000;
const POLL_MS = 20;

export interface SoloOptions {
  readonly module: WebAssembly.Module;
  readonly workerUrl: string;
  readonly pages: number;
  readonly events: PoolEvents;
}

/** One worker that owns its memory and runs everything alone. */
export class SoloRunner implements Runner {
  readonly #options: SoloOptions;
  #handle: WorkerHandle;
  #disposed = false;
  /** Whether the death of the worker, if it is lost, was told. */
  #mourned = false;
  /** Numbers of workers, for events. */
  #id = 1;

  private constructor(options: SoloOptions, handle: WorkerHandle) {
    this.#options = options;
    this.#handle = handle;
  }

  /** @throws WorkerError */
  static async start(options: SoloOptions): Promise<SoloRunner> {
    return new SoloRunner(options, await WorkerHandle.start(options.workerUrl, false));
  }

  async warmUp(): Promise<void> {
    await this.#handle.call((remote) => remote.warmUp(this.#options.module));
  }

  prepare(precompiles: string): void {
    this.#handle.prepare(precompiles);
  }

  /** Ends the worker at whatever instruction it is. For tests. */
  terminateWorker(): void {
    this.#handle.terminate('a test ended it');
  }

  start(request: RunRequest): RunControl {
    const run = new SoloRun(request);
    return {
      outcome: this.#conduct(run),
      workersLost: () => run.deaths,
      committed: () => run.committed,
      cancel: (reason) => {
        run.cancelled ??= { reason };
        const handle = this.#handle;
        handle.tell((remote) => remote.cancelSolo());
        run.grace ??= setTimeout(() => handle.terminate('it did not notice the cancellation'), GRACE_MS);
      },
      flush: () => {
        if (run.streaming) return;
        run.streaming = true;
        this.#handle.tell((remote) => remote.streamSolo());
      },
      addDependency: (lower, higher) => this.#handle.tell((remote) => remote.addDependency(lower, higher)),
    };
  }

  dispose(): void {
    this.#disposed = true;
    this.#handle.terminate('the engine was disposed of');
  }

  async #conduct(run: SoloRun): Promise<RunOutcome> {
    const { plan, work, taskTimeoutMs } = run.request;
    try {
      while (true) {
        if (this.#handle.over) await this.#replace(run);
        run.throwIfCancelled();
        const { module, pages } = this.#options;
        const watch = taskTimeoutMs !== undefined;
        const sent = this.#handle.workToSend(work);
        const job: SoloJob = { module, pages, plan, work: sent, stream: run.streaming, watch };
        run.arrived = 0;
        const stop = this.#watch(run);
        try {
          const reply = await this.#handle.call<SoloReply>(
            async (remote) => await remote.runSolo(job, proxy(run.hooks())),
          );
          run.throwIfCancelled();
          if ('outcome' in reply) return run.finish(reply.outcome);
          if ('invalid' in reply) throw new InvalidOutcome(reply.invalid.index, reply.invalid.result);
          throw unpackError(reply.error);
        } catch (error) {
          run.throwIfCancelled();
          if (run.late !== undefined) throw run.late;
          if (error instanceof InvalidOutcome || !(error instanceof Error)) throw error;
          if (!(error instanceof WorkerError && this.#handle.over)) {
            if (error instanceof PevmError) throw error;
            throw run.started
              ? error
              : new InputError('tasks', `they cannot be sent to workers: ${error.message}`, { cause: error });
          }
          this.#bury(run, error.details ?? error.message);
          if (this.#disposed || run.deaths >= MAX_SOLO_DEATHS) throw error;
        } finally {
          stop();
        }
      }
    } finally {
      clearTimeout(run.grace);
    }
  }

  async #replace(run: SoloRun): Promise<void> {
    // The run before, or nobody, knows of a worker that was lost between two runs.
    if (!this.#mourned) this.#bury(run, 'it was lost between two runs');
    this.#handle = await startAgain(
      () => WorkerHandle.start(this.#options.workerUrl, false),
      () => this.#disposed || run.cancelled !== undefined,
    );
    this.#mourned = false;
    if (this.#disposed) this.#handle.terminate('the engine was disposed of');
    this.#options.events.replaced(this.#id, ++this.#id);
  }

  #bury(run: SoloRun, reason: string): void {
    this.#mourned = true;
    run.deaths++;
    if (!this.#disposed) this.#options.events.lost(this.#id, reason);
  }

  /** The only worker always executes at the commit head: an attempt that is late is late for good. */
  #watch(run: SoloRun): () => void {
    const limit = run.request.taskTimeoutMs;
    if (limit === undefined) return () => {};
    const handle = this.#handle;
    const timer = setInterval(
      () => {
        const { attempt } = run;
        if (attempt === undefined || performance.now() - attempt.since <= limit) return;
        const { index, name } = nameTask(attempt.transaction, run.request.plan.block);
        run.late = new TaskTimeoutError(index, limit, name);
        handle.terminate(`${name} took longer than ${limit} ms`);
      },
      Math.max(1, Math.min(POLL_MS, limit / 4)),
    );
    return () => clearInterval(timer);
  }
}

/** What the host knows of a run in a solo worker. */
class SoloRun {
  readonly request: RunRequest;
  cancelled: { reason: unknown } | undefined;
  late: TaskTimeoutError | undefined;
  grace: ReturnType<typeof setTimeout> | undefined;
  attempt: { transaction: number; since: number } | undefined;
  streaming = false;
  started = false;
  deaths = 0;
  committed = 0;
  /** Results that came in this try, and in all of them: a try begins with the first result again. */
  arrived = 0;
  #emitted = 0;
  #over = false;

  constructor(request: RunRequest) {
    this.request = request;
  }

  throwIfCancelled(): void {
    if (this.cancelled !== undefined) throw this.cancelled.reason;
  }

  hooks(): SoloHooks {
    const { hooks } = this.request;
    return {
      load: async (keys, emptied) => {
        this.started = true;
        try {
          return await hooks.load(keys, emptied);
        } catch (error) {
          return { error: packError(error) };
        }
      },
      committed: (results, total) => {
        this.started = true;
        this.committed = Math.max(this.committed, total);
        if (!this.#over) this.arrived = this.#emit(results, this.arrived);
      },
      drain: (from) => hooks.drain(from),
      attempt: (transaction) => {
        this.started = true;
        this.attempt = transaction === undefined ? undefined : { transaction, since: performance.now() };
      },
    };
  }

  finish(outcome: RunOutcome): RunOutcome {
    // What was posted on the way may still come, and is in the outcome as well.
    this.#over = true;
    let start = 0;
    for (const batch of outcome.results) start = this.#emit(batch, start);
    this.committed = start;
    return outcome;
  }

  /** Hands on what is new of results that begin with number `start`; returns where the next begin. */
  #emit(results: ResultBatch, start: number): number {
    const end = start + countResults([results]);
    if (end <= this.#emitted) return end;
    const fresh = dropResults(results, Math.max(0, this.#emitted - start));
    this.#emitted = end;
    this.request.hooks.committed(fresh);
    return end;
  }
}

/** The calling thread: for executors that are objects, and where there are no workers. */
export class CallingThreadRunner implements Runner {
  readonly #module: WebAssembly.Module;
  readonly #pages: number;
  #memory: Promise<LocalMemory> | undefined;

  constructor(module: WebAssembly.Module, pages: number) {
    this.#module = module;
    this.#pages = pages;
  }

  warmUp(): Promise<void> {
    return warmUp(this.#module);
  }

  /** Not while the thread may have better things to do: after the first block. */
  prepare(): void {}

  start(request: RunRequest, object?: Executor): RunControl {
    let conductor: Conductor | undefined;
    let crew: LocalCrew | undefined;
    let cancelled: { reason: unknown } | undefined;
    const cancel = (reason: unknown): void => {
      cancelled ??= { reason };
      conductor?.cancel(reason);
      crew?.abandon();
    };
    const run = async (): Promise<RunOutcome> => {
      const { plan, work, hooks, taskTimeoutMs } = request;
      const equipment = await loadEquipment(work);
      const executor = object ?? equipment.executor;
      const memory = await this.#open();
      equip(memory.worker, equipment);
      if (cancelled !== undefined) throw cancelled.reason;
      let attempt: { transaction: number; since: number } | undefined;
      crew = new LocalCrew(memory, {
        tasks: work.tasks,
        executor,
        pause: eventLoopTurn,
        watch: (transaction) => {
          attempt = transaction === undefined ? undefined : { transaction, since: performance.now() };
        },
      });
      conductor = new Conductor(plan, crew, hooks);
      const look = () => {
        if (attempt === undefined || taskTimeoutMs === undefined) return;
        if (performance.now() - attempt.since <= taskTimeoutMs) return;
        const { index, name } = nameTask(attempt.transaction, plan.block);
        cancel(new TaskTimeoutError(index, taskTimeoutMs, name));
      };
      const timer = taskTimeoutMs === undefined ? undefined : setInterval(look, Math.max(1, taskTimeoutMs / 4));
      try {
        return await conductor.run();
      } catch (error) {
        // An attempt that was left behind may go on in this memory.
        if (cancelled !== undefined || error instanceof CoreTrapError) this.#memory = undefined;
        throw error;
      } finally {
        clearInterval(timer);
        prepare(equipment);
      }
    };
    return {
      outcome: run(),
      workersLost: () => 0,
      committed: () => conductor?.committed() ?? 0,
      cancel,
      flush: () => conductor?.flush(),
      addDependency: (lower, higher) => conductor?.addDependency(lower, higher),
    };
  }

  dispose(): void {
    this.#memory = undefined;
  }

  #open(): Promise<LocalMemory> {
    this.#memory ??= openLocalMemory(this.#module, this.#pages).catch((error: unknown) => {
      this.#memory = undefined;
      throw error;
    });
    return this.#memory;
  }
}
