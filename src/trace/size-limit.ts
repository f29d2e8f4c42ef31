// How large a trace may become: nobody could print a larger one.

import { MemoryLimitError } from '../base/errors.ts';

/** Letters of JSON. Engines hold strings of 2^29 at most; a trace in memory is larger than that. */
export const TRACE_SIZE = 1 << 28;

/** Counts what a trace takes, roughly. */
export class SizeLimit {
  #left: number;

  constructor(size = TRACE_SIZE) {
    this.#left = size;
  }

  /** @throws MemoryLimitError where it is too much */
  add(letters: number): void {
    this.#left -= letters;
    if (this.#left < 0) throw new MemoryLimitError('the trace of the transaction becomes larger than 256 MiB');
  }
}
