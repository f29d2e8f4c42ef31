// Bundles one TypeScript entry with everything it imports into the source of a single ES module.
import { existsSync, readFileSync } from 'node:fs';
import { isAbsolute, join, relative } from 'node:path';
import { build } from 'vite';
import { buildCore } from './core.mjs';
import { fingerprint, replaceFile, root } from './fingerprint.mjs';
import { leanSources } from './lean-sources.mjs';
import { virtualModules } from './virtual-modules.mjs';

/** Modules that a compiler makes: the target, and its product. */
const compiled = {
  'virtual:pevm/core': ['release', 'build/core.wasm'],
  'virtual:pevm/hashing': ['hashing', 'build/hashing.wasm'],
  'virtual:pevm/trie': ['trie', 'build/trie.wasm'],
};

/** @type {Map<string, Promise<string>>} */
const running = new Map();

/**
 * The source of `entry` as one self-contained ES module: no imports but `node:` built-ins behind platform checks, so that
 * it runs from a blob: or data: URL. Kept under build/ and made again only when one of its sources has changed.
 *
 * @param {string} entry relative to the checkout
 * @returns {Promise<string>}
 */
export function bundle(entry) {
  let result = running.get(entry);
  if (result === undefined) {
    result = kept(entry).finally(() => running.delete(entry));
    running.set(entry, result);
  }
  return result;
}

/** @param {string} entry */
async function kept(entry) {
  const file = join(root, 'build/bundles', `${entry.replaceAll('/', '.')}.json`);
  if (existsSync(file)) {
    const { sources, stamp, code } = JSON.parse(readFileSync(file, 'utf8'));
    for (const [target, product] of Object.values(compiled)) if (sources.includes(product)) await buildCore(target);
    if (stamp === stampOf(sources)) return code;
  }
  const { sources, code } = await make(entry);
  replaceFile(file, JSON.stringify({ sources, stamp: stampOf(sources), code }));
  return code;
}

/**
 * Sources in packages are pinned by the lock file and not read one by one.
 * @param {readonly string[]} sources relative to the checkout
 */
function stampOf(sources) {
  const own = ['bundle', 'lean-sources', 'packed-bytes', 'virtual-modules'].map((name) => `scripts/${name}.mjs`);
  const tools = ['package-lock.json', ...own];
  return fingerprint([...sources, ...tools].map((path) => join(root, path)));
}

/** @param {string} entry */
async function make(entry) {
  /** @type {Set<string>} */
  const sources = new Set([entry]);
  const output = await build({
    configFile: false,
    root,
    logLevel: 'warn',
    // No platform lets a worker read the environment without leave, and nothing here needs it.
    define: {
      'process.env.NODE_ENV': '"production"',
      'process.env.DEBUG': 'undefined',
      'globalThis.process.env.DEBUG': 'undefined',
    },
    plugins: [
      virtualModules(),
      leanSources(),
      {
        name: 'pevm:sources',
        moduleParsed({ id }) {
          for (const [name, [, product]] of Object.entries(compiled)) if (id === `\0${name}`) sources.add(product);
          const path = relative(root, id.split('?')[0] ?? id);
          if (isAbsolute(id) && !path.startsWith('..') && !path.includes('node_modules')) sources.add(path);
        },
      },
    ],
    build: {
      write: false,
      target: 'es2022',
      modulePreload: false,
      reportCompressedSize: false,
      lib: { entry: join(root, entry), formats: ['es'], fileName: 'bundle' },
      rolldownOptions: {
        external: [/^node:/],
        output: {
          codeSplitting: false,
          // Errors are called by their classes. Names of functions would be a twentieth of what comes with every page.
          minify: {
            compress: true,
            mangle: { keepNames: { class: true, function: false } },
            codegen: { removeWhitespace: true },
          },
        },
      },
    },
  });
  const chunks = [output].flat().flatMap((result) => ('output' in result ? result.output : []));
  const [chunk, ...others] = chunks;
  if (chunk?.type !== 'chunk' || others.length > 0)
    throw new Error(`${entry} did not become one file: ${chunks.map((c) => c.fileName)}`);
  if (chunk.imports.some((id) => !id.startsWith('node:'))) throw new Error(`${entry} still imports ${chunk.imports}`);
  // Says that it is a module even where it exports nothing.
  const code = chunk.exports.length > 0 ? chunk.code : `${chunk.code}export {};\n`;
  return { sources: [...sources].sort(), code };
}
