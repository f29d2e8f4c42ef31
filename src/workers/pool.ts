// Threads, which runs share: whoever needs workers takes those that are free, and always gets one.

import { startAgain, WorkerHandle } from './worker-handle.ts';

export interface PoolEvents {
  lost(id: number, reason: string): void;
  replaced(id: number, by: number): void;
}

/** A place for a worker; one run at a time has it. */
export interface Post {
  handle: WorkerHandle;
  /** Whether the death of the worker, if it is lost, was told. */
  mourned: boolean;
  isTaken: boolean;
}

export class WorkerPool {
  readonly #url: string;
  /** As many as were asked for, then those that were added for runs that found all others taken. */
  readonly posts: Post[] = [];
  readonly #size: number;
  /** A worker for the next post whose worker is lost; from the first loss on. */
  #spare: Promise<WorkerHandle | undefined> | undefined;
  #disposed = false;

  private constructor(url: string, size: number) {
    this.#url = url;
    this.#size = size;
  }

  /** Starts the workers. @throws WorkerError */
  static async start(url: string, size: number): Promise<WorkerPool> {
    const pool = new WorkerPool(url, size);
    const started = await Promise.allSettled(Array.from({ length: size }, () => WorkerHandle.start(url, true)));
    for (const result of started) {
      if (result.status === 'fulfilled') pool.posts.push({ handle: result.value, mourned: false, isTaken: false });
    }
    const failed = started.find((result) => result.status === 'rejected');
    if (failed !== undefined) {
      pool.dispose();
      throw failed.reason;
    }
    return pool;
  }

  /** The posts that are free, `most` at most; where there is none, a new one: nobody waits for somebody else's run. */
  async take(most: number, isNeedless: () => boolean): Promise<Post[]> {
    const free = this.posts.filter(({ isTaken }) => !isTaken).slice(0, most);
    for (const post of free) post.isTaken = true;
    if (free.length > 0) return free;
    const post = { handle: await this.#start(isNeedless), mourned: false, isTaken: true };
    this.posts.push(post);
    return [post];
  }

  release(posts: readonly Post[]): void {
    for (const post of posts) post.isTaken = false;
    // As many to spare as were asked for are enough.
    for (let at = this.posts.length - 1; at >= this.#size * 2; at--) {
      const { handle, isTaken } = this.posts[at]!;
      if (isTaken) continue;
      handle.terminate('there are enough workers');
      this.posts.splice(at, 1);
    }
  }

  /** Puts a new worker on a post whose worker is gone, unless nobody needs it any more. @throws WorkerError */
  async replace(post: Post, isNeedless: () => boolean): Promise<void> {
    const waiting = this.#spare;
    this.#spare = undefined;
    const spare = await waiting;
    post.handle = spare === undefined || spare.over ? await this.#start(isNeedless) : spare;
    post.mourned = false;
    // Deaths come in series: the next one need not wait for a thread to start, which takes tens of milliseconds.
    if (!this.#disposed) this.#spare ??= WorkerHandle.start(this.#url, true).catch(() => undefined);
  }

  async #start(isNeedless: () => boolean): Promise<WorkerHandle> {
    const handle = await startAgain(
      () => WorkerHandle.start(this.#url, true),
      () => this.#disposed || isNeedless(),
    );
    if (this.#disposed) handle.terminate('the engine was disposed of');
    return handle;
  }

  dispose(): void {
    this.#disposed = true;
    for (const { handle } of this.posts) handle.terminate('the engine was disposed of');
    void this.#spare?.then((spare) => spare?.terminate('the engine was disposed of'));
  }
}
