// Real blocks: the EVM inside the core with one worker and two, ethereumjs, and a native node, in turns within one run.

import { MemoryLimitError } from '../../src/base/errors.ts';
import type { Hex } from '../../src/base/hex.ts';
import { isAtLeast } from '../../src/chain/hardfork.ts';
import { createEngine } from '../../src/engine/engine.ts';
import { runSequential } from '../../src/executor/ethereumjs/sequential.ts';
import type { BlockFile } from '../../src/file/block-file.ts';
import type { BlockResult, Engine, Report } from '../../src/types.ts';
import { runLibrary } from './library.ts';
import { type GasAgreement, NativeReplay, notReplayable } from './native-replay.ts';
import { geometricMean, type Spread, spreadOf } from './statistics.ts';
import { fixed, NONE, percent, table, times } from './table.ts';

export interface Subject {
  name: string;
  file: BlockFile;
}

/** A fresh process whose engine runs the block for the first time (see cold.ts). Milliseconds. */
export interface ColdFigures {
  /** `createEngine`, until it is ready. */
  readyMs: number;
  executionMs: number;
  wholeMs: number;
  /** The same process, best of many more runs. */
  warmMs: number;
}

/** Milliseconds, but for counts. */
export interface MainnetFigures {
  name: string;
  hardfork: string;
  transactions: number;
  gasUsed: bigint;
  /** From the first worker's start to the last commit. */
  oneWorker: Spread;
  twoWorkers: Spread;
  /** From the call of `executeBlock` to its result, receipts undecoded: with loading the state before the block. */
  oneWorkerWhole: Spread;
  twoWorkersWhole: Spread;
  /** Our sequential run of ethereumjs, over plain maps. */
  sequential: Spread | undefined;
  /** The library as it comes. */
  library: Spread | undefined;
  anvil: Spread | undefined;
  /** Mining a block without transactions on the same state. */
  anvilFloor: Spread | undefined;
  agreement: GasAgreement | undefined;
  cold: ColdFigures | undefined;
  /** With two workers. */
  reexecutions: Spread;
  aborts: Spread;
  /** T1 / max(T1 / 2, T∞): what two workers can gain at best. */
  speedupBound: Spread;
  /** max(T1 / 2, T∞) over the execution time. */
  efficiency: Spread;
  /** Rounds of loading, where the state answers in batches only and nothing is known before. */
  missRounds: number | 'out of memory';
  missKeys: number;
  memoryBytes: number;
}

export interface MainnetOptions {
  /** Rounds of the fast sides that count; the slow ones get fewer. */
  rounds: number;
  warmUp: number;
  /** Whether anvil takes part. */
  native: boolean;
  /** Whether ethereumjs takes part. */
  slow: boolean;
  cold(name: string): Promise<ColdFigures | undefined>;
  onProgress(text: string): void;
}

/** Rounds that count of the native node: filling its pool takes up to a second. */
const NATIVE_ROUNDS = 9;
/** Rounds that count of the sides that take a hundred times as long. */
const SLOW_ROUNDS = 3;

/** @throws Error where anything comes out that the header does not say */
export async function measureMainnet(subjects: readonly Subject[], options: MainnetOptions): Promise<MainnetFigures[]> {
  await using one = await createEngine({ executor: 'wasm', workers: 1 });
  await using two = await createEngine({ executor: 'wasm', workers: 2 });
  const figures: MainnetFigures[] = [];
  for (const subject of subjects) {
    options.onProgress(`block ${subject.name}`);
    figures.push(await measure(subject, { one, two }, options));
  }
  return figures;
}

/** Runs the block once, in the given round. */
type Side = (round: number) => Promise<void>;

async function measure(
  { name, file }: Subject,
  { one, two }: { one: Engine; two: Engine },
  { rounds, warmUp, native: withNative, slow: withSlow, cold }: MainnetOptions,
): Promise<MainnetFigures> {
  const samples = new Samples();
  const reports: Report[] = [];
  await using native = !withNative || notReplayable(file) ? undefined : await NativeReplay.start(file);
  const fast: Side[] = [
    async () => {
      const { result, wholeMs } = await timed(one, file);
      checkAgainstHeader(`${name}, one worker`, file, result);
      samples.add('one', result.report.executionMs);
      samples.add('oneWhole', wholeMs);
    },
    async () => {
      const { result, wholeMs } = await timed(two, file);
      checkAgainstHeader(`${name}, two workers`, file, result);
      samples.add('two', result.report.executionMs);
      samples.add('twoWhole', wholeMs);
      reports.push(result.report);
    },
    async (round) => {
      if (native === undefined || round >= warmUp + NATIVE_ROUNDS) return;
      samples.add('anvilFloor', await native.floor());
      samples.add('anvil', await native.run());
    },
  ];
  const slow: Side[] = [
    async () => {
      const result = await runSequential(file);
      checkAgainstHeader(`${name}, sequential`, file, result);
      samples.add('sequential', result.executionMs);
    },
    async () => samples.add('library', await libraryMs(file)),
  ];
  const slowWarmUp = Math.min(1, warmUp);
  for (let round = 0; round < warmUp + rounds; round++) {
    const sides = withSlow && round < slowWarmUp + SLOW_ROUNDS ? [...fast, ...slow] : fast;
    // Each side comes first, and after each other, equally often.
    for (let at = 0; at < sides.length; at++) await sides[(at + round) % sides.length]?.(round);
    if (round === slowWarmUp - 1) samples.clear(['sequential', 'library']);
    if (round === warmUp - 1) {
      samples.clear(['one', 'oneWhole', 'two', 'twoWhole', 'anvil', 'anvilFloor']);
      reports.length = 0;
    }
  }
  const over = (figure: (report: Report) => number) => spreadOf(reports.map(figure)) as Spread;
  return {
    name,
    hardfork: file.hardfork,
    transactions: file.block.transactions.length,
    gasUsed: BigInt(file.block.gasUsed ?? '0x0'),
    oneWorker: samples.needed('one'),
    twoWorkers: samples.needed('two'),
    oneWorkerWhole: samples.needed('oneWhole'),
    twoWorkersWhole: samples.needed('twoWhole'),
    sequential: samples.of('sequential'),
    library: samples.of('library'),
    anvil: samples.of('anvil'),
    anvilFloor: samples.of('anvilFloor'),
    agreement: await native?.compare(
      file.block.transactions.map(({ hash }) => hash as Hex),
      (file.expected?.transactions ?? []).map(({ gasUsed }) => gasUsed),
    ),
    cold: await cold(name),
    reexecutions: over(({ reexecutions }) => reexecutions),
    aborts: over(({ aborts }) => aborts),
    speedupBound: over(({ bound }) => bound.speedupBound),
    efficiency: over(({ bound }) => bound.efficiency),
    ...(await missingState(one, name, file)),
    memoryBytes: (reports.at(-1) as Report).memoryBytes,
  };
}

class Samples {
  readonly #values = new Map<string, number[]>();

  add(name: string, value: number | undefined): void {
    if (value === undefined) return;
    const values = this.#values.get(name);
    if (values === undefined) this.#values.set(name, [value]);
    else values.push(value);
  }

  clear(names: readonly string[]): void {
    for (const name of names) this.#values.delete(name);
  }

  of(name: string): Spread | undefined {
    return spreadOf(this.#values.get(name) ?? []);
  }

  needed(name: string): Spread {
    const spread = this.of(name);
    if (spread === undefined) throw new Error(`nothing was measured for ${name}`);
    return spread;
  }
}

async function timed(engine: Engine, file: BlockFile): Promise<{ result: BlockResult; wholeMs: number }> {
  const { block, chainId, hardfork, state, blockHashes } = file;
  const start = performance.now();
  const result = await engine.executeBlock({ block, chainId, hardfork, state, blockHashes, senders: 'trust' });
  return { result, wholeMs: performance.now() - start };
}

/** `undefined` where the library's own gas is not the block's: it then did other work. */
async function libraryMs(file: BlockFile): Promise<number | undefined> {
  const { executionMs, gasUsed } = await runLibrary(file);
  const right = file.expected?.transactions.every((transaction, index) => transaction.gasUsed === gasUsed[index]);
  return right === false ? undefined : executionMs;
}

/** How a state that can only be asked, a batch at a time, is found out. */
async function missingState(
  engine: Engine,
  name: string,
  file: BlockFile,
): Promise<Pick<MainnetFigures, 'missRounds' | 'missKeys'>> {
  let missKeys = 0;
  const stop = engine.on('load', ({ keys }) => {
    missKeys += keys;
  });
  const { block, chainId, hardfork, state, blockHashes } = file;
  const remote = { load: state.load.bind(state), blockHash: state.blockHash.bind(state) };
  try {
    const result = await engine.executeBlock({
      block,
      chainId,
      hardfork,
      state: remote,
      blockHashes,
      senders: 'trust',
    });
    checkAgainstHeader(`${name}, state in batches`, file, result);
    return { missRounds: result.report.loadRounds, missKeys };
  } catch (error) {
    if (error instanceof MemoryLimitError) return { missRounds: 'out of memory', missKeys };
    throw error;
  } finally {
    stop();
  }
}

/** What every side must have come to. @throws Error that names the field */
export function checkAgainstHeader(
  name: string,
  { block, hardfork }: BlockFile,
  result: { gasUsed: bigint; logsBloom: Hex; receiptsRoot?: Hex | undefined },
): void {
  const fields: [string, string, string][] = [
    ['gasUsed', result.gasUsed.toString(), BigInt(block.gasUsed ?? '0x0').toString()],
    ['logsBloom', result.logsBloom, block.logsBloom ?? ''],
  ];
  // Earlier receipts hold state roots.
  if (isAtLeast(hardfork, 'byzantium'))
    fields.push(['receiptsRoot', result.receiptsRoot ?? 'not known', block.receiptsRoot ?? '']);
  for (const [field, actual, expected] of fields) {
    if (actual !== expected) throw new Error(`${name}: ${field} is ${actual}, not ${expected}`);
  }
}

/** Medians in milliseconds; ratios are speed-ups (above 1: the first is faster). */
export function mainnetTable(all: readonly MainnetFigures[]): string {
  const columns = [
    ...[
      'block',
      'txs',
      'Mgas',
      'wasm 1w',
      'wasm 2w',
      'whole 1w',
      'whole 2w',
      'ethereumjs',
      'library',
      'anvil',
      'empty',
    ],
    ...['Mgas/s 1w', '2w', 'anvil', '1w/anvil', '1w/(anvil−empty)', '2w/1w', '1w/ethereumjs', '1w/library', 'gas ='],
  ];
  const rows = all.map((figures) => {
    const { gasUsed, oneWorker, twoWorkers, oneWorkerWhole, twoWorkersWhole, sequential, library, anvil, anvilFloor } =
      figures;
    const speed = (spread: Spread | undefined) => fixed(spread && Number(gasUsed) / 1e3 / spread.median, 0);
    const ratio = ratiosOf(figures, 'median');
    return [
      figures.name,
      String(figures.transactions),
      fixed(Number(gasUsed) / 1e6, 1),
      fixed(oneWorker.median, 2),
      fixed(twoWorkers.median, 2),
      fixed(oneWorkerWhole.median, 1),
      fixed(twoWorkersWhole.median, 1),
      fixed(sequential?.median, 0),
      fixed(library?.median, 0),
      fixed(anvil?.median, 1),
      fixed(anvilFloor?.median, 1),
      speed(oneWorker),
      speed(twoWorkers),
      speed(anvil),
      times(ratio.anvil),
      times(ratio.anvilNet),
      times(ratio.pair),
      times(ratio.sequential),
      times(ratio.library),
      agreementText(figures),
    ];
  });
  return table(columns, rows);
}

/** What does not depend on the machine, or not much; and the first block of a fresh process against the same one warm. */
export function mainnetDetails(all: readonly MainnetFigures[]): string {
  const columns = [
    ...['block', 'bound', 'effic.', 're-ex', 'aborts', 'miss rounds', 'keys', 'MiB', 'best 1w', 'best 2w'],
    ...['best anvil', 'ready', 'cold', 'cold whole', 'cold/warm'],
  ];
  const rows = all.map(({ cold, ...figures }) => [
    figures.name,
    fixed(figures.speedupBound.median, 2),
    percent(figures.efficiency.median),
    fixed(figures.reexecutions.median, 0),
    fixed(figures.aborts.median, 0),
    String(figures.missRounds),
    String(figures.missKeys),
    fixed(figures.memoryBytes / 2 ** 20, 1),
    fixed(figures.oneWorker.min, 2),
    fixed(figures.twoWorkers.min, 2),
    fixed(figures.anvil?.min, 2),
    fixed(cold?.readyMs, 0),
    fixed(cold?.executionMs, 1),
    fixed(cold?.wholeMs, 1),
    times(cold && cold.executionMs / cold.warmMs),
  ]);
  return table(columns, rows);
}

/** Geometric means, over medians and over minima. */
export function mainnetSummary(all: readonly MainnetFigures[]): string {
  const ratios = [
    ['1 worker against anvil', 'anvil'],
    ['1 worker against anvil less its empty block', 'anvilNet'],
    ['2 workers against 1', 'pair'],
    ['2 workers against anvil', 'pairAnvil'],
    ['1 worker against sequential ethereumjs', 'sequential'],
    ['1 worker against the library as it comes', 'library'],
    ['first block of a process: times as long as warm', 'cold'],
  ] as const;
  const rows = ratios.map(([text, name]) => {
    const by = (which: keyof Spread) =>
      all.map((figures) => ratiosOf(figures, which)[name]).filter((ratio) => ratio !== undefined);
    const [medians, minima] = [by('median'), by('min')];
    if (medians.length === 0) return [text, NONE, NONE, NONE, '0'];
    const worst = name === 'cold' ? Math.max(...medians) : Math.min(...medians);
    return [text, times(geometricMean(medians)), times(worst), times(geometricMean(minima)), String(medians.length)];
  });
  return table(['geometric means', 'of medians', 'worst block', 'of minima', 'blocks'], rows);
}

type RatioName = 'anvil' | 'anvilNet' | 'pair' | 'pairAnvil' | 'sequential' | 'library' | 'cold';

function ratiosOf(figures: MainnetFigures, which: keyof Spread): Record<RatioName, number | undefined> {
  const { oneWorker, twoWorkers, sequential, library, anvilFloor, cold } = figures;
  const mine = oneWorker[which];
  const anvil = isComparable(figures) ? figures.anvil?.[which] : undefined;
  return {
    anvil: anvil && anvil / mine,
    anvilNet: anvil && anvilFloor && (anvil - anvilFloor[which]) / mine,
    pair: mine / twoWorkers[which],
    pairAnvil: anvil && anvil / twoWorkers[which],
    sequential: sequential && sequential[which] / mine,
    library: library && library[which] / mine,
    cold: cold && cold.executionMs / cold.warmMs,
  };
}

/** Whether the peer did about the same work: where its gas is more than 5 % off, it went another way. */
function isComparable({ agreement, gasUsed }: MainnetFigures): boolean {
  if (agreement === undefined) return false;
  return Math.abs(Number(agreement.gasUsed - gasUsed)) <= 0.05 * Number(gasUsed);
}

function agreementText(figures: MainnetFigures): string {
  const { agreement, gasUsed } = figures;
  if (agreement === undefined) return NONE;
  const { equal, transactions } = agreement;
  if (equal === transactions) return 'all';
  const off = (100 * Number(agreement.gasUsed - gasUsed)) / Number(gasUsed);
  return `${equal}/${transactions} (${off > 0 ? '+' : ''}${off.toFixed(1)} %${isComparable(figures) ? '' : ', left out'})`;
}
