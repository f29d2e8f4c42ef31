// Virtual workers: instances of the suspendable core over one memory in one thread, and the state they start from.
import { CONTROL_BASE, Control, GENERATOR_TABLE_BASE, Scratch, TxFlag, TxSlot, Worker } from '../../assembly/layout.ts';
import { GLOBALS_SIZE, type ModelExports } from './model-core.ts';

/** What the explorer does at the core's imports. */
export interface Hooks {
  interleave(access: number, address: number): void;
  wait(address: number, expected: number, timeoutMs: number): number;
}

export interface WorldOptions {
  /** Workers 1 … n; instance 0 is the host. */
  workers: number;
  transactions?: number;
  locations?: number;
  dequeCapacity?: number;
  /** Seeds of the location hash are 0: every key has the same place and tag. */
  colliding?: boolean;
  window?: number;
  incarnationCap?: number;
  /** Bytes that a worker takes from the arena at once. */
  chunk?: number;
}

const PAGE = 65_536;
const PAGES = 12;
const STACK_SIZE = 16_384;
const CHUNK = 8_192;
/** What a schedule may change begins here: a table that the first recovery makes has to be made in each. */
const SAVED_BASE = GENERATOR_TABLE_BASE;

/** One memory, its instances, and a saved state to begin every schedule from. */
export class World {
  readonly instances: ModelExports[] = [];
  /** The memory as signed 32-bit words. */
  readonly words: Int32Array;
  readonly view: DataView;
  readonly count: number;
  readonly #options: WorldOptions;
  readonly #restored: number;
  #saved = 0;
  #savedSize = 0;

  constructor(module: WebAssembly.Module, fault: number, options: WorldOptions, hooks: Hooks) {
    const memory = new WebAssembly.Memory({ initial: PAGES * 2, maximum: PAGES * 2, shared: true });
    this.words = new Int32Array(memory.buffer);
    this.view = new DataView(memory.buffer);
    this.count = options.workers + 1;
    const env = {
      memory,
      fault,
      interleave: (access: number, address: number) => hooks.interleave(access, address),
      wait: (address: number, expected: number, timeoutMs: number) => hooks.wait(address, expected, timeoutMs),
      precompile: () => -1,
      now: () => 0,
    };
    for (let id = 0; id < this.count; id++) {
      this.instances.push(new WebAssembly.Instance(module, { env }).exports as unknown as ModelExports);
    }
    this.#restored = PAGES * PAGE;
    this.#options = options;
  }

  get host(): ModelExports {
    return this.instances[0] as ModelExports;
  }

  instance(id: number): ModelExports {
    return this.instances[id] as ModelExports;
  }

  /** Lays the memory out and begins a block; the hooks must be ready. */
  start(): void {
    const { host, view } = this;
    const options = this.#options;
    const { transactions = 4, locations = 16, dequeCapacity = 8, chunk = CHUNK } = options;
    const end = PAGES * PAGE - this.count * (STACK_SIZE + GLOBALS_SIZE);
    call(host, 'initialize', end, transactions, locations, options.workers, dequeCapacity, chunk);
    for (let at = 0; at < Control.SEED_COUNT; at++) {
      const seed = options.colliding ? 0n : BigInt.asUintN(64, 0x9e3779b97f4a7c15n * BigInt(at * 2 + 1)) | 1n;
      view.setBigUint64(CONTROL_BASE + Control.SEEDS + at * 8, seed, true);
    }
    if (call(host, 'beginBlock', transactions) === 0) throw new Error('the block does not fit');
    const control: [number, number][] = [
      [Control.WINDOW, options.window ?? 16],
      [Control.STATE_COMPLETE, 1],
      [Control.INCARNATION_CAP, options.incarnationCap ?? 8],
      [Control.HALT_ON_INVALID, 0],
      [Control.PROFILE, 0],
      [Control.IDLE_MS, 1],
    ];
    for (const [field, value] of control) view.setUint32(CONTROL_BASE + field, value, true);
  }

  /** Lets every worker join the block. */
  join(): void {
    for (let id = 1; id < this.count; id++) call(this.instance(id), 'join', id);
  }

  /** Makes transaction `index` a synthetic program: four words per instruction. */
  setProgram(index: number, program: readonly (readonly number[])[], flags: number = TxFlag.NATIVE): void {
    const pointer = call(this.host, 'allocate', Math.max(program.length, 1) * 16);
    program.forEach((instruction, at) => {
      for (let word = 0; word < 4; word++) {
        this.view.setUint32(pointer + at * 16 + word * 4, instruction[word] ?? 0, true);
      }
    });
    call(this.host, 'setTransaction', index, flags, pointer, program.length * 16);
  }

  /** Remembers the state of memory and instances. Called once, when all is laid out. */
  save(): void {
    for (let id = 0; id < this.count; id++) {
      const stack = this.stackOf(id);
      this.view.setUint32(stack, stack + 8, true);
      this.view.setUint32(stack + 4, stack + STACK_SIZE, true);
      call(this.instance(id), 'saveGlobals', stack + STACK_SIZE);
    }
    this.#saved = this.#restored;
    const used = this.view.getUint32(CONTROL_BASE + Control.ARENA_NEXT, true);
    this.#savedSize = Math.min(used, this.stackOf(0)) - SAVED_BASE;
    call(this.host, 'copyMemory', this.#saved, SAVED_BASE, this.#savedSize);
  }

  /** Back to the saved state. */
  restore(): void {
    this.host.copyMemory(SAVED_BASE, this.#saved, this.#savedSize);
    for (let id = 0; id < this.count; id++) {
      const stack = this.stackOf(id);
      this.words[stack >> 2] = stack + 8;
      (this.instances[id] as ModelExports).restoreGlobals(stack + STACK_SIZE);
    }
  }

  /** Asyncify's record of an instance: {next free byte, end}, then its stack. */
  stackOf(id: number): number {
    return PAGES * PAGE - (this.count - id) * (STACK_SIZE + GLOBALS_SIZE);
  }

  control(field: number): number {
    return this.view.getUint32(CONTROL_BASE + field, true);
  }

  setControl(field: number, value: number): void {
    this.view.setUint32(CONTROL_BASE + field, value, true);
  }

  /** Status word of a transaction, its parts. */
  status(transaction: number): { state: number; owner: number; incarnation: number; attempts: number; record: number } {
    const slot = this.slotOf(transaction);
    const low = this.view.getUint32(slot + TxSlot.STATUS, true);
    return {
      state: low & 0xf,
      owner: (low >>> 4) & 0xff,
      incarnation: (low >>> 12) & 0xff,
      attempts: low >>> 20,
      record: this.view.getUint32(slot + TxSlot.STATUS + 4, true),
    };
  }

  slotOf(transaction: number): number {
    return this.control(Control.SLOTS) + transaction * TxSlot.SIZE;
  }

  /** A counter of a worker. */
  metric(id: number, metric: number): bigint {
    return this.view.getBigUint64(call(this.host, 'workerAt', id) + Worker.METRICS + metric, true);
  }

  /** Address of a place in instance `id`'s scratch area. */
  scratch(id: number, field: number = Scratch.ADDRESS): number {
    return call(this.host, 'workerAt', id) + Worker.SCRATCH + field;
  }
}

/** Calls an export by name. */
export function call(exports: ModelExports, name: string, ...words: number[]): number {
  const callee = exports[name];
  if (callee === undefined) throw new Error(`the core exports no ${name}`);
  return callee(...words);
}
