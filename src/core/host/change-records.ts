// The changes of a block as the core's records: copied while the memory still belongs to the block, decoded on demand.

import { ABSENT_LENGTH, BaseValue, Change, ChangeFlag, Kind } from '../../../assembly/layout.ts';
import { keyFromBytes, sameBytes } from '../../base/hex.ts';
import { codeHashes } from '../../state/memory-account.ts';
import type { CoreInstance } from '../instance/abi.ts';
import { readNumber, readReversed } from '../instance/words.ts';
import { type CodeHashes, placeholderNumber } from './code-placeholder.ts';
import { kindAt, locationAt } from './location.ts';
import {
  type AccountChange,
  type AccountFields,
  dropUnchanged,
  isChanged,
  mergeChanges,
  noChange,
  type StateChanges,
  type UnseenAccounts,
} from './state-changes.ts';
import type { StateImage } from './state-image.ts';

/** Change records, and the bytes that they point to. Structured-cloneable. */
export interface ChangeRecords {
  readonly parts: readonly Uint8Array[];
  /** Code, free-form keys and values: what a record points to is here, at the pointer less 1. */
  readonly kept: readonly Uint8Array[];
}

/** What one block in the core changed. Structured-cloneable. */
export interface SegmentChanges {
  readonly records: ChangeRecords;
  /** What goes over it (see {@link rewindRecords}). */
  readonly rewound: ChangeRecords | undefined;
  readonly unseen: UnseenAccounts;
}

/** What a run changed, block by block. Structured-cloneable. */
export type RawChanges = readonly SegmentChanges[];

const FIELD_FLAGS = ChangeFlag.BALANCE | ChangeFlag.NONCE | ChangeFlag.CODE | ChangeFlag.EXISTENCE;

/**
 * What transactions below `upTo` changed; all of them are committed. Host, while no worker is inside the core. `rest` is
 * awaited now and then, so that the thread can do other things meanwhile.
 */
export async function collectRecords(
  instance: CoreInstance,
  upTo: number,
  rest: () => Promise<void> | undefined,
): Promise<ChangeRecords> {
  const copy = new RecordCopy(instance);
  for (let next = 1; next !== 0; ) {
    next = instance.core.collectChanges(next, upTo);
    copy.take();
    if (next !== 0) await rest();
  }
  return copy.records;
}

/**
 * What to put over the changes of all transactions to get those of the ones below `upTo`: `locations` are what the others
 * wrote. Much less work than collecting again. `undefined` where they did what this cannot take back. Host, as above.
 */
export function rewindRecords(
  instance: CoreInstance,
  locations: Iterable<number>,
  upTo: number,
): ChangeRecords | undefined {
  const { core } = instance;
  const copy = new RecordCopy(instance);
  core.clearChanges();
  for (const index of locations) {
    const kind = kindAt(instance, locationAt(instance, index));
    if (kind === Kind.RESET || kind === Kind.DATA || kind === Kind.NUMBER) return undefined;
    if (core.addHeld(index, upTo)) continue;
    copy.take();
    core.clearChanges();
    core.addHeld(index, upTo);
  }
  copy.take();
  return copy.records;
}

/** Accounts with fields that nobody has loaded and that `unseen` does not have either. */
export function unknownAccounts({ parts }: ChangeRecords, unseen: UnseenAccounts): Uint8Array[] {
  const unknown: Uint8Array[] = [];
  for (const bytes of parts) {
    const words = wordsOf(bytes);
    for (let at = 0; at < bytes.length; at += sizeOf(words[at >>> 2]! & 0xff)) {
      if ((words[at >>> 2]! & 0xff) !== Kind.BALANCE) continue;
      if ((words[(at + Change.FIELDS) >>> 2]! & (FIELD_FLAGS << ChangeFlag.MISSING)) === 0) continue;
      const address = bytes.slice(at + Change.ADDRESS, at + Change.ADDRESS + 20);
      if (!unseen.has(keyFromBytes(address))) unknown.push(address);
    }
  }
  return unknown;
}

/** The code that came with changed accounts. */
export function* codesIn({ parts, kept }: ChangeRecords): Generator<{ hash: Uint8Array; code: Uint8Array }> {
  for (const bytes of parts) {
    const words = wordsOf(bytes);
    for (let at = 0; at < bytes.length; at += sizeOf(words[at >>> 2]! & 0xff)) {
      if ((words[at >>> 2]! & 0xff) !== Kind.BALANCE || words[(at + Change.CODE) >>> 2] === 0) continue;
      const hash = bytes.slice(at + Change.CODE_HASH + 32, at + Change.CODE_HASH + 64);
      yield { hash, code: kept[words[(at + Change.CODE) >>> 2]! - 1]! };
    }
  }
}

/** Notes the numbers of placeholders for hashes of code that accounts have, or had. */
function notePlaceholders({ parts }: ChangeRecords, met: Set<number>): void {
  for (const bytes of parts) {
    const words = wordsOf(bytes);
    for (let at = 0; at < bytes.length; at += sizeOf(words[at >>> 2]! & 0xff)) {
      if ((words[at >>> 2]! & 0xff) !== Kind.BALANCE) continue;
      const hash = (at + Change.CODE_HASH) >>> 2;
      for (const number of [placeholderNumber(words, hash), placeholderNumber(words, hash + 8)]) {
        if (number !== 0) met.add(number);
      }
    }
  }
}

/** For the placeholders in changes; of the codes that a run began with, it keeps no others. Hashes when it is first asked. */
export function hashesBehind(changes: RawChanges, codes: StateImage['codes']): CodeHashes {
  const met = new Set<number>();
  // What a checkpoint goes over is among the changes too.
  const all = new Set(
    changes.flatMap(({ records, rewound }) => (rewound === undefined ? [records] : [records, rewound])),
  );
  for (const records of all) notePlaceholders(records, met);
  const kept = new Map<number, Uint8Array>();
  for (const { hash, code } of met.size === 0 ? [] : codes) {
    // Hashes from outside may begin anywhere in their buffer.
    const number = placeholderNumber(wordsOf(hash.slice()), 0);
    if (met.has(number)) kept.set(number, code);
  }
  let known: Map<number, Uint8Array> | undefined;
  return (hash) => {
    const number = placeholderNumber(wordsOf(hash), 0);
    if (!kept.has(number)) return hash;
    if (known === undefined) {
      const hashes = codeHashes([...kept.values()]);
      known = new Map(Array.from(kept.keys(), (each, at) => [each, hashes[at]!]));
    }
    return known.get(number)!;
  };
}

/** The changes of a whole run. `hashes`: of code that has placeholders. */
export function decodeChanges(raw: RawChanges, hashes: CodeHashes = (hash) => hash): StateChanges {
  const [first, ...others] = raw;
  const changes = first === undefined ? new Decoder(hashes).changes : decodeSegment(first, hashes);
  for (const segment of others) mergeChanges(changes, decodeSegment(segment, hashes));
  return changes;
}

function decodeSegment({ records, rewound, unseen }: SegmentChanges, hashes: CodeHashes): StateChanges {
  const decoder = new Decoder(hashes);
  decoder.add(records);
  if (rewound !== undefined) decoder.add(rewound);
  return decoder.finish(unseen);
}

/** Copies of what the core has written, with copies of what that points to. */
class RecordCopy {
  /** Without this object, which holds the core. */
  readonly records = { parts: [] as Uint8Array[], kept: [] as Uint8Array[] } satisfies ChangeRecords;
  readonly #instance: CoreInstance;

  constructor(instance: CoreInstance) {
    this.#instance = instance;
  }

  take(): void {
    const { core, bytes } = this.#instance;
    const start = core.changesStart();
    const end = core.changesEnd();
    if (start === end) return;
    const part = bytes.slice(start, end);
    this.records.parts.push(part);
    const words = wordsOf(part);
    for (let at = 0; at < part.length; at += sizeOf(words[at >>> 2]! & 0xff)) {
      const kind = words[at >>> 2]! & 0xff;
      if (kind === Kind.BALANCE) this.#keepCode(words, (at + Change.CODE) >>> 2);
      else if (kind === Kind.DATA || kind === Kind.NUMBER) {
        this.#keep(words, (at + Change.ADDRESS) >>> 2);
        if (kind === Kind.NUMBER) continue;
        this.#keep(words, (at + Change.BEFORE) >>> 2);
        this.#keep(words, (at + Change.AFTER) >>> 2);
      }
    }
  }

  #keepCode(words: Uint32Array, pointer: number): void {
    const record = words[pointer]!;
    if (record === 0) return;
    const start = record + BaseValue.CODE_BYTES;
    const length = this.#instance.words[(record + BaseValue.CODE_LENGTH) >>> 2]!;
    words[pointer] = this.records.kept.push(this.#instance.bytes.slice(start, start + length));
  }

  /** Turns a pointer, with a length behind it, into a place in `kept`. */
  #keep(words: Uint32Array, pointer: number): void {
    const start = words[pointer]!;
    const length = words[pointer + 1]!;
    if (length !== ABSENT_LENGTH)
      words[pointer] = this.records.kept.push(this.#instance.bytes.slice(start, start + length));
  }
}

/** A record at `at` of a part, of which there are three views. */
interface PlacedRecord {
  readonly bytes: Uint8Array;
  readonly words: Uint32Array;
  readonly limbs: BigUint64Array;
  readonly at: number;
  readonly kept: readonly Uint8Array[];
}

/** From records to maps. */
class Decoder {
  readonly changes: StateChanges = { accounts: new Map(), data: new Map(), numbers: new Map() };
  readonly #touched = new Map<string, AccountChange>();
  readonly #fields = new Map<string, PlacedRecord>();
  readonly #hashes: CodeHashes;

  constructor(hashes: CodeHashes) {
    this.#hashes = hashes;
  }

  /** Later records of the same thing replace earlier ones. */
  add({ parts, kept }: ChangeRecords): void {
    for (const bytes of parts) {
      const words = wordsOf(bytes);
      const limbs = new BigUint64Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 3);
      for (let at = 0; at < bytes.length; at += sizeOf(words[at >>> 2]! & 0xff)) {
        const word = words[at >>> 2]!;
        const kind = word & 0xff;
        const record = { bytes, words, limbs, at, kept };
        if (kind === Kind.DATA || kind === Kind.NUMBER) {
          this.#addFreeForm(kind, record);
          continue;
        }
        const address = bytes.slice(at + Change.ADDRESS, at + Change.ADDRESS + 20);
        const key = keyFromBytes(address);
        const account = this.#accountOf(key, address);
        if (kind === Kind.BALANCE) this.#fields.set(key, record);
        else if (kind === Kind.RESET) account.emptied = true;
        else this.#addSlot(account, record, (word & ChangeFlag.EMPTIED) !== 0);
      }
    }
  }

  finish(unseen: UnseenAccounts): StateChanges {
    for (const [key, account] of this.#touched) {
      const record = this.#fields.get(key);
      if (record !== undefined) fillFields(account, record, unseen.get(key), this.#hashes);
      dropUnchanged(account);
      if (isChanged(account)) this.changes.accounts.set(key, account);
    }
    return this.changes;
  }

  #accountOf(key: string, address: Uint8Array): AccountChange {
    let account = this.#touched.get(key);
    if (account === undefined) {
      account = noChange(address);
      this.#touched.set(key, account);
    }
    return account;
  }

  #addSlot(account: AccountChange, record: PlacedRecord, emptied: boolean): void {
    const slot = keyFromBytes(sliceOf(record, Change.SLOT));
    const before = readReversed(record.bytes, record.at + Change.BEFORE);
    const after = readReversed(record.bytes, record.at + Change.AFTER);
    account.storage.set(slot, { before, after });
    if (emptied) account.emptied = true;
  }

  #addFreeForm(kind: number, record: PlacedRecord): void {
    const { words, at, kept } = record;
    const key = keyFromBytes(kept[words[(at + Change.ADDRESS) >>> 2]! - 1]!);
    if (kind === Kind.NUMBER) {
      const before = readNumber(record, at + Change.BEFORE);
      this.changes.numbers.set(key, { before, after: readNumber(record, at + Change.AFTER) });
      return;
    }
    const value = (field: number): Uint8Array | undefined => {
      const pointer = (at + field) >>> 2;
      return words[pointer + 1] === ABSENT_LENGTH ? undefined : kept[words[pointer]! - 1];
    };
    this.changes.data.set(key, { before: value(Change.BEFORE), after: value(Change.AFTER) });
  }
}

/** Fills the fields before and after; what nobody had loaded by then is in `unseen`. */
function fillFields(
  account: AccountChange,
  record: PlacedRecord,
  unseen: AccountFields | undefined,
  hashes: CodeHashes,
): void {
  const { words, at, kept } = record;
  const flags = words[(at + Change.FIELDS) >>> 2]!;
  const { before, after } = account;
  const isLoaded = (field: number) => unseen === undefined || (flags & (field << ChangeFlag.LOADED)) !== 0;
  const isMissing = (field: number) => unseen !== undefined && (flags & (field << ChangeFlag.MISSING)) !== 0;

  before.balance = isLoaded(ChangeFlag.BALANCE) ? readNumber(record, at + Change.BEFORE) : unseen!.balance;
  after.balance = readNumber(record, at + Change.AFTER);
  // What is there of a missing balance is the sum of the credits.
  if (isMissing(ChangeFlag.BALANCE)) after.balance = BigInt.asUintN(256, after.balance + unseen!.balance);
  before.nonce = isLoaded(ChangeFlag.NONCE) ? readNumber(record, at + Change.NONCE) : unseen!.nonce;
  after.nonce = isMissing(ChangeFlag.NONCE) ? unseen!.nonce : readNumber(record, at + Change.NONCE + 32);
  const hashAt = (field: number) => hashes(sliceOf(record, field));
  before.codeHash = isLoaded(ChangeFlag.CODE) ? hashAt(Change.CODE_HASH) : unseen!.codeHash;
  after.codeHash = isMissing(ChangeFlag.CODE) ? unseen!.codeHash : hashAt(Change.CODE_HASH + 32);
  before.exists = isLoaded(ChangeFlag.EXISTENCE) ? (flags & ChangeFlag.EXISTED) !== 0 : unseen!.exists;
  after.exists = isMissing(ChangeFlag.EXISTENCE) ? unseen!.exists : (flags & ChangeFlag.EXISTS) !== 0;

  if ((flags & ChangeFlag.CODE_WRITTEN) === 0 || sameBytes(before.codeHash, after.codeHash)) return;
  const code = words[(at + Change.CODE) >>> 2]!;
  account.code = code === 0 ? new Uint8Array(0) : kept[code - 1]!;
}

function sliceOf({ bytes, at }: PlacedRecord, field: number): Uint8Array {
  return bytes.slice(at + field, at + field + 32);
}

function wordsOf({ buffer, byteOffset, length }: Uint8Array): Uint32Array {
  return new Uint32Array(buffer, byteOffset, length >>> 2);
}

function sizeOf(kind: number): number {
  if (kind === Kind.BALANCE) return Change.ACCOUNT_SIZE;
  if (kind === Kind.STORAGE) return Change.SLOT_SIZE;
  return kind === Kind.RESET ? Change.RESET_SIZE : Change.FREE_SIZE;
}
