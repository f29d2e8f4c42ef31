// Checks the tasks that callers pass: their numbers, and that dependencies point down.

import { InputError } from '../base/errors.ts';
import { describe } from '../base/reader.ts';
import { MAX_TASKS } from '../run/memory.ts';
import type { Task } from '../task/executor.ts';
import { checkOptions, milliseconds } from './descriptor.ts';
import { TASK_QUOTA } from './descriptors.ts';

/**
 * Checks that tasks are numbered from 0 in order and that dependencies point to tasks that exist.
 * @throws InputError naming the task; for dependencies that point up, the cycle if there is one
 */
export function checkTasks(tasks: readonly Task[]): void {
  if (!Array.isArray(tasks)) throw new InputError('tasks', `expected an array, got ${describe(tasks)}`);
  if (tasks.length > MAX_TASKS) throw new InputError('tasks', `${tasks.length} tasks, at most ${MAX_TASKS} allowed`);
  for (const [i, task] of tasks.entries()) {
    const field = `tasks[${i}]`;
    if (typeof task !== 'object' || task === null)
      throw new InputError(field, `expected an object, got ${describe(task)}`);
    if (!Number.isSafeInteger(task.id) || task.id < 0) {
      throw new InputError(`${field}.id`, `expected ${i}, got ${describe(task.id)}`);
    }
    if (task.id !== i) {
      const problem = task.id < i ? 'a duplicate or out of order' : 'out of order, or one before it is missing';
      throw new InputError(`${field}.id`, `expected ${i}, got ${task.id}: ${problem}`);
    }
    const { estimatedGas, dependencies, sender } = task;
    if (
      estimatedGas !== undefined &&
      (typeof estimatedGas !== 'bigint' || estimatedGas < 0n || estimatedGas >> 64n !== 0n)
    ) {
      throw new InputError(
        `${field}.estimatedGas`,
        `expected a bigint from 0 to 2^64 - 1, got ${describe(estimatedGas)}`,
      );
    }
    const { estimatedMs, timeoutMs, quota } = task;
    if (estimatedMs !== undefined && !(typeof estimatedMs === 'number' && estimatedMs >= 0 && estimatedMs < 2 ** 31)) {
      throw new InputError(`${field}.estimatedMs`, `expected milliseconds from 0, got ${describe(estimatedMs)}`);
    }
    if (timeoutMs !== undefined) milliseconds.check(timeoutMs, `${field}.timeoutMs`);
    if (quota !== undefined) checkOptions(quota, `${field}.quota`, TASK_QUOTA);
    if (sender !== undefined && !/^0x[0-9a-fA-F]{40}$/.test(String(sender))) {
      throw new InputError(`${field}.sender`, `expected an address, got ${describe(sender)}`);
    }
    if (dependencies === undefined) continue;
    if (!Array.isArray(dependencies)) {
      throw new InputError(`${field}.dependencies`, `expected an array, got ${describe(dependencies)}`);
    }
    for (const [at, lower] of dependencies.entries()) {
      if (!Number.isSafeInteger(lower) || lower < 0 || lower >= tasks.length) {
        throw new InputError(`${field}.dependencies[${at}]`, `there is no task ${describe(lower)}`);
      }
    }
  }
  checkDirection(tasks);
}

/** Dependencies only point down, so that there is no cycle; where one points up, says whether that closes a cycle. */
function checkDirection(tasks: readonly Task[]): void {
  for (const [i, task] of tasks.entries()) {
    const at = (task.dependencies ?? []).findIndex((lower) => lower >= i);
    if (at < 0) continue;
    const upper = task.dependencies?.[at] ?? i;
    const cycle = pathBetween(tasks, upper, i);
    const field = `tasks[${i}].dependencies[${at}]`;
    if (cycle !== undefined)
      throw new InputError(field, `a cycle: ${[i, ...cycle].join(' → ')}`, { data: [i, ...cycle] });
    throw new InputError(field, `task ${i} cannot depend on the later task ${upper}`);
  }
}

/** Tasks from `from` to `to` along dependencies, both included; `undefined` when there is no way. */
function pathBetween(tasks: readonly Task[], from: number, to: number): number[] | undefined {
  const before = new Map<number, number>([[from, -1]]);
  const open = [from];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (at === to) {
      const path: number[] = [];
      for (let step = at; step !== -1; step = before.get(step) ?? -1) path.push(step);
      return path.reverse();
    }
    for (const next of tasks[at]?.dependencies ?? []) {
      if (before.has(next)) continue;
      before.set(next, at);
      open.push(next);
    }
  }
  return undefined;
}
