// A worker's part in one round of a block: takes transactions from the core and runs the executor on them.

import { CONTROL_BASE, Control, LAYOUT_VERSION, Next } from '../../../assembly/layout.ts';
import { messageOf } from '../../base/errors.ts';
import { TURN_MS } from '../../base/platform.ts';
import type { Executor, RetryPolicy, Task } from '../../task/executor.ts';
import type { TaskQuota } from '../../task/quota.ts';
import { type PackedOutcome, packBreach, packFailure, packOutcome } from '../host/outcome.ts';
import type { CoreInstance } from '../instance/abi.ts';
import { AttemptMeter, QuotaExceeded, quotaOf } from './attempt-meter.ts';
import { viewOver } from './provided-view.ts';
import { CoreStateView } from './state-view.ts';

const MOST_RETRIES = 100;
const LONGEST_DELAY_MS = 60_000;

export interface WorkerRound {
  readonly workerId: number;
  /** Number of the block's first transaction in `tasks`. */
  readonly first: number;
  readonly tasks: readonly Task[];
  /** `undefined` where all transactions run inside the core. */
  readonly executor: Executor | undefined;
  /** Of each task, beside what executor and task say themselves. */
  readonly quota?: TaskQuota | undefined;
  /** Whether to block the thread when there is nothing to do. */
  readonly maySleep: boolean;
  /** Where the thread has other things to do: lets it, every few milliseconds. */
  readonly pause?: () => Promise<void>;
  /** Whether this worker asks the executor for its estimates; one of all the workers of a run does. */
  readonly estimates?: boolean;
  /** Called before and after each attempt, where somebody measures its time. */
  readonly watch?: (transaction: number | undefined) => void;
  /** Ends the round: the attempt in progress is left behind. */
  readonly abandoned?: () => boolean;
}

/** How a round ended for one worker. */
export type RoundEnd = 'done' | 'halted' | 'dismissed' | 'abandoned';

/** Runs until the block is done or halted, or this worker was declared dead. */
export async function runRound(instance: CoreInstance, round: WorkerRound): Promise<RoundEnd> {
  const { core, words } = instance;
  const version = words[(CONTROL_BASE + Control.VERSION) >>> 2];
  if (version !== LAYOUT_VERSION) throw new Error(`the memory has layout ${version}, this worker ${LAYOUT_VERSION}`);
  if (!core.join(round.workerId)) return 'halted';
  if (round.estimates === true) addEstimates(instance, round);
  const view = new CoreStateView(instance);
  const budgetMs = budgetOf(round);
  let rested = performance.now();
  while (true) {
    // Transactions of the core's own executors are not announced one by one: alone, this worker is at the head's.
    if (round.executor === undefined) round.watch?.(round.first + committedIn(words));
    const index = core.next(round.maySleep, budgetMs);
    if (round.executor === undefined) round.watch?.(undefined);
    if (index === Next.DONE) return 'done';
    if (index === Next.HALTED) return 'halted';
    if (index === Next.DISMISSED) return 'dismissed';
    if (index === Next.IDLE) {
      await round.pause?.();
      if (round.abandoned?.()) return 'abandoned';
      continue;
    }
    const attempt = attemptTask(instance, view, round, index);
    // Awaiting what is no promise would cost a turn of the event loop per transaction.
    if (attempt !== undefined) await attempt;
    if (round.abandoned?.()) return 'abandoned';
    if (round.pause !== undefined && performance.now() - rested > TURN_MS) {
      await round.pause();
      if (round.abandoned?.()) return 'abandoned';
      rested = performance.now();
    }
  }
}

/** One round of transactions that all run inside the core, with nobody else in the memory: at once, and to its end. */
export function runAlone({ core }: CoreInstance, workerId: number): void {
  if (!core.join(workerId)) return;
  while (true) {
    const index = core.next(false, Number.NaN);
    if (index === Next.DONE || index === Next.HALTED || index === Next.DISMISSED) return;
  }
}

/** How long the core may keep the thread: for ever, a while, or one transaction. */
function budgetOf({ pause, watch, executor }: WorkerRound): number {
  if (pause === undefined) return Number.NaN;
  return watch !== undefined && executor === undefined ? 0 : TURN_MS;
}

function committedIn(words: Uint32Array): number {
  return Atomics.load(words, (CONTROL_BASE + Control.COMMIT_INDEX) >>> 2);
}

/** Tells the scheduler what the executor expects. Hints: mistakes and errors are dropped. */
function addEstimates({ core }: CoreInstance, { executor, tasks, first }: WorkerRound): void {
  if (executor?.estimate === undefined) return;
  for (let at = first; at < tasks.length; at++) {
    try {
      for (const lower of executor.estimate(tasks[at]!).dependencies ?? []) {
        // Of a drained block, the part that is done needs no waiting for.
        if (Number.isSafeInteger(lower) && lower >= first && lower < at) core.addDependency(lower - first, at - first);
      }
    } catch {
      // As if it had estimated nothing.
    }
  }
}

/** One attempt, from the claim that `next` has made to whatever end it takes. */
function attemptTask(
  instance: CoreInstance,
  view: CoreStateView,
  round: WorkerRound,
  index: number,
): Promise<void> | undefined {
  round.watch?.(round.first + index);
  view.open(round.first + index, instance.core.incarnation());
  const task = round.tasks[view.index];
  const { executor } = round;
  const quota = task === undefined || executor === undefined ? undefined : quotaOf(task, executor, round.quota);
  const meter = quota && new AttemptMeter(quota);
  const running = tryTask(instance, view, round, { tries: 0, meter });
  if (running === undefined || meter?.leftMs === undefined) return running;
  return Promise.race([running, overtime(instance, view, round, meter)]);
}

/** Ends the attempt when its time is over, if it has not ended by then. */
async function overtime(
  instance: CoreInstance,
  view: CoreStateView,
  round: WorkerRound,
  meter: AttemptMeter,
): Promise<undefined> {
  while (!meter.isOver && meter.timeBreach() === undefined) {
    await new Promise<void>((resolve) => setTimeout(resolve, Math.min(meter.leftMs ?? 0, TURN_MS)));
  }
  end(instance, view, round, meter, undefined, undefined);
}

/** What is kept from try to try of an attempt. */
interface Tries {
  /** That have failed before. */
  readonly tries: number;
  readonly meter: AttemptMeter | undefined;
}

function tryTask(
  instance: CoreInstance,
  view: CoreStateView,
  round: WorkerRound,
  { tries, meter }: Tries,
): Promise<void> | undefined {
  let outcome: unknown;
  const failed = (error: unknown) => {
    const thrown = error ?? new Error('the executor threw nothing');
    const again = tryAgain(instance, view, round, thrown, { tries, meter });
    return again ?? end(instance, view, round, meter, undefined, thrown);
  };
  meter?.begin();
  try {
    const task = round.tasks[view.index];
    if (task === undefined || round.executor === undefined) throw new Error('there is no such task');
    const { executor } = round;
    const { storage } = executor;
    const store = meter === undefined ? view : meter.over(view);
    outcome = executor.execute(task, storage === undefined ? store : viewOver(storage.viewOf(task, store), store));
    if (isPromise(outcome)) return outcome.then((value) => end(instance, view, round, meter, value, undefined), failed);
  } catch (error) {
    return failed(error);
  }
  return end(instance, view, round, meter, outcome, undefined);
}

/** Makes the attempt anew where its executor wants that of this error; `undefined`: it has failed. */
function tryAgain(
  instance: CoreInstance,
  view: CoreStateView,
  round: WorkerRound,
  error: unknown,
  { tries, meter }: Tries,
): Promise<void> | undefined {
  const retry = round.executor?.retry;
  const task = round.tasks[view.index];
  // What was interrupted has not failed: it runs again for other reasons.
  if (retry === undefined || task === undefined || view.interruption !== undefined) return undefined;
  // What has used too much would do so again.
  if (meter?.isOver || meter?.breachOf(undefined) !== undefined) return undefined;
  const delayMs = delayOf(retry, task, error, tries);
  if (delayMs === undefined) return undefined;
  // A timer that keeps the process: on the calling thread there may be nothing else that does.
  return new Promise<void>((resolve) => setTimeout(resolve, delayMs)).then(() => {
    if (meter?.isOver) return undefined;
    if (round.abandoned?.()) return end(instance, view, round, meter, undefined, error);
    instance.core.beginAgain();
    view.open(view.index, view.incarnation);
    return tryTask(instance, view, round, { tries: tries + 1, meter });
  });
}

/** How long to wait for the next try; `undefined`: there is none. What is wrong with a policy is no try. */
function delayOf(retry: RetryPolicy, task: Task, error: unknown, tries: number): number | undefined {
  const { count, delayMs: first = 0, factor = 2 } = retry;
  if (!(tries < Math.min(count, MOST_RETRIES) && factor >= 0)) return undefined;
  const delayMs = Math.min(LONGEST_DELAY_MS, first * factor ** tries);
  if (!(delayMs >= 0)) return undefined;
  try {
    if (retry.when?.(error, task) === false) return undefined;
    retry.retried?.({ task, error, tries: tries + 1, delayMs });
  } catch {
    return undefined;
  }
  return delayMs;
}

function end(
  instance: CoreInstance,
  view: CoreStateView,
  round: WorkerRound,
  meter: AttemptMeter | undefined,
  outcome: unknown,
  error: unknown,
): undefined {
  if (meter?.isOver) return;
  const breach = meter?.breachOf(outcome);
  if (meter !== undefined) meter.isOver = true;
  view.close();
  round.watch?.(undefined);
  if (!round.abandoned?.()) endAttempt(instance, view, outcome, breach ?? error);
}

/** Tells the core how the running attempt has ended: a Finish of the layout. */
export function endAttempt({ core }: CoreInstance, view: CoreStateView, outcome: unknown, error: unknown): number {
  const { interruption } = view;
  // Whatever the executor made of the signal: it has not seen a value, so its outcome means nothing.
  if (interruption?.reason === 'trap') throw interruption.error;
  if (interruption?.reason === 'blocked') return core.suspend();
  if (interruption?.reason === 'missing') return core.park(interruption.location);
  if (interruption?.reason === 'exhausted') return core.exhaust();
  const packed = packedEnd(outcome, error);
  let length = 0;
  for (const part of packed.parts) length += part.length;
  const staged = view.stage(...packed.parts);
  return staged === 0 ? core.exhaust() : core.finish(packed.code, packed.gas, staged, length);
}

function packedEnd(outcome: unknown, error: unknown): PackedOutcome {
  if (error === undefined) return packOutcome(outcome);
  if (error instanceof QuotaExceeded) return packBreach(error.breach);
  return packFailure(`the executor threw: ${messageOf(error)}`);
}

function isPromise(value: unknown): value is Promise<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
