// Runs the core's EVM in a memory of its own until it is fast: see core/warm-up-block.ts.

import { eventLoopTurn } from '../base/platform.ts';
import { warmUpBlock } from '../core/host/warm-up-block.ts';
import { Conductor } from '../run/conductor.ts';
import { LocalCrew, type LocalMemory, openLocalMemory } from '../run/local-crew.ts';
import type { RunPlan } from '../run/run-plan.ts';

/** 16 MiB. */
const PAGES = 256;
/** When to stop even if it gets faster still. */
const LIMIT_MS = 300;
/** As many blocks in a row that are not faster than those before: the compiler is done. */
const STEADY = 24;
const FASTER = 0.9;

/** What the core has of fast code belongs to the module, the JavaScript around it to the thread: that takes less. */
const REHEARSALS = 4;

/** A run of the block: how long it took. */
type RunBlock = (plan: RunPlan) => Promise<number>;

/** Runs the block until it gets no faster, or nobody wants that any more. Compiled code belongs to the module: one thread warms it up for all. */
export async function warmUpBy(run: RunBlock, isWanted: () => boolean): Promise<void> {
  const start = performance.now();
  const plan = planOfBlock();
  let best = Number.POSITIVE_INFINITY;
  let steady = 0;
  while (isWanted() && steady < STEADY && performance.now() - start < LIMIT_MS) {
    const executionMs = await run(plan);
    steady = executionMs < best * FASTER ? 0 : steady + 1;
    best = Math.min(best, executionMs);
    // The compiler works on threads of its own.
    await eventLoopTurn();
  }
}

/** The same on this thread, in a memory of its own. */
export async function warmUp(module: WebAssembly.Module, isWanted: () => boolean = () => true): Promise<void> {
  const memory = await openLocalMemory(module, PAGES);
  await warmUpBy((plan) => runIn(memory, plan), isWanted);
}

/** Lets this thread do what a round takes, where the module is warm already. */
export async function rehearse(module: WebAssembly.Module): Promise<void> {
  const plan = planOfBlock();
  const memory = await openLocalMemory(module, PAGES);
  for (let left = REHEARSALS; left > 0; left--) {
    await runIn(memory, plan);
    await eventLoopTurn();
  }
}

async function runIn(memory: LocalMemory, plan: RunPlan): Promise<number> {
  const crew = new LocalCrew(memory, { tasks: [], executor: undefined, pause: eventLoopTurn });
  const { executionMs } = await new Conductor(plan, crew, silent).run();
  return executionMs;
}

function planOfBlock(): RunPlan {
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
