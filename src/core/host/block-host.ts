// The host's side of one block in the core: lays the memory out, begins, loads, watches, resumes and halts.

import {
  CONTROL_BASE,
  Control,
  EvmBlock,
  Halt,
  Incarnation,
  LAYOUT_VERSION,
  Location,
  MAX_TRANSACTIONS,
  ReadEntry,
  Scratch,
  TxFlag,
  TxSlot,
  TxState,
  WriteEntry,
} from '../../../assembly/layout.ts';
import type { SourceKey } from '../../state/state-source.ts';
import type { MemoryReport } from '../../types.ts';
import {
  type EvmBlockInput,
  type EvmFees,
  type EvmTransactions,
  evmBlockSize,
  writeEvmBlock,
  writeEvmFees,
} from '../evm/evm-encode.ts';
import type { CoreInstance } from '../instance/abi.ts';
import { missingKeys } from './missing-keys.ts';
import { HEAD, OutputForm, type RawResult, REPEATED, type ResultBatch, Results } from './outcome.ts';
import { DEFAULT_POLICY, type RunPolicy, writePolicy } from './run-policy.ts';
import { type AnnouncedWrites, ImageLoader, type StateImage } from './state-image.ts';

/** How a block is to be run. */
export interface BlockSetup {
  readonly count: number;
  /** Number of the block's first transaction in the whole list. */
  readonly first: number;
  readonly window: number;
  /** Whether what the host does not load is zero; otherwise it is unknown. */
  readonly complete: boolean;
  readonly haltOnInvalid: boolean;
  readonly profile: boolean;
  /** Whether code that is in the memory from earlier blocks is forgotten, so that all of it is asked for. */
  readonly forgetsCode?: boolean | undefined;
  /** The default one unless given. */
  readonly policy?: RunPolicy | undefined;
  /** Of the transactions, which {@link BlockHost.setPartitions} then tells. */
  readonly partitions?: number | undefined;
}

/** Groups of transactions that do not see each other. Structured-cloneable. */
export interface Lanes {
  /** Of each transaction the first one of its lane. */
  readonly firsts: Uint32Array;
  /** What blocks say of fees. */
  readonly fees: readonly EvmFees[];
  /** Of each transaction which of these it sees. */
  readonly feesOf: Uint8Array;
}

export type HaltReason = 'none' | 'cancelled' | 'exhausted' | 'missing' | 'invalid';

const HALT_REASONS: Readonly<Record<number, HaltReason>> = {
  [Halt.NONE]: 'none',
  [Halt.CANCELLED]: 'cancelled',
  [Halt.EXHAUSTED]: 'exhausted',
  [Halt.MISSING_STATE]: 'missing',
  [Halt.INVALID]: 'invalid',
};

/** Tries at a transaction before it runs at the commit head only. */
const INCARNATION_CAP = 16;
/** Longest sleep of an idle worker: a lost wake-up costs no more than this. */
const IDLE_MS = 5;
const DEQUE_CAPACITY = 1024;
/** Bytes from which on a memory is not laid out as tightly as can be, and how many transactions it then has room for. */
const ROOMY = 1 << 24;
const ROOMY_TRANSACTIONS = 4096;
/** What blocks of the main chain use: of locations, and of the arena with two workers (docs/benchmarks.md). */
const TOUCHED_LOCATIONS = 1 << 14;
const TOUCHED_ARENA = 4 << 20;
const SYSTEM_PAGE = 4096;
const WORD = 4;
/** Bytes that a location takes with its part of the table, at most. */
const LOCATION_COST = Location.SIZE + 16;
const MAX_LOCATIONS = (1 << 24) - 1;
/** What of a memory the locations of a state that stays may take. */
const STATE_PART = 1 / 2;
/** Of a small one, in which what workers need for themselves weighs more. */
const SMALL_STATE_PART = 1 / 3;
/** Bytes copied at once: a millisecond or two. */
const COPY_STEP = 4 << 20;
/** A block of nothing: between two blocks, so that the arena is free. */
const NO_TRANSACTIONS: BlockSetup = {
  ...{ count: 0, first: 0, window: 1, complete: true, haltOnInvalid: false, profile: false },
};
const SEED_WORDS = Control.SEED_COUNT * 2;

export class BlockHost {
  readonly instance: CoreInstance;
  readonly #highestWorker: number;
  #slots = 0;
  /** Transactions that the memory is laid out for; 0: not yet. */
  #capacity = 0;
  #loader: ImageLoader | undefined;

  /** The instance is worker 0 of its memory, alone. Seeds the hash. */
  constructor(instance: CoreInstance, highestWorker: number) {
    this.instance = instance;
    this.#highestWorker = highestWorker;
    // getRandomValues refuses views on shared memory.
    const seeds = crypto.getRandomValues(new Uint32Array(SEED_WORDS));
    // Odd multipliers; the words are little-endian halves.
    for (let word = 0; word < SEED_WORDS; word += 2) seeds[word] = seeds[word]! | 1;
    instance.words.set(seeds, (CONTROL_BASE + Control.SEEDS) >>> 2);
  }

  /** Begins a block; false when the memory is too small for it. No worker may be inside the core. */
  begin(setup: BlockSetup): boolean {
    const end = this.instance.bytes.length;
    // Laying the memory out anew would lose the code that is kept from block to block.
    const isLaidOut = this.#capacity !== 0 && setup.count <= this.#capacity && end >= ROOMY && !setup.forgetsCode;
    if (!isLaidOut && !this.#layOut(setup.count)) return false;
    if (!this.instance.core.beginBlock(setup.count)) return false;
    this.#setUp(setup);
    return true;
  }

  #layOut(count: number): boolean {
    const { core, bytes } = this.instance;
    const end = bytes.length;
    const capacity = end < ROOMY ? count : Math.max(ROOMY_TRANSACTIONS, count);
    const locations = locationCapacity(end, capacity);
    const arena = core.initialize(end, capacity, locations, this.#highestWorker, DEQUE_CAPACITY, chunkOf(end));
    this.#capacity = 0;
    if (arena >= end || arena < CONTROL_BASE) return false;
    this.#capacity = capacity;
    return true;
  }

  /**
   * Lays the memory out for a state that stays, of `locations` locations at least where they fit, and blocks of so many
   * transactions; it knows nothing yet. False when the memory is too small. No worker may be inside the core.
   */
  openState(transactions: number, locations: number): boolean {
    const { core, bytes } = this.instance;
    const end = bytes.length;
    const capacity = Math.max(transactions, Math.min(ROOMY_TRANSACTIONS, end >>> 12));
    const part = end < ROOMY ? SMALL_STATE_PART : STATE_PART;
    const most = Math.min(Math.floor((end * part) / LOCATION_COST), MAX_LOCATIONS);
    const arena = core.initialize(
      ...([end, capacity, Math.min(most, Math.max(1 << 18, locations * 2))] as const),
      ...([this.#highestWorker, DEQUE_CAPACITY, chunkOf(end)] as const),
    );
    this.#capacity = 0;
    if (arena >= end || arena < CONTROL_BASE || !core.beginBlock(0)) return false;
    this.#capacity = capacity;
    return this.beginRun(NO_TRANSACTIONS);
  }

  /**
   * Takes over the state that stays in another memory of the same size, in which nobody is at work. `rest` is awaited now
   * and then. False when the memories differ.
   */
  async copyState(
    { bytes, words }: Pick<CoreInstance, 'bytes' | 'words'>,
    rest: () => Promise<void> | undefined,
  ): Promise<boolean> {
    const control = (field: number) => words[(CONTROL_BASE + field) >>> 2]!;
    if (bytes.length !== this.instance.bytes.length || control(Control.WORKERS) !== this.#highestWorker) return false;
    const block = this.instance.words[(CONTROL_BASE + Control.BLOCK) >>> 2]!;
    // What lies between is empty yet, and left alone: pages that nobody has touched take no memory.
    const used = Math.min(control(Control.LOCATION_COUNT), control(Control.LOCATION_CAPACITY));
    const ranges = [
      [CONTROL_BASE, control(Control.SLOTS)],
      [control(Control.LOCATIONS), control(Control.LOCATIONS) + used * Location.SIZE],
      [control(Control.TABLE), control(Control.ARENA_START)],
    ];
    if (control(Control.CODE_TABLE) !== 0) {
      ranges.push([control(Control.CODE_TABLE), Math.min(control(Control.CODE_NEXT), control(Control.CODE_END))]);
    }
    for (const [start, end] of ranges as [number, number][]) {
      for (let at = start; at < end; at += COPY_STEP) {
        this.instance.bytes.set(bytes.subarray(at, Math.min(at + COPY_STEP, end)), at);
        await rest();
      }
    }
    // A worker that was here before knows blocks by their numbers: none may come twice.
    this.#set(Control.BLOCK, Math.max(block, control(Control.BLOCK)));
    this.#capacity = control(Control.TRANSACTION_CAPACITY);
    return this.idle();
  }

  /** Begins a block on the state that stays; false when the memory is too small for it. Otherwise as {@link begin}. */
  beginRun(setup: BlockSetup): boolean {
    if (setup.count > this.#capacity || !this.instance.core.beginRun(setup.count)) return false;
    this.#setUp(setup);
    return this.#loader!.reserve();
  }

  /** Between two blocks on a state that stays: takes nothing back, and all memory but the state's is free. */
  idle(): boolean {
    return this.beginRun(NO_TRANSACTIONS);
  }

  /** Bytes left for code that is kept from block to block. */
  codeRoom(): number {
    const { words } = this.instance;
    if (words[(CONTROL_BASE + Control.CODE_TABLE) >>> 2] === 0) return 0;
    return words[(CONTROL_BASE + Control.CODE_END) >>> 2]! - this.#shared(Control.CODE_NEXT);
  }

  #setUp(setup: BlockSetup): void {
    const { words, bytes } = this.instance;
    this.#slots = words[(CONTROL_BASE + Control.SLOTS) >>> 2]!;
    this.#loader = new ImageLoader(this.instance, bytes.length >= ROOMY);
    this.#set(Control.VERSION, LAYOUT_VERSION);
    this.#set(Control.WINDOW, setup.window);
    this.#set(Control.STATE_COMPLETE, setup.complete ? 1 : 0);
    this.#set(Control.INCARNATION_CAP, INCARNATION_CAP);
    this.#set(Control.HALT_ON_INVALID, setup.haltOnInvalid ? 1 : 0);
    this.#set(Control.PROFILE, setup.profile ? 1 : 0);
    this.#set(Control.IDLE_MS, IDLE_MS);
    this.#set(Control.FIRST_TRANSACTION, setup.first);
    writePolicy(words, setup.policy ?? DEFAULT_POLICY, setup.partitions ?? 0);
  }

  /** Transactions that a block on the state that stays may have. */
  get transactionCapacity(): number {
    return this.#capacity;
  }

  /**
   * Has the system hand over the memory that a block usually takes, which it otherwise does page by page in the middle of
   * the first one. Before the first block. Of tables that are large enough for any block, only what most use.
   */
  touch(): void {
    const { bytes } = this.instance;
    if (bytes.length < ROOMY || !this.#layOut(ROOMY_TRANSACTIONS)) return;
    const [locations, arena] = [this.#control(Control.LOCATIONS), this.#control(Control.ARENA_START)];
    for (const [start, end] of [
      [CONTROL_BASE, locations + TOUCHED_LOCATIONS * Location.SIZE],
      [this.#control(Control.TABLE), arena + TOUCHED_ARENA],
    ] as const) {
      for (let at = start; at < end; at += SYSTEM_PAGE) bytes[at] = bytes[at]!;
    }
  }

  /** Lays the memory out anew for the next block: nothing of what is kept from block to block is left. */
  forget(): void {
    this.#capacity = 0;
  }

  /** Loads state; false when memory is exhausted. */
  load(image: StateImage): boolean {
    return this.#loader?.load(image) ?? false;
  }

  /** Describes a transaction for an executor outside the core. */
  setTask(index: number): void {
    this.instance.core.setTransaction(index, 0, 0, 0);
  }

  /** Describes a transaction for the executor inside the core; false when memory is exhausted. */
  setProgram(index: number, program: Uint8Array): boolean {
    const { core, bytes } = this.instance;
    const start = program.length === 0 ? 0 : core.allocate(program.length);
    if (start === 0 && program.length !== 0) return false;
    bytes.set(program, start);
    core.setTransaction(index, TxFlag.NATIVE, start, program.length);
    return true;
  }

  /** Sets what the transactions of {@link setEvmTransactions} share; false when memory is exhausted. */
  setEvmBlock(block: EvmBlockInput): boolean {
    const { core, bytes } = this.instance;
    const start = core.allocate(evmBlockSize(block));
    if (start === 0) return false;
    writeEvmBlock(bytes, start, block);
    this.#set(Control.EVM_BLOCK, start);
    return true;
  }

  /**
   * Describes the transactions from `first` on, which the block counts from 0, for the EVM inside the core; false when memory
   * is exhausted.
   */
  setEvmTransactions({ records, offsets, costs }: EvmTransactions, first: number): boolean {
    const { core, bytes } = this.instance;
    const from = offsets[first]!;
    const start = core.allocate(records.length - from);
    if (start === 0) return false;
    bytes.set(records.subarray(from), start);
    for (let at = first; at < costs.length; at++) {
      const record = offsets[at]!;
      const size = offsets[at + 1]! - record;
      core.setTransaction(at - first, TxFlag.NATIVE | TxFlag.EVM, start + record - from, size);
    }
    return true;
  }

  /**
   * Puts the transactions from `first` on, the first of its lane, into lanes; false when memory is exhausted. After
   * {@link setEvmBlock} and {@link setEvmTransactions}.
   */
  setLanes({ firsts, fees, feesOf }: Lanes, first: number): boolean {
    const { core, bytes, words } = this.instance;
    const common = words[(CONTROL_BASE + Control.EVM_BLOCK) >>> 2]!;
    const blocks: number[] = [];
    for (const one of fees) {
      const block = core.allocate(EvmBlock.SIZE);
      if (block === 0) return false;
      bytes.copyWithin(block, common, common + EvmBlock.SIZE);
      writeEvmFees(bytes, block, one);
      blocks.push(block);
    }
    for (let at = first; at < firsts.length; at++) {
      const slot = this.#slot(at - first);
      words[(slot + TxSlot.FLOOR) >>> 2] = firsts[at]! - first;
      words[(slot + TxSlot.BLOCK) >>> 2] = blocks[feesOf[at]!]!;
    }
    return true;
  }

  /** A hint, dropped when memory is exhausted. At any time. */
  addDependency(lower: number, higher: number): void {
    this.instance.core.addDependency(lower, higher);
  }

  /**
   * Announces what transactions will write: hints, dropped from where memory is exhausted on. Before workers start. `first`:
   * the task that is the block's first transaction.
   */
  announce(writes: AnnouncedWrites, first: number): void {
    this.#loader?.announce(writes, first);
  }

  /** Says which transactions are to begin ahead of their turn, in this order. Before workers start. */
  setEarly(transactions: ArrayLike<number>): void {
    const { words } = this.instance;
    for (let at = 0; at < transactions.length; at++) {
      words[(this.#slot(at) + TxSlot.EARLY) >>> 2] = transactions[at]! + 1;
    }
  }

  /** Says of which partition each transaction is, from 1 on. Before workers start, after the transactions are described. */
  setPartitions(partitions: Uint8Array): void {
    const { words } = this.instance;
    for (const [index, partition] of partitions.entries()) {
      const flags = (this.#slot(index) + TxSlot.FLAGS) >>> 2;
      words[flags] = words[flags]! | (partition << TxFlag.PARTITION);
    }
  }

  /** Whether anything was announced of the committed transactions. */
  announces(committed: number): boolean {
    const { words } = this.instance;
    for (let index = 0; index < committed; index++) {
      if (words[(this.#slot(index) + TxSlot.ANNOUNCED) >>> 2] !== 0) return true;
    }
    return false;
  }

  /** Of what was announced of the committed transactions: how much, how much of it is wrong, and the first of that. */
  announced(committed: number): { writes: number; wrong: number; first?: { index: number; location: number } } {
    const { core, words } = this.instance;
    let writes = 0;
    let wrong = 0;
    let first: { index: number; location: number } | undefined;
    for (let index = 0; index < committed; index++) {
      const record = words[(this.#slot(index) + TxSlot.ANNOUNCED) >>> 2]!;
      if (record === 0) continue;
      writes += words[(record + Incarnation.WRITE_COUNT) >>> 2]!;
      const found = core.countWrong(index, core.scratch() + Scratch.VALUE);
      if (found > 0) first ??= { index, location: core.wrongLocation() };
      wrong += found;
    }
    return { writes, wrong, ...(first === undefined ? {} : { first }) };
  }

  /** Transactions committed so far. */
  committed(): number {
    return this.#shared(Control.COMMIT_INDEX);
  }

  /** Whether all of the block's transactions are committed. */
  done(): boolean {
    return this.committed() >= this.instance.words[(CONTROL_BASE + Control.TRANSACTION_COUNT) >>> 2]!;
  }

  /** Why the block stopped before its end. */
  halted(): HaltReason {
    return HALT_REASONS[this.#shared(Control.HALT)] ?? 'none';
  }

  haltTransaction(): number {
    return this.#shared(Control.HALT_TRANSACTION);
  }

  cancel(): void {
    this.instance.core.halt(Halt.CANCELLED, 0);
  }

  /** From now on others may take over what the worker owns. `transaction` ran too long. */
  declareDead(worker: number, transaction?: number): void {
    this.instance.core.declareDead(worker, transaction === undefined ? 0 : transaction + 1);
  }

  /** What worker `id` is executing: a transaction's index, or -1, and a number that no other attempt of the run has. */
  running(id: number): { transaction: number; attempt: number } {
    const count = this.#control(Control.TRANSACTION_COUNT);
    for (let transaction = this.committed(); transaction < count; transaction++) {
      const word = this.statusWord(transaction);
      const state = word & 0xf;
      if ((state !== TxState.EXECUTING && state !== TxState.PUBLISHING) || ((word >>> 4) & 0xff) !== id) continue;
      return { transaction, attempt: attemptsIn(word) * (MAX_TRANSACTIONS + 1) + transaction };
    }
    return { transaction: -1, attempt: 0 };
  }

  /** What workers found missing, each key once, and the locations behind it. The block is halted. */
  missing(): SourceKey[] {
    return missingKeys(this.instance);
  }

  /** Goes on after {@link missing} was loaded. No worker may be inside the core. */
  resume(): void {
    this.instance.core.resumeBlock();
  }

  /** Committed transactions from `from` to before `to`, or the one that halted the block. */
  results(from: number, to: number): ResultBatch {
    const { bytes, words } = this.instance;
    const heads = new Uint32Array((to - from) * HEAD.SIZE);
    for (let index = from, end = 0, at = 0; index < to; index++, at += HEAD.SIZE) {
      const record = this.recordOf(index) >>> 2;
      const flags = words[(this.#slot(index) + TxSlot.FLAGS) >>> 2]!;
      end += words[record + (Incarnation.OUTPUT_LENGTH >>> 2)]!;
      const repeated = words[record + (Incarnation.REPEATED >>> 2)] === 0 ? 0 : REPEATED;
      heads[at + HEAD.KIND] = words[record + (Incarnation.OUTCOME >>> 2)]! | (outputForm(flags) << 8) | repeated;
      heads[at + HEAD.END] = end;
      heads[at + HEAD.GAS_LOW] = words[record + (Incarnation.GAS >>> 2)]!;
      heads[at + HEAD.GAS_HIGH] = words[record + (Incarnation.GAS >>> 2) + 1]!;
    }
    const outputs = new Uint8Array(heads.at(HEAD.END - HEAD.SIZE) ?? 0);
    for (let index = from, to = 0, at: number = HEAD.END; at < heads.length; index++, at += HEAD.SIZE) {
      const start = words[(this.recordOf(index) + Incarnation.OUTPUT) >>> 2]!;
      outputs.set(bytes.subarray(start, start + heads[at]! - to), to);
      to = heads[at]!;
    }
    return { heads, outputs };
  }

  /** A committed transaction, or the one that halted the block. */
  result(index: number): RawResult {
    return new Results([this.results(index, index + 1)]).at(0);
  }

  /** Locations that committed transactions from `from` to before `to` wrote. */
  locationsWritten(from: number, to: number): Set<number> {
    const { words } = this.instance;
    const locations = new Set<number>();
    for (let index = from; index < to; index++) {
      const record = this.recordOf(index);
      const reads = words[(record + Incarnation.READ_COUNT) >>> 2]!;
      const first = record + Incarnation.SIZE + reads * ReadEntry.SIZE;
      const end = first + words[(record + Incarnation.WRITE_COUNT) >>> 2]! * WriteEntry.SIZE;
      for (let at = first; at < end; at += WriteEntry.SIZE) locations.add(words[(at + WriteEntry.LOCATION) >>> 2]!);
    }
    return locations;
  }

  /** Address of a transaction's newest incarnation record. */
  recordOf(index: number): number {
    // The upper half of the status word; final once the transaction is committed.
    return Atomics.load(this.instance.words, (this.#slot(index) + TxSlot.STATUS + 4) >>> 2);
  }

  /** How often somebody has begun to execute a transaction; 4,095 stands for more. */
  attempts(index: number): number {
    return attemptsIn(this.statusWord(index));
  }

  /** The lower half of a transaction's status word (assembly/schedule/status.ts). */
  statusWord(index: number): number {
    return Atomics.load(this.instance.words, (this.#slot(index) + TxSlot.STATUS) >>> 2);
  }

  /** Bytes of the memory in use: what is touched, of tables that have room for more. */
  memoryUse(): MemoryReport {
    const [table, codes] = [this.#control(Control.TABLE_MASK) + 1, this.#control(Control.CODE_TABLE)];
    const locations = Math.min(this.#shared(Control.LOCATION_COUNT), this.#control(Control.LOCATION_CAPACITY));
    return {
      fixed: this.#control(Control.SLOTS),
      transactions: this.#control(Control.TRANSACTION_COUNT) * TxSlot.SIZE,
      locations: locations * Location.SIZE + table * WORD,
      arena: this.#shared(Control.ARENA_NEXT) - this.#control(Control.ARENA_START),
      code: codes === 0 ? 0 : Math.min(this.#shared(Control.CODE_NEXT), this.#control(Control.CODE_END)) - codes,
    };
  }

  /** Bytes of the memory in use, but for code that is kept from block to block. */
  memoryBytes(): number {
    const { fixed, transactions, locations, arena } = this.memoryUse();
    return fixed + transactions + locations + arena;
  }

  /** Address of a transaction's slot. */
  slotOf(index: number): number {
    return this.#slot(index);
  }

  #slot(index: number): number {
    return this.#slots + index * TxSlot.SIZE;
  }

  /** A word that does not change while workers are inside the core. */
  #control(field: number): number {
    return this.instance.words[(CONTROL_BASE + field) >>> 2]!;
  }

  #set(field: number, value: number): void {
    this.instance.words[(CONTROL_BASE + field) >>> 2] = value;
  }

  #shared(field: number): number {
    return Atomics.load(this.instance.words, (CONTROL_BASE + field) >>> 2);
  }
}

/** In the lower half of a status word (assembly/schedule/status.ts). */
function attemptsIn(statusWord: number): number {
  return statusWord >>> 20;
}

/** How a transaction with these flags (TxFlag) puts its output out. */
function outputForm(flags: number): number {
  if ((flags & TxFlag.NATIVE) === 0) return OutputForm.PACKED;
  return (flags & TxFlag.EVM) === 0 ? OutputForm.PLAIN : OutputForm.EVM;
}

/** Bytes that a worker takes of the arena at once. */
function chunkOf(end: number): number {
  return Math.min(65536, Math.max(2048, end >>> 9) & ~7);
}

/** At most a third of the memory. */
function locationCapacity(end: number, transactions: number): number {
  const wanted = Math.max(1 << 18, transactions * 8);
  return Math.max(64, Math.min(wanted, Math.floor(end / 3 / LOCATION_COST), MAX_LOCATIONS));
}
