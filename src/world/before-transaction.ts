// The state in the middle of a block: as it was before one of its transactions.

import { InputError } from '../base/errors.ts';
import { senderOf } from '../block/sender.ts';
import type { FieldKind } from '../core/host/kept-state.ts';
import { loadSteps, stepsOf } from '../job/evm-block.ts';
import { Sandbox } from '../simulation/sandbox.ts';
import { environmentAt, type Setting } from '../simulation/setting.ts';
import { accessesBy, type WorldExecution } from './recorded-block.ts';

/**
 * Lets `body` see the state before a transaction of the block that was executed last; afterwards it is as it was.
 * @throws InputError for a block without such a transaction
 */
export async function beforeTransaction<R>(
  setting: Setting,
  execution: WorldExecution,
  index: number,
  body: () => Promise<R>,
): Promise<R> {
  const { job, mark } = execution;
  const { length } = job.context.block.transactions;
  // Of a block without any there is the state in which the first one would begin.
  if (index >= length && index > 0)
    throw new InputError('options.at.transactionIndex', `the block has ${length} transactions`);
  const { residence } = setting.state;
  // While they are in the memory, where calls begin as blocks do.
  const accesses = job.encoding.evm && accessesBy(execution, residence);
  return new Sandbox(setting).asBefore(mark, async () => {
    const held = (kind: FieldKind, address: Uint8Array) => residence.number(kind, address);
    const left = accesses?.recordsBefore(index, residence.blockNumber, held);
    if (left === undefined) return afterRunning(setting, execution, index, body);
    const before = await residence.exchange(left);
    try {
      return await body();
    } finally {
      await residence.exchange(before);
    }
  });
}

/** The same by running those before it, where what they left is not known. */
async function afterRunning<R>(
  setting: Setting,
  { job }: WorldExecution,
  index: number,
  body: () => Promise<R>,
): Promise<R> {
  const { block, chainId, hardfork } = job.context;
  const sandbox = new Sandbox(setting);
  const environment = environmentAt(setting);
  const earlier = block.transactions.slice(0, index).map((transaction) => ({
    ...transaction,
    from: transaction.from ?? senderOf(transaction, chainId),
  }));
  try {
    await loadSteps({ chainId, hardfork, block });
    for (const transaction of [...stepsOf({ chainId, hardfork, block }).before, ...earlier]) {
      await sandbox.run({ environment, transaction, fold: true });
    }
    return await body();
  } finally {
    await sandbox.leave();
  }
}
