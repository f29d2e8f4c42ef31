// Runs plans on the calling thread in the trace build, and lets somebody look at what was committed.

import { eventLoopTurn } from '../base/platform.ts';
import { Tracing } from '../core/evm/tracing.ts';
import { BlockHost } from '../core/host/block-host.ts';
import { createMemory, openCore, wallClock } from '../core/instance/abi.ts';
import { compileTracedCore } from '../core/instance/traced-module.ts';
import { Conductor, type RunHooks, type RunOutcome, type RunPlan } from '../run/conductor.ts';
import { LocalCrew, type LocalMemory } from '../run/local-crew.ts';
import { memoryOf } from '../run/memory.ts';
import type { Work } from '../run/work.ts';
import { equip, loadEquipment } from './modules.ts';

/** What is committed in the memory of a host, and who can run it again. */
export interface TracedBlock {
  readonly host: BlockHost;
  /** Number of the block's first task in the plan. */
  readonly first: number;
  readonly tracing: Tracing;
}

export interface TracedRunRequest {
  readonly plan: RunPlan;
  readonly work: Work;
  readonly hooks: RunHooks;
  /** Called with each part of the plan that was committed in one memory. */
  readonly examine: (block: TracedBlock) => Promise<void>;
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
    const equipment = await loadEquipment(work);
    const { memory, tracing } = await openTracedMemory(this.#pages);
    equip(memory.worker, equipment);
    if (this.#cancelled !== undefined) throw this.#cancelled.reason;
    this.#crew = new LocalCrew(memory, { tasks: [], executor: undefined, pause: eventLoopTurn });
    this.#conductor = new Conductor(plan, this.#crew, {
      ...hooks,
      examine: (host, first) => examine({ host, first, tracing }),
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
