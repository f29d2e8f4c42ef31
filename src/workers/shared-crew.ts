// The crew of one run over shared memory: workers, their deaths and replacements, and the time limit of tasks.

import { CoreTrapError, InputError, MemoryLimitError, messageOf, WorkerError } from '../base/errors.ts';
import { lazy } from '../base/lazy.ts';
import { unpackError } from '../base/unpacked-error.ts';
import type { BlockHost } from '../core/host/block-host.ts';
import { compileTracedCore } from '../core/instance/traced-module.ts';
import type { Crew, RoundAnswer, RoundOptions } from '../run/crew.ts';
import { MemoryLease, type MemoryNeed } from '../run/memory.ts';
import type { Residence } from '../run/residence.ts';
import { nameTask } from '../run/task-name.ts';
import type { Work } from '../run/work.ts';
import { type Attempt, type LateAttempt, type TaskLimit, watchAttempts } from './attempt-watch.ts';
import { Grace } from './grace.ts';
import type { ReplayJob } from './messages.ts';
import type { PoolEvents, Post, WorkerPool } from './pool.ts';
import type { Examiner } from './runner.ts';
import { MAX_DEATHS } from './worker-handle.ts';

/** How long the host takes naps while the workers of a round begin; usually one or two will do. */
const START_MS = 0.6;

interface Seat {
  readonly post: Post;
  /** The worker's id in the current block. */
  id: number;
}

/** What a crew asks of a pool. */
export type CrewPool = Pick<WorkerPool, 'take' | 'release' | 'replace' | 'prepare' | 'precompiles'>;

/** Where crews come from, and what they tell. */
export interface CrewSource {
  readonly pool: CrewPool;
  /** Workers of a run at most, where they are free. */
  readonly workers: number;
  readonly need: MemoryNeed;
  readonly events: PoolEvents;
}

/** Where a run on a state that stays takes place. */
export interface StayingPlace {
  readonly residence: Residence;
  /** Of the run. */
  readonly transactions: number;
}

export class SharedCrew implements Crew {
  readonly isElsewhere = true;
  readonly #source: CrewSource;
  readonly #work: Work;
  readonly #limit: TaskLimit;
  readonly #staying: StayingPlace | undefined;
  #nextId = 1;
  #fresh = true;
  #seats: readonly Seat[] = [];
  #lease: MemoryLease | undefined;
  readonly #grace = new Grace();
  #inRound = false;
  #cancelled = false;
  /** No ids are left in this memory. */
  #spent = false;
  #isTainted = false;
  #isBroken = false;
  /** The calling thread has the place of a worker. */
  #isStoodIn = false;
  #failure: { error: unknown } | undefined;
  #lost = 0;
  #beganMs: number | undefined;
  /** When the block was done or halted. */
  #endedMs: number | undefined;
  /** Per task: how often its worker died, and whether it exceeded its time before. */
  readonly #deaths = new Map<number, number>();
  readonly #overdue = new Set<number>();

  /** `staying`: the run is on a state that stays, in whose memory it is. */
  constructor(source: CrewSource, work: Work, limit: TaskLimit, staying?: StayingPlace) {
    this.#source = source;
    this.#work = work;
    this.#limit = limit;
    this.#staying = staying;
  }

  get beganMs(): number | undefined {
    return this.#beganMs;
  }

  get endedMs(): number | undefined {
    return this.#endedMs;
  }

  /** Workers that take part. */
  get size(): number {
    return this.#seats.length;
  }

  get workersLost(): number {
    return this.#lost;
  }

  async prepare(): Promise<BlockHost> {
    const { pool, workers, need } = this.#source;
    if (this.#seats.length === 0) {
      const posts = await pool.take(workers, () => this.#cancelled);
      this.#seats = posts.map((post) => ({ post, id: 0 }));
    }
    await this.#refill();
    if (this.#staying !== undefined) {
      const { residence, transactions } = this.#staying;
      this.#lease = (await residence.home(transactions, this.#lease !== undefined)).lease;
    } else if (this.#lease === undefined || this.#isTainted) {
      // After a drain the memory goes on; one in which somebody died does not.
      this.#giveBack();
      this.#lease = await MemoryLease.take(need);
    }
    this.#isTainted = false;
    if (this.#lease === undefined) throw new TypeError('workers share memories');
    this.#fresh = true;
    this.#spent = false;
    return this.#lease.host;
  }

  /** Lets somebody look at what is committed, and workers trace it. */
  async examined({ tracers, precompiles, examine }: Examiner, first: number): Promise<void> {
    const lease = this.#lease!;
    const { core, host } = lease;
    const module = lazy(compileTracedCore);
    this.#inRound = true;
    try {
      await examine({
        ...{ host, first },
        tracing: lazy(async () => {
          const id = this.#guestId();
          if (id === undefined) throw new MemoryLimitError('the memory has no room for one more worker');
          const needed = this.#source.pool.precompiles === undefined ? undefined : precompiles;
          const { openTracing } = await import('./tracing-runner.ts');
          return openTracing(await module(), core, needed, id);
        }),
        workers: this.#seats.map((seat) => async (order) => {
          if (this.#cancelled) throw new WorkerError('the run was cancelled');
          const { id: workerId, post } = seat;
          if (post.handle.over || post.isMourned) return undefined;
          const { precompiles } = this.#source.pool;
          if (precompiles !== undefined) await post.handle.loadPrecompiles(precompiles).catch(() => {});
          const job = { coreId: core.id, workerId, module: await module(), tracers: await tracers(), order };
          return this.#replay(lease, seat, job);
        }),
      });
    } finally {
      this.#inRound = false;
      this.#grace.over();
    }
  }

  async #replay(lease: MemoryLease, seat: Seat, job: ReplayJob): Promise<unknown> {
    const { handle } = seat.post;
    const reply = await handle.replay(job).catch((error: unknown) => {
      if (!(error instanceof WorkerError)) throw error;
      this.#isTainted = true;
      lease.abandonedBy(handle.gone);
      this.#mourn(seat, error.details ?? error.message);
      return undefined;
    });
    if (reply === undefined) return undefined;
    if ('answer' in reply) return reply.answer;
    if (reply.problem === 'tracer') throw unpackError(reply.error);
    return undefined;
  }

  /** An id for an instance that is none of the workers'. */
  #guestId(): number | undefined {
    return this.#nextId > this.#source.need.highestWorker ? undefined : this.#nextId++;
  }

  /** Leaves the workers and the memory to others. */
  leave(): void {
    this.#giveBack();
    this.#source.pool.release(this.#seats.map(({ post }) => post));
    this.#seats = [];
  }

  #giveBack(): void {
    if (!this.#isBroken && this.#staying === undefined) void this.#lease?.giveBack();
    this.#lease = undefined;
  }

  /** The host was halted because of a cancellation: whoever does not notice is ended. */
  cancel(): void {
    if (this.#cancelled) return;
    this.#cancelled = true;
    this.#startGrace();
  }

  async round(host: BlockHost, options: RoundOptions): Promise<RoundAnswer> {
    const seats = options.sequential ? this.#seats.slice(0, 1) : this.#seats;
    if (this.#fresh) {
      this.#nextId = 1;
      for (const seat of this.#seats) seat.id = this.#nextId++;
      this.#fresh = false;
    }
    this.#beganMs = undefined;
    this.#endedMs = undefined;
    const watch = this.#watch(host, seats, options.first);
    this.#inRound = true;
    try {
      const occupied = Promise.all(seats.map((seat) => this.#occupy(host, seat, options)));
      const until = performance.now() + START_MS;
      if (seats.length > 1) for (const { post } of seats) post.handle.awaitStart(until);
      await occupied;
    } finally {
      watch();
      this.#inRound = false;
      this.#grace.over();
    }
    if (this.#failure !== undefined) throw this.#failure.error;
    return this.#spent ? 'spent' : 'over';
  }

  /** Keeps a worker on the seat until the round is over. */
  async #occupy(host: BlockHost, seat: Seat, options: RoundOptions): Promise<void> {
    while (!this.#spent && this.#failure === undefined && !this.#cancelled) {
      const { post } = seat;
      try {
        if (post.handle.over) await this.#replace(host, seat, options);
        // To fold a block that is done is what a round for folding is for.
        if (post.handle.over || (this.#isOver(host) && !options.folding)) return;
        const order = { workerId: seat.id, first: options.first };
        const reply = await post.handle.round(order, this.#work, this.#lease!.core);
        if ('end' in reply) {
          this.#beganMs = Math.min(reply.beganMs, this.#beganMs ?? reply.beganMs);
          // Who finds the block done, or halted, knows first; others may still be giving up, or on their way.
          if (reply.end !== 'dismissed') this.#endedMs = Math.min(reply.endedMs, this.#endedMs ?? reply.endedMs);
          // Code from outside may be somewhere that is no attempt, as in estimates, and nobody needs it any more.
          if (this.#work.executor !== undefined && host.done()) this.#startGrace('the end of the block');
          return;
        }
        if (reply.problem === 'unequipped') {
          // The attempt that it has left in the middle is anybody's; it goes on as a new worker.
          host.declareDead(seat.id);
          if (this.#renew(host, seat)) await this.#equip(host, post);
          continue;
        }
        this.#fail(
          host,
          reply.problem === 'executor'
            ? unpackError(reply.error)
            : new CoreTrapError('the core broke', { details: reply.message }),
        );
        if (reply.problem === 'trap') this.#abandonMemory();
        return;
      } catch (error) {
        if (!(error instanceof WorkerError)) {
          // What cannot be posted cannot be cloned.
          this.#fail(
            host,
            new InputError('tasks', `they cannot be sent to workers: ${messageOf(error)}`, { cause: error }),
          );
          return;
        }
        this.#isTainted = true;
        this.#staying?.residence.taint();
        this.#lease?.abandonedBy(post.handle.gone);
        this.#bury(host, seat, options.first, error.details ?? error.message);
        // The others, and in the end the host, fold what is left.
        if (options.folding) return;
      }
    }
  }

  /** A transaction calls a precompiled contract, as others may: all workers of the pool load them. */
  async #equip(host: BlockHost, post: Post): Promise<void> {
    try {
      const address = await this.#work.precompiles?.();
      if (address === undefined) throw new CoreTrapError('a precompiled contract was called where there can be none');
      this.#source.pool.prepare(address);
      await post.handle.loadPrecompiles(address);
    } catch (error) {
      // Who is lost meanwhile is replaced as ever.
      if (!(error instanceof WorkerError)) this.#fail(host, error);
    }
  }

  /** A worker is gone: others take over what it had. */
  #bury(host: BlockHost, seat: Seat, first: number, reason: string): void {
    this.#mourn(seat, reason);
    const { transaction } = host.running(seat.id);
    host.declareDead(seat.id);
    if (transaction < 0 || this.#cancelled) return;
    const task = first + transaction;
    const deaths = (this.#deaths.get(task) ?? 0) + 1;
    this.#deaths.set(task, deaths);
    if (deaths >= MAX_DEATHS) {
      const { name } = nameTask(task, this.#limit.block);
      this.#fail(host, new WorkerError(`${name}: its worker was lost ${deaths} times`, { details: reason }));
    }
  }

  #mourn(seat: Seat, reason: string): void {
    seat.post.mourn();
    this.#lost++;
    this.#source.events.lost(seat.id, reason);
  }

  /** Gives a seat an id that was never used in the block; false where there is none left. */
  #renew(host: BlockHost, seat: Seat): boolean {
    if (this.#nextId > this.#source.need.highestWorker) {
      this.#spent = true;
      host.cancel();
      this.#startGrace();
      return false;
    }
    seat.id = this.#nextId++;
    return true;
  }

  /** What a trap has left behind, nobody knows. */
  #abandonMemory(): void {
    this.#isBroken = true;
    this.#staying?.residence.taint();
    this.#endAll('the core broke');
  }

  async #replace(host: BlockHost, seat: Seat, options: RoundOptions): Promise<void> {
    // Lost between two rounds.
    if (!seat.post.isMourned) this.#bury(host, seat, options.first, seat.post.handle.lostReason);
    const before = seat.id;
    if (!this.#renew(host, seat)) return;
    while (true) {
      const committed = host.committed();
      try {
        await this.#source.pool.replace(seat.post, () => this.#isOver(host));
        break;
      } catch (error) {
        // The next round, or run, will need one; this one does not.
        if (this.#isOver(host)) return;
        // While others make headway, nothing is lost by trying on.
        if (host.committed() !== committed || this.#isStoodIn) continue;
        if (options.folding || !this.#canStandIn) return this.#fail(host, error);
        return await this.#standIn(host, seat, options.first);
      }
    }
    this.#source.events.replaced(before, seat.id);
  }

  /** Code from outside may be what ends the workers, and nobody could stop it on this thread. */
  get #canStandIn(): boolean {
    return this.#work.executor === undefined && this.#limit.taskTimeoutMs === undefined;
  }

  /** No worker comes up: this thread goes on in the place of one, beside those that may come up yet. */
  async #standIn(host: BlockHost, seat: Seat, first: number): Promise<void> {
    this.#isStoodIn = true;
    try {
      const { standIn } = await import('./stand-in.ts');
      const { core } = this.#lease!;
      const beganMs = host.instance.now();
      await standIn(core, this.#work, { workerId: seat.id, first });
      this.#beganMs = Math.min(beganMs, this.#beganMs ?? beganMs);
      this.#endedMs ??= host.instance.now();
    } catch (error) {
      this.#fail(host, error);
      if (error instanceof CoreTrapError) this.#abandonMemory();
    } finally {
      this.#isStoodIn = false;
    }
  }

  /** Replaces what was lost between two runs, or towards the end of the last. */
  async #refill(): Promise<void> {
    const refill = async (seat: Seat) => {
      const { id } = seat;
      if (!seat.post.isMourned) this.#mourn(seat, seat.post.handle.lostReason);
      // Who cannot be replaced here is replaced in the round, as far as that makes headway.
      const replaced = await this.#source.pool
        .replace(seat.post, () => this.#cancelled)
        .then(
          () => true,
          () => false,
        );
      if (replaced) this.#source.events.replaced(id, id);
    };
    await Promise.all(this.#seats.filter(({ post }) => post.handle.over).map(refill));
  }

  #isOver(host: BlockHost): boolean {
    return this.#failure !== undefined || this.#cancelled || host.halted() !== 'none' || host.done();
  }

  #fail(host: BlockHost, error: unknown): void {
    this.#failure ??= { error };
    host.cancel();
    this.#startGrace();
  }

  #startGrace(what?: string): void {
    // Between two rounds nobody is busy with this run.
    if (!this.#inRound) return;
    this.#grace.begin((reason) => {
      for (const { post } of this.#seats) if (post.handle.isBusy) post.handle.terminate(reason);
    }, what);
  }

  #endAll(reason: string): void {
    for (const { post } of this.#seats) post.handle.terminate(reason);
  }

  /** Looks at what the workers are doing, where tasks have a time limit. Returns how to stop it. */
  #watch(host: BlockHost, seats: readonly Seat[], first: number): () => void {
    const attempts = (): Attempt[] =>
      seats.flatMap(({ post, id }) => {
        const { transaction, attempt } = host.running(id);
        return transaction < 0 || post.handle.over ? [] : [{ worker: id, number: attempt, task: first + transaction }];
      });
    return watchAttempts(this.#limit, attempts, ({ worker, task, reason, error }: LateAttempt) => {
      // The second time it ran at the commit head, on a state that cannot change any more.
      if (this.#overdue.has(task)) this.#fail(host, error);
      this.#overdue.add(task);
      host.declareDead(worker, task - first);
      seats.find(({ id }) => id === worker)?.post.handle.terminate(reason);
    });
  }
}
