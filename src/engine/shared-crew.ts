// The crew of one run over shared memory: workers, their deaths and replacements, and the time limit of tasks.

import { createMemory, openCore, wallClock } from '../core/abi.ts';
import { BlockHost } from '../core/block-host.ts';
import { CoreTrapError, InputError, TaskTimeoutError, WorkerError } from '../errors.ts';
import type { RoundJob, SharedCore, Work } from '../workers/messages.ts';
import { unpackError } from '../workers/packed-error.ts';
import { startAgain, WorkerHandle } from '../workers/worker-handle.ts';
import type { Crew, RoundOptions } from './conductor.ts';
import { memoryOf } from './memory.ts';
import { type BlockTasks, nameTask } from './task-name.ts';

/** Deaths of one task's workers after which the task is to blame. */
const MAX_DEATHS = 8;
/** How long workers may take to notice a cancellation before they are ended. */
const GRACE_MS = 1000;
const POLL_MS = 20;
/** How long the host takes naps while the workers of a round begin; usually one or two will do. */
const START_MS = 0.6;

export interface PoolEvents {
  lost(id: number, reason: string): void;
  replaced(id: number, by: number): void;
}

interface Seat {
  handle: WorkerHandle;
  /** The worker's id in the current block. */
  id: number;
  /** Whether the death of the worker, if it is lost, was told. */
  mourned: boolean;
}

/** The workers of an engine and the memory they share, from run to run. */
export class SharedPool {
  readonly #module: WebAssembly.Module;
  readonly #workerUrl: string;
  readonly #pages: number;
  readonly #highestWorker: number;
  readonly events: PoolEvents;
  seats: Seat[] = [];
  #core: (SharedCore & { readonly host: BlockHost }) | undefined;
  #disposed = false;

  private constructor(
    module: WebAssembly.Module,
    workerUrl: string,
    pages: number,
    workers: number,
    events: PoolEvents,
  ) {
    this.#module = module;
    this.#workerUrl = workerUrl;
    this.#pages = pages;
    // Room for replacements: an id is never used twice in a block.
    this.#highestWorker = Math.min(255, 4 * workers + 16);
    this.events = events;
  }

  /** Starts the workers. @throws WorkerError */
  static async start(
    module: WebAssembly.Module,
    workerUrl: string,
    options: { pages: number; workers: number; events: PoolEvents },
  ): Promise<SharedPool> {
    const pool = new SharedPool(module, workerUrl, options.pages, options.workers, options.events);
    const started = await Promise.allSettled(
      Array.from({ length: options.workers }, () => WorkerHandle.start(workerUrl, true)),
    );
    pool.seats = started.flatMap((result) =>
      result.status === 'fulfilled' ? [{ handle: result.value, id: 0, mourned: false }] : [],
    );
    const failed = started.find((result) => result.status === 'rejected');
    if (failed !== undefined) {
      pool.dispose();
      throw failed.reason;
    }
    return pool;
  }

  /** Lets the core's EVM become fast before the first block needs it. */
  async warmUp(): Promise<void> {
    const { host } = await this.core();
    host.touch();
    await this.seats[0]?.handle.call((remote) => remote.warmUp(this.#module));
  }

  get highestWorker(): number {
    return this.#highestWorker;
  }

  /** The memory, a new one where a worker may still be busy in the old. */
  async core(): Promise<SharedCore & { readonly host: BlockHost }> {
    if (this.#core === undefined) {
      const clockBase = wallClock();
      const memory = memoryOf(this.#pages, createMemory);
      const instance = await openCore(this.#module, memory, { clockBase, mayWait: false });
      this.#core = { module: this.#module, memory, clockBase, host: new BlockHost(instance, this.#highestWorker) };
    }
    return this.#core;
  }

  /** Abandons the memory: the next block gets another. */
  taint(): void {
    this.#core = undefined;
  }

  /** Puts a new worker on a seat whose worker is gone, unless nobody needs it any more. @throws WorkerError */
  async replace(seat: Seat, isNeedless: () => boolean): Promise<void> {
    const handle = await startAgain(
      () => WorkerHandle.start(this.#workerUrl, true),
      () => this.#disposed || isNeedless(),
    );
    if (this.#disposed) handle.terminate('the engine was disposed of');
    seat.handle = handle;
    seat.mourned = false;
  }

  dispose(): void {
    this.#disposed = true;
    this.#core = undefined;
    for (const { handle } of this.seats) handle.terminate('the engine was disposed of');
  }
}

export interface CrewLimits {
  readonly taskTimeoutMs: number | undefined;
  /** Where the tasks are a block's. */
  readonly block: BlockTasks | undefined;
}

export class SharedCrew implements Crew {
  readonly #pool: SharedPool;
  readonly #work: Work;
  readonly #limits: CrewLimits;
  #nextId = 1;
  #fresh = true;
  #current: SharedCore | undefined;
  #graceTimer: ReturnType<typeof setTimeout> | undefined;
  #inRound = false;
  #cancelled = false;
  /** No ids are left in this memory. */
  #spent = false;
  #failure: { error: unknown } | undefined;
  #lost = 0;
  #beganMs: number | undefined;
  /** When the block was done or halted. */
  #endedMs: number | undefined;
  /** Per task: how often its worker died, and whether it exceeded its time before. */
  readonly #deaths = new Map<number, number>();
  readonly #late = new Set<number>();

  constructor(pool: SharedPool, work: Work, limits: CrewLimits) {
    this.#pool = pool;
    this.#work = work;
    this.#limits = limits;
  }

  get beganMs(): number | undefined {
    return this.#beganMs;
  }

  get endedMs(): number | undefined {
    return this.#endedMs;
  }

  get workersLost(): number {
    return this.#lost;
  }

  async prepare(): Promise<BlockHost> {
    await this.#refill();
    const { host, module, memory, clockBase } = await this.#pool.core();
    this.#current = { module, memory, clockBase };
    this.#fresh = true;
    this.#spent = false;
    return host;
  }

  /** The host was halted because of a cancellation: whoever does not notice is ended. */
  cancel(): void {
    if (this.#cancelled) return;
    this.#cancelled = true;
    this.#startGrace();
  }

  async round(host: BlockHost, options: RoundOptions): Promise<'over' | 'spent'> {
    const seats = options.sequential ? this.#pool.seats.slice(0, 1) : this.#pool.seats;
    if (this.#fresh) {
      this.#nextId = 1;
      for (const seat of this.#pool.seats) seat.id = this.#nextId++;
      this.#fresh = false;
    }
    this.#beganMs = undefined;
    this.#endedMs = undefined;
    const watch = this.#watch(host, seats, options.first);
    this.#inRound = true;
    try {
      const occupied = Promise.all(seats.map((seat) => this.#occupy(host, seat, options)));
      const until = performance.now() + START_MS;
      if (seats.length > 1) for (const { handle } of seats) handle.awaitStart(until);
      await occupied;
    } finally {
      watch();
      this.#inRound = false;
      clearTimeout(this.#graceTimer);
      this.#graceTimer = undefined;
    }
    if (this.#failure !== undefined) throw this.#failure.error;
    return this.#spent ? 'spent' : 'over';
  }

  /** Keeps a worker on the seat until the round is over. */
  async #occupy(host: BlockHost, seat: Seat, options: RoundOptions): Promise<void> {
    while (!this.#spent && this.#failure === undefined && !this.#cancelled) {
      try {
        if (seat.handle.over) await this.#replace(host, seat, options.first);
        if (seat.handle.over || this.#isOver(host)) return;
        const reply = await seat.handle.round(this.#job(seat, options));
        if ('end' in reply) {
          this.#beganMs = Math.min(reply.beganMs, this.#beganMs ?? reply.beganMs);
          // Who finds the block done, or halted, knows first; others may still be giving up, or on their way.
          if (reply.end !== 'dismissed') this.#endedMs = Math.min(reply.endedMs, this.#endedMs ?? reply.endedMs);
          return;
        }
        seat.handle.forget();
        this.#fail(
          host,
          reply.problem === 'executor'
            ? unpackError(reply.error)
            : new CoreTrapError('the core broke', { details: reply.message }),
        );
        if (reply.problem === 'trap') this.#endAll('the core broke');
        return;
      } catch (error) {
        if (!(error instanceof WorkerError)) {
          seat.handle.forget();
          // What cannot be posted cannot be cloned.
          this.#fail(
            host,
            new InputError('tasks', `they cannot be sent to workers: ${messageOf(error)}`, { cause: error }),
          );
          return;
        }
        this.#bury(host, seat, options.first, error.details ?? error.message);
      }
    }
  }

  #job(seat: Seat, { first }: RoundOptions): RoundJob {
    const core = this.#current;
    const { handle, id } = seat;
    const job = {
      workerId: id,
      first,
      workId: this.#work.id,
      work: handle.workId === this.#work.id ? undefined : handle.workToSend(this.#work),
      core: handle.memory === core?.memory ? undefined : core,
    };
    handle.workId = this.#work.id;
    handle.memory = core?.memory;
    return job;
  }

  /** A worker is gone: others take over what it had. */
  #bury(host: BlockHost, seat: Seat, first: number, reason: string): void {
    this.#pool.taint();
    this.#mourn(seat, reason);
    const { transaction } = host.running(seat.id);
    host.declareDead(seat.id);
    if (transaction < 0 || this.#cancelled) return;
    const task = first + transaction;
    const deaths = (this.#deaths.get(task) ?? 0) + 1;
    this.#deaths.set(task, deaths);
    if (deaths >= MAX_DEATHS) {
      const { name } = nameTask(task, this.#limits.block);
      this.#fail(host, new WorkerError(`${name}: its worker was lost ${deaths} times`, { details: reason }));
    }
  }

  #mourn(seat: Seat, reason: string): void {
    seat.mourned = true;
    this.#lost++;
    this.#pool.events.lost(seat.id, reason);
  }

  async #replace(host: BlockHost, seat: Seat, first: number): Promise<void> {
    // Lost between two rounds.
    if (!seat.mourned) this.#bury(host, seat, first, seat.handle.lostReason);
    const before = seat.id;
    if (this.#nextId > this.#pool.highestWorker) {
      this.#spent = true;
      host.cancel();
      this.#startGrace();
      return;
    }
    seat.id = this.#nextId++;
    try {
      await this.#pool.replace(seat, () => this.#isOver(host));
    } catch (error) {
      // The next round, or run, will need one; this one does not.
      if (!this.#isOver(host)) this.#fail(host, error);
      return;
    }
    this.#pool.events.replaced(before, seat.id);
  }

  /** Replaces what was lost between two runs, or towards the end of the last. */
  async #refill(): Promise<void> {
    const refill = async (seat: Seat) => {
      const { id } = seat;
      if (!seat.mourned) this.#mourn(seat, seat.handle.lostReason);
      await this.#pool.replace(seat, () => this.#cancelled);
      this.#pool.events.replaced(id, id);
    };
    await Promise.all(this.#pool.seats.filter(({ handle }) => handle.over).map(refill));
  }

  #isOver(host: BlockHost): boolean {
    return this.#failure !== undefined || this.#cancelled || host.halted() !== 'none' || host.done();
  }

  #fail(host: BlockHost, error: unknown): void {
    this.#failure ??= { error };
    host.cancel();
    this.#startGrace();
  }

  #startGrace(): void {
    // Between two rounds nobody is busy with this run.
    if (!this.#inRound) return;
    this.#graceTimer ??= setTimeout(() => this.#endAll('it did not notice the cancellation'), GRACE_MS);
  }

  #endAll(reason: string): void {
    this.#pool.taint();
    for (const { handle } of this.#pool.seats) handle.terminate(reason);
  }

  /** Looks at what the workers are doing, where tasks have a time limit. Returns how to stop it. */
  #watch(host: BlockHost, seats: readonly Seat[], first: number): () => void {
    const limit = this.#limits.taskTimeoutMs;
    if (limit === undefined) return () => {};
    const seen = new Map<number, { attempt: number; since: number }>();
    const look = () => {
      for (const { handle, id } of seats) {
        const { transaction, attempt } = host.running(id);
        const known = seen.get(id);
        if (transaction < 0 || known?.attempt !== attempt) {
          seen.set(id, { attempt, since: performance.now() });
        } else if (performance.now() - known.since > limit && !handle.over) {
          const task = first + transaction;
          // The second time it ran at the commit head, on a state that cannot change any more.
          const { index, name } = nameTask(task, this.#limits.block);
          if (this.#late.has(task)) this.#fail(host, new TaskTimeoutError(index, limit, name));
          this.#late.add(task);
          host.declareDead(id, transaction);
          this.#pool.taint();
          handle.terminate(`${name} took longer than ${limit} ms`);
        }
      }
    };
    const timer = setInterval(look, Math.max(1, Math.min(POLL_MS, limit / 4)));
    return () => clearInterval(timer);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
