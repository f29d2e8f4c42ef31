// Lines of a cache's texts: each says by a checksum that it is whole, and under which name it stands.

import { keccak_256 } from '@noble/hashes/sha3.js';
import { type Hex, hexFromBytes } from '../../base/hex.ts';

const CHECK_DIGITS = 16;

export interface CacheCounts {
  /** Units that were answered by the cache. */
  cached: number;
  /** Entries that were not what was written, and reads and writes that failed. */
  cacheFaults: number;
}

/** A line says under which name it stands: a file that was renamed, or copied from another chain, is none of ours. */
function checkOf(payload: string, name: string): string {
  return hexFromBytes(keccak_256(new TextEncoder().encode(`${name}\n${payload}`))).slice(2, 2 + CHECK_DIGITS);
}

export function sealed(payload: string, name: string): string {
  return `${checkOf(payload, name)} ${payload}`;
}

/** What stands in a line; `undefined` where it is not what was written under the name. */
export function unsealed(line: string, name: string): string | undefined {
  const payload = line.slice(CHECK_DIGITS + 1);
  return line.slice(0, CHECK_DIGITS) === checkOf(payload, name) ? payload : undefined;
}

/** Hex bytes as they are written. @throws TypeError */
export function hex(value: string, bytes: number): Hex {
  if (value.length !== 2 + 2 * bytes || !/^0x[0-9a-f]*$/.test(value)) throw new TypeError('not of this length');
  return value as Hex;
}
