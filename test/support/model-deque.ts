// Small configurations of the work-stealing deque.
import { Deque } from '../../assembly/layout.ts';
import type { Configuration, Program } from './model-explorer.ts';
import { call, type World } from './model-world.ts';

const EMPTY = -1;
const RETRY = -2;
const OWNER = 1;
const CAPACITY = 4;

type OwnerStep = 'pop' | 'steal' | number;

interface DequeShape {
  name: string;
  /** In the deque before the schedule begins. */
  initial?: readonly number[];
  /** The owner's calls: a number is pushed. */
  owner: readonly OwnerStep[];
  /** How often each thief tries. */
  thieves: readonly number[];
  capacity?: number;
  /** Where TOP and BOTTOM begin. */
  position?: number;
}

/** Every task comes out as it went in, exactly once: taken by somebody, or still there. */
function dequeConfiguration(shape: DequeShape): Configuration {
  return {
    name: shape.name,
    world: { workers: 1 + shape.thieves.length, dequeCapacity: shape.capacity ?? CAPACITY },
    prepare: (world) => prepare(world, shape),
  };
}

function prepare(world: World, shape: DequeShape): Program {
  world.join();
  const capacity = shape.capacity ?? CAPACITY;
  const deque = call(world.host, 'dequeAt', OWNER);
  const owner = world.instance(OWNER);
  if (shape.position !== undefined) {
    world.view.setUint32(deque + Deque.TOP, shape.position, true);
    world.view.setUint32(deque + Deque.BOTTOM, shape.position, true);
  }
  for (const task of shape.initial ?? []) call(owner, 'push', deque, task);
  const ownerCalls = shape.owner.map((step) =>
    typeof step === 'number' ? () => call(owner, 'push', deque, step) : () => call(owner, step, deque),
  );
  const thieves = shape.thieves.map((tries, at) => {
    const thief = world.instance(OWNER + 1 + at);
    return Array.from({ length: tries }, () => () => call(thief, 'steal', deque));
  });
  const check: Program['check'] = (result) => {
    const left = new Map<number, number>();
    const add = (task: number, amount: number) => left.set(task, (left.get(task) ?? 0) + amount);
    for (const task of shape.initial ?? []) add(task, 1);
    shape.owner.forEach((step, at) => {
      const answer = result(OWNER, at);
      if (typeof step === 'number') add(step, answer);
      else if (answer !== EMPTY && answer !== RETRY) add(answer, -1);
    });
    shape.thieves.forEach((tries, thief) => {
      for (let at = 0; at < tries; at++) {
        const answer = result(OWNER + 1 + thief, at);
        if (answer !== EMPTY && answer !== RETRY) add(answer, -1);
      }
    });
    const [top, bottom] = [
      world.view.getInt32(deque + Deque.TOP, true),
      world.view.getInt32(deque + Deque.BOTTOM, true),
    ];
    const size = (bottom - top) | 0;
    if (size < 0 || size > capacity) return `${size} tasks are left`;
    for (let at = 0; at < size; at++) {
      add(world.view.getUint32(deque + Deque.RING + (((top + at) & (capacity - 1)) << 2), true), -1);
    }
    for (const [task, count] of left) {
      if (count > 0) return `task ${task} is lost`;
      if (count < 0) return `task ${task} comes out ${1 - count} times, or never went in`;
    }
    return undefined;
  };
  return { calls: [[], ownerCalls, ...thieves], check };
}

export const dequeConfigurations: readonly Configuration[] = [
  dequeConfiguration({
    name: 'deque: an owner and two thieves, three tasks',
    initial: [11],
    owner: [22, 'pop', 33, 'pop', 'pop'],
    thieves: [2, 2],
  }),
  dequeConfiguration({
    name: 'deque: the last task',
    initial: [11, 22],
    owner: ['pop', 'pop', 33, 'pop'],
    thieves: [2, 1],
  }),
  dequeConfiguration({
    name: 'deque: a ring of two that wraps around',
    initial: [11, 22],
    owner: ['pop', 33, 44, 'steal', 55, 'pop'],
    thieves: [2, 1],
    capacity: 2,
    position: 0xffff_ffff,
  }),
];
