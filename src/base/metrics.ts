// The counters of a worker, by name: unit and meaning. Type, decoder, sums and docs/metrics.md follow from this table.

export interface MetricDescriptor {
  /** `count`: events; `ms`: milliseconds of wall clock. */
  readonly unit: 'count' | 'ms';
  readonly doc: string;
}

/** One per field of `Metric` in assembly/layout.ts, which the decoder compares at compile time. */
export const METRICS = {
  executions: { unit: 'count', doc: 'Attempts, those that were suspended among them.' },
  reexecutions: { unit: 'count', doc: 'Attempts beyond the first of each transaction.' },
  aborts: { unit: 'count', doc: 'Attempts taken back because something they had read changed.' },
  suspensions: { unit: 'count', doc: 'Attempts that waited for a value that was being computed again.' },
  steals: { unit: 'count', doc: "Tasks taken from another worker's deque." },
  stealRetries: { unit: 'count', doc: 'Steals that lost against another thief.' },
  validations: { unit: 'count', doc: 'Read sets that were compared with the present values.' },
  validationFailures: { unit: 'count', doc: 'Validations that found a changed value.' },
  commits: { unit: 'count', doc: 'Transactions committed by this worker.' },
  stampedCommits: { unit: 'count', doc: 'Commits that needed no look at the read set, by the stamps alone.' },
  reclaims: {
    unit: 'count',
    doc: 'Transactions taken over from a worker that is dead, or went to load precompiled contracts.',
  },
  droppedHints: { unit: 'count', doc: 'Dependencies and deque entries for which there was no room; they are hints.' },
  reads: { unit: 'count', doc: 'Entries of sealed read sets.' },
  writes: { unit: 'count', doc: 'Entries of sealed write sets.' },
  versions: { unit: 'count', doc: 'Versions put into the lists of locations.' },
  sleeps: { unit: 'count', doc: 'Times that the worker found nothing to do and slept.' },
  lost: { unit: 'count', doc: 'Attempts that were thrown away because the transaction had been taken away.' },
  validationMs: { unit: 'ms', doc: 'Time in validations, of runs with `enableProfiling`.' },
  executionMs: { unit: 'ms', doc: 'Time in attempts.' },
  idleMs: { unit: 'ms', doc: 'Time asleep, with nothing found to do.' },
  recoveries: {
    unit: 'count',
    doc: 'Senders recovered by this worker, some of them perhaps at the same time by another one.',
  },
  recoveryMs: { unit: 'ms', doc: 'Time in recovering senders.' },
  waits: {
    unit: 'count',
    doc: 'Transactions that were put off, since one that they were said to need had not executed.',
  },
} as const satisfies Readonly<Record<string, MetricDescriptor>>;

export type MetricName = keyof typeof METRICS;
