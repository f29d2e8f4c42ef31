// A list of tasks as a job: its stages, in order.

import { GAS_PER_MS } from '../access/crew-size.ts';
import { InputError, QuotaError } from '../base/errors.ts';
import type { TelemetryAttributes } from '../base/telemetry.ts';
import type { CheckedOptions } from '../config/options.ts';
import { checkExecutionOptions, memoryOfRun } from '../config/options.ts';
import { checkTasks } from '../config/tasks.ts';
import { type RawResult, type ResultBatch, Results } from '../core/host/outcome.ts';
import { joinImages } from '../core/host/state-image.ts';
import { checkedPrograms } from '../core/host/synthetic-program.ts';
import { reportOf } from '../metrics/report.ts';
import type { PlannedTask, RunPlan, RunPlanning } from '../run/run-plan.ts';
import { type ExecutorSource, type TaskTimeout, workOf } from '../run/work.ts';
import type { Executor, Task } from '../task/executor.ts';
import type { ExecutionOptions, ExecutionResult, Report, TaskResult } from '../types.ts';
import { costOf } from './block-encoding.ts';
import { finalStateOf } from './changed-state.ts';
import type { Desk, Job, Limits } from './job.ts';
import { costAlike } from './planning.ts';
import { type StateBefore, stateBefore } from './state-before.ts';
import { type InitialValues, readExecutor, readInitialValues } from './task-request.ts';

export class TasksJob implements Job<TaskResult, ExecutionResult> {
  readonly kind = 'tasks';
  readonly firstItem = 0;
  readonly limits: Limits;
  readonly #tasks: readonly Task[];
  readonly #executor: 'synthetic' | ExecutorSource;
  readonly #options: CheckedOptions;
  readonly #request: ExecutionOptions;
  readonly #initial: InitialValues;
  readonly #maximumMiB: number;

  /** Reads the request. @throws InputError naming what is wrong with it */
  constructor(tasks: readonly Task[], executor: unknown, request: ExecutionOptions, options: CheckedOptions) {
    checkExecutionOptions(request);
    checkTasks(tasks);
    this.limits = request;
    this.#maximumMiB = memoryOfRun(request, options, 'options');
    this.#executor = readExecutor(executor);
    this.#tasks = this.#executor === 'synthetic' ? checkedPrograms(tasks) : tasks;
    if (this.#executor === 'synthetic' && (request.taskQuota ?? tasks.find(({ quota }) => quota)) !== undefined) {
      throw new InputError('options.taskQuota', 'programs have none: they run inside the core');
    }
    this.#options = options;
    this.#request = request;
    this.#initial = readInitialValues(request);
  }

  get itemCount(): number {
    return this.#tasks.length;
  }

  attributes(): TelemetryAttributes {
    return { 'pevm.tasks': this.itemCount };
  }

  async run(desk: Desk<TaskResult>): Promise<ExecutionResult> {
    const startMs = performance.now();
    const { state, taskTimeoutMs = this.#options.taskTimeoutMs } = this.#request;
    const maximumMiB = this.#maximumMiB;
    const before = await stateBefore(desk, state);
    const executor = this.#executor;
    const object = typeof executor === 'object' && 'object' in executor ? executor.object : undefined;
    const tasks = this.#tasks.map((task) => plannedTask(task, object));
    const oracle = this.#request.accessOracle ?? this.#options.planning.oracle;
    const isPlanned = oracle !== undefined || !costAlike(tasks);
    const planner = isPlanned ? await import('./oracle-plan.ts') : undefined;
    const planned = planner?.planTasks(oracle, this.#tasks, tasks, desk.workers);
    const encodeMs = performance.now() - startMs;
    desk.stage('plan', startMs);

    const plan = this.#planOf(before, tasks, planned?.planning, desk.workers);
    const work =
      executor === 'synthetic'
        ? // Programs are in the core's memory; nobody needs the tasks themselves.
          workOf({ tasks: [], executor: undefined, precompiles: undefined })
        : workOf({ tasks: this.#tasks, executor, quota: this.#request.taskQuota, precompiles: undefined });

    const results = new TaskResults();
    const { gasQuota } = this.#request;
    let [looked, gas] = [0, 0n];
    const take = (batch: ResultBatch) => {
      results.raw.push(batch);
      for (; looked < results.raw.length; looked++) {
        if (gasQuota !== undefined) gas += BigInt(results.raw.gas(looked));
        if (gasQuota !== undefined && gas > gasQuota) {
          desk.fail(new QuotaError(`task ${looked}`, { index: looked, limit: gasQuota, used: gas }));
          return;
        }
        const exceeded = results.raw.status(looked) === 'failed' ? results.at(looked).exceeded : undefined;
        if (exceeded !== undefined) desk.exceeded({ ...exceeded, task: looked });
      }
      desk.push(results.raw.length, results.at);
    };
    const timeout = timeoutOf(this.#tasks, taskTimeoutMs);
    const performed = await desk.perform({
      ...{ plan, work, state, taskTimeoutMs: timeout, maximumMiB, isShown: true, take },
    });

    const totalDurationMs = performance.now() - startMs;
    const report = reportOf(performed, {
      ...{ totalDurationMs, encodeMs, offset: 0, block: undefined },
      planned: planned?.facts,
    });
    desk.report(report);
    const { data, numbers } = this.#initial;
    return executionResult(results, finalStateOf(performed.outcome.changes, data, numbers), report);
  }

  #planOf(
    { image, complete }: StateBefore,
    tasks: readonly PlannedTask[],
    planning: RunPlanning | undefined,
    workers: number,
  ): RunPlan {
    const { window = this.#options.window, sequential = false } = this.#request;
    const executor = this.#executor;
    return {
      count: this.#tasks.length,
      tasks,
      programs: executor === 'synthetic' ? this.#tasks.map(({ payload }) => payload as Uint8Array) : undefined,
      evm: undefined,
      image: joinImages(image, this.#initial.image),
      complete,
      window,
      policy: this.#options.policy,
      partitions: workers,
      haltOnInvalid: false,
      profile: this.#options.enableProfiling ?? false,
      sequential,
      block: undefined,
      checkpoint: undefined,
      planning,
    };
  }
}

/** Of each task, where some have limits of their own. */
function timeoutOf(tasks: readonly Task[], all: number | undefined): TaskTimeout {
  if (tasks.every(({ timeoutMs }) => timeoutMs === undefined)) return all;
  return (task) => tasks[task]?.timeoutMs ?? all;
}

/** A task as the core needs it. What an executor estimates is only a hint, so its mistakes are dropped. */
function plannedTask(task: Task, executor?: Executor): PlannedTask {
  let gas = task.estimatedGas;
  let ms = task.estimatedMs;
  let dependencies = task.dependencies ?? [];
  if (executor?.estimate !== undefined) {
    try {
      const estimate = executor.estimate(task);
      gas ??= estimate.gas;
      ms ??= estimate.durationMs;
      const more = (estimate.dependencies ?? []).filter(
        (lower) => Number.isSafeInteger(lower) && lower >= 0 && lower < task.id,
      );
      if (more.length > 0) dependencies = [...new Set([...dependencies, ...more])];
    } catch {
      // As if it had estimated nothing.
    }
  }
  // What is planned is time: who knows it knows better than by gas.
  const isDuration = typeof ms === 'number' && ms >= 0;
  const cost = isDuration ? Math.min(0xffffffff, Math.round(ms! * GAS_PER_MS)) : undefined;
  return { cost: cost ?? (typeof gas === 'bigint' ? costOf(gas) : 0), dependencies };
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

function taskResult(id: number, { status, gasUsed, output, error, exceeded }: RawResult): TaskResult {
  return { id, status, gasUsed, output, ...(error === undefined ? {} : { error }), ...(exceeded && { exceeded }) };
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
