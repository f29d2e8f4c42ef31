// What an engine measures of itself: sums over all its runs, how long they took, and what is going on now.

import { processUsage } from '../base/platform.ts';
import { addCounters, noCounters } from '../core/host/run-statistics.ts';
import type { MetricsSnapshot, Report } from '../types.ts';
import { analyzeReport } from './analysis.ts';
import { Durations } from './distribution.ts';

/** What a meter asks of a run that goes on. */
interface Running {
  committed(): number;
}

/** A job from the call on. */
export interface MeteredJob {
  /** Its turn has come. */
  begin(): void;
  /** Its plan runs. */
  follow(run: Running): void;
  done(): void;
  failed(error: unknown): void;
}

interface Active {
  readonly transactions: number;
  /** Tasks of the run that are no transactions, and come before them. */
  readonly offset: number;
  run: Running | undefined;
}

export class Meter {
  readonly #workers: () => number;
  #sums = noSums();
  #counters = noCounters();
  #failures = new Map<string, number>();
  #waiting = new Durations();
  #latency = new Durations();
  #execution = new Durations();
  #last: Report | undefined;
  #sinceMs = performance.now();
  #queued = 0;
  readonly #active = new Set<Active>();

  /** `workers`: that the engine has now. */
  constructor(workers: () => number) {
    this.#workers = workers;
  }

  /** Follows a job of so many transactions, or tasks, from its call to its end. */
  take(transactions: number, offset: number): MeteredJob {
    const active: Active = { transactions, offset, run: undefined };
    const calledMs = performance.now();
    let waits = true;
    this.#queued++;
    const leave = () => {
      if (waits) this.#queued--;
      waits = false;
      this.#active.delete(active);
    };
    return {
      begin: () => {
        leave();
        this.#active.add(active);
        this.#waiting.add(performance.now() - calledMs);
      },
      follow: (run) => {
        active.run = run;
      },
      done: () => {
        leave();
        this.#latency.add(performance.now() - calledMs);
      },
      failed: (error) => {
        leave();
        const name = error instanceof Error ? error.name : 'Error';
        this.#failures.set(name, (this.#failures.get(name) ?? 0) + 1);
      },
    };
  }

  /** Adds a run of so many transactions, or tasks. */
  add(report: Report, transactions: number): void {
    const sums = this.#sums;
    this.#last = report;
    sums.runs++;
    sums.transactions += transactions;
    for (const name of ['executionMs', 'loadMs', 'decodeMs', 'loadRounds', 'workersLost', 'drains'] as const) {
      sums[name] += report[name];
    }
    this.#execution.add(report.executionMs);
    addCounters(this.#counters, report.counters);
  }

  /** Forgets all but what goes on now. */
  reset(): void {
    this.#sums = noSums();
    this.#counters = noCounters();
    this.#failures = new Map();
    [this.#waiting, this.#latency, this.#execution] = [new Durations(), new Durations(), new Durations()];
    this.#last = undefined;
    this.#sinceMs = performance.now();
  }

  snapshot(): MetricsSnapshot {
    const last = this.#last;
    const [sums, counters] = [{ ...this.#sums }, { ...this.#counters }];
    const failed = [...this.#failures.values()].reduce((sum, count) => sum + count, 0);
    return {
      ...sums,
      sinceMs: performance.now() - this.#sinceMs,
      counters,
      failures: Object.fromEntries(this.#failures),
      errorRate: ratio(failed, failed + sums.runs),
      transactionsPerSecond: ratio(sums.transactions, sums.executionMs / 1000),
      conflictRate: ratio(counters.aborts, counters.executions),
      waiting: this.#waiting.snapshot(),
      latency: this.#latency.snapshot(),
      execution: this.#execution.snapshot(),
      now: this.#now(),
      memoryBytes: last?.memoryBytes ?? 0,
      process: processUsage(),
      ...(last === undefined ? {} : { last }),
      analyze: () => analyzeReport(last),
    };
  }

  #now(): MetricsSnapshot['now'] {
    const runs = [...this.#active];
    const running = runs.filter(({ run }) => run !== undefined).length;
    return {
      queueDepth: this.#queued,
      activeRuns: runs.length,
      activeWorkers: Math.min(running, 1) * this.#workers(),
      workers: this.#workers(),
      transactions: runs.reduce((sum, { transactions }) => sum + transactions, 0),
      committed: runs.reduce((sum, { run, offset, transactions }) => {
        const committed = (run?.committed() ?? 0) - offset;
        return sum + Math.max(0, Math.min(committed, transactions));
      }, 0),
    };
  }
}

function noSums() {
  return { runs: 0, transactions: 0, executionMs: 0, loadMs: 0, decodeMs: 0, loadRounds: 0, workersLost: 0, drains: 0 };
}

function ratio(part: number, whole: number): number {
  return whole > 0 ? part / whole : 0;
}
