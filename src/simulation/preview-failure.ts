// Why a previewed transaction fails: what its bytes say, in the errors of an ABI as well, and which call failed first.

import type { CallFailure } from '../call-types.ts';
import type { HaltReason } from '../chain/halt-reasons.ts';
import type { EvmTransactionOutput } from '../core/evm/evm-decode.ts';
import type { CallFrame } from '../trace/call-tracer.ts';
import { type AbiErrors, decodeAbiError, wordsOf } from './abi-errors.ts';
import { failureOf } from './outcome.ts';
import type { PreviewFailure } from './preview-types.ts';

/** `undefined`: it does not fail. */
export function previewFailure(
  output: EvmTransactionOutput,
  calls: CallFrame | undefined,
  errors: AbiErrors,
): PreviewFailure | undefined {
  const failure = failureOf(output);
  if (failure === undefined) return undefined;
  const { at, last } = originOf(calls);
  const gas = last === undefined || at.length === 0 ? output.gasUsed : BigInt(last.gas);
  return { ...inWords(failure, errors, gas), at };
}

function inWords(failure: CallFailure, errors: AbiErrors, gas: bigint): CallFailure {
  if (failure.kind === 'halt') {
    const ranOut: Partial<Record<HaltReason, string>> = { 'out of gas': `out of gas: ${gas} were there` };
    return { ...failure, message: (failure.halt && ranOut[failure.halt]) ?? failure.message };
  }
  if (failure.name !== undefined) return failure;
  const error = decodeAbiError(errors, failure.data);
  if (error === undefined) return failure;
  const { name, args } = error;
  return { ...failure, kind: 'custom', name, args, message: `execution reverted: ${wordsOf(name, args)}` };
}

/**
 * The way to the call that failed first: from the outermost on, the last call within, as long as it failed and its caller
 * has nothing else to say.
 */
function originOf(calls: CallFrame | undefined): { at: number[]; last: CallFrame | undefined } {
  const at: number[] = [];
  let last = calls;
  while (last !== undefined) {
    const inner: CallFrame | undefined = last.calls?.at(-1);
    if (inner?.error === undefined || (inner.output ?? '0x') !== (last.output ?? '0x')) break;
    if (last.error !== 'execution reverted' && last.error !== inner.error) break;
    at.push(last.calls!.length - 1);
    last = inner;
  }
  return { at, last };
}
