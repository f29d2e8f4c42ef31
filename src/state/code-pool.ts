// Codes that were seen before, as one array each: what is known of code, here and in the core, is known by the array.

import { sameBytes } from '../base/hex.ts';

/** Bytes of code that are held at most, for blocks to come: those of some ten blocks of the main chain. */
const CAPACITY = 16 * 2 ** 20;

/** By what nearly always tells codes apart. Forgets in halves: what was not used since the last turn goes. */
let recent = new Map<string, Uint8Array>();
let older = new Map<string, Uint8Array>();
let size = 0;

/** The array that has these bytes and was seen before, while it is remembered; else a copy of them, from now on. */
export function pooledCode(code: Uint8Array): Uint8Array {
  const key = fingerprint(code);
  const known = recent.get(key) ?? older.get(key);
  const found = known !== undefined && isSame(known, code) ? known : code.slice();
  if (recent.get(key) === found) return found;
  recent.set(key, found);
  size += found.length;
  if (size > CAPACITY / 2) {
    older = recent;
    recent = new Map();
    size = 0;
  }
  return found;
}

/** Compilers end code with the hash of its sources. */
const TAIL = 48;

function fingerprint(code: Uint8Array): string {
  return `${code.length}:${String.fromCharCode.apply(null, code.subarray(-TAIL) as unknown as number[])}`;
}

function isSame(left: Uint8Array, right: Uint8Array): boolean {
  if (left === right) return true;
  if (left.length !== right.length) return false;
  const isAligned = left.byteOffset % 4 === 0 && right.byteOffset % 4 === 0;
  const words = isAligned ? (left.length >>> 2) & ~3 : 0;
  return sameWords(left, right, words) && sameBytes(left.subarray(4 * words), right.subarray(4 * words));
}

/** The first `words` words of 32 bits, a multiple of 4. */
function sameWords(left: Uint8Array, right: Uint8Array, words: number): boolean {
  if (words === 0) return true;
  const a = new Int32Array(left.buffer, left.byteOffset, words);
  const b = new Int32Array(right.buffer, right.byteOffset, words);
  for (let at = 0; at < words; at += 4) {
    const first = (a[at]! ^ b[at]!) | (a[at + 1]! ^ b[at + 1]!);
    if ((first | (a[at + 2]! ^ b[at + 2]!) | (a[at + 3]! ^ b[at + 3]!)) !== 0) return false;
  }
  return true;
}
