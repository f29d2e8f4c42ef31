// What an executor is, and what it sees of the state. The contract between the engine and everything that can
// execute a transaction: the ethereumjs executor, executors that users bring, and tests.

import type { TaskQuota } from './quota.ts';

/**
 * The state as one attempt at one task sees it: what lower tasks leave behind, plus the attempt's own writes.
 *
 * Every method is synchronous. A read that meets a value still being computed throws {@link SuspendSignal}; the
 * executor must let it pass (no catch, no finally that reads or writes): the engine ends the attempt, frees the worker
 * and runs the task again later. Everything an attempt learns about the state must come through its view.
 *
 * Addresses are 20 bytes; slots, code hashes and storage values are 32 bytes, big-endian. Returned arrays belong to the
 * caller. Writes become visible to higher tasks only when the attempt is published, all at once.
 */
export interface StateView {
  /** Index of the task in the block, from 0. */
  readonly index: number;
  /** How often the task was attempted to the end before. */
  readonly incarnation: number;

  balance(address: Uint8Array): bigint;
  /** Whether the balance is at least `minimum`; records only that answer, so that other changes do not conflict. */
  balanceAtLeast(address: Uint8Array, minimum: bigint): boolean;
  nonce(address: Uint8Array): bigint;
  /** keccak256 of the account's code; the hash of the empty string where there is none. */
  codeHash(address: Uint8Array): Uint8Array;
  code(address: Uint8Array): Uint8Array;
  storage(address: Uint8Array, slot: Uint8Array): Uint8Array;
  /** Whether the account exists although it is empty. Meaningful before EIP-161 only. */
  exists(address: Uint8Array): boolean;

  setBalance(address: Uint8Array, balance: bigint): void;
  /** Adds to the balance without reading it: credits of several tasks commute and do not conflict. */
  credit(address: Uint8Array, amount: bigint): void;
  setNonce(address: Uint8Array, nonce: bigint): void;
  /** Sets the code; `hash` is its keccak256. */
  setCode(address: Uint8Array, code: Uint8Array, hash: Uint8Array): void;
  setStorage(address: Uint8Array, slot: Uint8Array, value: Uint8Array): void;
  setExists(address: Uint8Array, exists: boolean): void;
  /** Empties the whole storage of the account (self-destruct, re-creation); later `setStorage` calls still count. */
  resetStorage(address: Uint8Array): void;

  /** Free-form state for custom tasks: bytes under a key of 1 to 65,535 bytes (strings are UTF-8). */
  read(key: string | Uint8Array): Uint8Array | undefined;
  write(key: string | Uint8Array, value: Uint8Array | undefined): void;
  /** Free-form numbers, 0 to 2^256 - 1; a key that nobody wrote reads as 0. Apart from the bytes above. */
  readNumber(key: string | Uint8Array): bigint;
  writeNumber(key: string | Uint8Array, value: bigint): void;
  /** Adds without reading, like `credit`; the sum wraps at 2^256. */
  add(key: string | Uint8Array, amount: bigint): void;
  /** Whether the number is at least `minimum`, recording only that answer. */
  atLeast(key: string | Uint8Array, minimum: bigint): boolean;
}

/** Thrown by a view when the value is not known yet. Not an error: the task runs again. */
export class SuspendSignal {
  readonly suspend = true;
}

/** A unit of work. Tasks of one execution are ordered: task `i` sees exactly what tasks `0 … i - 1` leave. */
export interface Task<T = unknown> {
  /** Position in the order: the first task is 0, and ids are dense and ascending. */
  id: number;
  /** Lower tasks this one probably needs. A hint: results never depend on it. */
  dependencies?: readonly number[];
  estimatedGas?: bigint;
  /** Milliseconds that it will probably take; counts more than gas for who plans. */
  estimatedMs?: number;
  /** What an attempt at it may use. More, and the task has failed: {@link TaskQuota}. */
  quota?: TaskQuota;
  /** `taskTimeoutMs` of this task. */
  timeoutMs?: number;
  sender?: `0x${string}`;
  /** What the executor needs; structured-cloneable where the executor runs in workers. */
  payload?: T;
}

/** How an attempt ended. A failure of the task's own is an outcome, not an exception. */
export interface ExecutionOutcome {
  /**
   * `success`; `reverted`: executed and failed by the rules, writes count (fees); `failed`: the executor threw, no writes;
   * `invalid`: the task may not run on this state at all (nonce, funds), no writes.
   */
  status: 'success' | 'reverted' | 'failed' | 'invalid';
  gasUsed?: bigint;
  /** Result bytes in a form of the executor's own. */
  output?: Uint8Array;
  /** Why, for `reverted`, `failed` and `invalid`. */
  error?: string;
}

export interface ExecutionEstimate {
  gas?: bigint;
  dependencies?: readonly number[];
  /** Milliseconds; counts more than gas. Asked of executors that are objects. */
  durationMs?: number;
}

/** Gives tasks views of their own, or parts of one. */
export interface StorageProvider<T = unknown> {
  /**
   * Called at the begin of each attempt. Methods of what it answers take the place of those of `store`, which all others fall
   * back to; `undefined`: all of them do. What it reads elsewhere must stay the same while the tasks run: only what goes through
   * `store` is validated.
   */
  viewOf(task: Task<T>, store: StateView): Partial<StateView> | undefined;
}

/** What an attempt that threw is good for: the same once more, with what it has read and written forgotten. */
export interface RetryPolicy<T = unknown> {
  /** Tries beside the first, 0 to 100. */
  readonly count: number;
  /** Before the first of them, in milliseconds; default 0. The worker waits meanwhile. */
  readonly delayMs?: number;
  /** Each delay is so many times as long as the one before; default 2. */
  readonly factor?: number;
  /** Whether this error passes; default any. An attempt may also throw because it saw what is not final yet. */
  when?(error: unknown, task: Task<T>): boolean;
  /** Hears of each try again, before its delay. */
  retried?(event: {
    readonly task: Task<T>;
    readonly error: unknown;
    readonly tries: number;
    readonly delayMs: number;
  }): void;
}

export interface Executor<T = unknown> {
  execute(task: Task<T>, view: StateView): ExecutionOutcome | Promise<ExecutionOutcome>;
  /** Where the state of tasks comes from, if not from the multi-version store alone. */
  readonly storage?: StorageProvider<T>;
  /** What is done where `execute` throws; default: the task has failed. */
  readonly retry?: RetryPolicy<T>;
  /** What each attempt may use; more, and its task has failed. */
  readonly quota?: TaskQuota;
  /** Optional hints for the scheduler. May be wrong; must not throw. */
  estimate?(task: Task<T>): ExecutionEstimate;
}

/**
 * An executor for workers is an ES module that exports `createExecutor`. Every worker imports the module once and calls
 * it once per execution with the (structured-cloned) options of that execution.
 */
export interface ExecutorModule<T = unknown> {
  createExecutor(options: unknown): Executor<T> | Promise<Executor<T>>;
}
