// Contracts that were met: the slots that were asked for, and the addresses that each holds in its code and its slots. A block
// of many calls does not say which of them read what; but who trades two tokens will ask the pool that holds both.

import { renew } from '../../base/bounded-map.ts';
import type { Hex } from '../../base/hex.ts';
import type { BlockInput } from '../../block/block-input.ts';
import { contextOf } from './block-keys.ts';
import type { Unit } from './state-keys.ts';

export interface MetContract {
  readonly slots: ReadonlyMap<Hex, true>;
  readonly refers: ReadonlyMap<Hex, true>;
}

const MOST_CONTRACTS = 8192;
const MOST_SLOTS = 96;
const MOST_REFERENCES = 16;
/** Contracts that are remembered to hold one address: of a stablecoin, the newest of thousands. */
const MOST_HOLDERS = 256;
/** Units that are expected of one block. */
const MOST_EXPECTED = 20_000;

/** Bounded: of more contracts, slots and references the oldest are forgotten. */
export class ContractMemory {
  readonly #contracts = new Map<Hex, { slots: Map<Hex, true>; refers: Map<Hex, true> }>();
  readonly #holders = new Map<Hex, Map<Hex, true>>();

  get contracts(): ReadonlyMap<Hex, MetContract> {
    return this.#contracts;
  }

  /** Somebody asked for a slot. Whether that is new. */
  asked(address: Hex, slot: Hex): boolean {
    const { slots } = this.#known(address);
    const isNew = !slots.has(slot);
    renew(slots, slot, true, MOST_SLOTS);
    return isNew;
  }

  /** A contract holds an address. Whether that is new. */
  holds(address: Hex, named: Hex): boolean {
    const { refers } = this.#known(address);
    const isNew = !refers.has(named);
    renew(refers, named, true, MOST_REFERENCES);
    const holders = this.#holders.get(named) ?? new Map<Hex, true>();
    renew(holders, address, true, MOST_HOLDERS);
    renew(this.#holders, named, holders, MOST_CONTRACTS);
    return isNew;
  }

  /** What the calls of a block will probably ask for. */
  expected({ transactions }: BlockInput): Unit[] {
    const units: Unit[] = [];
    const met = new Set<Hex>();
    for (const transaction of transactions) {
      const context = contextOf(transaction);
      if (context?.to === undefined || transaction.input === '0x') continue;
      const named = [context.to, ...context.addresses];
      for (const address of [...named, ...this.#between(named)]) {
        if (met.has(address)) continue;
        met.add(address);
        const contract = this.#contracts.get(address);
        if (contract === undefined) continue;
        units.push({ kind: 'account', address });
        for (const slot of contract.slots.keys()) units.push({ kind: 'storage', address, slot });
      }
    }
    return units.slice(0, MOST_EXPECTED);
  }

  /** Contracts that hold two of these addresses. */
  #between(named: readonly Hex[]): Set<Hex> {
    const [once, twice] = [new Set<Hex>(), new Set<Hex>()];
    for (const address of new Set(named)) {
      for (const holder of this.#holders.get(address)?.keys() ?? []) (once.has(holder) ? twice : once).add(holder);
    }
    return twice;
  }

  #known(address: Hex): { slots: Map<Hex, true>; refers: Map<Hex, true> } {
    const known = this.#contracts.get(address) ?? { slots: new Map<Hex, true>(), refers: new Map<Hex, true>() };
    renew(this.#contracts, address, known, MOST_CONTRACTS);
    return known;
  }
}
