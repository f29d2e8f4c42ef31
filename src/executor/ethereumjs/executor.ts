// The ethereumjs executor: the module that workers load to execute the tasks of a block.
import '../../base/web-types.ts';
import { InputError, messageOf, PevmError } from '../../base/errors.ts';
import type { BlockStep } from '../../block/block-plan.ts';
import type { ExecutionOutcome, Executor, StateView, Task } from '../../task/executor.ts';
import { BlockMachine } from './block-machine.ts';
import type { BlockOptions } from './block-options.ts';

export type { BlockStep } from '../../block/block-plan.ts';
export type { BlockOptions, Senders } from './block-options.ts';

/**
 * Executes the steps that `planBlock` made of a block, with the library's own transaction processing. Outputs are read
 * with `decodeOutput` (transactions) and `decodeRequests` (the step after them).
 */
class EthereumjsExecutor implements Executor<BlockStep> {
  readonly #machine: BlockMachine;

  constructor(machine: BlockMachine) {
    this.#machine = machine;
  }

  async execute(task: Task<BlockStep>, view: StateView): Promise<ExecutionOutcome> {
    try {
      return await this.#run(task, view);
    } catch (error) {
      if (isSuspendSignal(error)) throw error;
      return { status: 'failed', error: reasonOf(error) };
    }
  }

  #run(task: Task<BlockStep>, view: StateView): Promise<ExecutionOutcome> {
    const step = task.payload;
    switch (step?.kind) {
      case 'pre':
        return this.#machine.runPre(view);
      case 'transaction':
        return this.#machine.runTransaction(step.index, view);
      case 'post':
        return this.#machine.runPost(view);
      default:
        throw new InputError(`tasks[${task.id}].payload`, 'not a step of a block');
    }
  }
}

/** Called by every worker once per block. @param options a {@link BlockOptions} */
export async function createExecutor(options: unknown): Promise<Executor<BlockStep>> {
  return new EthereumjsExecutor(await BlockMachine.create(options as BlockOptions));
}

/** By its mark, not its class: the worker's bundle may hold another copy of the class. */
function isSuspendSignal(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'suspend' in error && error.suspend === true;
}

/** Of the library's own errors their kind too: they come through the EVM of another library. */
function reasonOf(error: unknown): string {
  return error instanceof PevmError ? `${error.name}: ${error.shortMessage}` : messageOf(error);
}
