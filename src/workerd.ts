// Public in Cloudflare's runtime (the export condition `workerd`): the same names, and all WebAssembly as imported modules.

import './base/web-types.ts';
import core from '../dist/core.wasm';
import hashing from '../dist/hashing.wasm';
import traced from '../dist/traced-core.wasm';
import trie from '../dist/trie.wasm';
import { givenModules } from './base/given-modules.ts';
import * as precompiles from './precompiles/script-module.ts';

Object.assign(givenModules, { core, traced, trie, hashing, precompiles });

export * from './index.ts';
