// What the tasks of a block have read and written, by full keys, so that it outlives the memory: a state that is as it was before
// any of them is made of the state before the block and what is kept here, and nothing has to run for it.

import { BaseValue, Kind, RecordedAccess, Recording, Scratch } from '../../../assembly/layout.ts';
import { bytesFromHex, type Hex, hexFromBytes, isZero, keyFromBytes, NO_CODE_HASH } from '../../base/hex.ts';
import { lazy } from '../../base/lazy.ts';
import type { BlockAccesses, TransactionStart } from '../../state/block-accesses.ts';
import { layerState } from '../../state/layers.ts';
import type { AccountValue, SourceKey, StateKey, StateSource, StateValue } from '../../state/state-source.ts';
import { logCountOf } from '../evm/evm-decode.ts';
import type { CoreInstance } from '../instance/abi.ts';
import { readNumber, readReversed } from '../instance/words.ts';
import { changedRecord, type FieldKind, type KeptRecords } from './kept-state.ts';
import { type Places, placesOf } from './location.ts';
import type { Recordings } from './recordings.ts';

interface Accesses {
  /** Numbers of places. Of task `t` those from `readEnds[t - 1]` to `readEnds[t]`. */
  readonly reads: Uint32Array;
  readonly readEnds: Uint32Array;
  /** Numbers of places; with {@link CREDITED} where the value was added. */
  readonly writes: Uint32Array;
  readonly writeEnds: Uint32Array;
  /** 32 bytes for each of the writes, as the core has them. */
  readonly values: Uint8Array;
}

const ACCESS = RecordedAccess.SIZE >>> 2;
const CREDITED = 2 ** 31;
const ADDRESS = 20;
const WORD = 32;
const ZERO: Hex = `0x${'00'.repeat(WORD)}`;

export class KeptAccesses implements BlockAccesses {
  readonly bytes: number;
  readonly #places: Places;
  readonly #accesses: Accesses;
  /** By hash. */
  readonly #codes: ReadonlyMap<Hex, Hex>;
  readonly #logs: Uint32Array;
  readonly #firstTransaction: number;
  /** Numbers of places by name. */
  readonly #numbers = lazy(() => this.#nameAll());

  private constructor(
    places: Places,
    accesses: Accesses,
    codes: ReadonlyMap<Hex, Hex>,
    logs: Uint32Array,
    firstTransaction: number,
  ) {
    this.#places = places;
    this.#accesses = accesses;
    this.#codes = codes;
    this.#logs = logs;
    this.#firstTransaction = firstTransaction;
    const arrays = [...Object.values(places), ...Object.values(accesses), logs] as readonly ArrayBufferView[];
    const ofCodes = [...codes.values()].reduce((sum, { length }) => sum + length, 0);
    this.bytes = arrays.reduce((sum, { byteLength }) => sum + byteLength, ofCodes);
  }

  /**
   * Out of the recordings of all tasks of the block in the memory; `undefined` where one of them is missing, or a code that was
   * written. Host, before the next block begins.
   */
  static take(instance: CoreInstance, recordings: Recordings, firstTransaction: number): KeptAccesses | undefined {
    if (!recordings.areAll) return undefined;
    const { accesses, locations } = accessesIn(recordings);
    const codes = new Map<Hex, Hex>();
    const places = placesOf(instance, locations);
    for (const [at, place] of accesses.writes.entries()) {
      if (places.kinds[place % CREDITED] !== Kind.CODE) continue;
      const hash = accesses.values.subarray(at * WORD, (at + 1) * WORD);
      if (isZero(hash)) continue;
      const code = codeOf(instance, hash);
      if (code === undefined) return undefined;
      codes.set(hexFromBytes(hash), code);
    }
    let logs = 0;
    const logsBefore = Uint32Array.from({ length: recordings.length }, (_, task) => {
      const before = logs;
      logs += logCountOf(outputOf(recordings.at(task)!));
      return before;
    });
    return new KeptAccesses(places, accesses, codes, logsBefore, firstTransaction);
  }

  startOf(index: number, below: StateSource): TransactionStart {
    const task = this.#firstTransaction + index;
    const values = new Values(this.#accesses, task);
    const state = layerState(below, async (keys, source, options) => {
      const isKnown = (key: SourceKey) => this.#isKnown(values, key);
      const asked = keys.filter((key) => !isKnown(key));
      const answers = asked.length === 0 ? [] : await source.load(asked, options);
      let next = 0;
      return keys.map((key) => this.#answer(values, key, isKnown(key) ? undefined : answers[next++]));
    });
    return { state, keys: this.#keysOf(task), firstLog: this.#logs[task]! };
  }

  /**
   * What the tasks before a transaction have left, as values of a state that stays, which is the one before the block.
   * `generation`: see {@link changedRecord}; `held`: a number in that state. `undefined`: storage was emptied, or a number that
   * something was added to is not known.
   */
  recordsBefore(
    index: number,
    generation: number,
    held: (kind: FieldKind, address: Uint8Array) => bigint | undefined,
  ): KeptRecords | undefined {
    const values = new Values(this.#accesses, this.#firstTransaction + index);
    const { kinds, addresses, slots } = this.#places;
    const records: Uint8Array[] = [];
    for (const place of values.places()) {
      const kind = kinds[place]!;
      const address = addresses.subarray(place * ADDRESS, (place + 1) * ADDRESS);
      if (kind === Kind.STORAGE) {
        const slot = slots.subarray(place * WORD, (place + 1) * WORD);
        records.push(changedRecord(kind, address, slot, values.word(place), generation));
      } else if (kind === Kind.CODE) {
        records.push(changedRecord(kind, address, undefined, values.bytes(place), generation));
      } else if (kind === Kind.BALANCE || kind === Kind.NONCE || kind === Kind.EXISTENCE) {
        const base = values.isAddedTo(place) ? held(kind, address) : 0n;
        if (base === undefined) return undefined;
        records.push(changedRecord(kind, address, undefined, values.number(place, base), generation));
      } else return undefined;
    }
    return records;
  }

  /** Accounts that the task has met, with their code where it was asked for, and slots. */
  #keysOf(task: number): StateKey[] {
    const { reads, readEnds, writes, writeEnds } = this.#accesses;
    const { kinds } = this.#places;
    const accounts = new Set<Hex>();
    const codes = new Set<Hex>();
    const keys: StateKey[] = [];
    const read = reads.subarray(readEnds[task - 1] ?? 0, readEnds[task]);
    const written = writes.subarray(writeEnds[task - 1] ?? 0, writeEnds[task]);
    for (const place of [...read, ...written].map((number) => number % CREDITED)) {
      const kind = kinds[place];
      if (kind === Kind.BLOCK_HASH || kind === Kind.BYTECODE) continue;
      const address = this.#addressOf(place);
      accounts.add(address);
      if (kind === Kind.CODE) codes.add(address);
      if (kind === Kind.STORAGE) keys.push({ kind: 'storage', address, slot: this.#slotOf(place) });
    }
    for (const address of accounts) keys.push({ kind: 'account', address });
    for (const address of codes) keys.push({ kind: 'code', address });
    return keys;
  }

  /** Whether what is below need not be asked. */
  #isKnown(values: Values, key: SourceKey): boolean {
    if (key.kind === 'storage') return this.#slotNow(values, key) !== undefined;
    if (key.kind !== 'code') return false;
    const hash = this.#codeHashNow(values, key.address);
    return hash !== undefined && (hash === ZERO || this.#codes.has(hash));
  }

  #answer(values: Values, key: SourceKey, below: StateValue | undefined): StateValue {
    if (key.kind === 'storage') {
      const value = this.#slotNow(values, key);
      if (value !== undefined) return { kind: 'storage', value };
    } else if (key.kind === 'code') {
      const hash = below === undefined ? this.#codeHashNow(values, key.address) : undefined;
      if (hash !== undefined) return { kind: 'code', code: this.#codes.get(hash) ?? '0x' };
    } else if (key.kind === 'account' && below?.kind === 'account') {
      return this.#accountNow(values, key.address, below);
    }
    return below!;
  }

  #slotNow(values: Values, { address, slot }: StateKey & { kind: 'storage' }): Hex | undefined {
    const place = this.#find(Kind.STORAGE, address, slot);
    const writer = values.writerOf(place);
    const emptier = values.writerOf(this.#find(Kind.RESET, address));
    // What a transaction has written to an account that it has emptied was written afterwards.
    if (emptier > writer) return ZERO;
    return writer < 0 ? undefined : hexFromBytes(values.word(place!));
  }

  /** Zeros: no code. */
  #codeHashNow(values: Values, address: Hex): Hex | undefined {
    const place = this.#find(Kind.CODE, address);
    return values.writerOf(place) < 0 ? undefined : hexFromBytes(values.bytes(place!));
  }

  #accountNow(values: Values, address: Hex, below: AccountValue): AccountValue {
    const hash = this.#codeHashNow(values, address) ?? below.codeHash;
    const existence = values.number(this.#find(Kind.EXISTENCE, address), below.exists ? 1n : 0n);
    return {
      kind: 'account',
      balance: values.number(this.#find(Kind.BALANCE, address), below.balance),
      nonce: values.number(this.#find(Kind.NONCE, address), below.nonce),
      codeHash: hash === ZERO ? NO_CODE_HASH : hash,
      exists: existence !== 0n,
    };
  }

  #find(kind: number, address: Hex, slot?: Hex): number | undefined {
    return this.#numbers().get(
      nameOf(kind, bytesFromHex(address), slot === undefined ? undefined : bytesFromHex(slot)),
    );
  }

  #nameAll(): Map<string, number> {
    const { kinds, addresses, slots } = this.#places;
    const numbers = new Map<string, number>();
    for (const [place, kind] of kinds.entries()) {
      const slot = kind === Kind.STORAGE ? slots.subarray(place * WORD, (place + 1) * WORD) : undefined;
      numbers.set(nameOf(kind, addresses.subarray(place * ADDRESS, (place + 1) * ADDRESS), slot), place);
    }
    return numbers;
  }

  #addressOf(place: number): Hex {
    return hexFromBytes(this.#places.addresses.subarray(place * ADDRESS, (place + 1) * ADDRESS));
  }

  #slotOf(place: number): Hex {
    return hexFromBytes(this.#places.slots.subarray(place * WORD, (place + 1) * WORD));
  }
}

/** What the tasks before one of them have left. */
class Values {
  readonly #accesses: Accesses;
  /** By place: the last write that was no credit, and the task of the last one of either kind; -1: none. */
  readonly #last = new Map<number, { write: number; task: number }>();
  /** Credits since then. */
  readonly #credits = new Map<number, number[]>();
  readonly #source: { readonly words: Uint32Array; readonly limbs: BigUint64Array };

  constructor(accesses: Accesses, before: number) {
    this.#accesses = accesses;
    const { writes, writeEnds, values } = accesses;
    this.#source = { words: new Uint32Array(values.buffer), limbs: new BigUint64Array(values.buffer) };
    for (let task = 0, at = 0; task < before; task++) {
      for (const end = writeEnds[task]!; at < end; at++) {
        const place = writes[at]! % CREDITED;
        const last = this.#last.get(place);
        if (writes[at]! < CREDITED) {
          this.#last.set(place, { write: at, task });
          this.#credits.delete(place);
          continue;
        }
        this.#last.set(place, { write: last?.write ?? -1, task });
        const credits = this.#credits.get(place);
        if (credits === undefined) this.#credits.set(place, [at]);
        else credits.push(at);
      }
    }
  }

  /** The task that wrote the place last; -1: none. */
  writerOf(place: number | undefined): number {
    return place === undefined ? -1 : (this.#last.get(place)?.task ?? -1);
  }

  /** All that were written. */
  places(): Iterable<number> {
    return this.#last.keys();
  }

  /** Whether all that was written to a number was added to what was there before the block. */
  isAddedTo(place: number): boolean {
    return (this.#last.get(place)?.write ?? -1) < 0;
  }

  /** The number at a place, which was `base` before the block. */
  number(place: number | undefined, base: bigint): bigint {
    if (place === undefined) return base;
    const { write = -1 } = this.#last.get(place) ?? {};
    let value = write < 0 ? base : readNumber(this.#source, write * WORD);
    for (const credit of this.#credits.get(place) ?? []) value += readNumber(this.#source, credit * WORD);
    return value;
  }

  /** What was written, as it is. */
  bytes(place: number): Uint8Array {
    const { write } = this.#last.get(place)!;
    return this.#accesses.values.subarray(write * WORD, (write + 1) * WORD);
  }

  /** The same as a word, big-endian. */
  word(place: number): Uint8Array {
    return readReversed(this.#accesses.values, this.#last.get(place)!.write * WORD);
  }
}

/** The accesses, with the locations that their places have in the memory. */
function accessesIn({ words, starts }: Recordings): { accesses: Accesses; locations: Uint32Array } {
  let readCount = 0;
  let writeCount = 0;
  for (const start of starts) {
    readCount += words[start + (Recording.READ_COUNT >>> 2)]!;
    writeCount += words[start + (Recording.WRITE_COUNT >>> 2)]!;
  }
  const accesses = {
    reads: new Uint32Array(readCount),
    readEnds: new Uint32Array(starts.length),
    writes: new Uint32Array(writeCount),
    writeEnds: new Uint32Array(starts.length),
    values: new Uint8Array(writeCount * WORD),
  };
  const values = new Uint32Array(accesses.values.buffer);
  const numbers = new Map<number, number>();
  const numberOf = (word: number) => {
    const location = word & 0xffffff;
    const known = numbers.get(location);
    if (known !== undefined) return known;
    numbers.set(location, numbers.size);
    return numbers.size - 1;
  };
  let [read, write] = [0, 0];
  for (const [task, start] of starts.entries()) {
    let at = start + (Recording.SIZE >>> 2);
    for (let left = words[start + (Recording.READ_COUNT >>> 2)]!; left > 0; left--, at += ACCESS) {
      accesses.reads[read++] = numberOf(words[at + (RecordedAccess.LOCATION >>> 2)]!);
    }
    for (let left = words[start + (Recording.WRITE_COUNT >>> 2)]!; left > 0; left--, at += ACCESS) {
      const isCredit = words[at + (RecordedAccess.FLAG >>> 2)]! !== 0;
      accesses.writes[write] = numberOf(words[at + (RecordedAccess.LOCATION >>> 2)]!) + (isCredit ? CREDITED : 0);
      values.set(words.subarray(at + (RecordedAccess.VALUE >>> 2), at + ACCESS), (write++ * WORD) >>> 2);
    }
    accesses.readEnds[task] = read;
    accesses.writeEnds[task] = write;
  }
  return { accesses, locations: Uint32Array.from(numbers.keys()) };
}

function codeOf({ core, bytes, words }: CoreInstance, hash: Uint8Array): Hex | undefined {
  bytes.set(hash, core.scratch() + Scratch.SLOT);
  const record = core.findCodeScratch();
  if (record === 0) return undefined;
  const start = record + BaseValue.CODE_BYTES;
  return hexFromBytes(bytes.slice(start, start + words[(record + BaseValue.CODE_LENGTH) >>> 2]!));
}

function outputOf(recording: Uint32Array): Uint8Array {
  const accesses = recording[Recording.READ_COUNT >>> 2]! + recording[Recording.WRITE_COUNT >>> 2]!;
  const start = recording.byteOffset + Recording.SIZE + accesses * RecordedAccess.SIZE;
  return new Uint8Array(recording.buffer, start, recording[Recording.OUTPUT_LENGTH >>> 2]!);
}

function nameOf(kind: number, address: Uint8Array, slot: Uint8Array | undefined): string {
  return `${kind}${keyFromBytes(address)}${slot === undefined ? '' : keyFromBytes(slot)}`;
}
