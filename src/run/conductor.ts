// One run from its plan to its outcome, on whatever thread the host lives: begin, load, let the crew work, load what was
// missing, drain what did not fit, decode.

import { MemoryLimitError, StateSourceError, WorkerError } from '../base/errors.ts';
import { type Hex, hexFromBytes } from '../base/hex.ts';
import { turnTaker } from '../base/platform.ts';
import type { EvmBlockInput, EvmTransactions } from '../core/evm/evm-encode.ts';
import { type BlockHost, type Lanes, nameOfKey } from '../core/host/block-host.ts';
import {
  type ChangeRecords,
  collectRecords,
  decodeChanges,
  type RawChanges,
  rewindRecords,
  type SegmentChanges,
  unknownAccounts,
} from '../core/host/change-records.ts';
import { type KeptRecords, keepWritten } from '../core/host/kept-state.ts';
import { type RunLessons, readLessons } from '../core/host/lessons.ts';
import { locationCount, nameLocation } from '../core/host/location.ts';
import type { RawResult, ResultBatch } from '../core/host/outcome.ts';
import { giveRecordings, type Recordings } from '../core/host/recordings.ts';
import type { RunPolicy } from '../core/host/run-policy.ts';
import { addTrace, readTrace, type Trace } from '../core/host/run-statistics.ts';
import { type AccountFields, type KnownLocations, snapshotState } from '../core/host/state-changes.ts';
import { type AnnouncedWrites, EMPTY_IMAGE, imageOfFields, type StateImage } from '../core/host/state-image.ts';
import type { SourceKey } from '../state/state-source.ts';
import type { LocationName } from '../types.ts';
import { partitionsOf } from './partitions.ts';
import { type BlockTasks, nameTask } from './task-name.ts';

export interface PlannedTask {
  /** Estimated gas, or any other measure of work; 0 where nobody knows. */
  readonly cost: number;
  readonly dependencies: readonly number[];
}

/** What is to be run; structured-cloneable. */
export interface RunPlan {
  /** How many tasks there are. */
  readonly count: number;
  /** What is known of each task; empty with `evm`, whose transactions say it themselves. */
  readonly tasks: readonly PlannedTask[];
  /** One program of the core's synthetic executor per task; `undefined`: the tasks are for an executor outside. */
  readonly programs: readonly Uint8Array[] | undefined;
  /** One transaction of the core's EVM per task, and what they share; `undefined`: as above. */
  readonly evm: { readonly environment: EvmBlockInput; readonly transactions: EvmTransactions } | undefined;
  readonly image: StateImage;
  /** Whether what is not in the image is zero; otherwise it is loaded when somebody misses it. */
  readonly complete: boolean;
  readonly window: number;
  /** How work is shared out and looked at again; the default one unless given. */
  readonly policy?: RunPolicy | undefined;
  /** Workers that a block is shared out to before it begins, where the policy says so. */
  readonly partitions?: number | undefined;
  readonly haltOnInvalid: boolean;
  readonly profile: boolean;
  /** One task at a time, in order. */
  readonly sequential: boolean;
  /** Workers that take part, at most; `undefined`: all that there are. */
  readonly workers?: number | undefined;
  /** Where the tasks are a block's. */
  readonly block: BlockTasks | undefined;
  /** Also collect what had changed before this task. */
  readonly checkpoint: number | undefined;
  /** Given: the state that stays is as it was when the run is over, but for what {@link StayingState.keep} was told. */
  readonly trial?: Trial | undefined;
  /** Given: the tasks of `evm` are in lanes. Nothing of what they do becomes part of the state, and no changes are collected. */
  readonly lanes?: Lanes | undefined;
  /** Given: the run goes on where another left off, whose results are known. */
  readonly prefix?: RunPrefix | undefined;
  /** Whether lessons are taken out of the memory. */
  readonly learns?: boolean | undefined;
  /** What is known before about how the tasks have to do with each other: hints, all of it. */
  readonly planning?: RunPlanning | undefined;
}

/** Structured-cloneable. Tasks are named by number. */
export interface RunPlanning {
  /** Pairs, one behind the other: a lower task, and a higher one that should not begin before it has executed. */
  readonly dependencies: Uint32Array;
  /** Those that begin ahead of their turn, in this order. */
  readonly early: Uint32Array;
  /** What tasks will write, for those that read it while they have not executed. */
  readonly announced: AnnouncedWrites | undefined;
}

/** What was given of a plan, and what became of it. Structured-cloneable. */
export interface PlanningOutcome {
  dependencies: number;
  announced: number;
  wrong: number;
  /** The first that is wrong: task, and place. */
  firstWrong: { readonly task: number; readonly location: LocationName } | undefined;
}

/** What is committed of a run, and what the rest needs of it. Structured-cloneable. */
export interface RunPrefix {
  /** The first task that is not committed. */
  readonly first: number;
  /** The state that it begins with: as a whole, or what is otherwise than in the plan's image. */
  readonly image: StateImage;
  readonly isWhole: boolean;
  readonly sequential: boolean;
  readonly changes: RawChanges;
  readonly checkpoint: RawChanges | undefined;
  readonly trace: Trace;
  readonly planning: PlanningOutcome | undefined;
  /** Accounts whose storage is gone by now, lower-case hex. */
  readonly emptied: readonly string[];
  readonly figures: Figures;
}

/** Times, and how often what happened. */
export type Figures = Pick<RunOutcome, 'loadMs' | 'setupMs' | 'executionMs' | 'decodeMs' | 'drains' | 'loadRounds'>;

/** What a run that changes nothing begins with. */
export interface Trial {
  /** What an earlier run has recorded of the tasks. */
  readonly recordings: Recordings;
  /** The layout in which the recordings hold. */
  readonly layout: number;
}

/** Structured-cloneable. */
export interface RunOutcome {
  /** In order: all of them, or those behind the plan's prefix. */
  readonly results: readonly ResultBatch[];
  readonly changes: RawChanges;
  readonly checkpoint: RawChanges | undefined;
  readonly trace: Trace;
  readonly planning: PlanningOutcome | undefined;
  /** One per memory, where the plan learns. */
  readonly lessons: readonly RunLessons[];
  readonly loadMs: number;
  readonly setupMs: number;
  readonly executionMs: number;
  readonly decodeMs: number;
  readonly drains: number;
  readonly loadRounds: number;
  readonly memoryBytes: number;
}

export interface LoadedState {
  readonly image: StateImage;
  /** By `keyFromBytes(address)`: the accounts among what was asked for. */
  readonly accounts: ReadonlyMap<string, AccountFields>;
}

/** What a conductor tells and asks those who started it. */
export interface RunHooks {
  /** Loads state; `emptied`: accounts whose storage is gone by now, lower-case hex. */
  load(keys: readonly SourceKey[], emptied: ReadonlySet<string>): Promise<LoadedState>;
  /** New results, in order. */
  committed(results: ResultBatch): void;
  drain(from: number): void;
  /** What is committed at a pause of the crew, and the results since the last one. */
  paused?(prefix: RunPrefix, results: readonly ResultBatch[]): void;
  /** Looks at what is committed while its versions are still in the memory; `first`: number of the block's first task. */
  examine?(host: BlockHost, first: number): Promise<void>;
}

export interface RoundOptions {
  /** Number of the block's first task in the plan. */
  readonly first: number;
  /** One worker only. */
  readonly sequential: boolean;
  /** The block is committed; what is left is to fold it. */
  readonly folding?: boolean;
}

/** A state that stays from run to run, in the memory that the crew prepares. */
export interface StayingState {
  /** Transactions from which on the workers fold together; fewer are folded by the host alone. */
  readonly foldTogether: number;
  /** Another number as soon as locations may have other numbers. */
  readonly layout: number;
  /** Takes what the run has written held before it: what takes the run back. */
  keep(records: KeptRecords): void;
  /** Takes what the run has changed, as it is in the memory. */
  changed(records: ChangeRecords): void;
}

/**
 * How a round ended. `spent`: more workers were lost than this memory has ids for; what is committed stands, the rest needs
 * another. `paused`: what is committed is to be told, and then the block goes on.
 */
export type RoundAnswer = 'over' | 'spent' | 'paused';

/** Those who execute, and the memory they do it in. */
export interface Crew {
  /** A host over a memory that nobody else touches. */
  prepare(): Promise<BlockHost>;
  /** One round: until the block is done or halted, or to be told of, and no live worker is inside. */
  round(host: BlockHost, options: RoundOptions): Promise<RoundAnswer>;
  /** When the first worker of the last round began to execute, on the memory's clock; unknown where nothing is posted. */
  readonly beganMs?: number | undefined;
  /** When the last round was over, on the same clock. */
  readonly endedMs?: number | undefined;
}

/** The outcome at the commit head that makes a whole run invalid. */
export class InvalidOutcome extends Error {
  readonly index: number;
  readonly result: RawResult;

  constructor(index: number, result: RawResult) {
    super(`task ${index}: ${result.error ?? result.status}`);
    this.index = index;
    this.result = result;
  }
}

/** As much of the plan as one memory took. */
interface Segment {
  readonly host: BlockHost;
  /** Tasks that were committed in it. */
  readonly committed: number;
  /** How many of them were not committed before. */
  readonly fresh: number;
  /** `over`: it was done, halted or full. */
  readonly answer: Exclude<RoundAnswer, 'paused'>;
  readonly sequential: boolean;
  /** When it began to run, on the memory's clock. */
  readonly clockMs: number;
  /** Whether state was loaded meanwhile. */
  readonly loaded: boolean;
}

/** How often in a row a block may end for lack of ids without headway: nothing committed, nothing loaded. */
const MAX_TRIES = 6;
const RESULTS_PER_TURN = 256;

/** What a segment begins with: a state, and what goes over it. */
interface Beginning {
  readonly image: StateImage;
  readonly over?: StateImage;
  readonly sequential: boolean;
}

type Writable<T> = { -readonly [Name in keyof T]: T[Name] };
const NOTHING_YET: Figures = { loadMs: 0, setupMs: 0, executionMs: 0, decodeMs: 0, drains: 0, loadRounds: 0 };

export class Conductor {
  readonly #plan: RunPlan;
  readonly #crew: Crew;
  readonly #hooks: RunHooks;
  readonly #staying: StayingState | undefined;
  readonly #results: ResultBatch[] = [];
  /** How many results these are. */
  #taken = 0;
  /** Tasks that were committed when the run was over. */
  #reached = 0;
  readonly #changes: SegmentChanges[] = [];
  #before: RawChanges | undefined;
  #trace: Trace | undefined;
  #planning: PlanningOutcome | undefined;
  readonly #lessons: RunLessons[] = [];
  /** Segments in a row that ended for lack of ids without headway. */
  #tries = 0;
  readonly #emptied = new Set<string>();
  /** Accounts that were loaded after something had been credited to them. */
  readonly #unseen = new Map<string, AccountFields>();
  readonly #loaded = new Set<string>();
  #host: BlockHost | undefined;
  /** Number of the current block's first task in the plan. */
  #first = 0;
  #cancelled: { reason: unknown } | undefined;
  readonly #figures: Writable<Figures>;
  /** Locations from the plan's image, where that is what is known elsewhere. */
  #known: KnownLocations | undefined;
  /** Batches of results that were known at the last pause. */
  #told = 0;
  /** Gives the event loop a turn when decoding has held the thread for a while. */
  readonly #rest = turnTaker();

  /** `staying`: the run begins with this state, not with the plan's image alone, and advances it. */
  constructor(plan: RunPlan, crew: Crew, hooks: RunHooks, staying?: StayingState) {
    this.#plan = plan;
    this.#crew = crew;
    this.#hooks = hooks;
    this.#staying = staying;
    const { prefix } = plan;
    this.#figures = { ...(prefix?.figures ?? NOTHING_YET) };
    if (prefix === undefined) return;
    this.#first = prefix.first;
    this.#taken = prefix.first;
    this.#changes.push(...prefix.changes);
    this.#before = prefix.checkpoint;
    this.#trace = prefix.trace;
    this.#planning = prefix.planning;
    for (const address of prefix.emptied) this.#emptied.add(address);
  }

  /** Tasks committed so far. */
  committed(): number {
    return this.#host === undefined ? Math.max(this.#taken, this.#reached) : this.#first + this.#host.committed();
  }

  /** Stops the run; it rejects with `reason`. */
  cancel(reason: unknown): void {
    if (this.#cancelled !== undefined) return;
    this.#cancelled = { reason };
    this.#host?.cancel();
  }

  /** A hint while the run lasts. */
  addDependency(lower: number, higher: number): void {
    if (this.#host !== undefined && lower >= this.#first) {
      this.#host.addDependency(lower - this.#first, higher - this.#first);
    }
  }

  /** Hands on the results that were committed since the last time, `limit` at most. */
  flush(limit: number = Number.POSITIVE_INFINITY): void {
    const host = this.#host;
    if (host === undefined) return;
    const known = this.#taken;
    const committed = Math.min(this.#first + host.committed(), known + limit);
    if (committed <= known) return;
    const results = host.results(known - this.#first, committed - this.#first);
    this.#results.push(results);
    this.#taken = committed;
    this.#hooks.committed(results);
  }

  /** The plan in one block, or in several where memory or the ids of workers run out. */
  async run(): Promise<RunOutcome> {
    try {
      return await this.#runSegments();
    } finally {
      // The memory is another run's by now.
      this.#reached = this.committed();
      this.#host = undefined;
    }
  }

  async #runSegments(): Promise<RunOutcome> {
    let beginning = this.#beginning();
    while (true) {
      const segment = await this.#runSegment(beginning);
      await this.#decode(segment);
      const isOver = this.#first + segment.committed === this.#plan.count;
      await this.#advance(segment, isOver);
      if (isOver) return this.#outcome(segment.host);
      this.#checkHeadway(segment);
      // The committed prefix stands; the rest runs on what it left: one at a time, where memory is short.
      const image = this.#imageAfter(segment);
      let { sequential } = segment;
      this.#host = undefined;
      this.#first = this.#nextFirst(segment);
      this.#unseen.clear();
      this.#loaded.clear();
      if (segment.answer === 'over') {
        // Lanes owe each other nothing: while some of them fit, there is no need to run one at a time.
        sequential = this.#plan.lanes === undefined || segment.fresh === 0;
        this.#figures.drains++;
        this.#hooks.drain(this.#first);
      }
      beginning = { image, sequential };
    }
  }

  #beginning(): Beginning {
    const { prefix, image, sequential } = this.#plan;
    if (prefix === undefined) return { image, sequential };
    // What is whole has no code but what was created.
    const below = prefix.isWhole ? { ...EMPTY_IMAGE, codes: image.codes } : image;
    return { image: below, over: prefix.image, sequential: prefix.sequential };
  }

  /**
   * Tells what is committed and what the rest begins with, as if the block ended here; it goes on. False: state that was
   * loaded for that does not fit.
   */
  async #tell(host: BlockHost, { sequential }: Beginning, clockMs: number): Promise<boolean> {
    const start = performance.now();
    const committed = host.committed();
    await this.#takeResults(committed);
    const { loadRounds } = this.#figures;
    const { changes, before } = await this.#changesOf(host, committed);
    if (loadRounds !== this.#figures.loadRounds) {
      if (!host.load(imageOfFields(this.#unseen))) return false;
      // Somebody may wait for it.
      host.resume();
    }
    const isWhole = this.#known === undefined;
    const results = this.#results.slice(this.#told);
    this.#told = this.#results.length;
    this.#figures.decodeMs += performance.now() - start;
    const prefix: RunPrefix = {
      ...{ first: this.#first + committed, sequential, isWhole, figures: this.#figures },
      image: snapshotState(host.instance, committed, this.#plan.complete, this.#unseen, this.#known),
      changes: [...this.#changes, changes],
      checkpoint: before ?? this.#before,
      trace: addTrace(structuredClone(this.#trace), readTrace(host, committed, clockMs), this.#first),
      planning: this.#plannedUpTo(host, committed),
      emptied: [...this.#emptied, ...emptiedIn(changes)],
    };
    this.#hooks.paused?.(prefix, results);
    return true;
  }

  /** Where the rest begins. What a lane has done is nowhere but in its memory: one that is broken off begins again. */
  #nextFirst({ committed }: Segment): number {
    const next = this.#first + committed;
    return this.#plan.lanes?.firsts[next] ?? next;
  }

  /** Runs what is left of the plan in a memory, as far as it goes there. */
  async #runSegment(beginning: Beginning): Promise<Segment> {
    this.#throwIfCancelled();
    const { sequential } = beginning;
    const before = this.#taken;
    const host = await this.#crew.prepare();
    this.#begin(host, beginning);
    this.#host = host;
    // Cancelled while there was nobody to tell.
    this.#throwIfCancelled();
    const clockMs = host.instance.now();
    const { loadRounds } = this.#figures;
    const answer = await this.#rounds(host, beginning, clockMs);
    this.#throwIfCancelled();
    const committed = host.committed();
    const fresh = Math.max(0, this.#first + committed - before);
    return { host, committed, fresh, answer, sequential, clockMs, loaded: this.#figures.loadRounds > loadRounds };
  }

  /** Takes results, changes and statistics out of the memory while they are there. */
  async #decode({ host, committed, clockMs }: Segment): Promise<void> {
    const start = performance.now();
    await this.#takeResults(committed);
    if (host.halted() === 'invalid') throw new InvalidOutcome(this.#first + committed, host.result(committed));
    await this.#hooks.examine?.(host, this.#first);
    this.#throwIfCancelled();
    if (this.#plan.lanes === undefined) {
      const { changes, before } = await this.#changesOf(host, committed);
      this.#before = before ?? this.#before;
      this.#changes.push(changes);
      await this.#rest();
    }
    this.#planning = this.#plannedUpTo(host, committed);
    this.#trace = addTrace(this.#trace, readTrace(host, committed, clockMs), this.#first);
    if (this.#plan.learns === true) this.#lessons.push(readLessons(host, committed, this.#first));
    this.#figures.decodeMs += performance.now() - start;
  }

  async #takeResults(committed: number): Promise<void> {
    while (this.#taken < this.#first + committed) {
      this.flush(RESULTS_PER_TURN);
      await this.#rest();
    }
  }

  /** What was changed, and what had been before the plan's checkpoint, where that lies in the segment. */
  async #changesOf(
    host: BlockHost,
    committed: number,
  ): Promise<{ changes: SegmentChanges; before: RawChanges | undefined }> {
    const records = await this.#collect(host, committed);
    // As it is by now: a later segment begins with another one.
    const changes = { records, rewound: undefined, unseen: new Map(this.#unseen) };
    return { changes, before: await this.#beforeCheckpoint(host, committed, changes) };
  }

  async #beforeCheckpoint(host: BlockHost, committed: number, whole: SegmentChanges): Promise<RawChanges | undefined> {
    const { checkpoint } = this.#plan;
    if (checkpoint === undefined || checkpoint < this.#first || checkpoint > this.#first + committed) return undefined;
    const upTo = checkpoint - this.#first;
    const rewound = rewindRecords(host.instance, host.locationsWritten(upTo, committed), upTo);
    const segment =
      rewound === undefined
        ? { records: await this.#collect(host, upTo), rewound, unseen: new Map(this.#unseen) }
        : { ...whole, rewound };
    return [...this.#changes, segment];
  }

  /** @throws WorkerError or MemoryLimitError where it makes no sense to go on */
  #checkHeadway({ host, fresh, answer, sequential, loaded }: Segment): void {
    const { name } = nameTask(this.#first, this.#plan.block);
    if (answer === 'over') {
      if (!sequential || fresh > 0) return;
      throw new MemoryLimitError(`${name} and the state it needs do not fit into ${host.instance.bytes.length} bytes`);
    }
    this.#tries = fresh > 0 || loaded ? 0 : this.#tries + 1;
    if (this.#tries < MAX_TRIES) return;
    throw new WorkerError(
      `${name}: ${MAX_TRIES} times, all workers that a memory has ids for were lost without headway`,
    );
  }

  /** The state that the rest begins with. */
  #imageAfter({ host, committed }: Segment): StateImage {
    for (const address of emptiedIn(this.#changes.at(-1))) this.#emptied.add(address);
    if (this.#staying !== undefined) return EMPTY_IMAGE;
    return snapshotState(host.instance, committed, this.#plan.complete, this.#unseen);
  }

  #outcome(host: BlockHost): RunOutcome {
    return {
      results: this.#results,
      changes: this.#changes,
      checkpoint: this.#before,
      trace: this.#trace!,
      planning: this.#planning,
      lessons: this.#lessons,
      ...this.#figures,
      memoryBytes: host.memoryBytes(),
    };
  }

  #begin(host: BlockHost, { image, over, sequential }: Beginning): void {
    const start = performance.now();
    const { tasks, programs, evm, complete, haltOnInvalid, profile, window, trial, lanes, policy } = this.#plan;
    const first = this.#first;
    const count = this.#plan.count - first;
    const tooSmall = (what: string): never => {
      throw new MemoryLimitError(`${what} does not fit into ${host.instance.bytes.length} bytes of memory`);
    };
    const partitions = sequential || policy?.scheduling !== 'partitioned' ? 0 : (this.#plan.partitions ?? 0);
    const run = { policy: sequential ? undefined : policy, partitions };
    const setup = { count, first, window: sequential ? 1 : window, complete, haltOnInvalid, profile, ...run };
    const begun = this.#staying === undefined ? host.begin(setup) : host.beginRun(setup);
    if (!begun) tooSmall(`the administration of ${count} tasks`);
    // Of what both have, the first counts.
    if (over !== undefined && !host.load(over)) tooSmall('the state before the run');
    const from = locationCount(host.instance);
    if (!host.load(image)) tooSmall('the state before the run');
    const isPlans = image === this.#plan.image && image.count > 0;
    this.#known = isPlans ? { from, to: locationCount(host.instance) } : undefined;
    if (evm !== undefined) {
      const { environment, transactions } = evm;
      if (!host.setEvmBlock(environment)) tooSmall('the environment of the block');
      if (!host.setEvmTransactions(transactions, first)) tooSmall('the list of transactions');
      // Whoever gets none for lack of memory is executed.
      if (trial !== undefined && trial.layout === this.#staying?.layout) {
        giveRecordings(host.instance, trial.recordings.slice(first));
      }
      if (lanes !== undefined && !host.setLanes(lanes, first)) tooSmall('the list of lanes');
      // The EVM inside the core finds out what a transaction misses although those before it have not run: no waiting then.
      if (complete) this.#addSenderOrder(host, transactions);
    }
    if (!sequential) this.#give(host);
    for (let index = 0; index < tasks.length - first; index++) {
      const { dependencies } = tasks[first + index]!;
      if (programs === undefined) host.setTask(index);
      else if (!host.setProgram(index, programs[first + index]!)) tooSmall(`the program of task ${first + index}`);
      for (const lower of dependencies) if (lower >= first) host.addDependency(lower - first, index);
    }
    if (partitions > 0) host.setPartitions(this.#partitions(count, partitions));
    this.#figures.loadMs += performance.now() - start;
  }

  /** Of the tasks from the segment's first on. */
  #partitions(count: number, partitions: number): Uint8Array {
    const first = this.#first;
    const { evm, tasks, planning } = this.#plan;
    const pairs: [number, number][] = [];
    for (let task = first; task < first + count; task++) {
      const before = evm?.transactions.previous[task] ?? -1;
      if (before >= first) pairs.push([before - first, task - first]);
      for (const lower of tasks[task]?.dependencies ?? []) pairs.push([lower - first, task - first]);
    }
    const { dependencies = [] } = planning ?? {};
    for (let at = 0; at < dependencies.length; at += 2) {
      pairs.push([dependencies[at]! - first, dependencies[at + 1]! - first]);
    }
    const costs = evm?.transactions.costs.subarray(first) ?? tasks.slice(first).map(({ cost }) => cost);
    return partitionsOf(count, pairs, costs, partitions);
  }

  /** Gives the core what is planned; it is dropped where there is no room for it. */
  #give(host: BlockHost): void {
    const { planning, complete, lanes } = this.#plan;
    if (planning === undefined || lanes !== undefined) return;
    const first = this.#first;
    this.#planning ??= { dependencies: 0, announced: 0, wrong: 0, firstWrong: undefined };
    const { dependencies, early, announced } = planning;
    if (announced !== undefined) host.announce(announced, first);
    // Where state has to be loaded, all run ahead to find out what they miss.
    if (!complete) return;
    for (let at = 0; at < dependencies.length; at += 2) {
      if (dependencies[at]! < first) continue;
      host.addDependency(dependencies[at]! - first, dependencies[at + 1]! - first);
      this.#planning.dependencies++;
    }
    if (first === 0) host.setEarly(early);
  }

  /** What became of the plan, with what was announced of the `committed` transactions of the block. */
  #plannedUpTo(host: BlockHost, committed: number): PlanningOutcome | undefined {
    const planning = this.#planning;
    if (planning === undefined || this.#plan.planning?.announced === undefined) return planning;
    const { writes, wrong, first } = host.announced(committed);
    const found = first && {
      task: this.#first + first.index,
      location: nameLocation(host.instance, first.location),
    };
    return {
      dependencies: planning.dependencies,
      announced: planning.announced + writes,
      wrong: planning.wrong + wrong,
      firstWrong: planning.firstWrong ?? found,
    };
  }

  /** Transactions of one sender depend on each other in order: a hint, as all dependencies. */
  #addSenderOrder(host: BlockHost, { previous }: EvmTransactions): void {
    const first = this.#first;
    const { lanes, planning } = this.#plan;
    // Who is announced to leave something need not be waited for.
    const announced = new Set(planning?.announced?.tasks);
    for (let at = first; at < previous.length; at++) {
      if (announced.has(previous[at]!)) continue;
      if (previous[at]! >= (lanes?.firsts[at] ?? first)) host.addDependency(previous[at]! - first, at - first);
    }
  }

  /** Lets the crew work until the block is done, halted for good, or not to go on in this memory. */
  async #rounds(host: BlockHost, beginning: Beginning, clockMs: number): Promise<Segment['answer']> {
    const { sequential } = beginning;
    while (true) {
      const startMs = host.instance.now();
      const answer = await this.#crew.round(host, { first: this.#first, sequential });
      const roundMs = host.instance.now() - startMs;
      const { beganMs, endedMs } = this.#crew;
      const executionMs = beganMs === undefined || endedMs === undefined ? roundMs : endedMs - beganMs;
      this.#figures.executionMs += executionMs;
      this.#figures.setupMs += Math.max(0, roundMs - executionMs);
      if (answer === 'spent') return answer;
      if (answer === 'paused') {
        if (!(await this.#tell(host, beginning, clockMs)) || this.#cancelled !== undefined) return 'over';
        continue;
      }
      if (this.#cancelled !== undefined || host.halted() !== 'missing') return answer;
      this.flush();
      const { image, accounts } = await this.#load(host.missing());
      if (!host.load(image)) {
        // The rest runs on in a fresh memory, which has to know what these hold with what was credited to them here.
        for (const [address, fields] of accounts) this.#unseen.set(address, fields);
        return answer;
      }
      host.resume();
      // A cancellation that came while the block was halted anyway.
      if (this.#cancelled !== undefined) return answer;
    }
  }

  /** Makes what is committed part of the state that stays. */
  async #advance({ host, committed }: Segment, isOver: boolean): Promise<void> {
    const { instance } = host;
    const { trial, lanes } = this.#plan;
    if (this.#staying === undefined || lanes !== undefined || committed === 0 || (trial !== undefined && isOver))
      return;
    this.#throwIfCancelled();
    // What was credited to accounts that nobody had asked for is added to what they hold.
    if (this.#unseen.size > 0 && !host.load(imageOfFields(this.#unseen))) {
      throw new MemoryLimitError(`the state does not fit into ${instance.bytes.length} bytes`);
    }
    this.#staying.keep(keepWritten(instance, committed));
    this.#staying.changed(this.#changes.at(-1)!.records);
    if (!isOver || !instance.core.beginFold()) {
      instance.core.foldPrefix(committed);
      return;
    }
    try {
      if (committed >= this.#staying.foldTogether)
        await this.#crew.round(host, { first: this.#first, sequential: false, folding: true });
    } finally {
      instance.core.finishFold();
    }
  }

  /** What the first `upTo` transactions of the block changed; loads what it takes to know the balances. */
  async #collect(host: BlockHost, upTo: number): Promise<ChangeRecords> {
    const records = await collectRecords(host.instance, upTo, this.#rest);
    const unknown = unknownAccounts(records, this.#unseen);
    if (unknown.length === 0) return records;
    const keys = unknown.map((address) => ({ kind: 'account', address: hexFromBytes(address) }) as const);
    const { accounts } = await this.#load(keys);
    for (const [address, fields] of accounts) this.#unseen.set(address, fields);
    return records;
  }

  async #load(keys: readonly SourceKey[]): Promise<LoadedState> {
    const start = performance.now();
    // A terminated worker may ask late for what is there by now.
    const wanted = keys.filter((key) => !this.#loaded.has(nameOfKey(key)));
    const [first] = keys;
    if (wanted.length === 0 && first !== undefined) {
      throw new StateSourceError(`the state source did not give what it was asked for: ${nameOfKey(first)}`);
    }
    for (const key of wanted) this.#loaded.add(nameOfKey(key));
    this.#figures.loadRounds++;
    const loaded = await this.#hooks.load(wanted, this.#emptied);
    this.#figures.loadMs += performance.now() - start;
    return loaded;
  }

  #throwIfCancelled(): void {
    if (this.#cancelled === undefined) return;
    this.#host = undefined;
    throw this.#cancelled.reason;
  }
}

/** Accounts whose storage was emptied as a whole, lower-case hex. */
function emptiedIn(changes: SegmentChanges | undefined): Hex[] {
  if (changes === undefined) return [];
  const accounts = [...decodeChanges([changes]).accounts.values()];
  return accounts.filter(({ emptied }) => emptied).map(({ address }) => hexFromBytes(address));
}
