// How mutated requests are judged: refused by a typed error that names what is wrong, or equal to the oracle, and nothing strays.

import { InputError } from '../../src/base/errors.ts';
import { Random } from './fuzz-random.ts';
import type { GuardedMemory } from './guarded-memory.ts';

/** How many requests came to what end. */
export interface Ends {
  refused: number;
  encoded: number;
}

/**
 * Runs `one` for seeds 1, 2, …; each answers what it was refused with, or undefined. In the end both must have happened
 * often: a fuzzer that is always refused, or never, finds nothing.
 */
export async function fuzz(memory: GuardedMemory, cases: number, one: (random: Random) => unknown): Promise<Ends> {
  const ends: Ends = { refused: 0, encoded: 0 };
  for (let seed = 1; seed <= cases; seed++) {
    try {
      const refusal = one(new Random(seed));
      const refused = (refusal instanceof Promise ? await refusal : refusal) !== undefined;
      ends[refused ? 'refused' : 'encoded']++;
      const stray = memory.firstStray();
      if (stray !== undefined) throw new Error(`byte ${stray} was written, and belongs to no record`);
    } catch (error) {
      throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    }
  }
  return ends;
}

/** What `run` is refused with; every other error is a fault. */
export function refusal<T>(
  run: () => T,
  kinds: readonly (new (...all: never[]) => Error)[],
  named: RegExp,
): { error: Error } | { value: T } {
  try {
    return { value: run() };
  } catch (error) {
    return { error: expected(error, kinds, named) };
  }
}

export function expected(error: unknown, kinds: readonly (new (...all: never[]) => Error)[], named: RegExp): Error {
  if (!(error instanceof Error) || !kinds.some((kind) => error instanceof kind)) throw error;
  const name = error instanceof InputError ? error.field : error.message;
  if (!named.test(name)) throw new Error(`the error does not name what is wrong (${named}): ${error.message}`);
  return error;
}

export function same(name: string, actual: Uint8Array, wanted: Uint8Array): void {
  if (Buffer.compare(actual, wanted) === 0) return;
  const at = wanted.findIndex((byte, i) => byte !== actual[i]);
  throw new Error(`${name}: ${actual.length} bytes that differ from the ${wanted.length} wanted at ${at}`);
}
