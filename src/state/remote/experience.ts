// What calls have read before, by code and selector: the next cold call of the same contracts begins with it. Guesses: they
// decide what is fetched ahead, and nothing else.

import type { Hex } from '../../base/hex.ts';
import type { BlockInput } from '../../block/block-input.ts';
import { nameOfUnit, type Unit } from './state-keys.ts';

/** A call from outside, by what decides on the code that runs. */
export interface CallPlace {
  readonly to: Hex;
  readonly selector: string;
}

/** With more calls in a block nobody knows which of them has read what. */
const MOST_CALLS_OF_BLOCK = 8;
const MOST_CALLS = 1024;
const MOST_UNITS = 512;
const MOST_CODES = 16_384;

/** Bounded: of more calls, units and codes the oldest are forgotten. */
export class Experience {
  /** By code hash and selector. */
  readonly #reads = new Map<string, Map<string, Unit>>();
  readonly #codes = new Map<Hex, Hex>();

  /** An account has this code, at some block. */
  meet(address: Hex, codeHash: Hex): void {
    renew(this.#codes, address, codeHash, MOST_CODES);
  }

  codeHashAt(address: Hex): Hex | undefined {
    return this.#codes.get(address);
  }

  /** The calls of a block that say by themselves who has read something; none where there are too many. */
  callsOf({ transactions }: BlockInput): CallPlace[] {
    const calls = transactions.flatMap(({ to, input }) =>
      to === undefined || input.length < 10 ? [] : [{ to, selector: input.slice(0, 10) }],
    );
    return calls.length > MOST_CALLS_OF_BLOCK ? [] : calls;
  }

  /** Units that a block with these calls has asked for. */
  learn(calls: readonly CallPlace[], units: readonly Unit[]): void {
    for (const call of calls) {
      const name = this.#nameOf(call);
      if (name === undefined) continue;
      const reads = this.#reads.get(name) ?? new Map<string, Unit>();
      renew(this.#reads, name, reads, MOST_CALLS);
      for (const unit of units) if (unit.kind !== 'blockHash') renew(reads, nameOfUnit(unit), unit, MOST_UNITS);
    }
  }

  /** What these calls have read before. */
  expected(calls: readonly CallPlace[]): Unit[] {
    const units = new Map<string, Unit>();
    for (const call of calls) {
      const name = this.#nameOf(call);
      const reads = name === undefined ? undefined : this.#reads.get(name);
      for (const [key, unit] of reads ?? []) units.set(key, unit);
    }
    return [...units.values()];
  }

  #nameOf({ to, selector }: CallPlace): string | undefined {
    const codeHash = this.#codes.get(to);
    return codeHash === undefined ? undefined : `${codeHash}${selector}`;
  }
}

/** The newest last, so that the oldest is the first to go. */
function renew<K, V>(map: Map<K, V>, key: K, value: V, most: number): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= most) return;
  for (const oldest of map.keys()) {
    map.delete(oldest);
    return;
  }
}
