// Small blocks of synthetic transactions that virtual workers run to the end with the core's own loop.
import { TxSlot } from '../../assembly/layout.ts';
import type { Configuration, Program } from './model-explorer.ts';
import { call, type World, type WorldOptions } from './model-world.ts';
import { Operation, runSequentially, type SyntheticBlock } from './synthetic.ts';
import { differenceFrom, type HostExports, loadBlock } from './synthetic-block.ts';

const DONE = -1;
const DISMISSED = -4;

export interface BlockShape {
  name: string;
  block: SyntheticBlock;
  workers?: number;
  /** This worker is declared dead at some moment; it stops there for ever, or goes on as a zombie. */
  mortal?: number;
  /** Transaction that the dead worker is said to have run too long. */
  overdue?: number;
  world?: Partial<WorldOptions>;
}

/** The block comes to what the oracle says, and every worker comes to its end. */
export function blockConfiguration(shape: BlockShape): Configuration {
  const { programs } = shape.block;
  return {
    name: shape.name,
    world: { workers: shape.workers ?? 2, transactions: programs.length, locations: 24, ...shape.world },
    prepare: (world) => prepare(world, shape),
  };
}

function prepare(world: World, shape: BlockShape): Program {
  const host = world.host as unknown as HostExports;
  if (!loadBlock(host, world.view, shape.block)) throw new Error('the block does not fit');
  world.join();
  const expected = runSequentially(shape.block);
  const { mortal, overdue } = shape;
  const workers = Array.from({ length: world.count - 1 }, (_, at) => {
    const { next } = world.instance(at + 1);
    return [() => (next as (maySleep: number) => number)(1)];
  });
  const hostCalls = mortal === undefined ? [] : [() => call(world.host, 'declareDead', mortal, (overdue ?? -1) + 1)];
  const check: Program['check'] = (result) => {
    for (let id = 1; id < world.count; id++) {
      const answer = result(id, 0);
      if (answer !== DONE && !(id === mortal && answer === DISMISSED)) return `worker ${id} ended with ${answer}`;
    }
    return differenceFrom(expected, host, world.view) ?? strangeCounts(world, programs(shape));
  };
  const program: Program = { calls: [hostCalls, ...workers], check };
  if (mortal !== undefined) program.mortal = mortal;
  return program;
}

const programs = (shape: BlockShape) => shape.block.programs.length;

/** Each transaction is executed at least once. */
function strangeCounts(world: World, count: number): string | undefined {
  for (let index = 0; index < count; index++) {
    if (world.view.getUint32(world.slotOf(index) + TxSlot.EXECUTIONS, true) === 0) return `${index} was never executed`;
  }
  return undefined;
}

const { READ, WRITE, INCREMENT, CREDIT, DEBIT, READ_BALANCE, SKIP_UNLESS_AT_LEAST, RESET, NONCE } = Operation;

/** Blocks whose transactions get in each other's way, one way each. */
export const blocks = {
  one: { storage: [[1, 1, 9]], programs: [[[INCREMENT, 1, 1, 5]]] },
  chain: { programs: [[[INCREMENT, 1, 1, 5]], [[INCREMENT, 1, 1, 7]]] },
  chainOfThree: { programs: [[[WRITE, 1, 1, 5]], [[INCREMENT, 1, 1, 7]], [[READ, 1, 1]]] },
  reset: {
    storage: [[1, 1, 9]],
    programs: [
      [[WRITE, 1, 1, 5]],
      [
        [RESET, 1],
        [WRITE, 1, 2, 3],
      ],
      [
        [READ, 1, 1],
        [READ, 1, 2],
      ],
    ],
  },
  credits: {
    balances: { 1: 10 },
    programs: [
      [[CREDIT, 1, 5]],
      [[CREDIT, 1, 7]],
      [
        [READ_BALANCE, 1],
        [CREDIT, 1, 1],
      ],
    ],
  },
  predicate: {
    balances: { 1: 10 },
    programs: [
      [[DEBIT, 1, 8]],
      [
        [SKIP_UNLESS_AT_LEAST, 1, 5, 1],
        [WRITE, 1, 1, 3],
        [CREDIT, 1, 2],
      ],
    ],
  },
  nonces: {
    programs: [
      [
        [NONCE, 1, 0],
        [WRITE, 1, 1, 3],
      ],
      [
        [NONCE, 1, 1],
        [WRITE, 1, 1, 4],
      ],
    ],
  },
} as const satisfies Record<string, SyntheticBlock>;

export const blockConfigurations: readonly Configuration[] = [
  blockConfiguration({ name: 'block: a chain of two', block: blocks.chain }),
  blockConfiguration({ name: 'block: a chain of three', block: blocks.chainOfThree }),
  blockConfiguration({ name: 'block: a reset between a write and a read', block: blocks.reset }),
  blockConfiguration({ name: 'block: credits and a reader', block: blocks.credits }),
  blockConfiguration({ name: 'block: a predicate', block: blocks.predicate }),
  blockConfiguration({ name: 'block: nonces of one sender', block: blocks.nonces }),
];

export const deathConfigurations: readonly Configuration[] = [
  blockConfiguration({ name: 'death: one transaction', block: blocks.one, mortal: 1 }),
  blockConfiguration({ name: 'death: a chain of two', block: blocks.chain, mortal: 1 }),
  blockConfiguration({ name: 'death: credits and a reader', block: blocks.credits, mortal: 2 }),
  blockConfiguration({ name: 'death: past the time limit', block: blocks.chain, mortal: 1, overdue: 1 }),
];
