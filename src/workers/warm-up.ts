// Runs the core's EVM in a memory of its own until it is fast: see core/warm-up-block.ts.

import { eventLoopTurn } from '../base/platform.ts';
import { warmUpBlock } from '../core/host/warm-up-block.ts';
import type { RunPlan } from '../run/run-plan.ts';

/** When to stop even if it gets faster still. */
const LIMIT_MS = 300;
const FASTER = 0.9;

/**
 * After how many blocks in a row that are not faster than those before to stop. Where nobody waits, the compiler is done by then; who waits
 * is served sooner when the compiler does the rest beside the block; who has little to run does not wait for a second one.
 */
export const Patience = { UNHURRIED: 24, AWAITED: 1, NONE: 0 } as const;

/** A run of the block: how long it took. */
type RunBlock = (plan: RunPlan) => Promise<number>;

/** Runs the block until it gets no faster, as `patience` says. Compiled code belongs to the module: one thread warms it up for all. */
export async function warmUpBy(run: RunBlock, patience: () => number): Promise<void> {
  const start = performance.now();
  const plan = planOfBlock();
  let best = Number.POSITIVE_INFINITY;
  let steady = 0;
  while (steady < patience() && performance.now() - start < LIMIT_MS) {
    const executionMs = await run(plan);
    steady = executionMs < best * FASTER ? 0 : steady + 1;
    best = Math.min(best, executionMs);
    // The compiler works on threads of its own.
    await eventLoopTurn();
  }
}

/** The block that is run. */
export function planOfBlock(): RunPlan {
  const { environment, transactions, image } = warmUpBlock();
  const count = transactions.costs.length;
  return {
    count,
    tasks: [],
    programs: undefined,
    evm: { environment, transactions },
    image,
    complete: true,
    window: count,
    haltOnInvalid: false,
    profile: false,
    sequential: false,
    block: undefined,
    checkpoint: undefined,
  };
}

/** Who runs the block has all the state, and wants no results. */
export const silent = {
  load: () => Promise.reject(new Error('the state is complete')),
  committed: () => {},
  drain: () => {},
};
