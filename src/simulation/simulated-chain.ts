// The blocks of a simulation in their places: numbers, times, forks, and headers as far as they are known before they run.

import { CallRejectedError, InputError } from '../base/errors.ts';
import { type Hex, quantityFromNumber, ZERO_HASH } from '../base/hex.ts';
import { unclesHash } from '../block/block-encoding.ts';
import type { BlockInput } from '../block/block-input.ts';
import { nextBaseFee, nextExcessBlobGas } from '../block/fees.ts';
import type { BlobRules } from '../chain/chain.ts';
import type { Hardfork } from '../chain/hardfork.ts';
import { rulesOf } from '../chain/rules.ts';
import { NO_OVERRIDES } from './overrides.ts';
import { forkAtPlace, type Head } from './setting.ts';
import { LIMIT_EXCEEDED, MOST_BLOCKS, type ReadSimulatedBlock } from './simulate-request.ts';

const NUMBERS_NOT_IN_ORDER = -38020;
const TIMES_NOT_IN_ORDER = -38021;
/** Seconds from block to block, unless something else is said. */
const PERIOD = 12n;
const MOST = (1n << 64n) - 1n;
const NO_NONCE: Hex = '0x0000000000000000';

/** A block of a simulation in its place. */
export interface PlacedBlock extends ReadSimulatedBlock {
  readonly number: bigint;
  /** Seconds. */
  readonly timestamp: bigint;
  readonly hardfork: Hardfork;
  readonly blobs: BlobRules;
}

const NOTHING: ReadSimulatedBlock = {
  overrides: {},
  beaconRoot: undefined,
  withdrawals: undefined,
  state: NO_OVERRIDES,
  calls: [],
};

/** All blocks in order, with empty ones in the gaps. @throws CallRejectedError for numbers or times that do not rise, or too many */
export function placeBlocks(head: Head, blocks: readonly ReadSimulatedBlock[]): PlacedBlock[] {
  const placed: PlacedBlock[] = [];
  const first = BigInt(head.header.number);
  let number = first;
  let timestamp = BigInt(head.header.timestamp);
  const place = (block: ReadSimulatedBlock) => {
    if (timestamp > MOST) throw new CallRejectedError(`block ${number} is later than time goes`, TIMES_NOT_IN_ORDER);
    placed.push({ ...block, number, timestamp, ...forkOf(head, number, timestamp) });
  };
  for (const [at, block] of blocks.entries()) {
    const wanted = block.overrides.number ?? number + 1n;
    if (wanted <= number) {
      throw new CallRejectedError(`block numbers must be in order: ${wanted} <= ${number}`, NUMBERS_NOT_IN_ORDER);
    }
    if (wanted - first > BigInt(MOST_BLOCKS)) throw new CallRejectedError('too many blocks', LIMIT_EXCEEDED);
    while (number + 1n < wanted) {
      number++;
      timestamp += PERIOD;
      place(NOTHING);
    }
    const time = block.overrides.time ?? timestamp + PERIOD;
    if (time <= timestamp) {
      throw new CallRejectedError(`block timestamps must be in order: ${time} <= ${timestamp}`, TIMES_NOT_IN_ORDER);
    }
    number = wanted;
    timestamp = time;
    place(block);
    if (block.withdrawals !== undefined && !rulesOf(placed.at(-1)!.hardfork).hasWithdrawals) {
      throw new InputError(`request.blockStateCalls[${at}].blockOverrides.withdrawals`, 'not known before shanghai');
    }
  }
  return placed;
}

/** Forks follow from the chain's schedule, also those that change nothing but blobs. */
function forkOf(head: Head, number: bigint, timestamp: bigint): { hardfork: Hardfork; blobs: BlobRules } {
  const hardfork = forkAtPlace(head, number, timestamp);
  const scheduled = head.chain.forks?.findLast(({ hardfork: other, since }) => {
    if (other !== hardfork) return false;
    return typeof since !== 'object' || !('time' in since) || timestamp >= since.time;
  });
  const own = hardfork === head.hardfork ? head.blobs : undefined;
  return { hardfork, blobs: scheduled?.blobs ?? own ?? rulesOf(hardfork) };
}

/** A block's header before it has run, with its withdrawals and without transactions. */
export function draftOf(placed: PlacedBlock, parent: BlockInput, parentHash: Hex, validation: boolean): BlockInput {
  const { number, timestamp, hardfork, blobs, overrides, beaconRoot, withdrawals = [] } = placed;
  const rules = rulesOf(hardfork);
  const { feeRecipient, gasLimit, difficulty, prevRandao, baseFeePerGas } = overrides;
  const fee = baseFeePerGas ?? (validation ? nextBaseFee(parent) : 0n);
  const inherited = rules.hasProofOfStake ? 0n : BigInt(parent.difficulty ?? '0x0');
  return {
    parentHash,
    sha3Uncles: unclesHash([]),
    miner: feeRecipient ?? parent.miner,
    difficulty: quantityFromNumber(difficulty ?? inherited),
    number: quantityFromNumber(number),
    gasLimit: quantityFromNumber(gasLimit ?? BigInt(parent.gasLimit)),
    timestamp: quantityFromNumber(timestamp),
    extraData: '0x',
    mixHash: prevRandao ?? ZERO_HASH,
    nonce: NO_NONCE,
    ...(rules.hasBaseFee && { baseFeePerGas: quantityFromNumber(fee) }),
    ...(rules.hasWithdrawals && { withdrawals: [...withdrawals] }),
    ...(blobs.maxBlobs > 0 && { excessBlobGas: quantityFromNumber(nextExcessBlobGas(parent, hardfork, blobs)) }),
    ...(rules.hasBeaconRoot && { parentBeaconBlockRoot: beaconRoot ?? ZERO_HASH }),
    ...(rules.hasSlotNumber && { slotNumber: quantityFromNumber(BigInt(parent.slotNumber ?? '0x0') + 1n) }),
    transactions: [],
    uncles: [],
  };
}
