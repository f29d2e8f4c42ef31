// From the bytes of a real block and its state to a verified header, its phases apart, against a native node and ethereumjs.

import { decodeText, parseJson } from '../../src/base/json.ts';
import { encodeBlock } from '../../src/block/block-encoding.ts';
import { parseBlockRlp } from '../../src/block/block-rlp.ts';
import { verifyBlock } from '../../src/block/verify.ts';
import { createEngine } from '../../src/engine/engine.ts';
import { runSequential } from '../../src/executor/ethereumjs/sequential.ts';
import { type BlockFile, checkBlockFile } from '../../src/file/block-file.ts';
import type { Engine } from '../../src/types.ts';
import { NativeReplay, notReplayable } from './native-replay.ts';
import { geometricMean, median, type Spread, spreadOf } from './statistics.ts';
import { fixed, NONE, percent, table, times } from './table.ts';

/** A block file as it lies on the disk, unpacked. */
export interface VerdictSubject {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Milliseconds, in the order in which they pass. */
export interface VerdictPhases {
  /** Bytes of the file to JSON values. */
  readonly parse: Spread;
  /** JSON values to the checked block and state. */
  readonly check: Spread;
  /** From the call to the first worker: encoding the block and its state, loading them into the core, waking workers. */
  readonly before: Spread;
  readonly execute: Spread;
  /** From the last commit to the comparison with the header: results read, receipts, roots, bloom. */
  readonly after: Spread;
  /** From the call to the verified header. */
  readonly call: Spread;
  /** All of it. */
  readonly total: Spread;
}

export interface VerdictFigures {
  readonly name: string;
  readonly transactions: number;
  readonly gasUsed: bigint;
  readonly oneWorker: VerdictPhases;
  readonly twoWorkers: VerdictPhases;
  /** The block alone out of its consensus encoding; `undefined` where the file lacks what that takes. */
  readonly rlp: Spread | undefined;
  /** What the result finds out only when it is asked: receipts root and bloom, one after the other. */
  readonly receiptsRoot: Spread;
  readonly logsBloom: Spread;
  /** The peer's mining call: its senders are known by then, its state is loaded, and it computes the state root. */
  readonly anvil: Spread | undefined;
  /** Sequential execution over plain maps, and the same verification. */
  readonly ethereumjs: Spread | undefined;
}

export interface VerdictOptions {
  readonly rounds: number;
  readonly warmUp: number;
  readonly native: boolean;
  /** Whether ethereumjs takes part. */
  readonly slow: boolean;
  readonly onProgress: (text: string) => void;
}

/** Rounds that count of the sides that take a hundred times as long. */
const SLOW_ROUNDS = 3;

/** @throws Error where anything comes out that the header does not say */
export async function measureVerdict(
  subjects: readonly VerdictSubject[],
  options: VerdictOptions,
): Promise<VerdictFigures[]> {
  await using one = await createEngine({ workers: 1 });
  await using two = await createEngine({ workers: 2 });
  const figures: VerdictFigures[] = [];
  for (const subject of subjects) {
    options.onProgress(`verdict: block ${subject.name}`);
    figures.push(await measure(subject, { one, two }, options));
  }
  return figures;
}

type Samples = Record<keyof VerdictPhases, number[]>;

async function measure(
  { name, bytes }: VerdictSubject,
  { one, two }: { one: Engine; two: Engine },
  { rounds, warmUp, native: withNative, slow }: VerdictOptions,
): Promise<VerdictFigures> {
  const file = checkBlockFile(JSON.parse(new TextDecoder().decode(bytes)), name);
  const { block, hardfork, chainId } = file;
  const encoded = encodeBlock(block, chainId);
  const sides = [emptySamples(), emptySamples()] as const;
  const single = { rlp: [], receiptsRoot: [], logsBloom: [], anvil: [], ethereumjs: [] } as Record<string, number[]>;
  await using native = !withNative || notReplayable(file) ? undefined : await NativeReplay.start(file);
  for (let round = 0; round < warmUp + rounds; round++) {
    if (round === warmUp) {
      for (const samples of [...sides, single]) for (const values of Object.values(samples)) values.length = 0;
    }
    await verdict(one, bytes, name, sides[0]);
    await verdict(two, bytes, name, sides[1]);
    if (encoded !== undefined) single.rlp!.push(timed(() => void parseBlockRlp(encoded, hardfork)));
    const result = await one.executeBlock(requestOf(file));
    single.receiptsRoot!.push(timed(() => void result.receiptsRoot));
    single.logsBloom!.push(timed(() => void result.logsBloom));
    if (native !== undefined) single.anvil!.push(await native.run());
    if (slow && round < warmUp + SLOW_ROUNDS) single.ethereumjs!.push(await sequentialMs(file));
  }
  return {
    ...{ name, transactions: block.transactions.length, gasUsed: BigInt(block.gasUsed ?? '0x0') },
    ...{ oneWorker: phasesOf(sides[0]), twoWorkers: phasesOf(sides[1]) },
    rlp: spreadOf(single.rlp!),
    receiptsRoot: spreadOf(single.receiptsRoot!)!,
    logsBloom: spreadOf(single.logsBloom!)!,
    anvil: spreadOf(single.anvil!),
    ethereumjs: spreadOf(single.ethereumjs!),
  };
}

function requestOf({ block, chainId, hardfork, state, blockHashes }: BlockFile) {
  return { block, chainId, hardfork, state, blockHashes, senders: 'trust' as const };
}

/** All of it once, from bytes that nobody has looked at. */
async function verdict(engine: Engine, bytes: Uint8Array, name: string, samples: Samples): Promise<void> {
  const startMs = performance.now();
  const json = parseJson(await decodeText(bytes, name), name);
  const parsedMs = performance.now();
  const file = checkBlockFile(json, name);
  const checkedMs = performance.now();
  const { report, mismatches } = await engine.executeBlock({ ...requestOf(file), verify: true });
  const endMs = performance.now();
  const [mismatch] = mismatches;
  if (mismatch !== undefined) {
    throw new Error(`${name}: ${mismatch.name} is ${mismatch.actual}, not ${mismatch.expected}`);
  }
  samples.parse.push(parsedMs - startMs);
  samples.check.push(checkedMs - parsedMs);
  samples.before.push(endMs - checkedMs - report.executionMs - report.decodeMs);
  samples.execute.push(report.executionMs);
  samples.after.push(report.decodeMs);
  samples.call.push(endMs - checkedMs);
  samples.total.push(endMs - startMs);
}

/** From the checked block to the verified header. @throws Error where anything comes out that the header does not say */
async function sequentialMs(file: BlockFile): Promise<number> {
  const startMs = performance.now();
  const output = await runSequential(file);
  const { mismatches } = verifyBlock({ ...file, output });
  const durationMs = performance.now() - startMs;
  if (mismatches.length > 0) throw new Error(`ethereumjs finds another ${mismatches[0]?.name}`);
  return durationMs;
}

function timed(work: () => void): number {
  const startMs = performance.now();
  work();
  return performance.now() - startMs;
}

function emptySamples(): Samples {
  return { parse: [], check: [], before: [], execute: [], after: [], call: [], total: [] };
}

function phasesOf(samples: Samples): VerdictPhases {
  return Object.fromEntries(
    Object.entries(samples).map(([phase, values]) => [phase, spreadOf(values)]),
  ) as unknown as VerdictPhases;
}

/** Medians in milliseconds, one row per block and number of workers. */
export function verdictTable(figures: readonly VerdictFigures[]): string {
  const columns = [
    ...['block', 'txs', 'Mgas', 'workers', 'parse', 'check', 'before', 'execute', 'after', 'call', 'total'],
    ...['best', 'rlp', 'receipts', 'bloom', 'anvil', 'ethereumjs', 'call/execute', 'anvil/call', 'ethereumjs/call'],
  ];
  const rows = figures.flatMap((figure) =>
    [figure.oneWorker, figure.twoWorkers].map((phases, at) => {
      const { parse, check, before, execute, after, call, total } = phases;
      const { rlp, receiptsRoot, logsBloom, anvil, ethereumjs } = figure;
      return [
        ...[figure.name, String(figure.transactions), fixed(Number(figure.gasUsed) / 1e6, 1), String(at + 1)],
        ...[parse, check, before, execute, after, call, total].map(({ median }) => fixed(median, 1)),
        ...[fixed(total.min, 1), fixed(rlp?.median, 1), fixed(receiptsRoot.median, 1), fixed(logsBloom.median, 1)],
        ...[fixed(anvil?.median, 1), fixed(ethereumjs?.median, 0), times(call.median / execute.median)],
        ...[times(anvil && anvil.median / call.median), times(ethereumjs && ethereumjs.median / call.median)],
      ];
    }),
  );
  return table(columns, rows);
}

/** Where the time of all blocks goes, and the ratios that count. */
export function verdictSummary(figures: readonly VerdictFigures[]): string {
  const rows = (['oneWorker', 'twoWorkers'] as const).map((side, at) => {
    const sum = (phase: keyof VerdictPhases) => figures.reduce((all, figure) => all + figure[side][phase].min, 0);
    const whole = sum('parse') + sum('check') + sum('before') + sum('execute') + sum('after');
    const parts = (['parse', 'check', 'before', 'execute', 'after'] as const).map((phase) =>
      percent(sum(phase) / whole),
    );
    const against = (which: keyof Spread, peer: 'anvil' | 'ethereumjs') => {
      const ratios = figures.flatMap((figure) => {
        const spread = figure[peer];
        return spread === undefined ? [] : [spread[which] / figure[side].call[which]];
      });
      return ratios.length === 0 ? NONE : times(geometricMean(ratios));
    };
    const overhead = median(figures.map((figure) => figure[side].call.min / figure[side].execute.min));
    return [
      ...[`${at + 1}`, ...parts, times(overhead), against('median', 'anvil'), against('min', 'anvil')],
      ...[against('median', 'ethereumjs'), against('min', 'ethereumjs')],
    ];
  });
  const columns = [
    ...['workers', 'parse', 'check', 'before', 'execute', 'after', 'call/execute (median block)'],
    ...['anvil/call', 'of minima', 'ethereumjs/call', 'of minima'],
  ];
  return table(columns, rows);
}
