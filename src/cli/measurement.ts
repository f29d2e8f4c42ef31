// Runs a block in parallel and, where asked for, sequentially, in turns that are fair to both, and compares the results.

import { runSequential, type SequentialResult } from '../executor/ethereumjs/sequential.ts';
import { compareExecutions } from '../job/comparison.ts';
import type { BlockResult, BlockRun, Engine, Mismatch } from '../types.ts';
import type { Subject } from './subject.ts';
import type { Progress } from './terminal.ts';

export interface Rounds {
  /** Rounds before that do not count: the first ones meet cold compilers. */
  readonly warmUp: number;
  /** Rounds that count, 1 or more. */
  readonly repeat: number;
  /** Whether every round also runs plain sequential ethereumjs. */
  readonly sequential: boolean;
}

export interface Measurement {
  /** The parallel run of median duration. */
  readonly result: BlockResult;
  /** Median, from handing the block over to holding the result. */
  readonly durationMs: number;
  /** The same for the sequential runs. */
  readonly sequential?: { readonly result: SequentialResult; readonly durationMs: number };
  /** Of all rounds, each name once. */
  readonly mismatches: readonly Mismatch[];
}

/** How many transactions `measure` executes in all, for the bar. */
export function workOf(transactions: number, { warmUp, repeat, sequential }: Rounds, workers: number): number {
  return transactions * (warmUp * warmUpRuns(workers) + repeat + (sequential ? warmUp + repeat : 0));
}

/**
 * A thread compiles what it has seen often, and of a parallel run a worker sees a part only: a warm-up round has so many
 * parallel runs that a worker executes about as many transactions as the sequential run beside it.
 */
function warmUpRuns(workers: number): number {
  return Math.min(workers, 8);
}

/**
 * Both ways take turns, so that what disturbs the machine disturbs both. Warm-up rounds are checked but do not count.
 *
 * @throws {PevmError} for a block that cannot run at all
 */
export async function measure(
  engine: Engine,
  { file, witness }: Subject,
  rounds: Rounds,
  progress: Progress,
): Promise<Measurement> {
  const { block, chainId, hardfork, state, blockHashes, expected } = file;
  const parallel: Timed<BlockResult>[] = [];
  const sequential: Timed<SequentialResult>[] = [];
  const mismatches = new Map<string, Mismatch>();
  const before = witness === undefined ? { state, blockHashes } : { witness };
  const request = { block, chainId, hardfork, ...before, ...(expected && { expected }), verify: true };
  const runParallel = () =>
    timed(async () => {
      const result = await followed(engine.executeBlock(request), progress);
      // The sequential run has decoded everything when it is over.
      void [result.receipts, result.stateDiff];
      return result;
    });
  const runBaseline = async () => {
    const run = await timed(() => runSequential(file));
    progress.advance(block.transactions.length);
    return run;
  };
  const check = ({ result }: Timed<BlockResult>) => {
    const [baseline] = sequential;
    const differences = baseline === undefined ? [] : compareExecutions(baseline.result, result, 'sequential');
    for (const mismatch of [...result.mismatches, ...differences]) mismatches.set(mismatch.name, mismatch);
  };

  progress.begin('warming up');
  for (let round = 0; round < rounds.warmUp; round++) {
    if (rounds.sequential) await runBaseline();
    for (let run = 0; run < warmUpRuns(engine.capabilities.workers); run++) check(await runParallel());
  }
  for (let round = 0; round < rounds.repeat; round++) {
    if (rounds.sequential) {
      progress.begin('sequential');
      sequential.push(await runBaseline());
    }
    progress.begin('parallel');
    const run = await runParallel();
    parallel.push(run);
    check(run);
  }
  const { result, durationMs } = median(parallel);
  return {
    result,
    durationMs,
    ...(sequential.length > 0 && { sequential: median(sequential) }),
    mismatches: [...mismatches.values()],
  };
}

interface Timed<T> {
  readonly result: T;
  readonly durationMs: number;
}

async function timed<T>(work: () => PromiseLike<T>): Promise<Timed<T>> {
  const start = performance.now();
  const result = await work();
  return { result, durationMs: performance.now() - start };
}

/** The run of median duration; of an even number, the faster of the two in the middle. */
function median<T>(runs: readonly Timed<T>[]): Timed<T> {
  const sorted = [...runs].sort((one, other) => one.durationMs - other.durationMs);
  return sorted[(sorted.length - 1) >> 1] as Timed<T>;
}

/** Awaits a run and shows how far it is. */
async function followed(run: BlockRun, progress: Progress): Promise<BlockResult> {
  let shown = 0;
  const show = () => {
    progress.advance(run.progress.committed - shown);
    shown = run.progress.committed;
  };
  const timer = setInterval(show, 100);
  try {
    return await run;
  } finally {
    clearInterval(timer);
    progress.advance(run.progress.total - shown);
  }
}
