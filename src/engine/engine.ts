// The engine: one public object over the three ways to run. Checks input, lets runs take turns, makes results.

import workerSource from 'virtual:pevm/worker';
import {
  AuditError,
  EngineDisposedError,
  InputError,
  InvalidBlockError,
  InvalidTransactionError,
} from '../base/errors.ts';
import { type Hex, keyFromBytes } from '../base/hex.ts';
import { coreCount, hasWorkers, moduleUrl, readIfLocal, sharingProblem } from '../base/platform.ts';
import { describe, address as readAddress } from '../base/reader.ts';
import { checkBlobs } from '../block/blobs.ts';
import { type BlockInput, readBlock, readBlockHashes } from '../block/block-input.ts';
import { stepError } from '../block/block-plan.ts';
import { depositContractOf, paysReward, scheduledHardfork } from '../block/chains.ts';
import type { StateDiff } from '../block/state-diff.ts';
import { type Hardfork, isAtLeast, readHardfork } from '../chain/hardfork.ts';
import {
  type CheckedOptions,
  checkBlockRequest,
  checkEngineOptions,
  checkExecutionOptions,
} from '../config/options.ts';
import { checkTasks } from '../config/tasks.ts';
import { type RawResult, type ResultBatch, Results } from '../core/host/outcome.ts';
import { addCounters, noCounters } from '../core/host/run-statistics.ts';
import { EMPTY_IMAGE, type StateImage, StateImageBuilder } from '../core/host/state-image.ts';
import { checkedPrograms } from '../core/host/synthetic-program.ts';
import { type Keccak256, openKeccak256 } from '../core/instance/keccak256.ts';
import { compileCore } from '../core/instance/module.ts';
import { type BlockContext, type BlockJob, costOf, moduleJob, wasmJob } from '../job/block.ts';
import { completed, resultOf, TransactionDecoder } from '../job/block-result.ts';
import { finalStateOf } from '../job/changed-state.ts';
import { compareExecutions } from '../job/comparison.ts';
import { verification } from '../job/verification.ts';
import { analyzeReport } from '../metrics/analysis.ts';
import { reportOf, totalCounters } from '../metrics/report.ts';
import { InvalidOutcome, type PlannedTask, type RunHooks, type RunOutcome, type RunPlan } from '../run/conductor.ts';
import { pagesOf } from '../run/memory.ts';
import { callFor, refuseNestedCall } from '../run/nested-call.ts';
import { imageOf, isMemoryState, loadKeys, type WholeState } from '../run/state-loading.ts';
import { stateRootOf } from '../state/state-root.ts';
import type { StateKey, StateSource } from '../state/state-source.ts';
import type { Executor, Task } from '../task/executor.ts';
import type {
  BlockRequest,
  BlockResult,
  BlockRun,
  Capabilities,
  Engine,
  EngineEvents,
  EngineOptions,
  ExecutionOptions,
  ExecutionResult,
  ExecutionRun,
  ExecutorChoice,
  MetricsSnapshot,
  Report,
  TaskResult,
  TransactionResult,
} from '../types.ts';
import { type PoolEvents, WorkerPool } from '../workers/pool.ts';
import { CallingThreadRunner, type RunControl, type Runner, SharedRunner, SoloRunner } from '../workers/runners.ts';
import { LateStartError } from '../workers/worker-handle.ts';
import { type Push, RunHandle, type RunSource } from './run-handle.ts';
import { Scope } from './scope.ts';

/**
 * Makes an engine and starts its workers. Never throws for a page that is not isolated: `capabilities` says what runs.
 * @throws InputError naming the option
 */
export async function createEngine(options: EngineOptions = {}): Promise<Engine> {
  return PevmEngine.create(options);
}

type Listeners = { [E in keyof EngineEvents]: Set<(detail: EngineEvents[E]) => void> };

let workerUrl: string | undefined;
let ethereumjsUrl: Promise<string> | undefined;
let precompilesUrl: Promise<string> | undefined;
const warmModules = new WeakMap<WebAssembly.Module, Promise<void>>();
let works = 0;

/** @internal Tests reach behind the interface. */
export class PevmEngine implements Engine {
  readonly capabilities: Capabilities;
  readonly #options: CheckedOptions;
  readonly #module: WebAssembly.Module;
  readonly #keccak256: Keccak256;
  readonly #runner: Runner;
  readonly #listeners: Listeners;
  readonly #scopes = new Set<Scope>();
  #local: CallingThreadRunner | undefined;
  /** Settles when the last run in the queue is over. */
  #tail: Promise<unknown> = Promise.resolve();
  readonly #aborted = () => void this.dispose();
  #disposed: Promise<void> | undefined;
  readonly #totals = { runs: 0, transactions: 0, executionMs: 0, counters: noCounters(), workersLost: 0, drains: 0 };
  #last: Report | undefined;

  private constructor(
    options: CheckedOptions,
    module: WebAssembly.Module,
    keccak256: Keccak256,
    runner: Runner,
    capabilities: Capabilities,
    listeners: Listeners,
  ) {
    this.#options = options;
    this.#module = module;
    this.#keccak256 = keccak256;
    this.#runner = runner;
    this.capabilities = capabilities;
    this.#listeners = listeners;
    options.signal?.addEventListener('abort', this.#aborted);
  }

  /** `pool`: workers that other engines use as well; whoever started them ends them. */
  static async create(options: EngineOptions, pool?: WorkerPool): Promise<PevmEngine> {
    const checked = checkEngineOptions(options, coreCount());
    checked.signal?.throwIfAborted();
    const module = await compileCore(await readIfLocal(checked.assets?.wasm));
    const listeners: Listeners = {
      run: new Set(),
      'worker-lost': new Set(),
      'worker-replaced': new Set(),
      drain: new Set(),
      load: new Set(),
    };
    const { runner, capabilities } = await startRunner(
      checked,
      module,
      {
        lost: (id, reason) => emit(listeners, 'worker-lost', { id, reason }),
        replaced: (id, by) => emit(listeners, 'worker-replaced', { id, by }),
      },
      pool,
    );
    const engine = new PevmEngine(checked, module, await openKeccak256(module), runner, capabilities, listeners);
    if ((checked.executor ?? 'wasm') === 'wasm') {
      // In the background; what fails here will fail in the first block, and be told there.
      await engine.#precompilesUrl().then(
        (url) => runner.prepare(url),
        () => {},
      );
      await warmUpOnce(module, runner);
    }
    if (checked.signal?.aborted) {
      await engine.dispose();
      checked.signal.throwIfAborted();
    }
    return engine;
  }

  executeBlock(request: BlockRequest): BlockRun {
    let block: PreparedBlock;
    try {
      block = this.#prepareBlock(request);
    } catch (error) {
      return new RunHandle<TransactionResult, BlockResult>(0, 0, () => Promise.reject(error));
    }
    const { transactionCount, firstTransaction } = block.job;
    return new RunHandle<TransactionResult, BlockResult>(transactionCount, firstTransaction, (push, attach) =>
      this.#exclusive(request, (scope) => this.#runBlock(block, scope, push, attach)),
    );
  }

  execute<T = unknown>(
    tasks: readonly Task<T>[],
    executor: ExecutorChoice<T>,
    options: ExecutionOptions = {},
  ): ExecutionRun {
    let control: RunControl | undefined;
    const early: [number, number][] = [];
    let run: RunHandle<TaskResult, ExecutionResult>;
    try {
      checkExecutionOptions(options);
      checkTasks(tasks);
      const choice = chooseExecutor(executor);
      const taken = choice === 'synthetic' ? checkedPrograms(tasks) : tasks;
      const initial = readInitial(options);
      run = new RunHandle<TaskResult, ExecutionResult>(tasks.length, 0, (push, attach) =>
        this.#exclusive(options, (scope) =>
          this.#runTasks(taken, choice, options, initial, scope, push, (started) => {
            control = started;
            for (const [lower, higher] of early) started.addDependency(lower, higher);
            attach(started);
          }),
        ),
      );
    } catch (error) {
      run = new RunHandle<TaskResult, ExecutionResult>(0, 0, () => Promise.reject(error));
    }
    return Object.assign(run, {
      addDependency(lower: number, higher: number) {
        for (const [name, id] of Object.entries({ lower, higher })) {
          if (!Number.isSafeInteger(id) || id < 0 || id >= tasks.length) {
            throw new InputError(name, `there is no task ${describe(id)}`);
          }
        }
        if (lower >= higher) throw new InputError('lower', `task ${higher} cannot depend on the later task ${lower}`);
        if (control === undefined) early.push([lower, higher]);
        else control.addDependency(lower, higher);
      },
    });
  }

  metrics(): MetricsSnapshot {
    const last = this.#last;
    return {
      ...this.#totals,
      counters: { ...this.#totals.counters },
      ...(last === undefined ? {} : { last }),
      analyze: () => analyzeReport(last),
    };
  }

  on<E extends keyof EngineEvents>(event: E, listener: (detail: EngineEvents[E]) => void): () => void {
    const listeners: Set<(detail: EngineEvents[E]) => void> = this.#listeners[event];
    if (!Object.hasOwn(this.#listeners, event)) {
      throw new InputError(
        'event',
        `unknown event ${describe(event)}; there are ${Object.keys(this.#listeners).join(', ')}`,
      );
    }
    listeners.add(listener);
    return () => void listeners.delete(listener);
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
    if (this.#runner instanceof SharedRunner) this.#runner.terminateWorker(seat);
    else if (this.#runner instanceof SoloRunner) this.#runner.terminateWorker();
  }

  async #end(): Promise<void> {
    // The signal may live for as long as the process, and would keep this engine.
    this.#options.signal?.removeEventListener('abort', this.#aborted);
    const error = new EngineDisposedError(this.#options.signal?.aborted ? { cause: this.#options.signal.reason } : {});
    for (const scope of this.#scopes) scope.cancel(error);
    this.#runner.dispose();
    this.#local?.dispose();
    await this.#tail;
  }

  /** Lets `body` run when everything before it is over. Its rejection does not wait for the clean-up. */
  #exclusive<R>(
    limits: { readonly signal?: AbortSignal; readonly executionTimeoutMs?: number },
    body: (scope: Scope) => Promise<R>,
  ): Promise<R> {
    if (this.#disposed !== undefined) return Promise.reject(new EngineDisposedError());
    try {
      refuseNestedCall(this);
    } catch (error) {
      return Promise.reject(error);
    }
    const scope = new Scope({
      signals: [limits.signal],
      executionTimeoutMs: limits.executionTimeoutMs ?? this.#options.executionTimeoutMs,
    });
    this.#scopes.add(scope);
    const turn = this.#tail.then(() => {
      scope.begin();
      return body(scope);
    });
    const over = () => {
      scope.close();
      this.#scopes.delete(scope);
    };
    this.#tail = turn.then(over, over);
    return Promise.race([turn, scope.cancelled]);
  }

  #prepareBlock(request: BlockRequest): PreparedBlock {
    checkBlockRequest(request);
    const { chainId = this.#options.chainId ?? 1, state = this.#options.state, verify, expected } = request;
    const named = request.hardfork ?? this.#options.hardfork;
    const hardfork =
      named === undefined ? scheduledHardfork(chainId, request.block) : readHardfork(named, 'request.hardfork');
    checkSource(state, 'request.state');
    const { maximumTransactionGas } = this.#options;
    const limits = maximumTransactionGas === undefined ? {} : { maximumTransactionGas };
    const block = readBlock(request.block, hardfork, 'block', limits);
    checkBlobs(hardfork, block);
    const senders =
      request.senders ?? (block.transactions.every(({ from }) => from !== undefined) ? 'trust' : 'recover');
    const blockHashes =
      request.blockHashes === undefined
        ? new Map(isMemoryState(state) ? state.blockHashes : [])
        : readBlockHashes(request.blockHashes, 'request.blockHashes');
    const parent = BigInt(block.number) - 1n;
    if (parent >= 0n && !blockHashes.has(parent)) blockHashes.set(parent, block.parentHash);
    const storageOnly = isMemoryState(state) ? state.storageOnly : [];
    const memoryBytes = this.#options.maximumMiB * 2 ** 20;
    const { depositContract: given, blockReward = paysReward(chainId, hardfork, block) } = request;
    const depositContract =
      given === undefined ? depositContractOf(chainId) : readAddress(given, 'request.depositContract');
    const context = {
      ...{ chainId, hardfork, block, blockHashes, senders, storageOnly, memoryBytes },
      ...{ depositContract, blockReward: Boolean(blockReward) },
    };
    const { executor = 'wasm', taskTimeoutMs } = this.#options;
    return {
      context,
      job: executor === 'wasm' ? wasmJob(context) : moduleJob(context),
      state,
      verify,
      expected,
      taskTimeoutMs: request.taskTimeoutMs ?? taskTimeoutMs,
    };
  }

  async #runBlock(
    prepared: PreparedBlock,
    scope: Scope,
    push: Push<TransactionResult>,
    attach: (source: RunSource) => void,
  ): Promise<BlockResult> {
    const start = performance.now();
    const { context, job, state, verify } = prepared;
    const run = await this.#runJob(prepared, job, scope, push, attach).catch(async (error: unknown) => {
      if (this.#options.preset === 'audit') await this.#auditRefusal(prepared, scope, error);
      throw error;
    });
    const decodeStart = performance.now();
    const result = resultOf({ context, job, ...run, keccak256: this.#keccak256 });
    const { stateRoot: wantsRoot = false } = typeof verify === 'object' ? verify : {};
    const stateRoot = wantsRoot
      ? await callFor(this, () => rootAfter(state, result.stateDiff, context.hardfork))
      : undefined;
    const { expected } = prepared;
    const keccak256 = this.#keccak256;
    const found = verification(context, result, { verify, expected, stateRoot, keccak256 });
    if (this.#options.preset === 'audit') {
      const oracle = await this.#audit(prepared, scope).catch((error: unknown) => {
        if (!isRefusal(error)) throw error;
        const details = { details: error.message, cause: error };
        throw new AuditError('the block is accepted, but ethereumjs refuses it', details);
      });
      found.mismatches.push(...compareExecutions(oracle, result, 'audit'));
    }
    const decodeMs = run.outcome.decodeMs + performance.now() - decodeStart;
    const report = this.#reported('block', { ...run.outcome, decodeMs }, this.#runner, {
      start,
      encodeMs: run.encodeMs,
      workersLost: run.workersLost,
      offset: job.firstTransaction,
      transactions: job.transactionCount,
      block: context.block,
    });
    return completed(result, { ...found, report, stateRoot });
  }

  /** The block as ethereumjs runs it, one transaction at a time. */
  async #audit(prepared: PreparedBlock, scope: Scope): Promise<ReturnType<typeof resultOf>> {
    const job = moduleJob(prepared.context);
    const run = await this.#runJob(
      prepared,
      job,
      scope,
      () => {},
      () => {},
      true,
    );
    return resultOf({ context: prepared.context, job, ...run, keccak256: this.#keccak256 });
  }

  /** A block that is refused must be refused by ethereumjs too. @throws AuditError */
  async #auditRefusal(prepared: PreparedBlock, scope: Scope, refusal: unknown): Promise<void> {
    if (!isRefusal(refusal)) return;
    try {
      await this.#audit(prepared, scope);
    } catch (error) {
      if (isRefusal(error)) return;
      throw error;
    }
    throw new AuditError('the block is refused, but ethereumjs accepts it', {
      details: refusal.message,
      cause: refusal,
    });
  }

  /** Runs a block's tasks. */
  async #runJob(
    { context, state, taskTimeoutMs }: PreparedBlock,
    job: BlockJob,
    scope: Scope,
    push: Push<TransactionResult>,
    attach: (source: RunSource) => void,
    sequential = false,
  ): Promise<{ decoder: TransactionDecoder; outcome: RunOutcome; workersLost: number; encodeMs: number }> {
    const start = performance.now();
    const { image, complete, emptyAccounts } = await callFor(this, () =>
      initialState(state, scope, () => blockKeys(state, context.block)),
    );
    const modules =
      job.evm === undefined ? { executor: await this.#executorUrl() } : { precompiles: await this.#precompilesUrl() };
    const encodeMs = performance.now() - start;
    const decoder = new TransactionDecoder(context.block, job);
    const take = (batch: ResultBatch) => {
      decoder.push(batch, (task, result) => scope.cancel(stepError(job, task, result)));
      push(decoder.length, decoder.at);
    };
    const { evm } = job;
    const { outcome, workersLost } = await this.#perform(
      this.#runner,
      {
        plan: this.#planOf(job.tasks, {
          count: job.count,
          image,
          complete,
          haltOnInvalid: true,
          checkpoint: job.post,
          sequential,
          block: { firstTransaction: job.firstTransaction, transactionCount: job.transactionCount },
          evm: evm && emptyAccounts ? { ...evm, environment: { ...evm.environment, emptyAccounts } } : evm,
        }),
        work: {
          // What runs inside the core is in the memory: workers that ran a block have all they need for the next.
          id: job.evm === undefined ? nextWorkId() : this.#evmWorkId(),
          tasks: job.payloads,
          // Of a distant state nobody knows, and looking out for empty accounts makes transactions conflict.
          executor:
            modules.executor === undefined
              ? undefined
              : { url: modules.executor, options: { ...job.options, emptyAccounts: complete && emptyAccounts } },
          precompiles: modules.precompiles,
        },
        hooks: this.#hooks(state, scope, take),
        taskTimeoutMs,
      },
      scope,
      attach,
    ).catch((error: unknown) => {
      throw error instanceof InvalidOutcome ? stepError(job, error.index, error.result) : error;
    });
    scope.throwIfCancelled();
    return { decoder, outcome, workersLost, encodeMs };
  }

  async #runTasks<T>(
    tasks: readonly Task<T>[],
    choice: Choice,
    options: ExecutionOptions,
    initial: InitialValues,
    scope: Scope,
    push: Push<TaskResult>,
    attach: (control: RunControl) => void,
  ): Promise<ExecutionResult> {
    const start = performance.now();
    const { image, complete } = await callFor(this, () => initialState(options.state, scope, async () => []));
    const encodeMs = performance.now() - start;
    const results = new TaskResults();
    const take = (batch: ResultBatch) => {
      results.raw.push(batch);
      push(results.raw.length, results.at);
    };
    const object = typeof choice === 'object' && 'execute' in choice ? choice : undefined;
    const runner = object === undefined ? this.#runner : this.#callingThread();
    const module = typeof choice === 'object' && 'url' in choice ? choice : undefined;
    const native = choice === 'synthetic';
    const plan = this.#planOf(
      tasks.map((task) => plannedTask(task, object)),
      {
        image: joined(image, initial.image),
        complete,
        haltOnInvalid: false,
        checkpoint: undefined,
        sequential: options.sequential ?? false,
        ...(options.window === undefined ? {} : { window: options.window }),
        ...(native ? { programs: tasks.map(({ payload }) => payload as Uint8Array) } : {}),
      },
    );
    const { outcome, workersLost } = await this.#perform(
      runner,
      {
        plan,
        work: { id: nextWorkId(), tasks: native ? [] : tasks, executor: module, precompiles: undefined },
        hooks: this.#hooks(options.state, scope, take),
        taskTimeoutMs: options.taskTimeoutMs ?? this.#options.taskTimeoutMs,
      },
      scope,
      attach,
      object,
    );
    const report = this.#reported('tasks', outcome, runner, {
      start,
      encodeMs,
      workersLost,
      offset: 0,
      transactions: tasks.length,
      block: undefined,
    });
    return executionResult(results, finalStateOf(outcome.changes, initial.data, initial.numbers), report);
  }

  /** Starts a run and waits for its end; it is stopped when the scope is cancelled. */
  async #perform(
    runner: Runner,
    request: Parameters<Runner['start']>[0],
    scope: Scope,
    attach: (control: RunControl) => void,
    object?: Executor,
  ): Promise<{ outcome: RunOutcome; workersLost: number }> {
    scope.throwIfCancelled();
    const follow = async (control: RunControl) => {
      scope.onCancel((reason) => control.cancel(reason));
      attach(control);
      const outcome = await control.outcome;
      return { outcome, workersLost: control.workersLost() };
    };
    if (!(runner instanceof CallingThreadRunner)) return follow(runner.start(request));
    return callFor(this, () => follow(runner.start(request, object)));
  }

  #planOf(
    tasks: readonly PlannedTask[],
    rest: Pick<RunPlan, 'image' | 'complete' | 'haltOnInvalid' | 'checkpoint'> & Partial<RunPlan>,
  ): RunPlan {
    return {
      count: tasks.length,
      tasks,
      programs: undefined,
      evm: undefined,
      window: this.#options.window,
      profile: this.#options.enableProfiling ?? false,
      sequential: false,
      block: undefined,
      ...rest,
    };
  }

  #hooks(state: StateSource | undefined, scope: Scope, committed: RunHooks['committed']): RunHooks {
    return {
      committed,
      load: async (keys, emptied) => {
        emit(this.#listeners, 'load', { keys: keys.length });
        if (state === undefined) throw new InputError('options.state', 'missing');
        // A source may not listen to signals.
        const answer = callFor(this, () => loadKeys(state, keys, emptied, scope.signal));
        return Promise.race([answer, scope.cancelled]);
      },
      drain: (from) => emit(this.#listeners, 'drain', { from }),
    };
  }

  #reported(
    kind: 'block' | 'tasks',
    outcome: RunOutcome,
    runner: Runner,
    context: {
      start: number;
      encodeMs: number;
      workersLost: number;
      offset: number;
      transactions: number;
      block: BlockInput | undefined;
    },
  ): Report {
    const own = runner === this.#runner;
    const report = reportOf(outcome, {
      threading: own ? this.capabilities.threading : 'inline',
      workers: own ? this.capabilities.workers : 1,
      totalDurationMs: performance.now() - context.start,
      encodeMs: context.encodeMs,
      workersLost: context.workersLost,
      offset: context.offset,
      block: context.block,
    });
    this.#last = report;
    this.#totals.runs++;
    this.#totals.transactions += context.transactions;
    this.#totals.executionMs += outcome.executionMs;
    this.#totals.workersLost += context.workersLost;
    this.#totals.drains += outcome.drains;
    addCounters(this.#totals.counters, totalCounters(outcome));
    emit(this.#listeners, 'run', { kind, report });
    return report;
  }

  #callingThread(): CallingThreadRunner {
    if (this.#runner instanceof CallingThreadRunner) return this.#runner;
    this.#local ??= new CallingThreadRunner(this.#module, pagesOf(this.#options.maximumMiB));
    return this.#local;
  }

  /** Of the executor outside the core. */
  async #executorUrl(): Promise<string> {
    const { executor, assets } = this.#options;
    const isUrl = executor !== undefined && executor !== 'wasm' && executor !== 'ethereumjs';
    if (isUrl) return absoluteUrl(executor, 'options.executor');
    if (assets?.executor !== undefined) return absoluteUrl(assets.executor, 'options.assets.executor');
    // Loaded only when a block is to be executed: it is most of the library.
    ethereumjsUrl ??= import('virtual:pevm/ethereumjs-executor').then(({ default: source }) => moduleUrl(source));
    return ethereumjsUrl;
  }

  /** Workers that ran a block of this engine, or of another with the same precompiled contracts, have what a block needs. */
  #evmWorkId(): string {
    return `evm ${this.#options.assets?.precompiles ?? ''}`;
  }

  /** Of the precompiled contracts that the core leaves to its host. */
  async #precompilesUrl(): Promise<string> {
    const { assets } = this.#options;
    if (assets?.precompiles !== undefined) return absoluteUrl(assets.precompiles, 'options.assets.precompiles');
    precompilesUrl ??= import('virtual:pevm/precompiles').then(({ default: source }) => moduleUrl(source));
    return precompilesUrl;
  }
}

/** Results of tasks by their ids; each is made when it is first looked at. */
class TaskResults {
  readonly raw = new Results();
  readonly #made: TaskResult[] = [];

  readonly at = (id: number): TaskResult => {
    this.#made[id] ??= taskResult(id, this.raw.at(id));
    return this.#made[id];
  };

  all(): TaskResult[] {
    return Array.from({ length: this.raw.length }, (_, id) => this.at(id));
  }
}

/** Apart from the run, so that a result that somebody keeps does not keep the engine's memory. */
function executionResult(results: TaskResults, state: ExecutionResult['state'], report: Report): ExecutionResult {
  let all: TaskResult[] | undefined;
  return {
    get results() {
      all ??= results.all();
      return all;
    },
    state,
    report,
  };
}

/** Whether the rules do not allow the block. */
function isRefusal(error: unknown): error is InvalidBlockError | InvalidTransactionError {
  return error instanceof InvalidBlockError || error instanceof InvalidTransactionError;
}

interface PreparedBlock {
  readonly context: BlockContext;
  readonly job: BlockJob;
  readonly state: StateSource;
  readonly verify: BlockRequest['verify'];
  readonly expected: BlockRequest['expected'];
  readonly taskTimeoutMs: number | undefined;
}

/** Compiled code belongs to the module, so that one engine of a process warms it up for all. */
async function warmUpOnce(module: WebAssembly.Module, runner: Runner): Promise<void> {
  let warm = warmModules.get(module);
  if (warm === undefined) {
    // What fails here will fail in the first block, and be told there.
    warm = runner.warmUp().catch(() => {});
    warmModules.set(module, warm);
  }
  await warm;
}

/** Workers over shared memory where that can be had, else one worker alone, else the calling thread. */
async function startRunner(
  options: CheckedOptions,
  module: WebAssembly.Module,
  events: PoolEvents,
  shared?: WorkerPool,
): Promise<{ runner: Runner; capabilities: Capabilities }> {
  const { workers, threading, maximumMiB, assets } = options;
  const pages = pagesOf(maximumMiB);
  let late = false;
  let reason = threading === 'inline' ? 'options.threading is "inline"' : sharingProblem();
  if (hasWorkers()) {
    workerUrl ??= assets?.worker === undefined ? moduleUrl(workerSource) : undefined;
    const url = assets?.worker === undefined ? workerUrl : absoluteUrl(assets.worker, 'options.assets.worker');
    if (url !== undefined && reason === undefined) {
      try {
        const pool = shared ?? (await WorkerPool.start(url, workers));
        // Room for replacements: an id is never used twice in a block.
        const need = { module, pages, highestWorker: Math.min(255, 4 * workers + 16) };
        const runner = new SharedRunner({ pool, workers, need, events }, shared === undefined);
        return { runner, capabilities: { threading: 'shared', workers } };
      } catch (error) {
        reason = messageOf(error);
        late = error instanceof LateStartError;
      }
    }
    // Who has waited once for a worker that says nothing need not wait again.
    if (url !== undefined && !late) {
      try {
        const runner = await SoloRunner.start({ module, workerUrl: url, pages, events });
        return { runner, capabilities: { threading: 'inline', workers: 1, reason: reason ?? 'unknown' } };
      } catch (error) {
        reason = messageOf(error);
      }
    }
  } else {
    reason = 'there are no workers here';
  }
  const runner = new CallingThreadRunner(module, pages);
  return { runner, capabilities: { threading: 'inline', workers: 1, reason: reason ?? 'unknown' } };
}

type Choice = 'synthetic' | Executor | { readonly url: string; readonly options: unknown };

function chooseExecutor(executor: unknown): Choice {
  if (executor === 'synthetic') return executor;
  if (typeof executor === 'string' || executor instanceof URL) {
    return { url: absoluteUrl(executor, 'executor'), options: undefined };
  }
  if (typeof executor === 'object' && executor !== null) {
    if ('execute' in executor && typeof executor.execute === 'function') return executor as Executor;
    if ('module' in executor) {
      const options = 'options' in executor ? executor.options : undefined;
      return { url: absoluteUrl(executor.module as URL | string, 'executor.module'), options };
    }
  }
  throw new InputError(
    'executor',
    `expected an executor, the URL of its module, or "synthetic", got ${describe(executor)}`,
  );
}

/** The URL as workers can use it: they have no other idea of what it may be relative to. */
function absoluteUrl(url: URL | string, field: string): string {
  try {
    return new URL(url).href;
  } catch {
    throw new InputError(field, `not an absolute URL: ${describe(url)}`);
  }
}

/** A task as the core needs it. What an executor estimates is only a hint, so its mistakes are dropped. */
function plannedTask(task: Task, executor?: Executor): PlannedTask {
  let gas = task.estimatedGas;
  let dependencies = task.dependencies ?? [];
  if (executor?.estimate !== undefined) {
    try {
      const estimate = executor.estimate(task);
      gas ??= estimate.gas;
      const more = (estimate.dependencies ?? []).filter(
        (lower) => Number.isSafeInteger(lower) && lower >= 0 && lower < task.id,
      );
      if (more.length > 0) dependencies = [...new Set([...dependencies, ...more])];
    } catch {
      // As if it had estimated nothing.
    }
  }
  return { cost: typeof gas === 'bigint' ? costOf(gas) : 0, dependencies };
}

function taskResult(id: number, { status, gasUsed, output, error }: RawResult): TaskResult {
  return { id, status, gasUsed, output, ...(error === undefined ? {} : { error }) };
}

interface InitialValues {
  readonly image: StateImage;
  readonly data: ReadonlyMap<string, Uint8Array>;
  readonly numbers: ReadonlyMap<string, bigint>;
}

function readInitial({ data, numbers, state }: ExecutionOptions): InitialValues {
  if (state !== undefined) checkSource(state, 'options.state');
  const builder = new StateImageBuilder();
  const dataMap = new Map<string, Uint8Array>();
  const numberMap = new Map<string, bigint>();
  for (const [key, value] of entriesOf(data, 'options.data')) {
    if (!(value instanceof Uint8Array)) {
      throw new InputError(`options.data[${describe(key)}]`, `expected a Uint8Array, got ${describe(value)}`);
    }
    const bytes = keyBytes(key, 'options.data');
    builder.data(bytes, value);
    dataMap.set(keyFromBytes(bytes), value);
  }
  for (const [key, value] of entriesOf(numbers, 'options.numbers')) {
    if (typeof value !== 'bigint' || value < 0n || value >> 256n !== 0n) {
      throw new InputError(
        `options.numbers[${describe(key)}]`,
        `expected a bigint from 0 to 2^256 - 1, got ${describe(value)}`,
      );
    }
    const bytes = keyBytes(key, 'options.numbers');
    builder.freeNumber(bytes, value);
    numberMap.set(keyFromBytes(bytes), value);
  }
  return { image: builder.finish(), data: dataMap, numbers: numberMap };
}

function entriesOf(values: unknown, field: string): Iterable<[string, unknown]> {
  if (values === undefined) return [];
  if (values instanceof Map) return values as Map<string, unknown>;
  if (typeof values !== 'object' || values === null || Array.isArray(values)) {
    throw new InputError(field, `expected an object or a Map, got ${describe(values)}`);
  }
  return Object.entries(values);
}

function keyBytes(key: string, field: string): Uint8Array {
  const bytes = new TextEncoder().encode(key);
  if (bytes.length === 0 || bytes.length > 65535) {
    throw new InputError(`${field}[${describe(key)}]`, `a key has 1 to 65535 bytes, this one ${bytes.length}`);
  }
  return bytes;
}

function checkSource(state: StateSource | undefined, field: string): asserts state is StateSource {
  if (typeof state !== 'object' || state === null || typeof state.load !== 'function') {
    throw new InputError(field, state === undefined ? 'missing' : `expected a state source, got ${describe(state)}`);
  }
}

/** What is loaded before the workers start: all of a state in memory; of other sources what will surely be asked for. */
async function initialState(
  state: StateSource | undefined,
  scope: Scope,
  keys: () => Promise<readonly StateKey[]>,
): Promise<WholeState & { complete: boolean }> {
  if (state === undefined) return { image: EMPTY_IMAGE, complete: true, emptyAccounts: false };
  if (isMemoryState(state)) return { ...(await imageOf(state)), complete: true };
  const wanted = await Promise.race([keys(), scope.cancelled]);
  // What nobody has loaded may be anything.
  if (wanted.length === 0) return { image: EMPTY_IMAGE, complete: false, emptyAccounts: true };
  const { image } = await Promise.race([loadKeys(state, wanted, new Set(), scope.signal), scope.cancelled]);
  return { image, complete: false, emptyAccounts: true };
}

/** Root of the state after a block. @throws InputError where the state is not known as a whole */
async function rootAfter(state: StateSource, diff: StateDiff, hardfork: Hardfork): Promise<Hex> {
  if (!isMemoryState(state)) {
    throw new InputError('request.verify.stateRoot', 'a state root takes a complete state, as memoryState makes one');
  }
  return stateRootOf(state, diff, { emptyIsAbsent: isAtLeast(hardfork, 'spuriousDragon') });
}

/** What a block will probably touch: what the source says, or the accounts that its transactions name. */
async function blockKeys(state: StateSource, block: BlockInput): Promise<readonly StateKey[]> {
  const hinted = await hintedKeys(state, block);
  if (hinted.length > 0) return hinted;
  const addresses = new Set<Hex>([block.miner]);
  for (const { from, to } of block.transactions) {
    if (from !== undefined) addresses.add(from);
    if (to !== undefined) addresses.add(to);
  }
  return [...addresses].map((address) => ({ kind: 'account', address }));
}

/** What a hint says that is a key. Hints decide nothing: without one, what is missing is loaded when it is missed. */
async function hintedKeys(state: StateSource, block: BlockInput): Promise<StateKey[]> {
  let keys: unknown;
  try {
    keys = await state.hint?.(block);
  } catch {
    return [];
  }
  return Array.isArray(keys) ? keys.filter(isStateKey) : [];
}

function isStateKey(key: Partial<Record<'kind' | 'address' | 'slot', unknown>> | undefined | null): key is StateKey {
  const isHex = (value: unknown, bytes: number) =>
    typeof value === 'string' && value.length === 2 + 2 * bytes && /^0x[0-9a-fA-F]*$/.test(value);
  if (!isHex(key?.address, 20)) return false;
  return key?.kind === 'storage' ? isHex(key.slot, 32) : key?.kind === 'account' || key?.kind === 'code';
}

/** Two images as one; the second has only free-form entries. */
function joined(first: StateImage, second: StateImage): StateImage {
  if (second.count === 0) return first;
  if (first.count === 0 && first.codes.length === 0) return second;
  const builder = new StateImageBuilder(first.count + second.count + 1);
  builder.append(first);
  builder.append(second);
  return builder.finish();
}

function nextWorkId(): string {
  return `${++works}`;
}

function emit<E extends keyof EngineEvents>(listeners: Listeners, event: E, detail: EngineEvents[E]): void {
  for (const listener of listeners[event]) {
    try {
      listener(detail);
    } catch (error) {
      // A listener's mistake is its owner's to hear of, and not the run's.
      void Promise.reject(error);
    }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
