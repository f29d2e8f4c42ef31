// What became of a call, as callers get it: the result, or why there is none.

import { CallFailedError, CallRejectedError } from '../base/errors.ts';
import { type Hex, hexFromBytes } from '../base/hex.ts';
import type { CallFailure, CallLog, CallOutcome, CallResult } from '../call-types.ts';
import type { EvmInvalidReason, EvmLogOutput, EvmTransactionOutput } from '../core/evm/evm-decode.ts';
import { revertReason } from '../trace/revert-reason.ts';

const ERROR = '0x08c379a0';
const PANIC = '0x4e487b71';
const REVERTED = 3;
const HALTED = -32000;

/** A call's result. @throws CallRejectedError for one that the rules do not let run */
export function callResultOf(output: EvmTransactionOutput, codes?: RejectionCodes): CallResult {
  if (output.status === 'invalid') throw rejectionOf(output, codes);
  const error = failureOf(output);
  return {
    status: output.status,
    gasUsed: output.gasUsed,
    stateGas: output.stateGas,
    returnData: hexFromBytes(output.returnData),
    logs: output.logs.map(logOf),
    ...(output.created === undefined ? {} : { createdAddress: hexFromBytes(output.created) }),
    ...(error === undefined ? {} : { error }),
  };
}

export function logOf({ address, topics, data }: EvmLogOutput): CallLog {
  return { address: hexFromBytes(address), topics: topics.map(hexFromBytes), data: hexFromBytes(data) };
}

/** Codes by reason, where not all of them are -32000. */
export type RejectionCodes = Partial<Readonly<Record<EvmInvalidReason, number>>>;

/** As eth_simulateV1 has them. */
export const SIMULATION_CODES: RejectionCodes = {
  'nonce too low': -38010,
  'nonce too high': -38011,
  'fee below the base fee': -38012,
  'intrinsic gas too low': -38013,
  'floor gas too low': -38013,
  'insufficient funds': -38014,
  'init code too large': -38025,
  'priority fee above the fee': -32602,
  'nonce at maximum': -32603,
};

/** `other`: the code of what `codes` does not list. */
export function rejectionOf(
  { invalid }: EvmTransactionOutput,
  codes: RejectionCodes = {},
  other = HALTED,
): CallRejectedError {
  const reason = invalid ?? 'bad signature';
  const words = reason === 'insufficient funds' ? 'insufficient funds for gas * price + value' : reason;
  return new CallRejectedError(words, codes[reason] ?? other);
}

/** The outcome of a call that the rules do not let run, or that cannot be run. */
export function failureOfRejection({ code, message }: Pick<CallRejectedError, 'code' | 'message'>): CallOutcome {
  const error: CallFailure = { kind: 'invalid', message, code, data: '0x' };
  return { status: 'invalid', gasUsed: 0n, stateGas: 0n, returnData: '0x', logs: [], error };
}

/** Why a call did not succeed; `undefined`: it did. */
export function failureOf({ status, returnData, halt }: EvmTransactionOutput): CallFailure | undefined {
  if (status === 'success' || status === 'invalid') return undefined;
  if (status === 'halted') {
    const message: string = halt ?? 'halted';
    return { kind: 'halt', message, data: '0x', code: HALTED, ...(halt === undefined ? {} : { halt }) };
  }
  return revertOf(hexFromBytes(returnData));
}

/** What return data of a REVERT says. */
export function revertOf(data: Hex): CallFailure {
  const reason = revertReason(data);
  const message = reason === undefined ? 'execution reverted' : `execution reverted: ${reason}`;
  const shared = { message, data, code: REVERTED };
  if (reason === undefined) return { kind: 'revert', ...shared };
  if (data.startsWith(ERROR)) return { kind: 'revert', name: 'Error', args: [reason], ...shared };
  if (!data.startsWith(PANIC)) return { kind: 'revert', ...shared };
  return { kind: 'panic', name: 'Panic', args: [BigInt(`0x${data.slice(10, 74)}`)], ...shared };
}

/** The error that a failure is where nothing else can be answered: reverts with their bytes. */
export function errorOf({ code, message, data }: CallFailure): CallFailedError {
  return new CallFailedError(code, message, code === REVERTED ? { data } : {});
}
