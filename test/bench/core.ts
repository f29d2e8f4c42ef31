// What the core itself costs: scheduling per task, reads, writes and validation per access, bytes per version and task.

import coreBytes from 'virtual:pevm/core';
import {
  CONTROL_BASE,
  Control,
  Incarnation,
  Location,
  Metric,
  ReadEntry,
  Scratch,
  TxFlag,
  TxSlot,
  Version,
  Worker,
  WriteEntry,
} from '../../assembly/layout.ts';
import { median } from './statistics.ts';
import { table } from './table.ts';

/** One instruction of the synthetic executor (assembly/execute/synthetic.ts). */
type Instruction = readonly [operation: number, a: number, b: number, c: number];

const READ = 1;
const WRITE = 2;
const CREDIT = 4;
const DEBIT = 5;
const NONCE = 8;
const PAGE = 65_536;
const PAGES = 4_096;
const ROUNDS = 15;

export interface CoreCosts {
  /** Nanoseconds from claim to commit of a task that does nothing, one worker. */
  schedulingNs: number;
  /** Nanoseconds of a plain transfer as a synthetic program (nonce, debit, credit). */
  transferNs: number;
  readHotNs: number;
  readFirstNs: number;
  writeNs: number;
  validationNs: number;
  bytesPerVersion: number;
  /** Slot, record and bookkeeping of a task that does nothing. */
  bytesPerTask: number;
}

/** Measures on one instance, so that nothing but the core itself is timed. */
export function measureCore(): CoreCosts {
  const bench = new CoreBench();
  const empty = bench.perTask(10_000, () => []);
  const accesses = 64;
  const perAccess = (program: (task: number) => Instruction[]) => (bench.perTask(1_000, program) - empty) / accesses;
  const slots = (operation: number, account: (task: number) => number) => (task: number) =>
    Array.from({ length: accesses }, (_, slot): Instruction => [operation, account(task), slot, 0]);
  const bytesPerTask = bench.arenaBytes(10_000, () => []) / 10_000;
  return {
    schedulingNs: empty,
    transferNs: bench.perTask(10_000, (task) => [
      [NONCE, task, 0, 0],
      [DEBIT, task, 0, 0],
      [CREDIT, 100_000 + task, 5, 0],
    ]),
    readHotNs: perAccess(slots(READ, () => 1)),
    readFirstNs: perAccess(slots(READ, (task) => task)),
    writeNs: perAccess(slots(WRITE, (task) => task)),
    validationNs: bench.perValidatedRead(accesses),
    bytesPerVersion: Version.SIZE,
    bytesPerTask: TxSlot.SIZE + Math.max(bytesPerTask, Incarnation.SIZE),
  };
}

class CoreBench {
  readonly #memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES, shared: true });
  readonly #view = new DataView(this.#memory.buffer);
  readonly #module = new WebAssembly.Module(coreBytes as BufferSource);
  readonly #host = this.#instance();
  readonly #first = this.#instance();
  readonly #second = this.#instance();

  constructor() {
    this.#host.initialize(PAGES * PAGE, 20_000, 1 << 18, 4, 1_024, PAGE);
    const seeds = crypto.getRandomValues(new BigUint64Array(Control.SEED_COUNT));
    for (const [at, seed] of seeds.entries())
      this.#view.setBigUint64(CONTROL_BASE + Control.SEEDS + at * 8, seed, true);
  }

  /** Median nanoseconds per task of running `count` programs on one worker. */
  perTask(count: number, program: (task: number) => Instruction[]): number {
    const times = Array.from({ length: ROUNDS }, () => {
      this.#load(count, program);
      const start = performance.now();
      this.#first.join(1);
      this.#run(this.#first);
      return ((performance.now() - start) * 1e6) / count;
    });
    return median(times.slice(3));
  }

  /** Bytes that `count` programs take from the arena, without what a worker takes once. */
  arenaBytes(count: number, program: (task: number) => Instruction[]): number {
    const used = (tasks: number) => {
      this.#load(tasks, program);
      this.#first.join(1);
      const before = this.#read(Control.ARENA_NEXT);
      this.#run(this.#first);
      return this.#read(Control.ARENA_NEXT) - before;
    };
    return used(count) - used(1);
  }

  /**
   * Median nanoseconds of validating one read: task 1 reads first, then task 0 is published by another worker, so that
   * task 1 cannot commit on its stamp.
   */
  perValidatedRead(reads: number): number {
    const rounds = 400;
    const times: number[] = [];
    for (let round = 0; round < rounds; round++) {
      this.#load(2, () => [], 0);
      this.#first.join(1);
      this.#second.join(2);
      if (this.#first.next(false, Number.NaN) !== 0 || this.#second.next(false, Number.NaN) !== 1)
        throw new Error('tasks come in order');
      const scratch = this.#second.scratch();
      for (let slot = 0; slot < reads; slot++) {
        this.#view.setUint32(scratch + Scratch.SLOT + 28, slot);
        this.#second.read(this.#second.locateScratch(6));
      }
      this.#second.finish(1, 0n, 0, 0);
      this.#first.finish(1, 0n, 0, 0);
      const start = performance.now();
      this.#run(this.#first);
      times.push(((performance.now() - start) * 1e6) / reads);
      const validations = this.#view.getBigUint64(this.#host.workerAt(1) + Worker.METRICS + Metric.VALIDATIONS, true);
      if (validations !== 1n) throw new Error(`${validations} validations instead of one`);
    }
    return median(times.slice(rounds / 4));
  }

  #load(count: number, program: (task: number) => Instruction[], flags: number = TxFlag.NATIVE): void {
    if (!this.#host.beginBlock(count)) throw new Error('the block does not fit');
    this.#write(Control.WINDOW, 256);
    this.#write(Control.STATE_COMPLETE, 1);
    this.#write(Control.INCARNATION_CAP, 16);
    this.#write(Control.PROFILE, 0);
    for (let task = 0; task < count; task++) {
      const instructions = program(task);
      const pointer = this.#host.allocate(instructions.length * 16);
      for (const [at, word] of instructions.flat().entries()) this.#view.setUint32(pointer + at * 4, word, true);
      this.#host.setTransaction(task, flags, pointer, instructions.length * 16);
    }
  }

  #run(worker: CoreExports): void {
    const answer = worker.next(false, Number.NaN);
    if (answer !== -1) throw new Error(`the block ended with ${answer}`);
  }

  #read(field: number): number {
    return this.#view.getUint32(CONTROL_BASE + field, true);
  }

  #write(field: number, value: number): void {
    this.#view.setUint32(CONTROL_BASE + field, value, true);
  }

  #instance(): CoreExports {
    const env = { memory: this.#memory, now: () => performance.now(), wait: () => 0, precompile: () => -1 };
    return new WebAssembly.Instance(this.#module, { env }).exports as unknown as CoreExports;
  }
}

type CoreExports = Awaited<ReturnType<typeof import('../../build/core.js').instantiate>>;

export function coreTable(costs: CoreCosts): string {
  const ns = (value: number) => `${value.toFixed(0)} ns`;
  return table(
    ['what', 'cost'],
    [
      ['scheduling, per task that does nothing (claim to commit)', ns(costs.schedulingNs)],
      ['plain transfer as a synthetic program', ns(costs.transferNs)],
      ['read of a location that exists', ns(costs.readHotNs)],
      ['read of a new location', ns(costs.readFirstNs)],
      ['write of a new location, published', ns(costs.writeNs)],
      ['validation, per read', ns(costs.validationNs)],
      ['version', `${costs.bytesPerVersion} bytes`],
      ['task that does nothing: slot, record, output', `${costs.bytesPerTask.toFixed(0)} bytes`],
      ['location, and its part of the table', `${Location.SIZE} + 8 bytes`],
      ['read, write', `${ReadEntry.SIZE}, ${WriteEntry.SIZE} bytes`],
    ],
  );
}
