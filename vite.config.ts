// Builds the library's entries into dist/. Worker, executor and core travel inside them (scripts/virtual-modules.mjs).
import { readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { fileURLToPath } from 'node:url';
import { defineConfig, esmExternalRequirePlugin, type Plugin } from 'vite';
import { virtualModules } from './scripts/virtual-modules.mjs';

const { dependencies, peerDependencies } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'));
const installed = Object.keys({ ...dependencies, ...peerDependencies });

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
    minify: false,
    reportCompressedSize: false,
    copyPublicDir: false,
    lib: {
      entry: {
        index: 'src/index.ts',
        traffic: 'src/traffic/index.ts',
        cli: 'src/cli/main.ts',
        workerd: 'src/workerd.ts',
      },
      formats: ['es'],
    },
    rolldownOptions: {
      // What package.json lists as dependencies is installed with the package, or by who wants it (peers). The rest is in chunks that are loaded when they
      // are needed, and seldom are: whoever previews in a page does not install an EVM in JavaScript, or a command line.
      // Packages within that name a module without its ending mean an older one of their own.
      external: (id) =>
        !/^@noble\/hashes\/\w+$/.test(id) && installed.some((name) => id === name || id.startsWith(`${name}/`)),
      output: {
        entryFileNames: '[name].js',
        chunkFileNames: 'chunks/[name].js',
      },
    },
  },
});
