// One block, one transaction after the other, without the engine: the baseline and the oracle for everything else.

import { checkBlobs } from '../../block/blobs.ts';
import { planBlock, stepError } from '../../block/block-plan.ts';
import { assembleBlock, type BlockOutput, decodeOutput, decodeRequests } from '../../block/receipts.ts';
import type { StateDiff } from '../../block/state-diff.ts';
import { rulesOf } from '../../chain/rules.ts';
import type { BlockFile } from '../../file/block-file.ts';
import { SequentialView } from '../../state/sequential-view.ts';
import type { Senders } from './block-options.ts';
import { createExecutor } from './executor.ts';

export interface SequentialResult extends BlockOutput {
  /** After the whole block. */
  stateDiff: StateDiff;
  /** After the last transaction: without withdrawals, requests and rewards. */
  stateDiffOfTransactions: StateDiff;
  /** Per transaction. */
  durationsMs: number[];
  /** From the first step to the last, without set-up and receipts. */
  executionMs: number;
}

/**
 * Runs a block sequentially with the ethereumjs executor over plain maps.
 * @throws InvalidTransactionError, InvalidBlockError for a block that the rules do not allow
 */
export async function runSequential(
  file: Pick<BlockFile, 'chainId' | 'hardfork' | 'block' | 'state' | 'blockHashes'>,
  { senders = 'trust' }: { senders?: Senders } = {},
): Promise<SequentialResult> {
  const { chainId, hardfork, block, state, blockHashes } = file;
  const emptyIsAbsent = rulesOf(hardfork).clearsEmpty;
  checkBlobs(hardfork, block);
  const plan = planBlock(file);
  const executor = await createExecutor({
    chainId,
    hardfork,
    block,
    blockHashes,
    senders,
    storageOnly: state.storageOnly,
  });
  const view = new SequentialView(state);
  const outputs: Uint8Array[] = [];
  const durationsMs: number[] = [];
  let requests: Uint8Array | undefined;
  let executionMs = 0;
  let stateDiffOfTransactions: StateDiff | undefined;

  for (const task of plan.tasks) {
    if (task.payload?.kind === 'post') stateDiffOfTransactions = view.diff(emptyIsAbsent);
    view.index = task.id;
    const start = performance.now();
    const outcome = await executor.execute(task, view);
    const durationMs = performance.now() - start;
    executionMs += durationMs;
    if (outcome.status === 'invalid' || outcome.status === 'failed') throw stepError(plan, task.id, outcome);
    if (task.payload?.kind === 'transaction') {
      outputs.push(outcome.output ?? new Uint8Array(0));
      durationsMs.push(durationMs);
    } else if (task.payload?.kind === 'post') {
      requests = outcome.output;
    }
  }
  const stateDiff = view.diff(emptyIsAbsent);
  return {
    ...assembleBlock({
      hardfork,
      block,
      outputs: outputs.map(decodeOutput),
      requests: requests === undefined ? undefined : decodeRequests(requests),
    }),
    stateDiff,
    stateDiffOfTransactions: stateDiffOfTransactions ?? stateDiff,
    durationsMs,
    executionMs,
  };
}
