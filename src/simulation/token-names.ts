// What tokens call themselves on a state: the same for all that is asked of it until it changes.

import type { Residence } from '../run/residence.ts';
import type { Asset } from './preview-types.ts';
import type { Head } from './setting.ts';

/** By address and kind. */
export type TokenNames = Map<string, Pick<Asset, 'symbol' | 'decimals'>>;

interface Known {
  readonly edition: number;
  readonly head: Head;
  readonly names: TokenNames;
}

const known = new WeakMap<Residence, Known>();

/** Those of a state as it is in an edition, seen from a block; without an edition those of nobody else. */
export function tokenNames(residence: Residence, head: Head, edition: number | undefined): TokenNames {
  if (edition === undefined) return new Map();
  const last = known.get(residence);
  if (last !== undefined && last.edition === edition && last.head === head) return last.names;
  const names: TokenNames = new Map();
  known.set(residence, { edition, head, names });
  return names;
}
