// Threads that run synthetic blocks on the compiled core as it ships, and the oracle's judgement of each block. One memory
// and one set of threads serve any number of blocks.
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Worker as Thread } from 'node:worker_threads';
import { CONTROL_BASE, Control, Halt, Metric, Next, Worker } from '../../assembly/layout.ts';
import { buildCore } from '../../scripts/core.mjs';
import { runSequentially, type SyntheticBlock } from './synthetic.ts';
import { type CorePolicy, differenceFrom, type HostExports, loadBlock, setPolicy } from './synthetic-block.ts';

const PAGE = 65_536;
const PAGES = 256;
const TRANSACTIONS = 128;
const LOCATIONS = 2_048;
const HANG_MS = 20_000;
const layout = { round: 0, workers: 1, done: 2, ready: 3, joined: 4, sleepiness: 5, answers: 8 };

/** How a block is run. */
export interface RunOptions {
  workers: number;
  window?: number;
  incarnationCap?: number;
  /** How often in a thousand a worker sleeps where it could. */
  sleepiness?: number;
  /** The default one unless given. */
  policy?: CorePolicy;
  /** Bytes of memory that are left for running the block; all of it when left out. */
  memory?: number;
  /** Locations that are left; all of them when left out. */
  locations?: number;
}

export interface RunReport {
  /** What is wrong; undefined: nothing. */
  problem?: string;
  committed: number;
  exhausted: boolean;
}

interface PoolExports extends HostExports {
  initialize(
    end: number,
    transactions: number,
    locations: number,
    workers: number,
    deque: number,
    chunk: number,
  ): number;
  beginBlock(count: number): number;
}

/** What happened in all blocks so far, to see that they were more than run one by one. */
const counted = {
  transactions: Metric.COMMITS,
  reexecutions: Metric.REEXECUTIONS,
  aborts: Metric.ABORTS,
  suspensions: Metric.SUSPENSIONS,
  steals: Metric.STEALS,
} as const;

export class SyntheticPool {
  readonly totals = new Map<string, number>();
  readonly #threads: Thread[] = [];
  readonly #signals = new Int32Array(new SharedArrayBuffer(4 * 64));
  readonly #view: DataView;
  readonly #host: PoolExports;
  readonly #size: number;

  private constructor(module: WebAssembly.Module, size: number) {
    const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES, shared: true });
    this.#size = size;
    this.#view = new DataView(memory.buffer);
    const env = { memory, now: () => performance.now(), wait: () => 0, precompile: () => -1 };
    this.#host = new WebAssembly.Instance(module, { env }).exports as unknown as PoolExports;
    this.#host.initialize(PAGES * PAGE, TRANSACTIONS, LOCATIONS, size, 8, 4_096);
    for (let at = 0; at < Control.SEED_COUNT; at++) {
      const seed = BigInt.asUintN(64, 0x9e3779b97f4a7c15n * BigInt(at + 1)) | 1n;
      this.#view.setBigUint64(CONTROL_BASE + Control.SEEDS + at * 8, seed, true);
    }
    const file = fileURLToPath(new URL('./synthetic-worker.mjs', import.meta.url));
    for (let id = 1; id <= size; id++) {
      const workerData = { module, memory, control: this.#signals.buffer, id, layout };
      this.#threads.push(new Thread(file, { workerData }));
    }
  }

  /** Starts threads for at most `size` workers. */
  static async start(size: number): Promise<SyntheticPool> {
    const pool = new SyntheticPool(new WebAssembly.Module((await buildCore('release')) as BufferSource), size);
    await Promise.all(pool.#threads.map((thread) => once(thread, 'online')));
    for (let ready = 0; ready < size; ) {
      ready = Atomics.load(pool.#signals, layout.ready);
      if (ready < size) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    return pool;
  }

  async stop(): Promise<void> {
    this.#begin(-1);
    await Promise.all(this.#threads.map((thread) => thread.terminate()));
  }

  #begin(workers: number): void {
    Atomics.store(this.#signals, layout.done, 0);
    Atomics.store(this.#signals, layout.joined, 0);
    Atomics.store(this.#signals, layout.workers, workers);
    Atomics.add(this.#signals, layout.round, 1);
    Atomics.notify(this.#signals, layout.round);
  }

  /** Runs a block and compares it with the oracle. Blocks the thread until it is done. */
  run(block: SyntheticBlock, options: RunOptions): RunReport {
    const view = this.#view;
    const set = (field: number, value: number) => view.setUint32(CONTROL_BASE + field, value, true);
    const get = (field: number) => view.getUint32(CONTROL_BASE + field, true);
    const { workers } = options;
    if (workers > this.#size || block.programs.length > TRANSACTIONS) throw new Error('the pool is too small');
    set(Control.MEMORY_END, PAGES * PAGE);
    set(Control.LOCATION_CAPACITY, LOCATIONS);
    this.#host.beginBlock(block.programs.length);
    set(Control.WINDOW, options.window ?? 64);
    set(Control.STATE_COMPLETE, 1);
    set(Control.INCARNATION_CAP, options.incarnationCap ?? 16);
    set(Control.HALT_ON_INVALID, 0);
    set(Control.PROFILE, options.sleepiness ? 1 : 0);
    set(Control.IDLE_MS, 2);
    if (!loadBlock(this.#host, view, block)) throw new Error('the block does not fit');
    setPolicy(view, options.policy ?? { flags: 0 }, block.programs.length);
    if (options.memory !== undefined) set(Control.MEMORY_END, get(Control.ARENA_NEXT) + options.memory);
    if (options.locations !== undefined)
      set(Control.LOCATION_CAPACITY, get(Control.LOCATION_COUNT) + options.locations);

    Atomics.store(this.#signals, layout.sleepiness, options.sleepiness ?? 0);
    this.#begin(workers);
    for (let done = 0; done < workers; done = Atomics.load(this.#signals, layout.done)) {
      if (Atomics.wait(this.#signals, layout.done, done, HANG_MS) === 'timed-out') {
        throw new Error(
          `hangs: ${done} of ${workers} workers have ended, ${get(Control.COMMIT_INDEX)} transactions are committed`,
        );
      }
    }
    this.#count(workers);
    const exhausted = get(Control.HALT) !== Halt.NONE;
    const committed = get(Control.COMMIT_INDEX);
    const report: RunReport = { committed, exhausted };
    const problem =
      this.#strangeEnd(options, workers) ?? differenceFrom(runSequentially(block, committed), this.#host, view);
    if (problem !== undefined) report.problem = problem;
    else if (!exhausted && committed !== block.programs.length) report.problem = `only ${committed} are committed`;
    return report;
  }

  #count(workers: number): void {
    for (const [name, metric] of Object.entries(counted)) {
      let sum = this.totals.get(name) ?? 0;
      for (let id = 1; id <= workers; id++) {
        sum += Number(this.#view.getBigUint64(this.#host.workerAt(id) + Worker.METRICS + metric, true));
      }
      this.totals.set(name, sum);
    }
  }

  #strangeEnd(options: RunOptions, workers: number): string | undefined {
    const halt = this.#view.getUint32(CONTROL_BASE + Control.HALT, true);
    const limited = options.memory !== undefined || options.locations !== undefined;
    if (halt !== Halt.NONE && !(limited && halt === Halt.EXHAUSTED)) return `the block halted with ${halt}`;
    for (let id = 1; id <= workers; id++) {
      const answer = Atomics.load(this.#signals, layout.answers + id);
      if (answer !== Next.DONE && !(halt !== Halt.NONE && answer === Next.HALTED))
        return `worker ${id} ended with ${answer}`;
    }
    return undefined;
  }
}
