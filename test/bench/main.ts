// `npm run bench`: every figure as a ratio in one run, and the core's own costs. docs/benchmarks.md keeps the results.

import { measureCore } from './core.ts';

console.log(measureCore());
