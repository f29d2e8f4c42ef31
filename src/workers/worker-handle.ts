// One started worker as the host holds it: its Comlink proxy, and calls that fail when the worker does.

import { type Endpoint, proxy, type Remote, releaseProxy, wrap } from 'comlink';
import { WorkerError } from '../base/errors.ts';
import type { PackedError } from '../base/packed-error.ts';
import { startLimitMs, startThread, type Thread } from '../base/platform.ts';
import { unpackError } from '../base/unpacked-error.ts';
import type { SharedCore } from '../run/memory.ts';
import type { Work } from '../run/work.ts';
import { Attachments } from './attachments.ts';
import { Doorbell } from './doorbell.ts';
import type {
  ErrandHooks,
  ErrandPlace,
  ErrandReply,
  ReplayJob,
  ReplayReply,
  RoundJob,
  RoundMessage,
  RoundReply,
  SoloHooks,
  SoloJob,
  SoloReply,
  WorkerApi,
} from './messages.ts';

/** A worker that said nothing for as long as {@link startLimitMs} allows. */
export class LateStartError extends WorkerError {}

/** Workers of one task, or of one order, that are lost before that is to blame. */
export const MAX_DEATHS = 8;

/** Workers may be ended while they start: how often in a row one is started again. */
const MAX_STARTS = 8;

/** Starts a worker, and another one where it is lost on the way, unless nobody needs it any more. @throws WorkerError */
export async function startAgain(start: () => Promise<WorkerHandle>, isNeedless: () => boolean): Promise<WorkerHandle> {
  for (let tries = 1; ; tries++) {
    try {
      return await start();
    } catch (error) {
      if (tries === MAX_STARTS || isNeedless()) throw error;
    }
  }
}

/** What is a worker's own in a round. */
export interface RoundOrder {
  /** Its id in the memory. */
  readonly workerId: number;
  /** Number of the block's first task in the plan. */
  readonly first: number;
}

export class WorkerHandle {
  readonly #thread: Thread;
  /** Kept for as long as the worker lives: Comlink closes the port of a proxy that is collected. */
  readonly #remote: Remote<WorkerApi>;
  /** Who waits for an answer: Comlink never settles a call to a worker that is lost. */
  readonly #waiting = new Set<(error: WorkerError) => void>();
  readonly #doorbell: Doorbell | undefined;
  /** Takes the answer of a worker that was woken for a round. */
  #answer: (reply: RoundReply) => void = () => {};
  #lost: WorkerError | undefined;
  /** The memories the worker is attached to. */
  readonly #cores = new Attachments<true>();
  /** The work that the worker has. */
  #workId: number | undefined;
  /** The module of precompiled contracts that the worker has, or loads. */
  #precompiles: { readonly url: string; readonly loaded: Promise<void> } | undefined;

  private constructor(url: string, sharing: boolean) {
    this.#thread = startThread(url, (reason) => this.#end(reason));
    this.#doorbell = sharing ? new Doorbell() : undefined;
    this.#remote = wrap<WorkerApi>(this.#endpoint());
    this.#thread.port.addEventListener('message', ({ data }: MessageEvent<Partial<RoundMessage>>) => {
      if (data.roundReply !== undefined) this.#answer(data.roundReply);
    });
    // Only work in progress keeps a process alive.
    this.#thread.hold(false);
  }

  /** Comlink's way to the worker: whatever it posts wakes the worker. */
  #endpoint(): Endpoint {
    const { port } = this.#thread;
    const doorbell = this.#doorbell;
    if (doorbell === undefined) return port;
    return {
      postMessage: (message, transfer = []) => doorbell.post(() => port.postMessage(message, transfer)),
      addEventListener: port.addEventListener.bind(port),
      removeEventListener: port.removeEventListener.bind(port),
      start: port.start.bind(port),
    };
  }

  /** Starts a worker and waits until it is up. `sharing`: it may sleep on shared memory. @throws WorkerError */
  static async start(url: string, sharing: boolean): Promise<WorkerHandle> {
    let handle: WorkerHandle;
    try {
      handle = new WorkerHandle(url, sharing);
    } catch (error) {
      throw new WorkerError('a worker could not be started', { details: String(error), cause: error });
    }
    let timer: ReturnType<typeof setTimeout> | undefined;
    const limit = startLimitMs();
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new LateStartError(`a worker was not up after ${limit} ms`)), limit);
    });
    try {
      await handle.call((remote) => Promise.race([remote.hello(handle.#doorbell?.words), late]));
    } catch (error) {
      handle.terminate('it did not start');
      throw error;
    } finally {
      clearTimeout(timer);
    }
    return handle;
  }

  /** Lets the worker load what it takes to run alone. @throws what it says, WorkerError */
  async loadAlone(url: string | undefined): Promise<void> {
    const error = await this.call<PackedError | undefined>(async (remote) => await remote.loadAlone(url));
    if (error !== undefined) throw unpackError(error);
  }

  /** Lets the worker load the precompiled contracts, unless it has them; nobody waits for it. */
  prepare(precompiles: string): void {
    this.loadPrecompiles(precompiles).catch(() => {});
  }

  /** Settles when the worker has the precompiled contracts. @throws InputError, WorkerError */
  loadPrecompiles(url: string): Promise<void> {
    if (this.#precompiles?.url !== url) {
      const loaded = this.call<PackedError | undefined>(async (remote) => await remote.loadPrecompiles(url)).then(
        (error) => {
          if (error !== undefined) throw unpackError(error);
        },
      );
      this.#precompiles = { url, loaded };
    }
    return this.#precompiles.loaded;
  }

  /** After a call that failed: the worker may not have got what was sent with it. */
  #forget(): void {
    this.#cores.clear();
    this.#workId = undefined;
  }

  /** Whether somebody waits for an answer of it. */
  get isBusy(): boolean {
    return this.#waiting.size > 0;
  }

  get over(): boolean {
    return this.#lost !== undefined;
  }

  /** Settles when the thread can no longer touch any memory; `undefined` where the platform does not say. */
  get gone(): Promise<void> | undefined {
    return this.#thread.gone;
  }

  /** Why the worker is lost. */
  get lostReason(): string {
    return this.#lost?.details ?? '';
  }

  /** Calls the worker; rejects with a WorkerError when it is lost before it answers. */
  async call<T>(method: (remote: Remote<WorkerApi>) => Promise<T>): Promise<T> {
    if (this.#lost !== undefined) throw this.#lost;
    this.#thread.hold(true);
    let reject: (error: unknown) => void = () => {};
    try {
      // No race against one long-lived promise: that would keep every answer for as long as the worker lives.
      return await new Promise<T>((resolve, refuse) => {
        reject = refuse;
        this.#waiting.add(refuse);
        method(this.#remote).then(resolve, refuse);
      });
    } finally {
      this.#waiting.delete(reject);
      if (!this.over && !this.isBusy) this.#thread.hold(false);
    }
  }

  /**
   * Lets the worker run a round with `work` over `core`, of which it is sent what it does not have; woken for it, where it
   * has all that is needed and is asleep. Rejects as `call` does.
   */
  async round({ workerId, first }: RoundOrder, work: Work, core: SharedCore): Promise<RoundReply> {
    const job: RoundJob = {
      workerId,
      first,
      workId: work.id,
      work: this.#workId === work.id ? undefined : portable(work),
      coreId: core.id,
      core: this.#cores.get(core.id) ? undefined : core,
    };
    this.#cores.set(core.id, true);
    this.#workId = work.id;
    try {
      const reply = await this.#startRound(job);
      if ('problem' in reply && reply.problem !== 'unequipped') this.#forget();
      return reply;
    } catch (error) {
      this.#forget();
      throw error;
    }
  }

  #startRound(job: RoundJob): Promise<RoundReply> {
    return this.call(
      (remote) =>
        new Promise((resolve, reject) => {
          this.#answer = resolve;
          const bare = job.work === undefined && job.core === undefined;
          if (bare && this.#doorbell?.startRound(job)) return;
          remote.runRound(job).then(resolve, reject);
        }),
    );
  }

  /** Lets the worker trace in a memory in which it has run a round. Rejects as `call` does. */
  replay(job: ReplayJob): Promise<ReplayReply> {
    return this.call<ReplayReply>(async (remote) => await remote.runReplay(job));
  }

  /** Lets the worker copy a state for errands. Rejects as `call` does. */
  openErrands(place: ErrandPlace, hooks: ErrandHooks): Promise<ErrandReply> {
    return this.call<ErrandReply>(async (remote) => await remote.openErrands(place, proxy(hooks)));
  }

  /** Lets the worker do one. Rejects as `call` does. */
  runErrand(order: unknown): Promise<ErrandReply> {
    return this.call<ErrandReply>(async (remote) => await remote.runErrand(order));
  }

  /** Lets the worker run a plan alone. Rejects as `call` does. */
  async runSolo(job: SoloJob, hooks: SoloHooks): Promise<SoloReply> {
    const sent = { ...job, work: portable(job.work) };
    try {
      const reply = await this.call<SoloReply>(async (remote) => await remote.runSolo(sent, proxy(hooks)));
      if ('error' in reply) this.#forget();
      return reply;
    } catch (error) {
      this.#forget();
      throw error;
    }
  }

  /** After `round` was called for all workers: see {@link Doorbell.awaitStart}. */
  awaitStart(untilMs: number): void {
    this.#doorbell?.awaitStart(untilMs);
  }

  /** Tells the worker something without waiting for an answer. */
  tell(method: (remote: Remote<WorkerApi>) => Promise<unknown>): void {
    if (!this.over) method(this.#remote).catch(() => {});
  }

  /** Ends the worker at whatever instruction it is. */
  terminate(reason: string): void {
    this.#end(reason);
  }

  #end(reason: string): void {
    if (this.#lost !== undefined) return;
    this.#lost = new WorkerError(`a worker was lost: ${reason}`, { details: reason });
    this.#remote[releaseProxy]();
    this.#thread.terminate();
    for (const reject of this.#waiting) reject(this.#lost);
  }
}

/** The work as it can be sent: a worker asks for precompiled contracts when it needs them. */
function portable(work: Work): Work {
  return { ...work, precompiles: undefined };
}
