// One run from its plan to its outcome, on whatever thread the host lives: begin, let the crew work, load what was missing,
// drain what did not fit, decode.

import { MemoryLimitError, WorkerError } from '../base/errors.ts';
import { turnTaker } from '../base/platform.ts';
import { keepWritten } from '../core/host/kept-writes.ts';
import { EMPTY_IMAGE, imageOfFields, type StateImage } from '../core/host/state-image.ts';
import { type Beginning, beginBlock } from './block-begin.ts';
import { CommittedPrefix, type OpenBlock } from './committed-prefix.ts';
import type { Crew, RoundAnswer } from './crew.ts';
import { MissedState } from './missed-state.ts';
import type { RunHooks } from './run-hooks.ts';
import { type Figures, InvalidOutcome, type RunOutcome } from './run-outcome.ts';
import type { RunPlan } from './run-plan.ts';
import type { StayingState } from './staying-state.ts';
import { nameTask } from './task-name.ts';

/** How often in a row a block may end for lack of ids without headway: nothing committed, nothing loaded. */
const MAX_TRIES = 6;

/** As much of the plan as one memory took. */
interface Segment {
  readonly block: OpenBlock;
  /** Tasks that were committed in it. */
  readonly committed: number;
  /** How many of them were not committed before. */
  readonly fresh: number;
  /** `over`: it was done, halted or full. */
  readonly answer: Exclude<RoundAnswer, 'paused'>;
  /** Whether state was loaded meanwhile. */
  readonly loaded: boolean;
}

type Writable<T> = { -readonly [Name in keyof T]: T[Name] };
const NOTHING_YET: Figures = { loadMs: 0, setupMs: 0, executionMs: 0, decodeMs: 0, drains: 0, loadRounds: 0 };

/** Lower and higher in turns; of what is committed nobody needs to know. */
function giveHints({ host, first }: OpenBlock, hints: readonly number[]): void {
  for (let at = 0; at < hints.length; at += 2) {
    if (hints[at]! >= first) host.addDependency(hints[at]! - first, hints[at + 1]! - first);
  }
}

export class Conductor {
  readonly #plan: RunPlan;
  readonly #crew: Crew;
  readonly #hooks: RunHooks;
  readonly #staying: StayingState | undefined;
  readonly #missed: MissedState;
  readonly #prefix: CommittedPrefix;
  readonly #figures: Writable<Figures>;
  /** What runs now. */
  #block: OpenBlock | undefined;
  /** Tasks that were committed when the run was over. */
  #reached = 0;
  /** Segments in a row that ended for lack of ids without headway. */
  #tries = 0;
  #cancelled: { reason: unknown } | undefined;
  /** Hints that were given since the run began: lower and higher in turns. */
  readonly #hints: number[] = [];

  /** `staying`: the run begins with this state, not with the plan's image alone, and advances it. */
  constructor(plan: RunPlan, crew: Crew, hooks: RunHooks, staying?: StayingState) {
    this.#plan = plan;
    this.#crew = crew;
    this.#hooks = hooks;
    this.#staying = staying;
    this.#figures = { ...(plan.prefix?.figures ?? NOTHING_YET) };
    this.#missed = new MissedState(hooks, this.#figures, plan.prefix?.emptied);
    this.#prefix = new CommittedPrefix(plan, hooks, this.#missed, turnTaker());
  }

  /** Tasks committed so far. */
  committed(): number {
    const block = this.#block;
    return block === undefined ? Math.max(this.#prefix.taken, this.#reached) : block.first + block.host.committed();
  }

  /** Stops the run; it rejects with `reason`. */
  cancel(reason: unknown): void {
    if (this.#cancelled !== undefined) return;
    this.#cancelled = { reason };
    this.#block?.host.cancel();
  }

  /** A hint while the run lasts: for the block that runs now, if any, and those that the rest of the plan may still need. */
  addDependency(lower: number, higher: number): void {
    this.#hints.push(lower, higher);
    if (this.#block !== undefined) giveHints(this.#block, [lower, higher]);
  }

  /** Hands on the results that were committed since the last time. */
  flush(): void {
    if (this.#block !== undefined) this.#prefix.flush(this.#block);
  }

  /** The plan in one block, or in several where memory or the ids of workers run out. */
  async run(): Promise<RunOutcome> {
    try {
      return await this.#runSegments();
    } finally {
      // The memory is another run's by now.
      this.#reached = this.committed();
      this.#block = undefined;
    }
  }

  async #runSegments(): Promise<RunOutcome> {
    let beginning = this.#beginning();
    while (true) {
      const segment = await this.#runSegment(beginning);
      await this.#decode(segment);
      const isOver = segment.block.first + segment.committed === this.#plan.count;
      await this.#advance(segment, isOver);
      if (isOver) return this.#outcome(segment.block);
      this.#checkHeadway(segment);
      beginning = this.#beginningAfter(segment);
      this.#block = undefined;
      this.#missed.forgetMemory();
      if (segment.answer === 'over') {
        this.#figures.drains++;
        this.#hooks.drain(beginning.first);
      }
    }
  }

  #beginning(): Beginning {
    const { prefix, image, sequential } = this.#plan;
    if (prefix === undefined) return { image, sequential, first: 0 };
    // What is whole has no code but what was created.
    const below = prefix.isWhole ? { ...EMPTY_IMAGE, codes: image.codes } : image;
    return { image: below, over: prefix.image, sequential: prefix.sequential, first: prefix.first };
  }

  /** The committed prefix stands; the rest runs on what it left: one at a time, where memory is short. */
  #beginningAfter({ block, committed, fresh, answer }: Segment): Beginning {
    const { lanes } = this.#plan;
    this.#missed.addEmptied(this.#prefix.lastChanges);
    const next = block.first + committed;
    return {
      image: this.#staying === undefined ? this.#imageAfter(block, committed) : EMPTY_IMAGE,
      // Lanes owe each other nothing: while some of them fit, there is no need to run one at a time.
      sequential: answer === 'over' ? lanes === undefined || fresh === 0 : block.sequential,
      // What a lane has done is nowhere but in its memory: one that is broken off begins again.
      first: lanes?.firsts[next] ?? next,
    };
  }

  /** The state that the rest begins with. Another memory has none of the code, of which a source may not know the placeholders. */
  #imageAfter(block: OpenBlock, committed: number): StateImage {
    const image = this.#prefix.imageAfter(block, committed);
    return { ...image, codes: [...this.#plan.image.codes, ...image.codes] };
  }

  /** Runs what is left of the plan in a memory, as far as it goes there. */
  async #runSegment(beginning: Beginning): Promise<Segment> {
    this.#throwIfCancelled();
    const before = this.#prefix.taken;
    const block = await this.#begin(beginning);
    this.#block = block;
    giveHints(block, this.#hints);
    // Cancelled while there was nobody to tell.
    this.#throwIfCancelled();
    const { loadRounds } = this.#figures;
    const answer = await this.#rounds(block);
    this.#throwIfCancelled();
    const committed = block.host.committed();
    const fresh = Math.max(0, block.first + committed - before);
    return { block, committed, fresh, answer, loaded: this.#figures.loadRounds > loadRounds };
  }

  async #begin(beginning: Beginning): Promise<OpenBlock> {
    const { first, sequential } = beginning;
    const host = await this.#crew.prepare();
    const start = performance.now();
    const { known, dependencies } = beginBlock(host, this.#plan, beginning, this.#staying);
    this.#prefix.addPlanned(dependencies);
    this.#figures.loadMs += performance.now() - start;
    return { host, first, sequential, known, clockMs: host.instance.now() };
  }

  /** Lets the crew work until the block is done, halted for good, or not to go on in this memory. */
  async #rounds(block: OpenBlock): Promise<Segment['answer']> {
    const { host, sequential } = block;
    while (true) {
      const answer = await this.#round(block);
      if (answer === 'spent') return answer;
      if (answer === 'paused') {
        if (!(await this.#tell(block)) || this.#cancelled !== undefined) return 'over';
        continue;
      }
      if (this.#cancelled !== undefined || host.halted() !== 'missing') return answer;
      this.flush();
      const { image, accounts } = await this.#missed.load(host.missing(), sequential);
      if (!host.load(image)) {
        // The rest runs on in a fresh memory, which has to know what these hold with what was credited to them here.
        this.#missed.addUnseen(accounts);
        return answer;
      }
      host.resume();
      // A cancellation that came while the block was halted anyway.
      if (this.#cancelled !== undefined) return answer;
    }
  }

  async #round({ host, first, sequential }: OpenBlock): Promise<RoundAnswer> {
    const startMs = host.instance.now();
    const working = this.#crew.round(host, { first, sequential });
    if (this.#crew.isElsewhere) this.#hooks.working?.();
    const answer = await working;
    const roundMs = host.instance.now() - startMs;
    const { beganMs, endedMs } = this.#crew;
    const executionMs = beganMs === undefined || endedMs === undefined ? roundMs : endedMs - beganMs;
    this.#figures.executionMs += executionMs;
    this.#figures.setupMs += Math.max(0, roundMs - executionMs);
    return answer;
  }

  /** Tells what is committed, at a pause of the crew. False: the block cannot go on in this memory. */
  async #tell(block: OpenBlock): Promise<boolean> {
    const start = performance.now();
    const told = await this.#prefix.soFar(block);
    if (told === undefined) return false;
    this.#figures.decodeMs += performance.now() - start;
    this.#hooks.paused?.({ ...told.prefix, figures: this.#figures }, told.results);
    return true;
  }

  /** Takes results, changes and statistics out of the memory while they are there. */
  async #decode({ block, committed }: Segment): Promise<void> {
    const start = performance.now();
    const { host, first } = block;
    await this.#prefix.takeResults(block, committed);
    if (host.halted() === 'invalid') throw new InvalidOutcome(first + committed, host.result(committed));
    await this.#hooks.examine?.(host, first);
    this.#throwIfCancelled();
    await this.#prefix.take(block, committed);
    this.#figures.decodeMs += performance.now() - start;
  }

  /** Makes what is committed part of the state that stays. */
  async #advance({ block, committed }: Segment, isOver: boolean): Promise<void> {
    const { host, first } = block;
    const { instance } = host;
    const { trial, lanes } = this.#plan;
    if (this.#staying === undefined || lanes !== undefined || committed === 0 || (trial !== undefined && isOver))
      return;
    this.#throwIfCancelled();
    // What was credited to accounts that nobody had asked for is added to what they hold.
    const { unseen } = this.#missed;
    if (unseen.size > 0 && !host.load(imageOfFields(unseen))) {
      throw new MemoryLimitError(`the state does not fit into ${instance.bytes.length} bytes`);
    }
    this.#staying.keep(keepWritten(instance, committed));
    this.#staying.changed(this.#prefix.lastChanges!.records);
    if (!isOver || !instance.core.beginFold()) {
      instance.core.foldPrefix(committed);
      return;
    }
    try {
      if (committed >= this.#staying.foldTogether)
        await this.#crew.round(host, { first, sequential: false, folding: true });
    } finally {
      instance.core.finishFold();
    }
  }

  /** @throws WorkerError or MemoryLimitError where it makes no sense to go on */
  #checkHeadway({ block, fresh, answer, loaded }: Segment): void {
    const { host, first, sequential } = block;
    const { name } = nameTask(first, this.#plan.block);
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

  #outcome({ host }: OpenBlock): RunOutcome {
    const use = { memoryBytes: host.memoryBytes(), memory: host.memoryUse() };
    return { ...this.#prefix.outcome(), ...this.#figures, ...use };
  }

  #throwIfCancelled(): void {
    if (this.#cancelled === undefined) return;
    this.#block = undefined;
    throw this.#cancelled.reason;
  }
}
