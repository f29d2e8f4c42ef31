// Workers that only think they work at the same time: instances of the core over one memory and in one thread, on a clock
// that moves from event to event. The scheduler, the store and validation are the core's own, bit for bit what ships; what
// is simulated is the execution of a transaction, of which is known what it reads and writes, and how long it takes.

import {
  CONTROL_BASE,
  Control,
  Kind,
  Next,
  Outcome,
  ReadKind,
  ReadResult,
  Scratch,
  TxFlag,
  TxSlot,
} from '../../../assembly/layout.ts';
import { BlockHost } from '../../../src/core/host/block-host.ts';
import { type Core, type CoreInstance, viewsOf } from '../../../src/core/instance/abi.ts';
import type { Crew, RoundAnswer, RoundOptions } from '../../../src/run/crew.ts';
import { type RecordedBlock, type RecordedRead, type RecordedTask, seesValue } from './recorded-block.ts';

/** What the machinery takes of a worker's time. Microseconds. */
export interface Costs {
  /** To pick, validate, publish and commit a transaction, per attempt. */
  readonly task: number;
  /** From an announcement until a worker that sleeps goes on. */
  readonly wake: number;
}

/** Nothing but the transactions takes time. */
export const NO_COSTS: Costs = { task: 0, wake: 0 };

/** Where the time of all workers went. Milliseconds, but for the counts. */
export interface Spent {
  /** Workers that took part. */
  readonly crew: number;
  /** From the first worker's start to the last commit. */
  readonly executionMs: number;
  /** In attempts that did not commit. */
  readonly repeatedMs: number;
  /** In picking, validating and committing. */
  readonly taskMs: number;
  /** In waiting for something to do. */
  readonly idleMs: number;
  /** Reads that a lower transaction kept back. */
  readonly suspensions: number;
  readonly attempts: number;
}

/** The exports of the core's `simulation` build. */
type SimulationCore = Core & { readonly readPlainly: (location: number) => number };
type SimulatedInstance = CoreInstance & { readonly core: SimulationCore };

const PAGES = (256 << 20) / 65536;
/** Ids of workers, which the core counts from 1. */
export const MOST_WORKERS = 64;
/** An idle worker looks that long before it sleeps (SPINS of assembly/engine/worker-loop.ts). */
const SPIN_MS = 0.01;
/** The longest sleep (IDLE_MS of src/core/host/block-host.ts). */
const SLEEP_MS = 5;
const NOBODY = -1;
const WORD = 32;

type State = 'outside' | 'picking' | 'attempting' | 'idle';

/** One worker's part in the simulation. */
interface VirtualWorker {
  readonly id: number;
  readonly instance: SimulatedInstance;
  state: State;
  /** When it does its next step. */
  at: number;
  /** Since when it is idle, and the announcements that there had been. */
  idleSince: number;
  seen: number;
  /** Of the attempt: whose, when it began, its next read, and whether it has read what it should. */
  task: number;
  began: number;
  step: number;
  right: boolean;
}

/** A memory with instances for the host and all workers there may be. */
export class VirtualWorkers {
  readonly host: BlockHost;
  readonly #clock: { now: number };
  readonly #workers: readonly VirtualWorker[];

  private constructor(host: BlockHost, workers: readonly VirtualWorker[], clock: { now: number }) {
    this.host = host;
    this.#workers = workers;
    this.#clock = clock;
  }

  /** `module`: the core's `simulation` build. */
  static async open(module: WebAssembly.Module): Promise<VirtualWorkers> {
    const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES, shared: true });
    const clock = { now: 0 };
    const open = () => openInstance(module, memory, () => clock.now);
    const host = new BlockHost(await open(), MOST_WORKERS);
    seedAlike(host.instance);
    const workers = Array.from({ length: MOST_WORKERS }, async (_, at): Promise<VirtualWorker> => {
      const idle = { idleSince: 0, seen: 0, task: NOBODY, began: 0, step: 0, right: true };
      return { id: at + 1, instance: await open(), state: 'outside', at: 0, ...idle };
    });
    return new VirtualWorkers(host, await Promise.all(workers), clock);
  }

  /** Those who run a block that has been recorded. */
  crew(block: RecordedBlock, workers: number, costs: Costs): VirtualCrew {
    return new VirtualCrew(this.host, this.#workers.slice(0, workers), this.#clock, block, costs);
  }
}

/** The hash of places decides which credits are folded: the same in every simulation. */
function seedAlike({ words }: CoreInstance): void {
  const at = (CONTROL_BASE + Control.SEEDS) >>> 2;
  for (let word = 0; word < Control.SEED_COUNT * 2; word++) words[at + word] = Math.imul(word + 1, 0x9e3779b1) | 1;
}

async function openInstance(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
  now: () => number,
): Promise<SimulatedInstance> {
  const never = (what: string) => () => {
    throw new Error(`a simulated worker ${what}`);
  };
  const env = { memory, now, wait: never('sleeps'), precompile: never('executes'), trace: never('traces') };
  const { exports } = await WebAssembly.instantiate(module, { env });
  return {
    core: exports as unknown as SimulationCore,
    ...viewsOf(memory),
    now,
    setPrecompiles() {},
  };
}

/** Runs one block, in the order in which things would happen. */
export class VirtualCrew implements Crew {
  beganMs: number | undefined;
  endedMs: number | undefined;
  spent: Spent | undefined;
  readonly #host: BlockHost;
  readonly #workers: readonly VirtualWorker[];
  readonly #clock: { now: number };
  readonly #block: RecordedBlock;
  readonly #costs: Costs;
  /** Of each recorded place its location in this memory; 0: nobody has asked for it. */
  readonly #locations: Uint32Array;
  /** Where outputs are put for the core to take. */
  #stage = 0;
  #attemptMs = 0;
  #attempts = 0;
  #suspensions = 0;
  #taskMs = 0;

  constructor(
    host: BlockHost,
    workers: readonly VirtualWorker[],
    clock: { now: number },
    block: RecordedBlock,
    costs: Costs,
  ) {
    this.#host = host;
    this.#workers = workers;
    this.#clock = clock;
    this.#block = block;
    this.#costs = costs;
    this.#locations = new Uint32Array(block.places.length);
  }

  async prepare(): Promise<BlockHost> {
    // Of another start, sums would be rounded otherwise.
    this.#clock.now = 0;
    return this.#host;
  }

  async round(_host: BlockHost, { sequential }: RoundOptions): Promise<RoundAnswer> {
    const workers = sequential ? this.#workers.slice(0, 1) : this.#workers;
    const began = this.#clock.now;
    this.#prepare();
    for (const worker of workers) {
      if (!worker.instance.core.join(worker.id)) throw new Error('the block does not fit');
      Object.assign(worker, { state: 'picking', at: began, task: NOBODY });
    }
    this.#run(workers);
    this.#finish(workers.length, began);
    return 'over';
  }

  /** Takes the transactions away from the EVM inside the core, and looks up their places. */
  #prepare(): void {
    const { core, bytes } = this.#host.instance;
    this.#setFlags(0);
    const scratch = core.scratch();
    const locate = (place: number) => {
      if (this.#locations[place] !== 0) return;
      const { kind, address, slot } = this.#block.places[place]!;
      bytes.set(address, scratch + Scratch.ADDRESS);
      bytes.set(slot, scratch + Scratch.SLOT);
      this.#locations[place] = core.locateScratch(kind);
    };
    let longest = 8;
    for (const { reads, writes, output } of this.#block.tasks) {
      for (const { place } of reads) locate(place);
      for (const { place } of writes) locate(place);
      longest = Math.max(longest, output.length);
    }
    this.#stage = core.allocate(longest);
    if (this.#stage === 0) throw new Error('the block does not fit');
  }

  #finish(workers: number, began: number): void {
    const ended = this.#clock.now;
    [this.beganMs, this.endedMs] = [began, ended];
    // What the results are to be decoded as.
    this.#setFlags(TxFlag.NATIVE | TxFlag.EVM);
    const usefulMs = this.#block.durationsMs.reduce((sum, duration) => sum + duration, 0);
    const executionMs = ended - began;
    this.spent = {
      crew: workers,
      executionMs,
      repeatedMs: this.#attemptMs - usefulMs,
      taskMs: this.#taskMs,
      idleMs: executionMs * workers - this.#attemptMs - this.#taskMs,
      suspensions: this.#suspensions,
      attempts: this.#attempts,
    };
  }

  #setFlags(flags: number): void {
    const { words } = this.#host.instance;
    const slots = words[(CONTROL_BASE + Control.SLOTS) >>> 2]!;
    for (let index = 0; index < this.#block.tasks.length; index++) {
      words[(slots + index * TxSlot.SIZE + TxSlot.FLAGS) >>> 2] = flags;
    }
  }

  /** From event to event, until the last transaction is committed. */
  #run(workers: readonly VirtualWorker[]): void {
    const { words } = this.#host.instance;
    const events = (CONTROL_BASE + Control.EVENTS) >>> 2;
    let announced = words[events]!;
    while (!this.#host.done()) {
      const worker = earliest(workers);
      if (worker === undefined) throw new Error(`all have left before the end: ${this.#host.halted()}`);
      this.#clock.now = worker.at;
      if (worker.state === 'attempting') this.#attempt(worker);
      else this.#pick(worker, announced);
      if (words[events] === announced) continue;
      announced = words[events]!;
      for (const sleeper of workers) if (sleeper.state === 'idle') this.#wake(sleeper, announced);
    }
  }

  #pick(worker: VirtualWorker, announced: number): void {
    worker.seen = announced;
    const answer = worker.instance.core.next(false, Number.NaN);
    if (answer === Next.IDLE) {
      if (worker.state !== 'idle') worker.idleSince = worker.at;
      Object.assign(worker, { state: 'idle', at: worker.at + SLEEP_MS });
    } else if (answer >= 0) {
      Object.assign(worker, { state: 'attempting', task: answer, began: worker.at, step: 0, right: true });
      this.#attempts++;
      worker.at = this.#whenNext(worker);
    } else {
      worker.state = 'outside';
    }
  }

  #wake(worker: VirtualWorker, announced: number): void {
    if (worker.seen === announced) return;
    const { now } = this.#clock;
    const sleeps = now - worker.idleSince > SPIN_MS;
    worker.state = 'picking';
    worker.at = now + (sleeps ? this.#costs.wake / 1000 : 0);
  }

  /** When a worker makes its next read: reads lie evenly in the time that the task takes. */
  #whenNext({ task, began, step }: VirtualWorker): number {
    const { length } = this.#block.tasks[task]!.reads;
    const duration = this.#block.durationsMs[task]!;
    return began + (step === length ? duration : (duration * (step + 0.5)) / length);
  }

  #attempt(worker: VirtualWorker): void {
    const task = this.#block.tasks[worker.task]!;
    const read = task.reads[worker.step];
    if (read === undefined) {
      this.#publish(worker, task);
      return;
    }
    const { core } = worker.instance;
    const wasRight = worker.right;
    const answer = this.#read(worker, read);
    if (answer === ReadResult.BLOCKED) {
      this.#suspensions++;
      core.suspend();
      this.#end(worker);
      return;
    }
    if (answer !== ReadResult.VALUE) throw new Error(`task ${worker.task}: a read answered ${answer}`);
    if (wasRight && !worker.right && this.#block.places[read.place]!.kind === Kind.NONCE) {
      // Whose nonce is another one cannot be part of the block: the EVM says so at once.
      core.finish(Outcome.INVALID, 0n, 0, 0);
      this.#end(worker);
      return;
    }
    worker.step++;
    worker.at = this.#whenNext(worker);
  }

  /** Reads as the task has read; the worker remembers whether it was told the same. */
  #read(worker: VirtualWorker, { place, kind, value }: RecordedRead): number {
    const { core, bytes, words } = worker.instance;
    const location = this.#locations[place]!;
    const scratch = core.scratch();
    if (seesValue(kind)) {
      const answer = core.readPlainly(location);
      if (answer === ReadResult.VALUE && !holds(bytes, scratch + Scratch.VALUE, value)) worker.right = false;
      return answer;
    }
    bytes.set(value, scratch + Scratch.BOUND);
    const answer = core.atLeast(location);
    const isEnough = words[(scratch + Scratch.VALUE) >>> 2] !== 0;
    if (answer === ReadResult.VALUE && isEnough !== (kind === ReadKind.AT_LEAST)) worker.right = false;
    return answer;
  }

  /** Writes what the task has written; who has read something else writes something else. */
  #publish(worker: VirtualWorker, { writes, outcome, gas, output }: RecordedTask): void {
    const { core, bytes, words } = worker.instance;
    const value = core.scratch() + Scratch.VALUE;
    const salt = worker.right ? 0 : Math.imul(core.incarnation() + 1, 0x9e3779b1) >>> 8;
    for (const { place, kind, credited, value: written } of writes) {
      bytes.set(written, value);
      if (!credited && (kind === Kind.STORAGE || kind === Kind.BALANCE)) words[value >>> 2]! ^= salt;
      const location = this.#locations[place]!;
      if (!(credited ? core.credit(location) : core.write(location))) throw new Error('the block does not fit');
    }
    bytes.set(output, this.#stage);
    core.finish(outcome, gas, this.#stage, output.length);
    this.#end(worker);
  }

  #end(worker: VirtualWorker): void {
    const { now } = this.#clock;
    const taskMs = this.#costs.task / 1000;
    this.#attemptMs += now - worker.began;
    this.#taskMs += taskMs;
    Object.assign(worker, { state: 'picking', task: NOBODY, at: now + taskMs });
    const halt = this.#host.halted();
    if (halt !== 'none') throw new Error(`the block was halted: ${halt}`);
  }
}

/** Who comes next; of several the one with the lowest id. */
function earliest(workers: readonly VirtualWorker[]): VirtualWorker | undefined {
  let first: VirtualWorker | undefined;
  for (const worker of workers) {
    if (worker.state !== 'outside' && (first === undefined || worker.at < first.at)) first = worker;
  }
  return first;
}

function holds(bytes: Uint8Array, at: number, value: Uint8Array): boolean {
  for (let byte = 0; byte < WORD; byte++) if (bytes[at + byte] !== value[byte]) return false;
  return true;
}
