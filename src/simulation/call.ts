// eth_call: a request in the environment of the block that the state is the one after.

import { plainObject } from '../base/reader.ts';
import type { CallOptions, CallRequest, CallResult, OverrideOptions } from '../call-types.ts';
import { CALL_OPTIONS, OVERRIDE_OPTIONS } from '../config/call-descriptors.ts';
import { checkOptions } from '../config/descriptor.ts';
import type { EvmBlockInput } from '../core/evm/evm-encode.ts';
import { callResultOf } from './outcome.ts';
import {
  environmentWith,
  precompilesWith,
  type ReadBlockOverrides,
  type ReadStateOverrides,
  readBlockOverrides,
  readStateOverrides,
} from './overrides.ts';
import { GAS_CAP, isFree, type ReadRequest, readRequest, transactionOf } from './request.ts';
import { Sandbox } from './sandbox.ts';
import { environmentAt, forkAtPlace, hashesBefore, type Setting } from './setting.ts';

/** A checked request with what is different while it runs. */
export interface ReadCall {
  readonly request: ReadRequest;
  readonly overrides: ReadStateOverrides;
  readonly blockOverrides: ReadBlockOverrides;
}

/** @throws InputError naming the field; CallRejectedError for what contradicts itself */
export function readCall(request: CallRequest, options: CallOptions = {}): ReadCall {
  return { request: readRequest(plainObject(request, 'request'), 'request'), ...readOverrides(options, CALL_OPTIONS) };
}

/** What is different while calls run. @throws InputError naming the field */
export function readOverrides(options: OverrideOptions, known = OVERRIDE_OPTIONS): Omit<ReadCall, 'request'> {
  checkOptions(options, 'options', known);
  return {
    overrides: readStateOverrides(options.stateOverrides, 'options.stateOverrides'),
    blockOverrides: readBlockOverrides(options.blockOverrides, 'options.blockOverrides'),
  };
}

/** @throws CallRejectedError where the rules do not let it run: funds for the value, gas for the data */
export async function call(setting: Setting, read: ReadCall): Promise<CallResult> {
  return withOverrides(setting, read, async (sandbox, environment) => {
    const { request } = read;
    const gas = gasOf(request);
    const transaction = transactionOf(request, environment.fork, gas);
    const { output } = await sandbox.run({ environment, transaction });
    return callResultOf(output);
  });
}

/** Gas that a request brings: what it says, up to the cap. */
export function gasOf({ gas = GAS_CAP }: ReadRequest): bigint {
  return gas < GAS_CAP ? gas : GAS_CAP;
}

/** Lets `body` run calls on the state with its overrides, in the environment with its own; afterwards all is as it was. */
export function withOverrides<R>(
  setting: Setting,
  { request, ...overrides }: ReadCall,
  body: (sandbox: Sandbox, environment: EvmBlockInput) => Promise<R>,
): Promise<R> {
  return overridden(setting, overrides, (sandbox, environment) => body(sandbox, environmentOf(request, environment)));
}

/** The same for requests that are not all alike: which fees a request sees, {@link freeOf} says. */
export async function overridden<R>(
  setting: Setting,
  { overrides, blockOverrides }: Omit<ReadCall, 'request'>,
  body: (sandbox: Sandbox, environment: EvmBlockInput) => Promise<R>,
): Promise<R> {
  const environment = environmentFor(setting, blockOverrides);
  const precompiles = precompilesWith(overrides, environment.fork);
  const seen = precompiles.length === 0 ? environment : { ...environment, precompiles };
  const sandbox = new Sandbox(setting);
  try {
    await applyOverrides(setting, overrides);
    return await body(sandbox, seen);
  } finally {
    await sandbox.leave();
  }
}

/** What a call sees of the block, with what is different: the fork too follows from number and time. */
function environmentFor(setting: Setting, overrides: ReadBlockOverrides): EvmBlockInput {
  const own = environmentAt(setting);
  if (Object.keys(overrides).length === 0) return own;
  const { number, timestamp, ...rest } = environmentWith(own, overrides);
  // As geth has it: a block with randomness is one after the merge.
  const isMerged = overrides.prevRandao !== undefined;
  if (overrides.number === undefined && overrides.time === undefined && !isMerged)
    return { ...rest, number, timestamp };
  const hashes = overrides.number === undefined ? {} : hashesBefore(setting, number);
  return { ...rest, number, timestamp, ...hashes, fork: forkAtPlace(setting.head, number, timestamp, isMerged) };
}

/** Environments as requests see them, by which fees they do not. */
const seenBy = new WeakMap<EvmBlockInput, Map<string, EvmBlockInput>>();

/** An environment as a request sees it: the same object where it is the same. */
export function environmentOf(request: ReadRequest, environment: EvmBlockInput): EvmBlockInput {
  const free = freeOf(request);
  const name = Object.keys(free).join();
  const seen = seenBy.get(environment) ?? new Map<string, EvmBlockInput>();
  seenBy.set(environment, seen);
  const known = seen.get(name) ?? { ...environment, ...free };
  seen.set(name, known);
  return known;
}

/** What offers no fee sees none, as in geth. */
export function freeOf(request: ReadRequest): Partial<EvmBlockInput> {
  return {
    ...(isFree(request) ? { baseFeePerGas: 0n } : {}),
    ...(request.blobVersionedHashes !== undefined && (request.maxFeePerBlobGas ?? 0n) === 0n
      ? { blobBaseFee: 0n }
      : {}),
  };
}

/** Changes accounts; whoever opened a sandbox before takes that back with it. */
export async function applyOverrides({ state, ask }: Setting, { accounts }: ReadStateOverrides): Promise<void> {
  for (const { address, balance, nonce, code, isWhole, slots } of accounts) {
    if (nonce !== undefined) await state.setNonce(ask, address, nonce);
    if (code !== undefined) await state.setCode(ask, address, code);
    if (balance !== undefined) await state.setBalance(ask, address, balance);
    if (isWhole) await state.emptyStorage(address);
    for (const { slot, value } of slots.values()) await state.setStorage(address, slot, value);
  }
}
