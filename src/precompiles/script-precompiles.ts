// The precompiled contracts that the core leaves to its host: one synchronous function over the core's memory. Gas is the
// core's matter; an input that makes the call fail is an answer, everything else that a library throws is a trap.

import { modexp } from './modexp.ts';
import * as nobleBls12 from './noble/bls12-381.ts';
import * as nobleBn254 from './noble/bn254.ts';
import * as nobleKzg from './noble/kzg.ts';
import * as nobleP256 from './noble/p256.ts';
import { InvalidInput, type Precompile } from './precompile-input.ts';

/**
 * Host side of the core's import `env.precompile`: runs contract `id` on bytes of the core's memory. Bytes written, or -1
 * for an input that makes the call fail.
 */
export type PrecompileHost = (
  id: number,
  input: number,
  inputLength: number,
  output: number,
  capacity: number,
) => number;

/** On noble, in script: always there. */
export const scriptPrecompiles: Readonly<Record<number, Precompile>> = {
  5: modexp,
  ...nobleBn254.bn254Precompiles,
  ...nobleKzg.kzgPrecompiles,
  ...nobleBls12.bls12Precompiles,
  ...nobleP256.p256Precompiles,
};

export type CoreMemory = { readonly buffer: ArrayBufferLike };

/** The import over a memory of the core's. `run`: the output of a contract, undefined when the call fails. */
export function hostOf(
  memory: CoreMemory,
  run: (id: number, input: Uint8Array) => Uint8Array | undefined,
): PrecompileHost {
  return (id, input, inputLength, output, capacity) => {
    const bytes = new Uint8Array(memory.buffer);
    // Copied: libraries may refuse views on shared memory.
    const result = run(id, bytes.slice(input >>> 0, (input >>> 0) + (inputLength >>> 0)));
    if (result === undefined) return -1;
    if (result.length > capacity) throw new Error(`precompile ${id}: ${result.length} bytes, room for ${capacity}`);
    bytes.set(result, output >>> 0);
    return result.length;
  };
}

/** The output; undefined when the call fails. */
export function runOf(
  table: Readonly<Record<number, Precompile>>,
  id: number,
  input: Uint8Array,
): Uint8Array | undefined {
  const precompile = table[id];
  if (precompile === undefined) throw new Error(`no precompile ${id}`);
  try {
    return precompile(input);
  } catch (error) {
    if (error instanceof InvalidInput) return undefined;
    throw error;
  }
}
