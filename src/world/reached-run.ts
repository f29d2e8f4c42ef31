// An edited block by what the edits reach of it: that alone runs, between what all the others have left in the places where it looks,
// on a state that is as before the block there, and there alone. What it costs goes by what is reached, but for one look at the
// recordings.

import { bytesFromHex, type Hex } from '../base/hex.ts';
import type { TransactionInput } from '../block/block-input.ts';
import type { EvmTransactions } from '../core/evm/evm-encode.ts';
import { decodeChanges } from '../core/host/change-records.ts';
import { countKept, type KeptRecords, keptValue, pickKept } from '../core/host/kept-state.ts';
import { pickResults, type ResultBatch, Results } from '../core/host/outcome.ts';
import { Reach, type ReachedTasks, WrittenPlaces } from '../core/host/reach.ts';
import type { Recordings } from '../core/host/recordings.ts';
import { replaceAt, type StateChanges } from '../core/host/state-changes.ts';
import { EMPTY_IMAGE, type StateImage } from '../core/host/state-image.ts';
import { Kind } from '../core/instance/abi.ts';
import { type ArrangedTask, arrangeTasks } from '../job/evm-block.ts';
import type { Desk, Performed } from '../job/job.ts';
import { runHere } from '../run/run-here.ts';
import type { RunPlan } from '../run/run-plan.ts';
import type { WhatIfTransaction } from '../types.ts';
import type { EditedList } from './edits.ts';
import type { Recorded, WorldExecution } from './recorded-block.ts';
import type { WorldState } from './world-state.ts';

/** What became of a block with edits. */
export interface EditedRun {
  readonly performed: Performed;
  /** Of the tasks that ran the places in the edited list of tasks, -1 where there is none; missing: all have run, in order. */
  readonly places?: readonly number[];
  /** Of all tasks of the edited list. */
  results(): readonly ResultBatch[];
  /** What all of it changes in the state before. */
  changes(): StateChanges;
}

/** What it takes to run one. */
export interface ReachedSetting {
  readonly desk: Pick<Desk<WhatIfTransaction>, 'ask' | 'perform'>;
  readonly execution: WorldExecution;
  readonly state: WorldState;
  readonly recorded: Recorded;
  readonly list: EditedList;
  /** Puts values into places of the state, for as long as the question lasts. */
  put(records: KeptRecords): Promise<void>;
}

/** Part of the list from which on it is as well to run all of it, unless that is short. */
const MOST = 1 / 2;
/** Gas up to which the calling thread runs it, which is over sooner than workers would wake, or nearly. */
const SHORT_GAS = 4_000_000;
/** Of a transaction's gas what nothing is done for, and what a transaction takes that does nothing. */
const FREE_GAS = 21_000;
const TASK_GAS = 1_000;
/** Runs after each of which there was more to be run. */
const MOST_ROUNDS = 6;

/** `undefined`: it takes all of the list, or more than is recorded. */
export async function runReached(setting: ReachedSetting): Promise<EditedRun | undefined> {
  const { execution, state, recorded } = setting;
  const { residence } = state;
  const written = writtenIn(recorded, execution, residence.locations);
  const [before, ...more] = residence.since(execution.mark);
  if (written === undefined || before === undefined || more.length > 0 || countKept(before) !== written.count) {
    return undefined;
  }
  const added = await addedTo(setting, written, before);
  if (added === undefined) return undefined;
  const origins = originsOf(execution, setting.list);
  const reach = new Reach(written, origins);
  const { transactions } = execution.job.encoding.evmPlan!;
  const isAll = () =>
    reach.running > setting.list.length * MOST &&
    !isShort(
      transactions,
      usedBy(execution, (task) => task),
    );
  let put = 0;
  for (let round = 0; round < MOST_ROUNDS; round++) {
    if (reach.isBeyond || isAll()) return undefined;
    const tasks = reach.tasks();
    const fresh = reach.needed.slice(put).map((location) => written.numbers[location]! - 1);
    if (fresh.length > 0) await setting.put([pickKept(before, fresh)]);
    put = reach.needed.length;
    const performed = await perform(setting, written, tasks, { origins, added });
    const results = new Results(performed.outcome.results);
    if (residence.layout !== recorded.layout || !isSound(tasks, performed, results)) return undefined;
    const touched = reach.learn(tasks, residence.recordings());
    if (touched === undefined || reach.isBeyond) continue;
    const places = residence.places(touched);
    return {
      performed,
      places: tasks.places,
      results: () => [allResults(setting, tasks, origins, results)],
      changes() {
        const changes = decodeChanges(execution.executed.outcome.changes);
        replaceAt(changes, decodeChanges(performed.outcome.changes), places);
        return changes;
      },
    };
  }
  return undefined;
}

const known = new WeakMap<Recorded, WrittenPlaces | undefined>();

/** What the block's tasks have written: found out once. */
function writtenIn(recorded: Recorded, { job }: WorldExecution, locations: number): WrittenPlaces | undefined {
  if (!known.has(recorded)) known.set(recorded, WrittenPlaces.of(recorded.recordings, job.encoding.count, locations));
  return known.get(recorded);
}

/** New transactions by place in the list, with all that the rules fill; `undefined`: a nonce is known to nobody. */
async function addedTo(
  { desk, state, list }: ReachedSetting,
  written: WrittenPlaces,
  before: KeptRecords,
): Promise<ReadonlyMap<number, TransactionInput> | undefined> {
  const nonceOf = async (address: Uint8Array) => {
    const number = written.numbers[state.residence.locationOf(Kind.NONCE, address)] ?? 0;
    if (number === 0) return (await state.account(desk.ask, address)).nonce;
    const held = keptValue(pickKept(before, [number - 1]));
    return held.known ? held.number : undefined;
  };
  return withNonces(list, nonceOf);
}

/**
 * What is new in a list, by place, with nonces from the state before the block (`nonceOf`) and the list. `undefined`: one is known
 * to nobody.
 */
export async function withNonces(
  list: EditedList,
  nonceOf: (address: Uint8Array) => Promise<bigint | undefined>,
): Promise<ReadonlyMap<number, TransactionInput> | undefined> {
  const made = new Map<number, TransactionInput>();
  const nonces = new Map<Hex, bigint>();
  // Of those before the last that wants one, all senders have to be known.
  let last = -1;
  for (const [at, { transaction, wantsNonce }] of list.added) {
    made.set(at, transaction);
    if (wantsNonce) last = at;
  }
  for (let at = 0; at <= last; at++) {
    const transaction = list.at(at);
    const { from } = transaction;
    if (from === undefined) continue;
    let nonce: bigint | undefined = BigInt(transaction.nonce);
    if (list.added.get(at)?.wantsNonce === true) {
      nonce = nonces.get(from) ?? (await nonceOf(bytesFromHex(from)));
      if (nonce === undefined) return undefined;
      made.set(at, { ...transaction, nonce: `0x${nonce.toString(16)}` });
    }
    nonces.set(from, nonce + 1n);
  }
  return made;
}

/** Of each task of the edited list its number in the block; -1: it is new. */
export function originsOf({ job }: WorldExecution, list: EditedList): Int32Array {
  const { count, firstTransaction, transactionCount } = job.encoding;
  const origins = new Int32Array(count - transactionCount + list.length);
  for (let task = 0; task < firstTransaction; task++) origins[task] = task;
  for (let at = 0; at < list.length; at++) {
    const origin = list.origins[at]!;
    origins[firstTransaction + at] = origin < 0 ? -1 : firstTransaction + origin;
  }
  const [from, to] = [firstTransaction + transactionCount, firstTransaction + list.length];
  for (let task = from; task < count; task++) origins[to + task - from] = task;
  return origins;
}

async function perform(
  { desk, execution, state, recorded }: ReachedSetting,
  written: WrittenPlaces,
  { places, recordings }: ReachedTasks,
  { origins, added }: { origins: Int32Array; added: ReadonlyMap<number, TransactionInput> },
): Promise<Performed> {
  const { job, executed } = execution;
  const { evmPlan, firstTransaction } = job.encoding;
  const tasks = places.map((place): ArrangedTask => {
    if (place < 0) return 'nothing';
    const origin = origins[place]!;
    return origin < 0 ? added.get(place - firstTransaction)! : origin;
  });
  const transactions = arrangeTasks(evmPlan!, job.context, tasks);
  const codes = recorded.codes(written.coders);
  const plan = trialOf(execution, recorded, { transactions, recordings, codes, block: undefined });
  const { residence } = state;
  // Nothing lets this thread do other things meanwhile: by what they may use at most.
  const outcome = isShort(transactions, (task) => transactions.costs[task]!)
    ? await runHere(plan, residence)
    : undefined;
  if (outcome !== undefined) return { outcome, workersLost: 0, threading: 'inline', workers: 1 };
  return desk.perform({
    ...{ plan, take() {}, work: executed.work, state, residence, taskTimeoutMs: undefined, isShown: false },
    isShort: isShort(
      transactions,
      usedBy(execution, (task) => (places[task]! < 0 ? -1 : origins[places[task]!]!)),
    ),
  });
}

/** Whether tasks are over sooner than workers would wake, or nearly. */
export function isShort({ costs }: EvmTransactions, gasOf: (task: number) => number): boolean {
  let sum = costs.length * TASK_GAS;
  for (let task = 0; task < costs.length; task++) sum += Math.max(0, Math.min(gasOf(task), costs[task]!) - FREE_GAS);
  return sum <= SHORT_GAS;
}

/** The gas that tasks have used in the block; of what is new, all that it may use. `originOf`: numbers there. */
export function usedBy({ executed }: WorldExecution, originOf: (task: number) => number): (task: number) => number {
  const { results } = executed.decoder;
  return (task) => {
    const origin = originOf(task);
    return origin < 0 ? Number.POSITIVE_INFINITY : results.gas(origin);
  };
}

/** Tasks in another arrangement, and what is recorded of each. */
interface Arrangement {
  readonly transactions: EvmTransactions;
  readonly recordings: Recordings;
}

/** A plan for the tasks of a block in another arrangement, which changes nothing. */
export function trialOf(
  { executed, job }: WorldExecution,
  { layout }: Recorded,
  given: Pick<RunPlan, 'block'> & Pick<StateImage, 'codes'> & Arrangement,
): RunPlan {
  const { transactions, recordings, codes, block } = given;
  const environment = executed.plan.evm?.environment ?? job.encoding.evmPlan!.environment;
  return {
    ...executed.plan,
    ...{ count: transactions.costs.length, image: { ...EMPTY_IMAGE, codes }, sequential: false },
    ...{ checkpoint: undefined, haltOnInvalid: false },
    // What was planned names tasks by their places in the block.
    ...{ planning: undefined, partitions: undefined, learns: false },
    ...{ evm: { environment, transactions }, block },
    trial: { recordings, layout },
  };
}

/** Whether all in between has been written; where memory was short, it was not. */
function isSound({ places }: ReachedTasks, { outcome }: Performed, results: Results): boolean {
  return outcome.drains === 0 && places.every((place, task) => place >= 0 || results.isRepeated(task));
}

function allResults(
  { execution }: ReachedSetting,
  { places }: ReachedTasks,
  origins: Int32Array,
  ran: Results,
): ResultBatch {
  const { results } = execution.executed.decoder;
  const tasks = new Map(places.map((place, task) => [place, task]));
  return pickResults(
    Array.from(origins, (origin, place) => {
      const task = tasks.get(place);
      return task === undefined
        ? { of: results, at: origin, repeated: true }
        : { of: ran, at: task, repeated: ran.isRepeated(task) };
    }),
  );
}
