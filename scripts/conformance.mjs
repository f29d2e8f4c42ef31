// Runs Ethereum's conformance vectors from the checkout: `node scripts/conformance.mjs [OPTIONS]` (see test/conformance/run.ts).
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'vite';
import { root } from './fingerprint.mjs';
import { virtualModules } from './virtual-modules.mjs';

// Bundled like the library itself, as the benchmark is. PEVM_ENTRY: another script over the same bundle.
const entry = process.env.PEVM_ENTRY ?? 'test/conformance/run.ts';
const outDir = join(root, 'build/conformance');
await build({
  configFile: false,
  root,
  logLevel: 'warn',
  plugins: [virtualModules()],
  build: { ssr: join(root, entry), outDir, target: 'es2022', reportCompressedSize: false },
});
await import(pathToFileURL(join(outDir, `${basename(entry, '.ts')}.js`)).href);
