// The core's EVM on one in-process instance: loads a state, runs a block of transactions, collects results and changes.
import {
  BaseValue as BaseCode,
  BaseEntry,
  CONTROL_BASE,
  Control,
  EvmResult,
  Halt,
  Incarnation,
  Kind,
  Location,
  Metric,
  Missing,
  Next,
  Outcome,
  ReadEntry,
  TxFlag,
  TxSlot,
  Version,
  VersionFlag,
  Worker,
  WriteEntry,
} from '../../assembly/layout.ts';
import { buildCore } from '../../scripts/core.mjs';
import { type EvmTransactionOutput, readEvmResult, readEvmSender } from '../../src/core/evm/evm-decode.ts';
import {
  type EvmBlockInput,
  type EvmTransactions,
  evmBlockSize,
  writeEvmBlock,
} from '../../src/core/evm/evm-encode.ts';
import { createPrecompiles } from '../../src/precompiles/precompiles.ts';
import { type EvmTransactionInput, encodeInputs } from './evm-input.ts';

/** One value of the state before the block. */
export interface BaseValue {
  kind: number;
  address: Uint8Array;
  slot?: Uint8Array;
  value: bigint | Uint8Array;
}

/** Code by any name. */
export type CodeMap = ReadonlyMap<string, { hash: Uint8Array; bytes: Uint8Array }>;

export interface StateChange {
  kind: number;
  address: Uint8Array;
  slot: Uint8Array;
  value: Uint8Array;
  /** The value is added to what was there. */
  credit: boolean;
}

export interface EvmRun {
  results: EvmTransactionOutput[];
  /** What each transaction wrote. */
  changes: StateChange[][];
  /** Why the block stopped early; Halt.NONE when it did not. */
  halt: number;
}

interface Core {
  initialize(
    end: number,
    transactions: number,
    locations: number,
    workers: number,
    deque: number,
    chunk: number,
  ): number;
  beginBlock(count: number): number;
  join(id: number): number;
  allocate(size: number): number;
  resumeBlock(): void;
  workerAt(id: number): number;
  findCode(hash: number): number;
  addCode(hash: number, bytes: number, length: number): number;
  loadBase(batch: number, count: number): number;
  setTransaction(index: number, flags: number, input: number, length: number): void;
  next(maySleep: boolean): number;
}

export interface EvmHostOptions {
  memoryMiB?: number;
  transactions?: number;
  locations?: number;
  workers?: number;
  /** The compiled core; the release build where it is left out. */
  core?: Uint8Array;
  /** The import of the trace build. */
  trace?: (event: number, record: number) => void;
}

export class EvmHost {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly core: Core;
  private readonly bytes: Uint8Array;
  private readonly view: DataView;

  private constructor(core: Core, module: WebAssembly.Module, memory: WebAssembly.Memory) {
    this.core = core;
    this.module = module;
    this.memory = memory;
    this.bytes = new Uint8Array(memory.buffer);
    this.view = new DataView(memory.buffer);
  }

  static async create({
    memoryMiB = 256,
    transactions = 64,
    locations = 16384,
    workers = 1,
    core: compiled,
    trace = () => {},
  }: EvmHostOptions = {}): Promise<EvmHost> {
    const code = compiled ?? (await buildCore(process.env.PEVM_TARGET ?? 'release'));
    const module = await WebAssembly.compile(code as Uint8Array<ArrayBuffer>);
    const pages = memoryMiB * 16;
    const memory = new WebAssembly.Memory({ initial: pages, maximum: 32767, shared: true });
    const env = { memory, now: () => performance.now(), wait: () => 0, precompile: createPrecompiles(memory), trace };
    const core = new WebAssembly.Instance(module, { env }).exports as unknown as Core;
    const view = new DataView(memory.buffer);
    for (let seed = 0; seed < Control.SEED_COUNT; seed++) {
      view.setBigUint64(CONTROL_BASE + Control.SEEDS + seed * 8, (BigInt(seed + 1) * 0x9e3779b97f4a7c15n) | 1n, true);
    }
    core.initialize(memoryMiB * 1048576 - 65536, transactions, locations, workers, 1024, 65536);
    view.setUint32(CONTROL_BASE + Control.STATE_COMPLETE, 1, true);
    view.setUint32(CONTROL_BASE + Control.WINDOW, 1024, true);
    view.setUint32(CONTROL_BASE + Control.INCARNATION_CAP, 16, true);
    return new EvmHost(core, module, memory);
  }

  private place(size: number): number {
    const at = this.core.allocate(size) >>> 0;
    if (at === 0) throw new Error('the memory is too small for the block');
    return at;
  }

  /** Lays a block out; `runBlock` then executes it. */
  loadBlock(
    block: EvmBlockInput,
    transactions: readonly EvmTransactionInput[] | EvmTransactions,
    base: readonly BaseValue[],
    codes: CodeMap,
  ): void {
    const { core, bytes, view } = this;
    const { records, offsets, costs } = 'records' in transactions ? transactions : encodeInputs(transactions);
    if (core.beginBlock(costs.length) === 0) throw new Error('too many transactions');
    const environment = this.place(evmBlockSize(block));
    writeEvmBlock(bytes, environment, block);
    view.setUint32(CONTROL_BASE + Control.EVM_BLOCK, environment, true);
    this.loadState(base, codes);
    const start = this.place(records.length);
    bytes.set(records, start);
    costs.forEach((_, index) => {
      const offset = offsets[index]!;
      core.setTransaction(index, TxFlag.NATIVE | TxFlag.EVM, start + offset, offsets[index + 1]! - offset);
    });
  }

  private loadState(base: readonly BaseValue[], codes: CodeMap): void {
    const { core, bytes, view } = this;
    const batch = this.place(Math.max(1, base.length) * BaseEntry.SIZE);
    base.forEach((entry, index) => {
      const at = batch + index * BaseEntry.SIZE;
      bytes.fill(0, at, at + BaseEntry.SIZE);
      view.setUint32(at + BaseEntry.KIND, entry.kind, true);
      bytes.set(entry.address, at + BaseEntry.ADDRESS);
      if (entry.slot !== undefined) bytes.set(entry.slot, at + BaseEntry.SLOT);
      if (typeof entry.value === 'bigint') {
        for (let limb = 0; limb < 4; limb++) {
          const part = BigInt.asUintN(64, entry.value >> BigInt(limb * 64));
          view.setBigUint64(at + BaseEntry.VALUE + limb * 8, part, true);
        }
      } else bytes.set(entry.value, at + BaseEntry.VALUE);
    });
    if (core.loadBase(batch, base.length) !== base.length) throw new Error('the memory is too small for the state');
    for (const { hash, bytes: code } of codes.values()) {
      const at = this.place(32 + code.length);
      bytes.set(hash, at);
      bytes.set(code, at + 32);
      if (core.addCode(at, at + 32, code.length) === 0) throw new Error('the memory is too small for the code');
    }
  }

  /** Whether a location without base value reads as zero; otherwise it is missing. */
  setComplete(complete: boolean): void {
    this.view.setUint32(CONTROL_BASE + Control.STATE_COMPLETE, complete ? 1 : 0, true);
  }

  /** What the attempts of a halted block found missing, each key once. */
  missing(): { kind: number; address: Uint8Array; slot: Uint8Array }[] {
    const { view, bytes } = this;
    const locations = view.getUint32(CONTROL_BASE + Control.LOCATIONS, true);
    const found = new Set<number>();
    for (
      let note = view.getUint32(CONTROL_BASE + Control.MISSING, true);
      note !== 0;
      note = view.getUint32(note + Missing.NEXT, true)
    ) {
      found.add(locations + view.getUint32(note + Missing.LOCATION, true) * Location.SIZE);
    }
    return [...found].map((location) => ({
      kind: bytes[location + Location.KIND]!,
      address: bytes.slice(location + Location.ADDRESS, location + Location.ADDRESS + 20),
      slot: bytes.slice(location + Location.SLOT, location + Location.SLOT + 32),
    }));
  }

  /** Loads what was missing and goes on: what `next` answers. */
  resume(base: readonly BaseValue[], codes: CodeMap): number {
    this.loadState(base, codes);
    this.core.resumeBlock();
    return this.core.next(false);
  }

  /** Runs what was loaded. */
  runBlock(): number {
    this.core.join(1);
    return this.core.next(false);
  }

  run(
    block: EvmBlockInput,
    transactions: readonly EvmTransactionInput[],
    base: readonly BaseValue[],
    codes: CodeMap,
  ): EvmRun {
    this.loadBlock(block, transactions, base, codes);
    return this.collect(transactions.length, this.runBlock());
  }

  /** What a block of `count` transactions left, after `next` has given `answer`. */
  collect(count: number, answer: number): EvmRun {
    const halt = this.view.getUint32(CONTROL_BASE + Control.HALT, true);
    if (answer !== Next.DONE && halt === Halt.NONE) throw new Error(`the core answered ${answer}`);
    const run: EvmRun = { results: [], changes: [], halt };
    if (answer !== Next.DONE) return run;
    for (let index = 0; index < count; index++) {
      const record = this.recordOf(index);
      run.results.push(readEvmResult(this.bytes, this.view.getUint32(record + Incarnation.OUTPUT, true)));
      const invalid = this.view.getUint32(record + Incarnation.OUTCOME, true) === Outcome.INVALID;
      run.changes.push(invalid ? [] : this.writesOf(record));
    }
    return run;
  }

  /** Code that some transaction deployed, by its hash. */
  codeOf(hash: Uint8Array): Uint8Array {
    const at = this.place(32);
    this.bytes.set(hash, at);
    const record = this.core.findCode(at) >>> 0;
    if (record === 0) throw new Error('nobody deployed this code');
    const start = record + BaseCode.CODE_BYTES;
    return this.bytes.slice(start, start + this.view.getUint32(record + BaseCode.CODE_LENGTH, true));
  }

  /** The sender of transaction `index`, where it is known: see readEvmSender. */
  senderOf(index: number): Uint8Array | undefined {
    const slots = this.view.getUint32(CONTROL_BASE + Control.SLOTS, true);
    return readEvmSender(this.bytes, this.view.getUint32(slots + index * TxSlot.SIZE + TxSlot.INPUT, true));
  }

  /** Senders that all workers recovered. */
  recoveries(): number {
    let sum = 0;
    for (let id = 1; id <= this.view.getUint32(CONTROL_BASE + Control.WORKERS, true); id++) {
      sum += Number(this.view.getBigUint64(this.core.workerAt(id) + Worker.METRICS + Metric.RECOVERIES, true));
    }
    return sum;
  }

  /** Gas that the result of transaction `index` says. */
  gasUsed(index: number): bigint {
    const output = this.view.getUint32(this.recordOf(index) + Incarnation.OUTPUT, true);
    return this.view.getBigUint64(output + EvmResult.GAS_USED, true);
  }

  private recordOf(index: number): number {
    const slots = this.view.getUint32(CONTROL_BASE + Control.SLOTS, true);
    return this.view.getUint32(slots + index * TxSlot.SIZE + TxSlot.STATUS + 4, true);
  }

  private writesOf(record: number): StateChange[] {
    const { view, bytes } = this;
    const locations = view.getUint32(CONTROL_BASE + Control.LOCATIONS, true);
    const reads = view.getUint32(record + Incarnation.READ_COUNT, true);
    const count = view.getUint32(record + Incarnation.WRITE_COUNT, true);
    const start = record + Incarnation.SIZE + reads * ReadEntry.SIZE;
    return Array.from({ length: count }, (_, index) => {
      const write = start + index * WriteEntry.SIZE;
      const location = locations + view.getUint32(write + WriteEntry.LOCATION, true) * Location.SIZE;
      const node = view.getUint32(write + WriteEntry.NODE, true);
      return {
        kind: bytes[location + Location.KIND]!,
        address: bytes.slice(location + Location.ADDRESS, location + Location.ADDRESS + 20),
        slot: bytes.slice(location + Location.SLOT, location + Location.SLOT + 32),
        value: bytes.slice(node + Version.VALUE, node + Version.VALUE + 32),
        credit: (view.getUint32(node + Version.META, true) & VersionFlag.DELTA) !== 0,
      };
    });
  }
}

/** A word of the core as a number. */
export function wordOf(value: Uint8Array): bigint {
  const view = new DataView(value.buffer, value.byteOffset);
  let number = 0n;
  for (let limb = 3; limb >= 0; limb--) number = (number << 64n) | view.getBigUint64(limb * 8, true);
  return number;
}

export { Kind };
