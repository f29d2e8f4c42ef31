// The work of a run as workers get it: its tasks, who executes them, and what else the threads need for that.

import type { Executor, Task } from '../task/executor.ts';
import type { TaskQuota } from '../task/quota.ts';

/** Where an executor comes from: its module, which every thread imports, or an object, which stays on its thread. */
export type ExecutorSource = { readonly url: string; readonly options: unknown } | { readonly object: Executor };

/** Milliseconds; of all tasks, or of each by its number. `undefined`: as long as they like. */
export type TaskTimeout = number | ((task: number) => number | undefined) | undefined;

/** Sent once per run and worker, and not at all to a worker that has it from an earlier run. */
export interface Work {
  /** The same for work that is the same. */
  readonly id: number;
  readonly tasks: readonly Task[];
  /** `undefined`: all tasks run inside the core. */
  readonly executor: ExecutorSource | undefined;
  /** Of each task. */
  readonly quota?: TaskQuota | undefined;
  /** Where the precompiled contracts are that the core leaves to its host: asked for when one is called. `undefined`: none can be. */
  readonly precompiles: PrecompileSource | undefined;
}

/** The address of their module, which may hold the module itself: a megabyte. */
export type PrecompileSource = () => Promise<string>;

let ids = 0;
/** By the source of precompiled contracts: work that is nothing else. */
const idsInsideCore = new WeakMap<object, number>();
const NO_SOURCE = {};

/** Numbers the work of a run. What runs inside the core is in its memory: all such runs with the same modules are one work. */
export function workOf(work: Omit<Work, 'id'>): Work {
  if (work.tasks.length > 0 || work.executor !== undefined) return { ...work, id: ++ids };
  const source = work.precompiles ?? NO_SOURCE;
  const id = idsInsideCore.get(source) ?? ++ids;
  idsInsideCore.set(source, id);
  return { ...work, id };
}
