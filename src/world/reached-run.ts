// An edited block by what the edits reach of it: that alone runs, between what all the others have left in the places where it looks,
// on a state that is as before the block there, and there alone. What it costs goes by what is reached, but for one look at the
// recordings.

import { bytesFromHex, type Hex } from '../base/hex.ts';
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
import type { RunPlan } from '../run/run-plan.ts';
import type { WhatIfTransaction } from '../types.ts';
import type { EditedTransaction } from './edits.ts';
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
  readonly list: readonly EditedTransaction[];
  /** Puts values into places of the state, for as long as the question lasts. */
  put(records: KeptRecords): Promise<void>;
}

/** Part of the list from which on it is as well to run all of it. */
const MOST = 1 / 2;
/** Limits of gas, together, up to which the calling thread runs it: a few milliseconds, at the outside some tens. */
const SHORT_GAS = 4_000_000;
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
  const origins = originsOf(setting);
  const reach = new Reach(written, origins);
  let put = 0;
  for (let round = 0; round < MOST_ROUNDS; round++) {
    if (reach.isBeyond || reach.running > setting.list.length * MOST) return undefined;
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
): Promise<ReadonlyMap<number, EditedTransaction['transaction']> | undefined> {
  const nonceOf = async (address: Uint8Array) => {
    const number = written.numbers[state.residence.locationOf(Kind.NONCE, address)] ?? 0;
    if (number === 0) return (await state.account(desk.ask, address)).nonce;
    const held = keptValue(pickKept(before, [number - 1]));
    return held.known ? held.number : undefined;
  };
  const added = new Map<number, EditedTransaction['transaction']>();
  for (const [at, { transaction, origin }] of list.entries()) if (origin === undefined) added.set(at, transaction);
  return (await withNonces(list, nonceOf, (at, transaction) => added.set(at, transaction))) ? added : undefined;
}

/**
 * Fills the nonces of what is new, from the state before the block (`nonceOf`) and the list. False: a nonce is known to nobody.
 */
export async function withNonces(
  list: readonly EditedTransaction[],
  nonceOf: (address: Uint8Array) => Promise<bigint | undefined>,
  fill: (at: number, transaction: EditedTransaction['transaction']) => void,
): Promise<boolean> {
  const nonces = new Map<Hex, bigint>();
  const last = list.findLastIndex(({ wantsNonce }) => wantsNonce);
  for (let at = 0; at <= last; at++) {
    const { transaction, wantsNonce } = list[at]!;
    const { from } = transaction;
    if (from === undefined) continue;
    let nonce: bigint | undefined = BigInt(transaction.nonce);
    if (wantsNonce) {
      nonce = nonces.get(from) ?? (await nonceOf(bytesFromHex(from)));
      if (nonce === undefined) return false;
      fill(at, { ...transaction, nonce: `0x${nonce.toString(16)}` });
    }
    nonces.set(from, nonce + 1n);
  }
  return true;
}

/** Of each task of the edited list its number in the block. */
function originsOf({ execution, list }: ReachedSetting): Int32Array {
  const { count, firstTransaction, transactionCount } = execution.job.encoding;
  const origins = new Int32Array(count - transactionCount + list.length);
  for (let task = 0; task < firstTransaction; task++) origins[task] = task;
  for (const [at, { origin }] of list.entries()) {
    origins[firstTransaction + at] = origin === undefined ? -1 : firstTransaction + origin;
  }
  const [from, to] = [firstTransaction + transactionCount, firstTransaction + list.length];
  for (let task = from; task < count; task++) origins[to + task - from] = task;
  return origins;
}

function perform(
  { desk, execution, state, recorded }: ReachedSetting,
  written: WrittenPlaces,
  { places, recordings }: ReachedTasks,
  { origins, added }: { origins: Int32Array; added: ReadonlyMap<number, EditedTransaction['transaction']> },
): Promise<Performed> {
  const { job, executed } = execution;
  const { evmPlan, firstTransaction } = job.encoding;
  const tasks = places.map((place): ArrangedTask => {
    if (place < 0) return 'nothing';
    const origin = origins[place]!;
    return origin < 0 ? added.get(place - firstTransaction)! : origin;
  });
  const transactions = arrangeTasks(evmPlan!, job.context, tasks);
  const gas = transactions.costs.reduce((sum, cost) => sum + cost, 0);
  const codes = recorded.codes(written.coders);
  const plan = trialOf(execution, recorded, { transactions, recordings, codes, block: undefined });
  return desk.perform({
    ...{ plan, take() {}, work: executed.work, state, residence: state.residence },
    ...{ taskTimeoutMs: undefined, isShown: false, isShort: gas <= SHORT_GAS },
  });
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
