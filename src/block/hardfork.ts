// The hard forks by name and order, and the questions other files ask about them.

import { InputError } from '../errors.ts';
import { describe } from './reader.ts';

/** Every supported fork in order, named as in ethereumjs. */
export const HARDFORKS = [
  'chainstart',
  'homestead',
  'dao',
  'tangerineWhistle',
  'spuriousDragon',
  'byzantium',
  'constantinople',
  'petersburg',
  'istanbul',
  'muirGlacier',
  'berlin',
  'london',
  'arrowGlacier',
  'grayGlacier',
  'paris',
  'mergeNetsplitBlock',
  'shanghai',
  'cancun',
  'prague',
  'osaka',
  'bpo1',
  'bpo2',
] as const;

export type Hardfork = (typeof HARDFORKS)[number];

/** Whether `hardfork` is `other` or later. */
export function isAtLeast(hardfork: Hardfork, other: Hardfork): boolean {
  return HARDFORKS.indexOf(hardfork) >= HARDFORKS.indexOf(other);
}

/** Reads a fork's name; an unknown one is an InputError that suggests the nearest. */
export function readHardfork(value: unknown, field: string): Hardfork {
  const known = HARDFORKS.find((name) => name === value);
  if (known !== undefined) return known;
  if (typeof value !== 'string') throw new InputError(field, `expected a hardfork's name, got ${describe(value)}`);
  throw new InputError(field, `unknown hardfork ${describe(value)}; did you mean "${nearestHardfork(value)}"?`);
}

function nearestHardfork(name: string): Hardfork {
  const wanted = name.slice(0, 64).toLowerCase();
  const ranked = HARDFORKS.map((known) => ({ known, distance: editDistance(wanted, known.toLowerCase()) }));
  ranked.sort((left, right) => left.distance - right.distance);
  return ranked[0]?.known ?? 'chainstart';
}

/** Levenshtein distance. */
function editDistance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, i) => i);
  for (let i = 1; i <= left.length; i++) {
    const next = [i];
    for (let j = 1; j <= right.length; j++) {
      const substitution = (row[j - 1] ?? 0) + (left[i - 1] === right[j - 1] ? 0 : 1);
      next.push(Math.min(substitution, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[right.length] ?? 0;
}
