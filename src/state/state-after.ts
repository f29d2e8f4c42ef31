// The state in memory that a block leaves: a state and a diff over it, as the state before the next block.

import { bytesFromHex, type Hex, isZero, keyFromBytes } from '../base/hex.ts';
import { keccak256 } from '../base/keccak256.ts';
import type { AccountDiff, StateDiff } from '../block/state-diff.ts';
import { type MemoryState, stateOfAccounts } from './memory.ts';
import { EMPTY_CODE_HASH, isEmptyAccount, type MemoryAccount } from './memory-account.ts';

const NO_CODE = new Uint8Array(0);

/**
 * The state after `diff`; `state` stays as it is, and what did not change is shared with it.
 * @param options.emptyIsAbsent from Spurious Dragon on (EIP-161): accounts that the diff leaves empty are gone
 * @param options.blockHashes of the new state; default those of the old one
 */
export function stateAfter(
  state: MemoryState,
  diff: StateDiff,
  {
    emptyIsAbsent,
    blockHashes = state.blockHashes,
  }: { emptyIsAbsent: boolean; blockHashes?: ReadonlyMap<bigint, Hex> },
): MemoryState {
  const accounts = new Map(state.accounts);
  for (const [name, change] of diff) {
    const address = bytesFromHex(name);
    const key = keyFromBytes(address);
    const account = change === null ? undefined : accountAfter(address, accounts.get(key), change);
    if (account === undefined || (emptyIsAbsent && isEmptyAccount(account))) accounts.delete(key);
    else accounts.set(key, account);
  }
  return stateOfAccounts(accounts, blockHashes);
}

function accountAfter(address: Uint8Array, before: MemoryAccount | undefined, change: AccountDiff): MemoryAccount {
  const code = change.code === undefined ? undefined : bytesFromHex(change.code);
  return {
    address,
    balance: change.balance ?? before?.balance ?? 0n,
    nonce: change.nonce ?? before?.nonce ?? 0n,
    code: code ?? (before === undefined ? NO_CODE : before.code),
    codeHash: code === undefined ? (before?.codeHash ?? EMPTY_CODE_HASH) : keccak256(code),
    storage: storageAfter(before?.storage ?? new Map(), change),
  };
}

function storageAfter(before: MemoryAccount['storage'], change: AccountDiff): MemoryAccount['storage'] {
  if (change.storage.size === 0 && !change.destroyed) return before;
  const storage = new Map(change.destroyed ? [] : before);
  for (const [name, word] of change.storage) {
    const slot = bytesFromHex(name);
    const key = keyFromBytes(slot);
    const value = bytesFromHex(word);
    if (isZero(value)) storage.delete(key);
    else storage.set(key, { slot, value });
  }
  return storage;
}
