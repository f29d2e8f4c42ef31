// The multi-version store on its own, as who uses it sees it.

/** Text stands for its UTF-8 bytes. */
export type Key = string | Uint8Array;

/** Who has written a version. */
export interface VersionName {
  readonly transaction: number;
  /** How often the transaction had been executed before. */
  readonly incarnation: number;
}

/** What a transaction sees. */
export type Seen<T> =
  /** `version`: who has written it; of a sum the last one; none: it is what was there before. */
  | { readonly status: 'value'; readonly value: T; readonly version: VersionName | undefined }
  /** What this transaction had written was taken back: its next incarnation will say. */
  | { readonly status: 'awaited'; readonly transaction: number };

/** Whose version it is. */
export interface WriterName {
  /** 0 to 1,048,574: its place in the order. */
  readonly transaction: number;
  /** 0 to 250: how often it was executed before. Default 0. */
  readonly incarnation?: number;
}

/** What was read of a store stays readable: the values below a transaction. */
export interface StoreSnapshot {
  readonly transaction: number;
  read(key: Key): Seen<Uint8Array | undefined>;
  readNumber(key: Key): Seen<bigint>;
  /** Whether all that was read through this snapshot would be read now as well: what validation asks. */
  holds(): boolean;
}

/**
 * Values with versions. A read sees the newest version of lower transactions. Bytes and numbers are apart. Every method but
 * the reads throws an InputError that names what is wrong, all of them a MemoryLimitError where there is no room for more.
 */
export interface VersionStore {
  /** Writes bytes, or (`undefined`) that there are none. The first write of a higher incarnation ends the one before. */
  write(key: Key, value: Uint8Array | undefined, writer: WriterName): void;
  /** Writes a number, 0 to 2^256 - 1. */
  writeNumber(key: Key, value: bigint, writer: WriterName): void;
  /** Adds to whatever number is below, mod 2^256: such versions do not disturb each other. */
  add(key: Key, amount: bigint, writer: WriterName): void;
  /** What `transaction` sees; one behind the last sees all. */
  read(key: Key, transaction: number): Seen<Uint8Array | undefined>;
  readNumber(key: Key, transaction: number): Seen<bigint>;
  /** Reads that can be looked at again. */
  snapshot(transaction: number): StoreSnapshot;
  /** Takes back what a transaction has written, until its next incarnation writes: who reads it is told whom to await. */
  invalidate(transaction: number): void;
  /** Removes what a transaction has written: it is as if it had written nothing. */
  remove(transaction: number): void;
  /** Forgets everything, and has all of its memory again. */
  clear(): void;
  /** Bytes of the memory in use. */
  readonly memoryBytes: number;
}
