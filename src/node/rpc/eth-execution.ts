// eth_*: what runs on a state and leaves it as it was.

import { CallFailedError, CallRejectedError, InputError } from '../../base/errors.ts';
import { type Hex, quantityFromNumber } from '../../base/hex.ts';
import { isMissing, plainObject } from '../../base/reader.ts';
import { type ContradictionKind, contradictionsIn } from '../../block/contradictions.ts';
import type { CallOptions, CallRequest } from '../../call-types.ts';
import type { Hardfork } from '../../chain/hardfork.ts';
import { rulesOf } from '../../chain/rules.ts';
import { blockOf } from '../block-name.ts';
import type { Call } from '../call.ts';
import type { ChainNode, NodeWorld } from '../chain-node.ts';
import type { ChainBlock } from '../chain-store.ts';
import { tracerOf } from './debug.ts';
import type { Methods } from './method.ts';
import {
  addressOf,
  bytesOf,
  hashOf,
  knownFields,
  type Params,
  quantityOf,
  refusal,
  SERVER_ERROR,
} from './parameters.ts';
import { withFees } from './request-fees.ts';

const CALL_PARAMS = ['transaction', 'block?', 'stateOverrides?', 'blockOverrides?'];

export const ETH_EXECUTION: Methods = {
  eth_call: {
    params: CALL_PARAMS,
    run: (node, params, call) =>
      onWorld(node, params, call, async (world, request, options) => {
        const { returnData, error } = await world.call(request, options);
        if (error === undefined) return returnData;
        const { code, message, data } = error;
        throw new CallFailedError(code, message, code === REVERTED ? { data } : {});
      }),
  },
  eth_estimateGas: {
    params: CALL_PARAMS,
    run: (node, params, call) =>
      onWorld(node, params, call, async (world, request, options) =>
        quantityFromNumber(await world.estimateGas(request, options)),
      ),
  },
  eth_createAccessList: {
    params: CALL_PARAMS,
    run: (node, params, call) =>
      onWorld(node, params, call, async (world, request, options, at) => {
        const { hardfork } = at;
        if (rulesOf(hardfork).lastTransactionType < 1) {
          throw refusal('params[1]', `no access lists before berlin; the block is of ${hardfork}`);
        }
        const named = ['gasPrice', 'maxFeePerGas', 'maxPriorityFeePerGas', 'maxFeePerBlobGas'] as const;
        const hasFees = named.some((name) => !isMissing(request[name]));
        const asked = hasFees ? withFees(request, at, 'params[0]') : request;
        const { accessList, gasUsed, error } = await world.createAccessList(asked, options);
        const failed =
          error === undefined ? {} : { error: error.code === REVERTED ? 'execution reverted' : error.message };
        return { accessList, gasUsed: quantityFromNumber(gasUsed), ...failed };
      }),
  },
  debug_traceCall: { params: ['transaction', 'block?', 'options?'], run: traceCall },
};

/** Overrides stand among the tracer's options here. */
async function traceCall(node: ChainNode, [transaction, block, options]: Params, call: Call): Promise<unknown> {
  const { stateOverrides, blockOverrides, txIndex, ...rest } = plainObject(options ?? {}, 'params[2]');
  const choice = tracerOf(rest, 'params[2]');
  const index = isMissing(txIndex) ? undefined : Number(quantityOf(txIndex, 'params[2].txIndex'));
  const params = [transaction, block, stateOverrides, blockOverrides];
  if (block === 'pending') throw refusal('params[1]', 'no calls are traced on a pending block');
  const trace: Parameters<typeof onWorld>[3] = async (world, request, given, { number, block: { transactions } }) => {
    if (index === undefined) return world.trace(request, { ...choice, ...given });
    if (number === 0n) throw refusal('params[2].txIndex', 'the genesis has no transactions');
    if (index > 0 && index >= transactions.length) {
      throw refusal('params[2].txIndex', `the block has ${transactions.length} transactions`);
    }
    return world.trace(request, { ...choice, ...given, at: { transactionIndex: index } });
  };
  return onWorld(node, params, call, trace, false);
}

/** Code of a revert, which comes with its data. */
const REVERTED = 3;

/** Reads the parameters of a call, and lets `body` ask the world. */
export async function onWorld<R>(
  node: ChainNode,
  params: Params,
  { signal }: Call,
  body: (world: NodeWorld, request: CallRequest, options: CallOptions, at: ChainBlock) => Promise<R>,
  isSent = true,
): Promise<R> {
  const request = requestOf(params[0], 'params[0]');
  const stateOverrides = overridesOf(params[2], 'params[2]');
  const blockOverrides = blockOverridesOf(params[3], 'params[3]');
  for (const name of ['beaconRoot', 'withdrawals']) {
    if (blockOverrides?.[name] !== undefined)
      throw refusal(`params[3].${name}`, 'only blocks of eth_simulateV1 have it');
  }
  const at = blockOf(node.record.store, params[1], 'params[1]');
  refuseContradictions(request, 'params[0]', {
    chainId: node.record.chain.id,
    isSent,
    ...(!isMoved(blockOverrides) && { hardfork: at.hardfork }),
    // That of the block, wherever it is moved.
    hasBaseFee: !isMissing(at.block.baseFeePerGas) || !isMissing(blockOverrides?.baseFeePerGas),
  });
  const options: CallOptions = {
    block: at.hash,
    stateOverrides,
    blockOverrides,
    ...(signal !== undefined && { signal }),
  };
  return body(node.world, request, options, at).catch((error: unknown) => {
    throw placed(error, PLACES);
  });
}

/** Where what the library names stands in the parameters. */
export const PLACES: readonly (readonly [library: string, parameter: string])[] = [
  ['request', 'params[0]'],
  ['options.block', 'params[1]'],
  ['options.stateOverrides', 'params[2]'],
  ['options.blockOverrides', 'params[3]'],
];

/** The error with the parameter named that the caller knows. */
export function placed(error: unknown, places: typeof PLACES): unknown {
  if (!(error instanceof InputError)) return error;
  const { field, shortMessage } = error;
  const place = places.find(
    ([library]) => field === library || (/^[.[]/.test(field.slice(library.length)) && field.startsWith(library)),
  );
  if (place === undefined) return error;
  const [library, parameter] = place;
  return new InputError(parameter + field.slice(library.length), shortMessage.slice(field.length + 2), {
    cause: error,
  });
}

/** Numbers of a request, with their bits. */
const REQUEST_NUMBERS = {
  ...{ gas: 64, gasPrice: 256, maxFeePerGas: 256, maxPriorityFeePerGas: 256, maxFeePerBlobGas: 256 },
  ...{ value: 256, nonce: 64, chainId: 256 },
};
const AUTHORIZATION_NUMBERS = { chainId: 256, nonce: 64, yParity: 8, r: 256, s: 256 };
const REQUEST_LISTS = ['accessList', 'blobVersionedHashes', 'authorizationList'] as const;

/** A request as geth takes it: letters of addresses as they come, `input` before `data`, and what it does not know ignored. */
export function requestOf(value: unknown, field: string): CallRequest {
  const given = plainObject(value, field);
  const known: Record<string, unknown> = quantitiesIn(given, REQUEST_NUMBERS, field);
  for (const name of REQUEST_LISTS) if (given[name] !== undefined && given[name] !== null) known[name] = given[name];
  if (Array.isArray(given.authorizationList)) {
    known.authorizationList = given.authorizationList.map((item, i) => {
      const place = `${field}.authorizationList[${i}]`;
      const authorization = plainObject(item ?? {}, place);
      return { ...authorization, ...quantitiesIn(authorization, AUTHORIZATION_NUMBERS, place) };
    });
  }
  for (const name of ['from', 'to']) {
    const address = given[name];
    if (address !== undefined && address !== null) known[name] = addressOf(address, `${field}.${name}`);
  }
  for (const name of ['data', 'input']) {
    const data = given[name];
    if (data !== undefined && data !== null) known.data = bytesOf(data, `${field}.${name}`);
  }
  return known as CallRequest;
}

/** Those of the named numbers that are there, checked to be hex quantities of so many bits. */
function quantitiesIn(given: Record<string, unknown>, bits: Readonly<Record<string, number>>, field: string) {
  const found: Record<string, unknown> = {};
  for (const [name, width] of Object.entries(bits)) {
    const value = given[name];
    if (isMissing(value)) continue;
    found[name] = quantityFromNumber(quantityOf(value, `${field}.${name}`, (1n << BigInt(width)) - 1n));
  }
  return found;
}

/** What a request has to agree with. */
interface Agreement {
  readonly chainId: number;
  /** Of its block, where that is known before it runs. */
  readonly hardfork?: Hardfork;
  /** Default: as the fork has it. */
  readonly hasBaseFee?: boolean;
  /** Code of what geth finds only when it runs the call. */
  readonly whileRunning?: number;
  /** Code of a priority fee above the fee. */
  readonly aboveFee?: number;
  /** Whether the request could be sent as it is: a fee for blobs comes with blobs. */
  readonly isSent?: boolean;
}

/** Refuses what contradicts itself, its chain, or the fork of its block, with geth's codes. @throws PevmError, CallRejectedError */
export function refuseContradictions(request: CallRequest, field: string, agreement: Agreement): void {
  const { chainId, hardfork, whileRunning = SERVER_ERROR, aboveFee = SERVER_ERROR, isSent = false } = agreement;
  const { maxFeePerGas, maxPriorityFeePerGas, maxFeePerBlobGas, blobVersionedHashes } = request;
  const lastType = hardfork === undefined ? Number.POSITIVE_INFINITY : rulesOf(hardfork).lastTransactionType;
  const found = contradictionsIn(request);
  /** Refuses the request for a contradiction; with a code, where geth comes to it while the call begins. */
  const refuse = (kind: ContradictionKind, code?: number) => {
    const fault = found.get(kind);
    if (fault === undefined) return;
    const place = `${field}.${fault.name}`;
    throw code === undefined
      ? refusal(place, fault.message)
      : new CallRejectedError(`${place}: ${fault.message}`, code);
  };
  refuse('both-fees');
  if (!(agreement.hasBaseFee ?? lastType >= 2) && (maxFeePerGas != null || maxPriorityFeePerGas != null)) {
    throw refusal(`${field}.maxFeePerGas`, 'not before london; the block has no base fee');
  }
  refuse('tip-above-fee', aboveFee);
  if (request.chainId != null && BigInt(request.chainId) !== BigInt(chainId)) {
    throw refusal(`${field}.chainId`, `the chain is ${chainId}, not ${BigInt(request.chainId)}`);
  }
  if (isSent && maxFeePerBlobGas != null && BigInt(maxFeePerBlobGas) > 0n && blobVersionedHashes == null) {
    throw refusal(`${field}.maxFeePerBlobGas`, 'there are no blobVersionedHashes');
  }
  refuse('blobs-without-recipient');
  if (lastType < 3 && blobVersionedHashes != null) {
    const message = `${field}.blobVersionedHashes: not before cancun; the block is of ${hardfork}`;
    throw new CallRejectedError(message, whileRunning);
  }
  refuse('no-blobs', whileRunning);
  refuse('authorizations-without-recipient');
  refuse('no-authorizations', whileRunning);
}

const BLOCK_FIELDS = [
  ...['number', 'time', 'gasLimit', 'baseFeePerGas', 'blobBaseFee', 'difficulty', 'feeRecipient', 'prevRandao'],
  ...['beaconRoot', 'withdrawals'],
];
const ACCOUNT_FIELDS = ['balance', 'nonce', 'code', 'state', 'stateDiff', 'movePrecompileToAddress'];

const BLOCK_NUMBERS = { number: 256, time: 64, gasLimit: 64, baseFeePerGas: 256, blobBaseFee: 256, difficulty: 256 };

/** Overrides of a block, whose numbers are hex quantities. */
export function blockOverridesOf(value: unknown, field: string): Record<string, unknown> | undefined {
  if (isMissing(value)) return undefined;
  const given = { ...plainObject(value, field) };
  Object.assign(given, quantitiesIn(given, BLOCK_NUMBERS, field));
  if (!isMissing(given.feeRecipient)) given.feeRecipient = addressOf(given.feeRecipient, `${field}.feeRecipient`);
  for (const name of ['prevRandao', 'beaconRoot']) {
    if (!isMissing(given[name])) given[name] = hashOf(given[name], `${field}.${name}`);
  }
  return knownFields(given, BLOCK_FIELDS, field);
}

/** Whether a block is elsewhere on its chain, and may follow another fork. */
export function isMoved(overrides: object | null | undefined): boolean {
  const { number, time } = (overrides ?? {}) as Record<string, unknown>;
  return number != null || time != null;
}

/** Overrides by address in small letters. */
export function overridesOf(value: unknown, field: string): CallOptions['stateOverrides'] {
  if (value === undefined || value === null) return undefined;
  const entries = Object.entries(plainObject(value, field)).map(([name, override]) => {
    const place = `${field}.${name}`;
    const given = { ...knownFields(plainObject(override ?? {}, place), ACCOUNT_FIELDS, place) };
    const { movePrecompileToAddress: target, code } = given;
    if (!isMissing(target)) given.movePrecompileToAddress = addressOf(target, `${place}.movePrecompileToAddress`);
    else delete given.movePrecompileToAddress;
    if (!isMissing(code)) given.code = bytesOf(code, `${place}.code`);
    Object.assign(given, quantitiesIn(given, { nonce: 64, balance: 256 }, place));
    for (const kind of ['state', 'stateDiff']) {
      if (isMissing(given[kind])) continue;
      const slots = Object.entries(plainObject(given[kind], `${place}.${kind}`)).map(([slot, word]) => {
        const at = hashOf(slot, `${place}.${kind}`);
        return [at, hashOf(word, `${place}.${kind}["${at}"]`)] as const;
      });
      given[kind] = Object.fromEntries(slots);
    }
    return [addressOf(name, place), given] as const;
  });
  return Object.fromEntries(entries) as Record<Hex, object>;
}
