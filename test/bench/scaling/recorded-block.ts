// A block as simulated workers need it: what each of its tasks read and wrote, in which order, and how long it took.

import {
  CONTROL_BASE,
  Control,
  Incarnation,
  Kind,
  ReadEntry,
  ReadKind,
  Scratch,
  Version,
  VersionFlag,
  WriteEntry,
} from '../../../assembly/layout.ts';
import type { BlockHost } from '../../../src/core/host/block-host.ts';
import { addressAt, kindAt, locationAt, locationCount, slotAt } from '../../../src/core/host/location.ts';
import { PevmEngine } from '../../../src/engine/engine.ts';
import { Conductor } from '../../../src/run/conductor.ts';
import { LocalCrew, type LocalMemory, openLocalMemory } from '../../../src/run/local-crew.ts';
import type { BlockRequest, BlockResult } from '../../../src/types.ts';
import { equipFrom } from '../../../src/workers/modules.ts';
import type { RunControl, Runner, RunRequest } from '../../../src/workers/runner.ts';
import { checkAgainstHeader, type Subject } from '../mainnet.ts';

/** A place in the state, as the core keys it. */
export interface Place {
  readonly kind: number;
  readonly address: Uint8Array;
  readonly slot: Uint8Array;
}

/** What a task asked, and what it was told. */
export interface RecordedRead {
  /** Index into the block's places. */
  readonly place: number;
  /** ReadKind */
  readonly kind: number;
  /** As the core keeps words; the bound, where it asked whether there is enough. */
  readonly value: Uint8Array;
}

export interface RecordedWrite {
  readonly place: number;
  readonly kind: number;
  /** VALUE was added. */
  readonly credited: boolean;
  readonly value: Uint8Array;
}

export interface RecordedTask {
  readonly reads: readonly RecordedRead[];
  /** What empties accounts first. */
  readonly writes: readonly RecordedWrite[];
  readonly outcome: number;
  readonly gas: bigint;
  readonly output: Uint8Array;
}

export interface RecordedBlock {
  readonly name: string;
  /** What the engine was asked: the block, and the state before it. */
  readonly request: BlockRequest;
  /** Number of the task that is the block's first transaction: the protocol has steps before it. */
  readonly first: number;
  readonly places: readonly Place[];
  /** Transactions, and the protocol's own steps around them. */
  readonly tasks: readonly RecordedTask[];
  /** Of each task on one worker, the least of several runs. Milliseconds. */
  readonly durationsMs: Float64Array;
  readonly result: BlockResult;
}

const WORD = 32;
const MEMORY_PAGES = (512 << 20) / 65536;
/** Never changes within a block. */
const CONSTANT = new Set<number>([Kind.BLOCK_HASH, Kind.BYTECODE]);

/** Runs a block `rounds` times on one worker, and notes what its tasks did and how long each took at best. */
export async function recordBlock(
  module: WebAssembly.Module,
  { name, file }: Subject,
  rounds: number,
): Promise<RecordedBlock> {
  const { block, chainId, hardfork, state, blockHashes } = file;
  const request: BlockRequest = { block, chainId, hardfork, state, blockHashes, senders: 'trust' };
  // So that all hashes of code are known to the state from here on: what reads saw must be what they see in any simulation.
  await using learner = await PevmEngine.create({ workers: 1, learning: true }, undefined, new Recorder(module));
  await learner.executeBlock(request);
  const recorder = new Recorder(module);
  await using engine = await PevmEngine.create({ workers: 1, enableProfiling: true }, undefined, recorder);
  let result: BlockResult | undefined;
  for (let round = 0; round < rounds; round++) {
    result = await engine.executeBlock({ ...request, blockAccessList: true });
    checkAgainstHeader(name, file, result);
  }
  if (result === undefined) throw new RangeError('a block must run once to be recorded');
  return { ...recorder.recorded(), name, request, result };
}

/** Runs plans on this thread, and looks at what was committed. */
class Recorder implements Runner {
  readonly threading = 'inline';
  readonly workers = 1;
  readonly #module: WebAssembly.Module;
  #memory: Promise<LocalMemory> | undefined;
  #first = 0;
  #tasks: Pick<RecordedBlock, 'places' | 'tasks'> | undefined;
  #durationsMs = new Float64Array(0);

  constructor(module: WebAssembly.Module) {
    this.#module = module;
  }

  async warmUp(): Promise<void> {}
  prepare(): void {}
  terminateWorker(): void {}
  dispose(): void {}

  recorded(): Pick<RecordedBlock, 'first' | 'places' | 'tasks' | 'durationsMs'> {
    if (this.#tasks === undefined) throw new Error('nothing was recorded');
    return { ...this.#tasks, first: this.#first, durationsMs: this.#durationsMs };
  }

  start({ plan, work, hooks }: RunRequest): RunControl {
    this.#first = plan.block?.firstTransaction ?? 0;
    const run = async () => {
      this.#memory ??= openLocalMemory(this.#module, MEMORY_PAGES);
      const memory = await this.#memory;
      if (work.precompiles !== undefined) await equipFrom(memory.worker, work.precompiles);
      const crew = new LocalCrew(memory, { tasks: work.tasks, executor: undefined, pause: async () => {} });
      const examine = async (host: BlockHost) => this.#examine(host);
      return new Conductor(plan, crew, { ...hooks, examine }).run();
    };
    const nothing = () => {};
    return {
      outcome: run(),
      workersLost: () => 0,
      committed: () => 0,
      ...{ cancel: nothing, flush: nothing, addDependency: nothing },
    };
  }

  #examine(host: BlockHost): void {
    const { instance } = host;
    const count = instance.words[(CONTROL_BASE + Control.TRANSACTION_COUNT) >>> 2]!;
    if (host.committed() !== count) throw new Error('the block does not fit into one memory');
    const isFirst = this.#tasks === undefined;
    this.#tasks ??= tasksIn(host);
    if (isFirst) this.#durationsMs = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
    for (let index = 0; index < count; index++) {
      const duration = instance.doubles[(host.recordOf(index) + Incarnation.DURATION) >>> 3]!;
      this.#durationsMs[index] = Math.min(this.#durationsMs[index]!, duration);
    }
  }
}

function tasksIn(host: BlockHost): Pick<RecordedBlock, 'places' | 'tasks'> {
  const { instance } = host;
  const places = Array.from({ length: locationCount(instance) }, (_, index): Place => {
    const record = locationAt(instance, index);
    return { kind: kindAt(instance, record), address: addressAt(instance, record), slot: slotAt(instance, record) };
  });
  const tasks = Array.from({ length: host.committed() }, (_, index) => taskOf(host, index, places));
  return { places, tasks };
}

/** What the incarnation that was committed has left. */
function taskOf(host: BlockHost, index: number, places: readonly Place[]): RecordedTask {
  const { core, bytes, words } = host.instance;
  const record = host.recordOf(index);
  const wordAt = (address: number) => words[address >>> 2]!;
  const wordOf = (address: number) => bytes.slice(address, address + WORD);
  const firstRead = record + Incarnation.SIZE;
  const firstWrite = firstRead + wordAt(record + Incarnation.READ_COUNT) * ReadEntry.SIZE;
  const end = firstWrite + wordAt(record + Incarnation.WRITE_COUNT) * WriteEntry.SIZE;
  const reads: RecordedRead[] = [];
  for (let at = firstRead; at < firstWrite; at += ReadEntry.SIZE) {
    const place = wordAt(at + ReadEntry.LOCATION) & 0xffffff;
    const kind = wordAt(at + ReadEntry.LOCATION) >>> 24;
    if (CONSTANT.has(places[place]!.kind)) continue;
    // All is committed: what the transaction would see now is what it saw.
    if (seesValue(kind)) core.resolveAt(place, index);
    const value = seesValue(kind) ? core.scratch() + Scratch.VALUE : wordAt(at + ReadEntry.AUX);
    reads.push({ place, kind, value: wordOf(value) });
  }
  const writes: RecordedWrite[] = [];
  for (let at = firstWrite; at < end; at += WriteEntry.SIZE) {
    const place = wordAt(at + WriteEntry.LOCATION);
    const node = wordAt(at + WriteEntry.NODE);
    const credited = (wordAt(node + Version.META) & VersionFlag.DELTA) !== 0;
    writes.push({ place, kind: places[place]!.kind, credited, value: wordOf(node + Version.VALUE) });
  }
  const output = wordAt(record + Incarnation.OUTPUT);
  return {
    // The core lists questions last; they are asked before code runs (is there enough for gas and value?).
    reads: [...reads.filter(({ kind }) => !seesValue(kind)), ...reads.filter(({ kind }) => seesValue(kind))],
    writes: [...writes.filter(({ kind }) => kind === Kind.RESET), ...writes.filter(({ kind }) => kind !== Kind.RESET)],
    outcome: wordAt(record + Incarnation.OUTCOME),
    gas: host.instance.limbs[(record + Incarnation.GAS) >>> 3]!,
    output: bytes.slice(output, output + wordAt(record + Incarnation.OUTPUT_LENGTH)),
  };
}

/** Whether a read of this kind sees a value; otherwise it is a question about one. */
export function seesValue(kind: number): boolean {
  return kind === ReadKind.VALUE || kind === ReadKind.FOLDED;
}
