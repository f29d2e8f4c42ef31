// What a world has been through since somebody began to ask: its blocks, and the state after each of them.

import { StateSourceError } from '../base/errors.ts';
import { type Hex, hexFromBytes, quantityFromNumber, ZERO_HASH } from '../base/hex.ts';
import type { BlockInput } from '../block/block-input.ts';
import type { Receipt } from '../block/receipts.ts';
import type { StateDiff } from '../block/state-diff.ts';
import type { BlobRules, Chain } from '../chain/chain.ts';
import type { Hardfork } from '../chain/hardfork.ts';
import { rulesOf } from '../chain/rules.ts';
import type { BlockAccesses, TransactionStart } from '../state/block-accesses.ts';
import type { AccountValue, DescribedStateSource } from '../state/state-source.ts';
import type { ProvenAccount, TrieArchive } from '../state/trie-archive.ts';
import type { RecordedBlock, RecordedNodes } from '../state/witness/witness-recorder.ts';
import type { BlockResult } from '../types.ts';
import { type ChainBlock, ChainStore, hashOfBlock, type TransactionPlace } from './chain-store.ts';
import { type FirstState, StateHistory } from './state-history.ts';

/** A block that a world has executed. */
export interface ExecutedBlock {
  readonly block: BlockInput;
  readonly hardfork: Hardfork;
  readonly result: Pick<BlockResult, 'receipts' | 'stateDiff'>;
  /** What its transactions have read and written, where that is known. */
  readonly accesses?: BlockAccesses | undefined;
}

/** A block and what it was executed on. */
export interface RecordedRequest {
  readonly block: BlockInput;
  readonly hardfork: Hardfork;
  readonly chain: Chain;
  readonly state: DescribedStateSource;
  readonly blockHashes: ReadonlyMap<bigint, Hex>;
}

/** One of its transactions. */
export interface RecordedTransaction extends RecordedRequest {
  readonly index: number;
  /** Where it begins; `undefined`: those before it have to run first. */
  readonly start: TransactionStart | undefined;
}

/** Of so many blocks, the newest, receipts are decoded only if somebody asks for them. */
const WHOLE_RESULTS = 64n;
/** Bytes of what is kept of transactions of the blocks, the newest of them. */
const MOST_ACCESSES = 64 << 20;

/** A moment to come back to. */
export interface ChainPosition {
  readonly blocks: number;
  readonly steps: number;
}

export class RecordedChain {
  readonly chain: Chain;
  readonly store: ChainStore;
  readonly #states: StateHistory;
  readonly #listeners = new Set<(at: ChainBlock, removed: boolean) => void>();
  /** Whether nobody hears of what happens: it will be taken back. */
  isQuiet = false;
  /** By block: how many steps lead to the state that it left. */
  readonly #executed: number[] = [0];
  /** Of the newest blocks, oldest first. */
  readonly #accesses = new Map<ChainBlock, BlockAccesses>();
  #accessBytes = 0;

  /** `state`: after the block `first`. */
  constructor(chain: Chain, first: { block: BlockInput; hardfork: Hardfork }, state: FirstState) {
    this.chain = chain;
    this.store = new ChainStore(recorded(chain, first.block, first.hardfork, { receipts: [] }));
    this.#states = new StateHistory(state);
  }

  get head(): ChainBlock {
    return this.store.head;
  }

  /** Hears of blocks that become part of the chain, and of those that no longer are; until the answer is called. */
  watch(listener: (at: ChainBlock, removed: boolean) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** The chain's own rules for blobs, where it has some. */
  blobsOf(hardfork: Hardfork): BlobRules {
    return blobsOf(this.chain, hardfork);
  }

  append({ block, hardfork, result, accesses }: ExecutedBlock): ChainBlock {
    const added = recorded(this.chain, block, hardfork, result);
    // A block on another one than the head: what was recorded belongs to no chain that goes on.
    this.#states.append({ diff: result.stateDiff, emptyIsAbsent: rulesOf(hardfork).clearsEmpty });
    this.store.append(added);
    // Decoded they take less than half of what the result takes.
    void this.store.byNumber(added.number - WHOLE_RESULTS)?.receipts;
    this.#executed.push(this.#states.length);
    if (accesses !== undefined) this.#keep(added, accesses);
    this.#tell(added, false);
    return added;
  }

  #keep(at: ChainBlock, accesses: BlockAccesses): void {
    this.#accesses.set(at, accesses);
    this.#accessBytes += accesses.bytes;
    for (const oldest of this.#accesses.keys()) {
      if (this.#accessBytes <= MOST_ACCESSES) break;
      this.#forget(oldest);
    }
  }

  #forget(at: ChainBlock): void {
    this.#accessBytes -= this.#accesses.get(at)?.bytes ?? 0;
    this.#accesses.delete(at);
  }

  /** The state after the head was changed from outside. */
  changed(diff: StateDiff): void {
    this.#states.append({ diff, emptyIsAbsent: true });
  }

  get position(): ChainPosition {
    return { blocks: this.store.length, steps: this.#states.length };
  }

  /** Takes back what came later; says which blocks that were. */
  returnTo({ blocks, steps }: ChainPosition): readonly ChainBlock[] {
    this.#executed.length = blocks;
    this.#states.truncate(steps);
    const removed = this.store.truncate(blocks);
    for (const at of removed.toReversed()) {
      this.#forget(at);
      this.#tell(at, true);
    }
    return removed;
  }

  #tell(at: ChainBlock, removed: boolean): void {
    if (!this.isQuiet) for (const listener of this.#listeners) listener(at, removed);
  }

  /** The state that a block was executed on; of the first one, the state after it. */
  stateBefore({ number }: ChainBlock): DescribedStateSource {
    return this.#states.stateAt(Math.max(0, this.#executed[this.#indexOf(number)]! - 1));
  }

  /** A block of the chain, or another one that follows `parent`, with all that it takes to execute it once more. */
  requestFor({ block, hardfork }: Pick<ChainBlock, 'block' | 'hardfork'>, parent?: ChainBlock): RecordedRequest {
    const at = this.store.byNumber(BigInt(block.number));
    const state = parent === undefined ? this.stateBefore(at!) : this.stateAfter(parent);
    const blockHashes = this.store.hashesBefore(BigInt(block.number));
    return { block, hardfork, chain: this.chain, state, blockHashes };
  }

  /** The same, of one transaction of the chain. */
  transactionRequest({ at, index }: TransactionPlace): RecordedTransaction {
    const request = this.requestFor(at);
    return { ...request, index, start: this.#accesses.get(at)?.startOf(index, request.state) };
  }

  /** The state after a block, with what was changed from outside before the next one. */
  stateAfter({ number }: ChainBlock): DescribedStateSource {
    return this.#states.stateAt(this.#stepsAfter(number));
  }

  /** The same for whoever asks for some of its values: where nothing is lost by it, without a list of all accounts. */
  valuesAfter(at: ChainBlock): DescribedStateSource {
    return this.#states.isDescribed ? this.#states.valuesAt(this.#stepsAfter(at.number)) : this.stateAfter(at);
  }

  /** Whether the roots of its states are known. */
  get hasRoots(): boolean {
    return this.#states.hasRoots;
  }

  /** An account after a block. */
  async accountAfter(at: ChainBlock, address: Hex): Promise<AccountValue> {
    const [value] = await this.valuesAfter(at).load([{ kind: 'account', address }]);
    if (value?.kind !== 'account') throw new StateSourceError(`the state source gave no account ${address}`);
    return value;
  }

  async nonceAfter(at: ChainBlock, address: Hex): Promise<bigint> {
    return (await this.accountAfter(at, address)).nonce;
  }

  /** The 32 bytes of slots after a block. */
  async slotsAfter(at: ChainBlock, address: Hex, slots: readonly Hex[]): Promise<Hex[]> {
    const keys = slots.map((slot) => ({ kind: 'storage', address, slot }) as const);
    return (await this.valuesAfter(at).load(keys)).map((value, i) => {
      if (value.kind === 'storage') return value.value;
      throw new StateSourceError(`the state source gave no slot ${slots[i]} of ${address}`);
    });
  }

  async codeAfter(at: ChainBlock, address: Hex): Promise<Hex> {
    const [value] = await this.valuesAfter(at).load([{ kind: 'code', address }]);
    if (value?.kind !== 'code') throw new StateSourceError(`the state source gave no code of ${address}`);
    return value.code;
  }

  /** Root of what {@link stateAfter} gives. */
  rootAfter({ number }: ChainBlock): Promise<Hex> {
    return this.#states.rootAt(this.#stepsAfter(number));
  }

  /** See {@link TrieArchive}: of the state after a block. */
  async proofAfter(at: ChainBlock, address: Uint8Array, slots: readonly Uint8Array[]) {
    const archive = await this.#states.archive();
    return archive.proof(await this.rootAfter(at), address, slots);
  }

  /** Looks accounts up in the trie of the state after a block; `undefined`: it has no such account. */
  async accountsOfTrie(at: ChainBlock): Promise<(address: Uint8Array) => ProvenAccount | undefined> {
    const archive = await this.#states.archive();
    const root = await this.rootAfter(at);
    return (address) => archive.account(root, address);
  }

  /** The root of the state that a block was executed on, and what knows its trie. */
  async trieBefore({ number }: ChainBlock): Promise<{ readonly archive: TrieArchive; readonly root: Hex }> {
    const steps = Math.max(0, this.#executed[this.#indexOf(number)]! - 1);
    return { archive: await this.#states.archive(), root: await this.#states.rootAt(steps) };
  }

  /** Accounts that anything has been done to between the states after two blocks, whether or not it was undone. */
  changedBetween(older: ChainBlock, newer: ChainBlock): Set<Hex> {
    return this.#states.changedBetween(this.#stepsAfter(older.number), this.#stepsAfter(newer.number));
  }

  /** What proves all that a block has taken of the state that it was executed on. */
  async witnessBefore(at: ChainBlock, block: RecordedBlock): Promise<RecordedNodes> {
    const { archive, root } = await this.trieBefore(at);
    return archive.witness(root, block);
  }

  #indexOf(number: bigint): number {
    return Number(number - this.store.first.number);
  }

  #stepsAfter(number: bigint): number {
    const next = this.#executed[this.#indexOf(number) + 1];
    return next === undefined ? this.#states.length : next - 1;
  }
}

/** Receipts are decoded when somebody asks for them: until then all of the result stays, and behind that nothing of it. */
function recorded(
  chain: Chain,
  block: BlockInput,
  hardfork: Hardfork,
  result: { receipts: readonly Receipt[] },
): ChainBlock {
  let left: typeof result | undefined = result;
  let known: readonly Receipt[] = [];
  const take = () => {
    known = left?.receipts ?? known;
    left = undefined;
    return known;
  };
  if (block.transactions.length === 0) take();
  return {
    number: BigInt(block.number),
    hash: hashOfBlock(block),
    hardfork,
    blobs: blobsOf(chain, hardfork),
    block,
    get receipts() {
      return take();
    },
  };
}

/** The chain's own rules for blobs, where it has some. */
function blobsOf({ forks = [] }: Chain, hardfork: Hardfork): BlobRules {
  return forks.findLast((fork) => fork.hardfork === hardfork)?.blobs ?? rulesOf(hardfork);
}

/** The block that a world begins with of which no more is known, or nothing. */
export function unknownBlock(number: bigint, hash: Hex | undefined): BlockInput {
  return {
    ...(hash !== undefined && { hash }),
    parentHash: ZERO_HASH,
    miner: hexFromBytes(new Uint8Array(20)),
    number: quantityFromNumber(number),
    gasLimit: quantityFromNumber(30_000_000),
    gasUsed: '0x0',
    timestamp: '0x0',
    difficulty: '0x0',
    mixHash: ZERO_HASH,
    baseFeePerGas: quantityFromNumber(10n ** 9n),
    blobGasUsed: '0x0',
    excessBlobGas: '0x0',
    transactions: [],
    withdrawals: [],
  };
}
