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

/**
 * A tracer with its options, what is different while the call runs, where it stands in its block, and (`at`) before which
 * transaction of the block it runs; default: after all of them.
 */
export type CallTraceOptions = TracerChoice &
  CallOptions & {
    readonly transactionIndex?: number;
    readonly at?: { readonly transactionIndex: number } | undefined;
  };

/** A world that also traces. */
export interface TracingWorld extends World {
  /**
   * Traces a call as `debug_traceCall` does: the tracer and its options stand beside the overrides.
   * With the hash of a transaction, of a block that was executed since `provider` or `importChain` was first called:
   * `debug_traceTransaction`.
   * @throws InputError naming the field; CallRejectedError where the rules do not let it run
   * @example
   * ```js
   * import { createEngine, memoryState } from 'pevm-wasm';
   *
   * const [alice, bob] = [
   *   '0x00000000000000000000000000000000000000aa',
   *   '0x00000000000000000000000000000000000000bb',
   * ];
   * const engine = await createEngine();
   * const world = await engine.openWorld({ state: memoryState({ [alice]: { balance: 10n ** 18n } }), chain: 1 });
   * const frame = await world.trace({ from: alice, to: bob, value: 1n }, { tracer: 'callTracer' });
   * console.log(frame.type, frame.value); // CALL 0x1
   * await engine.dispose();
   * ```
   */
  trace<Choice extends CallTraceOptions>(request: CallRequest | Hex, options: Choice): Promise<TraceOf<Choice>>;
  /**
   * What a transaction would do here: what moves, who may move what afterwards, what it changes and calls, what it needs, and
   * why it fails. Nothing stays of it. What the rules do not let run has the status `invalid`. A list is a bundle: one after
   * the other, each on what those before it have left.
   * @throws InputError naming the field; CallRejectedError for what contradicts itself; MemoryLimitError, StateSourceError
   * @example
   * ```js
   * import { createEngine, memoryState } from 'pevm-wasm';
   *
   * const [alice, bob] = [
   *   '0x00000000000000000000000000000000000000aa',
   *   '0x00000000000000000000000000000000000000bb',
   * ];
   * const engine = await createEngine();
   * const world = await engine.openWorld({ state: memoryState({ [alice]: { balance: 10n ** 18n } }), chain: 1 });
   * const { status, gasLimit, assetChanges } = await world.preview({ from: alice, to: bob, value: 5n });
   * console.log(status, gasLimit, assetChanges.map(({ account, change }) => `${account} ${change}`));
   * await engine.dispose();
   * ```
   */
  preview(request: Previewable | readonly Previewable[], options?: PreviewOptions): Promise<Preview>;
  /** The same of each by itself. */
  previewMany(
    requests: readonly (Previewable | readonly Previewable[])[],
    options?: PreviewOptions,
  ): Promise<Preview[]>;
  fork(): Promise<TracingWorld>;
}
