// The trace build of the core as a WebAssembly module: loaded when somebody traces, and not before.

import { moduleOf } from '../../base/given-modules.ts';

let module: Promise<WebAssembly.Module> | undefined;

export function compileTracedCore(): Promise<WebAssembly.Module> {
  module ??= import('virtual:pevm/traced-core').then(({ default: bytes }) => moduleOf('traced', bytes));
  return module;
}
