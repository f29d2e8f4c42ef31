// The engine: the public object. Jobs take turns here, each with a scope that can end it and a desk to ask things at.

import type { AccessOracle } from '../access/access-oracle.ts';
import { type EngineLearned, NOTHING_LEARNED } from '../access/learned-format.ts';
import { EngineDisposedError } from '../base/errors.ts';
import { coreCount, readIfLocal } from '../base/platform.ts';
import type { TelemetryTracer } from '../base/telemetry.ts';
import type { BlockInput } from '../block/block-input.ts';
import { type CheckedOptions, checkEngineOptions, checkOracle, checkWorldOptions } from '../config/options.ts';
import { compileCore } from '../core/instance/module.ts';
import { compileTracedCore } from '../core/instance/traced-module.ts';
import { BlockJob } from '../job/block.ts';
import type { Ask, Job, Limits } from '../job/job.ts';
import { checkSource } from '../job/state-before.ts';
import { TasksJob } from '../job/tasks.ts';
import { TraceJob } from '../job/trace.ts';
import { Meter } from '../metrics/meter.ts';
import type * as Spans from '../metrics/spans.ts';
import { callFor, refuseNestedCall } from '../run/nested-call.ts';
import type { Task } from '../task/executor.ts';
import type { BlockTraceRequest, TraceRun, TransactionTrace } from '../trace/request.ts';
import type { TraceOf, TracerChoice } from '../trace/tracers.ts';
import type {
  BlockRequest,
  BlockRun,
  Capabilities,
  Engine,
  EngineEvents,
  EngineOptions,
  ExecutionOptions,
  ExecutionRun,
  ExecutorChoice,
  MetricsSnapshot,
  Report,
  WorldOptions,
} from '../types.ts';
import { Assets } from '../workers/assets.ts';
import { equip, equipFrom } from '../workers/modules.ts';
import type { WorkerPool } from '../workers/pool.ts';
import type { RunControl, Runner } from '../workers/runner.ts';
import { Runners } from '../workers/runners.ts';
import type * as Worlds from '../world/entry.ts';
import type { TracingWorld } from '../world/tracing-world.ts';
import type { WorldTurns } from '../world/world.ts';
import { forgetEngine, watchEngine } from './abandoned.ts';
import { DependencyHints } from './dependency-hints.ts';
import { ask, JobDesk, type Parts } from './desk.ts';
import { Events } from './events.ts';
import { RunHandle } from './run-handle.ts';
import { Scope } from './scope.ts';
import { Turns } from './turns.ts';

/**
 * Makes an engine and starts its workers. Never throws for a page that is not isolated: `capabilities` says what runs.
 * @throws InputError naming the option
 * @example
 * ```js
 * import { createEngine } from 'pevm-wasm';
 *
 * const engine = await createEngine({ workers: 2 });
 * console.log(engine.capabilities); // { threading: 'shared', workers: 2 }
 * await engine.dispose();
 * ```
 */
export async function createEngine(options: EngineOptions = {}): Promise<TracingEngine> {
  return PevmEngine.create(options);
}

/** An engine that also traces. */
export interface TracingEngine extends Engine {
  /**
   * Traces the transactions of a block, or the one at `index`: what geth prints of each, by one of its tracers or one of the
   * caller's own. Await it, or iterate it. On all workers; tracers of the caller's own, and one transaction, on this thread.
   * @throws InputError naming the field; MemoryLimitError for a trace that does not fit
   * @example
   * ```js
   * import { checkBlockFile, createEngine } from 'pevm-wasm';
   * import { createTraffic } from 'pevm-wasm/traffic';
   *
   * const { file } = await createTraffic({ transactions: 50 });
   * const { expected: _, ...request } = checkBlockFile(file);
   * const engine = await createEngine();
   * for await (const { index, result } of engine.traceBlock({ ...request, tracer: 'callTracer' })) {
   *   console.log(index, result.type, result.to);
   * }
   * await engine.dispose();
   * ```
   */
  traceBlock<Choice extends TracerChoice>(request: BlockTraceRequest & Choice): TraceRun<TraceOf<Choice>>;
  openWorld(options?: WorldOptions): Promise<TracingWorld>;
}

/** Who is told of runs, and how. */
interface Telemetry {
  readonly tracer: TelemetryTracer;
  readonly withSpan: typeof Spans.withSpan;
}

/** @internal Tests reach behind the interface. */
export class PevmEngine implements TracingEngine {
  readonly capabilities: Capabilities;
  readonly #parts: Parts;
  readonly #meter: Meter;
  readonly #telemetry: Telemetry | undefined;
  readonly #scopes = new Set<Scope>();
  readonly #turns = new Turns();
  readonly #worlds = new Set<Turns>();
  readonly #aborted = () => void this.dispose();
  #disposed: Promise<void> | undefined;

  private constructor(parts: Parts, telemetry: Telemetry | undefined) {
    this.#parts = parts;
    this.#telemetry = telemetry;
    this.capabilities = parts.runners.capabilities;
    this.#meter = new Meter(() => parts.runners.workers);
    parts.options.signal?.addEventListener('abort', this.#aborted);
  }

  /**
   * `pool`: workers that other engines use as well; whoever started them ends them. `runner`: who runs the plans, where
   * nobody of this platform is to.
   */
  static async create(given: EngineOptions, pool?: WorkerPool, runner?: Runner): Promise<PevmEngine> {
    const options = checkEngineOptions(given, coreCount());
    const { signal, workers, bounds, threading, maximumMiB, poolMiB, executor = 'wasm' } = options;
    const { workerAffinity: affinity = false, numaAware: numa = false } = options;
    const placement = affinity || numa ? { affinity, numa } : undefined;
    signal?.throwIfAborted();
    if (options.learning !== undefined) {
      const { LearnedAccesses } = await import('../access/learned-accesses.ts');
      options.planning.learned = new LearnedAccesses(options.learning.known);
    }
    const telemetry = await openTelemetry(options.telemetry);
    const module = await compileCore(await readIfLocal(options.assets?.wasm));
    const assets = new Assets(options);
    const events = new Events();
    const runners = await Runners.start({
      ...{ module, assets, workers, bounds, threading, maximumMiB, poolMiB, placement, pool, runner },
      events: {
        lost: (id, reason) => events.emit('worker-lost', { id, reason }),
        replaced: (id, by) => events.emit('worker-replaced', { id, by }),
      },
    });
    const engine = new PevmEngine({ options, assets, runners, events }, telemetry);
    watchEngine(engine, runners);
    if (executor === 'wasm') await runners.warmUp();
    if (signal?.aborted) {
      await engine.dispose();
      signal.throwIfAborted();
    }
    return engine;
  }

  executeBlock(request: BlockRequest): BlockRun {
    return this.#start(this.#turns, () => new BlockJob(request, this.#parts.options));
  }

  /**
   * Traces the transactions of a block, or the one at `index`: what geth prints of each, by one of its tracers or one of the
   * caller's own. Await it, or iterate it.
   */
  traceBlock<Choice extends TracerChoice>(request: BlockTraceRequest & Choice): TraceRun<TraceOf<Choice>> {
    return this.#start(this.#turns, () => new TraceJob<TraceOf<Choice>>(request, this.#parts.options));
  }

  async openWorld(given: WorldOptions = {}): Promise<TracingWorld> {
    const { options, runners } = this.#parts;
    const { state = options.state, chain: named = options.chain, block: at } = checkWorldOptions(given);
    checkSource(state, 'options.state');
    const turns = new Turns();
    // Most of the library, and of no use to who only executes blocks.
    const worlds = await import('../world/entry.ts');
    const { chain, block, ...begun } = await this.#exclusive(turns, {}, (scope) =>
      worlds.beginWorld({ state, block: at, chain: named }, () => runners.openHome(), this.#asks(scope)),
    );
    const first = worlds.readFirstBlock(at, chain, options.hardfork);
    const head = worlds.readHead({ block, chain, ...begun }, at, options.hardfork);
    const own = this.#worldTurns(worlds, turns, { ...options, chain }, first);
    return new worlds.ResidentWorld(own, begun.state, block, head);
  }

  execute<T = unknown>(
    tasks: readonly Task<T>[],
    executor: ExecutorChoice<T>,
    options: ExecutionOptions = {},
  ): ExecutionRun {
    const hints = new DependencyHints(Array.isArray(tasks) ? tasks.length : 0);
    const read = () => new TasksJob(tasks, executor, options, this.#parts.options);
    const run = this.#start(this.#turns, read, (control) => hints.attach(control));
    return Object.assign(run, { addDependency: (lower: number, higher: number) => hints.add(lower, higher) });
  }

  setAccessOracle(oracle: AccessOracle | undefined): void {
    checkOracle(oracle);
    this.#parts.options.planning.oracle = oracle;
  }

  learned(): EngineLearned {
    return this.#parts.options.planning.learned?.learned() ?? NOTHING_LEARNED;
  }

  metrics(): MetricsSnapshot {
    return this.#meter.snapshot();
  }

  resetMetrics(): void {
    this.#meter.reset();
  }

  on<E extends keyof EngineEvents>(event: E, listener: (detail: EngineEvents[E]) => void): () => void {
    return this.#parts.events.on(event, listener);
  }

  dispose(): Promise<void> {
    this.#disposed ??= this.#end();
    return this.#disposed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  /**
   * Ends a worker at whatever instruction it is. For tests.
   * @internal
   */
  terminateWorker(seat: number): void {
    this.#parts.runners.terminateWorker(seat);
  }

  async #end(): Promise<void> {
    forgetEngine(this);
    const { signal } = this.#parts.options;
    // The signal may live for as long as the process, and would keep this engine.
    signal?.removeEventListener('abort', this.#aborted);
    const error = new EngineDisposedError(signal?.aborted ? { cause: signal.reason } : {});
    for (const scope of this.#scopes) scope.cancel(error);
    this.#parts.runners.dispose();
    await Promise.all([this.#turns, ...this.#worlds].map((turns) => turns.over()));
  }

  /** Queues a job; one that cannot be read is refused at once. `begun` is told when its plan runs. */
  #start<Item, Answer>(
    turns: Turns,
    read: () => Job<Item, Answer>,
    begun: (control: RunControl) => void = () => {},
  ): RunHandle<Item, Answer> {
    let job: Job<Item, Answer>;
    try {
      job = read();
    } catch (error) {
      return new RunHandle<Item, Answer>(0, 0, () => Promise.reject(error));
    }
    if (this.#telemetry === undefined) return this.#startRead(turns, job, begun);
    const { tracer, withSpan } = this.#telemetry;
    return withSpan(tracer, job.kind, job.attributes?.() ?? {}, (span) => this.#startRead(turns, job, begun, span));
  }

  #startRead<Item, Answer>(
    turns: Turns,
    job: Job<Item, Answer>,
    begun: (control: RunControl) => void,
    span?: Spans.RunSpan,
  ): RunHandle<Item, Answer> {
    const metered = this.#meter.take(job.itemCount, job.firstItem);
    return new RunHandle<Item, Answer>(job.itemCount, job.firstItem, (push, attach) => {
      const answer = this.#exclusive(turns, job.limits, (scope) => {
        metered.begin();
        const follow = (control: RunControl) => {
          metered.follow(control);
          begun(control);
          attach(control);
        };
        const report = (report: Report, gasUsed?: bigint) => {
          span?.report(report, gasUsed);
          this.#meter.add(report, job.itemCount);
          this.#parts.events.emit('run', { kind: job.kind, report });
        };
        const waiting = () => this.#scopes.size - 1;
        return job.run(new JobDesk(this.#parts, { scope, engine: this, push, report, follow, waiting, span }));
      });
      answer.then(metered.done, metered.failed);
      if (span !== undefined)
        answer.then(
          () => span.done(),
          (error: unknown) => span.failed(error),
        );
      return answer;
    });
  }

  /** Lets `body` run when everything before it is over. Its rejection does not wait for the clean-up. */
  #exclusive<R>(turns: Turns, limits: Limits, body: (scope: Scope) => Promise<R>): Promise<R> {
    if (this.#disposed !== undefined) return Promise.reject(new EngineDisposedError());
    try {
      refuseNestedCall(this);
    } catch (error) {
      return Promise.reject(error);
    }
    const scope = new Scope({
      signals: [limits.signal],
      executionTimeoutMs: limits.executionTimeoutMs ?? this.#parts.options.executionTimeoutMs,
    });
    this.#scopes.add(scope);
    const turn = turns.take(async () => {
      try {
        scope.begin();
        return await body(scope);
      } finally {
        scope.close();
        this.#scopes.delete(scope);
      }
    });
    return Promise.race([turn, scope.cancelled]);
  }

  #asks(scope: Scope): Ask {
    return (body) => ask({ engine: this, scope, patienceMs: this.#parts.options.stateTimeoutMs }, body);
  }

  /** The turns of a world: its own, in the engine's scopes. */
  #worldTurns(worlds: typeof Worlds, turns: Turns, options: CheckedOptions, first?: BlockInput): WorldTurns {
    this.#worlds.add(turns);
    return {
      take: (body, limits = {}) => this.#exclusive(turns, limits, (scope) => body(this.#asks(scope))),
      thread: {
        equip,
        loadPrecompiles: (instance) => equipFrom(instance, this.#parts.assets.precompilesHere),
        tracedCore: compileTracedCore,
      },
      executeBlock: (request, state, place) =>
        this.#start(turns, () => new worlds.WorldBlockJob(request, options, state, place)),
      start: (read) => this.#start(turns, () => read(options)),
      prepareBlock: (request, state, place) => {
        const job = new worlds.WorldBlockJob(request, options, state, place);
        return {
          number: job.number,
          fetchAhead: (signal) => void callFor(this, () => job.fetchAhead(signal)).catch(() => {}),
          run: () =>
            this.#start(turns, () => {
              place.checkOpen();
              return job;
            }),
        };
      },
      another: () => this.#worldTurns(worlds, new Turns(), options, first),
      chain: options.chain,
      first,
      host: {
        openWorld: (given) => this.openWorld(given),
        traceBlock: (request, start) =>
          this.#start(this.#turns, () => new TraceJob(request, this.#parts.options, start)) as PromiseLike<
            readonly TransactionTrace[]
          >,
        executeBlock: (request) => this.executeBlock(request),
      },
      end: async () => {
        await turns.over();
        this.#worlds.delete(turns);
      },
    };
  }
}

/** Loads what tells of runs, where it is asked for. */
async function openTelemetry(given: EngineOptions['telemetry'] = false): Promise<Telemetry | undefined> {
  if (given === false) return undefined;
  const { findTracer, withSpan } = await import('../metrics/spans.ts');
  const tracer = await findTracer(given === true ? undefined : given.tracer);
  return tracer && { tracer, withSpan };
}
