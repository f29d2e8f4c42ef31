// What the host and its workers say to each other, through Comlink: one call per worker and round, where a wake-up will not do.

import type { PackedError } from '../base/packed-error.ts';
import type { RawResult, ResultBatch } from '../core/host/outcome.ts';
import type { CoreInstance } from '../core/instance/abi.ts';
import type { RoundEnd } from '../core/worker/worker-loop.ts';
import type { SharedCore } from '../run/memory.ts';
import type { LoadedState, RunHooks } from '../run/run-hooks.ts';
import type { RunOutcome, RunPrefix } from '../run/run-outcome.ts';
import type { RunPlan } from '../run/run-plan.ts';
import type { Work } from '../run/work.ts';
import type { PauseOptions } from './pauses.ts';

export interface RoundJob {
  readonly workerId: number;
  readonly first: number;
  /** See {@link Work}. */
  readonly workId: number;
  readonly work: Work | undefined;
  readonly coreId: number;
  /** The memory with this id, where the worker does not hold it. */
  readonly core: SharedCore | undefined;
}

/**
 * `trap`: the core itself broke; `executor`: the executor's module could not be used; `unequipped`: the worker has left an
 * attempt in the middle, because it needs the precompiled contracts first.
 */
export type RoundReply =
  | {
      readonly end: RoundEnd;
      /** When the worker began to execute, and when it had ended, on the memory's clock. */
      readonly beganMs: number;
      readonly endedMs: number;
    }
  | { readonly problem: 'unequipped' }
  | { readonly problem: 'trap'; readonly message: string }
  | { readonly problem: 'executor'; readonly error: PackedError };

/** Committed transactions to be traced, in a memory that the worker is attached to. */
export interface ReplayJob {
  readonly coreId: number;
  readonly workerId: number;
  /** The trace build, and the URL of the module that traces. */
  readonly module: WebAssembly.Module;
  readonly tracers: string;
  /** What that module is asked. */
  readonly order: unknown;
}

/** `unable`: the worker cannot trace. */
export type ReplayReply =
  | { readonly answer: unknown }
  | { readonly problem: 'unable' }
  | { readonly problem: 'tracer'; readonly error: PackedError };

/** Where a worker does a module's errands, on a copy of a state that stays. */
export interface ErrandPlace {
  /** The memory of the state, in which nobody is at work. */
  readonly core: SharedCore;
  /** That it is laid out for. */
  readonly highestWorker: number;
  /** The trace build, and the URL of the module. */
  readonly traced: WebAssembly.Module;
  readonly url: string;
  /** What the module is told of the state. */
  readonly opening: unknown;
}

/** Somebody who does a module's errands. */
export interface ErrandRunner {
  run(order: unknown): Promise<unknown>;
}

/** What the worker is given for an errand it is asked for, and the module's `openErrands` beside the place. */
export interface ErrandHelp {
  /** Gives an instance the precompiled contracts that the thread has. */
  equip(instance: CoreInstance): void;
  /** Loads them, for one that has thrown `Unequipped`. */
  loadPrecompiles(instance: CoreInstance): Promise<void>;
  load: ErrandHooks['load'];
}

/** What a worker calls on the host's side while it does errands. */
export interface ErrandHooks {
  /** What the copy does not have: keys of state, answered by their values. */
  load(keys: readonly unknown[]): Promise<ErrandReply>;
  precompiles(): Promise<PrecompilesReply>;
}

/** The address of their module. */
export type PrecompilesReply = { readonly url: string } | { readonly error: PackedError };

export type ErrandReply = { readonly answer: unknown } | { readonly error: PackedError };

/** What a worker posts, outside Comlink, after a round that it was woken for (see doorbell.ts). */
export interface RoundMessage {
  readonly roundReply: RoundReply;
}

export interface SoloJob {
  readonly module: WebAssembly.Module;
  readonly pages: number;
  readonly plan: RunPlan;
  readonly work: Work;
  /** Whether results are to be posted as they come. */
  readonly stream: boolean;
  /** Whether each attempt is to be announced, for the time limit. */
  readonly watch: boolean;
  /** When it tells what is committed. */
  readonly pauses: PauseOptions;
}

export type SoloReply =
  | { readonly outcome: RunOutcome }
  | { readonly invalid: { readonly index: number; readonly result: RawResult } }
  | { readonly error: PackedError };

/** What a solo worker calls on the host's side. */
export interface SoloHooks {
  load(...asked: Parameters<RunHooks['load']>): Promise<LoadedState | { error: PackedError }>;
  committed(results: ResultBatch, total: number): void;
  drain(from: number): void;
  precompiles(): Promise<PrecompilesReply>;
  /** What another worker goes on from, should this one be lost; and the results since the last time. */
  paused(prefix: RunPrefix, results: readonly ResultBatch[]): void;
  /** An attempt begins, or (`undefined`) ends. */
  attempt(transaction: number | undefined): void;
}

export interface WorkerApi {
  /** Answers once the worker is up. With the words of a doorbell it sleeps on them from now on. */
  hello(doorbell: Int32Array | undefined): Promise<void>;
  /** Loads what it takes to run without a host's memory; without a URL, the script has it in it. */
  loadAlone(url: string | undefined): Promise<PackedError | undefined>;
  /** Answers once the core's EVM runs at full speed in this process, or soon after somebody has less patience than that takes. */
  warmUp(module: WebAssembly.Module): Promise<void>;
  /** See {@link Patience}. */
  hurryWarmUp(patience: number): Promise<void>;
  /** Does what a round does a few times, so that the first one does not run on code that is compiled on the way. */
  rehearse(module: WebAssembly.Module): Promise<void>;
  /** Loads the precompiled contracts by the URL of their module, for all that the worker runs from now on. */
  loadPrecompiles(url: string): Promise<PackedError | undefined>;
  /** The number that the operating system has for the worker's thread. */
  threadNumber(): Promise<number>;
  runRound(job: RoundJob): Promise<RoundReply>;
  runReplay(job: ReplayJob): Promise<ReplayReply>;
  /** Copies a state, for errands. */
  openErrands(place: ErrandPlace, hooks: ErrandHooks): Promise<ErrandReply>;
  runErrand(order: unknown): Promise<ErrandReply>;
  closeErrands(): Promise<void>;
  /** Runs everything alone, over a memory of its own. */
  runSolo(job: SoloJob, hooks: SoloHooks): Promise<SoloReply>;
  cancelSolo(): Promise<void>;
  addDependency(lower: number, higher: number): Promise<void>;
  /** Posts results from now on. */
  streamSolo(): Promise<void>;
}
