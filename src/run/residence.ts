// Where a state stays between runs: one memory of the core, and the next one when a worker has died in it, or it is full.
// And what takes runs back: the base values before them, which lie outside of the core and outlive every memory.

import { MemoryLimitError } from '../base/errors.ts';
import { bytesFromKey, keyFromBytes } from '../base/hex.ts';
import { turnTaker } from '../base/platform.ts';
import type { BlockHost } from '../core/host/block-host.ts';
import { type ChangeRecords, codesIn } from '../core/host/change-records.ts';
import { KeptAccesses } from '../core/host/kept-accesses.ts';
import {
  blockNumberOf,
  changedRecord,
  countKept,
  type FieldKind,
  fieldLocation,
  type KeptRecords,
  type KeptValue,
  keepAll,
  keptAt,
  keptValue,
  keptValues,
  locationUse,
  overwritten,
  restoreKept,
  setBlockNumber,
  unknownRecord,
  withoutOldest,
  withoutZeros,
} from '../core/host/kept-state.ts';
import { locationCount, type Places, placesOf } from '../core/host/location.ts';
import { type Recordings, takeRecordings } from '../core/host/recordings.ts';
import { EMPTY_IMAGE, type StateImage } from '../core/host/state-image.ts';
import { type CoreInstance, Kind } from '../core/instance/abi.ts';
import type { MemoryLease } from './memory.ts';
import type { StayingState } from './staying-state.ts';

/** A memory, as the crews that run in it need it. */
export interface Home {
  readonly host: BlockHost;
  /** Where workers attach to it. */
  readonly lease?: MemoryLease;
  /** Where the calling thread executes. */
  readonly worker?: CoreInstance;
  /** Nobody needs it any more. */
  leave(): void;
}

/** What a residence is opened with. */
export interface ResidenceOptions {
  /** A memory that nobody else touches. */
  readonly open: () => Promise<Home>;
  /** Whether what is not known is zero; otherwise a source has to be asked. */
  readonly complete: boolean;
}

/** A mark, and what tells it from others that come to the same place in the log. */
export interface Moment {
  readonly mark: number;
  readonly stamp: number;
}

/** Bytes that the core needs beside each code: hash, jump map, table. */
const CODE_COST = 4096;
/** Parts of the locations from which on a memory is tidied, and that are left of what a source can give again. */
const FULL = 3 / 4;
const HALF = 1 / 2;

export class Residence implements StayingState {
  readonly complete: boolean;
  /** Transactions from which on it pays to wake the workers for folding. */
  foldTogether = 512;
  readonly #open: () => Promise<Home>;
  readonly #codes = new Map<string, Uint8Array>();
  /** What changes have overwritten, oldest first. */
  readonly #log: KeptRecords[] = [];
  /** Of each of its entries a number that no other one had. */
  readonly #stamps: number[] = [];
  #newestStamp = 0;
  /** Of the entry that was forgotten last. */
  #forgottenStamp = 0;
  /** How much of it nobody needs any more. */
  #forgotten = 0;
  #home: Home;
  #isTainted = false;
  /** Locations in use from which on the memory is tidied again. */
  #tidyAbove = 0;
  /** How often a memory was laid out. */
  #layout = 0;
  /** How often the state has changed. */
  #edition = 0;
  /** The newest number that any state had. */
  #editions = 0;

  private constructor({ open, complete }: ResidenceOptions, home: Home) {
    this.#open = open;
    this.complete = complete;
    this.#home = home;
  }

  /** @throws MemoryLimitError for a state that does not fit */
  static async open(options: ResidenceOptions, image: StateImage): Promise<Residence> {
    const home = await options.open();
    const residence = new Residence(options, home);
    const fits = home.host.openState(0, image.count) && home.host.load({ ...image, codes: [] });
    if (!fits) residence.#refuse(home);
    residence.#addCodes(image.codes);
    residence.#loadCodes(home);
    return residence;
  }

  /**
   * A copy of the state that stays in another memory, in which nobody is at work; in `home`, where that is there already.
   * @throws MemoryLimitError
   */
  static async copyOf(
    from: Pick<CoreInstance, 'bytes' | 'words'>,
    { home: given, ...options }: ResidenceOptions & { readonly home?: Home },
  ): Promise<Residence> {
    const home = given ?? (await options.open());
    if (!(await home.host.copyState(from, turnTaker()))) throw new MemoryLimitError('the memories differ');
    return new Residence(options, home);
  }

  /** A copy of what is here, in a memory of its own; what takes it back is not copied. */
  async fork(): Promise<Residence> {
    const home = await this.home();
    const next = await this.#open();
    const copy = new Residence({ open: this.#open, complete: this.complete }, next);
    for (const [hash, code] of this.#codes) copy.#codes.set(hash, code);
    try {
      if (!(await next.host.copyState(home.host.instance, turnTaker()))) {
        const records = await keepAll(home.host.instance, turnTaker());
        await copy.#settle(next, 0, records, blockNumberOf(home.host.instance));
      }
    } catch (error) {
      next.leave();
      throw error;
    }
    return copy;
  }

  /**
   * The memory, in which nobody is at work, for a block of so many transactions. `isShort`: somebody has just found no room
   * in it. @throws MemoryLimitError
   */
  async home(transactions = 0, isShort = false): Promise<Home> {
    const { host } = this.#home;
    const { used, capacity } = locationUse(host.instance);
    const isFull = used > capacity * FULL && (isShort || used > this.#tidyAbove);
    if (!this.#isTainted && !isFull && transactions <= host.transactionCapacity) return this.#home;
    const number = blockNumberOf(host.instance);
    // Base values are only written by who folds, and what a zombie would write there is what lies there.
    let records = await keepAll(host.instance, turnTaker());
    if (this.complete) records = withoutZeros(records);
    else if (isFull) records = withoutOldest(records, Math.floor(capacity * HALF));
    const next = this.#isTainted ? await this.#open() : this.#home;
    try {
      await this.#settle(next, transactions, records, number);
    } catch (error) {
      // It did fit as it was.
      if (next === this.#home) await this.#settle(next, 0, records, number);
      else next.leave();
      throw error;
    }
    if (next !== this.#home) this.#home.leave();
    this.#home = next;
    this.#isTainted = false;
    // A state that fills the memory by itself would be laid out anew for every call.
    const left = locationUse(next.host.instance);
    this.#tidyAbove = left.used + Math.floor((left.capacity - left.used) / 2);
    return next;
  }

  /** Somebody was ended in the middle of something: the memory is left before anybody writes to the state again. */
  taint(): void {
    this.#isTainted = true;
  }

  keep(records: KeptRecords): void {
    this.#push(records);
    this.#edition = ++this.#editions;
  }

  /** Another number as soon as locations may have other numbers. */
  get layout(): number {
    return this.#layout;
  }

  /** Another number as soon as the state may be another. */
  get edition(): number {
    return this.#edition;
  }

  /** All that changed since this edition was taken back: the state is what it was. */
  isAgain(edition: number): void {
    this.#edition = edition;
  }

  /** Another number as soon as a block has begun in the memory, which overwrites what the one before has left there. */
  get blockNumber(): number {
    return blockNumberOf(this.#home.host.instance);
  }

  /** What the last block has recorded, while it is still in the memory. `spent`: see {@link takeRecordings}. */
  recordings(spent?: Recordings): Recordings {
    return takeRecordings(this.#home.host.instance, spent);
  }

  /** How many locations there are, the first of which is none. */
  get locations(): number {
    return locationCount(this.#home.host.instance);
  }

  /** What locations stand for. */
  places(locations: readonly number[]): Places {
    return placesOf(this.#home.host.instance, locations);
  }

  /** The location of a field of an account, 0 where nobody has asked for it yet. */
  locationOf(kind: FieldKind, address: Uint8Array): number {
    return fieldLocation(this.#home.host.instance, kind, address);
  }

  /** The same of a block of so many tasks, to be kept; `undefined` where not all of it is there. While the layout is the same. */
  accesses(recordings: Recordings, tasks: number, firstTransaction: number): KeptAccesses | undefined {
    if (recordings.length !== tasks) return undefined;
    return KeptAccesses.take(this.#home.host.instance, recordings, firstTransaction);
  }

  changed(records: ChangeRecords): void {
    this.#addCodes(codesIn(records));
  }

  /** A moment to come back to. */
  get mark(): number {
    return this.#forgotten + this.#log.length;
  }

  /** Takes back what has changed since then, all of it or nothing. @throws MemoryLimitError */
  async revertTo(mark: number): Promise<void> {
    if (this.mark <= mark) return;
    // The oldest value of a place comes last, and stays.
    await this.exchange(this.since(mark).toReversed().flat());
    this.#log.length = mark - this.#forgotten;
    this.#stamps.length = this.#log.length;
  }

  #push(records: KeptRecords): void {
    this.#log.push(records);
    this.#stamps.push(++this.#newestStamp);
  }

  /** Now, as a moment that can be told from what a reverted state becomes. */
  get moment(): Moment {
    const { mark } = this;
    return { mark, stamp: this.#stampAt(mark) };
  }

  /** Whether all that has changed since then is in the log. */
  reaches({ mark, stamp }: Moment): boolean {
    return mark >= this.#forgotten && mark <= this.mark && this.#stampAt(mark) === stamp;
  }

  #stampAt(mark: number): number {
    return this.#stamps[mark - this.#forgotten - 1] ?? this.#forgottenStamp;
  }

  /**
   * Puts other values in the places of what is there, all of them or none, and gives what was there: exchanged in its turn,
   * it takes everything back.
   * @throws MemoryLimitError
   */
  async exchange(records: KeptRecords): Promise<KeptRecords> {
    const { host } = await this.home();
    this.#edition = ++this.#editions;
    const { used, capacity } = locationUse(host.instance);
    const before: Uint8Array[] = [];
    // A place whose value was dropped takes a location again, and perhaps its account another.
    const fits =
      used + 2 * countKept(records) <= capacity && host.idle() && restoreKept(host.instance, records, before);
    if (fits) return before.reverse();
    const held = [...keptValues(records)].map(({ kind, address, slot }) => this.#held(kind, address, slot));
    await this.#rebuild(records);
    return held;
  }

  /** The record of a place as it is. */
  #held(kind: number, address: Uint8Array, slot: Uint8Array): Uint8Array {
    const place = kind === Kind.STORAGE ? slot : undefined;
    return keptAt(this.#home.host.instance, kind, address, place) ?? unknownRecord(kind, address, place);
  }

  /** Lays the memory out anew, with other values for some places. What does not fit leaves it as it was. */
  async #rebuild(records: KeptRecords): Promise<void> {
    const { instance } = this.#home.host;
    const number = blockNumberOf(instance);
    const before = await keepAll(instance, turnTaker());
    let after = overwritten(before, records);
    after = this.complete
      ? withoutZeros(after)
      : withoutOldest(after, Math.floor(locationUse(instance).capacity * HALF));
    try {
      await this.#settle(this.#home, 0, after, number);
    } catch (error) {
      await this.#settle(this.#home, 0, before, number);
      throw error;
    }
  }

  /** What has been overwritten since then, oldest first. */
  since(mark: number): readonly KeptRecords[] {
    return this.#log.slice(mark - this.#forgotten);
  }

  /** Nobody will come back to what was before `mark`. */
  forgetBefore(mark: number): void {
    const { length } = this.#log.splice(0, mark - this.#forgotten);
    this.#forgottenStamp = this.#stamps.splice(0, length).at(-1) ?? this.#forgottenStamp;
    this.#forgotten += length;
  }

  /** The number of a field of an account, `undefined` where nobody knows it. No worker may be at work. */
  number(kind: FieldKind, address: Uint8Array): bigint | undefined {
    const record = this.#read(kind, address);
    return record?.known ? record.number : this.complete ? 0n : undefined;
  }

  /** The hash of an account's code, zeros for none. Otherwise as {@link number}. */
  codeHash(address: Uint8Array): Uint8Array | undefined {
    const record = this.#read(Kind.CODE, address);
    return record?.known ? record.word : this.complete ? new Uint8Array(32) : undefined;
  }

  /** The 32 bytes of a slot. Otherwise as {@link number}. */
  storage(address: Uint8Array, slot: Uint8Array): Uint8Array | undefined {
    const record = this.#read(Kind.STORAGE, address, slot);
    if (this.emptied(address) > (record?.generation ?? 0)) return new Uint8Array(32);
    return record?.known ? record.word : this.complete ? new Uint8Array(32) : undefined;
  }

  /** The block, as the memory counts them, that emptied an account's storage last; 0 for none. */
  emptied(address: Uint8Array): number {
    return this.#read(Kind.RESET, address)?.generation ?? 0;
  }

  #read(kind: number, address: Uint8Array, slot?: Uint8Array): KeptValue | undefined {
    const record = keptAt(this.#home.host.instance, kind, address, slot);
    return record === undefined ? undefined : keptValue(record);
  }

  /** Sets a place from outside: a number, a slot's 32 bytes, or a code's hash. @throws MemoryLimitError */
  async write(
    kind: number,
    address: Uint8Array,
    slot: Uint8Array | undefined,
    value: bigint | Uint8Array,
  ): Promise<void> {
    const { host } = await this.home();
    const { instance } = host;
    const before = keptAt(instance, kind, address, slot) ?? unknownRecord(kind, address, slot);
    host.idle();
    this.#edition = ++this.#editions;
    if (!restoreKept(instance, [changedRecord(kind, address, slot, value, blockNumberOf(instance))])) {
      this.#refuse(this.#home);
    }
    this.#push([before]);
  }

  /** Adds what a source says; what is known stays. @throws MemoryLimitError */
  async learn(image: StateImage): Promise<void> {
    const { host } = await this.home();
    host.idle();
    if (!host.load(image)) this.#refuse(this.#home);
  }

  /** All that is known. */
  async all(): Promise<KeptRecords> {
    const { host } = await this.home();
    return keepAll(host.instance, turnTaker());
  }

  /** Code that came with the state, or was made by a block, by its hash. */
  code(hash: Uint8Array): Uint8Array | undefined {
    return this.#codes.get(keyFromBytes(hash));
  }

  addCode(hash: Uint8Array, code: Uint8Array): void {
    this.#codes.set(keyFromBytes(hash), code);
  }

  dispose(): void {
    this.#home.leave();
    this.#log.length = 0;
    this.#stamps.length = 0;
    this.#codes.clear();
  }

  #addCodes(codes: Iterable<StateImage['codes'][number]>): void {
    for (const { hash, code } of codes) this.addCode(hash, code);
  }

  /** Lays a memory out for what is kept, and puts it there. */
  async #settle({ host }: Home, transactions: number, records: KeptRecords, number: number): Promise<void> {
    const { instance } = host;
    const count = countKept(records);
    this.#layout++;
    if (!host.openState(transactions, count)) this.#refuse(this.#home);
    setBlockNumber(instance, Math.max(number, blockNumberOf(instance)));
    if (!host.idle() || !restoreKept(instance, records)) this.#refuse(this.#home);
    this.#loadCodes({ host });
  }

  /** Puts code where the next block finds it, as far as the core keeps it from block to block; the rest it will miss. */
  #loadCodes({ host }: Pick<Home, 'host'>): void {
    let room = host.codeRoom();
    const codes: StateImage['codes'][number][] = [];
    for (const [key, code] of this.#codes) {
      room -= code.length + CODE_COST;
      if (room < 0) break;
      codes.push({ hash: bytesFromKey(key), code });
    }
    host.load({ ...EMPTY_IMAGE, codes });
  }

  #refuse({ host }: Home): never {
    throw new MemoryLimitError(`the state does not fit into ${host.instance.bytes.length} bytes of memory`);
  }
}
