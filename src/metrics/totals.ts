// What all runs of an engine add up to.

import { addCounters, noCounters } from '../core/host/run-statistics.ts';
import type { MetricsSnapshot, Report } from '../types.ts';
import { analyzeReport } from './analysis.ts';

export class Totals {
  readonly #sums = { runs: 0, transactions: 0, executionMs: 0, workersLost: 0, drains: 0 };
  readonly #counters = noCounters();
  #last: Report | undefined;

  /** Adds a run of so many transactions, or tasks. */
  add(report: Report, transactions: number): void {
    this.#last = report;
    this.#sums.runs++;
    this.#sums.transactions += transactions;
    this.#sums.executionMs += report.executionMs;
    this.#sums.workersLost += report.workersLost;
    this.#sums.drains += report.drains;
    addCounters(this.#counters, report.counters);
  }

  snapshot(): MetricsSnapshot {
    const last = this.#last;
    return {
      ...this.#sums,
      counters: { ...this.#counters },
      ...(last === undefined ? {} : { last }),
      analyze: () => analyzeReport(last),
    };
  }
}
