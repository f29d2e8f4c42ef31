// The compiled core as a WebAssembly module: from the bytes inside the library, or from where the caller keeps it.

import bytes from 'virtual:pevm/core';
import { CoreTrapError, InputError, messageOf } from '../../base/errors.ts';
import { moduleOf } from '../../base/given-modules.ts';
import type { EngineAssets } from '../../types.ts';

let inlined: Promise<WebAssembly.Module> | undefined;

/** @throws InputError when `source` is not the core */
export async function compileCore(source?: EngineAssets['wasm']): Promise<WebAssembly.Module> {
  if (source === undefined) {
    inlined ??= moduleOf('core', bytes).catch((error: unknown) => {
      const need = 'needed here, where the core that travels inside the library cannot be compiled';
      throw new InputError('options.assets.wasm', `${need}: ${messageOf(error)}`, { cause: error });
    });
    return inlined;
  }
  try {
    const module = source instanceof WebAssembly.Module ? source : await WebAssembly.compile(await bytesOf(source));
    if (!WebAssembly.Module.exports(module).some(({ name }) => name === 'beginBlock')) {
      throw new CoreTrapError('it has no export beginBlock');
    }
    return module;
  } catch (error) {
    throw new InputError('options.assets.wasm', `not the core: ${messageOf(error)}`, { cause: error });
  }
}

async function bytesOf(source: URL | string | object): Promise<BufferSource> {
  // What is neither bytes nor a URL is refused by the compiler, with a message that says so.
  if (typeof source !== 'string' && !(source instanceof URL)) return source as BufferSource;
  const response = await fetch(source);
  if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
  return response.arrayBuffer();
}
