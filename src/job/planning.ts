// What is known of a block or of tasks without an oracle: in which order to begin, and how many workers shorten it.

import { crewSize, estimateCosts, GAS_PER_MS } from '../access/crew-size.ts';
import { orderOf } from '../access/order.ts';
import type { BlockInput } from '../block/block-input.ts';
import type { PlannedFacts } from '../metrics/report.ts';
import type { PlannedTask, RunPlanning } from '../run/run-plan.ts';
import type { BlockContext, BlockEncoding } from './block-encoding.ts';

export interface Planned {
  readonly planning: RunPlanning;
  readonly facts: PlannedFacts;
  /** What each will take, in gas. */
  readonly costs: ArrayLike<number>;
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
  const known = { previous, workers, besideMs };
  const dependencies = planning?.dependencies.map((task) => task - firstTransaction) ?? [];
  if (costs === undefined) return crewSize({ ...known, costsMs, dependencies });
  // What was learned may say that more are of use; where it says less, the next block may be another one.
  const learnedMs = Float64Array.from(costs, (gas) => gas / GAS_PER_MS);
  return Math.max(crewSize({ ...known, costsMs }), crewSize({ ...known, costsMs: learnedMs, dependencies }));
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

/** Of tasks that all cost the same the first are begun first anyway. */
export function costAlike(tasks: readonly Pick<PlannedTask, 'cost'>[]): boolean {
  return tasks.every(({ cost }) => cost === tasks[0]!.cost);
}
