// Runs the benchmark on optimised code: `node scripts/bench.mjs [OPTIONS]` (see test/bench/main.ts).
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'vite';
import { root } from './fingerprint.mjs';
import { virtualModules } from './virtual-modules.mjs';

// Bundled like the library itself: what vitest and the dev server run costs a lookup for every imported name.
const outDir = join(root, 'build/bench');
await build({
  configFile: false,
  root,
  logLevel: 'warn',
  plugins: [virtualModules()],
  build: {
    ssr: join(root, 'test/bench/main.ts'),
    outDir,
    target: 'es2022',
    reportCompressedSize: false,
    // The builder of the core finds its sources from where it lies.
    rollupOptions: { external: (id) => id.endsWith('scripts/core.mjs') },
  },
});
await import(pathToFileURL(join(outDir, 'main.js')).href);
