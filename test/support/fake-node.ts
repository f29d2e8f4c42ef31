// A node with a chain of its own, made up: answers JSON-RPC as nodes do, and counts what it is asked.
import { createMerkleProof, MerklePatriciaTrie } from '@ethereumjs/mpt';
import { RLP } from '@ethereumjs/rlp';
import { keccak_256 } from '@noble/hashes/sha3.js';
import {
  bytes32FromNumber,
  bytesFromHex,
  bytesFromNumber,
  type Hex,
  hexFromBytes,
  keyFromBytes,
  numberFromBytes,
} from '../../src/base/hex.ts';
import { headerFields, headerHash } from '../../src/block/block-encoding.ts';
import { readHeader } from '../../src/block/block-input.ts';
import { type Alloc, type MemorySlot, type MemoryState, memoryState } from '../../src/state/memory.ts';
import type { WireRequest } from '../../src/state/remote/wire.ts';
import { stateRootOf } from '../../src/state/state-root.ts';

export interface FakeBlock {
  readonly number: bigint;
  readonly hash: Hex;
  readonly header: Readonly<Record<string, unknown>>;
  readonly state: MemoryState;
}

export interface FakeFault {
  readonly code: number;
  readonly message: string;
}

export type FakeReply = { readonly result: unknown } | { readonly error: FakeFault };

/** What a kind of node does differently. */
export interface FakeNodeOptions {
  /** Default 1337, a chain that nobody knows. */
  readonly chainId?: number;
  /** Whether blocks may be named by hash (EIP-1898); default true. */
  readonly byHash?: boolean;
  /** Methods that are not offered. */
  readonly without?: readonly string[];
  /** What any call reads, for the methods that say so: accounts, with slots. */
  readonly reads?: ReadonlyMap<Hex, readonly Hex[]>;
  /** State of older blocks is gone. */
  readonly keepsFrom?: bigint;
}

const HASH_OF = (text: string): Hex => hexFromBytes(keccak_256(new TextEncoder().encode(text)));

export class FakeNode {
  readonly options: FakeNodeOptions;
  readonly asked = new Map<string, number>();
  #blocks: FakeBlock[] = [];
  readonly #known = new Map<Hex, FakeBlock>();

  constructor(options: FakeNodeOptions = {}) {
    this.options = options;
  }

  get head(): FakeBlock {
    return this.#blocks.at(-1)!;
  }

  get length(): number {
    return this.#blocks.length;
  }

  block(number: number): FakeBlock {
    return this.#blocks[number]!;
  }

  byHash(hash: Hex): FakeBlock {
    return this.#known.get(hash)!;
  }

  /** Adds a block; `salt` makes another one of the same number; `more` is of its header, the first one's number too. */
  add(alloc: Alloc, salt = '', more: Readonly<Record<string, unknown>> = {}): FakeBlock {
    return this.addState(memoryState(alloc), salt, more);
  }

  addState(state: MemoryState, salt = '', more: Readonly<Record<string, unknown>> = {}): FakeBlock {
    const number = Number(more.number ?? this.#blocks.length);
    const hash = (more.hash as Hex | undefined) ?? HASH_OF(`block ${number} ${salt}`);
    const header = {
      ...{ number: `0x${number.toString(16)}`, hash, parentHash: this.#blocks.at(-1)?.hash ?? `0x${'00'.repeat(32)}` },
      ...{
        miner: `0x${'c0'.repeat(20)}`,
        gasLimit: '0x1c9c380',
        gasUsed: '0x0',
        timestamp: `0x${(1000 + number).toString(16)}`,
      },
      ...{ stateRoot: HASH_OF(`root ${hash}`), difficulty: '0x0', mixHash: `0x${'11'.repeat(32)}`, extraData: '0x' },
      ...{ baseFeePerGas: '0x7', transactions: [], uncles: [], ...more },
    };
    const block = { number: BigInt(number), hash, header, state };
    this.#blocks.push(block);
    this.#known.set(hash, block);
    return block;
  }

  /** Takes blocks away, so that others can be added in their place. */
  rewind(to: number): void {
    this.#blocks = this.#blocks.slice(0, to);
  }

  /** Gives all blocks real state roots and hashes, so that they can be proven. */
  async seal(): Promise<this> {
    const blocks = this.#blocks;
    this.#blocks = [];
    for (const { header, state } of blocks) {
      const parentHash = this.#blocks.at(-1)?.hash ?? `0x${'00'.repeat(32)}`;
      const stateRoot = await stateRootOf(state, new Map(), { emptyIsAbsent: false });
      const sealed = { ...header, ...REST_OF_HEADER, parentHash, stateRoot };
      const hash = headerHash(headerFields(readHeader(sealed, 'header'))!);
      const block = { number: BigInt(this.#blocks.length), hash, header: { ...sealed, hash }, state };
      this.#blocks.push(block);
      this.#known.set(hash, block);
    }
    return this;
  }

  answer({ method, params }: WireRequest): FakeReply | Promise<FakeReply> {
    this.asked.set(method, (this.asked.get(method) ?? 0) + 1);
    if (this.options.without?.includes(method) === true) return notOffered(method);
    switch (method) {
      case 'eth_chainId':
        return { result: `0x${(this.options.chainId ?? 1337).toString(16)}` };
      case 'eth_getBlockByNumber':
        return { result: this.#named(params[0])?.header ?? null };
      case 'eth_getBlockByHash':
        return { result: this.#known.get(params[0] as Hex)?.header ?? null };
      case 'eth_getBalance':
        return this.#at(params[1], (state) => quantity(accountOf(state, params[0])?.balance ?? 0n));
      case 'eth_getTransactionCount':
        return this.#at(params[1], (state) => quantity(accountOf(state, params[0])?.nonce ?? 0n));
      case 'eth_getCode':
        return this.#at(params[1], (state) => hexFromBytes(accountOf(state, params[0])?.code ?? new Uint8Array(0)));
      case 'eth_getStorageAt':
        return this.#at(params[2], (state) => slotOf(state, params[0], params[1]));
      case 'eth_getProof':
        return this.#at(params[2], (state) => proofOf(state, params[0] as Hex, params[1] as Hex[]));
      default:
        return this.options.reads === undefined ? notOffered(method) : this.#oracle(method, params, this.options.reads);
    }
  }

  #oracle(
    method: string,
    params: readonly unknown[],
    reads: ReadonlyMap<Hex, readonly Hex[]>,
  ): FakeReply | Promise<FakeReply> {
    const prestate = (state?: MemoryState) =>
      Object.fromEntries(
        [...reads].map(([address, slots]) => {
          const code = state === undefined ? undefined : accountOf(state, address)?.code;
          const storage = Object.fromEntries(slots.map((slot) => [slot, '0x']));
          return [address, { ...(code !== undefined && code.length > 0 && { code: hexFromBytes(code) }), storage }];
        }),
      );
    if (method === 'debug_traceCall') return this.#at(params[1], prestate);
    if (method === 'debug_traceBlockByHash') return { result: [{ txHash: '0x', result: prestate() }] };
    if (method !== 'eth_createAccessList') return notOffered(method);
    return this.#at(params[1], () => ({
      accessList: [...reads].map(([address, storageKeys]) => ({ address, storageKeys })),
      gasUsed: '0x5208',
    }));
  }

  #named(id: unknown): FakeBlock | undefined {
    if (id === 'latest' || id === 'safe' || id === 'finalized') return this.head;
    if (id === 'earliest') return this.#blocks[0];
    return this.#blocks[Number(id) - Number(this.#blocks[0]?.number ?? 0)];
  }

  #at(id: unknown, read: (state: MemoryState) => unknown): FakeReply | Promise<FakeReply> {
    let block: FakeBlock | undefined;
    if (typeof id === 'object' && id !== null) {
      if (this.options.byHash === false)
        return { error: { code: -32602, message: 'invalid type: map, expected a string' } };
      const { blockHash } = id as { blockHash: Hex };
      block = this.#known.get(blockHash);
      if (block === undefined) return { error: { code: -32000, message: 'header for hash not found' } };
      if (this.#named(block.number) !== block) {
        return { error: { code: -32000, message: 'hash is not currently canonical' } };
      }
    } else {
      block = this.#named(id);
      if (block === undefined) return { error: { code: -32000, message: 'header not found' } };
    }
    if (block.number < (this.options.keepsFrom ?? 0n)) {
      return { error: { code: -32000, message: `missing trie node ${block.hash} (path ) state is not available` } };
    }
    const result = read(block.state);
    return result instanceof Promise ? result.then((value: unknown) => ({ result: value })) : { result };
  }
}

const EMPTY_ROOT: Hex = '0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421';
const REST_OF_HEADER = {
  sha3Uncles: '0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347',
  transactionsRoot: EMPTY_ROOT,
  receiptsRoot: EMPTY_ROOT,
  logsBloom: `0x${'00'.repeat(256)}`,
  nonce: '0x0000000000000000',
};

type Slots = ReadonlyMap<string, MemorySlot>;

const storageTries = new WeakMap<Slots, Promise<MerklePatriciaTrie>>();
const accountTries = new WeakMap<MemoryState, Promise<MerklePatriciaTrie>>();
const NO_SLOTS: Slots = new Map();

async function storageTrie(slots: Slots): Promise<MerklePatriciaTrie> {
  const trie = new MerklePatriciaTrie({ useKeyHashing: true });
  for (const { slot, value } of slots.values()) {
    const number = bytesFromNumber(numberFromBytes(value));
    if (number.length > 0) await trie.put(slot, RLP.encode(number));
  }
  return trie;
}

async function accountTrie(state: MemoryState): Promise<MerklePatriciaTrie> {
  const trie = new MerklePatriciaTrie({ useKeyHashing: true });
  for (const { address, nonce, balance, codeHash, storage } of state.accounts.values()) {
    const root = (await kept(storageTries, storage, storageTrie)).root();
    await trie.put(address, RLP.encode([bytesFromNumber(nonce), bytesFromNumber(balance), root, codeHash]));
  }
  return trie;
}

function kept<K extends object, V>(known: WeakMap<K, Promise<V>>, key: K, make: (key: K) => Promise<V>): Promise<V> {
  const value = known.get(key) ?? make(key);
  known.set(key, value);
  return value;
}

/** As EIP-1186 has it. */
async function proofOf(state: MemoryState, address: Hex, slots: readonly Hex[]): Promise<unknown> {
  const accounts = await kept(accountTries, state, accountTrie);
  const account = accountOf(state, address);
  const storage = await kept(storageTries, account?.storage ?? NO_SLOTS, storageTrie);
  const nodes = async (of: MerklePatriciaTrie, key: Hex) =>
    (await createMerkleProof(of, bytesFromHex(key))).map((node) => hexFromBytes(node));
  return {
    address,
    balance: quantity(account?.balance ?? 0n),
    nonce: quantity(account?.nonce ?? 0n),
    codeHash: hexFromBytes(account?.codeHash ?? new Uint8Array(32)),
    storageHash: account === undefined ? `0x${'00'.repeat(32)}` : hexFromBytes(storage.root()),
    accountProof: await nodes(accounts, address),
    storageProof: await Promise.all(
      slots.map(async (key) => ({
        key,
        value: quantity(BigInt(slotOf(state, address, key))),
        proof: await nodes(storage, key),
      })),
    ),
  };
}

function notOffered(method: string): FakeReply {
  return { error: { code: -32601, message: `the method ${method} does not exist/is not available` } };
}

function accountOf(state: MemoryState, address: unknown) {
  return state.accounts.get(keyFromBytes(bytesFromHex(String(address))));
}

function slotOf(state: MemoryState, address: unknown, slot: unknown): Hex {
  const value = accountOf(state, address)?.storage.get(keyFromBytes(bytesFromHex(String(slot))))?.value;
  return hexFromBytes(value ?? bytes32FromNumber(0n));
}

function quantity(value: bigint): Hex {
  return `0x${value.toString(16)}`;
}
