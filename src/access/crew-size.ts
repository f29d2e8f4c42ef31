// How many workers a block can keep busy, by what is known before it runs: a worker too many costs time.

/** A block as chains of transactions that wait for each other. */
export interface CrewQuestion {
  /** What each transaction will take, about, in milliseconds. */
  readonly costsMs: ArrayLike<number>;
  /** Of each transaction a lower one that it waits for; -1 for none. */
  readonly previous: ArrayLike<number>;
  /** More of the kind, in pairs: the lower one, and the higher one that waits for it; in order of the higher. */
  readonly dependencies?: ArrayLike<number>;
  /** Those that are there. */
  readonly workers: number;
  /** What all workers share beside that, in any order: senders that have to be recovered. Milliseconds; default 0. */
  readonly besideMs?: number;
}

/** What a worker must have to do, for its wake-up and its part in the common cache lines to pay: a few hundred transfers. */
const LEAST_MS = 0.5;
/** Part of the second worker's time that has to be of use before it is woken. */
const USE = 0.3;
/**
 * Where more than one is of use, so many times as many as the estimate says: limits of gas say little of what is used, and a chain that is
 * taken for too long costs more than a worker too many. By simulation 86 instead of 84 % of the bound at 8 workers, 92 instead of 86 at 16.
 */
const ROOM = 2;

/**
 * The workers that shorten the block: one, or twice as many as its work has of its longest chain, or of the least that a worker is worth.
 * An estimate, of which only speed depends.
 */
export function crewSize({ costsMs, previous, dependencies = [], workers, besideMs = 0 }: CrewQuestion): number {
  if (workers <= 1) return workers;
  const ends = new Float64Array(costsMs.length);
  let work = besideMs;
  let longest = 0;
  let pair = 0;
  for (let index = 0; index < costsMs.length; index++) {
    const cost = costsMs[index]!;
    const before = previous[index] ?? -1;
    let start = before >= 0 && before < index ? ends[before]! : 0;
    for (; dependencies[pair + 1] === index; pair += 2) start = Math.max(start, ends[dependencies[pair]!] ?? 0);
    const end = start + cost;
    ends[index] = end;
    work += cost;
    if (end > longest) longest = end;
  }
  return crewFor(work, longest, Math.min(workers, Math.max(1, costsMs.length)));
}

/** The same for what has so much work, of which the longest chain is a part. */
export function crewFor(workMs: number, longestChainMs: number, workers: number): number {
  const busy = workMs / Math.max(longestChainMs, LEAST_MS);
  return busy < 1 + USE ? 1 : Math.max(1, Math.min(workers, Math.ceil(busy * ROOM)));
}

/** A plain transfer, and what of a limit pays for it; gas that is executed; recovering a sender. Of the core's EVM, warm. */
const TRANSFER_MS = 0.0011;
const TRANSFER_GAS = 21_000;
export const GAS_PER_MS = 2_500_000;
/** Limits are mostly far above what is used. */
const MOST_GAS = 200_000;
const RECOVERY_MS = 0.03;
/** An executor in JavaScript takes so many times as long. */
const MODULE_FACTOR = 40;

/** Who executes, and whether senders have to be recovered. */
export interface CostContext {
  readonly isInCore: boolean;
  readonly recovers: boolean;
}

/** Costs of a block's transactions, before anything of them is known but what they say. */
export function estimateCosts(
  transactions: readonly { readonly to?: unknown; readonly gas: string; readonly input: string }[],
  { isInCore, recovers }: CostContext,
): { readonly costsMs: Float64Array; readonly besideMs: number } {
  const factor = isInCore ? 1 : MODULE_FACTOR;
  const costsMs = Float64Array.from(transactions, ({ to, gas, input }) => {
    const isTransfer = input === '0x' && to !== undefined;
    const executed = isTransfer ? 0 : Math.min(Math.max(Number(gas) - TRANSFER_GAS, 0), MOST_GAS);
    return factor * (TRANSFER_MS + executed / GAS_PER_MS);
  });
  return { costsMs, besideMs: recovers ? RECOVERY_MS * transactions.length * factor : 0 };
}
