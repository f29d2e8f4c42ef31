// What the page and its worker tell each other: plain values.
import type { Hardfork, Preview, SpanReport } from 'pevm-wasm';

export const WORKLOADS = ['mixed', 'transfers', 'tokens', 'swaps', 'mints', 'failures'] as const;
export type Workload = (typeof WORKLOADS)[number];

export interface BlockOptions {
  readonly workload: Workload;
  readonly transactions: number;
  /** 0 to 1. */
  readonly conflictRate: number;
  readonly seed: number;
}

/** Where the block comes from. */
export type Source =
  | { readonly kind: 'made'; readonly options: BlockOptions }
  | { readonly kind: 'file'; readonly file: File }
  /** `what`: a number, `latest`, the hash of a block, or that of a transaction in it; `hardfork`: of a chain that is not known. */
  | { readonly kind: 'node'; readonly url: string; readonly what: string; readonly hardfork: Hardfork | undefined };

/** A block that is ready to run. */
export interface Ready {
  readonly title: string;
  readonly transactions: readonly TransactionRow[];
  /** The transaction that was asked for by its hash. */
  readonly chosen?: number;
}

export interface TransactionRow {
  readonly kind: string;
  readonly hash: string;
  readonly from: string;
  /** Empty for a creation. */
  readonly to: string;
  /** In wei. */
  readonly value: bigint;
}

/** Who runs the block. */
export interface Lane {
  readonly workers: number;
  readonly executor: 'wasm' | 'ethereumjs';
}

/** Told how far something is, 0 to 1. */
export type Progress = (share: number) => void | Promise<void>;

/** A place in the state where transactions met. */
export interface Conflict {
  readonly name: string;
  /** Validations that failed because of it. */
  readonly count: number;
  /** Transactions that changed it, in block order; none where that was not recorded. */
  readonly writers: readonly number[];
}

/** How one transaction went. */
export interface TransactionOutcome {
  readonly success: boolean;
  readonly gasUsed: number;
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
  readonly t1Ms: number;
  readonly tInfinityMs: number;
  readonly boundMs: number;
  readonly efficiency: number;
  /** What each worker did, in order of time. */
  readonly lanes: readonly (readonly SpanReport[])[];
  readonly conflicts: readonly Conflict[];
  readonly outcomes: readonly TransactionOutcome[];
  /** What differs from the block's header; nothing where it names no outcome. */
  readonly mismatches: readonly string[];
}

/** What one number of workers came to. */
export interface ScalePoint {
  readonly workers: number;
  readonly executionMs: number;
}

/** What a transaction does, as it travels. */
export type Effects = Omit<Preview, 'isStillValid' | 'transactions'>;

/** The list of transactions as the visitor wants it: places in the block, in the new order. */
export type Order = readonly number[];

/** What the block would have come to. */
export interface Alternative {
  readonly gasUsed: number;
  /** The part of the block's gas that did not have to be executed again, 0 to 1. */
  readonly saved: number;
  readonly executed: number;
  readonly changed: readonly { readonly origin: number; readonly words: string }[];
  /** Accounts whose state would be another after the block. */
  readonly accounts: number;
  readonly durationMs: number;
}
