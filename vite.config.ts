// Builds the library's entries into dist/. Worker, executor and core travel inside them (scripts/virtual-modules.mjs).
import { readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { fileURLToPath } from 'node:url';
import { defineConfig, esmExternalRequirePlugin, type Plugin } from 'vite';
import { virtualModules } from './scripts/virtual-modules.mjs';

const { peerDependencies } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'));
const peers = Object.keys(peerDependencies);

/** The modules behind the public names: as entries of their own, so that what only one of them needs is in no other's chunk. */
const index = readFileSync(new URL('src/index.ts', import.meta.url), 'utf8');
const parts = Object.fromEntries(
  [...index.matchAll(/^export \{[^}]*\} from '\.\/(.+)\.ts';$/gm)].map(([, path = '']) => [
    `parts/${path.replaceAll('/', '-')}`,
    `src/${path}.ts`,
  ]),
);

/** What src/workerd.ts imports lies in dist/, beside what is made of it. */
function filesBeside(): Plugin {
  return {
    name: 'pevm:files-beside',
    enforce: 'pre',
    resolveId: (id) => (id.startsWith('../dist/') ? { id: id.replace('../dist/', './'), external: true } : undefined),
  };
}

export default defineConfig({
  // Packages of the command line say `require('readline')`, which modules cannot.
  plugins: [filesBeside(), virtualModules(), esmExternalRequirePlugin({ external: [/^node:/, ...builtinModules] })],
  // The command line runs in Node: what `ws` has for pages only says that there is nothing.
  resolve: { alias: { ws: fileURLToPath(new URL('node_modules/ws/wrapper.mjs', import.meta.url)) } },
  // Of packages that travel inside: no platform lets them read the environment without leave, and nothing here needs it.
  define: { 'process.env.DEBUG': 'undefined', 'globalThis.process.env.DEBUG': 'undefined' },
  build: {
    target: 'es2022',
    reportCompressedSize: false,
    copyPublicDir: false,
    lib: {
      entry: {
        index: 'src/index.ts',
        ...parts,
        traffic: 'src/traffic/index.ts',
        cli: 'src/cli/main.ts',
        workerd: 'src/workerd.ts',
      },
      formats: ['es'],
    },
    rolldownOptions: {
      // Only peers are installed, by who wants them. All else travels inside: nothing has to be resolved in a page, and of large
      // packages only what is used comes along. What is seldom needed is in chunks that are loaded when it is.
      external: (id) => peers.some((name) => id === name || id.startsWith(`${name}/`)),
      output: {
        entryFileNames: '[name].js',
        chunkFileNames: 'chunks/[name].js',
        // Names stay, for stack traces, and lines, since Node prints the one that has thrown; whoever bundles shortens both.
        minify: { compress: true, mangle: false, codegen: { removeWhitespace: false } },
      },
    },
  },
});
