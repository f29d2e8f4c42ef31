// What is asked of a tracer of OpenTelemetry: the part of its API's `Tracer` and `Span` that runs are told to.

/** What is known of a span: texts, numbers and truths by name. */
export type TelemetryAttributes = Readonly<Record<string, string | number | boolean>>;

/** As a span begins. */
export interface TelemetrySpanOptions {
  readonly attributes?: TelemetryAttributes;
  /** Milliseconds since 1970. */
  readonly startTime?: number;
}

/** The part of OpenTelemetry's `Span` that is used. */
export interface TelemetrySpan {
  setAttributes(attributes: TelemetryAttributes): unknown;
  /** Code 2 is an error. */
  setStatus(status: { readonly code: number; readonly message?: string }): unknown;
  recordException(error: Error, time?: number): void;
  /** False: nobody looks at it, nor at what belongs to it. */
  isRecording(): boolean;
  /** `endTime`: milliseconds since 1970. */
  end(endTime?: number): void;
}

/** The part of OpenTelemetry's `Context` that is used. */
export interface TelemetryContext {
  getValue(key: symbol): unknown;
  setValue(key: symbol, value: unknown): TelemetryContext;
  deleteValue(key: symbol): TelemetryContext;
}

/** The part of OpenTelemetry's `Tracer` that is used: `trace.getTracer('…')` is one. */
export interface TelemetryTracer {
  /** A span below what `context` holds. */
  startSpan(name: string, options: TelemetrySpanOptions, context: TelemetryContext): TelemetrySpan;
  /** A span below the active one; it is the active one itself while `body` runs. */
  startActiveSpan<R>(name: string, options: TelemetrySpanOptions, body: (span: TelemetrySpan) => R): R;
}
