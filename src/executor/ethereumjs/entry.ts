// Public entry of the ethereumjs executor: loads what workers load, when somebody makes one.
/** @module pevm-wasm/executors/ethereumjs */

import '../../base/web-types.ts';
import { importModule, moduleUrl } from '../../base/platform.ts';
import type { BlockStep } from '../../block/block-plan.ts';
import type { Executor } from '../../task/executor.ts';

export type { BlockStep } from '../../block/block-plan.ts';
export type { BlockOptions, Senders } from './block-options.ts';

let loaded: Promise<typeof import('./executor.ts')> | undefined;

/** Called by every worker once per block. @param options a {@link BlockOptions} */
export async function createExecutor(options: unknown): Promise<Executor<BlockStep>> {
  loaded ??= import('virtual:pevm/ethereumjs-executor').then(({ default: source }) => importModule(moduleUrl(source)));
  const module = await loaded;
  return module.createExecutor(options);
}
