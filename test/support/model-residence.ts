// State that stays from block to block: folding by workers that die, blocks after blocks that were folded or dropped,
// blocks that are taken back, values that are dropped, lanes.
import { Control, KeptBase, Kind, Location, ReadResult, TxSlot } from '../../assembly/layout.ts';
import { withoutOldest } from '../../src/core/host/kept-state.ts';
import type { Configuration, Program } from './model-explorer.ts';
import { loadUntilDone } from './model-halt.ts';
import { call, type World } from './model-world.ts';
import { Operation, partsOfKey, runLane, runSequentially, type SyntheticBlock, stateKey } from './synthetic.ts';
import { differenceFrom, type HostExports, loadBlock, outputOf } from './synthetic-block.ts';

const DONE = -1;
const HALTED = -2;
const DISMISSED = -4;

const { READ, WRITE, INCREMENT, CREDIT, READ_BALANCE, RESET } = Operation;

const first: SyntheticBlock = {
  balances: { 1: 10, 3: 1 },
  storage: [
    [1, 1, 9],
    [2, 1, 4],
  ],
  programs: [
    [
      [CREDIT, 1, 5],
      [CREDIT, 3, 2],
      [WRITE, 2, 2, 3],
    ],
    [
      [CREDIT, 1, 7],
      [INCREMENT, 1, 1, 1],
    ],
    [
      [INCREMENT, 1, 1, 1],
      [RESET, 2],
      [WRITE, 2, 3, 1],
      [CREDIT, 3, 4],
    ],
  ],
};

/** Reads and writes what the first block has touched, and what it has emptied. */
const second: SyntheticBlock = {
  programs: [
    [
      [INCREMENT, 1, 1, 5],
      [READ, 2, 1],
      [CREDIT, 1, 3],
    ],
    [
      [READ_BALANCE, 1],
      [INCREMENT, 1, 1, 7],
      [READ, 2, 2],
      [READ, 2, 3],
      [WRITE, 2, 1, 2],
    ],
  ],
};

const world = { workers: 2, transactions: 3, locations: 24 };

/** The first block, committed, by one worker. */
function runFirst(space: World, block = first): void {
  const host = space.host as unknown as HostExports;
  if (!loadBlock(host, space.view, block)) throw new Error('the block does not fit');
  const worker = space.instance(1);
  call(worker, 'join', 1);
  if (call(worker, 'next', 1) !== DONE) throw new Error('the first block does not end');
}

/** `block` with what `state` holds as the state before it. */
function after(block: SyntheticBlock, state: ReadonlyMap<number, bigint>): SyntheticBlock {
  const balances: Record<number, number> = {};
  const storage: [number, number, bigint][] = [];
  for (const [key, value] of state) {
    const { kind, account, slot } = partsOfKey(key);
    if (kind === Kind.BALANCE) balances[account] = Number(value);
    else storage.push([account, slot, value]);
  }
  return { ...block, balances, storage };
}

/** Begins the second block on the state that is there. */
function beginSecond(space: World, block = second): HostExports {
  const host = space.host as unknown as HostExports;
  const fits = call(space.host, 'beginRun', block.programs.length) !== 0 && loadBlock(host, space.view, block);
  if (!fits) throw new Error('the second block does not fit');
  space.join();
  return host;
}

/** The second block runs under the chosen schedule, and comes to what the oracle makes of it on `before`. */
function runSecond(space: World, before: ReadonlyMap<number, bigint>): Program {
  const host = beginSecond(space);
  const expected = runSequentially(after(second, before));
  return {
    calls: [[], ...[1, 2].map((id) => [() => call(space.instance(id), 'next', 1)])],
    check: (result) => {
      for (const id of [1, 2]) if (result(id, 0) !== DONE) return `worker ${id} ended with ${result(id, 0)}`;
      return differenceFrom(expected, host, space.view);
    },
  };
}

/** What the base values are, all of them known, against `expected`. */
function baseDifference(space: World, expected: ReadonlyMap<number, bigint>): string | undefined {
  const { host, view } = space;
  if (call(host, 'beginRun', 0) === 0) return 'there is no memory';
  const left = new Map(expected);
  for (let word = 0; word <= space.control(Control.TABLE_MASK); word++) {
    const index = view.getUint32(space.control(Control.TABLE) + word * 4, true) & 0xffffff;
    if (index === 0) continue;
    const location = space.control(Control.LOCATIONS) + index * Location.SIZE;
    const kind = view.getUint8(location + Location.KIND);
    if (kind === Kind.RESET) continue;
    const account = view.getUint32(location + Location.ADDRESS + 16);
    const slot = view.getUint32(location + Location.SLOT + 28);
    if (call(host, 'resolveAt', index, 0) !== ReadResult.VALUE) return `kind ${kind} of ${account} has no value`;
    const found = view.getBigUint64(call(host, 'scratch') + 64, true);
    const key = stateKey(kind, account, kind === Kind.STORAGE ? slot : 0);
    const wanted = left.get(key) ?? 0n;
    if (found !== wanted) return `kind ${kind} of ${account}, ${slot} is ${found} instead of ${wanted}`;
    left.delete(key);
  }
  return left.size === 0 ? undefined : `${left.size} values are missing`;
}

/** Workers fold a committed block; one may die at any step, or go on as a zombie. */
function folding(name: string, workers: readonly number[], mortal?: number): Configuration {
  return {
    name,
    world: { ...world, workers: workers.length },
    prepare: (space) => {
      runFirst(space);
      space.join();
      if (call(space.host, 'beginFold') === 0) throw new Error('there is no memory');
      const expected = runSequentially(first).state;
      const program: Program = {
        calls: [
          mortal === undefined ? [] : [() => call(space.host, 'declareDead', mortal, 0)],
          ...workers.map((id) => [() => call(space.instance(id), 'next', 1)]),
        ],
        check: (result, { stopped }) => {
          for (const id of workers) {
            if (id === mortal && stopped) continue;
            const answer = result(id, 0);
            if (answer !== DONE && !(id === mortal && answer === DISMISSED)) return `worker ${id} ended with ${answer}`;
          }
          call(space.host, 'finishFold');
          return baseDifference(space, expected);
        },
      };
      if (mortal !== undefined) program.mortal = mortal;
      return program;
    },
  };
}

const folded: Configuration = {
  name: 'residence: a block after one that was folded',
  world,
  prepare: (space) => {
    runFirst(space);
    call(space.host, 'beginFold');
    call(space.host, 'finishFold');
    return runSecond(space, runSequentially(first).state);
  },
};

const dropped: Configuration = {
  name: 'residence: a block after one that was dropped',
  world,
  prepare: (space) => {
    runFirst(space);
    return runSecond(space, runSequentially(first, 0).state);
  },
};

const reverted: Configuration = {
  name: 'residence: a block after one that was folded and taken back',
  world,
  prepare: (space) => {
    const { host, view } = space;
    runFirst(space);
    if (call(host, 'keepWritten', 1, first.programs.length) === 0) throw new Error('too much for the room');
    const start = call(host, 'changesStart');
    const kept = new Uint8Array(view.buffer).slice(start, call(host, 'changesEnd'));
    call(host, 'beginFold');
    call(host, 'finishFold');
    putBack(space, kept);
    return runSecond(space, runSequentially(first, 0).state);
  },
};

/** The first block, with a value that it only reads; and a second one that needs that, and what the first has emptied. */
const reading: SyntheticBlock = {
  ...first,
  storage: [...(first.storage ?? []), [4, 1, 6]],
  programs: [...first.programs.slice(0, 2), [...first.programs[2]!, [READ, 4, 1]]],
};
const needing: SyntheticBlock = {
  programs: [
    [
      [INCREMENT, 4, 1, 5],
      [READ, 2, 1],
    ],
    [...second.programs[1]!, [READ, 4, 1]],
  ],
};

/** All that its source can give again is dropped between the blocks. */
const evicted: Configuration = {
  name: 'residence: a block after values were dropped',
  world,
  prepare: (space) => {
    runFirst(space, reading);
    call(space.host, 'beginFold');
    call(space.host, 'finishFold');
    const left = withoutOldest(keptBy(space), 0);
    const number = space.control(Control.BLOCK);
    if (call(space.host, 'beginBlock', 0) === 0) throw new Error('there is no memory');
    space.setControl(Control.BLOCK, number);
    if (call(space.host, 'beginRun', 0) === 0) throw new Error('there is no memory');
    for (const part of left) putBack(space, part);
    const host = beginSecond(space, needing);
    space.setControl(Control.STATE_COMPLETE, 0);
    const expected = runSequentially(after(needing, runSequentially(reading).state));
    const source = (account: number, slot: number) =>
      Number(reading.storage?.find(([owner, place]) => owner === account && place === slot)?.[2] ?? 0);
    return {
      calls: [[], ...[1, 2].map((id) => [() => call(space.instance(id), 'next', 1)])],
      check: (result) => {
        for (const id of [1, 2]) if (result(id, 0) !== HALTED) return `worker ${id} ended with ${result(id, 0)}`;
        return loadUntilDone(space, source) ?? differenceFrom(expected, host, space.view);
      },
    };
  },
};

/** All that is known, as the host takes it out. */
function keptBy({ host, view }: World): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (let next = 1; next !== 0; ) {
    next = call(host, 'keepAll', next);
    parts.push(new Uint8Array(view.buffer).slice(call(host, 'changesStart'), call(host, 'changesEnd')));
  }
  return parts;
}

function putBack({ host, view }: World, records: Uint8Array): void {
  const place = call(host, 'allocate', Math.max(records.length, 8));
  new Uint8Array(view.buffer).set(records, place);
  const count = records.length / KeptBase.SIZE;
  if (call(host, 'restoreBase', place, count) !== count) throw new Error('too little memory');
}

/** Two lanes: a transaction alone, and two that see each other. */
const laned: SyntheticBlock = {
  balances: { 1: 10 },
  storage: [[1, 1, 9]],
  programs: [
    [
      [INCREMENT, 1, 1, 5],
      [CREDIT, 1, 2],
    ],
    [
      [INCREMENT, 1, 1, 7],
      [CREDIT, 1, 3],
    ],
    [
      [READ, 1, 1],
      [READ_BALANCE, 1],
    ],
  ],
};
const floors = [0, 1, 1];

const lanes: Configuration = {
  name: 'residence: two lanes in one block',
  world,
  prepare: (space) => {
    const host = space.host as unknown as HostExports;
    if (!loadBlock(host, space.view, laned)) throw new Error('the block does not fit');
    for (const [index, floor] of floors.entries()) {
      space.view.setUint32(space.slotOf(index) + TxSlot.FLOOR, floor, true);
    }
    space.join();
    const expected = floors.map((floor, index) => runLane(laned, floor, index + 1).at(-1));
    return {
      calls: [[], ...[1, 2].map((id) => [() => call(space.instance(id), 'next', 1)])],
      check: (result) => {
        for (const id of [1, 2]) if (result(id, 0) !== DONE) return `worker ${id} ended with ${result(id, 0)}`;
        for (const index of floors.keys()) {
          if (outputOf(space.view, index) !== expected[index]) return `transaction ${index} has another output`;
        }
        return undefined;
      },
    };
  },
};

export const residenceConfigurations: readonly Configuration[] = [
  folding('residence: three workers fold a block', [1, 2, 3]),
  folding('residence: a worker dies while it folds', [1, 2], 1),
  folded,
  dropped,
  reverted,
  evicted,
  lanes,
];
