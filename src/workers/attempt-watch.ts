// The time limit of tasks: looks every now and then at what the workers attempt, and tells which attempts are late.

import { TaskTimeoutError } from '../base/errors.ts';
import { type BlockTasks, nameTask } from '../run/task-name.ts';
import type { TaskTimeout } from '../run/work.ts';

const POLL_MS = 20;

export interface TaskLimit {
  readonly taskTimeoutMs: TaskTimeout;
  /** Where the tasks are a block's. */
  readonly block: BlockTasks | undefined;
}

export interface Attempt {
  readonly worker: number;
  /** Tells the attempts of a worker apart. */
  readonly number: number;
  /** Number of the task in the plan. */
  readonly task: number;
  /** When it began, as `performance.now()`; where nobody says, when it was seen first. */
  readonly sinceMs?: number;
}

export interface LateAttempt extends Attempt {
  /** In words, for whoever hears of the worker's end. */
  readonly reason: string;
  /** What the run ends with if nothing else helps. */
  readonly error: TaskTimeoutError;
}

/** Calls `late` once for every attempt that lasts longer than the limit. Returns how to stop. */
export function watchAttempts(
  { taskTimeoutMs, block }: TaskLimit,
  attempts: () => Iterable<Attempt>,
  late: (attempt: LateAttempt) => void,
): () => void {
  if (taskTimeoutMs === undefined) return () => {};
  const limitOf = typeof taskTimeoutMs === 'number' ? () => taskTimeoutMs : taskTimeoutMs;
  const seen = new Map<number, { number: number; sinceMs: number; isTold: boolean }>();
  const look = (): void => {
    for (const attempt of attempts()) {
      const { worker, number, task, sinceMs = performance.now() } = attempt;
      let known = seen.get(worker);
      if (known?.number !== number) {
        known = { number, sinceMs, isTold: false };
        seen.set(worker, known);
      }
      const limit = limitOf(task);
      if (known.isTold || limit === undefined || performance.now() - known.sinceMs <= limit) continue;
      known.isTold = true;
      const { index, name } = nameTask(task, block);
      const reason = `${name} took longer than ${limit} ms`;
      late({ ...attempt, reason, error: new TaskTimeoutError(index, limit, name) });
    }
  };
  const often = typeof taskTimeoutMs === 'number' ? taskTimeoutMs / 4 : POLL_MS / 4;
  const timer = setInterval(look, Math.max(1, Math.min(POLL_MS, often)));
  return () => clearInterval(timer);
}

/** What the only worker of a run attempts, as it announces it. */
export class AnnouncedAttempts {
  #number = 0;
  #task: number | undefined;
  #sinceMs = 0;

  /** An attempt at a task begins, or (`undefined`) ends. */
  announce(task: number | undefined): void {
    this.#number++;
    this.#task = task;
    this.#sinceMs = performance.now();
  }

  current(): Attempt[] {
    if (this.#task === undefined) return [];
    return [{ worker: 1, number: this.#number, task: this.#task, sinceMs: this.#sinceMs }];
  }
}
