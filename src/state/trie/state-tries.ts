// The tries of states: accounts with their storage, changed by diffs. Earlier states stay where somebody holds their root.

import { PevmError } from '../../base/errors.ts';
import { bytesFromHex, isZero } from '../../base/hex.ts';
import { keccak256 as hashed } from '../../base/keccak256.ts';
import { turnTaker } from '../../base/platform.ts';
import type { AccountDiff, StateDiff } from '../../block/state-diff.ts';
import { EMPTY_CODE_HASH, isEmptyAccount, type MemoryAccount } from '../memory-account.ts';
import type { StateRootOptions } from '../state-root-computer.ts';
import { type BlindNode, LeafKind, type TrieAccount, TrieMemory, type TrieNode } from './trie-memory.ts';

/** A node that an operation takes and of which only the hash is known. */
export interface MissingNode extends BlindNode {
  /** Whose storage it belongs to; `undefined`: it is one of the accounts' trie. */
  readonly owner: Uint8Array | undefined;
}

/** Where missing nodes come from. @throws where there is none of this hash */
export interface NodeSource {
  /** The bytes of a node, whose hash was checked. */
  nodeOf(missing: MissingNode): Uint8Array;
  /** They are no node of a trie. */
  refuse(missing: MissingNode): never;
}

const NO_NODES: NodeSource = {
  nodeOf: () => {
    throw new PevmError(-32603, 'a node of a whole state is not there');
  },
  refuse: () => {
    throw new PevmError(-32603, 'a node of a whole state is none');
  },
};

const ABSENT: TrieAccount = { balance: 0n, nonce: 0n, codeHash: EMPTY_CODE_HASH };

/** The accounts' trie of a state: whoever holds one releases it, once. */
export interface StateTrie {
  node: TrieNode;
}

/** An account that has changed, as it is now. */
export interface AccountNow {
  readonly address: Uint8Array;
  readonly fields: TrieAccount;
  /** Whether it is in the state even where it is empty. */
  readonly exists: boolean;
  /** Whether its storage was emptied as a whole, before the slots that are listed. */
  readonly emptied: boolean;
  readonly storage: Iterable<readonly [slot: Uint8Array, value: Uint8Array]>;
}

export class StateTries {
  readonly #memory: TrieMemory;
  readonly #nodes: NodeSource;

  constructor(memory: TrieMemory, nodes: NodeSource = NO_NODES) {
    this.#memory = memory;
    this.#nodes = nodes;
  }

  /** @param maximumBytes of memory; default 4 GiB */
  static async open(maximumBytes?: number, nodes?: NodeSource): Promise<StateTries> {
    return new StateTries(await TrieMemory.open(maximumBytes), nodes);
  }

  get bytesInUse(): number {
    return this.#memory.bytesInUse;
  }

  /** Of a state of which only its root is known. */
  blind(root: Uint8Array): StateTrie {
    const empty = this.#memory.rootOf(0);
    return { node: empty.every((byte, i) => byte === root[i]) ? 0 : this.#memory.blind(root) };
  }

  /** Of all accounts of a state, empty ones among them. Slots of zero are none. @throws MemoryLimitError */
  async begin(accounts: Iterable<MemoryAccount>): Promise<StateTrie> {
    const trie: StateTrie = { node: 0 };
    const rest = turnTaker();
    for (const { address, balance, nonce, codeHash, storage } of accounts) {
      const slots: StateTrie = { node: 0 };
      for (const { slot, value } of storage.values()) {
        if (!isZero(value)) this.#putSlot(slots, slot, value, address);
        const turn = rest();
        if (turn !== undefined) await turn;
      }
      this.#putAccount(trie, address, { balance, nonce, codeHash }, slots.node);
      const turn = rest();
      if (turn !== undefined) await turn;
    }
    return trie;
  }

  /** 32 bytes. */
  rootOf({ node }: StateTrie): Uint8Array {
    return this.#memory.rootOf(node);
  }

  /** The same state once more, to be changed by itself. */
  copy({ node }: StateTrie): StateTrie {
    return { node: this.#memory.retain(node) };
  }

  release(trie: StateTrie): void {
    this.#memory.release(trie.node);
    trie.node = 0;
  }

  /** `undefined`: there is no such account. */
  account(trie: StateTrie, address: Uint8Array): (TrieAccount & { readonly storageRoot: Uint8Array }) | undefined {
    const leaf = this.#leafOf(trie, address);
    if (leaf === 0) return undefined;
    return { ...this.#memory.accountOf(leaf), storageRoot: this.#memory.rootOf(this.#memory.storageOf(leaf)) };
  }

  /** The 32 bytes of a slot; `undefined`: zero. */
  slot(trie: StateTrie, address: Uint8Array, slot: Uint8Array): Uint8Array | undefined {
    const account = this.#leafOf(trie, address);
    if (account === 0) return undefined;
    const storage: StateTrie = { node: this.#memory.storageOf(account) };
    const leaf = this.#find(storage, this.#memory.hash(slot), LeafKind.SLOT, address, (node) =>
      this.#memory.setStorage(account, node),
    );
    return leaf === 0 ? undefined : this.#memory.valueOf(leaf);
  }

  /** Changes the state; what was copied before stays as it was. What throws leaves it somewhere between. */
  apply(trie: StateTrie, diff: StateDiff, { emptyIsAbsent }: StateRootOptions): void {
    const gone: Uint8Array[] = [];
    for (const [name, change] of diff) {
      const address = bytesFromHex(name);
      if (change === null) {
        gone.push(address);
        continue;
      }
      const leaf = this.#leafOf(trie, address);
      const before = leaf === 0 ? ABSENT : this.#memory.accountOf(leaf);
      const after = {
        balance: change.balance ?? before.balance,
        nonce: change.nonce ?? before.nonce,
        codeHash: change.code === undefined ? before.codeHash : hashed(bytesFromHex(change.code)),
      };
      if (emptyIsAbsent && isEmptyAccount(after)) {
        gone.push(address);
        continue;
      }
      const storage = this.#storageAfter(leaf, address, change.destroyed === true, bytesOfSlots(change));
      this.#putAccount(trie, address, after, storage);
    }
    this.#removeAccounts(trie, gone);
  }

  /** The same for accounts as they are now. What throws leaves it somewhere between. */
  set(trie: StateTrie, accounts: Iterable<AccountNow>): void {
    const gone: Uint8Array[] = [];
    for (const { address, fields, exists, emptied, storage } of accounts) {
      const slots = this.#storageAfter(this.#leafOf(trie, address), address, emptied, storage);
      if (exists || slots !== 0 || !isEmptyAccount(fields)) this.#putAccount(trie, address, fields, slots);
      else gone.push(address);
    }
    this.#removeAccounts(trie, gone);
  }

  /** At last: what was put may have kept a branch that would have gone. */
  #removeAccounts(trie: StateTrie, gone: readonly Uint8Array[]): void {
    for (const address of gone) this.#remove(trie, address, LeafKind.ACCOUNT, undefined);
  }

  /** The nodes on the way of an account, from the root down, as far as they are known. */
  proof(trie: StateTrie, address: Uint8Array): Uint8Array[] {
    return this.#memory.proof(trie.node, this.#memory.hash(address));
  }

  /** The same for one of its slots. */
  slotProof(trie: StateTrie, address: Uint8Array, slot: Uint8Array): Uint8Array[] {
    const account = this.#leafOf(trie, address);
    return account === 0 ? [] : this.#memory.proof(this.#memory.storageOf(account), this.#memory.hash(slot));
  }

  /** The nodes on a way that a missing node names. */
  nodesTo(trie: StateTrie, { owner, way }: MissingNode): Uint8Array[] {
    if (owner === undefined) return this.#memory.proof(trie.node, way);
    const account = this.#leafOf(trie, owner);
    return account === 0 ? [] : this.#memory.proof(this.#memory.storageOf(account), way);
  }

  #storageAfter(
    leaf: TrieNode,
    address: Uint8Array,
    emptied: boolean,
    storage: Iterable<readonly [slot: Uint8Array, value: Uint8Array]>,
  ): TrieNode {
    const slots: StateTrie = { node: leaf === 0 || emptied ? 0 : this.#memory.retain(this.#memory.storageOf(leaf)) };
    const cleared: Uint8Array[] = [];
    for (const [slot, value] of storage) {
      if (isZero(value)) cleared.push(slot);
      else this.#putSlot(slots, slot, value, address);
    }
    for (const slot of cleared) this.#remove(slots, slot, LeafKind.SLOT, address);
    return slots.node;
  }

  #leafOf(trie: StateTrie, address: Uint8Array): TrieNode {
    return this.#find(trie, this.#memory.hash(address), LeafKind.ACCOUNT, undefined);
  }

  #find(
    trie: StateTrie,
    key: Uint8Array,
    kind: LeafKind,
    owner: Uint8Array | undefined,
    moved: (root: TrieNode) => void = () => {},
  ): TrieNode {
    for (;;) {
      const found = this.#memory.find(trie.node, key);
      if (typeof found === 'number') return found;
      const root = trie.node;
      this.#attach(trie, found, kind, owner);
      if (trie.node !== root) moved(trie.node);
    }
  }

  #putSlot(trie: StateTrie, slot: Uint8Array, value: Uint8Array, owner: Uint8Array): void {
    const key = this.#memory.hash(slot);
    this.#change(trie, LeafKind.SLOT, owner, (node) => this.#memory.putSlot(node, key, value));
  }

  /** The reference to `storage` goes with it. */
  #putAccount(trie: StateTrie, address: Uint8Array, fields: TrieAccount, storage: TrieNode): void {
    const key = this.#memory.hash(address);
    // Once the way is known, nothing is missing any more.
    this.#find(trie, key, LeafKind.ACCOUNT, undefined);
    trie.node = this.#memory.putAccount(trie.node, key, fields, storage) as TrieNode;
  }

  #remove(trie: StateTrie, name: Uint8Array, kind: LeafKind, owner: Uint8Array | undefined): void {
    const key = this.#memory.hash(name);
    this.#change(trie, kind, owner, (node) => this.#memory.remove(node, key));
  }

  #change(
    trie: StateTrie,
    kind: LeafKind,
    owner: Uint8Array | undefined,
    change: (node: TrieNode) => TrieNode | BlindNode,
  ): void {
    for (;;) {
      const after = change(trie.node);
      if (typeof after === 'number') {
        trie.node = after;
        return;
      }
      this.#attach(trie, after, kind, owner);
    }
  }

  #attach(trie: StateTrie, blind: BlindNode, kind: LeafKind, owner: Uint8Array | undefined): void {
    const missing = { ...blind, owner };
    const after = this.#memory.attach(trie.node, blind, this.#nodes.nodeOf(missing), kind);
    if (after === undefined) this.#nodes.refuse(missing);
    else trie.node = after;
  }
}

function bytesOfSlots({ storage }: AccountDiff): [Uint8Array, Uint8Array][] {
  return Array.from(storage, ([slot, value]) => [bytesFromHex(slot), bytesFromHex(value)]);
}
