// Runs as spans of OpenTelemetry: one for each, below the span that is active at the call, and below that one for each stage.

import type {
  TelemetryAttributes,
  TelemetryContext,
  TelemetrySpan,
  TelemetrySpanOptions,
  TelemetryTracer,
} from '../base/telemetry.ts';
import type { EngineEvents, Report } from '../types.ts';

/** What a run does one after the other; `load` happens while it executes. */
export type Stage = 'plan' | 'load' | 'run' | 'decode' | 'verify';

type Kind = EngineEvents['run']['kind'];

const NAMES: Readonly<Record<Kind, string>> = {
  block: 'pevm.execute_block',
  calls: 'pevm.execute_calls',
  previews: 'pevm.preview',
  tasks: 'pevm.execute',
  trace: 'pevm.trace_block',
  'what-if': 'pevm.what_if',
};

/** `SpanStatusCode.ERROR` of the API. */
const ERROR = 2;

/** Where the API's contexts have their span; a registered symbol, so that all copies of the package find it. */
const SPAN_KEY = Symbol.for('OpenTelemetry Context Key SPAN');

/** The API's own package, by a name that bundlers do not follow: it need not be there. */
const PACKAGE = '@opentelemetry/api';

/** The span of a run. */
export interface RunSpan {
  /** Notes a stage that began then, by `performance.now()`, and is over. */
  stage(stage: Stage, startMs: number, attributes?: TelemetryAttributes): void;
  /** Notes how the run went. */
  report(report: Report, gasUsed?: bigint): void;
  done(): void;
  failed(error: unknown): void;
}

/** `given`, or the tracer of the API's package for this library; `undefined` where there is no such package. */
export async function findTracer(
  given: TelemetryTracer | undefined,
  load: () => Promise<unknown> = () => import(/* @vite-ignore */ /* webpackIgnore: true */ PACKAGE),
): Promise<TelemetryTracer | undefined> {
  if (given !== undefined) return given;
  try {
    const { trace } = (await load()) as { readonly trace: { getTracer(name: string): TelemetryTracer } };
    return trace.getTracer('pevm-wasm');
  } catch {
    // Not installed, or a page, where packages have no names.
    return undefined;
  }
}

/** Begins the span of a run, which is the active one while `body` starts it. */
export function withSpan<R>(
  tracer: TelemetryTracer,
  kind: Kind,
  attributes: TelemetryAttributes,
  body: (span: RunSpan) => R,
): R {
  // How far apart the clocks are is looked up once: a span and its stages keep their distances, whatever happens to the wall clock.
  const originMs = Date.now() - performance.now();
  const startTime = originMs + performance.now();
  return tracer.startActiveSpan(NAMES[kind], { attributes, startTime }, (span) =>
    body(new StagedSpan(tracer, span, originMs)),
  );
}

class StagedSpan implements RunSpan {
  readonly #tracer: TelemetryTracer;
  readonly #span: TelemetrySpan;
  /** What `performance.now()` counts from. */
  readonly #originMs: number;
  readonly #context: TelemetryContext;
  /** Whether somebody looks at it, and it goes on. */
  #open: boolean;

  constructor(tracer: TelemetryTracer, span: TelemetrySpan, originMs: number) {
    this.#tracer = tracer;
    this.#span = span;
    this.#originMs = originMs;
    this.#context = contextOf(new Map([[SPAN_KEY, span]]));
    this.#open = span.isRecording();
  }

  stage(stage: Stage, startMs: number, attributes: TelemetryAttributes = {}): void {
    if (!this.#open) return;
    const options: TelemetrySpanOptions = { attributes, startTime: this.#originMs + startMs };
    this.#tracer.startSpan(`pevm.${stage}`, options, this.#context).end(this.#now());
  }

  report(report: Report, gasUsed?: bigint): void {
    if (!this.#open) return;
    this.#span.setAttributes({
      'pevm.threading': report.threading,
      'pevm.workers': report.workers,
      'pevm.executions': report.executions,
      'pevm.reexecutions': report.reexecutions,
      'pevm.efficiency': report.bound.efficiency,
      'pevm.load_rounds': report.loadRounds,
      'pevm.drains': report.drains,
      'pevm.workers_lost': report.workersLost,
      // Attributes have no bigints.
      ...(gasUsed === undefined ? {} : { 'pevm.gas_used': Number(gasUsed) }),
    });
  }

  done(): void {
    this.#open = false;
    this.#span.end(this.#now());
  }

  failed(error: unknown): void {
    const reason = error instanceof Error ? error : new Error(String(error));
    this.#span.recordException(reason, this.#now());
    this.#span.setAttributes({ 'error.type': reason.name });
    this.#span.setStatus({ code: ERROR, message: reason.message });
    this.done();
  }

  #now(): number {
    return this.#originMs + performance.now();
  }
}

/** A context as the API makes them: each change is another one. */
function contextOf(values: ReadonlyMap<symbol, unknown>): TelemetryContext {
  return {
    getValue: (key) => values.get(key),
    setValue: (key, value) => contextOf(new Map(values).set(key, value)),
    deleteValue: (key) => contextOf(new Map([...values].filter(([other]) => other !== key))),
  };
}
