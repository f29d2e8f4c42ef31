// State roots through @ethereumjs/mpt, with which those of the library are compared.

import { MerklePatriciaTrie } from '@ethereumjs/mpt';
import { RLP } from '@ethereumjs/rlp';
import { MapDB, ValueEncoding } from '@ethereumjs/util';
import {
  bytesFromHex,
  bytesFromNumber,
  type Hex,
  hexFromBytes,
  keyFromBytes,
  numberFromBytes,
} from '../../src/base/hex.ts';
import { keccak256 as hashed } from '../../src/base/keccak256.ts';
import { keccak256 } from '../../src/base/remembered-keccak256.ts';
import type { AccountDiff, StateDiff } from '../../src/block/state-diff.ts';
import {
  EMPTY_CODE_HASH,
  isEmptyAccount,
  type MemoryAccount,
  type MemorySlot,
} from '../../src/state/memory-account.ts';
import type { ListedState, StateRootOptions } from '../../src/state/state-root-computer.ts';

const NO_STORAGE: MemoryAccount['storage'] = new Map();
const EMPTY_TRIE_ROOT = hashed(RLP.encode(new Uint8Array(0)));

/** What a leaf of the accounts' trie says, but for the storage. */
interface Fields {
  readonly balance: bigint;
  readonly nonce: bigint;
  readonly codeHash: Uint8Array;
}

const ABSENT: Fields = { balance: 0n, nonce: 0n, codeHash: EMPTY_CODE_HASH };

/**
 * Keeps the tries of the states it has seen, by the maps that hold them: those maps never change. States that follow on
 * each other share the storage of the accounts between them that nobody touched, and with it these tries.
 */
export class MptStateRoot {
  readonly #accounts = new WeakMap<ListedState['accounts'], Promise<MerklePatriciaTrie>>();
  readonly #storage = new WeakMap<MemoryAccount['storage'], Promise<MerklePatriciaTrie>>();

  async rootOf(state: ListedState, diff: StateDiff, { emptyIsAbsent }: StateRootOptions): Promise<Hex> {
    const base = await kept(this.#accounts, state.accounts, () => this.#buildAccounts(state));
    const trie = overlay(base);
    for (const [name, change] of diff) {
      const address = bytesFromHex(name);
      const before = state.accounts.get(keyFromBytes(address));
      const after = change === null ? undefined : fieldsAfter(before, change);
      if (change === null || after === undefined || (emptyIsAbsent && isEmptyAccount(after))) {
        await trie.del(address);
      } else {
        await trie.put(address, leaf(after, await this.#storageRootAfter(before, change)));
      }
    }
    return hexFromBytes(trie.root());
  }

  async #buildAccounts(state: ListedState): Promise<MerklePatriciaTrie> {
    const trie = emptyTrie();
    for (const account of state.accounts.values()) {
      await trie.put(account.address, leaf(account, await this.#storageRoot(account.storage)));
    }
    return trie;
  }

  async #storageRoot(storage: MemoryAccount['storage']): Promise<Uint8Array> {
    return storage.size === 0 ? EMPTY_TRIE_ROOT : (await this.#storageTrie(storage)).root();
  }

  #storageTrie(storage: MemoryAccount['storage']): Promise<MerklePatriciaTrie> {
    return kept(this.#storage, storage, () => buildStorage(storage.values()));
  }

  async #storageRootAfter(before: MemoryAccount | undefined, change: AccountDiff): Promise<Uint8Array> {
    const storage = change.destroyed || before === undefined ? NO_STORAGE : before.storage;
    if (change.storage.size === 0) return this.#storageRoot(storage);
    const trie = storage.size === 0 ? emptyTrie() : overlay(await this.#storageTrie(storage));
    for (const [slot, value] of change.storage) await putSlot(trie, bytesFromHex(slot), bytesFromHex(value));
    return trie.root();
  }
}

/** The value that `make` once made for `key`; a failure is not kept. */
function kept<K extends object, V>(known: WeakMap<K, Promise<V>>, key: K, make: () => Promise<V>): Promise<V> {
  let value = known.get(key);
  if (value === undefined) {
    value = make();
    known.set(key, value);
    value.catch(() => known.delete(key));
  }
  return value;
}

function emptyTrie(): MerklePatriciaTrie {
  return new MerklePatriciaTrie({
    db: new MapDB(),
    valueEncoding: ValueEncoding.Bytes,
    useKeyHashing: true,
    // Keys come again with every block, and a remembered hash costs a tenth.
    useKeyHashingFunction: keccak256,
  });
}

/** A trie over the nodes of another: what is put there goes to a checkpoint that nobody commits. */
function overlay(base: MerklePatriciaTrie): MerklePatriciaTrie {
  const trie = base.shallowCopy(false);
  trie.checkpoint();
  return trie;
}

async function buildStorage(slots: Iterable<MemorySlot>): Promise<MerklePatriciaTrie> {
  const trie = emptyTrie();
  for (const { slot, value } of slots) await putSlot(trie, slot, value);
  return trie;
}

/** A slot of zero is not in the trie. */
async function putSlot(trie: MerklePatriciaTrie, slot: Uint8Array, value: Uint8Array): Promise<void> {
  const minimal = bytesFromNumber(numberFromBytes(value));
  if (minimal.length === 0) await trie.del(slot);
  else await trie.put(slot, RLP.encode(minimal));
}

function leaf({ nonce, balance, codeHash }: Fields, storageRoot: Uint8Array): Uint8Array {
  return RLP.encode([bytesFromNumber(nonce), bytesFromNumber(balance), storageRoot, codeHash]);
}

function fieldsAfter(before: Fields | undefined, change: AccountDiff): Fields {
  const { balance, nonce, codeHash } = before ?? ABSENT;
  return {
    balance: change.balance ?? balance,
    nonce: change.nonce ?? nonce,
    codeHash: change.code === undefined ? codeHash : hashed(bytesFromHex(change.code)),
  };
}
