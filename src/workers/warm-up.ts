// Runs the core's EVM in a memory of its own until it is fast: see core/warm-up-block.ts.

import { eventLoopTurn } from '../base/platform.ts';
import { warmUpBlock } from '../core/host/warm-up-block.ts';
import { Conductor } from '../run/conductor.ts';
import { LocalCrew, openLocalMemory } from '../run/local-crew.ts';
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

/** Compiled code belongs to the module: one thread warms it up for all. */
export async function warmUp(module: WebAssembly.Module): Promise<void> {
  const start = performance.now();
  let best = Number.POSITIVE_INFINITY;
  let steady = 0;
  await repeat(module, (executionMs) => {
    steady = executionMs < best * FASTER ? 0 : steady + 1;
    best = Math.min(best, executionMs);
    return steady < STEADY && performance.now() - start < LIMIT_MS;
  });
}

/** Lets this thread do what a round takes, where the module is warm already. */
export async function rehearse(module: WebAssembly.Module): Promise<void> {
  let left = REHEARSALS;
  await repeat(module, () => --left > 0);
}

/** Runs the block in a memory of its own for as long as `goOn` says, which hears how long it took. */
async function repeat(module: WebAssembly.Module, goOn: (executionMs: number) => boolean): Promise<void> {
  const plan = planOfBlock();
  const memory = await openLocalMemory(module, PAGES);
  while (true) {
    const crew = new LocalCrew(memory, { tasks: [], executor: undefined, pause: eventLoopTurn });
    const { executionMs } = await new Conductor(plan, crew, silent).run();
    if (!goOn(executionMs)) return;
    // The compiler works on threads of its own.
    await eventLoopTurn();
  }
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

const silent = {
  load: () => Promise.reject(new Error('the state is complete')),
  committed: () => {},
  drain: () => {},
};
