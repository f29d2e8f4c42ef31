// State roots of whole states by hashing all of them, in WebAssembly: tries that are kept take longer to build than this takes,
// and pay only where roots of the same large state are asked for again.

import { type ListedAccount, type ListedSlot, rootOfAccounts, rootOfStorage } from '../base/hashing.ts';
import { bytesFromHex, bytesFromKey, type Hex, hexFromBytes, keyFromBytes } from '../base/hex.ts';
import { keccak256 } from '../base/keccak256.ts';
import type { AccountDiff, StateDiff } from '../block/state-diff.ts';
import { EMPTY_CODE_HASH, isEmptyAccount, type MemoryAccount } from './memory-account.ts';
import type { ListedState, StateRootOptions } from './state-root-computer.ts';

/**
 * So many accounts and slots are hashed while tries that are kept take in one change: 2.5 µs against 9.2 with 200 changes among
 * 20,000 accounts, 6.7 with 2,000 (minima of 25 rounds in turns, in one process).
 */
const HASHED_PER_CHANGE = 4;

/** Roots of storages by the maps that hold them, which never change. */
const storageRoots = new WeakMap<MemoryAccount['storage'], Uint8Array>();
/** States of which a root was made. */
const seen = new WeakSet<ListedState['accounts']>();

/** `undefined`: keeping tries is the better way, or this thread has no WebAssembly for it. */
export function rootOfWhole(state: ListedState, diff: StateDiff, { emptyIsAbsent }: StateRootOptions): Hex | undefined {
  if (seen.has(state.accounts) && isLarge(state, diff)) return undefined;
  const changes = new Map<string, AccountDiff | null>();
  for (const [name, change] of diff) changes.set(keyFromBytes(bytesFromHex(name)), change);
  const listed: ListedAccount[] = [];
  for (const [key, account] of state.accounts) {
    if (changes.has(key)) continue;
    const { address, balance, nonce, codeHash, storage } = account;
    const storageRoot = rootOf(storage);
    if (storageRoot === undefined) return undefined;
    listed.push({ address, balance, nonce, codeHash, storageRoot });
  }
  for (const [key, change] of changes) {
    if (change === null) continue;
    const before = state.accounts.get(key);
    const balance = change.balance ?? before?.balance ?? 0n;
    const nonce = change.nonce ?? before?.nonce ?? 0n;
    const codeHash = change.code === undefined ? before?.codeHash : keccak256(bytesFromHex(change.code));
    const fields = { balance, nonce, codeHash: codeHash ?? EMPTY_CODE_HASH };
    if (emptyIsAbsent && isEmptyAccount(fields)) continue;
    const storageRoot = rootAfter(before, change);
    if (storageRoot === undefined) return undefined;
    listed.push({ ...fields, address: bytesFromKey(key), storageRoot });
  }
  const root = rootOfAccounts(listed);
  seen.add(state.accounts);
  return root && hexFromBytes(root);
}

/** Whether there is much more to hash than there are changes. */
function isLarge({ accounts }: ListedState, diff: StateDiff): boolean {
  let [hashed, changed] = [accounts.size, 1];
  for (const [name, change] of diff) {
    const slots = change?.storage.size ?? 0;
    changed += 1 + slots;
    if (slots > 0) hashed += accounts.get(keyFromBytes(bytesFromHex(name)))?.storage.size ?? 0;
  }
  return hashed > changed * HASHED_PER_CHANGE;
}

function rootOf(storage: MemoryAccount['storage']): Uint8Array | undefined {
  const known = storageRoots.get(storage);
  if (known !== undefined) return known;
  const root = rootOfStorage([...storage.values()]);
  if (root !== undefined) storageRoots.set(storage, root);
  return root;
}

function rootAfter(before: MemoryAccount | undefined, change: AccountDiff): Uint8Array | undefined {
  const storage = change.destroyed || before === undefined ? undefined : before.storage;
  if (change.storage.size === 0) return storage === undefined ? rootOfStorage([]) : rootOf(storage);
  const slots = new Map<string, ListedSlot>(storage);
  for (const [name, value] of change.storage) {
    const slot = bytesFromHex(name);
    slots.set(keyFromBytes(slot), { slot, value: bytesFromHex(value) });
  }
  return rootOfStorage([...slots.values()]);
}
