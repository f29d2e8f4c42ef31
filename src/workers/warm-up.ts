// Runs the core's EVM in a memory of its own until it is fast: see core/warm-up-block.ts.

import { eventLoopTurn } from '../base/platform.ts';
import { warmUpBlock } from '../core/host/warm-up-block.ts';
import { Conductor, type RunPlan } from '../run/conductor.ts';
import { LocalCrew, openLocalMemory } from '../run/local-crew.ts';

/** 16 MiB. */
const PAGES = 256;
/** When to stop even if it gets faster still. */
const LIMIT_MS = 300;
/** As many blocks in a row that are not faster than those before: the compiler is done. */
const STEADY = 24;
const FASTER = 0.9;

/** Compiled code belongs to the module: one thread warms it up for all. */
export async function warmUp(module: WebAssembly.Module): Promise<void> {
  const { environment, transactions, image } = warmUpBlock();
  const count = transactions.costs.length;
  const plan: RunPlan = {
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
  const memory = await openLocalMemory(module, PAGES);
  const start = performance.now();
  let best = Number.POSITIVE_INFINITY;
  let steady = 0;
  while (steady < STEADY && performance.now() - start < LIMIT_MS) {
    const crew = new LocalCrew(memory, { tasks: [], executor: undefined, pause: eventLoopTurn });
    const { executionMs } = await new Conductor(plan, crew, silent).run();
    steady = executionMs < best * FASTER ? 0 : steady + 1;
    best = Math.min(best, executionMs);
    // The compiler works on threads of its own.
    await eventLoopTurn();
  }
}

const silent = {
  load: () => Promise.reject(new Error('the state is complete')),
  committed: () => {},
  drain: () => {},
};
