// What an oracle says of a request, as the plan of a run.

import { type AccessOracle, combineOracles } from '../access/access-oracle.ts';
import { fromBlockAccessList, listOfOracle } from '../access/block-access-list-oracle.ts';
import type { LearnedAccesses } from '../access/learned-accesses.ts';
import { longestFirst } from '../access/order.ts';
import { type AnnouncedWrite, Planner } from '../access/planner.ts';
import { type Predictions, predictTasks, predictTransactions } from '../access/predictions.ts';
import { rootOf, union } from '../base/disjoint-sets.ts';
import { bytesFromHex } from '../base/hex.ts';
import { keccak256 } from '../base/keccak256.ts';
import type { BlockAccessList } from '../block/block-access-list.ts';
import type { BlockInput } from '../block/block-input.ts';
import { type AnnouncedWrites, StateImageBuilder } from '../core/host/state-image.ts';
import { Kind } from '../core/instance/abi.ts';
import type { PlannedTask } from '../run/run-plan.ts';
import type { Task } from '../task/executor.ts';
import type { BlockEncoding } from './block-encoding.ts';
import { type AnnouncedList, announceList } from './list-plan.ts';
import { costAlike, orderTransactions, type Planned, previousOf } from './planning.ts';

/** Values of a block that are announced: what they take of the memory must leave room for the block. */
const MOST_ANNOUNCED = 1 << 16;
/** Part of the calls whose costs must be known. */
const KNOWN = 0.75;
const NOBODY = new Uint32Array(0);
const NO_CODE = new Uint8Array(32);

/** What is asked of a block: what its list tells is all that there is to tell; what somebody has said comes before what was learned. */
export function oracleOf(
  { blockAccessList: list }: Pick<BlockInput, 'blockAccessList'>,
  given: AccessOracle | undefined,
  learned: LearnedAccesses | undefined,
): AccessOracle | undefined {
  if (list !== undefined) return fromBlockAccessList(list);
  if (given === undefined || learned === undefined) return given ?? learned?.oracle;
  return combineOracles(given, learned.oracle);
}

/** Plans a block whose first transaction is not task 0. `workers`: that will execute. */
export function planTransactions(
  oracle: AccessOracle,
  {
    block,
    encoding,
    workers,
    costs = block.transactions.map(({ gas }) => Number(gas)),
  }: {
    readonly block: BlockInput;
    readonly encoding: Pick<BlockEncoding, 'evm' | 'firstTransaction' | 'tasks'>;
    readonly workers: number;
    /** Gas of transactions that the oracle says nothing of; their limits unless given. */
    readonly costs?: ArrayLike<number> | undefined;
  },
): Planned {
  const startMs = performance.now();
  const context = { startMs, costs, first: encoding.firstTransaction, workers };
  const byLimits = () => orderTransactions(block, encoding, workers)?.early ?? NOBODY;
  const list = listOfOracle(oracle);
  const announced = list && plannedList(list, context, byLimits);
  if (announced !== undefined) return announced;
  const predicted = predictTransactions(oracle, block, keccak256);
  const previous = previousOf(encoding, block.transactions.length);
  const early = knowsCosts(predicted.predictions, block) ? undefined : byLimits();
  return planned(predicted, { ...context, previous, early });
}

/** `undefined`: nobody says anything that a plan could be made of. */
export function planTasks(
  oracle: AccessOracle | undefined,
  tasks: readonly Task[],
  estimates: readonly PlannedTask[],
  workers: number,
): Planned | undefined {
  const startMs = performance.now();
  const costs = estimates.map(({ cost }) => cost);
  if (oracle !== undefined) return planned(predictTasks(oracle, tasks), { startMs, costs, first: 0, workers });
  if (costAlike(estimates)) return undefined;
  const predictions = estimates.map(({ dependencies }) => ({ after: dependencies }));
  const plan = planned({ predictions, problems: [] }, { startMs, costs, first: 0, workers });
  // The tasks say themselves whom they need.
  const planning = { ...plan.planning, dependencies: new Uint32Array(0) };
  return { ...plan, planning, facts: { ...plan.facts, predicted: 0 } };
}

/** Whether the order can go by predicted costs: beside those of a few, limits of gas are no measure. */
function knowsCosts(predictions: Predictions['predictions'], { transactions }: BlockInput): boolean {
  let calls = 0;
  let known = 0;
  for (const [index, { to, input }] of transactions.entries()) {
    if (to !== undefined && input === '0x') continue;
    calls++;
    if (predictions[index]?.gas !== undefined) known++;
  }
  return known > 0 && known >= calls * KNOWN;
}

interface OrderContext {
  /** Of each transaction one that it waits for anyway; -1 for none. */
  readonly previous: ArrayLike<number>;
  /** Tasks that begin early, where the plan is not to say it. */
  readonly early: Uint32Array | undefined;
}

interface PlanContext {
  readonly startMs: number;
  readonly costs: ArrayLike<number>;
  /** Number of the task that is the first of those that were asked for. */
  readonly first: number;
  readonly workers: number;
}

function planned(
  { predictions, problems }: Predictions,
  { startMs, costs, previous, early: known, first, workers }: PlanContext & Partial<OrderContext>,
): Planned {
  const shifted = (numbers: Uint32Array) => numbers.map((number) => number + first);
  const plan = new Planner({ workers }).plan(predictions, costs, previous);
  // Where nobody waits for anybody, all begin in the plan's order.
  const early = known === undefined || plan.early === plan.order ? shifted(plan.early) : known;
  return {
    planning: {
      dependencies: shifted(plan.dependencies),
      early,
      announced: announcedWrites(plan.announced, first),
    },
    facts: {
      planMs: performance.now() - startMs,
      predicted: predictions.filter((prediction) => prediction !== undefined).length,
      early: early.length,
      partitions: new Set(plan.partitions).size,
      problems,
    },
    costs: predictions.map((prediction, index) => Number(prediction?.gas ?? costs[index] ?? 0)),
  };
}

/** Of a list that can be taken as it is: what the planner would come to. `undefined`: it takes that. */
function plannedList(
  list: BlockAccessList,
  { startMs, costs, first }: PlanContext,
  byLimits: () => Uint32Array,
): Planned | undefined {
  const transactions = costs.length;
  const context = { transactions, first, most: MOST_ANNOUNCED };
  let found: AnnouncedList | undefined;
  try {
    found = announceList(list, context);
  } catch {
    // What is no list at all is told by who asks the oracle.
  }
  if (found === undefined) return undefined;
  const { announced, predicted, dependencies, isWhole } = found;
  // Where nobody waits for anybody, nothing is lost by beginning out of order.
  const early = isWhole ? longestFirst(costs).map((index) => index + first) : byLimits();
  return {
    planning: {
      dependencies: Uint32Array.from(dependencies, (index) => index + first),
      early,
      announced,
    },
    facts: {
      planMs: performance.now() - startMs,
      predicted,
      early: early.length,
      partitions: partitionsOf(dependencies, transactions),
      problems: [],
    },
    costs,
  };
}

function partitionsOf(dependencies: readonly number[], transactions: number): number {
  const partitions = Uint32Array.from({ length: transactions }, (_, index) => index);
  for (let at = 0; at < dependencies.length; at += 2) union(partitions, dependencies[at]!, dependencies[at + 1]!);
  return new Set(partitions.map((_, index) => rootOf(partitions, index))).size;
}

/** `undefined`: nothing is announced. */
function announcedWrites(
  announced: readonly (readonly AnnouncedWrite[])[],
  first: number,
): AnnouncedWrites | undefined {
  const builder = new StateImageBuilder();
  const tasks: number[] = [];
  const ends: number[] = [];
  let count = 0;
  for (const [index, writes] of announced.entries()) {
    if (writes.length === 0 || count >= MOST_ANNOUNCED) continue;
    for (const write of writes) addWrite(builder, write);
    count += writes.length;
    tasks.push(first + index);
    ends.push(count);
  }
  if (count === 0) return undefined;
  return { image: builder.finish(), tasks: Uint32Array.from(tasks), ends: Uint32Array.from(ends) };
}

function addWrite(builder: StateImageBuilder, write: AnnouncedWrite): void {
  const { value } = write;
  if (write.kind === 'data' && typeof value !== 'bigint') {
    builder.data(encoder.encode(write.key), value);
  } else if (write.kind === 'code' && typeof value !== 'bigint') {
    // Code is kept by its hash for blocks to come: nobody is believed what that is.
    const hash = value.length === 0 ? NO_CODE : keccak256(value);
    if (value.length > 0) builder.code(hash, value);
    builder.codeHash(bytesFromHex(write.address), hash);
  } else if (typeof value === 'bigint') {
    if ('key' in write) builder.freeNumber(encoder.encode(write.key), value);
    else if (write.kind === 'storage')
      builder.storageNumber(bytesFromHex(write.address), bytesFromHex(write.slot), value);
    else builder.number(write.kind === 'nonce' ? Kind.NONCE : Kind.BALANCE, bytesFromHex(write.address), value);
  }
}

const encoder = new TextEncoder();
