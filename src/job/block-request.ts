// Reads the request for a block: checks all of it, and fills in what the engine's options and the chain say.

import { address as readAddress } from '../base/reader.ts';
import { checkBlobs } from '../block/blobs.ts';
import { readBlock, readBlockHashes } from '../block/block-input.ts';
import { depositContractOf, paysReward, scheduledHardfork } from '../block/chains.ts';
import { readHardfork } from '../chain/hardfork.ts';
import { type CheckedOptions, checkBlockRequest } from '../config/options.ts';
import { readDescription } from '../state/description.ts';
import type { StateSource } from '../state/state-source.ts';
import type { BlockRequest } from '../types.ts';
import type { BlockContext } from './block-encoding.ts';
import type { Limits } from './job.ts';
import { checkSource } from './state-before.ts';

export interface CheckedBlockRequest {
  readonly context: BlockContext;
  readonly state: StateSource;
  readonly verify: BlockRequest['verify'];
  readonly expected: BlockRequest['expected'];
  readonly taskTimeoutMs: number | undefined;
  readonly limits: Limits;
}

/** @throws InputError naming the field */
export function readBlockRequest(request: BlockRequest, options: CheckedOptions): CheckedBlockRequest {
  checkBlockRequest(request);
  const { chainId = options.chainId ?? 1, state = options.state, verify, expected } = request;
  const named = request.hardfork ?? options.hardfork;
  const hardfork =
    named === undefined || named === 'auto'
      ? scheduledHardfork(chainId, request.block)
      : readHardfork(named, 'request.hardfork');
  checkSource(state, 'request.state');
  const { maximumTransactionGas } = options;
  const limits = maximumTransactionGas === undefined ? {} : { maximumTransactionGas };
  const block = readBlock(request.block, hardfork, 'block', limits);
  checkBlobs(hardfork, block);
  const senders = request.senders ?? (block.transactions.every(({ from }) => from !== undefined) ? 'trust' : 'recover');
  const blockHashes =
    request.blockHashes === undefined
      ? new Map(readDescription(state, 'request.state.description').blockHashes)
      : readBlockHashes(request.blockHashes, 'request.blockHashes');
  const parent = BigInt(block.number) - 1n;
  if (parent >= 0n && !blockHashes.has(parent)) blockHashes.set(parent, block.parentHash);
  const memoryBytes = options.maximumMiB * 2 ** 20;
  const { depositContract: given, blockReward = paysReward(chainId, hardfork, block) } = request;
  const depositContract =
    given === undefined ? depositContractOf(chainId) : readAddress(given, 'request.depositContract');
  return {
    context: {
      ...{ chainId, hardfork, block, blockHashes, senders, memoryBytes },
      ...{ depositContract, blockReward: Boolean(blockReward) },
    },
    state,
    verify,
    expected,
    taskTimeoutMs: request.taskTimeoutMs ?? options.taskTimeoutMs,
    limits: request,
  };
}
