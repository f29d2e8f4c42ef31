// What a block leaves behind about itself: counters, conflicts, spans, and the dependencies of its final executions.

import {
  CONTROL_BASE,
  Conflict,
  Control,
  FOLD_INCARNATION,
  Incarnation,
  Kind,
  Location,
  Metric,
  ReadEntry,
  ReadKind,
  Span,
  SpanKind,
  Version,
  VersionFlag,
  Worker,
  WorkerLife,
} from '../../../assembly/layout.ts';
import { METRICS } from '../../base/metrics.ts';
import type { LocationName, MetricName, SpanReport } from '../../types.ts';
import type { CoreInstance } from '../instance/abi.ts';
import type { BlockHost } from './block-host.ts';
import { DependencyChains, NOBODY } from './bound.ts';
import { keyAt, kindAt, locationAt, nameLocation, nameRecord } from './location.ts';

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

/** The critical path of a block, named when somebody looks at it (see {@link stepsOf}). */
export interface RawPath {
  /** Number of the block's first transaction. */
  first: number;
  readonly indices: Int32Array;
  readonly durationsMs: Float64Array;
  /** What each read from the one before it: copies of the location's records, all zero for none. */
  readonly locations: Uint8Array;
  /** By step: free-form keys. */
  readonly keys: ReadonlyMap<number, Uint8Array>;
}

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
  /** Reads of final executions that saw, or might have seen, an announced value. */
  predictedReads: number;
  /** One per block in the core. */
  paths: RawPath[];
}

type Camel<Name extends string> = Name extends `${infer Head}_${infer Rest}`
  ? `${Lowercase<Head>}${Capitalize<Camel<Rest>>}`
  : Lowercase<Name>;
/** What the core does not count by a name of its own: see `readCounters`. */
type Derived = 'reads' | 'writes' | 'versions' | 'stampedCommits';
type LayoutName = Exclude<keyof typeof Metric, 'prototype' | 'COUNT' | 'ACCESSES' | 'COMPARED_COMMITS'>;

/** Where each metric is in a worker's record. A field of the layout without a descriptor, or the reverse, does not compile. */
const OFFSETS = Object.fromEntries(
  Object.entries(Metric).map(([name, offset]) => [camelCase(name), offset]),
) as Readonly<Record<Camel<LayoutName>, number>> satisfies Readonly<Record<Exclude<MetricName, Derived>, number>>;

const NAMES = Object.keys(METRICS) as MetricName[];
const COUNTED = NAMES.filter((name) => name in OFFSETS).map((each) => {
  const name = each as keyof typeof OFFSETS satisfies MetricName;
  return { name, offset: OFFSETS[name], time: METRICS[name].unit === 'ms' };
});

const SPAN_NAMES: Readonly<Record<number, SpanReport['kind']>> = {
  [SpanKind.EXECUTED]: 'executed',
  [SpanKind.SUSPENDED]: 'suspended',
  [SpanKind.VALIDATED]: 'validated',
  [SpanKind.IDLE]: 'idle',
  [SpanKind.RECOVERED]: 'recovered',
};

const ZEROS = Object.fromEntries(NAMES.map((name) => [name, 0])) as Counters;

/** A copy, of one shape: to make it field by field takes as long as a short run. */
export function noCounters(): Counters {
  return { ...ZEROS };
}

export function addCounters(into: Counters, other: Readonly<Counters>): void {
  for (const name of NAMES) into[name] += other[name];
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
  const sums: Sums = new Map();
  let predictedReads = 0;
  const announces = host.announces(committed);
  for (let index = 0; index < committed; index++) {
    const record = host.recordOf(index);
    // What was not executed waited for nobody.
    const isRepeated = words[(record + Incarnation.REPEATED) >>> 2] !== 0;
    if (!isRepeated) predictedReads += addEdges(instance, record, chains, sums, announces);
    chains.close(instance.doubles[(record + Incarnation.DURATION) >>> 3]!);
  }
  return {
    workers,
    conflicts: [...conflicts]
      .sort(([, left], [, right]) => right - left)
      .slice(0, 100)
      .map(([location, count]) => ({ location: nameLocation(instance, location), count })),
    t1Ms: chains.sumMs,
    tInfinityMs: chains.longestMs,
    predictedReads,
    paths: [pathOf(instance, chains)],
  };
}

/** The steps of a path by name. */
export function stepsOf({ first, indices, durationsMs, locations, keys }: RawPath): RawStep[] {
  return Array.from(indices, (index, step) => {
    const record = locations.subarray(step * Location.SIZE, (step + 1) * Location.SIZE);
    const location = record[Location.KIND] === 0 ? undefined : nameRecord(record, keys.get(step));
    return { index: first + index, durationMs: durationsMs[step]!, location };
  });
}

function pathOf(instance: CoreInstance, chains: DependencyChains): RawPath {
  const indices = chains.chain();
  const durationsMs = new Float64Array(indices.length);
  const locations = new Uint8Array(indices.length * Location.SIZE);
  const keys = new Map<number, Uint8Array>();
  for (let step = 0; step < indices.length; step++) {
    const { durationMs, location } = chains.step(indices[step]!);
    durationsMs[step] = durationMs;
    if (location === undefined) continue;
    const record = locationAt(instance, location);
    locations.set(instance.bytes.subarray(record, record + Location.SIZE), step * Location.SIZE);
    const kind = kindAt(instance, record);
    if (kind === Kind.DATA || kind === Kind.NUMBER) keys.set(step, keyAt(instance, record));
  }
  return { first: 0, indices, durationsMs, locations, keys };
}

function readCounters({ words, limbs, doubles }: CoreInstance, worker: number): Counters {
  const counters = noCounters();
  const metrics = worker + Worker.METRICS;
  for (const { name, offset, time } of COUNTED) {
    const at = (metrics + offset) >>> 3;
    counters[name] = time ? doubles[at]! : Number(limbs[at]!);
  }
  const accesses = (metrics + Metric.ACCESSES) >>> 2;
  counters.reads = words[accesses]!;
  counters.writes = words[accesses + 1]!;
  // Every write that is sealed becomes one.
  counters.versions = counters.writes;
  counters.stampedCommits = counters.commits - words[(metrics + Metric.COMPARED_COMMITS) >>> 2]!;
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

/**
 * Whom a final execution depended on: the writers of what it read. Predicates and credits make no dependency, nor does what
 * was announced: how many reads were of that is returned.
 */
function addEdges(
  { words }: CoreInstance,
  record: number,
  chains: DependencyChains,
  sums: Sums,
  announces: boolean,
): number {
  let predicted = 0;
  const count = words[(record + Incarnation.READ_COUNT) >>> 2]!;
  for (let i = 0; i < count; i++) {
    const read = (record + Incarnation.SIZE + i * ReadEntry.SIZE) >>> 2;
    const word = words[read + (ReadEntry.LOCATION >>> 2)]!;
    const kind = word >>> 24;
    if (kind !== ReadKind.VALUE && kind !== ReadKind.FOLDED) continue;
    const location = word & 0xffffff;
    const reset = words[read + (ReadEntry.RESET >>> 2)]!;
    if (reset !== 0) chains.depend(writerOf(metaOf(words, reset)), location);
    const node = words[read + (ReadEntry.NODE >>> 2)]!;
    if (node === 0) continue;
    if (announces && wasAnnounced(words, node)) predicted++;
    else addWriters(words, node, location, chains, sums);
  }
  return predicted;
}

/** Whether what the version's transaction would write there was announced: that comes behind what it wrote. */
function wasAnnounced(words: Uint32Array, node: number): boolean {
  const writer = writerOf(metaOf(words, node));
  for (let at = node; at !== 0; at = Atomics.load(words, (at + Version.NEXT) >>> 2)) {
    const meta = metaOf(words, at);
    if (writerOf(meta) !== writer) return false;
    if ((meta & VersionFlag.ANNOUNCED) !== 0) return true;
  }
  return false;
}

/** The sum of credits that was read last of a location, and who of those that took part in it finished last. */
interface Sum {
  readonly node: number;
  readonly latest: number;
}
type Sums = Map<number, Sum>;

/**
 * The writer of a version; of a sum of credits, who finished last of all who took part in it. What a sum begins with is
 * known from the one before: n reads of n credits would be n² steps (test/unit/growth).
 */
function addWriters(words: Uint32Array, node: number, location: number, chains: DependencyChains, sums: Sums): void {
  const known = sums.get(location);
  let latest = NOBODY;
  let isSum = false;
  for (let at = node; at !== 0; at = Atomics.load(words, (at + Version.NEXT) >>> 2)) {
    if (at === known?.node) {
      latest = chains.later(latest, known.latest);
      break;
    }
    const meta = metaOf(words, at);
    // The first is what was read: another incarnation may have replaced it by an equal value since.
    if (at !== node && (meta & VersionFlag.LIFE_MASK) === VersionFlag.DEAD) continue;
    latest = chains.later(latest, writerOf(meta));
    if ((meta & VersionFlag.DELTA) === 0 && ((meta >>> 4) & 0xff) !== FOLD_INCARNATION) break;
    isSum = true;
  }
  chains.depend(latest, location);
  if (isSum) sums.set(location, { node, latest });
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

/** Adds the trace of a later segment, whose transaction 0 is task `first`. */
export function addTrace(earlier: Trace | undefined, later: Trace, first: number): Trace {
  for (const path of later.paths) path.first += first;
  if (earlier === undefined) return later;
  for (const worker of later.workers) {
    const known = earlier.workers.find(({ id }) => id === worker.id);
    if (known === undefined) {
      earlier.workers.push(worker);
      continue;
    }
    addCounters(known.counters, worker.counters);
    // One by one: a call takes some 100,000 arguments.
    for (const span of worker.spans) known.spans.push({ ...span, transaction: span.transaction + first });
  }
  return {
    workers: earlier.workers,
    conflicts: [...earlier.conflicts, ...later.conflicts],
    t1Ms: earlier.t1Ms + later.t1Ms,
    // One segment begins when the one before has ended.
    tInfinityMs: earlier.tInfinityMs + later.tInfinityMs,
    predictedReads: earlier.predictedReads + later.predictedReads,
    paths: [...earlier.paths, ...later.paths],
  };
}
