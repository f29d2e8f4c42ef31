// The trace build of the core as events: what its import `trace` tells, decoded while the transaction stands still.

import { EvmLog, TraceEvent } from '../../../assembly/layout.ts';
import { type Hex, hexAt, hexFromBytes } from '../../base/hex.ts';
import type { CoreInstance } from '../instance/abi.ts';
import { type EvmTransferOutput, readEvmResult, readEvmTransfer } from './evm-decode.ts';
import { FrameBegan, FrameEnded, SelfDestructed, Step, TransactionBegan } from './trace-events.ts';
import { type TraceCore, TracedState } from './trace-state.ts';
import type { EvmTracer, Logged, ValueMoved } from './tracer.ts';

const EVENTS = {
  transactionBegan: TraceEvent.TRANSACTION_BEGAN,
  transactionEnded: TraceEvent.TRANSACTION_ENDED,
  frameBegan: TraceEvent.FRAME_BEGAN,
  frameEnded: TraceEvent.FRAME_ENDED,
  stepped: TraceEvent.STEPPED,
  transferred: TraceEvent.TRANSFERRED,
  logged: TraceEvent.LOGGED,
  selfDestructed: TraceEvent.SELF_DESTRUCTED,
} as const satisfies Record<Exclude<keyof EvmTracer, 'opcodes'>, number>;

/** TraceEvent bits that a tracer has methods for. */
export function eventsOf(tracer: EvmTracer): number {
  let events = 0;
  for (const [name, event] of Object.entries(EVENTS)) {
    if (tracer[name as keyof EvmTracer] !== undefined) events |= event;
  }
  return events;
}

const ALL_STEPS: Steps = [-1n, -1n, -1n, -1n];
/** A bit for each opcode. */
type Steps = [bigint, bigint, bigint, bigint];
/** Sets of opcodes are constants of tracers. */
const knownSteps = new WeakMap<ReadonlySet<number>, Steps>();

/** The opcodes whose steps a tracer wants. */
function stepsOf({ opcodes }: EvmTracer): Steps {
  if (opcodes === undefined) return ALL_STEPS;
  let steps = knownSteps.get(opcodes);
  if (steps === undefined) {
    steps = [0n, 0n, 0n, 0n];
    for (const opcode of opcodes) steps[opcode >> 6]! |= 1n << BigInt(opcode & 63);
    knownSteps.set(opcodes, steps);
  }
  return steps;
}

/** The import `trace` of an instance of the trace build, and who listens to it. Addresses must stay below 2 GiB. */
export class Tracing {
  /** The instance's import. */
  readonly trace: (event: number, record: number) => void;
  readonly #memory: WebAssembly.Memory;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #step: Step;
  #tracer: EvmTracer = {};
  #core: TraceCore | undefined;
  #state: TracedState | undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor(memory: WebAssembly.Memory) {
    this.#memory = memory;
    this.#bytes = new Uint8Array(memory.buffer);
    this.#view = new DataView(memory.buffer);
    this.#step = new Step(this.#bytes, this.#view);
    // An error must not unwind the core, which would be left in the middle of a transaction.
    this.trace = (event, record) => {
      try {
        this.#tell(event, record);
      } catch (error) {
        this.#failure ??= { error };
        this.watch({});
      }
    };
  }

  /** @throws Error for an instance of another build */
  connect({ core }: Pick<CoreInstance, 'core'>): void {
    if (!('observe' in core)) throw new Error('this build of the core cannot be traced');
    this.#core = core as CoreInstance['core'] & TraceCore;
    this.#state = new TracedState(this.#core, this.#memory);
    this.watch(this.#tracer);
  }

  /** From now on `tracer` is told, and nobody else. */
  watch(tracer: EvmTracer): void {
    this.#tracer = tracer;
    this.#core?.observe(eventsOf(tracer), ...stepsOf(tracer));
  }

  /** What the running transaction sees. @throws Error before an instance is connected */
  get state(): TracedState {
    if (this.#state === undefined) throw new Error('no instance is traced');
    return this.#state;
  }

  /** Runs a committed transaction of the block that the instance has joined once more: its Outcome, or `unfinished`. */
  replay(index: number): number {
    if (this.#core === undefined) throw new Error('no instance is traced');
    return this.#core.replay(index);
  }

  /** What a tracer threw since the last call; from then on nobody was told. */
  takeFailure(): { readonly error: unknown } | undefined {
    const failure = this.#failure;
    this.#failure = undefined;
    return failure;
  }

  #tell(event: number, record: number): void {
    const bytes = this.#bytes;
    const view = this.#view;
    const tracer = this.#tracer;
    switch (event) {
      case TraceEvent.STEPPED:
        this.#step.record = record;
        tracer.stepped?.(this.#step);
        break;
      case TraceEvent.TRANSACTION_BEGAN:
        tracer.transactionBegan?.(new TransactionBegan(bytes, view, record));
        break;
      case TraceEvent.TRANSACTION_ENDED:
        tracer.transactionEnded?.(record === 0 ? undefined : readEvmResult(bytes, record));
        break;
      case TraceEvent.FRAME_BEGAN:
        tracer.frameBegan?.(new FrameBegan(bytes, view, record));
        break;
      case TraceEvent.FRAME_ENDED:
        tracer.frameEnded?.(new FrameEnded(bytes, view, record));
        break;
      case TraceEvent.TRANSFERRED:
        tracer.transferred?.(valueMoved(readEvmTransfer(bytes, record)));
        break;
      case TraceEvent.LOGGED:
        tracer.logged?.(logged(bytes, record));
        break;
      case TraceEvent.SELF_DESTRUCTED:
        tracer.selfDestructed?.(new SelfDestructed(bytes, view, record));
        break;
      default:
        throw new Error(`the core traces an unknown event ${event}`);
    }
  }
}

function valueMoved({ from, to, ...rest }: EvmTransferOutput): ValueMoved {
  return { from: hexFromBytes(from), to: hexFromBytes(to), ...rest };
}

function logged(bytes: Uint8Array, record: number): Logged {
  const view = new DataView(bytes.buffer, bytes.byteOffset + record, EvmLog.SIZE);
  const count = view.getUint32(EvmLog.TOPIC_COUNT, true);
  const first = record + EvmLog.SIZE;
  const topics: Hex[] = [];
  for (let at = 0; at < count; at++) topics.push(hexAt(bytes, first + at * 32, 32));
  const data = hexAt(bytes, first + count * 32, view.getUint32(EvmLog.DATA_LENGTH, true));
  return { address: hexAt(bytes, record, 20), topics, data };
}
