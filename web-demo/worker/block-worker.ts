// The page's worker: gets the block and runs engines over it, so that the page itself never waits.
import { expose } from 'comlink';
import { type BlockResult, type Capabilities, chromeTrace, createEngine } from 'pevm-wasm';
import type {
  Alternative,
  Effects,
  Lane,
  Order,
  Progress,
  Ready,
  RunSummary,
  ScalePoint,
  Source,
} from '../run-types.ts';
import { Resident } from './resident.ts';
import { openSubject, type Subject } from './subject.ts';
import { summaryOf } from './summary.ts';

/** Runs of which the one of median duration is shown: as many as this time allows, at least one. */
const ROUNDS = 21;
const ROUNDS_MS = 1000;
/** The same where several numbers of workers are tried one after the other. */
const SCALE_MS = 400;
/** How often progress is told. */
const PROGRESS_MS = 16;

let subject: Subject | undefined;
let last: BlockResult | undefined;
/** One to look around in, and one that stays as the block has left it: its recordings save most of a what-if. */
const residents = new Map<'looks' | 'edits', Promise<Resident>>();

const worker = {
  async capabilities(): Promise<Capabilities> {
    await using engine = await createEngine();
    return { ...engine.capabilities };
  },

  /** Gets a block, which everything after this is about. */
  async open(source: Source, onProgress: Progress): Promise<Ready> {
    const opened = await openSubject(source, onProgress);
    for (const held of residents.values())
      await held.then((resident) => resident[Symbol.asyncDispose]()).catch(() => {});
    residents.clear();
    subject = opened;
    return opened.ready;
  },

  /** Runs the block; the progress of its measured runs is told. */
  async run(lane: Lane, onProgress: Progress): Promise<RunSummary> {
    const held = theSubject();
    // The list is made by the EVM inside the core; recording it is not part of what is measured.
    const list =
      lane.executor === 'wasm' ? (await once(lane, held, { blockAccessList: true })).blockAccessList : undefined;
    const { median, rounds } = await measure({ ...lane, enableProfiling: true }, held, ROUNDS_MS, onProgress);
    last = median;
    return summaryOf(median, rounds, held, list);
  },

  /** What the workers did in the last run, as JSON for Perfetto. */
  async trace(): Promise<string> {
    return last === undefined ? '{}' : JSON.stringify(chromeTrace(last.report));
  },

  /** Runs it with 1, 2, 3, 4, 6, 8, … workers, up to `most`. */
  async scale(most: number, onProgress: Progress): Promise<ScalePoint[]> {
    const counts = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64].filter((count) => count < most);
    const points: ScalePoint[] = [];
    for (const workers of [...counts, most]) {
      const { median } = await measure({ workers, executor: 'wasm' }, theSubject(), SCALE_MS, () => {});
      points.push({ workers, executionMs: median.report.executionMs });
      void onProgress(points.length / (counts.length + 1));
    }
    return points;
  },

  /** What a transaction of the block did. */
  async effects(index: number, workers: number): Promise<Effects> {
    return (await theResident('looks', workers)).effects(index);
  },

  /** What a transaction would do behind the block. */
  async preview(text: string, workers: number): Promise<Effects> {
    return (await theResident('looks', workers)).preview(text);
  },

  /** What the block would have come to in another order. */
  async reorder(order: Order, moved: readonly number[], workers: number): Promise<Alternative> {
    return (await theResident('edits', workers)).reorder(order, moved);
  },
};

export type BlockWorker = typeof worker;

function theSubject(): Subject {
  if (subject === undefined) throw new Error('there is no block yet');
  return subject;
}

function theResident(purpose: 'looks' | 'edits', workers: number): Promise<Resident> {
  const known = residents.get(purpose);
  if (known !== undefined) return known;
  const opened = Resident.open(theSubject(), workers);
  residents.set(purpose, opened);
  opened.catch(() => residents.delete(purpose));
  return opened;
}

async function once(lane: Lane, { request, sealed }: Subject, more: object = {}): Promise<BlockResult> {
  await using engine = await createEngine(lane);
  const result = await engine.executeBlock({ ...request, verify: sealed, ...more });
  // It is decoded from the engine's answer when it is first looked at, and must be before the engine is gone.
  void result.blockAccessList;
  return result;
}

async function measure(
  options: Lane & { enableProfiling?: boolean },
  { request, sealed }: Subject,
  forMs: number,
  onProgress: Progress,
): Promise<{ median: BlockResult; rounds: number }> {
  // As many as are named: whether a block pays for all of them is what is to be seen.
  await using engine = await createEngine({ ...options, workersPerBlock: 'all' });
  const ask = () => engine.executeBlock({ ...request, verify: sealed });
  // The first run pays for loading the executor and compiling code: it warms up and does not count.
  await ask();
  const results: BlockResult[] = [];
  const start = performance.now();
  while (results.length === 0 || (results.length < ROUNDS && performance.now() - start < forMs)) {
    const run = ask();
    const timer = setInterval(() => {
      const { committed, total } = run.progress;
      void onProgress(total === 0 ? 0 : committed / total);
    }, PROGRESS_MS);
    results.push(await run.finally(() => clearInterval(timer)));
  }
  results.sort((left, right) => left.report.executionMs - right.report.executionMs);
  return { median: results[results.length >> 1]!, rounds: results.length };
}

expose(worker);
