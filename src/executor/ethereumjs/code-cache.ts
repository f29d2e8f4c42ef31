// Contract code by its hash, shared by all transactions and blocks of a worker. Pure content: it never goes stale.

import { keyFromBytes } from '../../base/hex.ts';

/** Code that one worker keeps; the analysis of jump destinations beside it takes about ten times as much. */
const DEFAULT_MAXIMUM_BYTES = 6 * 1024 * 1024;

/** Bounded: when it is full it starts afresh, which costs one reload of the code in use. */
export class CodeCache {
  readonly #maximumBytes: number;
  #codes = new Map<string, Uint8Array>();
  #bytes = 0;

  constructor(maximumBytes: number = DEFAULT_MAXIMUM_BYTES) {
    this.#maximumBytes = maximumBytes;
  }

  get(hash: Uint8Array): Uint8Array | undefined {
    return this.#codes.get(keyFromBytes(hash));
  }

  /** Keeps the code under its keccak256 and returns it: the same array for the same hash as long as it is kept. */
  add(hash: Uint8Array, code: Uint8Array): Uint8Array {
    if (this.#bytes + code.length > this.#maximumBytes) {
      this.#codes = new Map();
      this.#bytes = 0;
    }
    this.#codes.set(keyFromBytes(hash), code);
    this.#bytes += code.length;
    return code;
  }
}
