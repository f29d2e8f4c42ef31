// In which order transactions should begin, by what they cost and who waits for whom: asked of every block.

const MOST_EARLY = 64;
/** What must be gained by beginning out of order, as a part of the whole. */
const LATE = 1.05;

export interface AccessOrder {
  /** All transactions as they should begin: longest chains first, of equal ones the lower. */
  readonly order: Uint32Array;
  /** Of these, those that would begin too late in their own order; all, where every value is announced and nobody waits. */
  readonly early: Uint32Array;
  /** Sum of the costs, and that of the longest chain: with p workers it takes max(work / p, longestChain). */
  readonly work: number;
  readonly longestChain: number;
}

/**
 * All transactions, the longest first: for those of which nobody waits for anybody, so that nothing is lost by beginning out of
 * order, and what is long does not begin last.
 */
export function longestFirst(cost: ArrayLike<number>): Uint32Array {
  return Uint32Array.from(cost, (_, index) => index).sort((left, right) => cost[right]! - cost[left]! || left - right);
}

/** When everything should begin, and how long it takes at least. `dependencies`: pairs, in order of the higher one. */
export function orderOf(dependencies: readonly number[], cost: Float64Array, workers: number): AccessOrder {
  const count = cost.length;
  // Cost of the longest chain that begins with the transaction; the pairs are in order of the higher one.
  const rank = Float64Array.from(cost);
  for (let at = dependencies.length - 2; at >= 0; at -= 2) {
    const lower = dependencies[at]!;
    rank[lower] = Math.max(rank[lower]!, cost[lower]! + rank[dependencies[at + 1]!]!);
  }
  const order = longestFirst(rank);
  const work = cost.reduce((sum, one) => sum + one, 0);
  const longestChain = rank.reduce((most, one) => Math.max(most, one), 0);
  const best = Math.max(work / workers, longestChain);
  const waits = new Set(dependencies.filter((_, at) => at % 2 === 1));
  let before = 0;
  const isLate = new Uint8Array(count);
  for (let index = 0; index < count; index++) {
    if (!waits.has(index) && before / workers + rank[index]! > best * LATE) isLate[index] = 1;
    before += cost[index]!;
  }
  return { order, early: order.filter((index) => isLate[index] === 1).slice(0, MOST_EARLY), work, longestChain };
}
