// Entry of the precompiles that workers import as a bundled module.

export { createPrecompiles, type PrecompileHost, preparePrecompiles } from './precompiles.ts';
