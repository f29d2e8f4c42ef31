// What came of a run: results, changes and figures, of all its tasks or of those that are committed so far.

import type { RawChanges } from '../core/host/change-records.ts';
import type { RunLessons } from '../core/host/lessons.ts';
import type { RawResult, ResultBatch } from '../core/host/outcome.ts';
import type { Trace } from '../core/host/run-statistics.ts';
import type { StateImage } from '../core/host/state-image.ts';
import type { LocationName, MemoryReport } from '../types.ts';

/** Structured-cloneable. */
export interface RunOutcome {
  /** In order: all of them, or those behind the plan's prefix. */
  readonly results: readonly ResultBatch[];
  readonly changes: RawChanges;
  readonly checkpoint: RawChanges | undefined;
  readonly trace: Trace;
  readonly planning: PlanningOutcome | undefined;
  /** One per memory, where the plan learns. */
  readonly lessons: readonly RunLessons[];
  readonly loadMs: number;
  readonly setupMs: number;
  readonly executionMs: number;
  readonly decodeMs: number;
  readonly drains: number;
  readonly loadRounds: number;
  readonly memoryBytes: number;
  readonly memory: MemoryReport;
}

/** Times, and how often what happened. */
export type Figures = Pick<RunOutcome, 'loadMs' | 'setupMs' | 'executionMs' | 'decodeMs' | 'drains' | 'loadRounds'>;

/** What was given of a plan, and what became of it. Structured-cloneable. */
export interface PlanningOutcome {
  dependencies: number;
  announced: number;
  wrong: number;
  /** The first that is wrong: task, and place. */
  firstWrong: { readonly task: number; readonly location: LocationName } | undefined;
}

/** What is committed of a run, and what the rest needs of it. Structured-cloneable. */
export interface RunPrefix {
  /** The first task that is not committed. */
  readonly first: number;
  /** The state that it begins with: as a whole, or what is otherwise than in the plan's image. */
  readonly image: StateImage;
  readonly isWhole: boolean;
  readonly sequential: boolean;
  readonly changes: RawChanges;
  readonly checkpoint: RawChanges | undefined;
  readonly trace: Trace;
  readonly planning: PlanningOutcome | undefined;
  /** Accounts whose storage is gone by now, lower-case hex. */
  readonly emptied: readonly string[];
  readonly figures: Figures;
}

/** The outcome at the commit head that makes a whole run invalid. */
export class InvalidOutcome extends Error {
  readonly index: number;
  readonly result: RawResult;

  constructor(index: number, result: RawResult) {
    super(`task ${index}: ${result.error ?? result.status}`);
    this.index = index;
    this.result = result;
  }
}
