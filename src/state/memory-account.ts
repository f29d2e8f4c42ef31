// An account in memory: its fields and storage, and what the protocol calls empty.

import { bytesFromHex, NO_CODE_HASH, sameBytes } from '../base/hex.ts';

/** One storage slot; both arrays have 32 bytes. */
export interface MemorySlot {
  readonly slot: Uint8Array;
  readonly value: Uint8Array;
}

/** An account in memory. The arrays are shared: treat them as read-only. */
export interface MemoryAccount {
  readonly address: Uint8Array;
  readonly balance: bigint;
  readonly nonce: bigint;
  /** `undefined`: only its hash is known. */
  readonly code: Uint8Array | undefined;
  /** Reckoned when it is first looked at, where a state was made of code alone. */
  readonly codeHash: Uint8Array;
  /** By `keyFromBytes(slot)`; listed zeros are kept, they cost the reader nothing. */
  readonly storage: ReadonlyMap<string, MemorySlot>;
}

/** keccak256 of the empty string: the code hash of accounts without code. */
export const EMPTY_CODE_HASH: Uint8Array = bytesFromHex(NO_CODE_HASH);

export const NO_STORAGE: ReadonlyMap<string, MemorySlot> = new Map();

/** Whether EIP-161 knows no such account; storage does not count. */
export function isEmptyAccount({
  balance,
  nonce,
  codeHash,
}: Pick<MemoryAccount, 'balance' | 'nonce' | 'codeHash'>): boolean {
  return balance === 0n && nonce === 0n && sameBytes(codeHash, EMPTY_CODE_HASH);
}

/** Whether an account has storage, but neither nonce nor code (EIP-7610). */
export function hasOnlyStorage(account: MemoryAccount): boolean {
  const { nonce, code, storage } = account;
  // A hash may not have been reckoned yet.
  const hasNoCode = () => (code === undefined ? sameBytes(account.codeHash, EMPTY_CODE_HASH) : code.length === 0);
  return nonce === 0n && hasNoCode() && hasStorage(storage);
}

/** Whether any slot is not zero. */
export function hasStorage(storage: ReadonlyMap<string, MemorySlot>): boolean {
  for (const { value } of storage.values()) if (value.some((byte) => byte !== 0)) return true;
  return false;
}
