// Placeholders for hashes of code: what nobody has asked the hash of is numbered instead of hashed (layout.ts, CODE_PLACEHOLDER).

import { CODE_PLACEHOLDER } from '../../../assembly/layout.ts';

const WORDS = 8;
const placeholders = new WeakMap<Uint8Array, Uint8Array>();
/** Another copy of this module numbers differently. */
let template: Uint8Array | undefined;
let count = 0;

/** 32 bytes that stand for the hash of this very array, in all images. */
export function placeholderOf(code: Uint8Array): Uint8Array {
  let made = placeholders.get(code);
  if (made === undefined) {
    template ??= crypto.getRandomValues(new Uint8Array(32)).fill(0, 0, CODE_PLACEHOLDER);
    made = template.slice();
    new Uint32Array(made.buffer)[WORDS - 1] = ++count;
    placeholders.set(code, made);
  }
  return made;
}

/** Its number among those of this process, where the eight words from `at` on are a placeholder; 0: they are none. */
export function placeholderNumber(words: Uint32Array, at: number): number {
  const isNone = (words[at]! | words[at + 1]! | words[at + 2]! | words[at + 3]!) !== 0;
  return isNone ? 0 : words[at + WORDS - 1]!;
}

/** What tells the hash of code, where it is given a placeholder. */
export type CodeHashes = (hash: Uint8Array) => Uint8Array;
