// Threads, which runs share: whoever needs workers takes those that are free, and always gets one.

import { later } from '../base/platform.ts';
import type { Placement } from './placement.ts';
import type { RunLoad, Scaling } from './scaling.ts';
import { type Rehearsal, rehearseIn, Spare } from './spare.ts';
import { startAgain, WorkerHandle } from './worker-handle.ts';

export interface PoolEvents {
  lost(id: number, reason: string): void;
  replaced(id: number, by: number): void;
}

/** A place for a worker; one run at a time has it. */
export class Post {
  /** Among the posts of its pool, counted from 0; never two at a time have the same. */
  readonly seat: number;
  #handle: WorkerHandle;
  #isMourned = false;

  constructor(seat: number, handle: WorkerHandle) {
    this.seat = seat;
    this.#handle = handle;
  }

  /** The worker that is there now. */
  get handle(): WorkerHandle {
    return this.#handle;
  }

  /** Whether the death of the worker, if it is lost, was told. */
  get isMourned(): boolean {
    return this.#isMourned;
  }

  /** The death of the worker is being told. */
  mourn(): void {
    this.#isMourned = true;
  }

  /** For the pool: another worker is there from now on. */
  occupy(handle: WorkerHandle): void {
    this.#handle = handle;
    this.#isMourned = false;
  }
}

/** Where the workers of a pool run, and whether there are sometimes more and sometimes fewer. */
export interface PoolOptions {
  readonly placement?: Placement | undefined;
  readonly scaling?: Scaling | undefined;
}

export class WorkerPool {
  readonly #url: string;
  /** As many as were asked for, then those that were added for runs that found all others taken. */
  readonly #posts: Post[] = [];
  readonly #taken = new Set<Post>();
  readonly #asked: number;
  /** A worker for the next post whose worker is lost; from the pool's first use on. */
  readonly #spare: Spare;
  readonly #placement: Placement | undefined;
  readonly #scaling: Scaling | undefined;
  /** Workers on their way because they are of use. */
  #growing = 0;
  #rehearse: (handle: WorkerHandle) => void = () => {};
  /** Module of the precompiled contracts that workers were told to load. */
  #precompiles: string | undefined;
  #callOff: () => void = () => {};
  #disposed = false;

  private constructor(url: string, asked: number, { placement, scaling }: PoolOptions) {
    this.#url = url;
    this.#asked = asked;
    this.#placement = placement;
    this.#scaling = scaling;
    this.#spare = new Spare(url);
  }

  /** Starts the workers. @throws WorkerError */
  static async start(url: string, asked: number, options: PoolOptions = {}): Promise<WorkerPool> {
    const pool = new WorkerPool(url, asked, options);
    const started = await Promise.allSettled(Array.from({ length: asked }, () => WorkerHandle.start(url, true)));
    for (const result of started) if (result.status === 'fulfilled') pool.#add(result.value);
    const failed = started.find((result) => result.status === 'rejected');
    if (failed !== undefined) {
      pool.dispose();
      throw failed.reason;
    }
    await Promise.all(pool.#posts.map((post) => pool.#place(post)));
    return pool;
  }

  /** Module of the precompiled contracts, where a transaction has called one. */
  get precompiles(): string | undefined {
    return this.#precompiles;
  }

  /** How many workers there are. */
  get size(): number {
    return this.#posts.length;
  }

  /** How many of them a run may have. */
  get offered(): number {
    return this.#scaling === undefined ? this.#asked : Math.min(this.#scaling.target, this.#posts.length);
  }

  /** A run is over: there may be more workers for the next one, or fewer. */
  ran(load: RunLoad): void {
    const scaling = this.#scaling;
    if (scaling === undefined || this.#disposed) return;
    scaling.ran(load);
    while (this.#posts.length + this.#growing < scaling.target) void this.#grow();
    this.#callOff();
    this.#callOff = later(scaling.bounds.idleMs, () => this.#rest(scaling));
  }

  /** Starts one more worker, for which nobody waits. */
  async #grow(): Promise<void> {
    this.#growing++;
    try {
      const handle = await this.#start(() => false);
      if (this.#disposed) return handle.terminate('the engine was disposed of');
      this.#rehearse(handle);
      await this.#place(this.#add(handle));
    } catch {
      // There are as many as before; the next run asks again.
    } finally {
      this.#growing--;
    }
  }

  /** Nobody has run anything for a while: who has slept is ended, but for the least that there are to be. */
  #rest(scaling: Scaling): void {
    if (this.#taken.size > 0) {
      this.#callOff = later(scaling.bounds.idleMs, () => this.#rest(scaling));
      return;
    }
    scaling.rest();
    this.#endFree(scaling.bounds.minimum, 'nobody has needed it for a while');
  }

  /** Ends those that nobody has, the last ones first, as long as there are more than `most`. */
  #endFree(most: number, reason: string): void {
    for (let at = this.#posts.length - 1; at >= most; at--) {
      const post = this.#posts[at]!;
      if (this.#taken.has(post)) continue;
      post.handle.terminate(reason);
      this.#placement?.remove(post.seat);
      this.#posts.splice(at, 1);
    }
  }

  /** A transaction has called a precompiled contract: all workers load them, and those to come. */
  prepare(precompiles: string): void {
    if (this.#precompiles === precompiles) return;
    this.#precompiles = precompiles;
    if (this.#spare.rehearsal !== undefined) this.#spare.rehearsal = { ...this.#spare.rehearsal, precompiles };
    for (const { handle } of this.#posts) handle.prepare(precompiles);
  }

  /** What workers to come try out before they are needed. */
  rehearse(module: WebAssembly.Module, alone: Rehearsal['alone']): void {
    this.#spare.rehearsal = { module, alone, precompiles: this.#precompiles };
    this.#rehearse = (handle) => {
      void rehearseIn(handle, { module, alone });
      if (this.#precompiles !== undefined) handle.prepare(this.#precompiles);
    };
  }

  /** Ends a worker at whatever instruction it is. For tests. */
  terminateWorker(seat: number): void {
    this.#posts[seat]?.handle.terminate('a test ended it');
  }

  /** The posts that are free, `most` at most; where there is none, a new one: nobody waits for somebody else's run. */
  async take(most: number, isNeedless: () => boolean): Promise<Post[]> {
    const free = this.#posts.filter((post) => !this.#taken.has(post)).slice(0, most);
    for (const post of free) this.#taken.add(post);
    if (free.length > 0) return free;
    const post = this.#add(await this.#start(isNeedless));
    if (this.#disposed) post.handle.terminate('the engine was disposed of');
    this.#taken.add(post);
    void this.#place(post);
    return [post];
  }

  release(posts: readonly Post[]): void {
    this.putBack(posts);
    this.#spare.parkWhenIdle(() => this.#taken.size > 0);
    // As many to spare as were asked for are enough.
    this.#endFree(Math.max(this.#asked, this.#scaling?.bounds.maximum ?? 0) * 2, 'there are enough workers');
  }

  /** As {@link release}, of those with which nobody has run anything. */
  putBack(posts: readonly Post[]): void {
    for (const post of posts) this.#taken.delete(post);
  }

  /** Puts a new worker on a post whose worker is gone, unless nobody needs it any more. @throws WorkerError */
  async replace(post: Post, isNeedless: () => boolean): Promise<void> {
    post.occupy((await this.#spare.take()) ?? (await this.#start(isNeedless)));
    void this.#place(post);
    if (this.#disposed) post.handle.terminate('the engine was disposed of');
    // Deaths come in series.
    this.#spare.parkSoon();
  }

  #add(handle: WorkerHandle): Post {
    const seats = new Set(this.#posts.map(({ seat }) => seat));
    let seat = 0;
    while (seats.has(seat)) seat++;
    const post = new Post(seat, handle);
    this.#posts.push(post);
    return post;
  }

  /** Puts the worker of a post where it is to run. */
  async #place({ seat, handle }: Post): Promise<void> {
    if (!handle.over) await this.#placement?.put(seat, () => handle.call((remote) => remote.threadNumber()));
  }

  #start(isNeedless: () => boolean): Promise<WorkerHandle> {
    return startAgain(
      () => WorkerHandle.start(this.#url, true),
      () => this.#disposed || isNeedless(),
    );
  }

  dispose(): void {
    this.#disposed = true;
    this.#callOff();
    for (const { handle } of this.#posts) handle.terminate('the engine was disposed of');
    this.#spare.dispose();
    this.#placement?.dispose();
  }
}
