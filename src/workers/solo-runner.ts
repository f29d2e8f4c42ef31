// Runs plans in one worker that owns its memory and executes everything alone.

import { InputError, PevmError, WorkerError } from '../base/errors.ts';
import { countResults, dropResults, type ResultBatch } from '../core/host/outcome.ts';
import { InvalidOutcome, type RunOutcome } from '../run/conductor.ts';
import { AnnouncedAttempts, watchAttempts } from './attempt-watch.ts';
import { Grace } from './grace.ts';
import type { SoloHooks, SoloJob } from './messages.ts';
import { packError, unpackError } from './packed-error.ts';
import type { PoolEvents } from './pool.ts';
import type { RunControl, Runner, RunRequest } from './runner.ts';
import { startAgain, WorkerHandle } from './worker-handle.ts';

/** How often a run that lost its only worker is begun again. */
const MAX_SOLO_DEATHS = 8;

export interface SoloOptions {
  readonly module: WebAssembly.Module;
  readonly workerUrl: string;
  readonly pages: number;
  readonly events: PoolEvents;
}

export class SoloRunner implements Runner {
  readonly threading = 'inline';
  readonly workers = 1;
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
        run.grace.begin((end) => handle.terminate(end));
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
    try {
      while (true) {
        if (this.#handle.over) await this.#replace(run);
        run.throwIfCancelled();
        const outcome = await this.#try(run);
        if (outcome !== undefined) return outcome;
      }
    } finally {
      run.grace.over();
    }
  }

  /** One try at the run; `undefined`: its worker was lost. */
  async #try(run: SoloRun): Promise<RunOutcome | undefined> {
    const { plan, work, taskTimeoutMs } = run.request;
    const { module, pages } = this.#options;
    const watch = taskTimeoutMs !== undefined;
    const job: SoloJob = { module, pages, plan, work, stream: run.streaming, watch };
    run.begin();
    const stop = this.#watch(run);
    try {
      const reply = await this.#handle.runSolo(job, run.hooks());
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
      return undefined;
    } finally {
      stop();
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
    const { plan, taskTimeoutMs } = run.request;
    const handle = this.#handle;
    return watchAttempts(
      { taskTimeoutMs, block: plan.block },
      () => run.attempts.current(),
      ({ reason, error }) => {
        run.late = error;
        handle.terminate(reason);
      },
    );
  }
}

/** What the host knows of a run in a solo worker. */
class SoloRun {
  readonly request: RunRequest;
  readonly grace = new Grace();
  cancelled: { reason: unknown } | undefined;
  late: Error | undefined;
  attempts = new AnnouncedAttempts();
  streaming = false;
  started = false;
  deaths = 0;
  committed = 0;
  /** Results that came in this try, and in all of them: a try begins with the first result again. */
  #arrived = 0;
  #emitted = 0;
  #over = false;

  constructor(request: RunRequest) {
    this.request = request;
  }

  throwIfCancelled(): void {
    if (this.cancelled !== undefined) throw this.cancelled.reason;
  }

  /** Another try. */
  begin(): void {
    this.#arrived = 0;
    // What the one before attempted is over.
    this.attempts = new AnnouncedAttempts();
  }

  hooks(): SoloHooks {
    const { hooks } = this.request;
    const { attempts } = this;
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
        if (!this.#over) this.#arrived = this.#emit(results, this.#arrived);
      },
      drain: (from) => hooks.drain(from),
      attempt: (task) => {
        this.started = true;
        attempts.announce(task);
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
