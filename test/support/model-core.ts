// The core as the explorer drives it: compiled with a hook before every shared access, made suspendable by asyncify, and
// able to save and restore the globals of an instance.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import binaryen from 'binaryen';
import { buildCore } from '../../scripts/core.mjs';
import { fingerprint, replaceFile, root } from '../../scripts/fingerprint.mjs';

/** What an exploration calls; every argument and result is a number. */
type CoreFunction = (...words: number[]) => number;

/** Exports of the suspendable core: the ABI, the inner operations of assembly/model.ts, and asyncify's own. */
export interface ModelExports {
  readonly [name: string]: CoreFunction;
  asyncify_start_unwind: CoreFunction;
  asyncify_stop_unwind: CoreFunction;
  asyncify_start_rewind: CoreFunction;
  asyncify_stop_rewind: CoreFunction;
  /** Writes all globals of the instance to an address, or reads them back. */
  saveGlobals: CoreFunction;
  restoreGlobals: CoreFunction;
  /** Copies memory: (to, from, bytes). */
  copyMemory: CoreFunction;
}

const product = join(root, 'build/core.model.suspendable.wasm');
const stampFile = join(root, 'build/stamps/core.model.suspendable.wasm');
const GLOBAL_SIZE = 8;
/** Room for the saved globals of an instance, bytes. */
export const GLOBALS_SIZE = 4096;

/** The suspendable core, made again only when the core's sources or this file have changed. */
export async function modelModule(): Promise<WebAssembly.Module> {
  const core = await buildCore('model');
  const inputs = ['build/core.model.wasm', 'test/support/model-core.ts', 'package-lock.json'];
  const stamp = fingerprint(inputs.map((path) => join(root, path)));
  if (!existsSync(product) || !existsSync(stampFile) || readFileSync(stampFile, 'utf8') !== stamp) {
    replaceFile(product, suspendable(core));
    replaceFile(stampFile, stamp);
  }
  return new WebAssembly.Module(readFileSync(product));
}

/** Only calls that can reach `interleave` or `wait` are instrumented. */
function suspendable(core: Uint8Array): Uint8Array {
  const module = binaryen.readBinary(core);
  const { Features } = binaryen;
  module.setFeatures(
    Features.Atomics |
      Features.BulkMemory |
      Features.BulkMemoryOpt |
      Features.MutableGlobals |
      Features.NontrappingFPToInt |
      Features.SignExt |
      Features.SIMD128,
  );
  binaryen.setOptimizeLevel(2);
  binaryen.setPassArgument('asyncify-imports', 'env.interleave,env.wait');
  module.optimize();
  module.runPasses(['asyncify']);
  module.optimize();
  addStateAccess(module);
  if (!module.validate()) throw new Error('binaryen made an invalid module');
  const bytes = module.emitBinary();
  module.dispose();
  return bytes;
}

function addStateAccess(module: binaryen.Module): void {
  const saves: binaryen.ExpressionRef[] = [];
  const restores: binaryen.ExpressionRef[] = [];
  for (let at = 0; at < module.getNumGlobals(); at++) {
    const { name, mutable, type } = binaryen.getGlobalInfo(module.getGlobalByIndex(at));
    if (!mutable) continue;
    const offset = saves.length * GLOBAL_SIZE;
    const access = type === binaryen.i32 ? module.i32 : type === binaryen.i64 ? module.i64 : module.f64;
    const pointer = () => module.local.get(0, binaryen.i32);
    saves.push(access.store(offset, 4, pointer(), module.global.get(name, type)));
    restores.push(module.global.set(name, access.load(offset, 4, pointer())));
  }
  if (saves.length * GLOBAL_SIZE > GLOBALS_SIZE) throw new Error(`${saves.length} globals do not fit`);
  for (const [name, body] of [['saveGlobals', saves] as const, ['restoreGlobals', restores] as const]) {
    module.addFunction(name, binaryen.i32, binaryen.none, [], module.block(null, [...body]));
    module.addFunctionExport(name, name);
  }
  const [to, from, size] = [0, 1, 2].map((at) => module.local.get(at, binaryen.i32)) as [number, number, number];
  const words = binaryen.createType([binaryen.i32, binaryen.i32, binaryen.i32]);
  module.addFunction('copyMemory', words, binaryen.none, [], module.memory.copy(to, from, size));
  module.addFunctionExport('copyMemory', 'copyMemory');
}
