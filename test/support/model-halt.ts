// Small blocks that cannot go on: memory runs out, or the state is not there and the host loads it between two rounds.
import { Control, Halt, Kind, Location, Missing } from '../../assembly/layout.ts';
import { blockConfiguration, blocks } from './model-block.ts';
import type { Configuration, Program } from './model-explorer.ts';
import { call, type World } from './model-world.ts';
import { Operation, runSequentially, type SyntheticBlock } from './synthetic.ts';
import { differenceFrom, type HostExports, loadBlock, loadValue } from './synthetic-block.ts';

const DONE = -1;
const HALTED = -2;
const CHUNK = 256;

/** The prefix that is committed is right, whatever allocation fails. */
const exhaustions = [0, 200, 350, 500, 650].map((memory) =>
  blockConfiguration({
    name: `halt: ${memory} bytes are left`,
    block: blocks.chain,
    memory,
    world: { chunk: CHUNK },
  }),
);

/** Both transactions need slots that the host loads only when it is told that they are missing. */
const unloaded: SyntheticBlock = {
  programs: [
    [[Operation.INCREMENT, 1, 1, 5]],
    [
      [Operation.INCREMENT, 1, 1, 7],
      [Operation.INCREMENT, 1, 2, 1],
    ],
  ],
};
const before = 9;
const complete: SyntheticBlock = {
  ...unloaded,
  storage: [
    [1, 1, before],
    [1, 2, before],
  ],
};

const missing: Configuration = {
  name: 'halt: state is missing, and the host loads it',
  world: { workers: 2, transactions: 2, locations: 16 },
  prepare: (world) => {
    const host = world.host as unknown as HostExports;
    if (!loadBlock(host, world.view, unloaded)) throw new Error('the block does not fit');
    world.setControl(Control.STATE_COMPLETE, 0);
    world.join();
    const expected = runSequentially(complete);
    const check: Program['check'] = (result) => {
      for (const id of [1, 2]) if (result(id, 0) !== HALTED) return `worker ${id} ended with ${result(id, 0)}`;
      const problem = loadUntilDone(world, () => before);
      if (problem !== undefined) return problem;
      return differenceFrom(expected, host, world.view);
    };
    const next = (id: number) => [() => call(world.instance(id), 'next', 1)];
    return { calls: [[], next(1), next(2)], check };
  },
};

/**
 * Does what the host does while the block is halted for missing state, with one worker that goes on. `source` gives the
 * value of a slot.
 */
export function loadUntilDone(world: World, source: Source): string | undefined {
  for (let rounds = 1; world.control(Control.HALT) !== Halt.NONE; rounds++) {
    if (rounds > 3) return 'the same state is missing again and again';
    const problem = loadMissing(world, source);
    if (problem !== undefined) return problem;
    call(world.host, 'resumeBlock');
    call(world.instance(1), 'join', 1);
    const answer = call(world.instance(1), 'next', 0);
    if (answer !== DONE && answer !== HALTED) return `the next round ended with ${answer}`;
  }
  return undefined;
}

type Source = (account: number, slot: number) => number;

function loadMissing(world: World, source: Source): string | undefined {
  const { view } = world;
  const host = world.host as unknown as HostExports;
  if (world.control(Control.HALT) !== Halt.MISSING_STATE) return `the block halted with ${world.control(Control.HALT)}`;
  if (world.control(Control.HALT_TRANSACTION) !== world.control(Control.COMMIT_INDEX)) return 'not the head halted it';
  let note = world.control(Control.MISSING);
  if (note === 0) return 'the block halted for missing state, but none is named';
  for (; note !== 0; note = view.getUint32(note + Missing.NEXT, true)) {
    const location = world.control(Control.LOCATIONS) + view.getUint32(note + Missing.LOCATION, true) * Location.SIZE;
    const kind = view.getUint8(location + Location.KIND);
    if (kind !== Kind.STORAGE) return `a location of kind ${kind} is missing`;
    const account = view.getUint32(location + Location.ADDRESS + 16);
    const slot = view.getUint32(location + Location.SLOT + 28);
    if (!loadValue(host, view, kind, account, slot, source(account, slot))) return 'no memory';
  }
  return undefined;
}

export const haltConfigurations: readonly Configuration[] = [...exhaustions, missing];
