// The precompiled contracts that the core leaves to its host: one synchronous function over the core's memory. Gas is the
// core's matter; an input that makes the call fail is an answer, everything else that a library throws is a trap.
import { bls12Form, bls12Precompiles } from './mcl/bls12-381.ts';
import { bn254Form, bn254Precompiles } from './mcl/bn254.ts';
import { MclCurve } from './mcl/curve.ts';
import { kzgPrecompiles } from './mcl/kzg.ts';
import { compileMcl } from './mcl/library.ts';
import { p256Form, p256Precompiles } from './mcl/p256.ts';
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

let table = scriptPrecompiles;
let preparation: Promise<void> | undefined;

/** The import over a memory of the core's. */
export function createPrecompiles(memory: { readonly buffer: ArrayBufferLike }): PrecompileHost {
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
function run(id: number, input: Uint8Array): Uint8Array | undefined {
  const precompile = table[id];
  if (precompile === undefined) throw new Error(`no precompile ${id}`);
  try {
    return precompile(input);
  } catch (error) {
    if (error instanceof InvalidInput) return undefined;
    // Nobody knows what a fault has left behind in mcl's memory.
    table = scriptPrecompiles;
    preparation = undefined;
    throw error;
  }
}

/**
 * Loads mcl for this thread; until then the precompiles run on noble, five to ten times as slowly, with the same answers.
 * May be called again.
 */
export function preparePrecompiles(): Promise<void> {
  preparation ??= loadPrecompiles().then((loaded) => {
    table = loaded;
  });
  return preparation;
}

/** A new table on mcl. */
export async function loadPrecompiles(): Promise<Readonly<Record<number, Precompile>>> {
  const module = await compileMcl();
  const [bn254, bls12, p256] = await Promise.all(
    [bn254Form, bls12Form, p256Form].map((form) => MclCurve.create(module, form)),
  );
  return {
    5: modexp,
    ...bn254Precompiles(bn254!),
    ...kzgPrecompiles(bls12!),
    ...bls12Precompiles(bls12!),
    ...p256Precompiles(p256!),
  };
}
