// What a transaction run by ethereumjs knows and has changed of an account and its slots.

export interface Slot {
  /** Shortest form, without leading zeros; `undefined` until read. */
  original: Uint8Array | undefined;
  /** Written in this transaction. */
  current: Uint8Array | undefined;
}

/** What one transaction knows and changed of one account. */
export interface AccountRecord {
  readonly address: Uint8Array;
  /** Values of the view, once read. */
  baseBalance: bigint | undefined;
  baseNonce: bigint | undefined;
  baseCodeHash: Uint8Array | undefined;
  baseExists: boolean | undefined;
  /** Whether the view said that the balance is above zero. */
  basePositive: boolean | undefined;
  /** Values set in this transaction. */
  balance: bigint | undefined;
  /** Added to a balance that nobody has read or set. */
  credit: bigint;
  nonce: bigint | undefined;
  codeHash: Uint8Array | undefined;
  code: Uint8Array | undefined;
  /** The account was put (true) or deleted (false); matters where there may be empty accounts only. */
  exists: boolean | undefined;
  /** The storage was emptied in this transaction; `slots` holds what came after. */
  reset: boolean;
  slots: Map<string, Slot>;
}
