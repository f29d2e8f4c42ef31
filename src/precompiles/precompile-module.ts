// Entry of the precompiles that workers import as a bundled module.
import '../base/web-types.ts';

export { createPrecompiles, type PrecompileHost, preparePrecompiles } from './precompiles.ts';
