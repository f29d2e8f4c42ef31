// A world that also traces, as its users see it: no types of the built core.

import type { Hex } from '../base/hex.ts';
import type { CallOptions, CallRequest } from '../call-types.ts';
import type { Preview, Previewable, PreviewOptions } from '../simulation/preview-types.ts';
import type { TraceOf, TracerChoice } from '../trace/tracers.ts';
import type { World } from '../types.ts';

export type {
  ApprovalChange,
  Asset,
  AssetChange,
  Delegation,
  Preview,
  Previewable,
  PreviewedWorld,
  PreviewFailure,
  PreviewOptions,
  PreviewReport,
  PreviewRequest,
  UnsignedAuthorization,
} from '../simulation/preview-types.ts';

/** A tracer with its options, what is different while the call runs, and where it stands in its block. */
export type CallTraceOptions = TracerChoice & CallOptions & { readonly transactionIndex?: number };

/** A world that also traces. */
export interface TracingWorld extends World {
  /**
   * Traces a call as `debug_traceCall` does: the tracer and its options stand beside the overrides.
   * With the hash of a transaction, of a block that was executed since `provider` or `importChain` was first called:
   * `debug_traceTransaction`.
   * @throws InputError naming the field; CallRejectedError where the rules do not let it run
   */
  trace<Choice extends CallTraceOptions>(request: CallRequest | Hex, options: Choice): Promise<TraceOf<Choice>>;
  /**
   * What a transaction would do here: what moves, who may move what afterwards, what it changes and calls, what it needs, and
   * why it fails. Nothing stays of it. What the rules do not let run has the status `invalid`. A list is a bundle: one after
   * the other, each on what those before it have left.
   * @throws InputError naming the field; CallRejectedError for what contradicts itself; MemoryLimitError, StateSourceError
   */
  preview(request: Previewable | readonly Previewable[], options?: PreviewOptions): Promise<Preview>;
  /** The same of each by itself. */
  previewMany(
    requests: readonly (Previewable | readonly Previewable[])[],
    options?: PreviewOptions,
  ): Promise<Preview[]>;
  fork(): Promise<TracingWorld>;
}
