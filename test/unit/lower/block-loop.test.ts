// Loops of others over the core's own transitions: whatever they do in whatever order, a block that is committed is sequential.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type BlockLoop,
  InputError,
  type LoopAttempt,
  MemoryLimitError,
  openBlockLoop,
  SuspendSignal,
} from '../../../src/index.ts';
import { count } from '../../support/effort.ts';

/** What a task does: reads one number, and writes or adds what follows from it. */
interface Program {
  readonly reads: string;
  readonly writes: string;
  readonly adds: string;
}

type Numbers = Pick<LoopAttempt['view'], 'readNumber' | 'writeNumber' | 'add'>;

function run({ reads, writes, adds }: Program, index: number, view: Numbers): void {
  const seen = view.readNumber(reads);
  if (seen % 3n !== 0n) view.writeNumber(writes, seen * 7n + BigInt(index));
  view.add(adds, seen + 1n);
}

/** One after the other, on a Map. */
function sequential(programs: readonly Program[]): Map<string, bigint> {
  const state = new Map<string, bigint>([['a', 1n]]);
  const readNumber = (key: unknown) => state.get(key as string) ?? 0n;
  const view: Numbers = {
    readNumber,
    writeNumber: (key, value) => void state.set(key as string, value),
    add: (key, amount) => void state.set(key as string, BigInt.asUintN(256, readNumber(key) + amount)),
  };
  for (const [index, program] of programs.entries()) run(program, index, view);
  return state;
}

/** Executes an attempt to its end. */
function complete(attempt: LoopAttempt, programs: readonly Program[]): 'executed' | 'suspended' {
  try {
    run(programs[attempt.transaction]!, attempt.transaction, attempt.view);
  } catch (error) {
    if (!(error instanceof SuspendSignal)) throw error;
  }
  return attempt.finish({ status: 'success', gasUsed: BigInt(attempt.transaction) });
}

const key = fc.constantFrom('a', 'b', 'c', 'd');
const program = fc.record({ reads: key, writes: key, adds: key });

function checkState(loop: BlockLoop, programs: readonly Program[]): void {
  expect(loop.committed).toBe(programs.length);
  const state = sequential(programs);
  for (const name of ['a', 'b', 'c', 'd']) expect([name, loop.readNumber(name)]).toEqual([name, state.get(name) ?? 0n]);
  for (let at = 0; at < programs.length; at++) expect(loop.result(at)).toMatchObject({ gasUsed: BigInt(at) });
}

test('random loops of several workers come to what one after the other comes to', { timeout: 300_000 }, async () => {
  const programs = fc.array(program, { minLength: 1, maxLength: 8 });
  // Attempts lie open while others go on: reads in the middle of them are old by then.
  const action = fc.tuple(
    fc.constantFrom('begin', 'begin', 'finish', 'finish', 'next', 'validate', 'redo', 'commit', 'hint'),
    fc.nat(7),
    fc.nat(2),
  );
  await fc.assert(
    fc.asyncProperty(programs, fc.array(action, { maxLength: 60 }), async (block, actions) => {
      const loop = await openBlockLoop({ tasks: block.length, workers: 3, numbers: { a: 1n }, maximumMiB: 2 });
      const open: (LoopAttempt | undefined)[] = [undefined, undefined, undefined];
      const half = (attempt: LoopAttempt | undefined) => {
        if (attempt === undefined) return undefined;
        try {
          attempt.view.readNumber(block[attempt.transaction]!.reads);
        } catch (error) {
          if (!(error instanceof SuspendSignal)) throw error;
        }
        return attempt;
      };
      for (const [kind, number, at] of actions) {
        const transaction = number % block.length;
        const worker = loop.workers[at]!;
        const attempt = open[at];
        if (kind === 'begin' && attempt === undefined) open[at] = half(worker.begin(transaction));
        else if (kind === 'next' && attempt === undefined) open[at] = half(worker.next());
        else if (kind === 'finish' && attempt !== undefined) {
          open[at] = undefined;
          complete(attempt, block);
        } else if (kind === 'validate') {
          const { state } = loop.status(transaction);
          expect(loop.validate(transaction) === 'nothing').toBe(state !== 'executed');
        } else if (kind === 'redo') {
          const { state, incarnation } = loop.status(transaction);
          if (incarnation < 10) expect(loop.reexecute(transaction)).toBe(state === 'executed');
        } else if (kind === 'commit') loop.commit();
        else if (kind === 'hint' && at < transaction) loop.addDependency(at, transaction);
      }
      for (const attempt of open) if (attempt !== undefined) complete(attempt, block);
      // The simplest loop there is ends what is left.
      for (let step = 0; loop.committed < block.length; step++) {
        expect(step).toBeLessThan(1000);
        if (loop.commit() === 'holds') continue;
        const attempt = loop.workers[step % 3]!.begin(loop.committed) ?? loop.workers[step % 3]!.next();
        if (attempt !== undefined) complete(attempt, block);
      }
      checkState(loop, block);
    }),
    { numRuns: count('loops', { ci: 300, long: 10_000 }) },
  );
});

test('the scheduler alone, asked for one attempt after the other', async () => {
  const block = fc.sample(program, { numRuns: 200, seed: 3 });
  const loop = await openBlockLoop({ tasks: block.length, numbers: { a: 1n } });
  const order: number[] = [];
  for (let attempt = loop.workers[0]!.next(); attempt !== undefined; attempt = loop.workers[0]!.next()) {
    order.push(attempt.transaction);
    complete(attempt, block);
  }
  expect(order).toEqual(block.map((_, index) => index));
  checkState(loop, block);
});

test('what was read and has changed fails; what is taken back is awaited, and runs again', async () => {
  const loop = await openBlockLoop({ tasks: 3, workers: 2 });
  const [first, second] = loop.workers as [(typeof loop.workers)[0], (typeof loop.workers)[0]];
  const reader = first.begin(1)!;
  expect(reader.view.readNumber('x')).toBe(0n);
  expect(reader.finish({ status: 'success' })).toBe('executed');
  expect(loop.validate(1)).toBe('holds');
  expect(loop.commit()).toBe('nothing');
  const writer = second.begin(0)!;
  writer.view.writeNumber('x', 5n);
  expect(writer.finish({ status: 'success' })).toBe('executed');
  expect(loop.validate(1)).toBe('fails');
  expect(loop.commit()).toBe('holds');
  expect([loop.commit(), loop.status(1)]).toEqual(['fails', { state: 'ready', incarnation: 1 }]);
  const again = first.begin(1)!;
  expect([again.incarnation, again.view.readNumber('x')]).toEqual([1, 5n]);
  again.view.writeNumber('y', 1n);
  again.finish({ status: 'success' });
  expect(loop.reexecute(1)).toBe(true);
  const third = second.begin(2)!;
  expect(() => third.view.readNumber('y')).toThrow();
  expect([third.finish({ status: 'success' }), loop.status(2).state]).toEqual(['suspended', 'suspended']);
  first.begin(1)!.finish({ status: 'success' });
  expect(loop.status(2).state).toBe('ready');
  expect([loop.commit(), loop.status(1)]).toEqual(['holds', { state: 'committed', incarnation: 2 }]);
});

test('a dependency keeps a transaction back until the lower one has executed', async () => {
  const loop = await openBlockLoop({ tasks: 2 });
  const [worker] = loop.workers;
  loop.addDependency(0, 1);
  expect([worker!.begin(1), loop.status(1).state]).toEqual([undefined, 'suspended']);
  worker!.begin(0)!.finish({ status: 'success' });
  expect(worker!.begin(1)).toBeDefined();
});

test('what cannot be is refused by name', async () => {
  const loop = await openBlockLoop({ tasks: 2, maximumMiB: 1 });
  const [worker] = loop.workers;
  expect(() => loop.addDependency(1, 1)).toThrow(/^higher/);
  expect(() => loop.status(2)).toThrow(/^transaction: expected 0 to 1/);
  expect(() => loop.result(0)).toThrow(/0 is not committed/);
  const attempt = worker!.begin(0)!;
  expect(() => worker!.begin(1)).toThrow(/^worker: has begun/);
  expect(() => {
    for (let at = 0; ; at++) attempt.view.write(`key ${at}`, new Uint8Array(10_000));
  }).toThrow(SuspendSignal as never);
  expect(() => attempt.finish({ status: 'success' })).toThrow(MemoryLimitError);
  expect(() => attempt.finish({ status: 'success' })).toThrow(InputError);
  await expect(openBlockLoop({} as never)).rejects.toThrow(/options\.tasks: missing/);
  await expect(openBlockLoop({ tasks: 1, worker: 2 } as never)).rejects.toThrow(/did you mean "workers"/);
});
