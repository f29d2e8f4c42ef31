// The tries of all states of a chain, one over the other: a state costs what it changed, and every one of them can be proven.

import { type Hex, hexFromBytes, numberFromBytes } from '../base/hex.ts';
import type { StateDiff } from '../block/state-diff.ts';
import { EMPTY_CODE_HASH, type MemoryAccount } from './memory-account.ts';
import type { StateRootOptions } from './state-root-computer.ts';
import { type StateTrie, StateTries } from './trie/state-tries.ts';
import { type RecordedBlock, type RecordedNodes, recordNodes } from './witness/witness-recorder.ts';

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

/** Nodes are dropped with the last state that has them; what is kept grows with what blocks change, some kilobytes for a transaction. */
export class TrieArchive {
  readonly #tries: StateTries;
  /** By root: the state, and how many have asked for it to be kept. */
  readonly #states = new Map<Hex, { readonly trie: StateTrie; count: number }>();

  private constructor(tries: StateTries) {
    this.#tries = tries;
  }

  static async open(): Promise<TrieArchive> {
    return new TrieArchive(await StateTries.open());
  }

  /** The root of a state that lists all its accounts, empty ones among them. */
  async begin(accounts: Iterable<MemoryAccount>): Promise<Hex> {
    return this.#keep(await this.#tries.begin(accounts));
  }

  /** The root of the state with the changes made, which from now on is known too. */
  after(root: Hex, diff: StateDiff, options: StateRootOptions): Hex {
    const trie = this.#tries.copy(this.#state(root));
    try {
      this.#tries.apply(trie, diff, options);
    } catch (error) {
      this.#tries.release(trie);
      throw error;
    }
    return this.#keep(trie);
  }

  /** Nobody asks for this state any more: once for each time that it was begun or came after another. */
  forget(root: Hex): void {
    const known = this.#states.get(root);
    if (known === undefined || --known.count > 0) return;
    this.#tries.release(known.trie);
    this.#states.delete(root);
  }

  /** Bytes of all nodes. */
  get bytesInUse(): number {
    return this.#tries.bytesInUse;
  }

  proof(root: Hex, address: Uint8Array, slots: readonly Uint8Array[]): StateProof {
    const trie = this.#state(root);
    const account = this.#tries.account(trie, address);
    return {
      account:
        account === undefined
          ? { balance: 0n, nonce: 0n, codeHash: EMPTY_CODE_HASH, storageRoot: this.#emptyRoot, isThere: false }
          : { ...account, isThere: true },
      accountProof: this.#tries.proof(trie, address),
      storage: slots.map((slot) => {
        const value = this.#tries.slot(trie, address, slot);
        const proof = this.#tries.slotProof(trie, address, slot);
        return { value: value === undefined ? 0n : numberFromBytes(value), proof };
      }),
    };
  }

  /** `undefined`: the accounts' trie has no such account. */
  account(root: Hex, address: Uint8Array): ProvenAccount | undefined {
    return this.#tries.account(this.#state(root), address);
  }

  /** The nodes that prove what a block has taken of a state. */
  witness(root: Hex, block: RecordedBlock): Promise<RecordedNodes> {
    return recordNodes(this.#tries, this.#state(root), block);
  }

  get #emptyRoot(): Uint8Array {
    return this.#tries.rootOf({ node: 0 });
  }

  #state(root: Hex): StateTrie {
    const known = this.#states.get(root);
    if (known === undefined) throw new Error(`there is no state with the root ${root}`);
    return known.trie;
  }

  #keep(trie: StateTrie): Hex {
    const root = hexFromBytes(this.#tries.rootOf(trie));
    const known = this.#states.get(root);
    if (known === undefined) this.#states.set(root, { trie, count: 1 });
    else {
      known.count += 1;
      this.#tries.release(trie);
    }
    return root;
  }
}
