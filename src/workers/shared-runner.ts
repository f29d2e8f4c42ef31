// Runs plans with the workers of a pool, over a memory that they share for one run.

import { WorkerError } from '../base/errors.ts';
import { Conductor } from '../run/conductor.ts';
import { MemoryLease, useMemories } from '../run/memory.ts';
import type { Home } from '../run/residence.ts';
import type { RunHooks } from '../run/run-hooks.ts';
import { workOf } from '../run/work.ts';
import { Post, type WorkerPool } from './pool.ts';
import type { ErrandRequest, RunControl, Runner, RunRequest } from './runner.ts';
import { type CrewPool, type CrewSource, SharedCrew } from './shared-crew.ts';
import type { Rehearsal } from './spare.ts';
import { Patience, silent, warmUpBy } from './warm-up.ts';

/** The crews of a runner come from one pool. */
export interface PoolSource extends CrewSource {
  readonly pool: WorkerPool;
}

/** Of warming up: it takes a millisecond. */
const PATIENCE_MS = 10_000;
const QUIET = { workers: 1, events: { lost() {}, replaced() {} } };

/**
 * A worker of the pool for something that nobody has asked for: should it be lost, that ends, and whoever runs something next finds the
 * loss, and tells of it.
 */
function borrowed(pool: WorkerPool): CrewPool {
  let own: readonly Post[] = [];
  return {
    precompiles: undefined,
    prepare() {},
    async take(most, isNeedless) {
      own = await pool.take(most, isNeedless);
      return own.map(({ seat, handle }) => new Post(seat, handle));
    },
    release: () => pool.putBack(own),
    replace: ({ handle }) => Promise.reject(new WorkerError(handle.lostReason)),
  };
}

export class SharedRunner implements Runner {
  readonly threading = 'shared';
  readonly #source: PoolSource;
  readonly #ownsPool: boolean;
  readonly #alone: Rehearsal['alone'];
  readonly #free = useMemories();

  /** `ownsPool`: nobody else uses it, so that it ends with this. */
  constructor(source: PoolSource, ownsPool: boolean, alone: Rehearsal['alone']) {
    this.#source = source;
    this.#alone = alone;
    this.#ownsPool = ownsPool;
  }

  get workers(): number {
    return this.#source.workers;
  }

  /** By rounds like those of a block, on one worker: what hosts do in them becomes faster too. */
  async warmUp(patience: () => number, begun: () => void): Promise<void> {
    const { pool, need } = this.#source;
    pool.rehearse(need.module, this.#alone);
    const work = workOf({ tasks: [], executor: undefined, precompiles: undefined });
    const crew = new SharedCrew({ ...QUIET, need, pool: borrowed(pool) }, work, {
      taskTimeoutMs: PATIENCE_MS,
      block: undefined,
    });
    try {
      const hooks = { ...silent, working: begun };
      await warmUpBy(async (plan) => (await new Conductor(plan, crew, hooks).run()).executionMs, patience);
      // Whoever waits is served sooner by the pages alone that it needs.
      if (patience() === Patience.UNHURRIED) (await crew.prepare()).touch();
    } finally {
      crew.leave();
    }
  }

  terminateWorker(seat: number): void {
    this.#source.pool.terminateWorker(seat);
  }

  async openHome(): Promise<Home> {
    const lease = await MemoryLease.take(this.#source.need);
    const leave = () => {
      // For a run that brings its state, the memory is laid out in another way.
      lease.host.forget();
      void lease.giveBack();
    };
    return { host: lease.host, lease, leave };
  }

  start({ plan, work, hooks, taskTimeoutMs, residence, examiner, pages, waiting }: RunRequest): RunControl {
    const staying = residence === undefined ? undefined : { residence, transactions: plan.count };
    const { pool, need, events } = this.#source;
    const workers = Math.min(this.#source.workers, plan.workers ?? this.#source.workers);
    const source = { pool, workers, events, need: { ...need, pages: pages ?? need.pages } };
    const crew = new SharedCrew(source, work, { taskTimeoutMs, block: plan.block }, staying);
    const examine: RunHooks['examine'] = examiner && ((_, first) => crew.examined(examiner, first));
    const conductor = new Conductor(plan, crew, { ...hooks, ...(examine && { examine }) }, residence);
    return {
      outcome: conductor
        .run()
        .then((outcome) => {
          const { trace, executionMs } = outcome;
          const { t1Ms, tInfinityMs } = trace;
          const load = { workers: crew.size, t1Ms, tInfinityMs, executionMs, waiting: waiting?.() ?? 0 };
          if (!plan.sequential) this.#source.pool.ran(load);
          return outcome;
        })
        .finally(() => crew.leave()),
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

  startErrands(request: ErrandRequest): ReturnType<Required<Runner>['startErrands']> {
    const errands = import('./errands.ts').then(({ Errands }) => new Errands(this.#source, request));
    return {
      outcome: errands.then((started) => started.run()),
      cancel(reason) {
        // What cannot be started is told by the outcome.
        errands.then((started) => started.cancel(reason)).catch(() => {});
      },
    };
  }

  dispose(): void {
    if (this.#ownsPool) this.#source.pool.dispose();
    this.#free();
  }
}
