// Runs a program of test/bench on optimised code.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'vite';
import { root } from './fingerprint.mjs';
import { leanSources } from './lean-sources.mjs';
import { virtualModules } from './virtual-modules.mjs';

/**
 * Bundled like the library itself: what vitest and the dev server run costs a lookup for every imported name.
 *
 * @param {string} entry from the root
 * @param {string} product folder below build/, as deep as the entry's: what is not bundled is found from there
 */
export async function runBundled(entry, product) {
  const outDir = join(root, 'build', product);
  await build({
    configFile: false,
    root,
    logLevel: 'warn',
    plugins: [virtualModules(), leanSources()],
    build: {
      ssr: join(root, entry),
      outDir,
      target: 'es2022',
      reportCompressedSize: false,
      // The builder of the core finds its sources from where it lies, and so is the root found.
      rollupOptions: { external: (id) => /(?:scripts\/core|fingerprint)\.mjs$/.test(id) },
    },
  });
  await import(pathToFileURL(join(outDir, 'main.js')).href);
}
