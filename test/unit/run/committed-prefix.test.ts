// What is taken out of a memory while others work in it: committed results, once each and in order, and nothing else.

import { expect, test } from 'vitest';
import { BlockHost } from '../../../src/core/host/block-host.ts';
import { type ResultBatch, Results } from '../../../src/core/host/outcome.ts';
import { createMemory, openCore, wallClock } from '../../../src/core/instance/abi.ts';
import { compileCore } from '../../../src/core/instance/module.ts';
import { CoreStateView } from '../../../src/core/worker/state-view.ts';
import { endAttempt } from '../../../src/core/worker/worker-loop.ts';
import { CommittedPrefix, type OpenBlock } from '../../../src/run/committed-prefix.ts';
import type { MissedState } from '../../../src/run/missed-state.ts';
import type { RunPlan } from '../../../src/run/run-plan.ts';

test('what has executed and may still change is not taken before it is committed', async () => {
  const module = await compileCore();
  const memory = createMemory(32);
  const host = new BlockHost(await openCore(module, memory, { clockBase: wallClock(), mayWait: false }), 1);
  const setup = { count: 3, first: 0, window: 8, complete: true, haltOnInvalid: false, profile: false };
  expect(host.begin(setup)).toBe(true);
  for (let task = 0; task < 3; task++) host.setTask(task);
  const worker = await openCore(module, memory, { clockBase: wallClock(), mayWait: false });
  worker.core.join(1);
  const view = new CoreStateView(worker);
  /** One attempt at a task that adds 1 to what it reads, and puts out what it has read. */
  const attempt = (task: number) => {
    expect(Boolean(worker.core.begin(task)), `task ${task} begins`).toBe(true);
    view.open(task, worker.core.incarnation());
    const seen = view.readNumber('counter');
    view.writeNumber('counter', seen + 1n);
    view.close();
    endAttempt(worker, view, { status: 'success', output: Uint8Array.of(Number(seen)) }, undefined);
  };

  const taken = new Results();
  const hooks = { committed: (batch: ResultBatch) => taken.push(batch), load: () => Promise.reject(), drain() {} };
  const prefix = new CommittedPrefix({} as RunPlan, hooks, {} as MissedState, () => undefined);
  const block: OpenBlock = { host, first: 0, sequential: false, clockMs: 0, known: undefined };
  const outputs = () => {
    prefix.flush(block);
    return Array.from({ length: taken.length }, (_, at) => [...taken.at(at).output]);
  };

  attempt(1);
  attempt(2);
  expect(outputs()).toEqual([]);
  attempt(0);
  expect(outputs()).toEqual([]);
  worker.core.commitHead();
  expect(outputs()).toEqual([[0]]);
  // Both have read what task 0 has replaced since.
  for (const task of [1, 2]) {
    worker.core.commitHead();
    expect(outputs()).toHaveLength(task);
    attempt(task);
    expect(outputs()).toHaveLength(task);
    worker.core.commitHead();
    expect(outputs()).toEqual([[0], [1], [2]].slice(0, task + 1));
  }
  expect(host.done()).toBe(true);
});
