// Warming up on this thread, in a memory of its own: where there are no workers, or one alone.

import { eventLoopTurn } from '../base/platform.ts';
import { Conductor } from '../run/conductor.ts';
import { LocalCrew, type LocalMemory, openLocalMemory } from '../run/local-crew.ts';
import type { RunPlan } from '../run/run-plan.ts';
import { Patience, planOfBlock, silent, warmUpBy } from './warm-up.ts';

/** 16 MiB. */
const PAGES = 256;
/** What the core has of fast code belongs to the module, the JavaScript around it to the thread: that takes less. */
const REHEARSALS = 4;

/** The same on this thread, in a memory of its own. */
export async function warmUp(
  module: WebAssembly.Module,
  patience: () => number = () => Patience.UNHURRIED,
): Promise<void> {
  const memory = await openLocalMemory(module, PAGES);
  await warmUpBy((plan) => runIn(memory, plan), patience);
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
