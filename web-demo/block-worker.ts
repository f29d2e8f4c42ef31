// The page's worker: builds the block and runs engines over it, so that the page itself never waits.
import { expose } from 'comlink';
import { type BlockFile, type BlockResult, type Capabilities, checkBlockFile, createEngine } from 'pevm-wasm';
import { createTraffic, type Traffic } from 'pevm-wasm/traffic';
import type { BlockOptions, Conflict, Lane, Progress, RunSummary } from './run-types.ts';

/** Runs of which the one of median duration is shown: as many as this time allows, at least one. */
const ROUNDS = 21;
const ROUNDS_MS = 1000;
/** How often progress is told. */
const PROGRESS_MS = 16;
const CONFLICTS_SHOWN = 8;

let traffic: Traffic | undefined;
let block: BlockFile | undefined;

const worker = {
  async capabilities(): Promise<Capabilities> {
    await using engine = await createEngine();
    return { ...engine.capabilities };
  },

  async build(options: BlockOptions, onProgress: Progress): Promise<void> {
    let told = 0;
    traffic = await createTraffic(options, (done) => {
      if (performance.now() - told < PROGRESS_MS) return;
      told = performance.now();
      void onProgress(done / options.transactions);
    });
    block = checkBlockFile(traffic.file);
  },

  /** Runs the block that was built; the progress of its measured runs is told. */
  async run({ workers, executor }: Lane, onProgress: Progress): Promise<RunSummary> {
    if (block === undefined) throw new Error('there is no block yet');
    await using engine = await createEngine({ workers, executor, enableProfiling: true });
    // The first run pays for loading the executor and compiling code: it warms up and does not count.
    await engine.executeBlock(block);
    const results: BlockResult[] = [];
    const start = performance.now();
    while (results.length === 0 || (results.length < ROUNDS && performance.now() - start < ROUNDS_MS)) {
      const run = engine.executeBlock(block);
      const timer = setInterval(() => {
        const { committed, total } = run.progress;
        void onProgress(total === 0 ? 0 : committed / total);
      }, PROGRESS_MS);
      results.push(await run.finally(() => clearInterval(timer)));
    }
    results.sort((left, right) => left.report.executionMs - right.report.executionMs);
    return summaryOf(results[results.length >> 1]!, results.length);
  },
};

export type BlockWorker = typeof worker;

/** Plain values alone, since they travel to the page. */
function summaryOf({ receiptsRoot, gasUsed, report }: BlockResult, rounds: number): RunSummary {
  const { executionMs, executions, reexecutions, suspensions, bound } = report;
  return {
    receiptsRoot: receiptsRoot ?? '',
    gasUsed: Number(gasUsed),
    rounds,
    workers: report.workers,
    executionMs,
    executions,
    reexecutions,
    suspensions,
    boundMs: bound.boundMs,
    efficiency: bound.efficiency,
    lanes: report.perWorker.map(({ spans }) => spans.map((span) => ({ ...span }))),
    conflicts: report.conflicts.slice(0, CONFLICTS_SHOWN).map(conflictOf),
  };
}

function conflictOf({ location, count }: BlockResult['report']['conflicts'][number]): Conflict {
  const { address, kind, slot, key } = location;
  if (address === undefined) return { name: key ?? kind, count };
  const known = traffic?.describe(slot === undefined ? { address, kind } : { address, kind, slot });
  const place = slot === undefined ? '' : `, slot ${shortened(slot)}`;
  return { name: known ?? `${kind} of ${shortened(address)}${place}`, count };
}

function shortened(hex: string): string {
  return hex.length > 20 ? `${hex.slice(0, 10)}…${hex.slice(-8)}` : hex;
}

expose(worker);
