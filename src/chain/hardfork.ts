// The hard forks by name and order, and the questions other files ask about them.

import { InputError } from '../base/errors.ts';
import { editDistance } from '../base/nearest.ts';
import { describe } from '../base/reader.ts';

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
  'amsterdam',
] as const;

export type Hardfork = (typeof HARDFORKS)[number];

/** Whether `hardfork` is `other` or later. */
export function isAtLeast(hardfork: Hardfork, other: Hardfork): boolean {
  return HARDFORKS.indexOf(hardfork) >= HARDFORKS.indexOf(other);
}

/** What other tools call the forks, in lower case without spaces and signs: geth, Besu, foundry, hardhat, the tests. */
const OTHER_NAMES: Readonly<Record<string, Hardfork>> = {
  frontier: 'chainstart',
  daofork: 'dao',
  daoforksupport: 'dao',
  eip150: 'tangerineWhistle',
  tangerine: 'tangerineWhistle',
  eip155: 'spuriousDragon',
  eip158: 'spuriousDragon',
  eip161: 'spuriousDragon',
  spurious: 'spuriousDragon',
  constantinoplefix: 'petersburg',
  stpetersburg: 'petersburg',
  frontierthawing: 'chainstart',
  merge: 'paris',
  themerge: 'paris',
  mergenetsplit: 'mergeNetsplitBlock',
  shapella: 'shanghai',
  dencun: 'cancun',
  pectra: 'prague',
  fusaka: 'osaka',
  glamsterdam: 'amsterdam',
  // What the consensus layer calls them.
  bellatrix: 'paris',
  capella: 'shanghai',
  deneb: 'cancun',
  electra: 'prague',
  fulu: 'osaka',
  gloas: 'amsterdam',
};

/** Names as they are compared: letter case, spaces, `_` and `-` do not count. */
function bare(name: string): string {
  return name
    .slice(0, 64)
    .toLowerCase()
    .replace(/[\s_-]/g, '');
}

const NAMES: ReadonlyMap<string, Hardfork> = new Map([
  ...Object.entries(OTHER_NAMES),
  ...HARDFORKS.map((name) => [bare(name), name] as const),
]);

/**
 * Reads a fork's name. Another one is an InputError that suggests the fork which other tools call so or which it nearly
 * is, and lists the forks where that would be a guess: whoever follows a wrong one gets other rules.
 */
export function readHardfork(value: unknown, field: string): Hardfork {
  if (typeof value !== 'string') throw new InputError(field, `expected a hardfork's name, got ${describe(value)}`);
  const known = HARDFORKS.find((name) => name === value);
  if (known !== undefined) return known;
  const wanted = bare(value);
  const meant = value.length <= 64 ? NAMES.get(wanted) : undefined;
  if (meant !== undefined) {
    throw new InputError(field, `unknown hardfork ${describe(value)}; did you mean "${meant}"?`);
  }
  // A name that differs in a number is another fork: bpo3 is not nearly bpo2.
  const numbers = wanted.replace(/[^0-9]/g, '');
  for (const [name, fork] of NAMES) {
    const typing = name.replace(/[^0-9]/g, '') === numbers && editDistance(wanted, name) * 4 <= name.length;
    if (typing) throw new InputError(field, `unknown hardfork ${describe(value)}; did you mean "${fork}"?`);
  }
  throw new InputError(field, `unknown hardfork ${describe(value)}; there are ${HARDFORKS.join(', ')}`);
}
