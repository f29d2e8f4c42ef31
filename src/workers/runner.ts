// What every way to run a plan can do, and what can be done with a run in progress.

import type { RunHooks, RunOutcome, RunPlan } from '../run/conductor.ts';
import type { Home, Residence } from '../run/residence.ts';
import type { Work } from '../run/work.ts';
import type { Threading } from '../types.ts';

export interface RunRequest {
  readonly plan: RunPlan;
  readonly work: Work;
  readonly hooks: RunHooks;
  readonly taskTimeoutMs: number | undefined;
  /** The state that the run begins with, and advances; `undefined`: it brings all it needs. */
  readonly residence?: Residence | undefined;
  /** Who waits for the run: what runs on its thread may not call it (see run/nested-call.ts). */
  readonly caller: object;
}

/** A run in progress. */
export interface RunControl {
  readonly outcome: Promise<RunOutcome>;
  workersLost(): number;
  committed(): number;
  /** Stops the run, which rejects with `reason`; what was busy with it is gone when `outcome` settles. */
  cancel(reason: unknown): void;
  /** Asks for results while the run lasts; to be called again and again. */
  flush(): void;
  addDependency(lower: number, higher: number): void;
}

/** A way to run plans. */
export interface Runner {
  readonly threading: Threading;
  /** Workers that execute at the same time, at most. */
  readonly workers: number;
  /** Lets the core's EVM become fast before the first block needs it. */
  warmUp(): Promise<void>;
  /** Begins to load what precompiled contracts need. */
  prepare(precompiles: string): void;
  start(request: RunRequest): RunControl;
  /** Opens a memory for a state that stays, where runs can begin with one. */
  openHome?(): Promise<Home>;
  /** Ends a worker at whatever instruction it is, where there is one to end. For tests. */
  terminateWorker(seat: number): void;
  dispose(): void;
}
