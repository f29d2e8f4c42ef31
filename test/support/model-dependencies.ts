// Small configurations of suspending and waking: no sleeper is forgotten, without the head rule's help, or woken twice.
import { Deque, Finish, TxState } from '../../assembly/layout.ts';
import type { Configuration, Program } from './model-explorer.ts';
import { call, type World } from './model-world.ts';

const FINISHER = 1;

/** Begins attempts: worker n runs transaction n - 1. */
function beginAttempts(world: World, workers: readonly number[]): void {
  world.join();
  for (const id of workers) {
    if (call(world.instance(id), 'claim', id - 1) === 0) throw new Error(`${id - 1} cannot be claimed`);
    call(world.instance(id), 'beginAttempt', id - 1);
  }
}

/** How often a transaction is in any deque. */
function scheduled(world: World, transaction: number): number {
  let times = 0;
  for (let id = 1; id < world.count; id++) {
    const deque = call(world.host, 'dequeAt', id);
    const top = world.view.getUint32(deque + Deque.TOP, true);
    const bottom = world.view.getUint32(deque + Deque.BOTTOM, true);
    for (let at = top; at < bottom; at++) {
      if (world.view.getUint32(deque + Deque.RING + (at % 8) * 4, true) === transaction) times++;
    }
  }
  return times;
}

/** A transaction that waited must be READY and scheduled exactly once. */
function forgotten(world: World, transaction: number): string | undefined {
  const { state } = world.status(transaction);
  if (state === TxState.SUSPENDED) return `transaction ${transaction} sleeps although its blocker has executed`;
  if (state !== TxState.READY) return `transaction ${transaction} is in state ${state}`;
  const times = scheduled(world, transaction);
  return times === 1 ? undefined : `transaction ${transaction} is scheduled ${times} times`;
}

/** Readers go to sleep while the transaction they wait for executes. */
const suspending: Configuration = {
  name: 'dependencies: two readers suspend while their blocker executes',
  world: { workers: 3, dequeCapacity: 8 },
  prepare: (world) => {
    beginAttempts(world, [1, 2, 3]);
    const sleep = (id: number) => [() => call(world.instance(id), 'suspendAttempt', 0)];
    const check: Program['check'] = (result) => {
      if (result(FINISHER, 0) !== Finish.EXECUTED) return `finishing returned ${result(FINISHER, 0)}`;
      for (const id of [2, 3]) {
        if (result(id, 0) !== Finish.SUSPENDED) return `suspending returned ${result(id, 0)}`;
        const problem = forgotten(world, id - 1);
        if (problem !== undefined) return problem;
      }
      return undefined;
    };
    return { calls: [[], [() => call(world.instance(FINISHER), 'finishPlainly')], sleep(2), sleep(3)], check };
  },
};

/** A transaction with a hint is put off while the one it names executes. */
const postponing: Configuration = {
  name: 'dependencies: hints put two transactions off while the one they name executes',
  world: { workers: 3, dequeCapacity: 8 },
  prepare: (world) => {
    beginAttempts(world, [1]);
    for (const higher of [1, 2]) call(world.host, 'addDependency', 0, higher);
    const claim = (id: number) => [() => call(world.instance(id), 'claim', id - 1)];
    const check: Program['check'] = (result) => {
      for (const id of [2, 3]) {
        const { state, owner } = world.status(id - 1);
        if (result(id, 0) === 0) {
          const problem = forgotten(world, id - 1);
          if (problem !== undefined) return problem;
        } else if (state !== TxState.EXECUTING || owner !== id)
          return `${id - 1} was claimed, but is in state ${state}`;
      }
      return undefined;
    };
    return { calls: [[], [() => call(world.instance(FINISHER), 'finishPlainly')], claim(2), claim(3)], check };
  },
};

/** Two workers may want the same transaction; one gets it. */
const claiming: Configuration = {
  name: 'dependencies: three workers claim two transactions',
  world: { workers: 3 },
  prepare: (world) => {
    world.join();
    const claim = (id: number, transaction: number) => () => call(world.instance(id), 'claim', transaction);
    return {
      calls: [[], [claim(1, 0), claim(1, 1)], [claim(2, 0)], [claim(3, 1)]],
      check: (result) => {
        const owners = [
          [result(1, 0), result(2, 0)],
          [result(1, 1), result(3, 0)],
        ];
        const twice = owners.findIndex((claims) => claims.filter((claimed) => claimed !== 0).length !== 1);
        return twice < 0 ? undefined : `transaction ${twice} is claimed by ${owners[twice]?.join(' and ')}`;
      },
    };
  },
};

export const dependencyConfigurations: readonly Configuration[] = [suspending, postponing, claiming];
