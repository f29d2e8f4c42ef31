// Where a job asks for what it needs while its turn lasts: plans to be run or traced, errands, answers of somebody else's code.

import { InputError, MemoryLimitError } from '../base/errors.ts';
import { packError } from '../base/packed-error.ts';
import type { CheckedOptions } from '../config/options.ts';
import { compileTracedCore } from '../core/instance/traced-module.ts';
import type { Ask, Desk, Examine, Performed, PlannedErrands, PlannedRun, Push } from '../job/job.ts';
import type { RunSpan, Stage } from '../metrics/spans.ts';
import { pagesOf } from '../run/memory.ts';
import { callFor } from '../run/nested-call.ts';
import type { RunHooks } from '../run/run-hooks.ts';
import type { RunOutcome } from '../run/run-outcome.ts';
import { loadKeys } from '../run/state-loading.ts';
import { workOf } from '../run/work.ts';
import { describedSource } from '../state/layers.ts';
import { loadWithin, type Waiting } from '../state/patience.ts';
import type { SourceKey, StateSource } from '../state/state-source.ts';
import type { EngineEvents, Report } from '../types.ts';
import type { Assets } from '../workers/assets.ts';
import type { Examiner, RunControl } from '../workers/runner.ts';
import type { Runners } from '../workers/runners.ts';
import type { Events } from './events.ts';
import type { Scope } from './scope.ts';

/** What an engine is made of. */
export interface Parts {
  readonly options: CheckedOptions;
  readonly assets: Assets;
  readonly runners: Runners;
  readonly events: Events;
}

/** How often what is committed is taken out of the memory of a run, where somebody has something to do with it. */
const ROLL_MS = 1;

/** Of the job at the desk, and whom it keeps waiting. */
export interface Sitting<Item> {
  readonly scope: Scope;
  /** Whose code may not call it back. */
  readonly engine: object;
  readonly push: Push<Item>;
  readonly report: (report: Report, gasUsed?: bigint) => void;
  /** Who is told of its stages. */
  readonly span: RunSpan | undefined;
  /** Follows the run that the caller is shown. */
  readonly follow: (control: RunControl) => void;
  /** Other jobs of the engine. */
  readonly waiting: () => number;
}

export class JobDesk<Item> implements Desk<Item> {
  readonly #parts: Parts;
  readonly #sitting: Sitting<Item>;
  readonly push: Push<Item>;
  readonly report: (report: Report, gasUsed?: bigint) => void;
  /** Bound: jobs hand it on. */
  readonly ask: Ask = (body) => {
    const { engine, scope } = this.#sitting;
    return ask({ engine, scope, patienceMs: this.#parts.options.stateTimeoutMs }, body);
  };

  constructor(parts: Parts, sitting: Sitting<Item>) {
    this.#parts = parts;
    this.#sitting = sitting;
    this.push = sitting.push;
    this.report = sitting.report;
  }

  get workers(): number {
    return this.#parts.runners.workers;
  }

  get assets(): Assets {
    return this.#parts.assets;
  }

  stage(stage: Stage, startMs: number): void {
    this.#sitting.span?.stage(stage, startMs);
  }

  exceeded(event: EngineEvents['quota']): void {
    this.#parts.events.emit('quota', event);
  }

  fail(error: Error): void {
    this.#sitting.scope.cancel(error);
  }

  /** Starts a run and waits for its end; it is stopped when the scope is cancelled. */
  async perform(run: PlannedRun): Promise<Performed> {
    const { plan, work, state, residence, taskTimeoutMs, maximumMiB, take, takesSoon, isShort, isShown, meanwhile } =
      run;
    const { scope, engine: caller, waiting, follow } = this.#sitting;
    scope.throwIfCancelled();
    const hooks = { ...this.#hooks(state, take), ...(meanwhile && { working: once(meanwhile) }) };
    const startMs = performance.now();
    const runner = await this.#parts.runners.for(work, plan.count, residence, isShort);
    scope.throwIfCancelled();
    const { threading, workers } = runner;
    const pages = maximumMiB === undefined ? undefined : pagesOf(maximumMiB);
    const { precompilesHere } = this.#parts.assets;
    const given = isShort ? workOf({ ...work, precompiles: precompilesHere }) : work;
    const control = runner.start({ plan, work: given, hooks, taskTimeoutMs, residence, caller, pages, waiting });
    scope.onCancel((reason) => control.cancel(reason));
    if (isShown) follow(control);
    const rolling = takesSoon && threading === 'shared' ? setInterval(() => this.#flush(control), ROLL_MS) : undefined;
    const outcome = await control.outcome.finally(() => {
      clearInterval(rolling);
      // What runs beside belongs to another stage.
      if (isShown) this.stage('run', startMs);
    });
    scope.throwIfCancelled();
    return { outcome, workersLost: control.workersLost(), threading, workers };
  }

  #flush(control: RunControl): void {
    try {
      control.flush();
    } catch (error) {
      this.#sitting.scope.cancel(error);
    }
  }

  async trace(
    { plan, work, state }: Pick<PlannedRun, 'plan' | 'work' | 'state'>,
    examine: Examine,
  ): Promise<RunOutcome> {
    const { scope, engine: caller } = this.#sitting;
    scope.throwIfCancelled();
    const { runners, assets, options } = this.#parts;
    const hooks = this.#hooks(state, () => {});
    const runner = await runners.for(work, plan.count);
    scope.throwIfCancelled();
    if (runner.threading === 'shared') {
      try {
        const examiner: Examiner = {
          tracers: () => assets.tracers(),
          precompiles: assets.precompilesHere,
          examine: (part) => callFor(caller, () => examine(part)),
        };
        const control = runner.start({ plan, work, hooks, taskTimeoutMs: undefined, caller, examiner });
        scope.onCancel((reason) => control.cancel(reason));
        return await control.outcome;
      } catch (error) {
        if (!(error instanceof MemoryLimitError)) throw error;
      }
    }
    scope.throwIfCancelled();
    const alone = { ...plan, window: 1, sequential: true };
    const { TracedRun } = await import('../workers/tracing-runner.ts');
    scope.throwIfCancelled();
    const run = new TracedRun(pagesOf(options.maximumMiB));
    scope.onCancel((reason) => run.cancel(reason));
    const here = workOf({ ...work, precompiles: assets.precompilesHere });
    return callFor(caller, () => run.run({ plan: alone, work: here, hooks, examine }));
  }

  async delegate({ state, ...errands }: PlannedErrands): Promise<boolean> {
    const { scope } = this.#sitting;
    scope.throwIfCancelled();
    const described = describedSource(state);
    const { runners, assets } = this.#parts;
    await runners.settled(errands.orders.length);
    scope.throwIfCancelled();
    const control = runners.startErrands({
      ...errands,
      traced: compileTracedCore,
      url: () => assets.tracers(),
      precompiles: assets.precompiles,
      load: async (keys) => {
        try {
          return { answer: await this.ask((waiting) => loadWithin(described, keys as SourceKey[], waiting)) };
        } catch (error) {
          return { error: packError(error) };
        }
      },
    });
    if (control === undefined) return false;
    scope.onCancel((reason) => control.cancel(reason));
    await control.outcome;
    scope.throwIfCancelled();
    return true;
  }

  #hooks(state: StateSource | undefined, take: RunHooks['committed']): RunHooks {
    const { events } = this.#parts;
    return {
      committed: take,
      load: (keys, emptied, inOrder) => {
        events.emit('load', { keys: keys.length });
        if (state === undefined) throw new InputError('options.state', 'missing');
        const loaded = this.ask(async (waiting) => {
          const known = inOrder ? await state.description?.answerable?.(keys) : undefined;
          if (known === undefined || known.length === 0) return loadKeys(state, keys, emptied, waiting);
          const left = known.length < keys.length ? keys.filter((key) => !known.includes(key)) : [];
          return { ...(await loadKeys(state, known, emptied, waiting)), left };
        });
        const { span } = this.#sitting;
        if (span === undefined) return loaded;
        const startMs = performance.now();
        return loaded.finally(() => span.stage('load', startMs, { 'pevm.keys': keys.length }));
      },
      drain: (from) => events.emit('drain', { from }),
    };
  }
}

function once(work: () => void): () => void {
  let isDone = false;
  return () => {
    if (!isDone) work();
    isDone = true;
  };
}

/** Waits for a source, which may not listen to signals, and may not call the engine that waits for it. */
export function ask<T>(
  { engine, scope, patienceMs }: { engine: object; scope: Scope; patienceMs: number },
  body: (waiting: Waiting) => Promise<T>,
): Promise<T> {
  return scope.awaitSource(callFor(engine, () => body({ signal: scope.signal, patienceMs })));
}
