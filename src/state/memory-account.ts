// An account in memory: its fields and storage, and what the protocol calls empty.

import { hashesOf } from '../base/hashing.ts';
import { bytesFromHex, keyFromBytes, NO_CODE_HASH, sameBytes } from '../base/hex.ts';
import { keccak256 } from '../base/keccak256.ts';

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
export function isEmptyAccount(
  account: Pick<MemoryAccount, 'balance' | 'nonce' | 'codeHash'> & Partial<Pick<MemoryAccount, 'code'>>,
): boolean {
  return account.balance === 0n && account.nonce === 0n && hasNoCode(account);
}

/** By the code where it is known: its hash may not have been reckoned yet. */
function hasNoCode(account: Pick<MemoryAccount, 'codeHash'> & Partial<Pick<MemoryAccount, 'code'>>): boolean {
  const { code } = account;
  return code === undefined ? sameBytes(account.codeHash, EMPTY_CODE_HASH) : code.length === 0;
}

/** Hashes of code that were asked for, by the code; `undefined`: by nobody yet. */
const hashes = new WeakMap<Uint8Array, Uint8Array | undefined>();

/** What gives the hash of code when it is asked for. Of its own, not of a class: clones for other threads have it too. */
export function withCodeHash<Fields extends object>(
  fields: Fields,
  code: Uint8Array,
): Fields & { codeHash: Uint8Array } {
  if (!hashes.has(code)) hashes.set(code, undefined);
  return {
    ...fields,
    get codeHash() {
      const known = hashes.get(code);
      if (known !== undefined) return known;
      const hash = keccak256(code);
      hashes.set(code, hash);
      return hash;
    },
  };
}

/** Whether nobody has asked yet for the hash that an account of {@link withCodeHash} has. */
export function awaitsCodeHash(account: MemoryAccount): boolean {
  const { code } = account;
  if (code === undefined || !hashes.has(code) || hashes.get(code) !== undefined) return false;
  // Another account may have the same array, and a hash of its own.
  return Object.getOwnPropertyDescriptor(account, 'codeHash')?.get !== undefined;
}

/** The hashes of codes, of which those are reckoned together that nobody has asked for. */
export function codeHashes(codes: readonly Uint8Array[]): Uint8Array[] {
  reckonCodeHashes(codes);
  return codes.map((code) => hashes.get(code) ?? keccak256(code));
}

/** Reckons those hashes of codes that nobody has asked for, several at once: all of them will be. */
export function reckonCodeHashes(codes: readonly Uint8Array[]): void {
  const open = codes.filter((code) => hashes.has(code) && hashes.get(code) === undefined);
  hashesOf(open)?.forEach((hash, at) => {
    hashes.set(open[at]!, hash);
  });
}

/** Bytes of a slot and its value, of which packed storage consists. */
export const PACKED_SLOT = 64;

/** The account with storage that becomes a map when somebody looks at it. No slot is in `packed` twice. */
export function withPackedStorage(account: MemoryAccount, packed: Uint8Array): MemoryAccount {
  let map: Map<string, MemorySlot> | undefined;
  const get = () => {
    map ??= unpacked(packed);
    return map;
  };
  return Object.defineProperty(account, 'storage', { get, enumerable: true });
}

/** Packed storage of the accounts of a map, in their order; `undefined`: what an account has is a map. */
export type PackedStorages = readonly (Uint8Array | undefined)[];

const checkedAccounts = new WeakMap<ReadonlyMap<string, MemoryAccount>, PackedStorages>();

/** Notes that accounts were read, so that nobody has to check them again; they do not change any more. */
export function noteChecked(accounts: ReadonlyMap<string, MemoryAccount>, storages: PackedStorages): void {
  checkedAccounts.set(accounts, storages);
}

/** Of accounts that were read here; `undefined`: somebody else has made them. */
export function packedStoragesOf(accounts: ReadonlyMap<string, MemoryAccount>): PackedStorages | undefined {
  const storages = checkedAccounts.get(accounts);
  return storages?.length === accounts.size ? storages : undefined;
}

function unpacked(packed: Uint8Array): Map<string, MemorySlot> {
  const map = new Map<string, MemorySlot>();
  for (let at = 0; at < packed.length; at += PACKED_SLOT) {
    const slot = packed.slice(at, at + 32);
    map.set(keyFromBytes(slot), { slot, value: packed.slice(at + 32, at + PACKED_SLOT) });
  }
  return map;
}

/** Whether an account has storage, but neither nonce nor code (EIP-7610). */
export function hasOnlyStorage(account: MemoryAccount): boolean {
  return account.nonce === 0n && hasNoCode(account) && hasStorage(account.storage);
}

/** Whether any slot is not zero. */
export function hasStorage(storage: ReadonlyMap<string, MemorySlot>): boolean {
  if (storage.size === 0) return false;
  for (const { value } of storage.values()) if (value.some((byte) => byte !== 0)) return true;
  return false;
}
