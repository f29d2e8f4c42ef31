// What calls have read before, by code and selector, and what contracts were asked for: the next cold run begins with it.
// Guesses: they decide what is fetched ahead, and nothing else.

import { renew } from '../../base/bounded-map.ts';
import type { Hex } from '../../base/hex.ts';
import type { BlockInput } from '../../block/block-input.ts';
import { ContractMemory } from './contract-memory.ts';
import { nameOfUnit, type Unit } from './state-keys.ts';

/** A call from outside, by what decides on the code that runs. */
export interface CallPlace {
  readonly to: Hex;
  readonly selector: string;
}

/** A unit that can be told from one block to the next. */
export type LastingUnit = Exclude<Unit, { kind: 'blockHash' }>;

/** What is to be remembered: everything that was learned, or what came last. */
export interface Lesson {
  /** Code hash and selector, one behind the other, with what such calls asked for. */
  readonly reads: readonly (readonly [place: string, units: readonly LastingUnit[]])[];
  readonly codes: readonly (readonly [address: Hex, codeHash: Hex])[];
  readonly contracts: readonly (readonly [address: Hex, slots: readonly Hex[], refers: readonly Hex[]])[];
}

/** With more calls in a block nobody knows which of them has read what. */
const MOST_CALLS_OF_BLOCK = 8;
const MOST_CALLS = 1024;
const MOST_UNITS = 512;
const MOST_CODES = 16_384;

/** Bounded: of more calls, units and codes the oldest are forgotten. */
export class Experience {
  /** By code hash and selector. */
  readonly #reads = new Map<string, Map<string, LastingUnit>>();
  readonly #codes = new Map<Hex, Hex>();
  readonly #contracts = new ContractMemory();

  /** An account has this code, at some block. Whether that is new. */
  meet(address: Hex, codeHash: Hex): boolean {
    const isNew = this.#codes.get(address) !== codeHash;
    renew(this.#codes, address, codeHash, MOST_CODES);
    return isNew;
  }

  /** A contract holds an address, in its code or in a slot. Whether that is new. */
  holds(address: Hex, named: Hex): boolean {
    return this.#contracts.holds(address, named);
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

  /** Units that a block with these calls has asked for. Returns what is new of it. */
  learn(calls: readonly CallPlace[], units: readonly Unit[]): Pick<Lesson, 'reads' | 'contracts'> {
    const lasting = units.filter((unit): unit is LastingUnit => unit.kind !== 'blockHash');
    const slots = new Map<Hex, Hex[]>();
    for (const unit of lasting) {
      if (unit.kind !== 'storage' || !this.#contracts.asked(unit.address, unit.slot)) continue;
      slots.set(unit.address, [...(slots.get(unit.address) ?? []), unit.slot]);
    }
    const reads = calls.flatMap((call): [string, LastingUnit[]][] => {
      const name = this.#nameOf(call);
      return name === undefined ? [] : [[name, this.#remember(name, lasting)]];
    });
    return {
      reads: reads.filter(([, added]) => added.length > 0),
      contracts: [...slots].map(([address, added]) => [address, added, []]),
    };
  }

  /** What a block with these calls will probably ask for: as they did before, or as the contracts of many calls were asked. */
  expected(block: BlockInput, calls: readonly CallPlace[]): Unit[] {
    if (calls.length === 0) return this.#contracts.expected(block);
    const units = new Map<string, Unit>();
    for (const call of calls) {
      const name = this.#nameOf(call);
      const reads = name === undefined ? undefined : this.#reads.get(name);
      for (const [key, unit] of reads ?? []) units.set(key, unit);
    }
    return [...units.values()];
  }

  /** All that is remembered. */
  lesson(): Lesson {
    return {
      reads: [...this.#reads].map(([name, units]) => [name, [...units.values()]]),
      codes: [...this.#codes],
      contracts: [...this.#contracts.contracts].map(([address, { slots, refers }]) => [
        ...([address, [...slots.keys()], [...refers.keys()]] as const),
      ]),
    };
  }

  /** Learns what was learned elsewhere. */
  take({ reads, codes, contracts }: Lesson): void {
    for (const [address, codeHash] of codes) this.meet(address, codeHash);
    for (const [name, units] of reads) this.#remember(name, units);
    for (const [address, slots, refers] of contracts) {
      for (const slot of slots) this.#contracts.asked(address, slot);
      for (const named of refers) this.#contracts.holds(address, named);
    }
  }

  /** Returns those that are new. */
  #remember(name: string, units: readonly LastingUnit[]): LastingUnit[] {
    const known = this.#reads.get(name) ?? new Map<string, LastingUnit>();
    renew(this.#reads, name, known, MOST_CALLS);
    const added = units.filter((unit) => !known.has(nameOfUnit(unit)));
    for (const unit of units) renew(known, nameOfUnit(unit), unit, MOST_UNITS);
    return added;
  }

  #nameOf({ to, selector }: CallPlace): string | undefined {
    const codeHash = this.#codes.get(to);
    return codeHash === undefined ? undefined : `${codeHash}${selector}`;
  }
}
