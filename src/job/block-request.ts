// Reads the request for a block: checks all of it, and fills in what the engine's options and the chain say.

import type { AccessOracle } from '../access/access-oracle.ts';
import { InputError } from '../base/errors.ts';
import { address as readAddress } from '../base/reader.ts';
import { checkBlobs } from '../block/blobs.ts';
import { readBlock, readBlockHashes } from '../block/block-input.ts';
import { checkSeconds, paysReward, scheduledFork } from '../block/chains.ts';
import { HEADER_CHECKS } from '../block/header-checks.ts';
import type { Chain } from '../chain/chain.ts';
import { knownChain } from '../chain/chains.ts';
import { readHardfork } from '../chain/hardfork.ts';
import { rulesOf } from '../chain/rules.ts';
import { type CheckedOptions, checkBlockRequest, memoryOfRun, readChainOf } from '../config/options.ts';
import { readDescription } from '../state/description.ts';
import type { StateSource } from '../state/state-source.ts';
import type { BlockRequest, VerifyOptions } from '../types.ts';
import type { BlockContext } from './block-encoding.ts';
import type { Limits } from './job.ts';
import { checkSource } from './state-before.ts';

const EVERYTHING: VerifyOptions = Object.fromEntries(HEADER_CHECKS.map((name) => [name, name !== 'hash']));

const unread = () => Promise.reject(new Error('the witness was not read'));

/** Of a witness that nobody has read. */
const UNREAD: StateSource = { load: unread, blockHash: unread };

export interface CheckedBlockRequest {
  readonly context: BlockContext;
  /** Nothing yet, where there is a witness: what it proves takes reading it (witnessed.ts). */
  readonly state: StateSource;
  readonly witness:
    | {
        readonly given: NonNullable<BlockRequest['witness']>;
        /** Whether the hashes of earlier blocks are those that it has. */
        readonly namesHashes: boolean;
      }
    | undefined;
  readonly verify: BlockRequest['verify'];
  readonly expected: BlockRequest['expected'];
  /** Where the request brings one. */
  readonly oracle: AccessOracle | undefined;
  readonly taskTimeoutMs: number | undefined;
  /** Whether spans are recorded. */
  readonly profile: boolean;
  /** Memory of the run. */
  readonly maximumMiB: number;
  readonly limits: Limits;
}

/** @throws InputError naming the field */
export function readBlockRequest(request: BlockRequest, options: CheckedOptions): CheckedBlockRequest {
  checkBlockRequest(request);
  const { expected, witness } = request;
  const chain = readChainOf(request, 'request') ?? options.chain ?? knownChain(1);
  const { hardfork, blobs } = forkOf(request, options, chain);
  const { state: given = options.state } = request;
  if (witness === undefined) checkSource(given, 'request.state');
  else if (request.state !== undefined) throw new InputError('request.witness', 'there is a state already');
  const { maximumTransactionGas } = options;
  const limits = maximumTransactionGas === undefined ? {} : { maximumTransactionGas };
  const block = readBlock(request.block, hardfork, 'block', limits);
  checkSeconds(chain, BigInt(block.timestamp));
  checkBlobs(hardfork, block, blobs);
  // A witness takes nothing from the engine's state.
  const state = witness === undefined ? given! : UNREAD;
  const senders = request.senders ?? (block.transactions.every(({ from }) => from !== undefined) ? 'trust' : 'recover');
  const blockHashes =
    request.blockHashes === undefined
      ? new Map(readDescription(state, 'request.state.description').blockHashes)
      : readBlockHashes(request.blockHashes, 'request.blockHashes');
  const parent = BigInt(block.number) - 1n;
  if (parent >= 0n && !blockHashes.has(parent)) blockHashes.set(parent, block.parentHash);
  const maximumMiB = memoryOfRun(request, options, 'request');
  const memoryBytes = maximumMiB * 2 ** 20;
  const { depositContract: deposits, blockReward = paysReward(chain, hardfork, block) } = request;
  const depositContract =
    deposits === undefined ? chain.depositContract : readAddress(deposits, 'request.depositContract');
  return {
    context: {
      ...{ chainId: chain.id, hardfork, blobs, block, blockHashes, senders, memoryBytes },
      ...{ depositContract, blockReward: Boolean(blockReward) },
      // What is superfluous in a witness is found out by it.
      recordAccess: witness !== undefined || (request.blockAccessList ?? rulesOf(hardfork).hasBlockAccessList),
    },
    state,
    witness: witness && { given: witness, namesHashes: request.blockHashes === undefined },
    verify: witness === undefined ? request.verify : verifiedWith(request),
    expected,
    oracle: request.accessOracle,
    taskTimeoutMs: request.taskTimeoutMs ?? options.taskTimeoutMs,
    profile: request.enableProfiling ?? options.enableProfiling ?? false,
    maximumMiB,
    limits: request,
  };
}

/** A witness is there to verify the block: all of it, unless something else is said. */
function verifiedWith({ verify = true, expected }: BlockRequest): BlockRequest['verify'] {
  if (verify !== true) return verify;
  return { ...EVERYTHING, stateRoot: true, expected: expected !== undefined };
}

/** The fork that is named, else that of the chain's schedule; what the chain says of its blobs holds in either. */
function forkOf(request: BlockRequest, options: CheckedOptions, chain: Chain) {
  const named = request.hardfork ?? options.hardfork;
  if (named === undefined || named === 'auto') return scheduledFork(chain, request.block);
  const hardfork = readHardfork(named, 'request.hardfork');
  return { hardfork, blobs: chain.forks?.find(({ name }) => name === hardfork)?.blobs };
}
