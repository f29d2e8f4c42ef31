// What every way to run a plan can do, and what can be done with a run in progress.

import type { Tracing } from '../core/evm/tracing.ts';
import type { BlockHost } from '../core/host/block-host.ts';
import type { Home, Residence } from '../run/residence.ts';
import type { RunHooks } from '../run/run-hooks.ts';
import type { RunOutcome } from '../run/run-outcome.ts';
import type { RunPlan } from '../run/run-plan.ts';
import type { TaskTimeout, Work } from '../run/work.ts';
import type { Threading } from '../types.ts';
import type { ErrandHooks } from './messages.ts';

/** What was committed in one memory, and who can run it again (see `CommittedPart` of src/job/job.ts). */
export interface ExaminedPart {
  readonly host: BlockHost;
  /** Number of the block's first task in the plan. */
  readonly first: number;
  /** Opens the trace build on this thread. */
  tracing(): Promise<Tracing>;
  /** Of each worker. `undefined`: it was lost, or cannot trace. */
  readonly workers: readonly ((order: unknown) => Promise<unknown>)[];
}

/** Who looks at what was committed, and the module with which workers trace it. */
export interface Examiner {
  readonly tracers: () => Promise<string>;
  /** The precompiled contracts for this thread. */
  readonly precompiles: () => Promise<string>;
  examine(part: ExaminedPart): Promise<void>;
}

export interface RunRequest {
  readonly plan: RunPlan;
  readonly work: Work;
  readonly hooks: RunHooks;
  readonly taskTimeoutMs: TaskTimeout;
  /** Pages of its memory, where it brings all it needs; `undefined`: as many as the runner gives. */
  readonly pages?: number | undefined;
  /** The state that the run begins with, and advances; `undefined`: it brings all it needs. */
  readonly residence?: Residence | undefined;
  /** Who waits for the run: what runs on its thread may not call it (see run/nested-call.ts). */
  readonly caller: object;
  /** How many runs wait for their turn. */
  readonly waiting?: (() => number) | undefined;
  /** Where somebody looks at what was committed. */
  readonly examiner?: Examiner | undefined;
}

/** What a module is to do on a state that stays, on copies of it. */
export interface ErrandRequest {
  readonly residence: Residence;
  /** The trace build, the URL of the module, and that of the precompiled contracts. */
  readonly traced: () => Promise<WebAssembly.Module>;
  readonly url: () => Promise<string>;
  readonly precompiles: () => Promise<string>;
  /** What the module is told of the state. Structured-cloneable, as orders and answers are. */
  readonly opening: unknown;
  readonly orders: readonly unknown[];
  load: ErrandHooks['load'];
  /** Takes the answer to the order at this place; they come in any order. */
  take(at: number, answer: unknown): void;
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
  /**
   * Lets the core's EVM become fast before the first block needs it; `patience` as in {@link Patience}. `begun` is called when that is on
   * its way, where this thread has to do something for it.
   */
  warmUp(patience: () => number, begun: () => void): Promise<void>;
  start(request: RunRequest): RunControl;
  /** Opens a memory for a state that stays, where runs can begin with one. */
  openHome?(): Promise<Home>;
  /** Does errands, where there are workers that can copy a state. */
  startErrands?(request: ErrandRequest): Pick<RunControl, 'cancel'> & { readonly outcome: Promise<void> };
  /** Ends a worker at whatever instruction it is, where there is one to end. For tests. */
  terminateWorker(seat: number): void;
  dispose(): void;
}
