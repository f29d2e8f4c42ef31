// Shares a block out before it begins: what hangs together is one worker's.

import { rootOf, union } from '../base/disjoint-sets.ts';

/** A task and a lower one that it waits for. */
export type Pair = readonly [lower: number, higher: number];

/**
 * By task, which of `parts` it is of, from 1 on: tasks that hang together are of the same, the largest groups are given out first,
 * each to the part that has least to do. `costs` of 0 count as the least there is.
 */
export function partitionsOf(
  count: number,
  pairs: Iterable<Pair>,
  costs: ArrayLike<number>,
  parts: number,
): Uint8Array {
  const groups = Uint32Array.from({ length: count }, (_, task) => task);
  for (const [lower, higher] of pairs) {
    if (lower < 0 || lower >= higher || higher >= count) continue;
    union(groups, lower, higher);
  }
  const sums = new Float64Array(count);
  for (let task = 0; task < count; task++) {
    const root = rootOf(groups, task);
    sums[root] = sums[root]! + Math.max(1, costs[task] ?? 1);
  }
  const roots = Array.from(groups.keys()).filter((task) => groups[task] === task);
  roots.sort((left, right) => sums[right]! - sums[left]! || left - right);
  const loads = new Float64Array(parts);
  const partOf = new Uint8Array(count);
  for (const root of roots) {
    let least = 0;
    for (let part = 1; part < parts; part++) if (loads[part]! < loads[least]!) least = part;
    loads[least] = loads[least]! + sums[root]!;
    partOf[root] = least + 1;
  }
  return partOf.map((_, task) => partOf[rootOf(groups, task)]!);
}
