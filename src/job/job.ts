// What a job is: something asked of an engine. It reads a request, gives plans to be run, takes the results, makes the answer.

import type { TelemetryAttributes } from '../base/telemetry.ts';
import type { Tracing } from '../core/evm/tracing.ts';
import type { BlockHost } from '../core/host/block-host.ts';
import type { ResultBatch } from '../core/host/outcome.ts';
import type { Stage } from '../metrics/spans.ts';
import type { Residence } from '../run/residence.ts';
import type { RunOutcome } from '../run/run-outcome.ts';
import type { RunPlan } from '../run/run-plan.ts';
import type { PrecompileSource, TaskTimeout, Work } from '../run/work.ts';
import type { Waiting } from '../state/patience.ts';
import type { DescribedStateSource, StateSource } from '../state/state-source.ts';
import type { EngineEvents, Report, Threading } from '../types.ts';

/** What ends a run early. */
export interface Limits {
  readonly signal?: AbortSignal;
  readonly executionTimeoutMs?: number;
}

/** "There are so many items by now, and this is how to get each." */
export type Push<Item> = (count: number, item: (index: number) => Item) => void;

/**
 * A checked request. Whoever makes one has read everything in it, so that what is wrong with it is told before it waits for
 * its turn.
 */
export interface Job<Item, Answer> {
  readonly kind: EngineEvents['run']['kind'];
  readonly limits: Limits;
  /** Items whose coming the caller may watch: how many there will be, and the number of the task that makes the first. */
  readonly itemCount: number;
  readonly firstItem: number;
  /** What it is about, as attributes of its span; asked for where there is one. */
  attributes?(): TelemetryAttributes;
  /** All its stages, in order; called once, when its turn has come. */
  run(desk: Desk<Item>): Promise<Answer>;
}

/** One plan that is to be run for a job. */
export interface PlannedRun {
  readonly plan: RunPlan;
  readonly work: Work;
  /** Where state comes from that is found missing. */
  readonly state: StateSource | undefined;
  /** The state that it begins with, and advances, where there is one that stays. */
  readonly residence?: Residence | undefined;
  readonly taskTimeoutMs: TaskTimeout;
  /** Of its memory, where it brings all it needs; `undefined`: the engine's. */
  readonly maximumMiB?: number | undefined;
  /** On a state that stays: whether it is over sooner than workers would wake, so that the calling thread runs it. */
  readonly isShort?: boolean;
  /** Whether its progress is what the caller sees of the job. */
  readonly isShown: boolean;
  /** Takes results as they are committed, in order. */
  take(batch: ResultBatch): void;
  /** Whether that is to be soon after the commits, since there is something to do with them while others execute. */
  readonly takesSoon?: boolean;
  /** What the calling thread can do of its own while workers execute; it does not throw. */
  meanwhile?(): void;
}

/** What the tracers' module is to do on copies of a state that stays. */
export interface PlannedErrands {
  readonly residence: Residence;
  /** Where state comes from that is not in it. */
  readonly state: DescribedStateSource;
  /** What the module is told of the state. Structured-cloneable, as orders and answers are. */
  readonly opening: unknown;
  readonly orders: readonly unknown[];
  /** Takes the answer to the order at this place; they come in any order. */
  take(at: number, answer: unknown): void;
}

/** What was committed in one memory, while the trace build can run it again. */
export interface CommittedPart {
  readonly host: BlockHost;
  /** Number of the block's first task in the plan. */
  readonly first: number;
  /** Opens the trace build on this thread. */
  tracing(): Promise<Tracing>;
  /** Of each worker: gives it a `ReplayOrder`; `undefined`: it was lost. */
  readonly workers: readonly ((order: unknown) => Promise<unknown>)[];
}

/** Looks at what was committed. */
export type Examine = (part: CommittedPart) => Promise<void>;

/** A plan that was run to its end. */
export interface Performed {
  readonly outcome: RunOutcome;
  readonly workersLost: number;
  readonly threading: Threading;
  /** Workers that could execute at the same time. */
  readonly workers: number;
}

/** Waits for somebody else's code, unless the caller has given up; that code may not call the engine. */
export type Ask = <T>(body: (waiting: Waiting) => Promise<T>) => Promise<T>;

/** What a job may ask of its engine while its turn lasts. */
export interface Desk<Item> {
  /** Workers of the engine that execute at the same time. */
  readonly workers: number;
  /** URLs of what workers import. */
  readonly assets: { executor(): Promise<string>; readonly precompiles: PrecompileSource };
  /** Runs a plan, with whoever can. */
  perform(run: PlannedRun): Promise<Performed>;
  /**
   * Runs a plan so that it can be traced, and lets the job look at what was committed. Where memory is too small for what all
   * workers do at once it begins again, alone.
   */
  trace(
    run: Omit<PlannedRun, 'taskTimeoutMs' | 'maximumMiB' | 'isShown' | 'take'>,
    examine: Examine,
  ): Promise<RunOutcome>;
  /** Lets workers do errands, each on a copy of the state. False: there are none that can. */
  delegate(errands: PlannedErrands): Promise<boolean>;
  readonly ask: Ask;
  /** Shows the caller what items there are. */
  push: Push<Item>;
  /** Tells that a committed task has used more than it may. */
  exceeded(event: EngineEvents['quota']): void;
  /** Ends the job with an error, at once. */
  fail(error: Error): void;
  /** Notes a stage that began then, by `performance.now()`, and is over. */
  stage(stage: Stage, startMs: number): void;
  /** Notes how the job went: to be called once, at its end. `gasUsed`: of a block. */
  report(report: Report, gasUsed?: bigint): void;
}
