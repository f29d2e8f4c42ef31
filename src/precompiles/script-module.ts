// Entry of the precompiled contracts as a module that is imported: in script alone, since whoever needs it so compiles no WebAssembly.
/** @module pevm-wasm/precompiles */

import { type CoreMemory, hostOf, type PrecompileHost, runOf, scriptPrecompiles } from './script-precompiles.ts';

export type { PrecompileHost } from './script-precompiles.ts';

/** The core's import over a memory of its. */
export function createPrecompiles(memory: CoreMemory): PrecompileHost {
  return hostOf(memory, (id, input) => runOf(scriptPrecompiles, id, input));
}
