// Entry of the precompiles that workers import as a bundled module.

export { createPrecompiles, preparePrecompiles } from './precompiles.ts';
