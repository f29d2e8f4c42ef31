// The commands `pevm preview` and `pevm trace`: what a transaction would do, and what one did.

import { text } from 'node:stream/consumers';
import { InputError, PevmError } from '../base/errors.ts';
import type { Hex } from '../base/hex.ts';
import { plainObject } from '../base/reader.ts';
import {
  type CallFrame,
  createEngine,
  type Previewable,
  readGenesisFile,
  rpcState,
  type TracerChoice,
  type TracingEngine,
  type TracingWorld,
} from '../index.ts';
import type { Place, PreviewCommandOptions, TraceCommandOptions, TracerWord } from './asking-options.ts';
import { callTree, jsonText, outline, previewPage, stepLines } from './asking-report.ts';
import { announcedConfiguration, type EngineFlags } from './configuration.ts';
import { stateOfNode } from './node-state.ts';
import { bytesOf, readSubject } from './subject.ts';
import type { Terminal } from './terminal.ts';

/** One transaction is asked for. */
function oneWorker(config: string | undefined): EngineFlags {
  return { options: { workers: 1 }, ...(config === undefined ? {} : { file: config }) };
}

/** Previews and prints. The exit code: 0 it would succeed, 1 it would not. @throws InputError, PevmError of the node */
export async function previewAsked(
  { request, abi, options, json, config, ...place }: PreviewCommandOptions,
  terminal: Terminal,
): Promise<number> {
  const { print, paint } = terminal;
  const asked = typeof request === 'string' ? await requestOf(request) : request;
  const errors = abi === undefined ? {} : { abi: await abiOf(abi) };
  await using engine = await createEngine((await announcedConfiguration(oneWorker(config), terminal)).options);
  await using world = await worldAt(engine, place);
  const preview = await world.preview(asked as Previewable, { ...options, ...errors });
  if (json) print(jsonText(preview));
  else for (const line of previewPage(preview, paint)) print(line);
  return preview.status === 'success' ? 0 : 1;
}

/** Traces and prints. The exit code: 0. @throws InputError, PevmError of the node */
export async function traceAsked(options: TraceCommandOptions, terminal: Terminal): Promise<number> {
  const { print, paint } = terminal;
  const { tracer, json, config } = options;
  await using engine = await createEngine((await announcedConfiguration(oneWorker(config), terminal)).options);
  const result = await tracedBy(engine, options);
  if (json) print(jsonText(result));
  else for (const line of pageOf(tracer, result)(paint)) print(line);
  return 0;
}

function pageOf(tracer: TracerWord, result: unknown): (paint: Terminal['paint']) => string[] {
  if (tracer === 'callTracer' && result !== null) return (paint) => callTree(result as CallFrame, paint);
  if (tracer === 'structLogs') return (paint) => stepLines(result as Parameters<typeof stepLines>[0], paint);
  return (paint) => outline(result, paint);
}

async function tracedBy(engine: TracingEngine, options: TraceCommandOptions): Promise<unknown> {
  const { rpc, hash, file, index = 0, tracer } = options;
  const name = tracer === 'structLogs' ? 'structLog' : tracer;
  const choice = { tracer: name } as TracerChoice;
  const one = rpc === undefined ? await ofFile(file!, index) : await ofNode(rpc, hash as Hex);
  const [trace] = await engine.traceBlock({ ...one, ...choice } as never);
  return (trace as { readonly result: unknown } | undefined)?.result ?? null;
}

async function ofFile(path: string, index: number) {
  const { file } = await readSubject(path);
  const { block, state, hardfork, chainId, blockHashes } = file;
  const { length } = block.transactions;
  if (index >= length) throw new InputError('--index', `the block has ${length} transactions`);
  return { block, state, hardfork, chainId, blockHashes, index };
}

async function ofNode(url: string, hash: Hex) {
  const found = await ask(url, 'eth_getTransactionByHash', [hash]);
  if (found === null) throw new InputError('HASH', `the node knows no transaction ${hash}`);
  const { blockHash, transactionIndex } = plainObject(found, 'eth_getTransactionByHash');
  if (typeof blockHash !== 'string') throw new InputError('HASH', 'the transaction is in no block yet');
  const state = rpcState({ transport: url });
  const block = await state.fetchBlock(blockHash as Hex);
  const { chain } = await stateOfNode(url, Number(BigInt(block.number as Hex) - 1n));
  return { block, chain, state: state.at(block.parentHash as Hex), index: Number(transactionIndex) };
}

/** One question to a node. @throws PevmError where it does not answer */
async function ask(url: string, method: string, params: readonly unknown[]): Promise<unknown> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
  try {
    const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    const { result, error } = (await response.json()) as { result?: unknown; error?: { message?: string } };
    if (error !== undefined || result === undefined) throw new Error(error?.message ?? `HTTP ${response.status}`);
    return result;
  } catch (cause) {
    throw new PevmError(-32000, `${method}: ${(cause as Error).message}`, { cause });
  }
}

async function worldAt(engine: TracingEngine, { rpc, block, genesis, file }: Place): Promise<TracingWorld> {
  if (rpc !== undefined) {
    const { chainId: _, ...beginning } = await stateOfNode(rpc, block);
    return engine.openWorld(beginning);
  }
  if (genesis !== undefined) {
    const read = await readGenesisFile(new Uint8Array(await bytesOf('--genesis', genesis)), genesis);
    return engine.openWorld({ state: read.state, chain: read.config, block: read.block });
  }
  const { file: one } = await readSubject(file!);
  const { transactions: _, ...header } = one.block;
  return engine.openWorld({ state: one.state, chain: one.chainId, block: header as never });
}

/** Hex, a file, or stdin. */
async function requestOf(word: string): Promise<unknown> {
  if (/^0x[0-9a-fA-F]*$/.test(word)) return word;
  const given = word === '-' ? await text(process.stdin) : (await bytesOf('REQUEST', word)).toString();
  const trimmed = given.trim();
  if (/^0x[0-9a-fA-F]*$/.test(trimmed)) return trimmed;
  return parsed('REQUEST', trimmed);
}

async function abiOf(path: string): Promise<readonly unknown[]> {
  const given = parsed('--abi', (await bytesOf('--abi', path)).toString());
  const abi = Array.isArray(given) ? given : plainObject(given, '--abi').abi;
  if (!Array.isArray(abi)) throw new InputError('--abi', `${path} is no ABI, and has none`);
  return abi;
}

function parsed(field: string, json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    throw new InputError(field, `no JSON: ${(error as Error).message}`);
  }
}
