// What wallets and debuggers ask, against who else can be asked it, all in one run and in turns: a preview of a swap, a thousand of
// them, the trace of a large block, and a block with one transaction dropped. Others have no previews: they are asked for what comes
// nearest, the calls with their logs and what changes in the state; so are we, besides. Each part has its time, and is told when it is done.

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

/** With what a native node takes to mine the block again. */
type EditFigures = WhatIfFigures & { readonly anvilMs: number | undefined };

export const QUESTIONS = ['warm', 'many', 'traces', 'what-if'] as const;
export type Question = (typeof QUESTIONS)[number];

export interface QuestionFigures {
  warm?: readonly WarmQuestion[];
  many?: readonly ManyQuestions[];
  traces?: readonly TraceFigures[];
  'what-if'?: readonly EditFigures[];
}

export interface QuestionOptions {
  readonly parts: readonly Question[];
  readonly rounds: number;
  readonly native: boolean;
  /** A block of 30 Mgas to trace, and blocks of few conflicts to edit; none: neither. */
  readonly traced: readonly Subject[];
  readonly edited: readonly Subject[];
  readonly onProgress: (text: string) => void;
  /** Hears of each part as soon as it is measured. */
  readonly onPart: (text: string) => void;
}

const MANY = 1_000;
const ROUNDS_OF_MANY = 3;
/** However long they take. */
const LEAST_ROUNDS = 3;
/** Of each part, from where on no further round begins. */
const LIMIT_MS: Readonly<Record<Question, number>> = {
  ...{ warm: 40_000, many: 40_000, traces: 40_000, 'what-if': 40_000 },
};
/** Transactions of a mined block that a node is asked to trace, all over it: it runs those before each of them. */
const SAMPLE = 12;

export async function measureQuestions(options: QuestionOptions): Promise<QuestionFigures> {
  const { parts, rounds, native, traced, edited, onProgress, onPart } = options;
  const figures: QuestionFigures = {};
  if (parts.includes('warm') || parts.includes('many')) {
    await using room = await openRoom(native, onProgress);
    const { sides, swaps } = room;
    if (parts.includes('warm')) {
      onProgress('questions: warm previews');
      figures.warm = await measureWarm(sides, swaps[0]!, rounds);
      onPart(warmTable(figures.warm));
    }
    if (parts.includes('many')) {
      onProgress('questions: a thousand previews');
      figures.many = await measureMany(sides, swaps);
      onPart(manyTable(figures.many));
    }
  }
  if (parts.includes('traces') && traced.length > 0) {
    const bounds = { rounds: 5, warmUp: 1, limitMs: LIMIT_MS.traces, sample: SAMPLE };
    figures.traces = await measureTraces(traced, { ...bounds, native, onProgress });
    onPart(traceTable(figures.traces));
  }
  if (parts.includes('what-if') && edited.length > 0) {
    figures['what-if'] = await measureEdits(edited, native, onProgress);
    onPart(editTable(figures['what-if']));
  }
  return figures;
}

/** A world with fifty pools, and all who can be asked about it. */
async function openRoom(native: boolean, onProgress: (text: string) => void) {
  onProgress('questions: fifty pools');
  const mix = { ...Object.fromEntries(Object.keys(trafficKinds).map((name) => [name, 0])), poolSwap: 1 };
  const { file: json } = await createTraffic({ transactions: 50, mix, conflictRate: 0 });
  const file = checkBlockFile(json);
  const swaps = file.block.transactions.map(
    ({ from, to, input, value }): Swap => ({ from: from!, to: to!, data: input, value: BigInt(value) }),
  );
  const engine = await createEngine({ workers: 2 });
  const { transactions: _, ...header } = file.block;
  const place = { chain: file.chainId, block: { ...header, baseFeePerGas: '0x0' as const } };
  const world = await engine.openWorld({ state: file.state, ...place });
  const anvil = native ? await Anvil.start(originOf(file, json)) : undefined;
  const sides: Side[] = [
    {
      ...{ who: 'pevm, preview', share: 1 },
      one: (swap) => world.preview(swap),
      many: (asked) => world.previewMany(asked),
    },
    {
      ...{ who: 'pevm, calls with logs and changes', share: 0.5 },
      one: async (swap) => [
        await world.trace({ ...swap, gas: 1_000_000 }, { tracer: 'callTracer', withLog: true }),
        await world.trace({ ...swap, gas: 1_000_000 }, { tracer: 'prestateTracer', diffMode: true }),
      ],
    },
    ...(await othersOf(file, anvil, onProgress)),
  ];
  return {
    sides,
    swaps,
    async [Symbol.asyncDispose]() {
      await anvil?.stop();
      await engine.dispose();
    },
  };
}

/** What others can say of a transaction that comes nearest to a preview: its calls, logs, and what it changes. */
async function tracedCall(ask: Ask, { from, to, data, value }: Swap): Promise<unknown> {
  const request = { from, to, data, value: `0x${value.toString(16)}`, gas: '0xf4240' };
  const [calls, changes] = [{ withLog: true }, { diffMode: true }];
  return [
    await ask('debug_traceCall', request, 'latest', { tracer: 'callTracer', tracerConfig: calls }),
    await ask('debug_traceCall', request, 'latest', { tracer: 'prestateTracer', tracerConfig: changes }),
  ];
}

async function othersOf(
  file: BlockFile,
  anvil: Anvil | undefined,
  onProgress: (text: string) => void,
): Promise<Side[]> {
  const sides: Side[] = [];
  if (anvil !== undefined) {
    const ask: Ask = (method, ...params) => anvil.call(method, ...params);
    sides.push({ who: 'anvil, calls with logs and changes', share: 0.5, one: (swap) => tracedCall(ask, swap) });
  }
  const reason = withoutEdr();
  const edr = await edrWithState(file.state, { chainId: file.chainId, timestamp: BigInt(file.block.timestamp) - 12n });
  if (edr !== undefined)
    sides.push({ who: 'EDR, calls with logs and changes', share: 0.5, one: (swap) => tracedCall(edr, swap) });
  else onProgress(reason ?? 'no EDR: npm did not install it');
  const tevm = await tevmWithState(file.state);
  // Nothing but what the call returns.
  if (tevm !== undefined) sides.push({ who: 'tevm, tevmCall', share: 0.02, one: (swap) => tevm(swap) });
  else onProgress('no tevm: npm did not install it');
  return sides;
}

type Ask = (method: string, ...params: unknown[]) => Promise<unknown>;

async function measureWarm(sides: readonly Side[], swap: Swap, rounds: number): Promise<WarmQuestion[]> {
  const taken = new Map<Side, number[]>(sides.map((side) => [side, []]));
  const warmUp = Math.ceil(rounds / 5);
  const endMs = performance.now() + LIMIT_MS.warm;
  for (let round = -warmUp; round < rounds && (round < LEAST_ROUNDS || performance.now() < endMs); round++) {
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
  const endMs = performance.now() + LIMIT_MS.many;
  for (let round = 0; round <= ROUNDS_OF_MANY && (round < 2 || performance.now() < endMs); round++) {
    for (const side of sides) {
      const asked = all.slice(0, Math.ceil(MANY * side.share));
      const start = performance.now();
      if (side.many !== undefined) await side.many(asked);
      else for (const swap of asked) await side.one(swap);
      const eachMs = (performance.now() - start) / asked.length;
      if (round > 0) best.set(side, Math.min(best.get(side) ?? eachMs, eachMs));
    }
  }
  return [...best].map(([{ who, share }, eachMs]) => ({ who, asked: Math.ceil(MANY * share), eachMs }));
}

async function measureEdits(
  subjects: readonly Subject[],
  native: boolean,
  onProgress: (text: string) => void,
): Promise<EditFigures[]> {
  const endMs = performance.now() + LIMIT_MS['what-if'];
  const figures = await measureWhatIf(subjects, { rounds: 15, warmUp: 3, onProgress });
  const whole: EditFigures[] = [];
  for (const [at, { file }] of subjects.entries()) {
    const isAsked = native && performance.now() < endMs && notReplayable(file) === undefined;
    const replay = isAsked ? await NativeReplay.start(file) : undefined;
    const mined: number[] = [];
    const goesOn = () => mined.length < 5 && (mined.length === 0 || performance.now() < endMs);
    while (replay !== undefined && goesOn()) mined.push(await replay.run());
    await replay?.[Symbol.asyncDispose]();
    whole.push({ ...figures[at]!, anvilMs: mined.length === 0 ? undefined : median(mined) });
  }
  return whole;
}

function warmTable(warm: readonly WarmQuestion[]): string {
  const [own] = warm as [WarmQuestion];
  return table(
    ['a warm preview of a pool swap', 'p50 ms', 'p99', 'least', 'of ours, p50', 'least'],
    warm.map(({ who, p50Ms, p99Ms, leastMs }) => [
      ...[who, fixed(p50Ms, 3), fixed(p99Ms, 3), fixed(leastMs, 3)],
      ...[times(p50Ms / own.p50Ms), times(leastMs / own.leastMs)],
    ]),
  );
}

function manyTable(many: readonly ManyQuestions[]): string {
  return table(
    [`${MANY} previews`, 'asked', 'ms each', 'ms for all', 'of ours'],
    many.map(({ who, asked, eachMs }) => [
      ...[who, String(asked), fixed(eachMs, 3), fixed(eachMs * MANY, 0), times(eachMs / many[0]!.eachMs)],
    ]),
  );
}

function editTable(whatIf: readonly EditFigures[]): string {
  const heads = ['txs', 'run ms', 'what-if ms', 'part', 'executing', 'anvil mines again ms', 'of ours'];
  return table(
    ['one transaction dropped', ...heads],
    whatIf.map((each) => [
      ...[each.name, String(each.transactions), fixed(each.runMs, 2), fixed(each.whatIfMs, 2)],
      ...[percent(each.whatIfMs / each.runMs), percent(each.whatIfExecutionMs / each.runExecutionMs)],
      ...[fixed(each.anvilMs, 1), each.anvilMs === undefined ? NONE : times(each.anvilMs / each.whatIfMs)],
    ]),
  );
}
