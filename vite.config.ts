// Builds the library's entries into dist/. Worker, executor and core travel inside them (scripts/virtual-modules.mjs).
import { readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { fileURLToPath } from 'node:url';
import { defineConfig, esmExternalRequirePlugin, type Plugin, type Rollup } from 'vite';
import { leanSources } from './scripts/lean-sources.mjs';
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

type Graph = { getModuleInfo(id: string): Pick<Rollup.ModuleInfo, 'importedIds'> | null };

/** Modules, and all that they import. */
function closureOf(graph: Graph, paths: readonly string[]): Set<string> {
  const found = new Set<string>();
  const left = paths.map((path) => fileURLToPath(new URL(path, import.meta.url)));
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    if (found.has(next)) continue;
    found.add(next);
    left.push(...(graph.getModuleInfo(next)?.importedIds ?? []));
  }
  return found;
}

let small: ReadonlySet<string> | undefined;
let block: ReadonlySet<string> | undefined;

/**
 * What every block needs is one chunk: in thirty small ones it takes a tenth more when it is compressed, and a request each. What the
 * smaller entries need too is another, and so is the core, a text that has nothing in common with code.
 */
const groups: Rollup.CodeSplittingGroup[] = [
  { name: (id) => (id.includes('virtual:pevm/core') ? 'core' : null) },
  {
    name(id, graph) {
      small ??= closureOf(graph, ['src/traffic/index.ts', 'src/executor/ethereumjs/entry.ts']);
      block ??= closureOf(graph, ['src/engine/engine.ts', 'src/state/memory.ts', 'src/workers/warm-up.ts']);
      return small.has(id) && block.has(id) ? 'base' : null;
    },
  },
  { name: (id) => (block?.has(id) ? 'block' : null) },
];

export default defineConfig({
  // Packages of the command line say `require('readline')`, which modules cannot.
  plugins: [
    filesBeside(),
    virtualModules(),
    leanSources(),
    esmExternalRequirePlugin({ external: [/^node:/, ...builtinModules] }),
  ],
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
        precompiles: 'src/precompiles/script-module.ts',
        'executors/ethereumjs': 'src/executor/ethereumjs/entry.ts',
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
        codeSplitting: { groups },
        // Names stay, for stack traces, and lines, since Node prints the one that has thrown; whoever bundles shortens both.
        minify: { compress: true, mangle: false, codegen: { removeWhitespace: false } },
      },
    },
  },
});
