// The compiled core as a WebAssembly module: from the bytes inside the library, or from where the caller keeps it.

import bytes from 'virtual:pevm/core';
import { CoreTrapError, InputError } from '../../base/errors.ts';
import type { EngineAssets } from '../../types.ts';

let inlined: Promise<WebAssembly.Module> | undefined;

/** @throws InputError when `source` is not the core */
export async function compileCore(source?: EngineAssets['wasm']): Promise<WebAssembly.Module> {
  if (source === undefined) {
    inlined ??= WebAssembly.compile(bytes);
    return inlined;
  }
  try {
    const module = source instanceof WebAssembly.Module ? source : await WebAssembly.compile(await bytesOf(source));
    if (!WebAssembly.Module.exports(module).some(({ name }) => name === 'beginBlock')) {
      throw new CoreTrapError('it has no export beginBlock');
    }
    return module;
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw new InputError('options.assets.wasm', `not the core: ${problem}`, { cause: error });
  }
}

async function bytesOf(source: URL | string | object): Promise<BufferSource> {
  // What is neither bytes nor a URL is refused by the compiler, with a message that says so.
  if (typeof source !== 'string' && !(source instanceof URL)) return source as BufferSource;
  const response = await fetch(source);
  if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
  return response.arrayBuffer();
}
