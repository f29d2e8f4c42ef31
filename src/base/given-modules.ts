// Modules that whoever bundles the library has imported, for a platform that compiles no WebAssembly while it runs.

/** What the library otherwise makes of the bytes and texts that travel inside it, by their names. */
export interface GivenModules {
  readonly core: WebAssembly.Module;
  readonly traced: WebAssembly.Module;
  readonly trie: WebAssembly.Module;
  readonly hashing: WebAssembly.Module;
  /** `pevm-wasm/precompiles`. */
  readonly precompiles: object;
}

/** Nobody has given any, but where src/workerd.ts is the entry. */
export const givenModules: { -readonly [Name in keyof GivenModules]?: GivenModules[Name] } = {};

/** A module that was given, or else one that is compiled. */
export function moduleOf(
  name: Exclude<keyof GivenModules, 'precompiles'>,
  bytes: BufferSource,
): Promise<WebAssembly.Module> {
  const given = givenModules[name];
  return given === undefined ? WebAssembly.compile(bytes) : Promise.resolve(given);
}
