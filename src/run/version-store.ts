// The multi-version store on its own: values by key, transaction and incarnation, in the core's version lists.

import { InputError } from '../base/errors.ts';
import { isBytes, sameBytes } from '../base/hex.ts';
import { describe } from '../base/reader.ts';
import { BlockHost } from '../core/host/block-host.ts';
import { FreeValues, outOfMemory } from '../core/host/free-values.ts';
import { createMemory, MAX_INCARNATION, MAX_TRANSACTIONS, openCore, wallClock } from '../core/instance/abi.ts';
import type { Key, Seen, StoreSnapshot, VersionStore, WriterName } from '../task/version-store.ts';
import { memoryOf } from './memory.ts';

/** A version that a transaction has put into a list. */
interface Put {
  readonly node: number;
  readonly credit: boolean;
}

interface Written {
  readonly incarnation: number;
  readonly versions: Map<number, Put>;
}

const SETUP = { count: 0, first: 0, window: 1, complete: true, haltOnInvalid: false, profile: false };

export class CoreVersionStore implements VersionStore {
  readonly #values: FreeValues;
  readonly #host: BlockHost;
  readonly #written = new Map<number, Written>();

  private constructor(host: BlockHost) {
    this.#host = host;
    this.#values = new FreeValues(host.instance);
  }

  static async open(module: WebAssembly.Module, pages: number): Promise<CoreVersionStore> {
    const memory = memoryOf(pages, createMemory);
    const host = new BlockHost(await openCore(module, memory, { clockBase: wallClock(), mayWait: false }), 1);
    if (!host.begin(SETUP)) outOfMemory();
    return new CoreVersionStore(host);
  }

  write(key: Key, value: Uint8Array | undefined, writer: WriterName): void {
    const written = this.#enter(writer);
    const location = this.#values.locate('data', key);
    this.#values.setBytes(value);
    this.#put(written, location, writer.transaction, false);
  }

  writeNumber(key: Key, value: bigint, writer: WriterName): void {
    const written = this.#enter(writer);
    const location = this.#values.locate('number', key);
    this.#values.setNumber(value);
    this.#put(written, location, writer.transaction, false);
  }

  add(key: Key, amount: bigint, writer: WriterName): void {
    const written = this.#enter(writer);
    const location = this.#values.locate('number', key);
    const before = written.versions.get(location);
    this.#values.setNumber(amount);
    if (before !== undefined) this.#values.setNumber(BigInt.asUintN(256, this.#values.numberOf(before.node) + amount));
    this.#put(written, location, writer.transaction, before?.credit ?? true);
  }

  read(key: Key, transaction: number): Seen<Uint8Array | undefined> {
    return this.#values.bytes(this.#values.locate('data', key), this.#reader(transaction));
  }

  readNumber(key: Key, transaction: number): Seen<bigint> {
    return this.#values.number(this.#values.locate('number', key), this.#reader(transaction));
  }

  snapshot(transaction: number): StoreSnapshot {
    this.#reader(transaction);
    const reads = new Map<string, { readonly first: Seen<unknown>; readonly again: () => Seen<unknown> }>();
    const noted = <T>(kind: string, key: Key, read: () => Seen<T>): Seen<T> => {
      const first = read();
      const name = `${kind} ${typeof key === 'string' ? `t${key}` : `b${key.join()}`}`;
      if (!reads.has(name)) reads.set(name, { first, again: read });
      return first;
    };
    return {
      transaction,
      read: (key) => noted('data', key, () => this.read(key, transaction)),
      readNumber: (key) => noted('number', key, () => this.readNumber(key, transaction)),
      holds: () => [...reads.values()].every(({ first, again }) => isSame(first, again())),
    };
  }

  invalidate(transaction: number): void {
    this.#checkTransaction(transaction);
    for (const { node } of this.#written.get(transaction)?.versions.values() ?? []) {
      this.#values.instance.core.markEstimate(node);
    }
  }

  remove(transaction: number): void {
    this.#checkTransaction(transaction);
    this.#kill(this.#written.get(transaction));
    this.#written.delete(transaction);
  }

  clear(): void {
    this.#written.clear();
    if (!this.#host.begin(SETUP)) outOfMemory();
  }

  get memoryBytes(): number {
    return this.#host.memoryBytes();
  }

  #enter({ transaction, incarnation = 0 }: WriterName): Written {
    this.#checkTransaction(transaction);
    if (!Number.isInteger(incarnation) || incarnation < 0 || incarnation > MAX_INCARNATION) {
      throw new InputError('incarnation', `expected 0 to ${MAX_INCARNATION}, got ${describe(incarnation)}`);
    }
    const before = this.#written.get(transaction);
    if (before?.incarnation === incarnation) return before;
    if (before !== undefined && before.incarnation > incarnation) {
      throw new InputError(
        'incarnation',
        `${incarnation} of transaction ${transaction} is over: ${before.incarnation} has written`,
      );
    }
    const written: Written = { incarnation, versions: new Map() };
    this.#kill(before);
    this.#written.set(transaction, written);
    return written;
  }

  #put({ incarnation, versions }: Written, location: number, transaction: number, credit: boolean): void {
    const { core } = this.#values.instance;
    const node = core.putVersion(location, transaction, incarnation, credit);
    if (node === 0) outOfMemory();
    const before = versions.get(location);
    // The newer one of the same incarnation stands before it.
    if (before !== undefined) core.killVersion(before.node);
    versions.set(location, { node, credit });
  }

  #kill(written: Written | undefined): void {
    for (const { node } of written?.versions.values() ?? []) this.#values.instance.core.killVersion(node);
  }

  #checkTransaction(transaction: number): void {
    if (Number.isInteger(transaction) && transaction >= 0 && transaction < MAX_TRANSACTIONS) return;
    throw new InputError('transaction', `expected 0 to ${MAX_TRANSACTIONS - 1}, got ${describe(transaction)}`);
  }

  #reader(transaction: number): number {
    if (transaction !== MAX_TRANSACTIONS) this.#checkTransaction(transaction);
    return transaction;
  }
}

function isSame(left: Seen<unknown>, right: Seen<unknown>): boolean {
  if (left.status !== 'value' || right.status !== 'value') return false;
  const [one, other] = [left.value, right.value];
  if (!(isBytes(one) && isBytes(other))) return one === other;
  return sameBytes(one, other);
}
