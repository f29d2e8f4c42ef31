// A world that also traces, as its users see it: no types of the built core.

import type { CallOptions, CallRequest } from '../call-types.ts';
import type { TraceOf, TracerChoice } from '../trace/tracers.ts';
import type { World } from '../types.ts';

/** A tracer with its options, what is different while the call runs, and where it stands in its block. */
export type CallTraceOptions = TracerChoice & CallOptions & { readonly transactionIndex?: number };

/** A world that also traces. */
export interface TracingWorld extends World {
  /**
   * Traces a call as `debug_traceCall` does: the tracer and its options stand beside the overrides.
   * @throws InputError naming the field; CallRejectedError where the rules do not let it run
   */
  trace<Choice extends CallTraceOptions>(request: CallRequest, options: Choice): Promise<TraceOf<Choice>>;
  fork(): Promise<TracingWorld>;
}
