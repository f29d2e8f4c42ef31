// Code by its hash: the same whatever account, block or chain it was found at, so that all sources of a process share it.

import { bytesFromHex, type Hex, hexFromBytes } from '../../base/hex.ts';
import { keccak256 } from '../../base/keccak256.ts';

/** Characters of hex that are kept at most; mainnet's largest contracts have 49,154. */
const MAXIMUM_CHARACTERS = 128 * 1024 * 1024;

const EMPTY = hexFromBytes(keccak256(new Uint8Array(0)));

export class CodeStore {
  readonly #codes = new Map<Hex, Hex>();
  #characters = 0;

  /** Code and its hash, as they are kept: one string for the same code, wherever it is. */
  add(given: Hex): { readonly code: Hex; readonly codeHash: Hex } {
    const codeHash = given === '0x' ? EMPTY : hexFromBytes(keccak256(bytesFromHex(given)));
    const code = this.get(codeHash);
    if (code !== undefined) return { code, codeHash };
    this.#codes.set(codeHash, given);
    this.#characters += given.length;
    this.#evict(codeHash);
    return { code: given, codeHash };
  }

  get(hash: Hex): Hex | undefined {
    const code = this.#codes.get(hash);
    if (code !== undefined) {
      // What was used last goes last.
      this.#codes.delete(hash);
      this.#codes.set(hash, code);
    }
    return code;
  }

  #evict(newest: Hex): void {
    for (const [hash, code] of this.#codes) {
      if (this.#characters <= MAXIMUM_CHARACTERS || hash === newest) return;
      this.#codes.delete(hash);
      this.#characters -= code.length;
    }
  }
}
