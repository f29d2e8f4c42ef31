// Lines of a cache's texts: each says by a checksum that it is whole, and under which name it stands.

import { keccak_256 } from '@noble/hashes/sha3.js';
import { type Hex, hexFromBytes } from '../../base/hex.ts';
import type { StateCache } from '../cache/state-cache.ts';

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

function sealed(payload: string, name: string): string {
  return `${checkOf(payload, name)} ${payload}`;
}

/** What stands in a line; `undefined` where it is not what was written under the name. */
function unsealed(line: string, name: string): string | undefined {
  const payload = line.slice(CHECK_DIGITS + 1);
  return line.slice(0, CHECK_DIGITS) === checkOf(payload, name) ? payload : undefined;
}

/** A cache's text under a name, one sealed line after the other. Nothing fails: what does not go is counted. */
export class SealedText {
  readonly #cache: StateCache;
  readonly #name: string;
  readonly #counts: CacheCounts;

  constructor(cache: StateCache, name: string, counts: CacheCounts) {
    this.#cache = cache;
    this.#name = name;
    this.#counts = counts;
  }

  /** What `parse` makes of each line; where it throws or gives nothing is damage. Of a longer text the end is read. */
  async read<T>(parse: (payload: string) => T | undefined, most = Number.POSITIVE_INFINITY): Promise<T[]> {
    const text = await this.#text();
    const cut = text.length > most ? text.indexOf('\n', text.length - most) : 0;
    const entries: T[] = [];
    for (const line of text.slice(cut).split('\n')) {
      if (line === '') continue;
      const entry = parsed(unsealed(line, this.#name), parse);
      if (entry === undefined) this.#counts.cacheFaults++;
      else entries.push(entry);
    }
    return entries;
  }

  async append(payload: string): Promise<void> {
    try {
      // A line that was cut off before ends here.
      await this.#cache.append(this.#name, `\n${sealed(payload, this.#name)}\n`);
    } catch {
      this.#counts.cacheFaults++;
    }
  }

  async #text(): Promise<string> {
    try {
      return (await this.#cache.read(this.#name)) ?? '';
    } catch {
      this.#counts.cacheFaults++;
      return '';
    }
  }
}

function parsed<T>(payload: string | undefined, parse: (payload: string) => T | undefined): T | undefined {
  if (payload === undefined) return undefined;
  try {
    return parse(payload);
  } catch {
    return undefined;
  }
}

/** Hex bytes as they are written. @throws TypeError */
export function hex(value: string, bytes: number): Hex {
  if (value.length !== 2 + 2 * bytes || !/^0x[0-9a-f]*$/.test(value)) throw new TypeError('not of this length');
  return value as Hex;
}
