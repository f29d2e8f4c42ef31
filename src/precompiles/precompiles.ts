// The precompiled contracts that the core leaves to its host, on mcl where that is loaded.

import { bls12Form, bls12Precompiles } from './mcl/bls12-381.ts';
import { bn254Form, bn254Precompiles } from './mcl/bn254.ts';
import { MclCurve } from './mcl/curve.ts';
import { kzgPrecompiles } from './mcl/kzg.ts';
import { compileMcl } from './mcl/library.ts';
import { p256Form, p256Precompiles } from './mcl/p256.ts';
import { modexp } from './modexp.ts';
import type { Precompile } from './precompile-input.ts';
import { type CoreMemory, hostOf, type PrecompileHost, runOf, scriptPrecompiles } from './script-precompiles.ts';

let table = scriptPrecompiles;
let preparation: Promise<void> | undefined;

/** The import over a memory of the core's. */
export function createPrecompiles(memory: CoreMemory): PrecompileHost {
  return hostOf(memory, run);
}

/** The output; undefined when the call fails. */
function run(id: number, input: Uint8Array): Uint8Array | undefined {
  try {
    return runOf(table, id, input);
  } catch (error) {
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
