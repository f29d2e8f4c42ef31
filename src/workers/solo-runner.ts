// Runs plans in one worker that owns its memory and executes everything alone.

import { InputError, PevmError, WorkerError } from '../base/errors.ts';
import { packError } from '../base/packed-error.ts';
import { unpackError } from '../base/unpacked-error.ts';
import { countResults, dropResults, type ResultBatch } from '../core/host/outcome.ts';
import { InvalidOutcome, type RunOutcome, type RunPrefix } from '../run/run-outcome.ts';
import type { RunPlan } from '../run/run-plan.ts';
import { nameTask } from '../run/task-name.ts';
import { AnnouncedAttempts, watchAttempts } from './attempt-watch.ts';
import { Grace } from './grace.ts';
import type { SoloHooks, SoloJob } from './messages.ts';
import { precompilesOf } from './modules.ts';
import type { PauseOptions } from './pauses.ts';
import type { PoolEvents } from './pool.ts';
import type { RunControl, Runner, RunRequest } from './runner.ts';
import { Patience } from './warm-up.ts';
import { startAgain, WorkerHandle } from './worker-handle.ts';

/** How often in a row a run may lose its only worker without headway. */
const MAX_TRIES = 8;
/** When a worker tells what is committed; twice as often after each try without headway. */
const PAUSES: PauseOptions = { leastMs: 250, costs: 50 };
/** How often it is looked whether somebody needs a worker that warms up. */
const LOOK_MS = 5;
/** Tries without headway from which on workers announce what they attempt, so that the error can name it. */
const SUSPICIOUS_TRIES = 4;

export interface SoloOptions {
  readonly module: WebAssembly.Module;
  readonly workerUrl: string;
  /** The URL of what the worker needs to run alone. */
  readonly alone: () => Promise<string | undefined>;
  readonly pages: number;
  readonly events: PoolEvents;
}

/** @throws WorkerError */
async function startAlone({ workerUrl, alone }: SoloOptions): Promise<WorkerHandle> {
  const url = await alone();
  const handle = await WorkerHandle.start(workerUrl, false);
  try {
    await handle.loadAlone(url);
  } catch (error) {
    handle.terminate('it cannot run alone');
    throw error;
  }
  return handle;
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
    return new SoloRunner(options, await startAlone(options));
  }

  async warmUp(patience: () => number, begun: () => void): Promise<void> {
    const handle = this.#handle;
    const look = setInterval(() => {
      if (patience() < Patience.UNHURRIED) handle.tell((remote) => remote.hurryWarmUp(patience()));
    }, LOOK_MS);
    try {
      const warm = handle.call((remote) => remote.warmUp(this.#options.module));
      begun();
      await warm;
    } finally {
      clearInterval(look);
    }
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
    const { work, taskTimeoutMs, pages = this.#options.pages } = run.request;
    const { module } = this.#options;
    const watch = taskTimeoutMs !== undefined || run.tries >= SUSPICIOUS_TRIES;
    const job: SoloJob = { module, pages, plan: run.plan(), work, stream: run.streaming, watch, pauses: run.pauses() };
    const hooks = run.begin();
    const stop = this.#watch(run);
    try {
      const reply = await this.#handle.runSolo(job, hooks);
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
      const reason = error.details ?? error.message;
      this.#bury(run, reason);
      if (this.#disposed) throw error;
      if (run.tries >= MAX_TRIES) throw run.stuck(reason, error);
      return undefined;
    } finally {
      stop();
    }
  }

  async #replace(run: SoloRun): Promise<void> {
    // The run before, or nobody, knows of a worker that was lost between two runs.
    if (!this.#mourned) this.#bury(run, 'it was lost between two runs');
    this.#handle = await startAgain(
      () => startAlone(this.#options),
      () => this.#disposed || run.cancelled !== undefined,
    );
    this.#mourned = false;
    if (this.#disposed) this.#handle.terminate('the engine was disposed of');
    this.#options.events.replaced(this.#id, ++this.#id);
  }

  #bury(run: SoloRun, reason: string): void {
    this.#mourned = true;
    run.deaths++;
    run.tries++;
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
  /** Tries in a row that ended with the death of their worker, and without headway. */
  tries = 0;
  committed = 0;
  /** What the next try goes on from, and the results of what is in it; of those, what was known when this try began. */
  #prefix: RunPrefix | undefined;
  #results: readonly ResultBatch[] = [];
  #before: readonly ResultBatch[] = [];
  #emitted = 0;
  /** The try whose messages count. */
  #current: object | undefined;

  constructor(request: RunRequest) {
    this.request = request;
  }

  throwIfCancelled(): void {
    if (this.cancelled !== undefined) throw this.cancelled.reason;
  }

  /** What is to be run in the next try. */
  plan(): RunPlan {
    return this.#prefix === undefined ? this.request.plan : { ...this.request.plan, prefix: this.#prefix };
  }

  pauses(): PauseOptions {
    const often = 2 ** this.tries;
    return { leastMs: PAUSES.leastMs / often, costs: PAUSES.costs / often };
  }

  /** Another try. What the one before says late is of no use. */
  begin(): SoloHooks {
    const { hooks } = this.request;
    const current = {};
    this.#current = current;
    const attempts = new AnnouncedAttempts();
    this.attempts = attempts;
    this.#before = this.#results;
    // Results that have come in this try, which begins with those behind the prefix.
    let arrived = this.#prefix?.first ?? 0;
    return {
      load: async (keys, emptied, inOrder) => {
        this.started = true;
        try {
          return await hooks.load(keys, emptied, inOrder);
        } catch (error) {
          return { error: packError(error) };
        }
      },
      committed: (results, total) => {
        this.started = true;
        this.committed = Math.max(this.committed, total);
        if (this.#current === current) arrived = this.#emit(results, arrived);
      },
      paused: (prefix, results) => {
        if (this.#current !== current) return;
        this.#prefix = prefix;
        this.#results = [...this.#results, ...results];
        this.tries = 0;
        // The next try never tells of them again.
        let start = prefix.first - countResults(results);
        for (const batch of results) start = this.#emit(batch, start);
        arrived = start;
        this.committed = Math.max(this.committed, prefix.first);
      },
      drain: (from) => hooks.drain(from),
      precompiles: () => precompilesOf(this.request.work),
      attempt: (task) => {
        this.started = true;
        attempts.announce(task);
      },
    };
  }

  finish(outcome: RunOutcome): RunOutcome {
    // What was posted on the way may still come, and is in the outcome as well.
    this.#current = undefined;
    const results = [...this.#before, ...outcome.results];
    let start = 0;
    for (const batch of results) start = this.#emit(batch, start);
    this.committed = start;
    return { ...outcome, results };
  }

  /** @returns what to say when the run gets no further */
  stuck(reason: string, cause: Error): WorkerError {
    const [attempt] = this.attempts.current();
    const { name } = nameTask(attempt?.task ?? this.#prefix?.first ?? 0, this.request.plan.block);
    const problem = `the only worker was lost ${this.tries} times without headway, at last: ${reason}`;
    return new WorkerError(`${name}: ${problem}`, { details: reason, cause });
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
