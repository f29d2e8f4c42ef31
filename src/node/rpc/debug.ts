// debug_*: blocks, transactions and receipts in their encoding, and traces of what has happened.

import { InputError, PevmError } from '../../base/errors.ts';
import { bytesFromHex, hexFromBytes } from '../../base/hex.ts';
import { bytes as bytesReader, plainObject } from '../../base/reader.ts';
import { encodeBlock, encodeHeader, encodeTransaction } from '../../block/block-encoding.ts';
import { parseBlockHeaderRlp, parseBlockRlp } from '../../block/block-rlp.ts';
import { receiptBytes } from '../../block/receipts.ts';
import { forkAt } from '../../chain/chain.ts';
import type { TracerChoice } from '../../trace/tracers.ts';
import { blockOf } from '../block-name.ts';
import type { Call } from '../call.ts';
import type { ChainNode } from '../chain-node.ts';
import type { ChainBlock } from '../chain-store.ts';
import type { RecordedRequest } from '../recorded-chain.ts';
import { witnessOf } from './execution-witness.ts';
import type { Methods } from './method.ts';
import { hashOf, type Params, SERVER_ERROR } from './parameters.ts';

const readBytes = bytesReader();

export const DEBUG: Methods = {
  debug_getRawHeader: {
    params: ['block'],
    run: ({ record }, params) => encoded(encodeHeader(blockOf(record.store, params[0], 'params[0]').block)),
  },
  debug_getRawBlock: {
    params: ['block'],
    run: ({ record }, params) =>
      encoded(encodeBlock(blockOf(record.store, params[0], 'params[0]').block, record.chain.id)),
  },
  debug_getRawReceipts: {
    params: ['block'],
    run: ({ record }, params) =>
      blockOf(record.store, params[0], 'params[0]').receipts.map((receipt) => hexFromBytes(receiptBytes(receipt))),
  },
  debug_getRawTransaction: { params: ['hash'], run: rawTransaction },
  eth_getRawTransactionByHash: { params: ['hash'], run: rawTransaction },
  debug_executionWitness: {
    params: ['block'],
    run: (node, params, call) => witnessOf(node, blockOf(node.record.store, params[0], 'params[0]'), call),
  },
  debug_executionWitnessByBlockHash: {
    params: ['hash'],
    run(node, params, call) {
      return witnessOf(node, blockOf(node.record.store, hashOf(params[0], 'params[0]'), 'params[0]'), call);
    },
  },
  debug_traceBlockByNumber: {
    params: ['block', 'options?'],
    run: (node, params, call) => traceBlock(node, blockOf(node.record.store, params[0], 'params[0]'), params[1], call),
  },
  debug_traceBlockByHash: {
    params: ['hash', 'options?'],
    run(node, params, call) {
      const hash = hashOf(params[0], 'params[0]');
      return traceBlock(node, blockOf(node.record.store, hash, 'params[0]'), params[1], call);
    },
  },
  debug_traceBlock: { params: ['block', 'options?'], run: traceEncoded },
  debug_traceTransaction: { params: ['hash', 'options?'], run: traceTransaction },
};

function encoded(bytes: Uint8Array | undefined): string {
  if (bytes === undefined) throw new PevmError(SERVER_ERROR, 'of this block not all is known that its encoding holds');
  return hexFromBytes(bytes);
}

function rawTransaction({ record, pool }: ChainNode, params: Params): unknown {
  const hash = hashOf(params[0], 'params[0]');
  const place = record.store.transaction(hash);
  const transaction = place?.at.block.transactions[place.index] ?? pool.byHash(hash)?.transaction;
  return transaction === undefined ? null : encoded(encodeTransaction(transaction, record.chain.id));
}

async function traceBlock(node: ChainNode, at: ChainBlock, options: unknown, call: Call) {
  const tracer = tracerOf(options, 'params[1]');
  return tracesOf(node, node.record.requestFor(at), tracer, call);
}

async function tracesOf(node: ChainNode, block: RecordedRequest, tracer: TracerChoice, call: Call) {
  if (block.block.transactions.length === 0) return [];
  const traces = await node.trace(block, tracer, call);
  return traces.map(({ hash, result }) => ({ txHash: hash, result }));
}

/** Any block on a parent that is here, whether or not it is part of the chain. */
async function traceEncoded(node: ChainNode, params: Params, call: Call) {
  const { record } = node;
  const bytes = bytesFromHex(readBytes(params[0], 'params[0]'));
  const tracer = tracerOf(params[1], 'params[1]');
  const { parentHash, number, timestamp, difficulty = '0x0' } = parseBlockHeaderRlp(bytes);
  const parent = record.store.byHash(parentHash);
  if (parent === undefined) throw new PevmError(SERVER_ERROR, `parent ${parentHash} not found`);
  if (BigInt(number) !== parent.number + 1n) {
    throw new InputError('params[0]', `block ${BigInt(number)} does not follow block ${parent.number}`);
  }
  const place = { number: BigInt(number), timestamp: BigInt(timestamp), difficulty: BigInt(difficulty) };
  const { hardfork } = forkAt(record.chain, place);
  const block = parseBlockRlp(bytes, hardfork);
  return tracesOf(node, record.requestFor({ block, hardfork }, parent), tracer, call);
}

async function traceTransaction(node: ChainNode, params: Params, call: Call) {
  const hash = hashOf(params[0], 'params[0]');
  const tracer = tracerOf(params[1], 'params[1]');
  const place = node.record.store.transaction(hash);
  if (place === undefined) throw new PevmError(SERVER_ERROR, `there is no transaction ${hash}`);
  return node.traceTransaction(place, tracer, call);
}

/** What geth allows beside a tracer's name and its own options, and what has no meaning here. */
const BESIDE = ['timeout', 'reexec'];
/** Options of struct logs, which stand beside the (missing) tracer's name. */
const STRUCT_LOG = ['enableMemory', 'disableStack', 'disableStorage', 'enableReturnData', 'limit'];

/** `{ tracer, tracerConfig }`, or the options of struct logs, as a choice of a tracer. @throws InputError naming the field */
export function tracerOf(given: unknown, field: string, others: readonly string[] = []): TracerChoice {
  const { tracer, tracerConfig, ...rest } = plainObject(given ?? {}, field);
  const isNamed = tracer !== undefined && tracer !== null && tracer !== '';
  const known = [...BESIDE, ...STRUCT_LOG, ...others];
  for (const key of Object.keys(rest)) {
    if (!known.includes(key))
      throw new InputError(`${field}.${key}`, `unknown; there are tracer, tracerConfig, ${known.join(', ')}`);
  }
  if (!isNamed) {
    const options = Object.fromEntries(Object.entries(rest).filter(([key]) => STRUCT_LOG.includes(key)));
    return { tracer: 'structLog', ...options };
  }
  if (typeof tracer !== 'string') throw new InputError(`${field}.tracer`, 'expected the name of a tracer');
  const options =
    tracerConfig === undefined || tracerConfig === null ? {} : plainObject(tracerConfig, `${field}.tracerConfig`);
  if (tracer === 'muxTracer') return { tracer, tracers: options } as unknown as TracerChoice;
  return { ...options, tracer } as TracerChoice;
}
