// The state of one pinned block as far as it was fetched: what is under way is shared, what has come is kept.

import { ReorganisationError, StateSourceError } from '../../base/errors.ts';
import { type Hex, quantityFromNumber } from '../../base/hex.ts';
import type { Cancellation } from './cancellation.ts';
import type { CodeStore } from './code-store.ts';
import type { Pin } from './endpoint.ts';
import type { RpcRequest } from './json-rpc.ts';
import { type FetchedAccount, nameOfUnit, type Unit } from './state-keys.ts';
import { balanceRequest, codeRequest, headerRequest, nonceRequest, storageRequest } from './state-requests.ts';
import { resultOf, type Transport } from './transport.ts';

export interface FetcherOptions {
  readonly transport: Transport;
  readonly codes: CodeStore;
  readonly pin: Pin;
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
    const { transport, pin, codes, fetched } = this.#options;
    const requests: RpcRequest<unknown>[] = units.flatMap(requestsFor);
    // A number alone names no block: together with them it is asked what the pinned one is by now.
    const numbers = units.some(({ kind }) => kind === 'blockHash');
    if (numbers) requests.push(headerRequest({ number: quantityFromNumber(pin.number) }));
    const { answers, trip } = await transport.send(requests, pin, cancellation);
    const values = answers.map((answer, at) => resultOf(answer, requests[at]!, pin));
    if (numbers) checkPinned(pin, values.at(-1) as { hash: Hex } | null);
    let at = 0;
    for (const unit of units) {
      const name = nameOfUnit(unit);
      if (unit.kind === 'account') {
        const [balance, nonce, code] = values.slice(at, at + 3) as [bigint, bigint, Hex];
        this.#accounts.set(name, { balance, nonce, ...codes.add(code) });
        at += 3;
      } else if (unit.kind === 'storage') {
        this.#slots.set(name, values[at++] as Hex);
      } else {
        const header = values[at++] as { hash: Hex } | null;
        if (header === null) throw new StateSourceError(`the node has no block ${unit.number}`);
        this.#hashes.set(name, header.hash);
      }
      fetched(unit);
    }
    return trip;
  }
}

/** @throws ReorganisationError where another block has the number of the pinned one */
function checkPinned({ number, hash }: Pin, now: { hash: Hex } | null): void {
  if (now === null) throw new StateSourceError(`the node has no block ${number} any more, which was ${hash}`);
  if (now.hash !== hash) throw new ReorganisationError(number, hash, now.hash);
}

function requestsFor(unit: Unit): RpcRequest<unknown>[] {
  switch (unit.kind) {
    case 'account':
      return [balanceRequest(unit.address), nonceRequest(unit.address), codeRequest(unit.address)];
    case 'storage':
      return [storageRequest(unit.address, unit.slot)];
    case 'blockHash':
      return [headerRequest({ number: quantityFromNumber(unit.number) })];
  }
}

function present<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new StateSourceError(`${name} was not fetched`);
  return value;
}
