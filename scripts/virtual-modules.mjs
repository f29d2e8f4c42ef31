// Vite plugin: the compiled core and the bundled worker scripts as importable modules (types in src/virtual.d.ts).
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundle } from './bundle.mjs';
import { buildCore } from './core.mjs';
import { root } from './fingerprint.mjs';
import { makeDelta, packBytes } from './packed-bytes.mjs';
import { buildTraffic } from './traffic.mjs';

/** Each returns the source of a module. They work alike in the library build, in vitest and in the dev server. */
const modules = {
  'virtual:pevm/core': async () => bytesModule(await buildCore('release')),
  'virtual:pevm/traced-core': async () => deltaModule(await buildCore('release'), await buildCore('trace')),
  'virtual:pevm/hashing': async () => bytesModule(await buildCore('hashing')),
  'virtual:pevm/trie': async () => bytesModule(await buildCore('trie')),
  'virtual:pevm/mcl': async () => bytesModule(mclBytes()),
  'virtual:pevm/worker': async () => textModule(await bundle('src/workers/worker-main.ts')),
  'virtual:pevm/alone': async () => textModule(await bundle('src/workers/alone.ts')),
  'virtual:pevm/ethereumjs-executor': async () => textModule(await bundle('src/executor/ethereumjs/executor.ts')),
  'virtual:pevm/tracers': async () => textModule(await bundle('src/world/previewer.ts')),
  'virtual:pevm/precompiles': async () => textModule(await bundle('src/precompiles/precompile-module.ts')),
  'virtual:pevm/traffic': async () => `export default ${await buildTraffic()};`,
};

/** @returns {import('vite').Plugin} */
export function virtualModules() {
  return {
    name: 'pevm:virtual-modules',
    enforce: 'pre',
    // The time that the compiler of the core takes is no news.
    config: () => ({ build: { rolldownOptions: { checks: { pluginTimings: false } } } }),
    resolveId(id) {
      return Object.hasOwn(modules, id) ? `\0${id}` : undefined;
    },
    load(id) {
      const name = /** @type {keyof typeof modules} */ (id.slice(1));
      return id.startsWith('\0') && Object.hasOwn(modules, name) ? modules[name]() : undefined;
    },
  };
}

/** The binary, out of the text of the package's loader, which holds it as base64. */
function mclBytes() {
  const loader = readFileSync(join(root, 'node_modules/mcl-wasm/dist/mcl_c.js'), 'utf8');
  const base64 = /["'`](AGFzbQ[\w+/]+=*)["'`]/.exec(loader)?.[1];
  if (base64 === undefined) throw new Error('mcl-wasm holds no WebAssembly module');
  return Buffer.from(base64, 'base64');
}

/** @param {string} text */
function textModule(text) {
  return `export default ${JSON.stringify(text)};`;
}

const reader = JSON.stringify(join(root, 'src/base/packed-bytes.ts'));
const deltaReader = JSON.stringify(join(root, 'src/base/packed-delta.ts'));

/** @param {Uint8Array} bytes */
function bytesModule(bytes) {
  const { alphabet, text } = packBytes(bytes);
  const packed = [alphabet, text].map((part) => JSON.stringify(part)).join(', ');
  return `import { unpackBytes } from ${reader};\nexport default /* @__PURE__ */ unpackBytes(${packed});`;
}

/** @param {Uint8Array} base the core, @param {Uint8Array} bytes and what is nearly the same */
function deltaModule(base, bytes) {
  const { alphabet, text } = packBytes(makeDelta(base, bytes));
  const packed = [alphabet, text].map((part) => JSON.stringify(part)).join(', ');
  return `import { unpackBytes } from ${reader};\nimport { applyDelta } from ${deltaReader};\nimport core from 'virtual:pevm/core';
export default /* @__PURE__ */ applyDelta(core, unpackBytes(${packed}));`;
}
