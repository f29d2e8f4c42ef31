// What is committed of a run so far: results, changes and statistics, taken out of its memories while they are there.

import type { BlockHost } from '../core/host/block-host.ts';
import {
  type ChangeRecords,
  collectRecords,
  type RawChanges,
  rewindRecords,
  type SegmentChanges,
  unknownAccounts,
} from '../core/host/change-records.ts';
import { type RunLessons, readLessons } from '../core/host/lessons.ts';
import { nameLocation } from '../core/host/location.ts';
import type { ResultBatch } from '../core/host/outcome.ts';
import { addTrace, readTrace, type Trace } from '../core/host/run-statistics.ts';
import { type KnownLocations, snapshotState } from '../core/host/state-changes.ts';
import { imageOfFields, type StateImage } from '../core/host/state-image.ts';
import { emptiedIn, type MissedState } from './missed-state.ts';
import type { RunHooks } from './run-hooks.ts';
import type { PlanningOutcome, RunOutcome, RunPrefix } from './run-outcome.ts';
import type { RunPlan } from './run-plan.ts';

/** A memory with what is left of a plan, while it runs there. */
export interface OpenBlock {
  readonly host: BlockHost;
  /** Number of its first task in the plan. */
  readonly first: number;
  readonly sequential: boolean;
  /** When it began to run, on the memory's clock. */
  readonly clockMs: number;
  /** Locations from the plan's image, where that is what is known elsewhere. */
  readonly known: KnownLocations | undefined;
}

const RESULTS_PER_TURN = 256;

export class CommittedPrefix {
  readonly #plan: RunPlan;
  readonly #hooks: RunHooks;
  readonly #missed: MissedState;
  /** Gives the event loop a turn when decoding has held the thread for a while. */
  readonly #rest: () => Promise<void> | undefined;
  readonly #results: ResultBatch[] = [];
  /** How many results these are. */
  #taken = 0;
  /** Batches of results that were known at the last pause. */
  #told = 0;
  readonly #changes: SegmentChanges[] = [];
  #before: RawChanges | undefined;
  #trace: Trace | undefined;
  #planning: PlanningOutcome | undefined;
  readonly #lessons: RunLessons[] = [];

  /** Begins with the plan's own prefix. */
  constructor(plan: RunPlan, hooks: RunHooks, missed: MissedState, rest: () => Promise<void> | undefined) {
    this.#plan = plan;
    this.#hooks = hooks;
    this.#missed = missed;
    this.#rest = rest;
    const { prefix } = plan;
    if (prefix === undefined) return;
    this.#taken = prefix.first;
    this.#changes.push(...prefix.changes);
    this.#before = prefix.checkpoint;
    this.#trace = prefix.trace;
    this.#planning = prefix.planning;
  }

  /** Tasks whose results are known. */
  get taken(): number {
    return this.#taken;
  }

  /** Changes of the memory that was decoded last. */
  get lastChanges(): SegmentChanges | undefined {
    return this.#changes.at(-1);
  }

  /** Hands on the results that were committed since the last time, `limit` at most. */
  flush({ host, first }: OpenBlock, limit: number = Number.POSITIVE_INFINITY): void {
    const known = this.#taken;
    const committed = Math.min(first + host.committed(), known + limit);
    if (committed <= known) return;
    const results = host.results(known - first, committed - first);
    this.#results.push(results);
    this.#taken = committed;
    this.#hooks.committed(results);
  }

  /** Hands on the results of the block's `committed` tasks, a few at a time. */
  async takeResults(block: OpenBlock, committed: number): Promise<void> {
    while (this.#taken < block.first + committed) {
      this.flush(block, RESULTS_PER_TURN);
      await this.#rest();
    }
  }

  /** Takes changes and statistics out of a block that is over. */
  async take(block: OpenBlock, committed: number): Promise<void> {
    const { host, first, clockMs } = block;
    if (this.#plan.lanes === undefined) {
      const { changes, before } = await this.#changesOf(block, committed);
      this.#before = before ?? this.#before;
      this.#changes.push(changes);
      await this.#rest();
    }
    this.#planning = this.#plannedUpTo(block, committed);
    this.#trace = addTrace(this.#trace, readTrace(host, committed, clockMs), first);
    if (this.#plan.learns === true) this.#lessons.push(readLessons(host, committed, first));
  }

  /**
   * What is committed and what the rest begins with, as if the block ended here, and the results since the last time; it goes
   * on. `undefined`: state that was loaded for that does not fit.
   */
  async soFar(block: OpenBlock): Promise<{ prefix: Omit<RunPrefix, 'figures'>; results: ResultBatch[] } | undefined> {
    const { host, first, sequential, clockMs, known } = block;
    const committed = host.committed();
    await this.takeResults(block, committed);
    const { rounds } = this.#missed;
    const { changes, before } = await this.#changesOf(block, committed);
    if (rounds !== this.#missed.rounds) {
      if (!host.load(imageOfFields(this.#missed.unseen))) return undefined;
      // Somebody may wait for it.
      host.resume();
    }
    const results = this.#results.slice(this.#told);
    this.#told = this.#results.length;
    const prefix = {
      ...{ first: first + committed, sequential, isWhole: known === undefined },
      image: this.#snapshot(block, committed, known),
      changes: [...this.#changes, changes],
      checkpoint: before ?? this.#before,
      trace: addTrace(structuredClone(this.#trace), readTrace(host, committed, clockMs), first),
      planning: this.#plannedUpTo(block, committed),
      emptied: [...this.#missed.emptied, ...emptiedIn(changes)],
    };
    return { prefix, results };
  }

  /** The state that the rest begins with, as a whole. */
  imageAfter(block: OpenBlock, committed: number): StateImage {
    return this.#snapshot(block, committed, undefined);
  }

  /** Notes dependencies of the planning that a memory was given; `undefined`: nothing of it was. */
  addPlanned(dependencies: number | undefined): void {
    if (dependencies === undefined) return;
    this.#planning ??= { dependencies: 0, announced: 0, wrong: 0, firstWrong: undefined };
    this.#planning.dependencies += dependencies;
  }

  outcome(): Pick<RunOutcome, 'results' | 'changes' | 'checkpoint' | 'trace' | 'planning' | 'lessons'> {
    return {
      results: this.#results,
      changes: this.#changes,
      checkpoint: this.#before,
      trace: this.#trace!,
      planning: this.#planning,
      lessons: this.#lessons,
    };
  }

  #snapshot({ host }: OpenBlock, committed: number, known: KnownLocations | undefined): StateImage {
    return snapshotState(host.instance, committed, this.#plan.complete, this.#missed.unseen, known);
  }

  /** What was changed, and what had been before the plan's checkpoint, where that lies in the block. */
  async #changesOf(
    block: OpenBlock,
    committed: number,
  ): Promise<{ changes: SegmentChanges; before: RawChanges | undefined }> {
    const records = await this.#collect(block, committed);
    // As it is by now: a later memory begins with another one.
    const changes = { records, rewound: undefined, unseen: new Map(this.#missed.unseen) };
    return { changes, before: await this.#beforeCheckpoint(block, committed, changes) };
  }

  async #beforeCheckpoint(block: OpenBlock, committed: number, whole: SegmentChanges): Promise<RawChanges | undefined> {
    const { host, first } = block;
    const { checkpoint } = this.#plan;
    if (checkpoint === undefined || checkpoint < first || checkpoint > first + committed) return undefined;
    const upTo = checkpoint - first;
    const rewound = rewindRecords(host.instance, host.locationsWritten(upTo, committed), upTo);
    const segment =
      rewound === undefined
        ? { records: await this.#collect(block, upTo), rewound, unseen: new Map(this.#missed.unseen) }
        : { ...whole, rewound };
    return [...this.#changes, segment];
  }

  /** What the first `upTo` transactions of the block changed; loads what it takes to know the balances. */
  async #collect({ host }: OpenBlock, upTo: number): Promise<ChangeRecords> {
    const records = await collectRecords(host.instance, upTo, this.#rest);
    await this.#missed.loadUnseen(unknownAccounts(records, this.#missed.unseen));
    return records;
  }

  /** What became of the plan, with what was announced of the `committed` transactions of the block. */
  #plannedUpTo({ host, first }: OpenBlock, committed: number): PlanningOutcome | undefined {
    const planning = this.#planning;
    if (planning === undefined || this.#plan.planning?.announced === undefined) return planning;
    const { writes, wrong, first: firstWrong } = host.announced(committed);
    const found = firstWrong && {
      task: first + firstWrong.index,
      location: nameLocation(host.instance, firstWrong.location),
    };
    return {
      dependencies: planning.dependencies,
      announced: planning.announced + writes,
      wrong: planning.wrong + wrong,
      firstWrong: planning.firstWrong ?? found,
    };
  }
}
