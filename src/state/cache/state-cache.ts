// Where fetched state is kept from run to run: the interface of every cache, and one in memory.

import { InputError } from '../../base/errors.ts';
import { describe } from '../../base/reader.ts';

/**
 * Texts by name, which only grow. Names are of small letters, digits and hyphens. What comes back may be damaged, or cut off, or
 * that of others: whoever reads notices. May fail; then it is as if nothing was kept.
 */
export interface StateCache {
  /** All that was appended under the name, in order; `undefined`: nothing. */
  read(name: string): Promise<string | undefined>;
  append(name: string, text: string): Promise<void>;
}

/** In characters. */
const DEFAULT_MAXIMUM = 64 * 2 ** 20;

/** A cache for as long as the process lives. What was used least recently goes when there is more than `maximumCharacters`. */
export function memoryCache({ maximumCharacters = DEFAULT_MAXIMUM }: { maximumCharacters?: number } = {}): StateCache {
  if (!(Number.isSafeInteger(maximumCharacters) && maximumCharacters > 0)) {
    throw new InputError('options.maximumCharacters', `expected a number, got ${describe(maximumCharacters)}`);
  }
  const texts = new Map<string, string>();
  let characters = 0;
  const put = (name: string, text: string) => {
    characters += text.length - (texts.get(name)?.length ?? 0);
    texts.delete(name);
    texts.set(name, text);
  };
  return {
    async read(name) {
      const text = texts.get(name);
      if (text !== undefined) put(name, text);
      return text;
    },
    async append(name, text) {
      put(name, (texts.get(name) ?? '') + text);
      for (const [oldest, { length }] of texts) {
        if (characters <= maximumCharacters || oldest === name) return;
        texts.delete(oldest);
        characters -= length;
      }
    },
  };
}
