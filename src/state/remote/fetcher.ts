// The state of one pinned block as far as it was fetched: what is under way is shared, what has come is kept.

import { StateSourceError } from '../../base/errors.ts';
import type { Hex } from '../../base/hex.ts';
import type { Cancellation } from './cancellation.ts';
import type { Loader } from './loader.ts';
import { type FetchedAccount, nameOfUnit, type Unit } from './state-keys.ts';
import type { Transport } from './transport.ts';

export interface FetcherOptions {
  readonly transport: Transport;
  readonly load: Loader;
  /** For as long as the source lives. */
  readonly cancellation: Cancellation;
  /** Called for each unit that has come, and is there. */
  readonly fetched: (unit: Unit) => void;
}

/** Units that were asked for together. */
interface Batch {
  readonly names: readonly string[];
  /** Gives the trip that it came with. */
  readonly over: Promise<number>;
  readonly cancellation: Cancellation;
  /** Those who wait for it; without one it is given up. */
  waiting: number;
}

export class Fetcher {
  readonly #options: FetcherOptions;
  readonly #accounts = new Map<string, FetchedAccount>();
  readonly #slots = new Map<string, Hex>();
  readonly #hashes = new Map<string, Hex>();
  readonly #batches = new Map<string, Batch>();

  constructor(options: FetcherOptions) {
    this.#options = options;
  }

  /** Returns when all units are there. @throws RpcError, ReorganisationError, or the reason when it is cancelled */
  async fetch(units: readonly Unit[], cancellation: Cancellation): Promise<void> {
    cancellation.throwIfCancelled();
    this.#options.cancellation.throwIfCancelled();
    const missing = new Map<string, Unit>();
    const batches = new Set<Batch>();
    for (const unit of units) {
      const name = nameOfUnit(unit);
      if (this.has(unit)) continue;
      const batch = this.#batches.get(name);
      if (batch === undefined) missing.set(name, unit);
      else batches.add(batch);
    }
    if (missing.size > 0) batches.add(this.#begin(missing));
    if (batches.size > 0) await this.#wait(batches, cancellation);
  }

  /** Fetches what is not known without anybody waiting for it; what fails is forgotten. */
  ahead(units: readonly Unit[]): void {
    const missing = new Map<string, Unit>();
    for (const unit of units) {
      const name = nameOfUnit(unit);
      if (!this.has(unit) && !this.#batches.has(name)) missing.set(name, unit);
    }
    if (missing.size > 0 && !this.#options.cancellation.cancelled) this.#begin(missing);
  }

  has(unit: Unit): boolean {
    return (
      this.#accounts.has(nameOfUnit(unit)) || this.#slots.has(nameOfUnit(unit)) || this.#hashes.has(nameOfUnit(unit))
    );
  }

  /** An account that was fetched. */
  account(address: Hex): FetchedAccount {
    return present(this.#accounts.get(address.toLowerCase()), address);
  }

  slot(address: Hex, slot: Hex): Hex {
    return present(this.#slots.get(nameOfUnit({ kind: 'storage', address, slot })), `${address}[${slot}]`);
  }

  blockHash(number: bigint): Hex {
    return present(this.#hashes.get(String(number)), `the hash of block ${number}`);
  }

  #begin(units: ReadonlyMap<string, Unit>): Batch {
    const { cancellation, release } = this.#options.cancellation.below();
    const batch: Batch = {
      cancellation,
      waiting: 0,
      names: [...units.keys()],
      over: this.#load([...units.values()], cancellation).finally(() => {
        release();
        this.#forget(batch);
      }),
    };
    // Who waits hears of it; where nobody does, it is asked for again when it is needed.
    batch.over.catch(() => {});
    for (const name of batch.names) this.#batches.set(name, batch);
    return batch;
  }

  async #wait(batches: ReadonlySet<Batch>, cancellation: Cancellation): Promise<void> {
    const { transport } = this.#options;
    const from = transport.arrived;
    for (const batch of batches) batch.waiting++;
    let failure: unknown;
    try {
      const trips = await cancellation.race(Promise.all([...batches].map(({ over }) => over)));
      transport.waited(from, Math.max(...trips));
    } catch (error) {
      failure = error;
      throw error;
    } finally {
      for (const batch of batches) if (--batch.waiting === 0) this.#giveUp(batch, failure);
    }
  }

  /** Nobody waits for it any more; who asks for the same from now on begins anew. */
  #giveUp(batch: Batch, reason: unknown): void {
    this.#forget(batch);
    batch.cancellation.cancel(reason);
  }

  #forget(batch: Batch): void {
    for (const name of batch.names) if (this.#batches.get(name) === batch) this.#batches.delete(name);
  }

  async #load(units: readonly Unit[], cancellation: Cancellation): Promise<number> {
    const { load, fetched } = this.#options;
    const { accounts, slots, hashes, trip } = await load(units, cancellation);
    for (const [address, account] of accounts) this.#accounts.set(address, account);
    for (const [address, slot, value] of slots) this.#slots.set(nameOfUnit({ kind: 'storage', address, slot }), value);
    for (const [number, hash] of hashes) this.#hashes.set(String(number), hash);
    for (const unit of units) fetched(unit);
    return trip;
  }
}

function present<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new StateSourceError(`${name} was not fetched`);
  return value;
}
