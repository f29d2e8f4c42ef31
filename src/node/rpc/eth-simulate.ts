// eth_simulateV1: blocks that might follow, in the form in which nodes give them.

import { CallRejectedError, InputError } from '../../base/errors.ts';
import { quantityFromNumber, ZERO_ADDRESS } from '../../base/hex.ts';
import { describe, isMissing, plainObject } from '../../base/reader.ts';
import type { BlockStateCalls, CallRequest, SimulatedBlock, SimulatedCall, SimulateRequest } from '../../call-types.ts';
import { blockOf } from '../block-name.ts';
import type { Call } from '../call.ts';
import type { ChainNode } from '../chain-node.ts';
import type { ChainBlock } from '../chain-store.ts';
import { blockAnswer, type Json } from './answers.ts';
import {
  blockOverridesOf,
  isMoved,
  overridesOf,
  PLACES,
  placed,
  refuseContradictions,
  requestOf,
} from './eth-execution.ts';
import type { Methods } from './method.ts';
import { type Params, refusal } from './parameters.ts';

/** Code of what geth finds only when it runs a simulated call. */
const INTERNAL = -32603;

export const ETH_SIMULATE: Methods = { eth_simulateV1: { params: ['simulation', 'block?'], run: simulate } };

async function simulate(node: ChainNode, params: Params, { signal }: Call): Promise<Json[]> {
  const request = simulationOf(params[0], 'params[0]');
  const { hash: block, hardfork } = blockOf(node.record.store, params[1], 'params[1]');
  // Blocks elsewhere may be of another fork: that is found when they run.
  const isElsewhere = request.blockStateCalls.some(({ blockOverrides }) => isMoved(blockOverrides));
  const rules = {
    chainId: node.record.chain.id,
    whileRunning: INTERNAL,
    aboveFee: -32602,
    ...(!isElsewhere && { hardfork }),
  };
  const ask = (asked: SimulateRequest) =>
    node.world.simulate(asked, { block, signal }).catch((error: unknown) => {
      throw placed(error, PLACES);
    });
  const fault = firstFault(request, rules);
  if (fault !== undefined) {
    // geth comes to it when all before it has run, and tells what is wrong with that first.
    await ask(until(request, fault));
    if (fault.call >= 0) await ask(until(request, fault, true)).catch((error) => heedEarlier(error, fault));
    throw fault.error;
  }
  const blocks = await ask(request);
  return blocks.map((simulated) => answerOf(node, simulated, request.returnFullTransactions === true));
}

/** What is wrong with a request whatever the state is, and where: `call` -1 stands for the overrides before all calls. */
interface Fault {
  readonly block: number;
  readonly call: number;
  readonly error: unknown;
}

function firstFault({ blockStateCalls }: SimulateRequest, rules: Parameters<typeof refuseContradictions>[2]) {
  for (const [block, { stateOverrides, calls }] of blockStateCalls.entries()) {
    const place = `params[0].blockStateCalls[${block}]`;
    for (const [address, { state, stateDiff }] of Object.entries(stateOverrides ?? {})) {
      if (isMissing(state) || isMissing(stateDiff)) continue;
      const error = refusal(`${place}.stateOverrides.${address}.stateDiff`, 'there is state as well');
      return { block, call: -1, error };
    }
    for (const [call, request] of (calls ?? []).entries()) {
      try {
        refuseContradictions(request, `${place}.calls[${call}]`, rules);
      } catch (error) {
        return { block, call, error };
      }
    }
  }
  return undefined;
}

/** What geth asks of a call before everything else: the block's gas; then, when it is about to run, the nonce. */
const NO_GAS_LEFT = -38015;
const NONCES = [-38010, -38011];

function heedEarlier(error: unknown, fault: Fault): void {
  if (!(error instanceof CallRejectedError)) return;
  const isRunning = fault.error instanceof CallRejectedError;
  if (error.code === NO_GAS_LEFT || (isRunning && NONCES.includes(error.code ?? 0))) throw error;
}

/**
 * A simulation of what comes before; the places of all blocks are looked at all the same. `begins`: and of the call itself, with
 * nothing in it but what is looked at before what is wrong.
 */
function until(request: SimulateRequest, { block, call }: Fault, begins = false): SimulateRequest {
  const upTo = (calls: readonly CallRequest[]) => {
    const before = calls.slice(0, Math.max(call, 0));
    if (!begins) return before;
    const { from, gas, nonce } = calls[call]!;
    return [...before, { from, gas, nonce, to: ZERO_ADDRESS }];
  };
  return {
    ...request,
    blockStateCalls: request.blockStateCalls.map(({ blockOverrides, stateOverrides, calls }, i) => ({
      ...(blockOverrides !== undefined && { blockOverrides }),
      ...((i < block || (i === block && call >= 0)) && { stateOverrides: stateOverrides ?? null }),
      calls: i < block ? (calls ?? []) : i === block ? upTo(calls ?? []) : [],
    })),
  };
}

/** As geth reads it: what it does not know is ignored. */
function simulationOf(value: unknown, field: string): SimulateRequest {
  const { blockStateCalls, traceTransfers, validation, returnFullTransactions } = plainObject(value, field);
  return {
    blockStateCalls: listOf(blockStateCalls, `${field}.blockStateCalls`).map((block, i) =>
      blockOfCalls(block ?? {}, `${field}.blockStateCalls[${i}]`),
    ),
    ...({ traceTransfers, validation, returnFullTransactions } as object),
  };
}

function blockOfCalls(value: unknown, field: string): BlockStateCalls {
  const { blockOverrides, stateOverrides, calls } = plainObject(value, field);
  return {
    ...({ blockOverrides: blockOverridesOf(blockOverrides, `${field}.blockOverrides`) } as object),
    stateOverrides: overridesOf(stateOverrides, `${field}.stateOverrides`) ?? null,
    calls: listOf(calls ?? [], `${field}.calls`).map((call, i) => requestOf(call ?? {}, `${field}.calls[${i}]`)),
  };
}

function listOf(value: unknown, field: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new InputError(field, `expected an array, got ${describe(value)}`);
  return value;
}

function answerOf({ record }: ChainNode, { block, hardfork, calls }: SimulatedBlock, full: boolean): Json {
  const blobs = record.blobsOf(hardfork);
  const at: ChainBlock = { number: BigInt(block.number), hash: block.hash!, hardfork, blobs, block, receipts: [] };
  const answer = blockAnswer(record, at, full);
  if (full) answer.transactions = (answer.transactions as Json[]).map(unsignedAnswer);
  return { ...answer, calls: calls.map((call) => callAnswer(at, call)) };
}

/** Without a signature, what geth takes a legacy transaction's chain from is below zero, and comes round from above. */
const NO_CHAIN = quantityFromNumber(((1n << 64n) - 35n) / 2n);

function unsignedAnswer(transaction: Json): Json {
  return transaction.type === '0x0' ? { ...transaction, chainId: NO_CHAIN } : transaction;
}

function callAnswer({ number, hash, block }: ChainBlock, call: SimulatedCall): Json {
  const { status, returnData, gasUsed, maxUsedGas, logs, error } = call;
  return {
    // What a revert returns stands in its error.
    returnData: status === 'success' ? returnData : '0x',
    logs: logs.map(({ logIndex, transactionIndex, ...log }) => ({
      ...log,
      blockNumber: quantityFromNumber(number),
      transactionIndex: quantityFromNumber(transactionIndex),
      blockHash: hash,
      blockTimestamp: block.timestamp,
      logIndex: quantityFromNumber(logIndex),
      removed: false,
    })),
    gasUsed: quantityFromNumber(gasUsed),
    maxUsedGas: quantityFromNumber(maxUsedGas),
    status: status === 'success' ? '0x1' : '0x0',
    ...(error !== undefined && {
      error: { code: error.code, message: error.message, ...(error.kind !== 'halt' && { data: error.data }) },
    }),
  };
}
