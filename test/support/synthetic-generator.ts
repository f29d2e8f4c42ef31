// Random synthetic blocks, each from a seed, and how to make a failing one smaller.
import { type Instruction, Operation, type SyntheticBlock, type SyntheticProgram } from './synthetic.ts';

/** A random whole number: 0 … limit - 1. */
export type Choose = (limit: number) => number;

/** The same numbers for the same seed (mulberry32). */
export function chooser(seed: number): Choose {
  let state = seed >>> 0;
  return (limit) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
}

const O = Operation;
/** Receives fees and is read last, as a coinbase. */
const COINBASE = 9_999;
const SHARED = 1;
const FIRST_PRIVATE = 100;

type Shape = (choose: Choose, transactions: number) => SyntheticProgram[];

/** What the transactions of a block have to do with each other. */
const shapes: Readonly<Record<string, Shape>> = {
  /** Each transaction meets others with one probability, from never to always. */
  conflicts: (choose, transactions) => {
    const rate = choose(101);
    const slots = 1 + choose(8);
    return programs(transactions, (index) => {
      const account = choose(100) < rate ? SHARED : FIRST_PRIVATE + index;
      return repeat(1 + choose(4), () => instruction(choose, account, slots));
    });
  },
  /** Everybody needs the one before. */
  chain: (choose, transactions) => {
    const length = 1 + choose(4);
    return programs(transactions, (index) => [
      [O.READ, SHARED, Math.floor(index / length)],
      [O.WRITE, SHARED, Math.floor((index + 1) / length), choose(100)],
    ]);
  },
  /** Everybody reads what few write. */
  star: (choose, transactions) => {
    const writers = 1 + choose(3);
    return programs(transactions, (index) => {
      const own: Instruction = [O.WRITE, FIRST_PRIVATE + index, 0, choose(100)];
      const centre: Instruction = [O.READ, SHARED, choose(3)];
      return choose(transactions) < writers ? [centre, [O.INCREMENT, SHARED, choose(3), 1], own] : [centre, own];
    });
  },
  /** Accounts are emptied while others fill and read them. */
  resets: (choose, transactions) =>
    programs(transactions, () =>
      repeat(1 + choose(4), () => {
        const account = SHARED + choose(2);
        const slot = choose(3);
        if (choose(4) === 0) return [O.RESET, account];
        if (choose(2) === 0) return [O.READ, account, slot];
        return choose(2) === 0 ? [O.WRITE, account, slot, choose(9)] : [O.INCREMENT, account, slot, 1];
      }),
    ),
  /** Fees for everybody's coinbase, read by the last and by few others. */
  credits: (choose, transactions) =>
    programs(transactions, (index) => {
      const work: Instruction[] = [[O.INCREMENT, FIRST_PRIVATE + choose(transactions), 0, 1]];
      if (choose(12) === 0) work.push([O.DEBIT, COINBASE, choose(200)]);
      work.push([O.CREDIT, COINBASE, 1 + choose(50)]);
      if (index === transactions - 1 || choose(15) === 0)
        work.push([O.READ_BALANCE, COINBASE], [O.WRITE, SHARED, 0, 1]);
      return work;
    }),
  /** Whether there is enough decides what happens; how much there is does not. */
  predicates: (choose, transactions) =>
    programs(transactions, () => {
      const account = SHARED + choose(2);
      const amount = choose(60);
      const work: Instruction[] = [];
      if (choose(4) === 0) work.push([O.CREDIT, account, choose(20)]);
      work.push([O.SKIP_UNLESS_AT_LEAST, account, amount, 1 + choose(2)]);
      work.push([O.CREDIT, SHARED + choose(2), choose(30)], [O.WRITE, account, choose(3), 5]);
      if (choose(2) === 0) work.push([O.DEBIT, account, choose(40)]);
      return work;
    }),
  /** Senders with several transactions; some come too early, too late or twice. */
  nonces: (choose, transactions) => {
    const senders = 1 + choose(4);
    const next = new Map<number, number>();
    return programs(transactions, () => {
      const sender = SHARED + choose(senders);
      const nonce = next.get(sender) ?? 0;
      const wrong = choose(10) === 0;
      if (!wrong) next.set(sender, nonce + 1);
      return [
        [O.NONCE, sender, wrong ? choose(transactions) : nonce],
        [O.DEBIT, sender, choose(10)],
        [O.CREDIT, COINBASE, 1],
        [O.WRITE, sender, choose(3), 7],
      ];
    });
  },
  /** What is read decides what is touched next. */
  dynamic: (choose, transactions) => {
    const slots = 1 + choose(choose(2) === 0 ? 2 : 12);
    return programs(transactions, () =>
      repeat(1 + choose(3), () =>
        choose(2) === 0 ? [O.READ_DYNAMIC, SHARED, slots] : [O.WRITE_DYNAMIC, SHARED + choose(2), slots, choose(9)],
      ),
    );
  },
  /** Anything, with failures. */
  anything: (choose, transactions) =>
    programs(transactions, (index) => {
      const work = repeat(1 + choose(6), () =>
        instruction(choose, choose(3) === 0 ? FIRST_PRIVATE + index : SHARED + choose(3), 4),
      );
      if (choose(5) === 0) work.splice(choose(work.length + 1), 0, [O.REVERT_IF_ODD]);
      if (choose(6) === 0) work.splice(choose(work.length + 1), 0, [O.FAIL_IF_DIVISIBLE, 1 + choose(4)]);
      return work;
    }),
};

const shapeNames = Object.keys(shapes);

export interface GeneratedBlock extends SyntheticBlock {
  shape: string;
  seed: number;
}

/** The block of a seed: at most `most` transactions. */
export function generateBlock(seed: number, most = 40): GeneratedBlock {
  const choose = chooser(seed);
  const shape = shapeNames[seed % shapeNames.length] as string;
  const transactions = 1 + choose(choose(3) === 0 ? most : Math.min(most, 12));
  const programs = (shapes[shape] as Shape)(choose, transactions);
  const balances: Record<number, number> = {};
  for (let account = SHARED; account < SHARED + 4; account++) if (choose(4) > 0) balances[account] = choose(100);
  if (choose(2) === 0) balances[COINBASE] = choose(500);
  const slots = repeat(choose(5), () => [SHARED + choose(3), choose(4), 1 + choose(1000)] as const);
  // A slot is loaded once: what is known is never loaded over.
  const storage = [...new Map(slots.map((slot) => [`${slot[0]} ${slot[1]}`, slot])).values()];
  const lies = choose(3) === 0 ? repeat(choose(transactions * 2), () => pair(choose, transactions)) : [];
  const headOnly = choose(8) === 0 ? [choose(transactions)] : [];
  return { shape, seed, balances, storage, programs, dependencies: lies.filter(([low, high]) => low < high), headOnly };
}

/** Leaves out what a failing block does not need; `fails` may be asked several times about one block. */
export function shrinkBlock<Block extends SyntheticBlock>(block: Block, fails: (smaller: Block) => boolean): Block {
  let best: Block = block;
  const attempt = (change: Partial<SyntheticBlock>) => {
    const smaller = { ...best, ...change };
    if (!fails(smaller)) return false;
    best = smaller;
    return true;
  };
  attempt({ dependencies: [], headOnly: [] });
  attempt({ storage: [] });
  attempt({ balances: {} });
  for (let at = best.programs.length - 1; at >= 0; at--) {
    // Numbers stay: programs are emptied, and left out only at the end.
    if ((best.programs[at] as SyntheticProgram).length === 0) continue;
    attempt({ programs: best.programs.with(at, []) });
  }
  while (best.programs.length > 1 && attempt({ programs: best.programs.slice(0, -1) }));
  for (let at = 0; at < best.programs.length; at++) {
    for (let step = (best.programs[at] as SyntheticProgram).length - 1; step >= 0; step--) {
      const program = best.programs[at] as SyntheticProgram;
      attempt({ programs: best.programs.with(at, program.toSpliced(step, 1)) });
    }
  }
  return best;
}

function instruction(choose: Choose, account: number, slots: number): Instruction {
  const slot = choose(slots);
  switch (choose(12)) {
    case 0:
    case 1:
      return [O.READ, account, slot];
    case 2:
    case 3:
      return [O.WRITE, account, slot, choose(100)];
    case 4:
      return [O.INCREMENT, account, slot, 1 + choose(9)];
    case 5:
      return [O.READ_BALANCE, account];
    case 6:
      return [O.CREDIT, account, choose(20)];
    case 7:
      return [O.DEBIT, account, choose(20)];
    case 8:
      return [O.SKIP_UNLESS_AT_LEAST, account, choose(60), 1];
    case 9:
      return choose(3) === 0 ? [O.RESET, account] : [O.READ_DYNAMIC, account, slots];
    case 10:
      return [O.WRITE_DYNAMIC, account, slots, choose(9)];
    default:
      return choose(2) === 0 ? [O.WRITE_CODE, account, 0, choose(9)] : [O.READ_CODE, account];
  }
}

function programs(count: number, program: (index: number) => Instruction[]): SyntheticProgram[] {
  return Array.from({ length: count }, (_, index) => program(index));
}

function repeat<T>(times: number, make: () => T): T[] {
  return Array.from({ length: times }, make);
}

function pair(choose: Choose, limit: number): [number, number] {
  return [choose(limit), choose(limit)];
}
