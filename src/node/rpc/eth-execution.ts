// eth_*: what runs on a state and leaves it as it was.

import { CallFailedError, InputError } from '../../base/errors.ts';
import { type Hex, quantityFromNumber } from '../../base/hex.ts';
import { bytes, describe, plainObject } from '../../base/reader.ts';
import type { CallOptions, CallRequest } from '../../call-types.ts';
import { blockOf } from '../block-name.ts';
import type { Call } from '../call.ts';
import type { ChainNode, NodeWorld } from '../chain-node.ts';
import { tracerOf } from './debug.ts';
import type { Methods } from './method.ts';
import { addressOf, type Params } from './parameters.ts';

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
      onWorld(node, params, call, async (world, request, options) => {
        const { accessList, gasUsed, error } = await world.createAccessList(request, options);
        const failed = error === undefined ? {} : { error: error.message };
        return { accessList, gasUsed: quantityFromNumber(gasUsed), ...failed };
      }),
  },
  debug_traceCall: { params: ['transaction', 'block?', 'options?'], run: traceCall },
};

/** Overrides stand among the tracer's options here. */
async function traceCall(node: ChainNode, [transaction, block, options]: Params, call: Call): Promise<unknown> {
  const { stateOverrides, blockOverrides, ...rest } = plainObject(options ?? {}, 'params[2]');
  const choice = tracerOf(rest, 'params[2]', ['txIndex']);
  const params = [transaction, block, stateOverrides, blockOverrides];
  return onWorld(node, params, call, (world, request, given) => world.trace(request, { ...choice, ...given }));
}

/** Code of a revert, which comes with its data. */
const REVERTED = 3;

/** Reads the parameters of a call, and lets `body` ask the world. */
export async function onWorld<R>(
  node: ChainNode,
  params: Params,
  { signal }: Call,
  body: (world: NodeWorld, request: CallRequest, options: CallOptions) => Promise<R>,
): Promise<R> {
  const request = requestOf(params[0], 'params[0]');
  const at = blockOf(node.record.store, params[1], 'params[1]');
  const options: CallOptions = {
    block: at.hash,
    stateOverrides: overridesOf(params[2], 'params[2]'),
    blockOverrides: (params[3] ?? undefined) as CallOptions['blockOverrides'],
    ...(signal !== undefined && { signal }),
  };
  return body(node.world, request, options).catch((error: unknown) => {
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

const REQUEST_FIELDS = [
  ...['gas', 'gasPrice', 'maxFeePerGas', 'maxPriorityFeePerGas', 'maxFeePerBlobGas', 'value', 'nonce', 'chainId'],
  ...['accessList', 'blobVersionedHashes', 'authorizationList'],
] as const;

const readData = bytes();

/** A request as geth takes it: letters of addresses as they come, `input` before `data`, and what it does not know ignored. */
export function requestOf(value: unknown, field: string): CallRequest {
  const given = plainObject(value, field);
  const known: Record<string, unknown> = {};
  for (const name of REQUEST_FIELDS) if (given[name] !== undefined && given[name] !== null) known[name] = given[name];
  for (const name of ['from', 'to']) {
    const address = given[name];
    if (address !== undefined && address !== null) known[name] = addressOf(address, `${field}.${name}`);
  }
  for (const name of ['gas', 'gasPrice', 'maxFeePerGas', 'maxPriorityFeePerGas', 'value', 'nonce']) {
    const number = known[name];
    if (typeof number === 'string' && !number.startsWith('0x')) {
      throw new InputError(`${field}.${name}`, `a hex quantity begins with 0x: ${describe(number)}`);
    }
  }
  for (const name of ['data', 'input']) {
    const data = given[name];
    if (data !== undefined && data !== null) known.data = readData(data, `${field}.${name}`);
  }
  return known as CallRequest;
}

/** Overrides by address in small letters. */
export function overridesOf(value: unknown, field: string): CallOptions['stateOverrides'] {
  if (value === undefined || value === null) return undefined;
  const entries = Object.entries(plainObject(value, field)).map(([name, override]) => {
    const place = `${field}.${name}`;
    const { movePrecompileToAddress, ...rest } = plainObject(override ?? {}, place);
    const moved =
      movePrecompileToAddress === undefined || movePrecompileToAddress === null
        ? {}
        : { movePrecompileToAddress: addressOf(movePrecompileToAddress, `${place}.movePrecompileToAddress`) };
    return [addressOf(name, place), { ...rest, ...moved }] as const;
  });
  return Object.fromEntries(entries) as Record<Hex, object>;
}
