// What wallets and debuggers ask, against who else can be asked it, all in one run and in turns: a preview of a swap, a thousand of
// them, the trace of a large block, and a block with one transaction dropped. Others have no previews: they are asked for what comes
// nearest, the calls with their logs and what changes in the state.

import type { Hex } from '../../src/base/hex.ts';
import { createEngine } from '../../src/engine/engine.ts';
import { type BlockFile, checkBlockFile } from '../../src/file/block-file.ts';
import { createTraffic, trafficKinds } from '../../src/traffic/index.ts';
import { Anvil, originOf } from './anvil.ts';
import { edrWithState, withoutEdr } from './edr.ts';
import type { Subject } from './mainnet.ts';
import { NativeReplay, notReplayable } from './native-replay.ts';
import { median } from './statistics.ts';
import { fixed, NONE, percent, table, times } from './table.ts';
import { tevmWithState } from './tevm.ts';
import { measureTraces, type TraceFigures, traceTable } from './traces.ts';
import { measureWhatIf, type WhatIfFigures } from './what-if.ts';

interface Swap {
  readonly from: Hex;
  readonly to: Hex;
  readonly data: Hex;
  readonly value: bigint;
}

/** One who is asked, and how often of a thousand: who takes long is asked less. */
interface Side {
  readonly who: string;
  readonly share: number;
  one(swap: Swap): Promise<unknown>;
  many?(swaps: readonly Swap[]): Promise<unknown>;
}

/** Milliseconds. */
export interface WarmQuestion {
  readonly who: string;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly leastMs: number;
}

/** Milliseconds for each, of the best of a few rounds. */
export interface ManyQuestions {
  readonly who: string;
  readonly asked: number;
  readonly eachMs: number;
}

export interface QuestionFigures {
  readonly warm: readonly WarmQuestion[];
  readonly many: readonly ManyQuestions[];
  readonly traces: readonly TraceFigures[];
  /** With what a native node takes to mine the block again. */
  readonly whatIf: readonly (WhatIfFigures & { readonly anvilMs: number | undefined })[];
}

export interface QuestionOptions {
  readonly rounds: number;
  readonly native: boolean;
  /** A block of 30 Mgas to trace, and blocks of few conflicts to edit; none: neither. */
  readonly traced: readonly Subject[];
  readonly edited: readonly Subject[];
  readonly onProgress: (text: string) => void;
}

const MANY = 1_000;
const ROUNDS_OF_MANY = 3;

export async function measureQuestions(options: QuestionOptions): Promise<QuestionFigures> {
  const { rounds, native, traced, edited, onProgress } = options;
  onProgress('questions: fifty pools');
  const mix = { ...Object.fromEntries(Object.keys(trafficKinds).map((name) => [name, 0])), poolSwap: 1 };
  const { file: json } = await createTraffic({ transactions: 50, mix, conflictRate: 0 });
  const file = checkBlockFile(json);
  const swaps = file.block.transactions.map(
    ({ from, to, input, value }): Swap => ({ from: from!, to: to!, data: input, value: BigInt(value) }),
  );
  await using engine = await createEngine({ workers: 2 });
  const { transactions: _, ...header } = file.block;
  const place = { chain: file.chainId, block: { ...header, baseFeePerGas: '0x0' as const } };
  await using world = await engine.openWorld({ state: file.state, ...place });
  await using anvil = native ? await Anvil.start(originOf(file, json)) : undefined;
  const sides: Side[] = [
    {
      ...{ who: 'pevm, preview', share: 1 },
      one: (swap) => world.preview(swap),
      many: (asked) => world.previewMany(asked),
    },
    ...(await othersOf(file, anvil, onProgress)),
  ];
  onProgress('questions: warm previews');
  const warm = await measureWarm(sides, swaps[0]!, rounds);
  onProgress('questions: a thousand previews');
  const many = await measureMany(sides, swaps);
  const figures = await measureTraces(traced, { rounds: 3, warmUp: 1, native, onProgress });
  return { warm, many, traces: figures, whatIf: await measureEdits(edited, native, onProgress) };
}

async function othersOf(
  file: BlockFile,
  anvil: Anvil | undefined,
  onProgress: (text: string) => void,
): Promise<Side[]> {
  const sides: Side[] = [];
  const traced = async (ask: Ask, swap: Swap) => {
    const request = { from: swap.from, to: swap.to, data: swap.data, value: `0x${swap.value.toString(16)}` };
    const gas = { ...request, gas: '0xf4240' };
    const calls = await ask('debug_traceCall', gas, 'latest', {
      tracer: 'callTracer',
      tracerConfig: { withLog: true },
    });
    return [
      calls,
      await ask('debug_traceCall', gas, 'latest', { tracer: 'prestateTracer', tracerConfig: { diffMode: true } }),
    ];
  };
  if (anvil !== undefined) {
    const ask: Ask = (method, ...params) => anvil.call(method, ...params);
    sides.push({ who: 'anvil, calls with logs and changes', share: 1, one: (swap) => traced(ask, swap) });
  }
  const reason = withoutEdr();
  const edr = await edrWithState(file.state, { chainId: file.chainId, timestamp: BigInt(file.block.timestamp) - 12n });
  if (edr !== undefined)
    sides.push({ who: 'EDR, calls with logs and changes', share: 1, one: (swap) => traced(edr, swap) });
  else onProgress(reason ?? 'no EDR: npm did not install it');
  const tevm = await tevmWithState(file.state);
  // Nothing but what the call returns.
  if (tevm !== undefined) sides.push({ who: 'tevm, tevmCall', share: 0.05, one: (swap) => tevm(swap) });
  else onProgress('no tevm: npm did not install it');
  return sides;
}

type Ask = (method: string, ...params: unknown[]) => Promise<unknown>;

async function measureWarm(sides: readonly Side[], swap: Swap, rounds: number): Promise<WarmQuestion[]> {
  const taken = new Map<Side, number[]>(sides.map((side) => [side, []]));
  const warmUp = Math.ceil(rounds / 5);
  for (let round = -warmUp; round < rounds; round++) {
    for (const side of sides) {
      if (side.share < 1 && round % Math.round(1 / side.share) !== 0) continue;
      const start = performance.now();
      await side.one(swap);
      if (round >= 0) taken.get(side)!.push(performance.now() - start);
    }
  }
  return [...taken].map(([{ who }, values]) => {
    const sorted = values.toSorted((left, right) => left - right);
    const p99Ms = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * 0.99))]!;
    return { who, p50Ms: median(sorted), p99Ms, leastMs: sorted[0]! };
  });
}

async function measureMany(sides: readonly Side[], swaps: readonly Swap[]): Promise<ManyQuestions[]> {
  const all = Array.from({ length: MANY }, (_, at) => swaps[at % swaps.length]!);
  const best = new Map<Side, number>();
  for (let round = 0; round <= ROUNDS_OF_MANY; round++) {
    for (const side of sides) {
      const asked = all.slice(0, MANY * side.share);
      const start = performance.now();
      if (side.many !== undefined) await side.many(asked);
      else for (const swap of asked) await side.one(swap);
      const eachMs = (performance.now() - start) / asked.length;
      if (round > 0) best.set(side, Math.min(best.get(side) ?? eachMs, eachMs));
    }
  }
  return [...best].map(([{ who, share }, eachMs]) => ({ who, asked: MANY * share, eachMs }));
}

async function measureEdits(subjects: readonly Subject[], native: boolean, onProgress: (text: string) => void) {
  const figures = await measureWhatIf(subjects, { rounds: 15, warmUp: 3, onProgress });
  const whole: (WhatIfFigures & { anvilMs: number | undefined })[] = [];
  for (const [at, { file }] of subjects.entries()) {
    const replay = native && notReplayable(file) === undefined ? await NativeReplay.start(file) : undefined;
    const mined: number[] = [];
    for (let round = 0; replay !== undefined && round < 5; round++) mined.push(await replay.run());
    await replay?.[Symbol.asyncDispose]();
    whole.push({ ...figures[at]!, anvilMs: mined.length === 0 ? undefined : median(mined) });
  }
  return whole;
}

export function questionTable({ warm, many, traces, whatIf }: QuestionFigures): string {
  const [own] = warm as [WarmQuestion];
  const parts = [
    table(
      ['a warm preview of a pool swap', 'p50 ms', 'p99', 'least', 'of ours, p50', 'least'],
      warm.map(({ who, p50Ms, p99Ms, leastMs }) => [
        ...[who, fixed(p50Ms, 3), fixed(p99Ms, 3), fixed(leastMs, 3)],
        ...[times(p50Ms / own.p50Ms), times(leastMs / own.leastMs)],
      ]),
    ),
    table(
      [`${MANY} previews`, 'asked', 'ms each', 'ms for all', 'of ours'],
      many.map(({ who, asked, eachMs }) => [
        ...[who, String(asked), fixed(eachMs, 3), fixed(eachMs * MANY, 0), times(eachMs / many[0]!.eachMs)],
      ]),
    ),
  ];
  if (traces.length > 0) parts.push(traceTable(traces));
  if (whatIf.length > 0) {
    parts.push(
      table(
        [
          'one transaction dropped',
          'txs',
          'run ms',
          'what-if ms',
          'part',
          'executing',
          'anvil mines again ms',
          'of ours',
        ],
        whatIf.map((each) => [
          ...[each.name, String(each.transactions), fixed(each.runMs, 2), fixed(each.whatIfMs, 2)],
          ...[percent(each.whatIfMs / each.runMs), percent(each.whatIfExecutionMs / each.runExecutionMs)],
          ...[fixed(each.anvilMs, 1), each.anvilMs === undefined ? NONE : times(each.anvilMs / each.whatIfMs)],
        ]),
      ),
    );
  }
  return parts.join('\n\n');
}
