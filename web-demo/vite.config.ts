// The demo page: the library from its sources, with the headers that shared memory needs.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin, transformWithOxc } from 'vite';
import { virtualModules } from '../scripts/virtual-modules.mjs';

const source = (path: string) => fileURLToPath(new URL(`../src/${path}`, import.meta.url));
// A page has shared memory only where it is cross-origin isolated.
const headers = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

/** Adds the service worker to the build, which has to know all other files of it. */
function serviceWorker(): Plugin {
  const path = fileURLToPath(new URL('./service-worker.ts', import.meta.url));
  return {
    name: 'service-worker',
    apply: 'build',
    generateBundle: {
      order: 'post',
      async handler(_, bundle) {
        const stamp = createHash('sha256');
        for (const [name, part] of Object.entries(bundle)) {
          stamp.update(name).update('code' in part ? part.code : part.source);
        }
        const names = JSON.stringify(Object.keys(bundle).map((name) => `./${name}`));
        const { code } = await transformWithOxc(await readFile(path, 'utf8'), path);
        const source = code
          .replace('...PAGE_FILES', `...${names}`)
          .replace('PAGE_STAMP', JSON.stringify(stamp.digest('hex').slice(0, 16)));
        this.emitFile({ type: 'asset', fileName: 'service-worker.js', source });
      },
    },
  };
}

export default defineConfig(({ command }) => ({
  // The server of development has no service worker.
  define: { PAGE_IS_BUILT: JSON.stringify(command === 'build') },
  root: fileURLToPath(new URL('.', import.meta.url)),
  base: './',
  plugins: [virtualModules(), serviceWorker()],
  resolve: {
    alias: [
      { find: /^pevm-wasm$/, replacement: source('index.ts') },
      { find: /^pevm-wasm\/traffic$/, replacement: source('traffic/index.ts') },
    ],
  },
  worker: { format: 'es', plugins: () => [virtualModules()] },
  server: { headers },
  preview: { headers },
  build: {
    outDir: fileURLToPath(new URL('../build/web-demo', import.meta.url)),
    emptyOutDir: true,
    target: 'es2022',
    // Worker, executor and contracts travel as text; they compress well.
    chunkSizeWarningLimit: 4096,
  },
}));
