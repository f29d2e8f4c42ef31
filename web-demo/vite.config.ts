// The demo page: the library from its sources, with the headers that shared memory needs.
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { virtualModules } from '../scripts/virtual-modules.mjs';

const source = (path: string) => fileURLToPath(new URL(`../src/${path}`, import.meta.url));
// A page has shared memory only where it is cross-origin isolated.
const headers = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  base: './',
  plugins: [virtualModules()],
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
});
