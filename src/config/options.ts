// Checks what callers pass to the engine, by the descriptors, and fills in the defaults.

import type { BlockRequest, EngineOptions, ExecutionOptions, WorldOptions } from '../types.ts';
import { checkOptions } from './descriptor.ts';
import {
  BLOCK_REQUEST,
  DEFAULT_MIB,
  DEFAULT_WINDOW,
  ENGINE_OPTIONS,
  EXECUTION_OPTIONS,
  MAX_AUTO_WORKERS,
  WORLD_OPTIONS,
} from './descriptors.ts';

/** Engine options with every default filled in. */
export interface CheckedOptions extends Omit<EngineOptions, 'workers' | 'memory'> {
  readonly workers: number;
  readonly maximumMiB: number;
  readonly window: number;
}

/** @throws InputError naming the option */
export function checkEngineOptions(options: EngineOptions, cores: number): CheckedOptions {
  checkOptions(options, 'options', ENGINE_OPTIONS);
  const { workers = 'auto', memory, threading = 'auto', window = DEFAULT_WINDOW } = options;
  return {
    ...options,
    threading,
    workers: workers === 'auto' ? Math.max(1, Math.min(MAX_AUTO_WORKERS, cores)) : workers,
    maximumMiB: memory?.maximumMiB ?? DEFAULT_MIB,
    window,
  };
}

/** @throws InputError naming the option */
export function checkExecutionOptions(options: ExecutionOptions): void {
  checkOptions(options, 'options', EXECUTION_OPTIONS);
}

/** A world's options, with the chain as its id. @throws InputError naming the option */
export function checkWorldOptions(
  options: WorldOptions,
): Omit<WorldOptions, 'chain'> & { chainId: number | undefined } {
  checkOptions(options, 'options', WORLD_OPTIONS);
  const { chain, ...others } = options;
  const chainId = typeof chain === 'object' && chain !== null ? chain.id : chain;
  if (chainId !== undefined) ENGINE_OPTIONS.chainId!.check(chainId, 'options.chain');
  return { ...others, chainId };
}

/** Checks everything but the block itself. @throws InputError naming the field */
export function checkBlockRequest(request: BlockRequest): void {
  checkOptions(request, 'request', BLOCK_REQUEST);
}
