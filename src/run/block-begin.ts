// What is left of a plan becomes a block in a memory: its state, its transactions, and what is known of them beforehand.

import { MemoryLimitError } from '../base/errors.ts';
import type { EvmTransactions } from '../core/evm/evm-encode.ts';
import type { BlockHost } from '../core/host/block-host.ts';
import { locationCount } from '../core/host/location.ts';
import { giveRecordings } from '../core/host/recordings.ts';
import type { KnownLocations } from '../core/host/state-changes.ts';
import type { StateImage } from '../core/host/state-image.ts';
import { partitionsOf } from './partitions.ts';
import type { RunPlan } from './run-plan.ts';
import type { StayingState } from './staying-state.ts';

/** What a block begins with: a state, and what goes over it. */
export interface Beginning {
  readonly image: StateImage;
  readonly over?: StateImage;
  readonly sequential: boolean;
  /** Number of its first task in the plan. */
  readonly first: number;
}

export interface Begun {
  /** Locations from the plan's image, where that is what is known elsewhere. */
  readonly known: KnownLocations | undefined;
  /** Dependencies of the planning that were given; `undefined`: nothing of it was. */
  readonly dependencies: number | undefined;
}

/**
 * `staying`: the state that the memory holds already.
 * @throws MemoryLimitError naming what does not fit
 */
export function beginBlock(host: BlockHost, plan: RunPlan, beginning: Beginning, staying?: StayingState): Begun {
  const { image, over, sequential, first } = beginning;
  const { complete, haltOnInvalid, profile, window, policy, forgetsCode } = plan;
  const count = plan.count - first;
  const partitions = sequential || policy?.scheduling !== 'partitioned' ? 0 : (plan.partitions ?? 0);
  const run = { policy: sequential ? undefined : policy, partitions };
  const bounds = { count, first, window: sequential ? 1 : window };
  const setup = { ...bounds, complete, haltOnInvalid, profile, forgetsCode, ...run };
  const begun = staying === undefined ? host.begin(setup) : host.beginRun(setup);
  if (!begun) tooSmall(host, `the administration of ${count} tasks`);
  // Of what both have, the first counts.
  if (over !== undefined && !host.load(over)) tooSmall(host, 'the state before the run');
  const from = locationCount(host.instance);
  if (!host.load(image)) tooSmall(host, 'the state before the run');
  const isPlans = image === plan.image && image.count > 0;
  const known = isPlans ? { from, to: locationCount(host.instance) } : undefined;
  setTransactions(host, plan, first, staying);
  const dependencies = sequential ? undefined : givePlanning(host, plan, first);
  setTasks(host, plan, first);
  if (partitions > 0) host.setPartitions(partitionsFrom(plan, first, partitions));
  return { known, dependencies };
}

/** Those of the core's EVM, with what they share. */
function setTransactions(
  host: BlockHost,
  { evm, trial, lanes, complete, planning }: RunPlan,
  first: number,
  staying?: StayingState,
): void {
  if (evm === undefined) return;
  const { environment, transactions } = evm;
  if (!host.setEvmBlock(environment)) tooSmall(host, 'the environment of the block');
  if (!host.setEvmTransactions(transactions, first)) tooSmall(host, 'the list of transactions');
  // Whoever gets none for lack of memory is executed.
  if (trial !== undefined && trial.layout === staying?.layout) {
    giveRecordings(host.instance, trial.recordings.from(first));
  }
  if (lanes !== undefined && !host.setLanes(lanes, first)) tooSmall(host, 'the list of lanes');
  // The EVM inside the core finds out what a transaction misses although those before it have not run: no waiting then.
  if (complete) addSenderOrder(host, transactions, first, { lanes, planning, trial });
}

/** Transactions of one sender depend on each other in order: a hint, as all dependencies. */
function addSenderOrder(
  host: BlockHost,
  { previous }: EvmTransactions,
  first: number,
  { lanes, planning, trial }: Pick<RunPlan, 'lanes' | 'planning' | 'trial'>,
): void {
  // Who is announced to leave something need not be waited for.
  const announced = new Set(planning?.announced?.tasks);
  for (let at = first; at < previous.length; at++) {
    // Nor for who is not executed, by who is not.
    if (announced.has(previous[at]!) || trial?.recordings.has(at)) continue;
    if (previous[at]! >= (lanes?.firsts[at] ?? first)) host.addDependency(previous[at]! - first, at - first);
  }
}

/** Gives the core what is planned; it is dropped where there is no room for it. How many dependencies that were. */
function givePlanning(host: BlockHost, { planning, complete, lanes }: RunPlan, first: number): number | undefined {
  if (planning === undefined || lanes !== undefined) return undefined;
  const { dependencies, early, announced } = planning;
  if (announced !== undefined) host.announce(announced, first);
  // Where state has to be loaded, all run ahead to find out what they miss.
  if (!complete) return 0;
  let given = 0;
  for (let at = 0; at < dependencies.length; at += 2) {
    if (dependencies[at]! < first) continue;
    host.addDependency(dependencies[at]! - first, dependencies[at + 1]! - first);
    given++;
  }
  if (first === 0) host.setEarly(early);
  return given;
}

/** Those of executors outside, or of the synthetic one. */
function setTasks(host: BlockHost, { tasks, programs }: RunPlan, first: number): void {
  for (let index = 0; index < tasks.length - first; index++) {
    const { dependencies } = tasks[first + index]!;
    if (programs === undefined) host.setTask(index);
    else if (!host.setProgram(index, programs[first + index]!)) tooSmall(host, `the program of task ${first + index}`);
    for (const lower of dependencies) if (lower >= first) host.addDependency(lower - first, index);
  }
}

/** Of the tasks from the block's first on. */
function partitionsFrom(
  { count: total, evm, tasks, planning }: RunPlan,
  first: number,
  partitions: number,
): Uint8Array {
  const count = total - first;
  const pairs: [number, number][] = [];
  for (let task = first; task < total; task++) {
    const before = evm?.transactions.previous[task] ?? -1;
    if (before >= first) pairs.push([before - first, task - first]);
    for (const lower of tasks[task]?.dependencies ?? []) pairs.push([lower - first, task - first]);
  }
  const { dependencies = [] } = planning ?? {};
  for (let at = 0; at < dependencies.length; at += 2) {
    pairs.push([dependencies[at]! - first, dependencies[at + 1]! - first]);
  }
  const costs = evm?.transactions.costs.subarray(first) ?? tasks.slice(first).map(({ cost }) => cost);
  return partitionsOf(count, pairs, costs, partitions);
}

function tooSmall(host: BlockHost, what: string): never {
  throw new MemoryLimitError(`${what} does not fit into ${host.instance.bytes.length} bytes of memory`);
}
