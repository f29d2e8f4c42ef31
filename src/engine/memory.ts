// Sizes of the core's memory.

import { MemoryLimitError } from '../errors.ts';

const PAGES_PER_MIB = 16;

export const DEFAULT_MIB = 256;
export const MAXIMUM_MIB = 2047;

export function pagesOf(mebibytes: number): number {
  return Math.floor(mebibytes * PAGES_PER_MIB);
}

/** Makes a memory. @throws MemoryLimitError where the platform refuses it */
export function memoryOf(pages: number, create: (pages: number) => WebAssembly.Memory): WebAssembly.Memory {
  try {
    return create(pages);
  } catch (error) {
    throw new MemoryLimitError(`the platform refuses a shared memory of ${pages / PAGES_PER_MIB} MiB`, {
      cause: error,
    });
  }
}
