// Small blocks of synthetic transactions that virtual workers run to the end with the core's own loop.
import { Control, Halt, Metric, TxFlag } from '../../assembly/layout.ts';
import type { Configuration, Program } from './model-explorer.ts';
import { call, type World, type WorldOptions } from './model-world.ts';
import { Operation, runSequentially, type SyntheticBlock, type SyntheticResult } from './synthetic.ts';
import {
  type CorePolicy,
  differenceFrom,
  type HostExports,
  loadBlock,
  POLICIES,
  setPolicy,
} from './synthetic-block.ts';

const DONE = -1;
const HALTED = -2;
const DISMISSED = -4;

export interface BlockShape {
  name: string;
  block: SyntheticBlock;
  workers?: number;
  /** This worker is declared dead at some moment; it stops there for ever, or goes on as a zombie. */
  mortal?: number;
  /** Transaction that the dead worker is said to have run too long. */
  overdue?: number;
  /** Attempts are made from outside the core, with READ, WRITE and INCREMENT only. */
  outside?: boolean;
  /** Bytes that are left when all workers have joined; the block may halt for want of more. */
  memory?: number;
  world?: Partial<WorldOptions>;
  policy?: CorePolicy;
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
  if (!loadBlock(host, world.view, shape.block, shape.outside ? 0 : TxFlag.NATIVE))
    throw new Error('the block does not fit');
  if (shape.policy !== undefined) setPolicy(world.view, shape.policy, shape.block.programs.length);
  world.join();
  const { mortal, overdue, memory } = shape;
  const { length } = shape.block.programs;
  if (memory !== undefined) world.setControl(Control.MEMORY_END, world.control(Control.ARENA_NEXT) + memory);
  const prefixes = Array.from({ length: length + 1 }, (_, count) => runSequentially(shape.block, count));
  const workers = Array.from({ length: world.count - 1 }, (_, at) => {
    const worker = world.instance(at + 1);
    return [shape.outside ? () => call(worker, 'workOutside') : () => call(worker, 'next', 1)];
  });
  const hostCalls = mortal === undefined ? [] : [() => call(world.host, 'declareDead', mortal, (overdue ?? -1) + 1)];
  const check: Program['check'] = (result, { stopped }) => {
    const halt = world.control(Control.HALT);
    if (halt !== Halt.NONE && (memory === undefined || halt !== Halt.EXHAUSTED)) return `the block halted with ${halt}`;
    const committed = halt === Halt.NONE ? length : world.control(Control.COMMIT_INDEX);
    for (let id = 1; id < world.count; id++) {
      if (id === mortal && stopped) continue;
      const answer = result(id, 0);
      if (answer === HALTED && halt !== Halt.NONE) continue;
      if (answer !== DONE && !(id === mortal && answer === DISMISSED)) return `worker ${id} ended with ${answer}`;
    }
    const difference = differenceFrom(prefixes[committed] as SyntheticResult, host, world.view);
    return difference ?? strangeCounts(world, committed, stopped);
  };
  const program: Program = { calls: [hostCalls, ...workers], check };
  if (mortal !== undefined) program.mortal = mortal;
  return program;
}

/** Each transaction is executed at least once, and committed by exactly one worker (which may have died uncounted). */
function strangeCounts(world: World, count: number, stopped: boolean): string | undefined {
  let commits = 0n;
  for (let id = 1; id < world.count; id++) commits += world.metric(id, Metric.COMMITS);
  if (Math.abs(Number(commits) - count) > (stopped ? 1 : 0)) return `${commits} commits of ${count} transactions`;
  for (let index = 0; index < count; index++) {
    if (world.status(index).attempts === 0) return `${index} was never executed`;
  }
  return undefined;
}

const { READ, WRITE, INCREMENT, CREDIT, DEBIT, READ_BALANCE, SKIP_UNLESS_AT_LEAST, RESET, NONCE, WRITE_DYNAMIC } =
  Operation;

/** Blocks whose transactions get in each other's way, one way each. */
export const blocks = {
  one: { storage: [[1, 1, 9]], programs: [[[INCREMENT, 1, 1, 5]]] },
  chain: { programs: [[[INCREMENT, 1, 1, 5]], [[INCREMENT, 1, 1, 7]]] },
  inconsistent: {
    programs: [
      [
        [INCREMENT, 1, 1, 5],
        [INCREMENT, 1, 2, 6],
      ],
      [
        [READ, 1, 1],
        [READ, 1, 2],
        [WRITE, 1, 3, 1],
      ],
    ],
  },
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
  announced: {
    storage: [[1, 2, 9]],
    programs: [
      [[WRITE, 1, 1, 5]],
      [[INCREMENT, 1, 1, 7]],
      [
        [READ, 1, 1],
        [READ, 1, 2],
        [WRITE, 1, 3, 1],
      ],
    ],
    // Another value than it writes, a place that it does not write, and one that is written as it is said.
    announced: [
      [0, 1, 1, 3],
      [0, 1, 2, 4],
      [1, 1, 1, 8],
    ],
  },
  announcedAndDropped: {
    storage: [[1, 2, 9]],
    programs: [
      [[WRITE, 1, 1, 5]],
      [
        [READ, 1, 2],
        [WRITE, 1, 3, 1],
      ],
    ],
    announced: [[0, 1, 2, 4]],
  },
  changingMind: {
    programs: [
      [[INCREMENT, 1, 1, 6]],
      [
        [READ, 1, 1],
        [WRITE_DYNAMIC, 2, 2, 3],
      ],
      [
        [READ, 2, 0],
        [READ, 2, 1],
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
  blockConfiguration({
    name: 'block: a transaction that changes its mind about where to write',
    block: blocks.changingMind,
  }),
  blockConfiguration({ name: 'block: announced values, some of them wrong', block: blocks.announced }),
  blockConfiguration({ name: 'block: an announced value that nobody writes', block: blocks.announcedAndDropped }),
  blockConfiguration({
    name: 'block: two begin ahead of their turn, one of them too early',
    block: { ...blocks.chainOfThree, early: [2, 1], dependencies: [[1, 2]] },
  }),
  blockConfiguration({ name: 'block: attempts from outside the core', block: blocks.inconsistent, outside: true }),
];

/** What a policy changes of the scheduler: chains, what begins too early, and the death of who has a partition. */
export const policyConfigurations: readonly Configuration[] = POLICIES.flatMap((policy) => {
  const name = `policy ${JSON.stringify(policy)}`;
  return [
    blockConfiguration({ name: `${name}: a chain of three`, block: blocks.chainOfThree, policy }),
    blockConfiguration({
      name: `${name}: one waits for another`,
      block: { ...blocks.chainOfThree, early: [2], dependencies: [[1, 2]] },
      policy,
      mortal: 1,
    }),
  ];
});

export const deathConfigurations: readonly Configuration[] = [
  blockConfiguration({ name: 'death: one transaction', block: blocks.one, mortal: 1 }),
  blockConfiguration({ name: 'death: a chain of two', block: blocks.chain, mortal: 1 }),
  blockConfiguration({ name: 'death: credits and a reader', block: blocks.credits, mortal: 2 }),
  blockConfiguration({
    name: 'death: announced values that nobody writes',
    block: blocks.announcedAndDropped,
    mortal: 1,
  }),
  blockConfiguration({ name: 'death: past the time limit', block: blocks.chain, mortal: 1, overdue: 1 }),
  blockConfiguration({
    name: 'death: attempts from outside the core',
    block: blocks.inconsistent,
    outside: true,
    mortal: 2,
  }),
];
