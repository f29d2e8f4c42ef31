// What a block leaves behind about itself: counters, conflicts, spans, and the dependencies of its final executions.

import { DependencyChains, type Edge } from '../metrics/bound.ts';
import type { LocationName, MetricName, SpanReport } from '../types.ts';
import {
  CONTROL_BASE,
  Conflict,
  Control,
  type CoreInstance,
  FOLD_INCARNATION,
  Incarnation,
  Metric,
  ReadEntry,
  ReadKind,
  Span,
  SpanKind,
  Version,
  VersionFlag,
  Worker,
  WorkerLife,
} from './abi.ts';
import type { BlockHost } from './block-host.ts';
import { nameLocation } from './location.ts';

export type Counters = Record<MetricName, number>;

export interface RawWorker {
  id: number;
  counters: Counters;
  spans: SpanReport[];
}

export interface RawConflict {
  location: LocationName;
  count: number;
}

/** A step of the critical path, by the block's own numbers. */
export interface RawStep {
  index: number;
  durationMs: number;
  location: LocationName | undefined;
}

/** Structured-cloneable. */
export interface Trace {
  workers: RawWorker[];
  conflicts: RawConflict[];
  t1Ms: number;
  tInfinityMs: number;
  path: RawStep[];
}

/** Every metric of the layout by name, offset and type, so that a new one needs no line here. */
const METRICS = Object.entries(Metric)
  .filter(([name]) => name !== 'COUNT')
  .map(([name, offset]) => ({
    name: camelCase(name) as MetricName,
    offset: offset as number,
    time: name.endsWith('_MS'),
  }));

const SPAN_NAMES: Readonly<Record<number, SpanReport['kind']>> = {
  [SpanKind.EXECUTED]: 'executed',
  [SpanKind.SUSPENDED]: 'suspended',
  [SpanKind.VALIDATED]: 'validated',
  [SpanKind.IDLE]: 'idle',
  [SpanKind.RECOVERED]: 'recovered',
};

export function noCounters(): Counters {
  return Object.fromEntries(METRICS.map(({ name }) => [name, 0])) as Counters;
}

export function addCounters(into: Counters, other: Readonly<Counters>): void {
  for (const { name } of METRICS) into[name] += other[name];
}

/** Reads the trace of a block of which `committed` transactions are committed. No worker is inside the core. */
export function readTrace(host: BlockHost, committed: number, startMs: number): Trace {
  const { instance } = host;
  const { core, words } = instance;
  const workers: RawWorker[] = [];
  const conflicts = new Map<number, number>();
  const highest = words[(CONTROL_BASE + Control.WORKERS) >>> 2]!;
  for (let id = 1; id <= highest; id++) {
    if (Atomics.load(words, (CONTROL_BASE + Control.ALIVE + id * 4) >>> 2) === WorkerLife.ABSENT) continue;
    const worker = core.workerAt(id);
    workers.push({ id, counters: readCounters(instance, worker), spans: readSpans(instance, worker, startMs) });
    for (let at = words[(worker + Worker.CONFLICTS) >>> 2]!; at !== 0; at = words[(at + Conflict.NEXT) >>> 2]!) {
      const location = words[(at + Conflict.LOCATION) >>> 2]!;
      conflicts.set(location, (conflicts.get(location) ?? 0) + 1);
    }
  }
  const chains = new DependencyChains();
  for (let index = 0; index < committed; index++) {
    const record = host.recordOf(index);
    chains.add(instance.doubles[(record + Incarnation.DURATION) >>> 3]!, edgesOf(instance, record));
  }
  return {
    workers,
    conflicts: [...conflicts]
      .sort(([, left], [, right]) => right - left)
      .slice(0, 100)
      .map(([location, count]) => ({ location: nameLocation(instance, location), count })),
    t1Ms: chains.sumMs,
    tInfinityMs: chains.longestMs,
    path: chains.path().map(({ index, durationMs, location }) => ({
      index,
      durationMs,
      location: location === undefined ? undefined : nameLocation(instance, location),
    })),
  };
}

function readCounters({ limbs, doubles }: CoreInstance, worker: number): Counters {
  const counters = noCounters();
  for (const { name, offset, time } of METRICS) {
    const at = (worker + Worker.METRICS + offset) >>> 3;
    counters[name] = time ? doubles[at]! : Number(limbs[at]!);
  }
  return counters;
}

function readSpans({ words, doubles }: CoreInstance, worker: number, startMs: number): SpanReport[] {
  const spans: SpanReport[] = [];
  for (let at = words[(worker + Worker.SPANS) >>> 2]!; at !== 0; at = words[(at + Span.NEXT) >>> 2]!) {
    spans.push({
      kind: SPAN_NAMES[words[(at + Span.KIND) >>> 2]!] ?? 'idle',
      transaction: words[(at + Span.TRANSACTION) >>> 2]!,
      incarnation: words[(at + Span.INCARNATION) >>> 2]!,
      startMs: doubles[(at + Span.START) >>> 3]! - startMs,
      endMs: doubles[(at + Span.END) >>> 3]! - startMs,
    });
  }
  return spans.reverse();
}

/** Whom a final execution depended on: the writers of what it read. Predicates and credits make no dependency. */
function edgesOf(instance: CoreInstance, record: number): Edge[] {
  const { words } = instance;
  const edges: Edge[] = [];
  const count = words[(record + Incarnation.READ_COUNT) >>> 2]!;
  for (let i = 0; i < count; i++) {
    const read = (record + Incarnation.SIZE + i * ReadEntry.SIZE) >>> 2;
    const word = words[read + (ReadEntry.LOCATION >>> 2)]!;
    const kind = word >>> 24;
    if (kind !== ReadKind.VALUE && kind !== ReadKind.FOLDED) continue;
    const location = word & 0xffffff;
    const reset = words[read + (ReadEntry.RESET >>> 2)]!;
    if (reset !== 0) edges.push({ lower: writerOf(metaOf(words, reset)), location });
    const node = words[read + (ReadEntry.NODE >>> 2)]!;
    if (node !== 0) addWriters(words, node, location, edges);
  }
  return edges;
}

/** The writer of a version; of a sum of credits, all who took part in it. */
function addWriters(words: Uint32Array, node: number, location: number, edges: Edge[]): void {
  for (let at = node; at !== 0; at = Atomics.load(words, (at + Version.NEXT) >>> 2)) {
    const meta = metaOf(words, at);
    // The first is what was read: another incarnation may have replaced it by an equal value since.
    if (at !== node && (meta & VersionFlag.LIFE_MASK) === VersionFlag.DEAD) continue;
    edges.push({ lower: writerOf(meta), location });
    const sum = (meta & VersionFlag.DELTA) !== 0 || ((meta >>> 4) & 0xff) === FOLD_INCARNATION;
    if (!sum) return;
  }
}

function metaOf(words: Uint32Array, node: number): number {
  return Atomics.load(words, (node + Version.META) >>> 2);
}

function writerOf(meta: number): number {
  return meta >>> 12;
}

function camelCase(name: string): string {
  return name.toLowerCase().replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
}
