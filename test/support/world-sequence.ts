// Random lives of a state that stays: blocks, refused and cancelled ones, settings, reverts, forks, deaths of workers and
// too little memory, against an oracle that knows nothing but one map per moment.
import { CONTROL_BASE, Control, Kind } from '../../assembly/layout.ts';
import { MemoryLimitError } from '../../src/base/errors.ts';
import type { BlockHost } from '../../src/core/host/block-host.ts';
import { EMPTY_IMAGE } from '../../src/core/host/state-image.ts';
import type { CoreInstance } from '../../src/core/instance/abi.ts';
import { Conductor } from '../../src/run/conductor.ts';
import type { Crew, RoundOptions } from '../../src/run/crew.ts';
import { openLocalHome } from '../../src/run/local-crew.ts';
import { type Home, Residence } from '../../src/run/residence.ts';
import { InvalidOutcome } from '../../src/run/run-outcome.ts';
import type { RunPlan } from '../../src/run/run-plan.ts';
import { imageOf, loadKeys } from '../../src/run/state-loading.ts';
import type { StateSource } from '../../src/state/state-source.ts';
import { partsOfKey, runSequentially, type SyntheticBlock, stateKey } from './synthetic.ts';
import { type Choose, chooser, generateBlock } from './synthetic-generator.ts';
import { stateOf, tasksOf } from './synthetic-run.ts';

/** 2 MiB. */
const PAGES = 32;

type State = ReadonlyMap<number, bigint>;

/** A world, and what must be in it. */
interface Life {
  readonly residence: Residence;
  state: State;
  snapshots: { mark: number; state: State }[];
}

/** Memories that were left: the platform is slow to give them back. */
const left: (Home & { bound: Bound })[] = [];

/** Less of a memory than there is. */
interface Bound {
  locations: number;
  bytes: number;
}

export interface SequenceCounts {
  blocks: number;
  refused: number;
  reverts: number;
  forks: number;
  deaths: number;
  drains: number;
  limits: number;
}

export class WorldSequence {
  readonly counts: SequenceCounts = { blocks: 0, refused: 0, reverts: 0, forks: 0, deaths: 0, drains: 0, limits: 0 };
  readonly #module: WebAssembly.Module;
  readonly #choose: Choose;
  readonly #seed: number;
  readonly #bound: Bound;
  readonly #first: SyntheticBlock;
  readonly #source: StateSource;
  #blocks = 0;

  constructor(module: WebAssembly.Module, seed: number) {
    this.#module = module;
    this.#seed = seed;
    this.#choose = chooser(seed);
    const isTight = this.#choose(2) === 0;
    this.#bound = {
      locations: isTight ? 60 + this.#choose(200) : 10_000,
      bytes: isTight ? 95_000 + this.#choose(20_000) : 2 ** 30,
    };
    this.#first = generateBlock(seed, 8);
    const base = stateOf(this.#first);
    this.#source = { load: (keys, options) => base.load(keys, options), blockHash: (number) => base.blockHash(number) };
  }

  /** Lives one life of `length` events. @throws where the world and the oracle differ */
  async run(length: number): Promise<void> {
    const complete = this.#choose(3) > 0;
    const { image } = await imageOf(stateOf(this.#first));
    const open = () => this.#open();
    const residence = await Residence.open({ open, complete }, complete ? image : EMPTY_IMAGE);
    residence.foldTogether = this.#choose(2) === 0 ? 1 : 512;
    const state = runSequentially(this.#first, 0).state;
    let life: Life = { residence, state, snapshots: [] };
    const lives = [life];
    for (let event = 0; event < length; event++) {
      const what = this.#choose(20);
      try {
        if (what < 9) await this.#block(life);
        else if (what < 11) await this.#refusedBlock(life);
        else if (what < 13) await this.#set(life);
        else if (what < 15) life.snapshots.push({ mark: life.residence.mark, state: life.state });
        else if (what < 18) await this.#revert(life);
        else if (what === 18) this.#taint(life);
        else lives.push(await this.#fork(life));
      } catch (error) {
        if (!(error instanceof MemoryLimitError)) throw error;
        this.counts.limits++;
      }
      this.#compare(life, event);
      life = lives[this.#choose(lives.length)]!;
    }
    for (const [at, one] of lives.entries()) {
      this.#compare(one, length + at);
      one.residence.dispose();
    }
  }

  async #block(life: Life): Promise<void> {
    const block = this.#nextBlock(life);
    const mark = life.residence.mark;
    const conductor = this.#conduct(life, block, false);
    // Some are cancelled, at some moment.
    const steps = this.#choose(6) === 0 ? this.#choose(12) : undefined;
    try {
      const run = conductor.run();
      for (let step = 0; step < (steps ?? 0); step++) await undefined;
      if (steps !== undefined) conductor.cancel(new Error('cancelled'));
      await run;
    } catch (error) {
      await life.residence.revertTo(mark);
      if (error instanceof Error && error.message === 'cancelled') return;
      throw error;
    }
    this.counts.blocks++;
    life.state = runSequentially(block).state;
  }

  /** A block with a transaction that is invalid at the end, which refuses the whole block. */
  async #refusedBlock(life: Life): Promise<void> {
    const block = this.#nextBlock(life);
    const wrong = { ...block, programs: [...block.programs, [[8, 1, 60_000] as const]], dependencies: [] };
    const mark = life.residence.mark;
    const error = await this.#conduct(life, wrong, true)
      .run()
      .catch((reason: unknown) => reason);
    await life.residence.revertTo(mark);
    if (error instanceof MemoryLimitError) throw error;
    if (!(error instanceof InvalidOutcome)) throw new Error(`the block is not refused: ${String(error)}`);
    this.counts.refused++;
  }

  async #set(life: Life): Promise<void> {
    const account = 1 + this.#choose(4);
    const kind = this.#choose(2) === 0 ? Kind.BALANCE : Kind.STORAGE;
    const slot = kind === Kind.STORAGE ? this.#choose(4) : 0;
    const value = BigInt(this.#choose(1000));
    const place = kind === Kind.STORAGE ? wordOf(BigInt(slot)) : undefined;
    await life.residence.write(kind, addressOf(account), place, kind === Kind.STORAGE ? wordOf(value) : value);
    const state = new Map(life.state);
    if (value === 0n) state.delete(stateKey(kind, account, slot));
    else state.set(stateKey(kind, account, slot), value);
    life.state = state;
  }

  async #revert(life: Life): Promise<void> {
    if (life.snapshots.length === 0) return;
    const at = this.#choose(life.snapshots.length);
    const { mark, state } = life.snapshots[at]!;
    await life.residence.revertTo(mark);
    life.state = state;
    life.snapshots = life.snapshots.slice(0, at + 1);
    this.counts.reverts++;
    // What nobody comes back to need not be kept.
    if (this.#choose(3) === 0) {
      life.snapshots = life.snapshots.slice(at);
      life.residence.forgetBefore(mark);
    }
  }

  async #fork(life: Life): Promise<Life> {
    this.counts.forks++;
    return { residence: await life.residence.fork(), state: life.state, snapshots: [] };
  }

  #taint({ residence }: Life): void {
    residence.taint();
    this.counts.deaths++;
  }

  #nextBlock(life: Life): SyntheticBlock {
    const { programs, dependencies = [] } = generateBlock(this.#seed * 1009 + ++this.#blocks, 30);
    return { before: life.state, programs, dependencies };
  }

  #conduct({ residence }: Life, block: SyntheticBlock, haltOnInvalid: boolean): Conductor {
    const tasks = tasksOf(block);
    const plan: RunPlan = {
      count: tasks.length,
      tasks: tasks.map(({ dependencies }) => ({ cost: 1, dependencies })),
      programs: tasks.map(({ payload }) => payload),
      evm: undefined,
      image: EMPTY_IMAGE,
      complete: residence.complete,
      window: 16,
      haltOnInvalid,
      profile: false,
      sequential: false,
      block: undefined,
      checkpoint: undefined,
    };
    const hooks = {
      load: (keys: Parameters<typeof loadKeys>[1], emptied: ReadonlySet<string>) =>
        loadKeys(this.#source, keys, emptied),
      committed() {},
      drain: () => void this.counts.drains++,
    };
    return new Conductor(plan, new MortalCrew(residence, tasks.length, this.#choose, this.counts), hooks, residence);
  }

  async #open(): Promise<Home> {
    const home = left.pop() ?? bounded(await openLocalHome(this.#module, PAGES));
    Object.assign(home.bound, this.#bound);
    return { ...home, leave: () => left.push(home) };
  }

  #compare({ residence, state }: Life, event: number): void {
    const initial = runSequentially(this.#first, 0).state;
    for (const key of new Set([...initial.keys(), ...state.keys()])) {
      const { kind, account, slot } = partsOfKey(key);
      const address = addressOf(account);
      const found =
        kind === Kind.STORAGE
          ? numberOf(residence.storage(address, wordOf(BigInt(slot))))
          : kind === Kind.CODE
            ? hashNumber(residence.codeHash(address))
            : residence.number(kind as typeof Kind.BALANCE, address);
      const expected = state.get(key) ?? 0n;
      if ((found ?? initial.get(key) ?? 0n) !== expected) {
        throw new Error(`event ${event}: kind ${kind} of ${account}, ${slot} is ${found} instead of ${expected}`);
      }
    }
  }
}

/** Has states use a part of the memory only. */
function bounded(home: Home): Home & { bound: Bound } {
  const { host } = home;
  const bound = { locations: 0, bytes: 0 };
  const openState = host.openState.bind(host);
  host.openState = (transactions, locations) => {
    const fits = openState(transactions, locations);
    const { words } = host.instance;
    const control = (field: number) => (CONTROL_BASE + field) >>> 2;
    const end = words[control(Control.ARENA_START)]! + bound.bytes;
    words[control(Control.MEMORY_END)] = Math.min(words[control(Control.MEMORY_END)]!, end);
    words[control(Control.LOCATION_CAPACITY)] = Math.min(words[control(Control.LOCATION_CAPACITY)]!, bound.locations);
    return fits && host.idle();
  };
  return { ...home, bound };
}

/** One worker, which may die after any attempt, and while it folds. */
class MortalCrew implements Crew {
  readonly #residence: Residence;
  readonly #transactions: number;
  readonly #choose: Choose;
  readonly #counts: SequenceCounts;
  #worker: CoreInstance | undefined;

  constructor(residence: Residence, transactions: number, choose: Choose, counts: SequenceCounts) {
    this.#residence = residence;
    this.#transactions = transactions;
    this.#choose = choose;
    this.#counts = counts;
  }

  async prepare(): Promise<BlockHost> {
    const { host, worker } = await this.#residence.home(this.#transactions);
    this.#worker = worker;
    return host;
  }

  async round(host: BlockHost, { folding = false }: RoundOptions): Promise<'over' | 'spent'> {
    const { core } = this.#worker!;
    const dies = this.#choose(12) === 0;
    core.join(1);
    for (let attempts = 0; ; attempts++) {
      if (dies && attempts >= this.#choose(6)) {
        host.declareDead(1);
        this.#residence.taint();
        this.#counts.deaths++;
        return folding ? 'over' : 'spent';
      }
      const answer = core.next(false, 0);
      if (answer !== -3) return 'over';
      await undefined;
    }
  }
}

function addressOf(account: number): Uint8Array {
  const address = new Uint8Array(20);
  new DataView(address.buffer).setUint32(16, account);
  return address;
}

function wordOf(value: bigint): Uint8Array {
  const word = new Uint8Array(32);
  new DataView(word.buffer).setBigUint64(24, value);
  return word;
}

function numberOf(word: Uint8Array | undefined): bigint | undefined {
  return word === undefined ? undefined : new DataView(word.buffer, word.byteOffset).getBigUint64(24);
}

/** The oracle's codes are numbers, which lie in the first bytes of a hash. */
function hashNumber(hash: Uint8Array | undefined): bigint | undefined {
  return hash === undefined ? undefined : new DataView(hash.buffer, hash.byteOffset).getBigUint64(0, true);
}
