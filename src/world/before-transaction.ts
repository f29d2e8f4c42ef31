// The state in the middle of a block: as it was before one of its transactions.

import { InputError } from '../base/errors.ts';
import { senderOf } from '../block/sender.ts';
import { stepsOf } from '../job/evm-block.ts';
import { Sandbox } from '../simulation/sandbox.ts';
import { environmentAt, type Setting } from '../simulation/setting.ts';
import type { WorldExecution } from './what-if-job.ts';

/**
 * Lets `body` see the state before a transaction of the block that was executed last; afterwards it is as it was.
 * @throws InputError for a block without such a transaction
 */
export async function beforeTransaction<R>(
  setting: Setting,
  { job, mark }: WorldExecution,
  index: number,
  body: () => Promise<R>,
): Promise<R> {
  const { block, chainId, hardfork } = job.context;
  const { length } = block.transactions;
  if (index >= length) throw new InputError('options.at.transactionIndex', `the block has ${length} transactions`);
  const start = new Sandbox(setting);
  return start.asBefore(mark, async () => {
    const sandbox = new Sandbox(setting);
    const environment = environmentAt(setting);
    const earlier = block.transactions.slice(0, index).map((transaction) => ({
      ...transaction,
      from: transaction.from ?? senderOf(transaction, chainId),
    }));
    try {
      for (const transaction of [...stepsOf({ chainId, hardfork, block }).before, ...earlier]) {
        await sandbox.run({ environment, transaction, fold: true });
      }
      return await body();
    } finally {
      await sandbox.leave();
    }
  });
}
