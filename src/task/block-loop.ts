// A block whose loop is the caller's own, as who uses it sees it.

import type { ExecutionOutcome, StateView } from './executor.ts';

/** Where a transaction stands. */
export interface TransactionStatus {
  /** `suspended`: it waits for a lower one. `running`: somebody has begun it. */
  readonly state: 'ready' | 'running' | 'suspended' | 'executed' | 'committed';
  readonly incarnation: number;
}

/** One attempt at a transaction. */
export interface LoopAttempt {
  readonly transaction: number;
  readonly incarnation: number;
  /** The state as the attempt sees it; its writes are seen by others when it has ended. */
  readonly view: StateView;
  /**
   * Ends the attempt. `executed`: what it wrote can be read, and it is to be validated; `suspended`: it has met a value that is
   * about to be computed again, or that others have changed meanwhile: nothing was written, and it is to run again.
   * @throws MemoryLimitError
   */
  finish(outcome: ExecutionOutcome): 'executed' | 'suspended';
}

/** Somebody who makes attempts, one at a time. */
export interface LoopWorker {
  /** Begins an attempt at this transaction; `undefined` where it is not ready, or has to wait for a lower one first. */
  begin(transaction: number): LoopAttempt | undefined;
  /** Begins the attempt that the scheduler would make now, after it has committed and validated what it can. */
  next(): LoopAttempt | undefined;
}

/** What was done with what a transaction has read. */
export type Verdict = 'holds' | 'fails' | 'nothing';

/** What a committed transaction came to. */
export interface LoopResult {
  readonly status: ExecutionOutcome['status'];
  readonly gasUsed: bigint;
  readonly output: Uint8Array;
  readonly error: string | undefined;
}

/** A block of tasks, of which nobody executes any until the loop says so. */
export interface BlockLoop {
  /** Each makes attempts of its own; all on this thread. */
  readonly workers: readonly LoopWorker[];
  readonly count: number;
  /** Transactions committed so far: always the first ones. */
  readonly committed: number;
  status(transaction: number): TransactionStatus;
  /** A hint: `higher` is not begun before `lower` has executed. */
  addDependency(lower: number, higher: number): void;
  /** Whether what an executed transaction has read would be read now as well; final where all below are committed. */
  validate(transaction: number): Verdict;
  /** Takes an executed transaction back: it is ready again, and who reads what it wrote awaits it. */
  reexecute(transaction: number): boolean;
  /**
   * Commits the lowest transaction that is not committed, if it has executed and what it read holds: `holds`. Otherwise it is
   * taken back (`fails`); `nothing`: it has not executed, or all are committed.
   */
  commit(): Verdict;
  /** What a committed transaction came to. */
  result(transaction: number): LoopResult;
  /** Bytes after the transactions that are committed. */
  read(key: string | Uint8Array): Uint8Array | undefined;
  readNumber(key: string | Uint8Array): bigint;
}
