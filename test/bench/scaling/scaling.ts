// What blocks come to on 1 to 64 simulated workers, policy by policy, and the tables of it.

import { geometricMean } from '../statistics.ts';
import { fixed, percent, table } from '../table.ts';
import type { Policy } from './policies.ts';
import type { RecordedBlock } from './recorded-block.ts';
import { SimulatedEngine } from './simulated-engine.ts';
import type { Costs, Spent, VirtualWorkers } from './virtual-workers.ts';

/** One block, on so many workers, by one policy. Milliseconds, but for counts and shares. */
export interface ScalingFigures extends Spent {
  readonly block: string;
  readonly policy: string;
  readonly workers: number;
  /** Sum of the times of its transactions. */
  readonly t1Ms: number;
  /** Its longest chain of dependent transactions; where values are announced, of what is left of them. */
  readonly tInfinityMs: number;
  /** max(t1 / workers, t∞) */
  readonly boundMs: number;
  /** Bound / time. */
  readonly share: number;
  /** The same with scheduling as a part of each transaction: of one that takes 0.6 µs it is a quarter. Of no policy's making. */
  readonly chargedShare: number;
  readonly reexecutions: number;
  /** Transactions that were put off for hints. */
  readonly waits: number;
}

export interface ScalingOptions {
  readonly workers: readonly number[];
  readonly policies: readonly Policy[];
  readonly costs: Costs;
  onProgress(text: string): void;
}

/** All blocks, in order, on one engine for each policy and number of workers. */
export async function simulateScaling(
  virtual: VirtualWorkers,
  blocks: readonly RecordedBlock[],
  { workers: counts, policies, costs, onProgress }: ScalingOptions,
): Promise<ScalingFigures[]> {
  const all: ScalingFigures[] = [];
  for (const policy of policies) {
    onProgress(policy.name);
    const oracles = new Map(blocks.map((block) => [block, policy.oracleOf?.(block)] as const));
    for (const workers of counts) {
      await using engine = await SimulatedEngine.create(virtual, { ...policy.options, workers }, costs);
      for (let pass = 0; pass <= (policy.before ?? 0); pass++) {
        for (const block of blocks) {
          const accessOracle = oracles.get(block);
          const { result, spent } = await engine.run(block, accessOracle === undefined ? {} : { accessOracle });
          if (pass < (policy.before ?? 0)) continue;
          const { bound, reexecutions, counters } = result.report;
          const t1Ms = block.durationsMs.reduce((sum, duration) => sum + duration, 0);
          const boundMs = Math.max(t1Ms / workers, bound.tInfinityMs);
          const taskMs = costs.task / 1000;
          const chargedMs = Math.max(
            (t1Ms + block.tasks.length * taskMs) / workers,
            bound.tInfinityMs + bound.criticalPath.length * taskMs,
          );
          all.push({
            ...{ block: block.name, policy: policy.name, workers, t1Ms, boundMs, ...spent },
            ...{ tInfinityMs: bound.tInfinityMs, share: boundMs / spent.executionMs },
            chargedShare: chargedMs / spent.executionMs,
            ...{ reexecutions, waits: counters.waits },
          });
        }
      }
    }
  }
  return all;
}

/**
 * Per policy and number of workers, geometric means over the blocks: how much of the bound, of the bound with scheduling as a part
 * of each transaction, and T1 / time.
 */
export function policyTable(all: readonly ScalingFigures[]): string {
  const counts = distinct(all.map(({ workers }) => workers)).filter((workers) => workers > 1);
  const rows = distinct(all.map(({ policy }) => policy)).map((policy) => [
    policy,
    ...counts.map((workers) => {
      const some = all.filter((figures) => figures.policy === policy && figures.workers === workers);
      const share = geometricMean(some.map(({ share }) => share));
      const charged = geometricMean(some.map(({ chargedShare }) => chargedShare));
      return `${percent(share)} · ${percent(charged)} · ${geometricMean(some.map(speedupOf)).toFixed(2)}×`;
    }),
  ]);
  return table(['of the bound · with scheduling · T1 / time', ...counts.map((workers) => `${workers} workers`)], rows);
}

function speedupOf({ t1Ms, executionMs }: ScalingFigures): number {
  return t1Ms / executionMs;
}

/** Where the time of all workers went, as parts of it: means over the blocks. */
export function spentTable(all: readonly ScalingFigures[], workers: number): string {
  const rows = distinct(all.map(({ policy }) => policy)).map((policy) => {
    const some = all.filter((figures) => figures.policy === policy && figures.workers === workers);
    const part = (value: (figures: ScalingFigures) => number) =>
      percent(some.reduce((sum, figures) => sum + value(figures) / (workers * figures.executionMs), 0) / some.length);
    return [
      policy,
      part(({ t1Ms }) => t1Ms),
      part(({ repeatedMs }) => repeatedMs),
      part(({ taskMs }) => taskMs),
      // Who has not been woken is as idle as who has found nothing.
      part(({ idleMs, crew, executionMs }) => idleMs + (workers - crew) * executionMs),
      part(({ boundMs, t1Ms }) => workers * boundMs - t1Ms),
      String(sumOf(some, 'reexecutions')),
      String(sumOf(some, 'suspensions')),
      String(sumOf(some, 'waits')),
    ];
  });
  const columns = ['useful', 'repeated', 'scheduling', 'idle', 'of it by the bound', 're-ex', 'suspended', 'put off'];
  return table([`${workers} workers`, ...columns], rows);
}

/** Each block under each policy on so many workers. */
export function blockScalingTable(all: readonly ScalingFigures[], workers: number): string {
  const policies = distinct(all.map(({ policy }) => policy));
  const rows = distinct(all.map(({ block }) => block)).map((block) => {
    const of = (policy: string) =>
      all.find((figures) => figures.block === block && figures.policy === policy && figures.workers === workers)!;
    const { t1Ms, tInfinityMs } = of(policies[0]!);
    return [
      block,
      fixed(t1Ms, 2),
      fixed(tInfinityMs, 2),
      ...policies.map((policy) => {
        const { share, executionMs } = of(policy);
        return `${percent(share)} · ${(t1Ms / executionMs).toFixed(2)}×`;
      }),
    ];
  });
  return table([`${workers} workers`, 'T1 ms', 'T∞ ms', ...policies], rows);
}

function sumOf<Name extends keyof ScalingFigures>(some: readonly ScalingFigures[], name: Name): number {
  return some.reduce((sum, figures) => sum + Number(figures[name]), 0);
}

function distinct<T>(values: readonly T[]): T[] {
  return [...new Set(values)];
}
