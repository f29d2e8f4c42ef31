// Parts of whole states in the order of their tries, that of the hashes of addresses and slots; and the accounts by which two differ.

import { PevmError } from '../base/errors.ts';
import { bytesFromHex, type Hex, hexFromBytes, keyFromBytes, sameBytes } from '../base/hex.ts';
import { keccak256 } from '../base/keccak256.ts';
import { rulesOf } from '../chain/rules.ts';
import type { MemoryAccount } from '../state/memory-account.ts';
import type { DescribedStateSource } from '../state/state-source.ts';
import type { ProvenAccount } from '../state/trie-archive.ts';
import type { Call } from './call.ts';
import type { ChainNode } from './chain-node.ts';
import type { ChainBlock } from './chain-store.ts';
import type { RecordedChain } from './recorded-chain.ts';
import { checksummed } from './rpc/eth-send.ts';
import { SERVER_ERROR } from './rpc/parameters.ts';

type Accounts = ReadonlyMap<string, MemoryAccount>;

/** @throws PevmError where the state is not known as a whole */
function accountsOf(state: DescribedStateSource): Accounts {
  const { accounts } = state.description;
  if (accounts === undefined) {
    throw new PevmError(SERVER_ERROR, 'the state is that of a node: not all of it is known, and it cannot be listed');
  }
  return accounts;
}

interface Hashed<T> {
  readonly hash: Hex;
  readonly item: T;
}

function byHash<T>(items: Iterable<T>, nameOf: (item: T) => Uint8Array): Hashed<T>[] {
  const hashed = [...items].map((item) => ({ hash: hexFromBytes(keccak256(nameOf(item))), item }));
  return hashed.sort((left, right) => (left.hash < right.hash ? -1 : 1));
}

export interface AccountRange {
  /** Hash of an address, from which on they are listed. */
  readonly start: bigint;
  readonly most: number;
  readonly hasCode: boolean;
  readonly hasStorage: boolean;
}

/** A dump as geth has it, of the state after a block; `next`: where it goes on. */
export async function accountRange(record: RecordedChain, at: ChainBlock, range: AccountRange) {
  const accounts = accountsOf(record.stateAfter(at));
  const [root, find] = await Promise.all([record.rootAfter(at), record.accountsOfTrie(at)]);
  const inOrder = byHash(accounts.values(), ({ address }) => address)
    .filter(({ hash }) => BigInt(hash) >= range.start)
    .map(({ hash, item }) => ({ hash, item, proven: find(item.address) }))
    // An account that is listed may be in no trie: an empty one.
    .filter((entry): entry is Entry => entry.proven !== undefined);
  const listed = inOrder.slice(0, range.most).map((entry) => [checksummed(nameOf(entry)), dumped(entry, range)]);
  return {
    root: root.slice(2),
    accounts: Object.fromEntries(listed),
    ...(inOrder.length > range.most && { next: inOrder[range.most]!.hash }),
  };
}

type Entry = Hashed<MemoryAccount> & { readonly proven: ProvenAccount };

const nameOf = ({ item }: Entry) => hexFromBytes(item.address);

function dumped({ hash, item, proven }: Entry, { hasCode, hasStorage }: AccountRange) {
  const { balance, nonce, codeHash, storageRoot } = proven;
  if (hasCode && item.code === undefined) {
    throw new PevmError(SERVER_ERROR, `of ${hexFromBytes(item.address)} only the hash of the code is known`);
  }
  const slots = hasStorage ? slotsOf(item) : [];
  return {
    balance: String(balance),
    nonce: Number(nonce),
    root: hexFromBytes(storageRoot),
    codeHash: hexFromBytes(codeHash),
    ...(hasCode && item.code!.length > 0 && { code: hexFromBytes(item.code!) }),
    ...(slots.length > 0 && {
      storage: Object.fromEntries(slots.map(({ slot, value }) => [hexFromBytes(slot), withoutZeros(value)])),
    }),
    address: hexFromBytes(item.address),
    key: hash,
  };
}

/** Whole bytes, without those that are zero before them. */
function withoutZeros(value: Uint8Array): string {
  return hexFromBytes(value.subarray(value.findIndex((byte) => byte !== 0))).slice(2);
}

/** As the trie has them: without those that are zero. */
function slotsOf({ storage }: MemoryAccount) {
  return [...storage.values()].filter(({ value }) => value.some((byte) => byte !== 0));
}

export interface StorageRange {
  readonly at: ChainBlock;
  /** Of the transaction before which the storage is asked for. */
  readonly index: number;
  readonly address: Hex;
  /** First bytes of the hash of a slot, from which on they are listed. */
  readonly start: Uint8Array;
  readonly most: number;
}

const EMPTY = { storage: null, nextKey: null };

/**
 * The storage of an account as the state before the block has it: as in geth, what the transactions before `index` have written
 * is not seen, but where they have destroyed the account.
 */
export async function storageRange(node: ChainNode, range: StorageRange, call: Call) {
  const { at, address, most } = range;
  const account = accountsOf(node.record.stateBefore(at)).get(keyFromBytes(bytesFromHex(address)));
  const slots = account === undefined ? [] : slotsOf(account);
  if (slots.length === 0 || (await isDestroyed(node, range, call))) return EMPTY;
  const start = hexFromBytes(range.start.subarray(0, 32));
  const inOrder = byHash(slots, ({ slot }) => slot).filter(({ hash }) => hash >= start);
  const listed = inOrder.slice(0, Math.max(0, most));
  return {
    storage: Object.fromEntries(
      listed.map(({ hash, item }) => [hash, { key: hexFromBytes(item.slot), value: hexFromBytes(item.value) }]),
    ),
    nextKey: inOrder[listed.length]?.hash ?? null,
  };
}

/** Whether the transactions of a block before one of them have destroyed an account that was there before the block. */
async function isDestroyed(node: ChainNode, { at, index, address }: StorageRange, call: Call): Promise<boolean> {
  if (index === 0 || rulesOf(at.hardfork).destroysOnlyNew) return false;
  const request = node.record.requestFor(at);
  const transactions = at.block.transactions.slice(0, index);
  // What is paid for the block comes after them, and is not asked for.
  const block = { ...at.block, transactions, uncles: undefined };
  const { stateDiff } = await node.execute({ ...request, block, blockReward: false }, call);
  const change = stateDiff.get(address);
  return change === null || change?.destroyed === true;
}

/** Accounts of the newer state that are not the same in the older one, in the order of the trie; `null`, as in geth: none. */
export async function modifiedAccounts(record: RecordedChain, older: ChainBlock, newer: ChainBlock) {
  const [before, after] = await Promise.all([record.accountsOfTrie(older), record.accountsOfTrie(newer)]);
  const changed = [...record.changedBetween(older, newer)].map(bytesFromHex);
  const modified = changed.filter((address) => {
    const now = after(address);
    return now !== undefined && !isSame(now, before(address));
  });
  const inOrder = byHash(modified, (address) => address);
  return inOrder.length === 0 ? null : inOrder.map(({ item }) => hexFromBytes(item));
}

function isSame(left: ProvenAccount, right: ProvenAccount | undefined): boolean {
  return (
    right !== undefined &&
    left.balance === right.balance &&
    left.nonce === right.nonce &&
    sameBytes(left.codeHash, right.codeHash) &&
    sameBytes(left.storageRoot, right.storageRoot)
  );
}
