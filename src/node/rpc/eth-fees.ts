// eth_*: what gas and blobs cost, and have cost.

import { InputError } from '../../base/errors.ts';
import { quantityFromNumber } from '../../base/hex.ts';
import { describe, list } from '../../base/reader.ts';
import { blobBaseFee } from '../../block/blobs.ts';
import { FIRST_BASE_FEE, nextBaseFee, nextExcessBlobGas } from '../../block/fees.ts';
import { forkAt } from '../../chain/chain.ts';
import { rulesOf } from '../../chain/rules.ts';
import { blockAt, findNumber } from '../block-name.ts';
import type { ChainNode } from '../chain-node.ts';
import type { ChainBlock } from '../chain-store.ts';
import { tipOf } from '../pool.ts';
import type { RecordedChain } from '../recorded-chain.ts';
import type { Methods } from './method.ts';
import { looseNumberOf, type Params, refusal } from './parameters.ts';

/** What is suggested where nothing else is known: in wei per gas. */
export const SUGGESTED_TIP = 10n ** 9n;
/** Blocks of one answer, as in geth. */
const MAXIMUM_BLOCKS = 1024n;
const MAXIMUM_PERCENTILES = 100;
const MAXIMUM_COUNT = (1n << 64n) - 1n;

export const ETH_FEES: Methods = {
  eth_gasPrice: {
    params: [],
    run: ({ record }) => quantityFromNumber((baseFeeAfter(record, record.head) ?? 0n) + SUGGESTED_TIP),
  },
  eth_baseFee: {
    params: [],
    run({ record }) {
      const fee = baseFeeAfter(record, record.head);
      return fee === undefined ? null : quantityFromNumber(fee);
    },
  },
  eth_maxPriorityFeePerGas: { params: [], run: () => quantityFromNumber(SUGGESTED_TIP) },
  eth_blobBaseFee: { params: [], run: ({ record }) => quantityFromNumber(blobFeeAfter(record.head)) },
  eth_feeHistory: { params: ['blocks', 'newest', 'percentiles'], run: feeHistory },
};

/** Of the next block; `undefined` where its fork has none. */
function baseFeeAfter({ chain }: RecordedChain, { hardfork, number, block }: ChainBlock): bigint | undefined {
  if (rulesOf(hardfork).hasBaseFee) return nextBaseFee(block);
  const place = {
    number: number + 1n,
    timestamp: BigInt(block.timestamp),
    difficulty: BigInt(block.difficulty ?? '0x0'),
  };
  return rulesOf(forkAt(chain, place).hardfork).hasBaseFee ? FIRST_BASE_FEE : undefined;
}

/** Of the next block, if it follows the same fork. */
function blobFeeAfter({ hardfork, blobs, block }: ChainBlock): bigint {
  if (blobs.maxBlobs === 0) return 0n;
  const excess = nextExcessBlobGas(block, hardfork, blobs);
  return blobBaseFee(hardfork, quantityFromNumber(excess), blobs);
}

function feeHistory({ record }: ChainNode, params: Params) {
  const wanted = looseNumberOf(params[0] === '' ? 0 : params[0], 'params[0]', MAXIMUM_COUNT);
  const found = findNumber(record.store, params[1], 'params[1]');
  const percentiles = list(percentile, MAXIMUM_PERCENTILES)(params[2], 'params[2]');
  if (wanted === 0n) return { oldestBlock: '0x0', gasUsedRatio: null };
  percentiles.forEach((value, i) => {
    if (!(value >= 0 && value <= 100)) throw refusal(`params[2][${i}]`, `expected 0 to 100, got ${value}`);
    if (i > 0 && value <= percentiles[i - 1]!) throw refusal(`params[2][${i}]`, 'not above the one before it');
  });
  const newest = found ?? blockAt(record.store, params[1], 'params[1]');
  const available = newest.number - record.store.first.number + 1n;
  const count = [wanted, available, MAXIMUM_BLOCKS].reduce((left, right) => (left < right ? left : right));
  const blocks = Array.from(
    { length: Number(count) },
    (_, i) => record.store.byNumber(newest.number - count + 1n + BigInt(i))!,
  );
  return {
    oldestBlock: quantityFromNumber(blocks[0]!.number),
    ...(percentiles.length > 0 && { reward: blocks.map((at) => rewards(at, percentiles)) }),
    baseFeePerGas: [
      ...blocks.map(({ block }) => block.baseFeePerGas ?? '0x0'),
      quantityFromNumber(baseFeeAfter(record, newest) ?? 0n),
    ],
    gasUsedRatio: blocks.map(({ block }) => ratio(BigInt(block.gasUsed ?? '0x0'), BigInt(block.gasLimit))),
    baseFeePerBlobGas: [
      ...blocks.map(({ hardfork, blobs, block }) =>
        quantityFromNumber(blobBaseFee(hardfork, block.excessBlobGas, blobs)),
      ),
      quantityFromNumber(blobFeeAfter(newest)),
    ],
    blobGasUsedRatio: blocks.map(({ hardfork, blobs, block }) =>
      ratio(BigInt(block.blobGasUsed ?? '0x0'), BigInt(blobs.maxBlobs * rulesOf(hardfork).blobGas)),
    ),
  };
}

function percentile(value: unknown, field: string): number {
  if (typeof value !== 'number') throw new InputError(field, `expected a percentile, got ${describe(value)}`);
  return value;
}

function ratio(part: bigint, whole: bigint): number {
  return whole === 0n ? 0 : Number(part) / Number(whole);
}

/** Tips at the percentiles of a block's gas. */
function rewards({ block, receipts }: ChainBlock, percentiles: readonly number[]): string[] {
  const baseFee = BigInt(block.baseFeePerGas ?? '0x0');
  const paid = block.transactions
    .map((transaction, i) => ({ tip: tipOf(transaction, baseFee), gas: Number(receipts[i]!.gasUsed) }))
    .sort((left, right) => (left.tip < right.tip ? -1 : left.tip > right.tip ? 1 : 0));
  const total = Number(block.gasUsed ?? '0x0');
  return percentiles.map((share) => {
    let sum = 0;
    for (const { tip, gas } of paid) {
      sum += gas;
      if (sum >= (total * share) / 100) return quantityFromNumber(tip);
    }
    return quantityFromNumber(paid.at(-1)?.tip ?? 0n);
  });
}
