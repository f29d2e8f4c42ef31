// debug_*: blocks, transactions and receipts in their encoding, and traces of what has happened.

import { InputError, PevmError } from '../../base/errors.ts';
import { bytesFromHex, hexFromBytes } from '../../base/hex.ts';
import { describe, isMissing, plainObject } from '../../base/reader.ts';
import { encodeBlock, encodeHeader, encodeTransaction } from '../../block/block-encoding.ts';
import { parseBlockHeaderRlp, parseBlockRlp } from '../../block/block-rlp.ts';
import { receiptBytes } from '../../block/receipts.ts';
import { forkAt } from '../../chain/chain.ts';
import { checkTracer, optionNames, type TracerChoice } from '../../trace/tracers.ts';
import { blockAt, blockOf, findBlock } from '../block-name.ts';
import type { Call } from '../call.ts';
import type { ChainNode } from '../chain-node.ts';
import type { ChainBlock } from '../chain-store.ts';
import type { RecordedRequest } from '../recorded-chain.ts';
import { witnessOf } from './execution-witness.ts';
import type { Method, Methods } from './method.ts';
import {
  booleanOf,
  bytesOf,
  decoded,
  hashOf,
  integerOf,
  knownFields,
  type Params,
  quantityOf,
  refusal,
  SERVER_ERROR,
} from './parameters.ts';

const NO_BYTES = '0x';

/** A method about the encoding of a block; of one that is not there, as geth answers: otherwise where its hash is asked for. */
function rawOf(
  encode: (at: ChainBlock, node: ChainNode) => unknown,
  missing: unknown,
  missingHash: (field: string, name: unknown) => unknown,
): Method {
  return {
    params: ['block'],
    run(node, [name]) {
      const at = findBlock(node.record.store, name, 'params[0]');
      if (at !== undefined) return encode(at, node);
      return isHash(name) ? missingHash('params[0]', name) : missing;
    },
  };
}

function isHash(name: unknown): boolean {
  return typeof name === 'string' ? name.length === 66 : !isMissing((name as { blockHash?: unknown }).blockHash);
}

const refused = (field: string, name: unknown) => {
  throw refusal(field, `there is no block ${describe(name)}`);
};

/** Blocks that are refused are not kept: there are no bad ones. */
export const DEBUG: Methods = {
  debug_getRawHeader: rawOf(({ block }) => encoded(encodeHeader(block)), NO_BYTES, refused),
  debug_getRawBlock: rawOf(({ block }, { record }) => encoded(encodeBlock(block, record.chain.id)), NO_BYTES, refused),
  debug_getRawReceipts: rawOf(
    ({ receipts }) => receipts.map((receipt) => hexFromBytes(receiptBytes(receipt))),
    null,
    () => [],
  ),
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
    run: (node, params, call) => traceBlock(node, params, blockAt, call),
  },
  debug_traceBlockByHash: {
    params: ['hash', 'options?'],
    run: (node, params, call) => traceBlock(node, [hashOf(params[0], 'params[0]'), params[1]], blockOf, call),
  },
  debug_traceBlock: { params: ['block', 'options?'], run: traceEncoded },
  debug_traceTransaction: { params: ['hash', 'options?'], run: traceTransaction },
  debug_intermediateRoots: { params: ['hash', 'options?'], run: rootsBetween },
  debug_getBadBlocks: {
    params: ['file?'],
    run(_, [file]) {
      if (isMissing(file)) return [];
      if (typeof file === 'string') throw refusal('params[0]', 'this node writes no files');
      throw new InputError('params[0]', `expected the name of a file, got ${describe(file)}`);
    },
  },
  debug_traceBadBlock: {
    params: ['hash', 'options?'],
    run(_, params) {
      const hash = hashOf(params[0], 'params[0]');
      tracerOf(params[1], 'params[1]');
      throw refusal('params[0]', `there is no bad block ${hash}`);
    },
  },
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

async function traceBlock(node: ChainNode, [name, options]: Params, find: typeof blockOf, call: Call) {
  const tracer = tracerOf(options, 'params[1]');
  const at = find(node.record.store, name, 'params[0]');
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
  const bytes = bytesFromHex(bytesOf(params[0], 'params[0]'));
  const tracer = tracerOf(params[1], 'params[1]');
  const { parentHash, number, timestamp, difficulty = '0x0' } = decoded('params[0]', () => parseBlockHeaderRlp(bytes));
  const parent = record.store.byHash(parentHash);
  if (parent === undefined) throw new PevmError(SERVER_ERROR, `parent ${parentHash} not found`);
  if (BigInt(number) !== parent.number + 1n) {
    throw new InputError('params[0]', `block ${BigInt(number)} does not follow block ${parent.number}`);
  }
  const place = { number: BigInt(number), timestamp: BigInt(timestamp), difficulty: BigInt(difficulty) };
  const { hardfork } = forkAt(record.chain, place);
  const block = decoded('params[0]', () => parseBlockRlp(bytes, hardfork));
  return tracesOf(node, record.requestFor({ block, hardfork }, parent), tracer, call);
}

async function traceTransaction(node: ChainNode, params: Params, call: Call) {
  const hash = hashOf(params[0], 'params[0]');
  const tracer = tracerOf(params[1], 'params[1]');
  const place = node.record.store.transaction(hash);
  if (place === undefined) throw new PevmError(SERVER_ERROR, `there is no transaction ${hash}`);
  return node.traceTransaction(place, tracer, call);
}

async function rootsBetween(node: ChainNode, params: Params, call: Call) {
  const hash = hashOf(params[0], 'params[0]');
  try {
    tracerOf(params[1], 'params[1]');
  } catch (error) {
    // geth reads the options, and makes no use of them.
    if (error instanceof InputError) throw error;
  }
  const { store } = node.record;
  const at = blockOf(store, hash, 'params[0]');
  if (at.number === store.first.number) throw refusal('params[0]', `nothing was executed for block ${at.number}`);
  const { intermediateRoots } = await import('../intermediate-roots.ts');
  return intermediateRoots(node, at, call);
}

/** What geth allows beside a tracer's name and its own options, and what has no meaning here. */
const BESIDE = ['timeout', 'reexec'];
/** Options of struct logs, which stand beside the (missing) tracer's name. */
const STRUCT_LOG = ['enableMemory', 'disableStack', 'disableStorage', 'enableReturnData', 'limit'];
const KNOWN = ['tracer', 'tracerConfig', ...BESIDE, ...STRUCT_LOG];

/**
 * `{ tracer, tracerConfig }`, or the options of struct logs, as a choice of a tracer.
 * @throws InputError naming the field; PevmError with -32000, as geth, for a tracer that there is not, or does not take its config
 */
export function tracerOf(given: unknown, field: string): TracerChoice {
  const { tracer, tracerConfig, ...rest } = knownFields(plainObject(given ?? {}, field), KNOWN, field);
  for (const name of STRUCT_LOG) {
    const [value, place] = [rest[name], `${field}.${name}`];
    if (isMissing(value)) continue;
    if (name === 'limit') integerOf(value, place);
    else booleanOf(value, place);
  }
  const { overrides } = plainObject(given ?? {}, field);
  if (!isMissing(overrides)) plainObject(overrides, `${field}.overrides`);
  if (!isMissing(rest.timeout) && typeof rest.timeout !== 'string') {
    throw new InputError(`${field}.timeout`, `expected a duration such as "5s", got ${describe(rest.timeout)}`);
  }
  if (typeof rest.timeout === 'string' && !DURATION.test(rest.timeout)) {
    throw refusal(`${field}.timeout`, `expected a duration such as "5s", got ${describe(rest.timeout)}`);
  }
  if (isMissing(tracer)) {
    const options = Object.fromEntries(
      Object.entries(rest).filter(([key, value]) => STRUCT_LOG.includes(key) && !isMissing(value)),
    );
    checkTracer('structLog', options, field);
    return { tracer: 'structLog', ...options };
  }
  if (typeof tracer !== 'string') throw new InputError(`${field}.tracer`, 'expected the name of a tracer');
  try {
    return namedTracer(tracer, tracerConfig ?? {}, field);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new PevmError(SERVER_ERROR, error.shortMessage, { cause: error });
  }
}

/** As Go writes them. */
const DURATION = /^[+-]?(0|((\d+(\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h))+)$/;

function namedTracer(tracer: string, config: unknown, field: string): TracerChoice {
  const place = `${field}.tracerConfig`;
  const given = Object.entries(plainObject(config, place));
  if (tracer === 'muxTracer') {
    const tracers = given.map(([name, options]) => [name, optionsOf(name, options ?? {}, place, `${place}.${name}`)]);
    return { tracer, tracers: Object.fromEntries(tracers) } as TracerChoice;
  }
  return { ...optionsOf(tracer, config, `${field}.tracer`, place), tracer } as TracerChoice;
}

/** The options of a tracer, as geth takes them. `field`: of its name; `place`: of its options. */
function optionsOf(tracer: string, config: unknown, field: string, place: string): Record<string, unknown> {
  const known = knownFields(plainObject(config, place), optionNames(tracer, field), place);
  const options = Object.fromEntries(Object.entries(known).filter(([, value]) => value !== null));
  if (tracer === 'erc7562Tracer') {
    const { ignoredOpcodes } = options;
    if (Array.isArray(ignoredOpcodes)) {
      options.ignoredOpcodes = ignoredOpcodes.map((opcode, i) =>
        Number(quantityOf(opcode, `${place}.ignoredOpcodes[${i}]`) & 0xffn),
      );
    }
    // How much of the stack geth keeps: it looks at no more of it than at the word on top.
    const { stackTopItemsSize: kept } = config as Record<string, unknown>;
    if (!isMissing(kept) && !Number.isInteger(kept)) {
      throw new InputError(`${place}.stackTopItemsSize`, `expected an integer, got ${describe(kept)}`);
    }
  }
  checkTracer(tracer, options, field, place);
  return options;
}
