// The tries of all states of a chain, one over the other: a state costs what it changed, and every one of them can be proven.

import { createMerkleProof, MerklePatriciaTrie } from '@ethereumjs/mpt';
import { RLP } from '@ethereumjs/rlp';
import { MapDB, ValueEncoding } from '@ethereumjs/util';
import { bytesFromHex, bytesFromNumber, type Hex, hexFromBytes, numberFromBytes } from '../base/hex.ts';
import { keccak256 as hashed } from '../base/keccak256.ts';
import { keccak256 } from '../base/remembered-keccak256.ts';
import type { AccountDiff, StateDiff } from '../block/state-diff.ts';
import { EMPTY_CODE_HASH, isEmptyAccount, type MemoryAccount } from './memory-account.ts';
import type { StateRootOptions } from './state-root-computer.ts';

/** Root of the empty trie. */
export const EMPTY_TRIE_ROOT: Hex = hexFromBytes(hashed(RLP.encode(new Uint8Array(0))));

/** What the accounts' trie has of an account. */
export interface ProvenAccount {
  readonly balance: bigint;
  readonly nonce: bigint;
  readonly codeHash: Uint8Array;
  readonly storageRoot: Uint8Array;
}

export interface StateProof {
  readonly account: ProvenAccount & { readonly isThere: boolean };
  /** Nodes from the root down. */
  readonly accountProof: readonly Uint8Array[];
  readonly storage: readonly { readonly value: bigint; readonly proof: readonly Uint8Array[] }[];
}

const ABSENT: ProvenAccount = {
  balance: 0n,
  nonce: 0n,
  codeHash: EMPTY_CODE_HASH,
  storageRoot: bytesFromHex(EMPTY_TRIE_ROOT),
};
/** Shorter nodes stand inside their parents. */
const HASHED_BYTES = 32;

/** Nodes are never dropped: what is kept grows with what blocks change, some kilobytes for a transaction. */
export class TrieArchive {
  readonly #nodes = new MapDB<string, string | Uint8Array>();
  #last: Promise<unknown> = Promise.resolve();

  /** The root of a state that lists all its accounts, empty ones among them. */
  async begin(accounts: Iterable<MemoryAccount>): Promise<Hex> {
    const trie = this.#trie(bytesFromHex(EMPTY_TRIE_ROOT));
    for (const { address, balance, nonce, codeHash, storage } of accounts) {
      const slots = this.#trie(ABSENT.storageRoot);
      for (const { slot, value } of storage.values()) await putSlot(slots, slot, value);
      await trie.put(address, leaf({ balance, nonce, codeHash, storageRoot: slots.root() }));
    }
    return hexFromBytes(trie.root());
  }

  /** The root of the state with the changes made, which from now on is known too. Calls are done one after the other. */
  after(root: Hex, diff: StateDiff, options: StateRootOptions): Promise<Hex> {
    const done = this.#last.then(() => this.#after(root, diff, options));
    this.#last = done.catch(() => {});
    return done;
  }

  async proof(root: Hex, address: Uint8Array, slots: readonly Uint8Array[]): Promise<StateProof> {
    const trie = this.#trie(bytesFromHex(root));
    const account = { ...(await accountIn(trie, address)), isThere: (await trie.get(address)) !== null };
    const storageTrie = this.#trie(account.storageRoot);
    const storage: { value: bigint; proof: readonly Uint8Array[] }[] = [];
    for (const slot of slots) {
      const found = await storageTrie.get(slot);
      const value = found === null ? 0n : numberFromBytes(RLP.decode(found) as Uint8Array);
      storage.push({ value, proof: await pathTo(storageTrie, slot) });
    }
    return { account, accountProof: await pathTo(trie, address), storage };
  }

  async #after(root: Hex, diff: StateDiff, { emptyIsAbsent }: StateRootOptions): Promise<Hex> {
    const trie = this.#trie(bytesFromHex(root));
    for (const [name, change] of diff) {
      const address = bytesFromHex(name);
      const after = change === null ? undefined : await this.#accountAfter(await accountIn(trie, address), change);
      if (after === undefined || (emptyIsAbsent && isEmptyAccount(after))) await trie.del(address);
      else await trie.put(address, leaf(after));
    }
    return hexFromBytes(trie.root());
  }

  async #accountAfter(before: ProvenAccount, change: AccountDiff): Promise<ProvenAccount> {
    const slots = this.#trie(change.destroyed ? ABSENT.storageRoot : before.storageRoot);
    for (const [slot, value] of change.storage) await putSlot(slots, bytesFromHex(slot), bytesFromHex(value));
    return {
      balance: change.balance ?? before.balance,
      nonce: change.nonce ?? before.nonce,
      codeHash: change.code === undefined ? before.codeHash : hashed(bytesFromHex(change.code)),
      storageRoot: slots.root(),
    };
  }

  #trie(root: Uint8Array): MerklePatriciaTrie {
    return new MerklePatriciaTrie({
      db: this.#nodes,
      root,
      valueEncoding: ValueEncoding.Bytes,
      useKeyHashing: true,
      useKeyHashingFunction: keccak256,
    });
  }
}

async function accountIn(trie: MerklePatriciaTrie, address: Uint8Array): Promise<ProvenAccount> {
  const found = await trie.get(address);
  if (found === null) return ABSENT;
  const [nonce, balance, storageRoot, codeHash] = RLP.decode(found) as Uint8Array[];
  return {
    nonce: numberFromBytes(nonce!),
    balance: numberFromBytes(balance!),
    storageRoot: storageRoot!,
    codeHash: codeHash!,
  };
}

async function pathTo(trie: MerklePatriciaTrie, key: Uint8Array): Promise<Uint8Array[]> {
  const nodes = await createMerkleProof(trie, key);
  return nodes.filter((node, i) => i === 0 || node.length >= HASHED_BYTES);
}

function leaf({ nonce, balance, storageRoot, codeHash }: ProvenAccount): Uint8Array {
  return RLP.encode([bytesFromNumber(nonce), bytesFromNumber(balance), storageRoot, codeHash]);
}

/** A slot of zero is not in the trie. */
async function putSlot(trie: MerklePatriciaTrie, slot: Uint8Array, value: Uint8Array): Promise<void> {
  const minimal = bytesFromNumber(numberFromBytes(value));
  if (minimal.length === 0) await trie.del(slot);
  else await trie.put(slot, RLP.encode(minimal));
}
