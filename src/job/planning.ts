// What an oracle says of a request, as the plan of a run.

import type { AccessOracle } from '../access/access-oracle.ts';
import { listOfOracle } from '../access/block-access-list-oracle.ts';
import { crewSize, estimateCosts, GAS_PER_MS } from '../access/crew-size.ts';
import { type AnnouncedWrite, longestFirst, orderOf, Planner } from '../access/planner.ts';
import { type Predictions, predictTasks, predictTransactions } from '../access/predictions.ts';
import { rootOf, union } from '../base/disjoint-sets.ts';
import { bytesFromHex } from '../base/hex.ts';
import { keccak256 } from '../base/keccak256.ts';
import type { BlockAccessList } from '../block/block-access-list.ts';
import type { BlockInput } from '../block/block-input.ts';
import { type AnnouncedWrites, StateImageBuilder } from '../core/host/state-image.ts';
import { Kind } from '../core/instance/abi.ts';
import type { PlannedFacts } from '../metrics/report.ts';
import type { PlannedTask, RunPlanning } from '../run/run-plan.ts';
import type { Task } from '../task/executor.ts';
import type { BlockContext, BlockEncoding } from './block-encoding.ts';
import { type AnnouncedList, announceList } from './list-plan.ts';

export interface Planned {
  readonly planning: RunPlanning;
  readonly facts: PlannedFacts;
  /** What each will take, in gas. */
  readonly costs: ArrayLike<number>;
}

/** Values of a block that are announced: what they take of the memory must leave room for the block. */
const MOST_ANNOUNCED = 1 << 16;
const NO_CODE = new Uint8Array(32);

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
    readonly encoding: Pick<BlockEncoding, 'firstTransaction'>;
    readonly workers: number;
    /** Gas of transactions that the oracle says nothing of; their limits unless given. */
    readonly costs?: ArrayLike<number> | undefined;
  },
): Planned {
  const startMs = performance.now();
  const context = { startMs, costs, first: encoding.firstTransaction, workers };
  const list = listOfOracle(oracle);
  const announced = list && plannedList(list, context);
  return announced ?? planned(predictTransactions(oracle, block, keccak256), context);
}

/**
 * What can be said of a block that no oracle knows: who would end after everything else, by limits of gas and the chains of
 * senders, begins early.
 */
export function orderTransactions(
  { transactions }: { readonly transactions: readonly Pick<BlockInput['transactions'][number], 'gas'>[] },
  encoding: OrderContext,
  workers: number,
): RunPlanning | undefined {
  if (workers === 1) return undefined;
  const costs = Float64Array.from(transactions, ({ gas }) => Number(gas));
  const chains: number[] = [];
  for (const [index, lower] of previousOf(encoding, transactions.length).entries()) {
    if (lower >= 0) chains.push(lower, index);
  }
  const early = orderOf(chains, costs, workers).early.map((index) => index + encoding.firstTransaction);
  return early.length === 0 ? undefined : { dependencies: new Uint32Array(0), early, announced: undefined };
}

interface CrewContext {
  /** Those that are there. */
  readonly workers: number;
  readonly planning: RunPlanning | undefined;
  /** What each transaction will take, in gas, where that was learned of executions. */
  readonly costs: ArrayLike<number> | undefined;
}

/** Workers that shorten the block. */
export function crewOf(
  { block, senders }: Pick<BlockContext, 'block' | 'senders'>,
  encoding: OrderContext,
  { workers, planning, costs }: CrewContext,
): number {
  if (workers <= 1) return workers;
  const { evm, firstTransaction } = encoding;
  const { besideMs, costsMs } = estimateCosts(block.transactions, {
    isInCore: evm !== undefined,
    recovers: senders === 'recover',
  });
  // Whom nobody has to wait for.
  const announced = new Set(planning?.announced?.tasks);
  const previous = previousOf(encoding, block.transactions.length).map((lower) =>
    announced.has(lower + firstTransaction) ? -1 : lower,
  );
  return crewSize({
    costsMs: costs === undefined ? costsMs : Float64Array.from(costs, (gas) => gas / GAS_PER_MS),
    dependencies: planning?.dependencies.map((task) => task - firstTransaction) ?? [],
    ...{ previous, workers, besideMs },
  });
}

/** Of each transaction the one of its sender before it, by index; -1 for none. */
export function previousOf({ firstTransaction: first, evm, tasks }: OrderContext, transactions: number): Int32Array {
  return Int32Array.from({ length: transactions }, (_, index) => {
    const task = first + index;
    return Math.max((evm?.transactions.previous[task] ?? tasks[task]?.dependencies.at(-1) ?? -1) - first, -1);
  });
}

interface OrderContext {
  readonly firstTransaction: number;
  readonly evm?: BlockEncoding['evm'];
  readonly tasks: readonly { readonly dependencies: readonly number[] }[];
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
  // Of tasks that all cost the same the first are begun first anyway.
  if (costs.every((cost) => cost === costs[0])) return undefined;
  const predictions = estimates.map(({ dependencies }) => ({ after: dependencies }));
  const plan = planned({ predictions, problems: [] }, { startMs, costs, first: 0, workers });
  // The tasks say themselves whom they need.
  const planning = { ...plan.planning, dependencies: new Uint32Array(0) };
  return { ...plan, planning, facts: { ...plan.facts, predicted: 0 } };
}

interface PlanContext {
  readonly startMs: number;
  readonly costs: ArrayLike<number>;
  /** Number of the task that is the first of those that were asked for. */
  readonly first: number;
  readonly workers: number;
}

function planned({ predictions, problems }: Predictions, context: PlanContext): Planned {
  const { startMs, costs, first, workers } = context;
  const plan = new Planner({ workers }).plan(predictions, costs);
  const shifted = (numbers: Uint32Array) => numbers.map((number) => number + first);
  return {
    planning: {
      dependencies: shifted(plan.dependencies),
      early: shifted(plan.early),
      announced: announcedWrites(plan.announced, first),
    },
    facts: {
      planMs: performance.now() - startMs,
      predicted: predictions.filter((prediction) => prediction !== undefined).length,
      early: plan.early.length,
      partitions: new Set(plan.partitions).size,
      problems,
    },
    costs: predictions.map((prediction, index) => Number(prediction?.gas ?? costs[index] ?? 0)),
  };
}

/** Of a list that can be taken as it is: what the planner would come to. `undefined`: it takes that. */
function plannedList(list: BlockAccessList, { startMs, costs, first, workers }: PlanContext): Planned | undefined {
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
  const early = isWhole ? longestFirst(costs) : orderOf(dependencies, Float64Array.from(costs), workers).early;
  return {
    planning: {
      dependencies: Uint32Array.from(dependencies, (index) => index + first),
      early: early.map((index) => index + first),
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
