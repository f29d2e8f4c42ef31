// The types of what a run reports, and of what an engine measures.

import type { Hex } from './base/hex.ts';
import type { MetricName } from './base/metrics.ts';

/** How many threads a run has: several over one memory, or one. */
export type Threading = 'shared' | 'inline';

/** A place in the state, by name. */
export interface LocationName {
  readonly kind:
    | 'balance'
    | 'nonce'
    | 'code'
    | 'reset'
    | 'existence'
    | 'storage'
    | 'data'
    | 'number'
    | 'bytecode'
    | 'blockHash';
  readonly address?: Hex;
  readonly slot?: Hex;
  /** Free-form keys: UTF-8 where they are text, hex otherwise. */
  readonly key?: string;
}

/** How a run went. Times are milliseconds of wall clock. */
export interface Report {
  readonly threading: Threading;
  /** That could execute at the same time; those that took part are in `perWorker`. */
  readonly workers: number;
  readonly totalDurationMs: number;
  /** Loading the state before the block into the core. */
  readonly loadMs: number;
  /** Handing the run to the workers and hearing from them: messages, making the executors. */
  readonly setupMs: number;
  /** From the first worker's start to the last commit, without loading in between. */
  readonly executionMs: number;
  /** Reading results and state out of the core. */
  readonly decodeMs: number;
  readonly executions: number;
  /** Executions beyond the first of each transaction. */
  readonly reexecutions: number;
  readonly aborts: number;
  readonly suspensions: number;
  /** All counters of the core, summed over the workers. */
  readonly counters: Readonly<Record<MetricName, number>>;
  readonly perWorker: readonly WorkerReport[];
  /** Locations whose changes made validations fail, most frequent first. */
  readonly conflicts: readonly ConflictReport[];
  readonly bound: BoundReport;
  /** Where the run had an access oracle. */
  readonly planning?: PlanningReport;
  /** How often the rest of the block had to be run sequentially from a committed prefix. */
  readonly drains: number;
  readonly workersLost: number;
  /** Rounds of loading state that was found missing. */
  readonly loadRounds: number;
  /** Where the source of the state counts, as `rpcState` does. */
  readonly source?: SourceReport;
  /** Bytes of the shared memory in use at the end, but for the code in it. */
  readonly memoryBytes: number;
  /** What they are taken by. */
  readonly memory: MemoryReport;
}

/** Bytes of the shared memory in use at the end of a run. What no run has touched yet takes none. */
export interface MemoryReport {
  /** Whatever the block is: control words, and workers with their queues. */
  readonly fixed: number;
  /** 64 for each transaction. */
  readonly transactions: number;
  /** 128 for each location, those of a state that stays included, and their table. */
  readonly locations: number;
  /** What the run took as it went: attempts with their versions and outputs, and what workers need for themselves. */
  readonly arena: number;
  /** Code, which is kept from block to block: no part of `memoryBytes`. */
  readonly code: number;
}

/** What a source of state was asked meanwhile, by whomever. */
export interface SourceReport {
  /** Trips, one after the other, that somebody waited for: what is sent together counts once. */
  readonly rounds: number;
  /** Questions in all messages, those that were sent again too. */
  readonly requests: number;
  readonly messages: number;
  /** Accounts, slots and hashes of blocks that were fetched. */
  readonly keys: number;
  /** Those of them that nobody has asked for, yet: less than 0 where what others left was asked for. */
  readonly wasted: number;
  /** Sent and received. */
  readonly bytes: number;
}

export interface WorkerReport {
  readonly id: number;
  readonly counters: Readonly<Record<MetricName, number>>;
  /** With `enableProfiling`, in order of time. */
  readonly spans: readonly SpanReport[];
}

export interface SpanReport {
  readonly kind: 'executed' | 'suspended' | 'validated' | 'idle' | 'recovered';
  /** Numbered as in {@link CriticalStep}. */
  readonly transaction: number;
  readonly incarnation: number;
  /** Since the run began. */
  readonly startMs: number;
  readonly endMs: number;
}

export interface ConflictReport {
  readonly location: LocationName;
  readonly count: number;
}

/** What an access oracle was good for in a run. */
export interface PlanningReport {
  /** Asking the oracle, and making the plan; before the run. */
  readonly planMs: number;
  /** Transactions, or tasks, that the oracle said anything of. */
  readonly predicted: number;
  /** Hints to wait for a lower one that were given to the scheduler. */
  readonly dependencies: number;
  /** How often one was put off because of a hint, those of senders among them. */
  readonly waits: number;
  /** How many were to begin ahead of their turn. */
  readonly early: number;
  /** Groups that have nothing to do with each other as far as the oracle knows. */
  readonly partitions: number;
  /** Values that were said to be written, and how many of them were not. */
  readonly announced: number;
  readonly wrong: number;
  /** The first wrong one: who was said to write it, numbered as in {@link CriticalStep}. */
  readonly firstWrong?: { readonly index: number; readonly location: LocationName };
  /** Reads of values that were announced: nobody had to wait for them. */
  readonly predictedReads: number;
  /** What was wrong with the oracle: what it threw, what was no prediction. */
  readonly problems: readonly string[];
}

/** How near the run came to what its dependencies allow (see the core's design: T1, T∞). */
export interface BoundReport {
  /** Sum of the final executions' times: what one worker needs at least. */
  readonly t1Ms: number;
  /** Longest chain of dependent final executions: what any number of workers needs at least. */
  readonly tInfinityMs: number;
  /** max(T1 / workers, T∞). */
  readonly boundMs: number;
  /** boundMs / executionMs. */
  readonly efficiency: number;
  /** T1 / executionMs: against one worker that does nothing but execute. */
  readonly speedup: number;
  /** T1 / boundMs: what could be had at best. */
  readonly speedupBound: number;
  /** The longest chain, from its first transaction on. */
  readonly criticalPath: readonly CriticalStep[];
}

export interface CriticalStep {
  /** Index of the task, or of the transaction in its block; blocks number their first and last step -1 and n. */
  readonly index: number;
  /** Hash of a transaction. */
  readonly hash?: Hex;
  readonly durationMs: number;
  /** What it read from the step before. */
  readonly location?: LocationName;
}

/** What an engine has measured of itself, since it was made or `engine.resetMetrics()`. Times are in milliseconds. */
export interface MetricsSnapshot {
  readonly sinceMs: number;
  /** Blocks and lists of tasks that came to their end. */
  readonly runs: number;
  readonly transactions: number;
  readonly executionMs: number;
  readonly loadMs: number;
  readonly decodeMs: number;
  /** Rounds of loading state that was found missing. */
  readonly loadRounds: number;
  readonly counters: Readonly<Record<MetricName, number>>;
  readonly workersLost: number;
  readonly drains: number;
  /** Runs that rejected, by the name of the error; what was cancelled is among them. */
  readonly failures: Readonly<Record<string, number>>;
  /** Failures among all runs, 0 to 1. */
  readonly errorRate: number;
  /** By time of execution. */
  readonly transactionsPerSecond: number;
  /** Attempts that were taken back among all, 0 to 1. */
  readonly conflictRate: number;
  /** From the call to the run's turn. */
  readonly waiting: Distribution;
  /** From the call to the result. */
  readonly latency: Distribution;
  /** {@link Report.executionMs} of each run. */
  readonly execution: Distribution;
  /** What goes on at this moment. */
  readonly now: LiveMetrics;
  /** Of the shared memory, at the end of the last run. */
  readonly memoryBytes: number;
  /** Of the whole process; `undefined` in browsers, which do not tell. */
  readonly process: { readonly cpuMs: number; readonly residentBytes: number } | undefined;
  readonly last?: Report;
  /** What held the last run back, in words. */
  analyze(): Analysis;
}

/** How some durations are spread, in milliseconds. */
export interface Distribution {
  readonly count: number;
  readonly sum: number;
  readonly minimum: number;
  readonly maximum: number;
  readonly mean: number;
  /** The value below which the part `q`, from 0 to 1, of all are; right to 4.5 %. 0 where there is none. @throws RangeError */
  quantile(q: number): number;
}

/** What an engine does at this moment. */
export interface LiveMetrics {
  /** Runs that wait for their turn. */
  readonly queueDepth: number;
  readonly activeRuns: number;
  /** Workers at the disposal of runs that execute now. */
  readonly activeWorkers: number;
  readonly workers: number;
  /** Of the active runs. */
  readonly transactions: number;
  /** How many of these are committed. */
  readonly committed: number;
}

export interface Analysis {
  /** The figures that say so, by name. */
  readonly evidence: Readonly<Record<string, number>>;
  readonly bottleneck:
    | 'none'
    | 'dependencies'
    | 'conflicts'
    | 'scheduling'
    | 'state-loading'
    | 'memory'
    | 'worker-loss'
    | 'too-few-transactions';
  readonly recommendation: string;
}
