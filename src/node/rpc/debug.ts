// debug_*: blocks, transactions and receipts in their encoding, and traces of what has happened.

import { InputError, PevmError } from '../../base/errors.ts';
import { bytesFromHex, hexFromBytes } from '../../base/hex.ts';
import { bytes as bytesReader, describe, isMissing, plainObject } from '../../base/reader.ts';
import { encodeBlock, encodeHeader, encodeTransaction } from '../../block/block-encoding.ts';
import { parseBlockHeaderRlp, parseBlockRlp } from '../../block/block-rlp.ts';
import { receiptBytes } from '../../block/receipts.ts';
import { forkAt } from '../../chain/chain.ts';
import { checkTracer, type TracerChoice } from '../../trace/tracers.ts';
import { blockOf, findBlock } from '../block-name.ts';
import type { Call } from '../call.ts';
import type { ChainNode } from '../chain-node.ts';
import type { ChainBlock } from '../chain-store.ts';
import type { RecordedRequest } from '../recorded-chain.ts';
import { witnessOf } from './execution-witness.ts';
import type { Method, Methods } from './method.ts';
import { hashOf, type Params, refusal, SERVER_ERROR } from './parameters.ts';

const readBytes = bytesReader();

const NO_BYTES = '0x';

/** A method about the encoding of a block; of one that is not there, as geth answers. */
function rawOf(encode: (at: ChainBlock, node: ChainNode) => unknown, missing: unknown): Method {
  return {
    params: ['block'],
    run(node, params) {
      const at = findBlock(node.record.store, params[0], 'params[0]');
      return at === undefined ? missing : encode(at, node);
    },
  };
}

export const DEBUG: Methods = {
  debug_getRawHeader: rawOf(({ block }) => encoded(encodeHeader(block)), NO_BYTES),
  debug_getRawBlock: rawOf(({ block }, { record }) => encoded(encodeBlock(block, record.chain.id)), NO_BYTES),
  debug_getRawReceipts: rawOf(({ receipts }) => receipts.map((receipt) => hexFromBytes(receiptBytes(receipt))), null),
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
    run: (node, params, call) => traceBlock(node, params[0], params[1], call),
  },
  debug_traceBlockByHash: {
    params: ['hash', 'options?'],
    run: (node, params, call) => traceBlock(node, hashOf(params[0], 'params[0]'), params[1], call),
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
  return transaction === undefined ? NO_BYTES : encoded(encodeTransaction(transaction, record.chain.id));
}

async function traceBlock(node: ChainNode, name: unknown, options: unknown, call: Call) {
  const tracer = tracerOf(options, 'params[1]');
  const at = blockOf(node.record.store, name, 'params[0]');
  if (at.number === 0n) throw refusal('params[0]', 'the genesis has no transactions to trace');
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
  const { parentHash, number, timestamp, difficulty = '0x0' } = decoded(() => parseBlockHeaderRlp(bytes));
  const parent = record.store.byHash(parentHash);
  if (parent === undefined) throw new PevmError(SERVER_ERROR, `parent ${parentHash} not found`);
  if (BigInt(number) !== parent.number + 1n) {
    throw new InputError('params[0]', `block ${BigInt(number)} does not follow block ${parent.number}`);
  }
  const place = { number: BigInt(number), timestamp: BigInt(timestamp), difficulty: BigInt(difficulty) };
  const { hardfork } = forkAt(record.chain, place);
  const block = decoded(() => parseBlockRlp(bytes, hardfork));
  return tracesOf(node, record.requestFor({ block, hardfork }, parent), tracer, call);
}

function decoded<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw refusal('params[0]', error.shortMessage, error);
  }
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

/**
 * `{ tracer, tracerConfig }`, or the options of struct logs, as a choice of a tracer.
 * @throws InputError naming the field; PevmError with -32000, as geth, for a tracer that there is not, or does not take its config
 */
export function tracerOf(given: unknown, field: string, others: readonly string[] = []): TracerChoice {
  const { tracer, tracerConfig, ...rest } = plainObject(given ?? {}, field);
  const known = [...BESIDE, ...STRUCT_LOG, ...others];
  for (const key of Object.keys(rest)) {
    if (!known.includes(key))
      throw new InputError(`${field}.${key}`, `unknown; there are tracer, tracerConfig, ${known.join(', ')}`);
  }
  if (!isMissing(rest.timeout) && typeof rest.timeout !== 'string') {
    throw new InputError(`${field}.timeout`, `expected a duration such as "5s", got ${describe(rest.timeout)}`);
  }
  if (isMissing(tracer)) {
    const options = Object.fromEntries(Object.entries(rest).filter(([key]) => STRUCT_LOG.includes(key)));
    checkTracer('structLog', options, field);
    return { tracer: 'structLog', ...options };
  }
  if (typeof tracer !== 'string') throw new InputError(`${field}.tracer`, 'expected the name of a tracer');
  try {
    const { timeout } = rest;
    if (typeof timeout === 'string' && !DURATION.test(timeout)) {
      throw new InputError(`${field}.timeout`, `expected a duration such as "5s", got ${describe(timeout)}`);
    }
    return namedTracer(tracer, tracerConfig ?? {}, field);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new PevmError(SERVER_ERROR, error.shortMessage, { cause: error });
  }
}

/** As Go writes them. */
const DURATION = /^[+-]?((\d+(\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h))+$/;

function namedTracer(tracer: string, config: unknown, field: string): TracerChoice {
  const place = `${field}.tracerConfig`;
  const given = Object.entries(plainObject(config, place));
  if (tracer === 'muxTracer') {
    const tracers = Object.fromEntries(given.map(([name, options]) => [name, options ?? {}]));
    for (const [name, options] of Object.entries(tracers)) {
      checkTracer(name, plainObject(options, `${place}.${name}`), place, `${place}.${name}`);
    }
    return { tracer, tracers } as TracerChoice;
  }
  const options = Object.fromEntries(given.filter(([, value]) => value !== null));
  checkTracer(tracer, options, `${field}.tracer`, place);
  return { ...options, tracer } as TracerChoice;
}
