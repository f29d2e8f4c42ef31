// Entry of the precompiles that workers import as a bundled module.
/** @module pevm-wasm/precompiles */

export { createPrecompiles, type PrecompileHost, preparePrecompiles } from './precompiles.ts';
