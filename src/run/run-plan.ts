// What is to be run: tasks, the state before them, what is known of them beforehand.

import type { EvmBlockInput, EvmTransactions } from '../core/evm/evm-encode.ts';
import type { Lanes } from '../core/host/block-host.ts';
import type { Recordings } from '../core/host/recordings.ts';
import type { RunPolicy } from '../core/host/run-policy.ts';
import type { AnnouncedWrites, StateImage } from '../core/host/state-image.ts';
import type { RunPrefix } from './run-outcome.ts';
import type { BlockTasks } from './task-name.ts';

export interface PlannedTask {
  /** Estimated gas, or any other measure of work; 0 where nobody knows. */
  readonly cost: number;
  readonly dependencies: readonly number[];
}

/** What is to be run; structured-cloneable. */
export interface RunPlan {
  /** How many tasks there are. */
  readonly count: number;
  /** What is known of each task; empty with `evm`, whose transactions say it themselves. */
  readonly tasks: readonly PlannedTask[];
  /** One program of the core's synthetic executor per task; `undefined`: the tasks are for an executor outside. */
  readonly programs: readonly Uint8Array[] | undefined;
  /** One transaction of the core's EVM per task, and what they share; `undefined`: as above. */
  readonly evm: { readonly environment: EvmBlockInput; readonly transactions: EvmTransactions } | undefined;
  readonly image: StateImage;
  /** Whether what is not in the image is zero; otherwise it is loaded when somebody misses it. */
  readonly complete: boolean;
  readonly window: number;
  /** How work is shared out and looked at again; the default one unless given. */
  readonly policy?: RunPolicy | undefined;
  /** Workers that a block is shared out to before it begins, where the policy says so. */
  readonly partitions?: number | undefined;
  readonly haltOnInvalid: boolean;
  /** Whether the block may know no code but what its state says; default false: what the memory has kept counts. */
  readonly forgetsCode?: boolean | undefined;
  readonly profile: boolean;
  /** One task at a time, in order. */
  readonly sequential: boolean;
  /** Workers that take part, at most; `undefined`: all that there are. */
  readonly workers?: number | undefined;
  /** Where the tasks are a block's. */
  readonly block: BlockTasks | undefined;
  /** Also collect what had changed before this task. */
  readonly checkpoint: number | undefined;
  /** Given: the state that stays is as it was when the run is over, but for what {@link StayingState.keep} was told. */
  readonly trial?: Trial | undefined;
  /** Given: the tasks of `evm` are in lanes. Nothing of what they do becomes part of the state, and no changes are collected. */
  readonly lanes?: Lanes | undefined;
  /** Given: the run goes on where another left off, whose results are known. */
  readonly prefix?: RunPrefix | undefined;
  /** Whether lessons are taken out of the memory. */
  readonly learns?: boolean | undefined;
  /** What is known before about how the tasks have to do with each other: hints, all of it. */
  readonly planning?: RunPlanning | undefined;
}

/** Structured-cloneable. Tasks are named by number. */
export interface RunPlanning {
  /** Pairs, one behind the other: a lower task, and a higher one that should not begin before it has executed. */
  readonly dependencies: Uint32Array;
  /** Those that begin ahead of their turn, in this order. */
  readonly early: Uint32Array;
  /** What tasks will write, for those that read it while they have not executed. */
  readonly announced: AnnouncedWrites | undefined;
}

/** What a run that changes nothing begins with. */
export interface Trial {
  /** What an earlier run has recorded of the tasks. */
  readonly recordings: Recordings;
  /** The layout in which the recordings hold. */
  readonly layout: number;
}
