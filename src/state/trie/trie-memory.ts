// A memory of tries that stay, in WebAssembly (assembly/trie/README.md): nodes by their addresses, keys as bytes.

import bytes from 'virtual:pevm/trie';
import { MemoryLimitError } from '../../base/errors.ts';
import { moduleOf } from '../../base/given-modules.ts';

/** A node of a trie of this memory; 0: no node, the trie is empty. Whoever holds one has a reference to it. */
export type TrieNode = number;

/** What the leaves of a trie are: `Kind` of assembly/trie/node.ts. */
export const LeafKind = { SLOT: 3, ACCOUNT: 4 } as const;
export type LeafKind = (typeof LeafKind)[keyof typeof LeafKind];

/** What a leaf of the accounts' trie says. */
export interface TrieAccount {
  /** Below 2^256, in wei. */
  readonly balance: bigint;
  /** Below 2^64. */
  readonly nonce: bigint;
  /** 32 bytes. */
  readonly codeHash: Uint8Array;
}

/** Where an operation could not go on: at a node of which only the hash is known. */
export interface BlindNode {
  /** Half bytes of the way to it from the root, as digits of hex. */
  readonly path: string;
  /** 32 bytes, of which `path` is the beginning. */
  readonly way: Uint8Array;
  readonly depth: number;
  readonly hash: Uint8Array;
}

/** Exports of the module. Addresses and lengths are bytes. */
interface Exports {
  readonly memory: WebAssembly.Memory;
  layOut(pages: number): number;
  exchange(): number;
  keccak256(out: number, input: number, length: number): void;
  find(root: number, key: number): number;
  storageOf(account: number): number;
  setStorage(account: number, storage: number): void;
  putSlot(root: number, key: number, value: number): number;
  putAccount(root: number, key: number, fields: number, storage: number): number;
  remove(root: number, key: number): number;
  blind(hash: number): number;
  attach(root: number, path: number, depth: number, bytes: number, length: number, kind: number): number;
  proof(root: number, key: number): number;
  rootOf(out: number, root: number): void;
  retain(node: number): number;
  release(node: number): void;
  bytesInUse(): number;
}

const PAGE = 65536;
/** One page less than 4 GiB: addresses are numbers of 32 bits. */
const MOST_PAGES = 65535;
/** `Outcome` of assembly/trie/change.ts. */
const OUTCOME = { STATUS: 0, NODE: 4, DEPTH: 8, PATH: 16 } as const;
const STATUS = { BLIND: 1, FULL: 2, MALFORMED: 3 } as const;
/** `Slot`, `Account` and `Node` of assembly/trie/node.ts. */
const NODE = { REFERENCE: 8, VALUE: 72, BALANCE: 72, CODE_HASH: 104, NONCE: 136 } as const;
/** The key comes first in the exchange, then what goes with it. */
const DATA = 64;
/** A branch of sixteen hashes; no node is longer. */
export const LONGEST_NODE = 532;

let compiled: Promise<WebAssembly.Module> | undefined;

export class TrieMemory {
  readonly #exports: Exports;
  readonly #outcome: number;
  /** Where keys are written to. */
  readonly #key: number;
  #bytes: Uint8Array;
  #view: DataView;

  private constructor(exports: Exports, pages: number) {
    this.#exports = exports;
    this.#outcome = exports.layOut(pages);
    this.#key = exports.exchange();
    this.#bytes = new Uint8Array(exports.memory.buffer);
    this.#view = new DataView(exports.memory.buffer);
  }

  /** @param maximumBytes that it may take; default all that its addresses allow, 4 GiB */
  static async open(maximumBytes: number = MOST_PAGES * PAGE): Promise<TrieMemory> {
    compiled ??= moduleOf('trie', bytes);
    const { exports } = await WebAssembly.instantiate(await compiled);
    const opened = exports as unknown as Exports;
    // What is laid out, and a first room for nodes.
    opened.memory.grow(4);
    return new TrieMemory(opened, Math.min(MOST_PAGES, Math.floor(maximumBytes / PAGE)));
  }

  /** Bytes of all nodes. */
  get bytesInUse(): number {
    return this.#exports.bytesInUse() >>> 0;
  }

  /** keccak-256 of at most 532 bytes. */
  hash(data: Uint8Array): Uint8Array {
    this.#refresh();
    this.#bytes.set(data, this.#key + DATA);
    this.#exports.keccak256(this.#key, this.#key + DATA, data.length);
    return this.#bytes.slice(this.#key, this.#key + 32);
  }

  /** The leaf of a key, without a reference to it; 0: there is none; or where that is not known. */
  find(root: TrieNode, key: Uint8Array): TrieNode | BlindNode {
    this.#writeKey(key);
    const leaf = this.#exports.find(root, this.#key);
    return this.#blind() ?? leaf >>> 0;
  }

  /** The 32 bytes of a slot's leaf. */
  valueOf(leaf: TrieNode): Uint8Array {
    this.#refresh();
    return this.#bytes.slice(leaf + NODE.VALUE, leaf + NODE.VALUE + 32);
  }

  /** What the leaf of an account says. */
  accountOf(leaf: TrieNode): TrieAccount {
    this.#refresh();
    let balance = 0n;
    for (let limb = 0; limb < 4; limb++) {
      balance = (balance << 64n) | this.#view.getBigUint64(leaf + NODE.BALANCE + limb * 8);
    }
    const nonce = this.#view.getBigUint64(leaf + NODE.NONCE, true);
    return { balance, nonce, codeHash: this.#bytes.slice(leaf + NODE.CODE_HASH, leaf + NODE.CODE_HASH + 32) };
  }

  /** Root of the storage of an account's leaf, without a reference to it. */
  storageOf(leaf: TrieNode): TrieNode {
    return this.#exports.storageOf(leaf) >>> 0;
  }

  /** Gives the leaf of an account the root that came of attaching a node to that of its storage. */
  setStorage(leaf: TrieNode, storage: TrieNode): void {
    this.#exports.setStorage(leaf, storage);
  }

  /** Puts 32 bytes that are not all zero: the new root, or where it could not go on, with the old root as it was. */
  putSlot(root: TrieNode, key: Uint8Array, value: Uint8Array): TrieNode | BlindNode {
    this.#writeKey(key);
    this.#bytes.set(value, this.#key + DATA);
    const after = this.#exports.putSlot(root, this.#key, this.#key + DATA) >>> 0;
    return this.#blind() ?? after;
  }

  /** The same for an account; the reference to `storage` goes with it, whatever comes of it. */
  putAccount(
    root: TrieNode,
    key: Uint8Array,
    { balance, nonce, codeHash }: TrieAccount,
    storage: TrieNode,
  ): TrieNode | BlindNode {
    this.#writeKey(key);
    const at = this.#key + DATA;
    for (let limb = 3, rest = balance; limb >= 0; limb--, rest >>= 64n) this.#view.setBigUint64(at + limb * 8, rest);
    this.#bytes.set(codeHash, at + 32);
    this.#view.setBigUint64(at + 64, nonce, true);
    const after = this.#exports.putAccount(root, this.#key, at, storage) >>> 0;
    return this.#blind() ?? after;
  }

  /** Removes a key, where it is there: the new root, or where it could not go on, with the old root as it was. */
  remove(root: TrieNode, key: Uint8Array): TrieNode | BlindNode {
    this.#writeKey(key);
    const after = this.#exports.remove(root, this.#key) >>> 0;
    return this.#blind() ?? after;
  }

  /** The root of a trie of which only its hash is known. */
  blind(hash: Uint8Array): TrieNode {
    this.#writeKey(hash);
    const node = this.#exports.blind(this.#key) >>> 0;
    if (node === 0) throw full();
    return node;
  }

  /** Puts a node where an operation could not go on; gives the root, `undefined` where the bytes are no node of a trie. */
  attach(root: TrieNode, { way, depth }: BlindNode, node: Uint8Array, kind: LeafKind): TrieNode | undefined {
    if (node.length > LONGEST_NODE) return undefined;
    this.#writeKey(way);
    this.#bytes.set(node, this.#key + DATA);
    const after = this.#exports.attach(root, this.#key, depth, this.#key + DATA, node.length, kind) >>> 0;
    const status = this.#status();
    if (status === STATUS.FULL) throw full();
    return status === STATUS.MALFORMED ? undefined : after;
  }

  /** The nodes on the way of a key, from the root down, as far as they are known. */
  proof(root: TrieNode, key: Uint8Array): Uint8Array[] {
    this.#writeKey(key);
    const end = this.#exports.proof(root, this.#key) >>> 0;
    const nodes: Uint8Array[] = [];
    for (let at = this.#key + DATA; at < end; ) {
      const length = this.#view.getUint32(at, true);
      nodes.push(this.#bytes.slice(at + 4, at + 4 + length));
      at += 4 + ((length + 3) & ~3);
    }
    return nodes;
  }

  /** 32 bytes. */
  rootOf(root: TrieNode): Uint8Array {
    this.#refresh();
    this.#exports.rootOf(this.#key, root);
    return this.#bytes.slice(this.#key, this.#key + 32);
  }

  /** Another reference to a node. */
  retain(node: TrieNode): TrieNode {
    return this.#exports.retain(node) >>> 0;
  }

  release(node: TrieNode): void {
    this.#exports.release(node);
  }

  #writeKey(key: Uint8Array): void {
    this.#refresh();
    this.#bytes.set(key, this.#key);
  }

  /** Views of a memory that has grown see nothing any more. */
  #refresh(): void {
    const { buffer } = this.#exports.memory;
    if (this.#bytes.buffer === buffer) return;
    this.#bytes = new Uint8Array(buffer);
    this.#view = new DataView(buffer);
  }

  #status(): number {
    this.#refresh();
    return this.#view.getUint32(this.#outcome + OUTCOME.STATUS, true);
  }

  #blind(): BlindNode | undefined {
    const status = this.#status();
    if (status === STATUS.FULL) throw full();
    if (status !== STATUS.BLIND) return undefined;
    const node = this.#view.getUint32(this.#outcome + OUTCOME.NODE, true);
    const depth = this.#view.getUint32(this.#outcome + OUTCOME.DEPTH, true);
    const way = this.#bytes.slice(this.#outcome + OUTCOME.PATH, this.#outcome + OUTCOME.PATH + 32);
    const path = Array.from(way, (byte) => byte.toString(16).padStart(2, '0'))
      .join('')
      .slice(0, depth);
    return { path, way, depth, hash: this.#bytes.slice(node + NODE.REFERENCE, node + NODE.REFERENCE + 32) };
  }
}

function full(): MemoryLimitError {
  return new MemoryLimitError('the tries of the state do not fit into their memory');
}
