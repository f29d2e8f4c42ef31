// Types of the modules that scripts/virtual-modules.mjs makes at build time.

declare module 'virtual:pevm/core' {
  /** The compiled core (build/core.wasm). */
  const bytes: Uint8Array<ArrayBuffer>;
  export default bytes;
}

declare module 'virtual:pevm/traced-core' {
  /** The trace build of the core (build/core.trace.wasm). */
  const bytes: Uint8Array<ArrayBuffer>;
  export default bytes;
}

declare module 'virtual:pevm/hashing' {
  /** The small module for hashes and roots (build/hashing.wasm). */
  const bytes: Uint8Array<ArrayBuffer>;
  export default bytes;
}

declare module 'virtual:pevm/trie' {
  /** The module for tries that stay (build/trie.wasm). */
  const bytes: Uint8Array<ArrayBuffer>;
  export default bytes;
}

declare module 'virtual:pevm/mcl' {
  /** The WebAssembly of the package mcl-wasm. */
  const bytes: Uint8Array<ArrayBuffer>;
  export default bytes;
}

declare module 'virtual:pevm/worker' {
  /** src/workers/worker-main.ts, bundled into the source of one self-contained ES module. */
  const source: string;
  export default source;
}

declare module 'virtual:pevm/ethereumjs-executor' {
  /** src/executor/ethereumjs/executor.ts, bundled into the source of one self-contained ES module. */
  const source: string;
  export default source;
}

declare module 'virtual:pevm/tracers' {
  /** src/world/previewer.ts, bundled into the source of one self-contained ES module. */
  const source: string;
  export default source;
}

declare module 'virtual:pevm/precompiles' {
  /** src/precompiles/precompile-module.ts, bundled into the source of one self-contained ES module. */
  const source: string;
  export default source;
}

declare module '*.wasm' {
  /** A module that the bundler, or the runtime, has compiled. */
  const module: WebAssembly.Module;
  export default module;
}

declare module 'virtual:pevm/alone' {
  /** src/workers/alone.ts, bundled into the source of one self-contained ES module. */
  const source: string;
  export default source;
}
