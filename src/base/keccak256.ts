// keccak-256 on whatever thread: by WebAssembly, and by the library where there is none.

import { keccak_256 } from '@noble/hashes/sha3.js';
import { hashOf } from './hashing.ts';

/** The 32-byte hash of any bytes. */
export function keccak256(bytes: Uint8Array): Uint8Array {
  return hashOf(bytes) ?? keccak_256(bytes);
}
