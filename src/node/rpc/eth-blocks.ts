// eth_*: blocks, their transactions and receipts.

import { hexFromBytes, quantityFromNumber } from '../../base/hex.ts';
import { encodeBlock, encodeTransaction } from '../../block/block-encoding.ts';
import type { BlockInput } from '../../block/block-input.ts';
import { findBlock, findNumber } from '../block-name.ts';
import type { ChainNode } from '../chain-node.ts';
import type { ChainBlock } from '../chain-store.ts';
import { blockAnswer, minedAnswer, receiptAnswer, transactionAnswer } from './answers.ts';
import type { Method, Methods } from './method.ts';
import { booleanOf, hashOf, type Params, quantityOf } from './parameters.ts';

const byHash = (node: ChainNode, params: Params) => node.record.store.byHash(hashOf(params[0], 'params[0]'));
const byNumber = (node: ChainNode, params: Params) => findNumber(node.record.store, params[0], 'params[0]');
const byName = (node: ChainNode, params: Params) => findBlock(node.record.store, params[0], 'params[0]');

/** A method about a block, with `rest` of its parameters read; where there is no such block, the answer is `missing`. */
function onBlock<Rest>(
  params: readonly string[],
  find: (node: ChainNode, params: Params) => ChainBlock | undefined,
  answer: (node: ChainNode, at: ChainBlock, rest: Rest) => unknown,
  rest: (params: Params) => Rest = () => undefined as Rest,
  missing: unknown = null,
): Method {
  return {
    params,
    run(node, given) {
      const at = find(node, given);
      const read = rest(given);
      return at === undefined ? missing : answer(node, at, read);
    },
  };
}

const NO_BYTES = '0x';
const indexIn = (params: Params) => Number(quantityOf(params[1], 'params[1]'));
const isFull = (params: Params) => booleanOf(params[1], 'params[1]');

const whole = (node: ChainNode, at: ChainBlock, full: boolean) => blockAnswer(node.record, at, full);
const count = (_: ChainNode, { block }: ChainBlock) => quantityFromNumber(block.transactions.length);
const uncleCount = (_: ChainNode, { block }: ChainBlock) => quantityFromNumber(block.uncles?.length ?? 0);
const rawAt = (node: ChainNode, at: ChainBlock, index: number) => {
  const transaction = at.block.transactions[index];
  return transaction === undefined ? NO_BYTES : hexFromBytes(encodeTransaction(transaction, node.record.chain.id)!);
};
const transactionAt = (node: ChainNode, at: ChainBlock, index: number) =>
  at.block.transactions[index] === undefined ? null : minedAnswer(node.record, { at, index });
const uncleAt = (_: ChainNode, { block }: ChainBlock, index: number) => {
  const header = block.uncleHeaders?.[index];
  if (header === undefined) return null;
  const hash = block.uncles?.[index];
  const size = encodeBlock({ ...header, hash, transactions: [], uncles: [] } as BlockInput, 0)?.length ?? 0;
  return { ...header, hash, uncles: [], size: quantityFromNumber(size) };
};
const receipts = (node: ChainNode, at: ChainBlock) =>
  at.block.transactions.map((_, index) => receiptAnswer(node.record, { at, index }));

export const ETH_BLOCKS: Methods = {
  eth_blockNumber: { params: [], run: ({ record }) => quantityFromNumber(record.head.number) },
  eth_getBlockByNumber: onBlock(['block', 'full'], byNumber, whole, isFull),
  eth_getBlockByHash: onBlock(['hash', 'full'], byHash, whole, isFull),
  eth_getHeaderByNumber: onBlock(['block'], byNumber, (node, at) => headerOf(blockAnswer(node.record, at, false))),
  eth_getHeaderByHash: onBlock(['hash'], byHash, (node, at) => headerOf(blockAnswer(node.record, at, false))),
  eth_getBlockTransactionCountByNumber: onBlock(['block'], byNumber, count),
  eth_getBlockTransactionCountByHash: onBlock(['hash'], byHash, count),
  eth_getUncleCountByBlockNumber: onBlock(['block'], byNumber, uncleCount),
  eth_getUncleCountByBlockHash: onBlock(['hash'], byHash, uncleCount),
  eth_getUncleByBlockNumberAndIndex: onBlock(['block', 'index'], byNumber, uncleAt, indexIn),
  eth_getUncleByBlockHashAndIndex: onBlock(['hash', 'index'], byHash, uncleAt, indexIn),
  eth_getTransactionByBlockNumberAndIndex: onBlock(['block', 'index'], byNumber, transactionAt, indexIn),
  eth_getTransactionByBlockHashAndIndex: onBlock(['hash', 'index'], byHash, transactionAt, indexIn),
  eth_getRawTransactionByBlockNumberAndIndex: onBlock(['block', 'index'], byNumber, rawAt, indexIn, NO_BYTES),
  eth_getRawTransactionByBlockHashAndIndex: onBlock(['hash', 'index'], byHash, rawAt, indexIn, NO_BYTES),
  eth_getBlockReceipts: onBlock(['block'], byName, receipts),
  eth_getTransactionByHash: {
    params: ['hash'],
    run({ record, pool }, params) {
      const hash = hashOf(params[0], 'params[0]');
      const place = record.store.transaction(hash);
      if (place !== undefined) return minedAnswer(record, place);
      const waiting = pool.byHash(hash);
      return waiting === undefined ? null : transactionAnswer(waiting.transaction, waiting.from, record.chain.id);
    },
  },
  eth_getTransactionReceipt: {
    params: ['hash'],
    run({ record }, params) {
      const place = record.store.transaction(hashOf(params[0], 'params[0]'));
      return place === undefined ? null : receiptAnswer(record, place);
    },
  },
};

/** A header of JSON-RPC is a block without its lists. */
function headerOf({ transactions: _, uncles: __, withdrawals: ___, size: ____, ...header }: Record<string, unknown>) {
  return header;
}
