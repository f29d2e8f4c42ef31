// Builds and runs the benchmarks: `node scripts/bench.mjs [OPTIONS]`; see test/bench/main.ts.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { bundle } from './bundle.mjs';
import { buildCore } from './core.mjs';
import { replaceFile, root } from './fingerprint.mjs';

await buildCore('release');
const file = join(root, 'build/bench.mjs');
replaceFile(file, await bundle('test/bench/main.ts'));
await import(pathToFileURL(file).href);
