// The public report of a run, from what the core left behind.

import { showing } from '../base/shown.ts';
import type { BlockInput } from '../block/block-input.ts';
import { addCounters, type Counters, noCounters, stepsOf, type Trace } from '../core/host/run-statistics.ts';
import type { RunOutcome } from '../run/run-outcome.ts';
import type {
  ConflictReport,
  CriticalStep,
  LocationName,
  PlanningReport,
  Report,
  SourceReport,
  Threading,
} from '../types.ts';

/** A run, and who ran it. */
export interface ReportedRun {
  readonly outcome: RunOutcome;
  readonly threading: Threading;
  readonly workers: number;
  readonly workersLost: number;
}

export interface ReportContext {
  readonly totalDurationMs: number;
  /** Time spent on the state before the core saw it. */
  readonly encodeMs: number;
  /** What to subtract from the core's numbers to get the transaction's index in its block. */
  readonly offset: number;
  /** Of each of the core's numbers the one that it stands for, where these are others; -1: for none. */
  readonly places?: readonly number[];
  /** Whose transactions have hashes. */
  readonly block: BlockInput | undefined;
  /** What the state's source was asked, where it counts. */
  readonly source?: SourceReport;
  /** What was planned; `undefined`: there was no oracle. */
  readonly planned?: PlannedFacts | undefined;
}

/** What a plan says of itself. */
export type PlannedFacts = Pick<PlanningReport, 'planMs' | 'predicted' | 'early' | 'partitions' | 'problems'>;

export function reportOf(run: ReportedRun, context: ReportContext): Report {
  const { outcome, threading, workers, workersLost } = run;
  const { trace, executionMs } = outcome;
  const counters = totalCounters(outcome);
  let path: CriticalStep[] | undefined;
  const boundMs = Math.max(trace.t1Ms / workers, trace.tInfinityMs);
  return {
    threading,
    workers,
    totalDurationMs: context.totalDurationMs,
    loadMs: outcome.loadMs + context.encodeMs,
    setupMs: outcome.setupMs,
    executionMs,
    decodeMs: outcome.decodeMs,
    executions: counters.executions,
    reexecutions: counters.reexecutions,
    aborts: counters.aborts,
    suspensions: counters.suspensions,
    counters,
    perWorker: workersOf(trace, context),
    conflicts: mergedConflicts(trace.conflicts),
    bound: showing({
      t1Ms: trace.t1Ms,
      tInfinityMs: trace.tInfinityMs,
      boundMs,
      efficiency: ratio(boundMs, executionMs),
      speedup: ratio(trace.t1Ms, executionMs),
      speedupBound: ratio(trace.t1Ms, boundMs),
      get criticalPath() {
        path ??= criticalPathOf(trace, context);
        return path;
      },
    }),
    ...(context.planned && { planning: planningOf(outcome, context.planned, counters, context.offset) }),
    drains: outcome.drains,
    workersLost,
    loadRounds: outcome.loadRounds,
    ...(context.source && { source: context.source }),
    memoryBytes: outcome.memoryBytes,
    memory: outcome.memory,
  };
}

/** Spans count from the block's first transaction. */
function workersOf({ workers }: Trace, { offset, places }: ReportContext): Report['perWorker'] {
  if (offset === 0 && places === undefined) return workers;
  return workers.map(({ spans, ...worker }) => ({
    ...worker,
    spans: spans.flatMap(({ transaction: task, ...span }) => {
      const place = places === undefined ? task : places[task]!;
      return place < 0 ? [] : [{ ...span, transaction: place - offset }];
    }),
  }));
}

function planningOf(
  { planning, trace }: RunOutcome,
  { planMs, predicted, early, partitions, problems }: PlannedFacts,
  counters: Counters,
  offset: number,
): PlanningReport {
  const { dependencies = 0, announced = 0, wrong = 0, firstWrong } = planning ?? {};
  return {
    ...{ planMs, predicted, dependencies, waits: counters.waits, early, partitions, announced, wrong },
    ...(firstWrong && { firstWrong: { index: firstWrong.task - offset, location: firstWrong.location } }),
    ...{ predictedReads: trace.predictedReads, problems },
  };
}

function criticalPathOf({ paths }: Trace, { offset, places, block }: ReportContext): CriticalStep[] {
  return paths.flatMap(stepsOf).flatMap(({ index: task, durationMs, location }) => {
    const place = places === undefined ? task : places[task]!;
    if (place < 0) return [];
    const index = place - offset;
    const hash = block?.transactions[index]?.hash;
    const step = { index, ...(hash === undefined ? {} : { hash }), durationMs };
    return [location === undefined ? step : { ...step, location }];
  });
}

function totalCounters(outcome: RunOutcome): Counters {
  const counters = noCounters();
  for (const worker of outcome.trace.workers) addCounters(counters, worker.counters);
  return counters;
}

/** Segments of a drained run name the same locations again. */
function mergedConflicts(conflicts: readonly ConflictReport[]): ConflictReport[] {
  const merged = new Map<string, { location: LocationName; count: number }>();
  for (const { location, count } of conflicts) {
    const name = `${location.kind} ${location.address ?? location.key} ${location.slot}`;
    const known = merged.get(name);
    if (known === undefined) merged.set(name, { location, count });
    else known.count += count;
  }
  return [...merged.values()].sort((left, right) => right.count - left.count);
}

function ratio(part: number, whole: number): number {
  return whole > 0 ? part / whole : 0;
}
