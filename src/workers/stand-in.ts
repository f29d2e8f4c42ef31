// The calling thread in a worker's place: where workers are lost faster than they start, a block goes on here.

import { CoreTrapError } from '../base/errors.ts';
import { eventLoopTurn } from '../base/platform.ts';
import { openCore } from '../core/instance/abi.ts';
import { type RoundEnd, runRound } from '../core/worker/worker-loop.ts';
import type { SharedCore } from '../run/memory.ts';
import type { Work } from '../run/work.ts';
import { equip, loadPrecompiles } from './modules.ts';
import type { RoundOrder } from './worker-handle.ts';

/**
 * Runs a round as one more worker of the block, with a turn of the event loop now and then.
 * @throws InputError where the precompiled contracts cannot be imported here, CoreTrapError
 */
export async function standIn(core: SharedCore, work: Work, { workerId, first }: RoundOrder): Promise<RoundEnd> {
  // There is no id for another beginning.
  if (work.precompiles !== undefined) await loadPrecompiles(await work.precompiles());
  const { module, memory, clockBase } = core;
  const instance = await openCore(module, memory, { clockBase, mayWait: false });
  equip(instance);
  try {
    const round = { workerId, first, tasks: work.tasks, executor: undefined, maySleep: false, pause: eventLoopTurn };
    return await runRound(instance, round);
  } catch (error) {
    throw new CoreTrapError('the core broke', { details: String(error), cause: error });
  }
}
