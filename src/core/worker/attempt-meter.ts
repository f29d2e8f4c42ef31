// Measures what an attempt uses where there are quotas, and takes the view away from one that has used too much.

import { isBytes } from '../../base/hex.ts';
import type { ExecutionOutcome, Executor, StateView, Task } from '../../task/executor.ts';
import { breachInWords, type QuotaBreach, type TaskQuota } from '../../task/quota.ts';

/** Ends an attempt that has used too much; its own executor sees it as the error of a write. */
export class QuotaExceeded extends Error {
  override name = 'QuotaExceeded';
  readonly breach: QuotaBreach;

  constructor(breach: QuotaBreach) {
    super(breachInWords(breach));
    this.breach = breach;
  }
}

export class AttemptMeter {
  readonly #quota: TaskQuota;
  readonly #startMs = performance.now();
  #bytes = 0;
  #breach: QuotaBreach | undefined;
  /** The attempt has ended: what its executor still does counts for nothing. */
  isOver = false;

  constructor(quota: TaskQuota) {
    this.#quota = quota;
  }

  /** What is left of the time; `undefined`: there is no limit. */
  get leftMs(): number | undefined {
    const { timeMs } = this.#quota;
    return timeMs === undefined ? undefined : Math.max(0, this.#startMs + timeMs - performance.now());
  }

  /** A try begins, of which nothing is written yet. */
  begin(): void {
    this.#bytes = 0;
    this.#breach = undefined;
  }

  /** What was exceeded, as far as that is known when the attempt ends with this. */
  breachOf(outcome: unknown): QuotaExceeded | undefined {
    const breach = this.#breach ?? this.#gasOf(outcome) ?? this.timeBreach();
    return breach === undefined ? undefined : new QuotaExceeded(breach);
  }

  timeBreach(): QuotaBreach | undefined {
    const { timeMs } = this.#quota;
    const used = performance.now() - this.#startMs;
    if (timeMs === undefined || used < timeMs) return undefined;
    return { quota: 'time', limit: BigInt(Math.ceil(timeMs)), used: BigInt(Math.ceil(used)) };
  }

  #gasOf(outcome: unknown): QuotaBreach | undefined {
    const { gas: limit } = this.#quota;
    const used = (outcome as ExecutionOutcome | undefined | null)?.gasUsed;
    return limit === undefined || typeof used !== 'bigint' || used <= limit ? undefined : { quota: 'gas', limit, used };
  }

  /** The view as this attempt has it: what it writes is counted. */
  over(view: StateView): StateView {
    return meteredView(view, (bytes) => {
      if (this.isOver) throw new Error('this attempt is over: its view can no longer be used');
      this.#bytes += bytes;
      const { memoryBytes: limit } = this.#quota;
      if (limit === undefined || this.#bytes <= limit) return;
      this.#breach ??= { quota: 'memory', limit: BigInt(Math.floor(limit)), used: BigInt(this.#bytes) };
      throw new QuotaExceeded(this.#breach);
    });
  }
}

/** The lowest of all limits of a task; `undefined`: there is none. Limits of an executor that are none are dropped. */
export function quotaOf(task: Task, executor: Executor, run: TaskQuota | undefined): TaskQuota | undefined {
  const { quota: own } = executor;
  if (run === undefined && own === undefined && task.quota === undefined) return undefined;
  const given = [run, own, task.quota];
  const gas = given.map((quota) => quota?.gas).filter((value) => typeof value === 'bigint');
  const least = (name: 'memoryBytes' | 'timeMs') =>
    Math.min(...given.map((quota) => quota?.[name] ?? Number.POSITIVE_INFINITY).filter((value) => value >= 0));
  const [memoryBytes, timeMs] = [least('memoryBytes'), least('timeMs')];
  return {
    ...(gas.length > 0 && { gas: gas.reduce((lowest, one) => (one < lowest ? one : lowest)) }),
    ...(Number.isFinite(memoryBytes) && { memoryBytes }),
    ...(Number.isFinite(timeMs) && { timeMs }),
  };
}

const [ADDRESS, WORD] = [20, 32];
const encoder = new TextEncoder();

function sizeOf(value: unknown): number {
  if (typeof value === 'string') return encoder.encode(value).length;
  return isBytes(value) ? value.length : 0;
}

/** Asks `count` before anything is done: with what is written in bytes, 0 where something is read. */
function meteredView(view: StateView, count: (bytes: number) => void): StateView {
  const read = <T>(method: () => T): T => {
    count(0);
    return method();
  };
  const write = (bytes: number, method: () => void): void => {
    count(bytes);
    method();
  };
  return {
    index: view.index,
    incarnation: view.incarnation,
    balance: (address) => read(() => view.balance(address)),
    balanceAtLeast: (address, minimum) => read(() => view.balanceAtLeast(address, minimum)),
    nonce: (address) => read(() => view.nonce(address)),
    codeHash: (address) => read(() => view.codeHash(address)),
    code: (address) => read(() => view.code(address)),
    storage: (address, slot) => read(() => view.storage(address, slot)),
    exists: (address) => read(() => view.exists(address)),
    read: (key) => read(() => view.read(key)),
    readNumber: (key) => read(() => view.readNumber(key)),
    atLeast: (key, minimum) => read(() => view.atLeast(key, minimum)),
    setBalance: (address, balance) => write(ADDRESS + WORD, () => view.setBalance(address, balance)),
    credit: (address, amount) => write(ADDRESS + WORD, () => view.credit(address, amount)),
    setNonce: (address, nonce) => write(ADDRESS + WORD, () => view.setNonce(address, nonce)),
    setCode: (address, code, hash) => write(ADDRESS + WORD + sizeOf(code), () => view.setCode(address, code, hash)),
    setStorage: (address, slot, value) => write(ADDRESS + 2 * WORD, () => view.setStorage(address, slot, value)),
    setExists: (address, exists) => write(ADDRESS + WORD, () => view.setExists(address, exists)),
    resetStorage: (address) => write(ADDRESS + WORD, () => view.resetStorage(address)),
    write: (key, value) => write(sizeOf(key) + sizeOf(value), () => view.write(key, value)),
    writeNumber: (key, value) => write(sizeOf(key) + WORD, () => view.writeNumber(key, value)),
    add: (key, amount) => write(sizeOf(key) + WORD, () => view.add(key, amount)),
  };
}
