// What is beneath an engine, for programs that want it alone: the store, and a block's transitions one by one.

import { InputError } from '../base/errors.ts';
import { checkOptions } from '../config/descriptor.ts';
import { BLOCK_LOOP_OPTIONS, STORE_OPTIONS } from '../config/descriptors.ts';
import { compileCore } from '../core/instance/module.ts';
import { readInitialValues } from '../job/task-request.ts';
import { CoreBlockLoop } from '../run/block-loop.ts';
import { pagesOf } from '../run/memory.ts';
import { CoreVersionStore } from '../run/version-store.ts';
import type { BlockLoop } from '../task/block-loop.ts';
import type { VersionStore } from '../task/version-store.ts';
import type { BlockLoopOptions, ExecutionOptions, VersionStoreOptions } from '../types.ts';

const STORE_MIB = 16;
const WINDOW = 256;

/**
 * Opens the multi-version store on its own (docs/lower-level.md). @throws InputError, MemoryLimitError
 * @example
 * ```js
 * import { openVersionStore } from 'pevm-wasm';
 *
 * const store = await openVersionStore();
 * store.writeNumber('balance', 7n, { transaction: 5, incarnation: 0 });
 * console.log(store.readNumber('balance', 7).value); // 7n
 * ```
 */
export async function openVersionStore(options: VersionStoreOptions = {}): Promise<VersionStore> {
  checkOptions(options, 'options', STORE_OPTIONS);
  return CoreVersionStore.open(await compileCore(), pagesOf(options.maximumMiB ?? STORE_MIB));
}

/**
 * Opens a block of so many tasks for a loop of the caller's own (docs/lower-level.md), on this thread.
 * @throws InputError, MemoryLimitError
 */
export async function openBlockLoop(options: BlockLoopOptions): Promise<BlockLoop> {
  checkOptions(options, 'options', BLOCK_LOOP_OPTIONS);
  if (options.tasks === undefined) throw new InputError('options.tasks', 'missing');
  const { tasks, workers = 1, window = WINDOW, maximumMiB = STORE_MIB } = options;
  const { image } = readInitialValues({ data: options.data, numbers: options.numbers } as ExecutionOptions);
  return CoreBlockLoop.open(await compileCore(), pagesOf(maximumMiB), { tasks, workers, window, image });
}
