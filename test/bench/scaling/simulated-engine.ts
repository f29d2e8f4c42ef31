// An engine whose workers are simulated: all options are those of any engine, and so are plans, results and reports.

import { PevmEngine } from '../../../src/engine/engine.ts';
import { Conductor } from '../../../src/run/conductor.ts';
import type { BlockRequest, BlockResult, EngineOptions } from '../../../src/types.ts';
import type { RunControl, Runner, RunRequest } from '../../../src/workers/runner.ts';
import type { RecordedBlock } from './recorded-block.ts';
import { type Costs, NO_COSTS, type Spent, type VirtualCrew, type VirtualWorkers } from './virtual-workers.ts';

/** How a block went. */
export interface Simulated {
  readonly result: BlockResult;
  readonly spent: Spent;
}

export class SimulatedEngine implements AsyncDisposable {
  readonly #engine: PevmEngine;
  readonly #runner: SimulatedRunner;

  private constructor(engine: PevmEngine, runner: SimulatedRunner) {
    this.#engine = engine;
    this.#runner = runner;
  }

  /** `options`: the run parameters, whichever there are; `workers` is how many are simulated. */
  static async create(
    virtual: VirtualWorkers,
    { workers, ...options }: EngineOptions & { readonly workers: number },
    costs: Costs = NO_COSTS,
  ): Promise<SimulatedEngine> {
    const runner = new SimulatedRunner(virtual, workers, costs);
    const engine = await PevmEngine.create({ ...options, workers }, undefined, runner);
    return new SimulatedEngine(engine, runner);
  }

  /** Runs a block that was recorded. @throws Error where the result is another one than that of the recording */
  async run(block: RecordedBlock, more: Partial<BlockRequest> = {}): Promise<Simulated> {
    this.#runner.block = block;
    const result = await this.#engine.executeBlock({ ...block.request, ...more });
    const { receiptsRoot, gasUsed } = block.result;
    if (result.receiptsRoot !== receiptsRoot || result.gasUsed !== gasUsed) {
      throw new Error(`the simulation came to receipts ${result.receiptsRoot}, not ${receiptsRoot}`);
    }
    return { result, spent: this.#runner.crew!.spent! };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#engine.dispose();
  }
}

class SimulatedRunner implements Runner {
  readonly threading = 'shared';
  readonly workers: number;
  readonly #virtual: VirtualWorkers;
  readonly #costs: Costs;
  block: RecordedBlock | undefined;
  crew: VirtualCrew | undefined;

  constructor(virtual: VirtualWorkers, workers: number, costs: Costs) {
    this.#virtual = virtual;
    this.workers = workers;
    this.#costs = costs;
  }

  async warmUp(): Promise<void> {}
  prepare(): void {}
  terminateWorker(): void {}
  dispose(): void {}

  start({ plan, hooks }: RunRequest): RunControl {
    const { block } = this;
    if (block?.tasks.length !== plan.count) throw new Error('the block is not the one that was recorded');
    // As many as the engine gives to the block.
    const workers = Math.min(this.workers, plan.workers ?? this.workers);
    this.crew = this.#virtual.crew(block, workers, this.#costs);
    const conductor = new Conductor(plan, this.crew, hooks);
    return {
      outcome: conductor.run(),
      workersLost: () => 0,
      committed: () => conductor.committed(),
      cancel: (reason) => conductor.cancel(reason),
      flush: () => {},
      addDependency: (lower, higher) => conductor.addDependency(lower, higher),
    };
  }
}
