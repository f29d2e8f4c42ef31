// Runs random blocks on instances of the core that share one memory and one thread, switching between them at every call.
import {
  BaseEntry,
  BaseValue,
  CONTROL_BASE,
  Control,
  Halt,
  Kind,
  Next,
  Outcome,
  ReadResult,
  Scratch,
  TxFlag,
  TxSlot,
  Worker,
} from '../../assembly/layout.ts';
import type { instantiate } from '../../build/core.d.ts';
import { POLICIES, setPolicy } from './synthetic-block.ts';

type Core = Awaited<ReturnType<typeof instantiate>>;

/** One instance: worker `id`, 0 for the host. */
interface Instance {
  id: number;
  core: Core;
}

/** Instances of the core over one memory, the host first. */
export interface Crew {
  memory: WebAssembly.Memory;
  all: Instance[];
}

/** A random choice below `limit`. */
export type Choice = (limit: number) => number;

const pages = 16;
const slots = 6;
const accounts = 4;
const kinds = [Kind.STORAGE, Kind.BALANCE, Kind.NONCE, Kind.CODE, Kind.RESET];

/** Control words that the host reads while workers run. */
const watchedByHost = [Control.COMMIT_INDEX, Control.MISSING, Control.HALT, Control.HALT_TRANSACTION];

/** Thrown where a worker would sleep: the only thread there is has to go on. */
class Asleep extends Error {}

/** Instances of a module; `imports` gives what worker `id` needs beside the core's own imports. */
export function crewOf(
  module: WebAssembly.Module,
  count: number,
  imports: (id: number) => WebAssembly.Imports,
  memoryPages: number = pages,
): Crew {
  const memory = new WebAssembly.Memory({ initial: memoryPages, maximum: memoryPages, shared: true });
  let time = 0;
  const wait = () => {
    throw new Asleep();
  };
  const env = { memory, now: () => time++, wait, precompile: () => -1 };
  const all = Array.from({ length: count }, (_, id) => {
    const { exports } = new WebAssembly.Instance(module, { env, ...imports(id) });
    return { id, core: exports as unknown as Core };
  });
  return { memory, all };
}

/**
 * Runs one block of `transactions` random transactions: half of them inside the core, half by attempts from outside whose
 * steps interleave. Some state is loaded only when it is missed, workers are declared dead and go on as zombies, memory
 * may run out.
 *
 * @param started called when the host has done its part and workers start, and when they have left
 * @param hostReads called for each word that the host reads while workers run, with its address
 *
 * @returns why the block ended
 */
export function runBlock(
  crew: Crew,
  choose: Choice,
  transactions: number,
  started: () => void,
  hostReads: (address: number) => void = () => {},
): 'done' | 'exhausted' {
  const { memory, all } = crew;
  const [host, ...workers] = all as [Instance, ...Instance[]];
  const words = new DataView(memory.buffer);
  const set = (field: number, value: number) => words.setUint32(CONTROL_BASE + field, value, true);
  const { core } = host;
  const complete = choose(2);
  const size = choose(6) === 0 ? 300_000 + choose(100_000) : pages * 65536;
  core.initialize(size, 64, 1024, workers.length, 4, 4096);
  if (!core.beginBlock(transactions)) return 'exhausted';
  set(Control.WINDOW, 2 + choose(30));
  set(Control.STATE_COMPLETE, complete);
  set(Control.INCARNATION_CAP, 1 + choose(6));
  set(Control.HALT_ON_INVALID, 0);
  set(Control.PROFILE, choose(2));
  if (!loadCode(memory, core, choose)) return 'exhausted';
  for (let index = 0; index < transactions; index++) {
    const native = choose(2) === 0;
    const program = native ? synthetic(memory, core, choose) : { address: 0, length: 0 };
    if (program === undefined) return 'exhausted';
    core.setTransaction(index, native ? TxFlag.NATIVE : 0, program.address, program.length);
    if (index > 0 && choose(4) === 0) core.addDependency(choose(index), index);
    if (choose(4) === 0 && !announce(memory, core, index, choose)) return 'exhausted';
  }
  const slotsAt = words.getUint32(CONTROL_BASE + Control.SLOTS, true);
  for (let at = 0; at < 3; at++) {
    words.setUint32(slotsAt + at * TxSlot.SIZE + TxSlot.EARLY, 1 + choose(transactions), true);
  }
  // Half the blocks as most blocks are run.
  const policy = POLICIES[choose(2 * POLICIES.length)];
  if (policy !== undefined) setPolicy(words, policy, transactions);

  started();
  for (const { core, id } of workers) core.join(id);
  const dead = new Set<Instance>();
  for (;;) {
    const ended = runWorkers(memory, workers, dead, core, choose, transactions, hostReads);
    if (ended !== 'missing') return ended;
    // The workers have left; the host loads what is missing, they come back.
    started();
    if (!loadState(memory, core)) return 'exhausted';
    core.resumeBlock();
    started();
  }
}

/** Announces what a transaction may leave in storage, or may not. False when memory is exhausted. */
function announce(memory: WebAssembly.Memory, core: Core, index: number, choose: Choice): boolean {
  const batch = core.allocate(BaseEntry.SIZE);
  if (batch === 0) return false;
  const entry = new Uint8Array(memory.buffer, batch, BaseEntry.SIZE).fill(0);
  entry[BaseEntry.KIND] = Kind.STORAGE;
  entry[BaseEntry.ADDRESS + 19] = choose(accounts);
  entry[BaseEntry.SLOT + 31] = choose(slots);
  entry[BaseEntry.VALUE] = choose(4);
  return Boolean(core.announce(index, batch, 1));
}

/** Lets the workers run until the block is done or halted. */
function runWorkers(
  memory: WebAssembly.Memory,
  workers: Instance[],
  dead: Set<Instance>,
  host: Core,
  choose: Choice,
  transactions: number,
  hostReads: (address: number) => void,
): 'done' | 'exhausted' | 'missing' {
  const words = new DataView(memory.buffer);
  const attempts = new Map<Instance, { transaction: number; steps: number }>();
  const alive = new Set(workers.filter((worker) => !dead.has(worker)));
  const zombies = new Set<Instance>();
  const lookFromHost = ({ id }: Instance) => {
    for (const field of watchedByHost) hostReads(CONTROL_BASE + field);
    hostReads(host.workerAt(id) + Worker.RUNNING);
  };
  while (alive.size > 0) {
    const worker = [...alive, ...zombies][choose(alive.size + zombies.size)]!;
    lookFromHost(worker);
    const attempt = attempts.get(worker);
    if (attempt !== undefined) {
      if (!step(memory, worker.core, attempt, choose)) attempts.delete(worker);
      if (!alive.has(worker) || alive.size === 1 || choose(60) > 0) continue;
      host.declareDead(worker.id, choose(2) === 0 ? attempt.transaction + 1 : 0);
      alive.delete(worker);
      dead.add(worker);
      zombies.add(worker);
      continue;
    }
    if (alive.has(worker) && choose(8) === 0) transition(worker.core, choose, transactions);
    const next = nextOf(worker.core, choose(8) === 0);
    if (next >= 0) attempts.set(worker, { transaction: next, steps: 1 + choose(6) });
    else if (next !== Next.IDLE) {
      alive.delete(worker);
      zombies.delete(worker);
    }
  }
  for (const worker of workers) lookFromHost(worker);
  const halt = words.getUint32(CONTROL_BASE + Control.HALT, true);
  if (halt === Halt.NONE) return 'done';
  if (halt === Halt.MISSING_STATE) return 'missing';
  if (halt === Halt.EXHAUSTED) return 'exhausted';
  throw new Error(`the block was halted: ${halt}`);
}

/** A transition that the loop of the core makes by itself, made from outside as well: they may be at work in one block. */
function transition(core: Core, choose: Choice, transactions: number): void {
  const kind = choose(3);
  if (kind === 0) core.validateExecuted(choose(transactions));
  else if (kind === 1) core.reexecute(choose(transactions));
  else core.commitHead();
}

function nextOf(core: Core, maySleep: boolean): number {
  try {
    return core.next(maySleep, Number.NaN);
  } catch (error) {
    if (error instanceof Asleep) return Next.IDLE;
    throw error;
  }
}

/** A step of an attempt from outside the core. False when the attempt has ended. */
function step(
  memory: WebAssembly.Memory,
  core: Core,
  attempt: { transaction: number; steps: number },
  choose: Choice,
): boolean {
  const scratch = core.scratch();
  if (attempt.steps-- === 0) {
    const outcome = [Outcome.SUCCESS, Outcome.REVERTED, Outcome.FAILED][choose(3)]!;
    core.finish(outcome, 21000n, scratch + Scratch.VALUE, choose(2) * 8);
    return false;
  }
  const kind = kinds[choose(kinds.length)]!;
  const bytes = new Uint8Array(memory.buffer, scratch, 128);
  bytes.fill(0);
  bytes[Scratch.ADDRESS + 19] = choose(accounts);
  bytes[Scratch.SLOT + 31] = choose(slots);
  bytes[Scratch.VALUE] = choose(4);
  bytes[Scratch.BOUND] = choose(4);
  const location = core.locateScratch(kind);
  if (location === 0) return core.exhaust() === ReadResult.VALUE;
  const action = choose(7);
  let result: number = ReadResult.VALUE;
  if (action === 0 && kind === Kind.BALANCE) core.credit(location);
  else if (action === 1 && kind === Kind.BALANCE) result = core.atLeast(location);
  else if (action === 2) core.write(location);
  else if (action === 3) core.findCodeScratch();
  else if (action === 4) loadCode(memory, core, choose);
  else if (action === 5) core.addDependency(choose(attempt.transaction + 1), attempt.transaction + 1 + choose(3));
  else result = core.read(location);
  if (result === ReadResult.BLOCKED) core.suspend();
  if (result === ReadResult.MISSING) core.park(location);
  if (result === ReadResult.EXHAUSTED) core.exhaust();
  return result === ReadResult.VALUE;
}

/** A random program for the executor inside the core (assembly/execute/synthetic.ts). */
function synthetic(
  memory: WebAssembly.Memory,
  core: Core,
  choose: Choice,
): { address: number; length: number } | undefined {
  const count = 1 + choose(6);
  const address = core.allocate(count * 16);
  if (address === 0) return undefined;
  const words = new Uint32Array(memory.buffer, address, count * 4);
  const instruction = () => [1 + choose(16), 1 + choose(accounts), 1 + choose(slots), choose(3)];
  for (let at = 0; at < count; at++) words.set(instruction(), at * 4);
  return { address, length: count * 16 };
}

/** Loads every location that a random transaction may touch. */
function loadState(memory: WebAssembly.Memory, core: Core): boolean {
  for (const kind of kinds) {
    for (let account = 0; account <= accounts; account++) {
      for (let slot = 0; slot <= (kind === Kind.STORAGE ? slots : 0); slot++) {
        const batch = core.allocate(BaseEntry.SIZE);
        if (batch === 0) return false;
        const entry = new Uint8Array(memory.buffer, batch, BaseEntry.SIZE).fill(0);
        entry[BaseEntry.KIND] = kind;
        entry[BaseEntry.ADDRESS + 19] = account;
        entry[BaseEntry.SLOT + 31] = slot;
        entry[BaseEntry.VALUE] = 1;
        if (core.loadBase(batch, 1) !== 1) return false;
      }
    }
  }
  return true;
}

/** Makes a code known, twice, under a hash that attempts ask for. */
function loadCode(memory: WebAssembly.Memory, core: Core, choose: Choice): boolean {
  const hash = core.allocate(32);
  const bytes = core.allocate(BaseValue.CODE_BYTES);
  if (hash === 0 || bytes === 0) return false;
  new Uint8Array(memory.buffer, hash, 32).fill(0)[31] = choose(slots);
  return core.addCode(hash, bytes, 8) && core.addCode(hash, bytes, 8);
}
