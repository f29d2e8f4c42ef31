// The timeline of a run's workers in the JSON of the Trace Event Format, which Perfetto and chrome://tracing open.

import { InputError } from '../base/errors.ts';
import type { Report, SpanReport } from '../types.ts';

/** An event of the Trace Event Format; times in microseconds. */
export interface TraceEvent {
  readonly name: string;
  /** `X`: a stretch of time, with `dur`; `M`: what a process or thread is called. */
  readonly ph: 'X' | 'M';
  readonly ts: number;
  readonly dur?: number;
  readonly pid: number;
  /** Id of the worker. */
  readonly tid: number;
  readonly cat?: string;
  readonly args: Readonly<Record<string, string | number>>;
}

export interface ChromeTrace {
  readonly traceEvents: readonly TraceEvent[];
  readonly displayTimeUnit: 'ms';
  readonly otherData: Readonly<Record<string, string | number>>;
}

/** What became of an incarnation. */
type Outcome = 'committed' | 'aborted' | 'suspended';

const PROCESS = 1;

/**
 * What each worker did when, as JSON for https://ui.perfetto.dev: a lane per worker, an event per incarnation with its
 * outcome, and one per validation, recovered sender and stretch of idleness. Of a run with `enableProfiling`.
 * @throws InputError where the run has no spans
 */
export function chromeTrace(report: Pick<Report, 'perWorker' | 'workers' | 'executionMs' | 'bound'>): ChromeTrace {
  const { perWorker, workers, executionMs, bound } = report;
  if (perWorker.every(({ spans }) => spans.length === 0)) {
    throw new InputError('report.perWorker', 'it has no spans: run with enableProfiling: true');
  }
  const last = lastIncarnations(perWorker.flatMap(({ spans }) => spans));
  const lanes = perWorker.flatMap(({ id, spans }) => [
    named('thread_name', id, { name: `worker ${id}` }),
    named('thread_sort_index', id, { sort_index: id }),
    ...spans.map((span) => eventOf(span, id, last)),
  ]);
  return {
    traceEvents: [named('process_name', 0, { name: 'pevm' }), ...lanes],
    displayTimeUnit: 'ms',
    otherData: { workers, executionMs, boundMs: bound.boundMs, efficiency: bound.efficiency },
  };
}

function named(name: string, tid: number, args: TraceEvent['args']): TraceEvent {
  return { name, ph: 'M', ts: 0, pid: PROCESS, tid, args };
}

/** Of each transaction the incarnation that was committed: the last that was executed to its end. */
function lastIncarnations(spans: readonly SpanReport[]): ReadonlyMap<number, number> {
  const last = new Map<number, number>();
  for (const { kind, transaction, incarnation } of spans) {
    if (kind === 'executed') last.set(transaction, Math.max(incarnation, last.get(transaction) ?? 0));
  }
  return last;
}

function eventOf(span: SpanReport, tid: number, last: ReadonlyMap<number, number>): TraceEvent {
  const { kind, transaction, incarnation, startMs, endMs } = span;
  const place = { ph: 'X', ts: startMs * 1000, dur: (endMs - startMs) * 1000, pid: PROCESS, tid } as const;
  if (kind === 'idle') return { name: 'idle', cat: 'idle', ...place, args: {} };
  const args = { transaction, incarnation };
  if (kind === 'validated') return { name: `validate ${transaction}`, cat: 'validation', ...place, args };
  if (kind === 'recovered')
    return { name: `sender of ${transaction}`, cat: 'recovery', ...place, args: { transaction } };
  const outcome: Outcome =
    kind === 'suspended' ? 'suspended' : incarnation === last.get(transaction) ? 'committed' : 'aborted';
  return { name: `${transaction}`, cat: outcome, ...place, args: { ...args, outcome } };
}
