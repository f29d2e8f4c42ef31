// What the page and its worker tell each other: plain values.
import type { SpanReport } from 'pevm-wasm';

export interface BlockOptions {
  readonly transactions: number;
  /** 0 to 1. */
  readonly conflictRate: number;
  readonly seed: number;
}

/** Who runs the block. */
export interface Lane {
  readonly workers: number;
  readonly executor: 'wasm' | 'ethereumjs';
}

/** Told how far something is, 0 to 1. */
export type Progress = (share: number) => void | Promise<void>;

export interface Conflict {
  readonly name: string;
  readonly count: number;
}

/** The run of median duration among `rounds`. Times are in milliseconds. */
export interface RunSummary {
  readonly receiptsRoot: string;
  readonly gasUsed: number;
  readonly rounds: number;
  readonly workers: number;
  readonly executionMs: number;
  readonly executions: number;
  readonly reexecutions: number;
  readonly suspensions: number;
  readonly boundMs: number;
  readonly efficiency: number;
  /** What each worker did, in order of time. */
  readonly lanes: readonly (readonly SpanReport[])[];
  readonly conflicts: readonly Conflict[];
}
