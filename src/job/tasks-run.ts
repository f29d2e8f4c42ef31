// A list of tasks that was read, run: its stages, in order. Loaded when somebody runs one.

import { GAS_PER_MS } from '../access/crew-size.ts';
import { QuotaError } from '../base/errors.ts';
import type { CheckedOptions } from '../config/options.ts';
import { type RawResult, type ResultBatch, Results } from '../core/host/outcome.ts';
import { joinImages } from '../core/host/state-image.ts';
import { reportOf } from '../metrics/report.ts';
import type { PlannedTask, RunPlan, RunPlanning } from '../run/run-plan.ts';
import { type ExecutorSource, type TaskTimeout, workOf } from '../run/work.ts';
import type { Executor, Task } from '../task/executor.ts';
import type { ExecutionOptions, ExecutionResult, Report, TaskResult } from '../types.ts';
import { costOf } from './block-encoding.ts';
import { finalStateOf } from './changed-state.ts';
import type { Desk } from './job.ts';
import { costAlike } from './planning.ts';
import { type StateBefore, stateBefore } from './state-before.ts';
import type { InitialValues } from './task-request.ts';

/** A request for tasks, checked. */
export interface CheckedTasks {
  readonly tasks: readonly Task[];
  readonly executor: 'synthetic' | ExecutorSource;
  readonly options: CheckedOptions;
  readonly request: ExecutionOptions;
  readonly initial: InitialValues;
  readonly maximumMiB: number;
}

/** Runs them, on whatever crew the desk has. */
export async function runTasks(given: CheckedTasks, desk: Desk<TaskResult>): Promise<ExecutionResult> {
  const { tasks: list, executor, request, options, maximumMiB } = given;
  const startMs = performance.now();
  const { state, taskTimeoutMs = options.taskTimeoutMs } = request;
  const before = await stateBefore(desk, state);
  const object = typeof executor === 'object' && 'object' in executor ? executor.object : undefined;
  const tasks = list.map((task) => plannedTask(task, object));
  const oracle = request.accessOracle ?? options.planning.oracle;
  const isPlanned = oracle !== undefined || !costAlike(tasks);
  const planner = isPlanned ? await import('./oracle-plan.ts') : undefined;
  const planned = planner?.planTasks(oracle, list, tasks, desk.workers);
  const encodeMs = performance.now() - startMs;
  desk.stage('plan', startMs);

  const plan = planOf(given, before, tasks, planned?.planning, desk.workers);
  const work =
    executor === 'synthetic'
      ? // Programs are in the core's memory; nobody needs the tasks themselves.
        workOf({ tasks: [], executor: undefined, precompiles: undefined })
      : workOf({ tasks: list, executor, quota: request.taskQuota, precompiles: undefined });

  const results = new TaskResults();
  const { gasQuota } = request;
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
  const timeout = timeoutOf(list, taskTimeoutMs);
  const performed = await desk.perform({
    ...{ plan, work, state, taskTimeoutMs: timeout, maximumMiB, isShown: true, take },
  });

  const totalDurationMs = performance.now() - startMs;
  const report = reportOf(performed, {
    ...{ totalDurationMs, encodeMs, offset: 0, block: undefined },
    planned: planned?.facts,
  });
  desk.report(report);
  const { data, numbers } = given.initial;
  return executionResult(results, finalStateOf(performed.outcome.changes, data, numbers), report);
}

function planOf(
  { tasks: list, executor, request, options, initial }: CheckedTasks,
  { image, complete }: StateBefore,
  tasks: readonly PlannedTask[],
  planning: RunPlanning | undefined,
  workers: number,
): RunPlan {
  const { window = options.window, sequential = false } = request;
  return {
    count: list.length,
    tasks,
    programs: executor === 'synthetic' ? list.map(({ payload }) => payload as Uint8Array) : undefined,
    evm: undefined,
    image: joinImages(image, initial.image),
    complete,
    window,
    policy: options.policy,
    partitions: workers,
    haltOnInvalid: false,
    profile: options.enableProfiling ?? false,
    sequential,
    block: undefined,
    checkpoint: undefined,
    planning,
  };
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
