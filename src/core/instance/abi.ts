// The core as TypeScript sees it: its exports by type, one instance over one memory, the clock and the sleep it imports.

import type { instantiate } from '../../../build/core.js';
import type { PrecompileHost } from '../../precompiles/script-precompiles.ts';

/** What floors above src/core know of the layout: kinds of locations, answers to a read, and how much a block may hold. */
export {
  HAS_STORAGE,
  Kind,
  MAX_INCARNATION,
  MAX_TRANSACTIONS,
  Next,
  ReadResult,
  Step,
  TxState,
} from '../../../assembly/layout.ts';

/** The exports of the core. Typed by the compiler's own declarations. */
export type Core = Awaited<ReturnType<typeof instantiate>>;

/** An instance of the core over a memory, with the views that encoding and decoding need. */
export interface CoreInstance {
  readonly core: Core;
  readonly memory: WebAssembly.Memory;
  readonly bytes: Uint8Array;
  readonly words: Uint32Array;
  readonly limbs: BigUint64Array;
  readonly doubles: Float64Array;
  /** Milliseconds on the clock of this memory. */
  now(): number;
  /** Gives the instance the precompiled contracts that the core leaves to its host; before, needing one throws {@link Unequipped}. */
  setPrecompiles(host: PrecompileHost): void;
}

export interface CoreOptions {
  /** Zero of the clock that all instances over one memory share: milliseconds since 1970. */
  clockBase: number;
  /** Whether this thread may block. */
  mayWait: boolean;
  /** What the trace build calls (see tracing.ts); the normal build does not know it. */
  trace?: (event: number, record: number) => void;
}

/** Bytes per page of WebAssembly memory. */
export const PAGE = 65536;

/** Milliseconds since 1970, finer than `Date.now()` and alike in all threads. */
export function wallClock(): number {
  return performance.timeOrigin + performance.now();
}

/** A shared memory of fixed size. @throws RangeError where the platform refuses the size */
export function createMemory(pages: number): WebAssembly.Memory {
  // Never grown, so that views of it stay valid in every thread.
  return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
}

/** What an instance sees of a memory that never grows. */
export function viewsOf(
  memory: WebAssembly.Memory,
): Pick<CoreInstance, 'memory' | 'bytes' | 'words' | 'limbs' | 'doubles'> {
  const { buffer } = memory;
  return {
    memory,
    bytes: new Uint8Array(buffer),
    words: new Uint32Array(buffer),
    limbs: new BigUint64Array(buffer),
    doubles: new Float64Array(buffer),
  };
}

/** Instantiates the core over `memory`. */
export async function openCore(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
  options: CoreOptions,
): Promise<CoreInstance> {
  const signed = new Int32Array(memory.buffer);
  const { clockBase, mayWait, trace = () => {} } = options;
  let precompiles: PrecompileHost = missingPrecompile;
  // Read twice per transaction: one call, not two.
  const offset = performance.timeOrigin - clockBase;
  const now = () => performance.now() + offset;
  const env = {
    memory,
    now,
    // Atomics.wait and not the instruction: Node 20's baseline compiler loses locals that live across that one.
    wait: (address: number, expected: number, timeoutMs: number) => {
      if (mayWait) Atomics.wait(signed, address >>> 2, expected | 0, timeoutMs);
      return 0;
    },
    precompile: (id: number, input: number, inputLength: number, output: number, capacity: number) =>
      precompiles(id, input, inputLength, output, capacity),
    trace,
  };
  const instance = await WebAssembly.instantiate(module, { env });
  return {
    // The raw exports, without the compiler's wrappers, which cost a call each. @assemblyscript/loader's cost more (31 ns a
    // call against 11, twice the time to instantiate, 2.2 kB), and bring members that need a runtime which the core has not.
    // Two differences to the declared types are harmless here: a bool arrives as 0 or 1, and addresses stay below 2 GiB, so that no u32 arrives negative.
    core: instance.exports as unknown as Core,
    ...viewsOf(memory),
    now,
    setPrecompiles(host) {
      precompiles = host;
    },
  };
}

/**
 * Thrown out of the core, from the middle of an attempt, by an instance that needs a precompiled contract before it was given
 * them. They are loaded when the first transaction calls one, which most pages never see.
 */
export class Unequipped extends Error {
  override readonly name = 'Unequipped';
}

/** By its name: modules that workers import have classes of their own. */
export function isUnequipped(error: unknown): boolean {
  return error instanceof Error && error.name === 'Unequipped';
}

function missingPrecompile(id: number): never {
  throw new Unequipped(`the core needs precompiled contract ${id}, which nobody gave it`);
}
