// Turns predicted accesses into a plan: who waits for whom, what does not depend on each other, and in which order to begin.

import { rootOf, union } from '../base/disjoint-sets.ts';
import type { AccessKey, AccessPrediction, AccessWrite } from './access-oracle.ts';
import { type AccessOrder, orderOf } from './order.ts';

/** What a plan is made of, and what may be set of it. */
export interface PlannerOptions {
  /** Workers that will execute. Default 2. */
  readonly workers?: number;
  /** Lower transactions that one is made to wait for, at most: the latest. Default 4. */
  readonly maximumDependencies?: number;
}

/** What is known before a run of how it should go. Transactions are named by index. */
export interface AccessPlan extends AccessOrder {
  /** Pairs, one behind the other: the lower transaction, and the higher one that should not begin before it has executed. */
  readonly dependencies: Uint32Array;
  /** By transaction, the lowest that it has to do with, itself where there is none: equal numbers are one partition. */
  readonly partitions: Uint32Array;
  /** By transaction: what it will leave where, as far as the values are known. The first who names a place is believed. */
  readonly announced: readonly (readonly AnnouncedWrite[])[];
}

export type AnnouncedWrite = AccessKey & { readonly value: bigint | Uint8Array };

/** Of one transaction: what is beyond is not looked at. */
const MOST_KEYS = 1 << 14;
/** Of a block. */
export const MOST_KEYS_OF_ALL = 1 << 18;
/** Transactions that may touch a place without it being taken for one that is only read. */
const MOST_TOUCHING = 8;
/**
 * Values that are announced of one place: who reads it walks over those of higher transactions, so that n of them would
 * make n² steps. Where there are more, none is.
 */
export const MOST_VALUES = 256;
/** Lower transactions that one is made to wait for. */
export const MOST_DEPENDENCIES = 4;
/** Writers without a value, and credits, that are remembered of a place. */
const MOST_WRITERS = 4;

/** Who has written a place so far, lowest first; -1: what it holds is known. */
type Writers = number[];
const KNOWN = -1;

/**
 * Makes plans; holds nothing.
 * @example
 * ```js
 * import { Planner } from 'pevm-wasm';
 *
 * const pool = { kind: 'number', key: 'pool' };
 * const plan = new Planner({ workers: 2 }).plan([{ writes: [pool] }, {}, { reads: [pool] }]);
 * console.log(plan.dependencies); // Uint32Array [ 0, 2 ]: transaction 2 waits for 0
 * ```
 */
export class Planner {
  readonly #workers: number;
  readonly #most: number;

  constructor({ workers = 2, maximumDependencies = MOST_DEPENDENCIES }: PlannerOptions = {}) {
    this.#workers = Math.max(1, workers);
    this.#most = Math.max(0, maximumDependencies);
  }

  /**
   * `costs`: of each transaction without a prediction of its gas. `previous`: of each transaction a lower one that it waits for
   * anyway, -1 for none: the order reckons with it. A dependency always has the higher transaction wait for
   * the lower, so that no plan can make two wait for each other.
   */
  plan(
    predictions: readonly (AccessPrediction | undefined)[],
    costs: ArrayLike<number> = [],
    previous: ArrayLike<number> = [],
  ): AccessPlan {
    const count = predictions.length;
    const bounded = withoutCrowds(boundedPredictions(predictions));
    const touching = countTouches(bounded);
    const places = new Map<string, Writers>();
    const dependencies: number[] = [];
    const chains: number[] = [];
    const partitions = Uint32Array.from({ length: count }, (_, index) => index);
    const cost = new Float64Array(count);
    const announced: AnnouncedWrite[][] = [];
    for (let index = 0; index < count; index++) {
      const prediction = bounded[index];
      cost[index] = Number(prediction?.gas ?? costs[index] ?? 0);
      const lower = prediction === undefined ? [] : this.#lowerOf(index, prediction, places);
      const before = previous[index] ?? -1;
      if (before >= 0 && before < index && !lower.includes(before)) chains.push(before, index);
      for (const one of lower) {
        dependencies.push(one, index);
        chains.push(one, index);
        union(partitions, one, index);
      }
      announced.push(prediction === undefined ? [] : note(index, prediction, places, touching));
    }
    for (let index = 0; index < count; index++) partitions[index] = rootOf(partitions, index);
    const order = orderOf(chains, cost, this.#workers);
    const isFree = dependencies.length === 0 && bounded.every(isAnnouncedWholly);
    return {
      dependencies: Uint32Array.from(dependencies),
      partitions,
      ...order,
      early: isFree ? order.order : order.early,
      announced,
    };
  }

  /** The transactions whose unknown writes the prediction reads: of all places together the latest. */
  #lowerOf(index: number, { reads, touches, after }: Bounded, places: ReadonlyMap<string, Writers>): number[] {
    const lower = new Set<number>();
    for (const one of after) if (one < index) lower.add(one);
    for (const keys of [reads, touches]) {
      for (const key of keys) {
        for (const writer of places.get(nameOfAccess(key)) ?? []) if (writer !== KNOWN) lower.add(writer);
      }
    }
    return [...lower].sort((left, right) => right - left).slice(0, this.#most);
  }
}

type Bounded = Required<Omit<AccessPrediction, 'gas'>> & Pick<AccessPrediction, 'gas'>;

function boundedPredictions(predictions: readonly (AccessPrediction | undefined)[]): (Bounded | undefined)[] {
  let left = MOST_KEYS_OF_ALL;
  return predictions.map((prediction) => {
    if (prediction === undefined) return undefined;
    const take = <T>(list: readonly T[] | undefined): readonly T[] => {
      const taken = list === undefined ? [] : list.slice(0, Math.min(MOST_KEYS, left));
      left -= taken.length;
      return taken;
    };
    const { gas, reads, writes, credits, touches, after } = prediction;
    return {
      ...{ reads: take(reads), writes: take(writes), credits: take(credits), touches: take(touches) },
      ...{ after: take(after), gas },
    };
  });
}

/** Without the values of places that too many transactions write: these wait for each other, balances go as they come. */
function withoutCrowds(predictions: readonly (Bounded | undefined)[]): (Bounded | undefined)[] {
  const counts = new Map<string, number>();
  for (const prediction of predictions) {
    for (const write of prediction?.writes ?? []) {
      if (!isAnnounced(write)) continue;
      const name = nameOfAccess(write);
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
  }
  const crowds = new Set([...counts].filter(([, count]) => count > MOST_VALUES).map(([name]) => name));
  if (crowds.size === 0) return [...predictions];
  return predictions.map((prediction) => {
    if (prediction === undefined) return undefined;
    const isCrowded = (write: AccessWrite) => write.value !== undefined && crowds.has(nameOfAccess(write));
    // Fees are credits, which nobody need wait for; a sender's balance goes with its nonce.
    const waiting = prediction.writes
      .filter((write) => isCrowded(write) && write.kind !== 'balance')
      .map(({ value: _, ...key }) => key as AccessKey);
    return {
      ...prediction,
      reads: [...prediction.reads, ...waiting],
      writes: [...prediction.writes.filter((write) => !isCrowded(write)), ...waiting],
    };
  });
}

/** How many transactions touch each place. */
function countTouches(predictions: readonly (Bounded | undefined)[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const prediction of predictions) {
    for (const key of prediction?.touches ?? []) {
      const name = nameOfAccess(key);
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
  }
  return counts;
}

/** Notes what a transaction leaves; returns what of it has a value. */
function note(
  index: number,
  { writes, credits, touches }: Bounded,
  places: Map<string, Writers>,
  touching: ReadonlyMap<string, number>,
): AnnouncedWrite[] {
  const announced = new Map<string, AnnouncedWrite>();
  for (const write of writes) {
    const name = nameOfAccess(write);
    if (announced.has(name)) continue;
    if (isAnnounced(write)) announced.set(name, write);
    // Who waits for the last writer waits for all that this one has waited for.
    places.set(name, [write.value === undefined ? index : KNOWN]);
  }
  for (const key of credits) {
    const name = nameOfAccess(key);
    if (announced.has(name)) continue;
    places.set(name, [...(places.get(name) ?? []), index].slice(-MOST_WRITERS));
  }
  for (const key of touches) {
    const name = nameOfAccess(key);
    if (announced.has(name) || touching.get(name)! > MOST_TOUCHING) continue;
    places.set(name, [index]);
  }
  return [...announced.values()];
}

function isAnnouncedWholly(prediction: Bounded | undefined): boolean {
  return prediction !== undefined && prediction.writes.length > 0 && prediction.writes.every(isAnnounced);
}

function isAnnounced(write: AccessWrite): write is AnnouncedWrite {
  return write.value !== undefined;
}

/** Equal for equal places. */
export function nameOfAccess(key: AccessKey): string {
  if ('key' in key) return `${key.kind} ${key.key}`;
  return key.kind === 'storage' ? `${key.address}${key.slot}` : `${key.kind} ${key.address}`;
}
