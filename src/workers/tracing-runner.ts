// Runs plans on the calling thread in the trace build, and lets somebody look at what was committed.

import { MemoryLimitError } from '../base/errors.ts';
import { eventLoopTurn } from '../base/platform.ts';
import { Tracing } from '../core/evm/tracing.ts';
import { BlockHost } from '../core/host/block-host.ts';
import { createMemory, openCore, wallClock } from '../core/instance/abi.ts';
import { compileTracedCore } from '../core/instance/traced-module.ts';
import { Conductor } from '../run/conductor.ts';
import { LocalCrew, type LocalMemory } from '../run/local-crew.ts';
import { memoryOf, type SharedCore } from '../run/memory.ts';
import type { RunHooks } from '../run/run-hooks.ts';
import type { RunOutcome } from '../run/run-outcome.ts';
import type { RunPlan } from '../run/run-plan.ts';
import type { PrecompileSource, Work } from '../run/work.ts';
import { equip, equipFrom } from './modules.ts';
import type { Examiner } from './runner.ts';

export interface TracedRunRequest {
  readonly plan: RunPlan;
  readonly work: Work;
  readonly hooks: RunHooks;
  readonly examine: Examiner['examine'];
}

/** One run in a memory of its own. */
export class TracedRun {
  readonly #pages: number;
  #conductor: Conductor | undefined;
  #crew: LocalCrew | undefined;
  #cancelled: { readonly reason: unknown } | undefined;

  constructor(pages: number) {
    this.#pages = pages;
  }

  /** @throws MemoryLimitError where the platform refuses the memory */
  async run({ plan, work, hooks, examine }: TracedRunRequest): Promise<RunOutcome> {
    const { memory, tracing } = await openTracedMemory(this.#pages);
    equip(memory.worker);
    if (this.#cancelled !== undefined) throw this.#cancelled.reason;
    this.#crew = new LocalCrew(memory, {
      ...{ tasks: [], executor: undefined, pause: eventLoopTurn },
      ...(work.precompiles && { loadPrecompiles: () => equipFrom(memory.worker, work.precompiles!) }),
    });
    this.#conductor = new Conductor(plan, this.#crew, {
      ...hooks,
      examine: (host, first) => examine({ host, first, tracing: async () => tracing, workers: [] }),
    });
    return this.#conductor.run();
  }

  cancel(reason: unknown): void {
    this.#cancelled ??= { reason };
    this.#conductor?.cancel(reason);
    this.#crew?.abandon();
  }
}

async function openTracedMemory(pages: number): Promise<{ memory: LocalMemory; tracing: Tracing }> {
  const module = await compileTracedCore();
  const memory = memoryOf(pages, createMemory);
  const tracing = new Tracing(memory);
  const options = { clockBase: wallClock(), mayWait: false };
  const host = new BlockHost(await openCore(module, memory, options), 1);
  const worker = await openCore(module, memory, { ...options, trace: tracing.trace });
  tracing.connect(worker);
  return { memory: { host, worker }, tracing };
}

/** The trace build on this thread, as another worker of the block in a memory. */
export async function openTracing(
  module: WebAssembly.Module,
  { memory, clockBase }: Pick<SharedCore, 'memory' | 'clockBase'>,
  precompiles: PrecompileSource | undefined,
  workerId: number,
): Promise<Tracing> {
  const tracing = new Tracing(memory);
  const instance = await openCore(module, memory, { clockBase, mayWait: false, trace: tracing.trace });
  // Called by what is traced, if by anything: who ran it has needed them.
  if (precompiles !== undefined) await equipFrom(instance, precompiles);
  tracing.connect(instance);
  if (!instance.core.join(workerId)) throw new MemoryLimitError('the memory has no room for one more worker');
  return tracing;
}
