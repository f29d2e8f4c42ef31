// What an engine has measured as families of samples, as monitoring systems name things: base units, snake case, `_total`.

import { METRICS, type MetricName } from '../base/metrics.ts';
import type { Distribution, MetricsSnapshot } from '../types.ts';

export type Labels = Readonly<Record<string, string>>;

export interface Sample {
  readonly labels: Labels;
  readonly value: number;
  /** Of a summary, what is no quantile. */
  readonly suffix?: '_sum' | '_count';
}

export interface Family {
  /** A counter's without `_total`. */
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'summary';
  readonly help: string;
  readonly samples: readonly Sample[];
}

const QUANTILES = [0.5, 0.9, 0.99];

/** All families, in a fixed order; `labels` are added to every sample. */
export function familiesOf(metrics: MetricsSnapshot, labels: Labels): Family[] {
  const { now, process: usage } = metrics;
  const one = (type: 'counter' | 'gauge') => (name: string, help: string, value: number) => {
    return { name: `pevm_${name}`, type, help, samples: [{ labels, value }] };
  };
  const [counter, gauge] = [one('counter'), one('gauge')];
  return [
    counter('runs', 'Blocks and lists of tasks that came to their end.', metrics.runs),
    {
      name: 'pevm_run_failures',
      type: 'counter',
      help: 'Runs that rejected, by the name of the error.',
      samples: Object.entries(metrics.failures).map(([error, value]) => ({ labels: { ...labels, error }, value })),
    },
    counter('transactions', 'Transactions, or tasks, of all runs.', metrics.transactions),
    summary('run_latency_seconds', 'From the call to the result.', metrics.latency, labels),
    summary('run_waiting_seconds', "From the call to the run's turn.", metrics.waiting, labels),
    summary('execution_seconds', "From the first worker's start to the last commit.", metrics.execution, labels),
    counter('load_seconds', 'Time of loading state before blocks.', metrics.loadMs / 1000),
    counter('load_rounds', 'Rounds of loading state that was found missing.', metrics.loadRounds),
    counter('decode_seconds', 'Time of reading results and state out of the core.', metrics.decodeMs / 1000),
    counter('drains', 'Times that the rest of a block ran in order, since memory was full.', metrics.drains),
    counter('workers_lost', 'Workers that were lost.', metrics.workersLost),
    gauge('queue_depth', 'Runs that wait for their turn.', now.queueDepth),
    gauge('active_runs', 'Runs that go on.', now.activeRuns),
    gauge('active_workers', 'Workers at the disposal of runs that execute.', now.activeWorkers),
    gauge('workers', 'Workers of the engine.', now.workers),
    gauge('active_transactions', 'Transactions of the runs that go on.', now.transactions),
    gauge('active_transactions_committed', 'How many of these are committed.', now.committed),
    gauge('memory_bytes', 'Of the shared memory in use, at the end of the last run.', metrics.memoryBytes),
    gauge('efficiency_ratio', 'Of the last run: what its dependencies allow, by what it took.', efficiencyOf(metrics)),
    ...Object.entries(METRICS).map(([name, { unit, doc }]) => {
      const value = metrics.counters[name as MetricName];
      return counter(coreName(name, unit), doc, unit === 'ms' ? value / 1000 : value);
    }),
    ...(usage === undefined
      ? []
      : [
          counter('process_cpu_seconds', 'Processor time of the process, workers included.', usage.cpuMs / 1000),
          gauge('process_resident_memory_bytes', 'Resident memory of the process.', usage.residentBytes),
        ]),
  ];
}

function summary(name: string, help: string, durations: Distribution, labels: Labels): Family {
  const quantiles = QUANTILES.map((q) => ({
    labels: { ...labels, quantile: String(q) },
    value: durations.count === 0 ? Number.NaN : durations.quantile(q) / 1000,
  }));
  return {
    name: `pevm_${name}`,
    type: 'summary',
    help,
    samples: [
      ...quantiles,
      { labels, value: durations.sum / 1000, suffix: '_sum' },
      { labels, value: durations.count, suffix: '_count' },
    ],
  };
}

function efficiencyOf({ last }: MetricsSnapshot): number {
  return last === undefined ? Number.NaN : last.bound.efficiency;
}

/** `validationMs` is `core_validation_seconds`. */
function coreName(name: string, unit: 'count' | 'ms'): string {
  const plain = unit === 'ms' ? name.replace(/Ms$/, 'Seconds') : name;
  return `core_${plain.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`;
}
