// Tracing whole real blocks: one worker and two, and a native node, in turns within one run.

import { createEngine, type TracingEngine } from '../../src/engine/engine.ts';
import type { BlockFile } from '../../src/file/block-file.ts';
import type { TracerChoice } from '../../src/trace/tracers.ts';
import type { Subject } from './mainnet.ts';
import { NativeReplay, notReplayable } from './native-replay.ts';
import { geometricMean, median } from './statistics.ts';
import { fixed, NONE, table, times } from './table.ts';

const TRACERS = ['callTracer', 'prestateTracer'] as const;

/** Medians over the rounds that count; milliseconds from the call to the answer as JSON. */
export interface TraceFigures {
  name: string;
  tracer: string;
  transactions: number;
  gasUsed: bigint;
  /** Executing the block, with two workers, untraced. */
  executeMs: number;
  oneWorkerMs: number;
  twoWorkersMs: number;
  /** All transactions of the mined block, asked for one after the other; or what some of them say of all. */
  anvilMs: number | undefined;
}

export interface TraceOptions {
  rounds: number;
  warmUp: number;
  native: boolean;
  /** From when on no further round begins, for all blocks and tracers; but for one each. */
  limitMs?: number;
  /** Transactions that the native node is asked for, all over the block: what they take is taken for all. Default: all. */
  sample?: number;
  onProgress: (text: string) => void;
}

export async function measureTraces(subjects: readonly Subject[], options: TraceOptions): Promise<TraceFigures[]> {
  await using one = await createEngine({ workers: 1 });
  await using two = await createEngine({ workers: 2 });
  const figures: TraceFigures[] = [];
  const each = (options.limitMs ?? Number.POSITIVE_INFINITY) / (subjects.length * TRACERS.length);
  for (const { name, file } of subjects) {
    await using native = !options.native || notReplayable(file) ? undefined : await NativeReplay.start(file);
    for (const tracer of TRACERS) {
      options.onProgress(`traces: block ${name}, ${tracer}`);
      figures.push(await measure(name, file, tracer, { one, two, native }, { ...options, limitMs: each }));
    }
  }
  return figures;
}

async function measure(
  name: string,
  file: BlockFile,
  tracer: (typeof TRACERS)[number],
  { one, two, native }: { one: TracingEngine; two: TracingEngine; native: NativeReplay | undefined },
  { rounds, warmUp, limitMs, sample }: TraceOptions & { limitMs: number },
): Promise<TraceFigures> {
  const endMs = performance.now() + limitMs;
  const samples: Record<'execute' | 'one' | 'two' | 'anvil', number[]> = { execute: [], one: [], two: [], anvil: [] };
  const hashes = file.block.transactions.map(({ hash }) => hash!);
  for (let round = 0; round < warmUp + rounds && (round <= warmUp || performance.now() < endMs); round++) {
    const sides: [keyof typeof samples, number][] = [
      ['execute', await executed(two, file)],
      ['one', await traced(one, file, { tracer })],
      ['two', await traced(two, file, { tracer })],
    ];
    if (native !== undefined) sides.push(['anvil', await native.traced(tracer, hashes, sample)]);
    if (round >= warmUp) for (const [side, value] of sides) samples[side].push(value);
  }
  return {
    ...{ name, tracer, transactions: hashes.length, gasUsed: BigInt(file.block.gasUsed ?? '0x0') },
    executeMs: median(samples.execute),
    oneWorkerMs: median(samples.one),
    twoWorkersMs: median(samples.two),
    anvilMs: native === undefined ? undefined : median(samples.anvil),
  };
}

function requestOf({ block, chainId, hardfork, state, blockHashes }: BlockFile) {
  return { block, chainId, hardfork, state, blockHashes, senders: 'trust' as const };
}

async function executed(engine: TracingEngine, file: BlockFile): Promise<number> {
  const start = performance.now();
  await engine.executeBlock(requestOf(file));
  return performance.now() - start;
}

async function traced(engine: TracingEngine, file: BlockFile, choice: TracerChoice): Promise<number> {
  const start = performance.now();
  JSON.stringify(await engine.traceBlock({ ...requestOf(file), ...choice }));
  return performance.now() - start;
}

export function traceTable(figures: readonly TraceFigures[]): string {
  const columns = ['block', 'tracer', 'txs', 'Mgas', 'execute ms', 'trace 1w', 'trace 2w', 'anvil'];
  const rows = figures.map(({ anvilMs, ...each }) => [
    ...[each.name, each.tracer, String(each.transactions), fixed(Number(each.gasUsed) / 1e6, 1)],
    ...[fixed(each.executeMs, 1), fixed(each.oneWorkerMs, 1), fixed(each.twoWorkersMs, 1), fixed(anvilMs, 1)],
    ...[times(each.oneWorkerMs / each.twoWorkersMs), anvilMs === undefined ? NONE : times(anvilMs / each.twoWorkersMs)],
  ]);
  const compared = figures.filter(({ anvilMs }) => anvilMs !== undefined);
  const means = TRACERS.map((name) => {
    const ratios = compared.filter(({ tracer }) => tracer === name).map((each) => each.anvilMs! / each.twoWorkersMs);
    return `${name} ${ratios.length === 0 ? NONE : times(geometricMean(ratios))}`;
  });
  return `${table([...columns, '2w/1w', '2w/anvil'], rows)}\n\nGeometric means against anvil: ${means.join(', ')}.`;
}
