// A list of tasks as a job: what it is checked for, before it waits for its turn.

import { InputError } from '../base/errors.ts';
import type { TelemetryAttributes } from '../base/telemetry.ts';
import type { CheckedOptions } from '../config/options.ts';
import { checkExecutionOptions, memoryOfRun } from '../config/options.ts';
import { checkTasks } from '../config/tasks.ts';
import { checkedPrograms } from '../core/host/synthetic-program.ts';
import type { Task } from '../task/executor.ts';
import type { ExecutionOptions, ExecutionResult, TaskResult } from '../types.ts';
import type { Desk, Job, Limits } from './job.ts';
import { readExecutor, readInitialValues } from './task-request.ts';
import type { CheckedTasks } from './tasks-run.ts';

export class TasksJob implements Job<TaskResult, ExecutionResult> {
  readonly kind = 'tasks';
  readonly firstItem = 0;
  readonly limits: Limits;
  readonly #checked: CheckedTasks;

  /** Reads the request. @throws InputError naming what is wrong with it */
  constructor(given: readonly Task[], executor: unknown, request: ExecutionOptions, options: CheckedOptions) {
    checkExecutionOptions(request);
    checkTasks(given);
    this.limits = request;
    const maximumMiB = memoryOfRun(request, options, 'options');
    const source = readExecutor(executor);
    const tasks = source === 'synthetic' ? checkedPrograms(given) : given;
    if (source === 'synthetic' && (request.taskQuota ?? given.find(({ quota }) => quota)) !== undefined) {
      throw new InputError('options.taskQuota', 'programs have none: they run inside the core');
    }
    const initial = readInitialValues(request);
    this.#checked = { tasks, executor: source, options, request, initial, maximumMiB };
  }

  get itemCount(): number {
    return this.#checked.tasks.length;
  }

  attributes(): TelemetryAttributes {
    return { 'pevm.tasks': this.itemCount };
  }

  async run(desk: Desk<TaskResult>): Promise<ExecutionResult> {
    const { runTasks } = await import('./tasks-run.ts');
    return runTasks(this.#checked, desk);
  }
}
