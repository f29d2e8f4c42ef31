// What an attempt at a task may use, and what is said where it used more.

export type QuotaName = 'gas' | 'memory' | 'time';

/** Limits of one task. Where several are given (the run's, the executor's, the task's own), the lowest holds. */
export interface TaskQuota {
  /** Gas that its outcome may report. */
  readonly gas?: bigint;
  /** Bytes that an attempt may write, keys and values together. */
  readonly memoryBytes?: number;
  /** Milliseconds that an attempt may take, tries again included. */
  readonly timeMs?: number;
}

/** Which limit was exceeded; `used` is what was seen when that was noticed: gas, bytes, or milliseconds. */
export interface QuotaBreach {
  readonly quota: QuotaName;
  readonly limit: bigint;
  readonly used: bigint;
}

const UNITS: Readonly<Record<QuotaName, string>> = { gas: 'gas', memory: 'bytes written', time: 'ms' };

export function breachInWords({ quota, limit, used }: QuotaBreach): string {
  return `the quota of ${quota} is exceeded: ${used} ${UNITS[quota]}, at most ${limit}`;
}
