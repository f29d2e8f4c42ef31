// A block as an ordered list of tasks: what comes before the transactions, each transaction, what comes after.

import { InvalidBlockError, InvalidTransactionError, type PevmError } from '../base/errors.ts';
import { isDaoBlock } from '../chain/dao.ts';
import type { Hardfork } from '../chain/hardfork.ts';
import { rulesOf } from '../chain/rules.ts';
import type { ExecutionOutcome, Task } from '../task/executor.ts';
import type { BlockInput } from './block-input.ts';

/** What one task of a block does. */
export type BlockStep =
  /** System calls before the transactions (EIP-4788, EIP-2935), or the DAO's state change. */
  | { kind: 'pre' }
  | { kind: 'transaction'; index: number }
  /** Withdrawals, withdrawal and consolidation requests (EIP-7002, EIP-7251), or proof-of-work rewards. */
  | { kind: 'post' };

export interface BlockPlan {
  /** In order; ids are dense from 0. */
  readonly tasks: readonly Task<BlockStep>[];
  /** Id of the task of transaction 0: that of transaction `i` is `firstTransaction + i`. */
  readonly firstTransaction: number;
  readonly transactionCount: number;
  /** Id of the `post` task, where there is one. */
  readonly post: number | undefined;
}

/**
 * Plans a checked block. Transactions of one sender depend on each other in order: a hint, as all dependencies.
 * @param options.post whether to plan what follows the transactions; default true
 */
export function planBlock(
  {
    chainId,
    hardfork,
    block,
    blockReward,
  }: { chainId: number; hardfork: Hardfork; block: BlockInput; blockReward?: boolean },
  options: { post?: boolean } = {},
): BlockPlan {
  const tasks: Task<BlockStep>[] = [];
  if (rulesOf(hardfork).hasBeaconRoot || isDaoBlock(chainId, hardfork, BigInt(block.number))) {
    tasks.push({ id: 0, payload: { kind: 'pre' } });
  }
  const firstTransaction = tasks.length;
  const lastOf = new Map<string, number>();
  block.transactions.forEach(({ from, gas }, index) => {
    const id = firstTransaction + index;
    const previous = from === undefined ? undefined : lastOf.get(from);
    if (from !== undefined) lastOf.set(from, id);
    tasks.push({
      id,
      payload: { kind: 'transaction', index },
      estimatedGas: BigInt(gas),
      ...(from === undefined ? {} : { sender: from }),
      ...(previous === undefined ? {} : { dependencies: [previous] }),
    });
  });
  const post = options.post !== false && hasPostStep(hardfork, block, blockReward) ? tasks.length : undefined;
  if (post !== undefined) tasks.push({ id: post, payload: { kind: 'post' } });
  return { tasks, firstTransaction, transactionCount: block.transactions.length, post };
}

/** Whether anything follows the transactions. Rewards of a block with uncles need the uncles' headers; without them the step is left out. */
export function hasPostStep(hardfork: Hardfork, block: BlockInput, blockReward = true): boolean {
  const { hasRequests, hasProofOfStake } = rulesOf(hardfork);
  if (hasRequests) return true;
  if (hasProofOfStake) return (block.withdrawals?.length ?? 0) > 0;
  return blockReward && lacksNoUncle(block);
}

/** Of no uncles: keccak256 of the empty list. */
const NO_UNCLES_HASH = '0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347';

/** Whether the headers of all uncles are there. A block without a list of them may still say that it has some. */
export function lacksNoUncle({ uncles, uncleHeaders, sha3Uncles = NO_UNCLES_HASH }: BlockInput): boolean {
  return uncleHeaders !== undefined || (uncles === undefined ? sha3Uncles === NO_UNCLES_HASH : uncles.length === 0);
}

/** The error that a block ends with when one of its tasks came out `invalid` or `failed`. */
export function stepError(
  plan: Pick<BlockPlan, 'firstTransaction' | 'transactionCount'>,
  task: number,
  outcome: ExecutionOutcome,
): PevmError {
  const reason = outcome.error ?? outcome.status;
  const index = task - plan.firstTransaction;
  if (index >= 0 && index < plan.transactionCount) {
    return new InvalidTransactionError(index, outcome.status === 'failed' ? `execution broke off: ${reason}` : reason);
  }
  return new InvalidBlockError(`${index < 0 ? 'before' : 'after'} the transactions: ${reason}`);
}
