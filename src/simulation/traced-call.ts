// A call that is to be traced: what is read of the request before anything that traces is loaded.

import { hexFromBytes } from '../base/hex.ts';
import { integer, isMissing, plainObject } from '../base/reader.ts';
import type { CallOptions, CallRequest } from '../call-types.ts';
import { rulesOf } from '../chain/rules.ts';
import type { EvmBlockInput } from '../core/evm/evm-encode.ts';
import type { TracedBlock } from '../trace/tracer.ts';
import type { TracerChoice } from '../trace/tracers.ts';
import { type ReadCall, readCall } from './call.ts';

/** As src/world/tracing-world.ts tells it. */
export type CallTraceOptions = TracerChoice &
  CallOptions & {
    readonly transactionIndex?: number;
    readonly at?: { readonly transactionIndex: number } | undefined;
  };

export interface ReadCallTrace {
  readonly read: ReadCall;
  /** Not checked yet. */
  readonly choice: TracerChoice;
  readonly index: number | undefined;
  /** Before which transaction of the block it runs; `undefined`: after all of them. */
  readonly before: number | undefined;
}

const readIndex = integer(Number.MAX_SAFE_INTEGER);

/** @throws InputError naming the field */
export function readCallTrace(request: CallRequest, options: CallTraceOptions): ReadCallTrace {
  const { block, stateOverrides, blockOverrides, signal, transactionIndex, at, ...choice } = plainObject(
    options,
    'options',
  );
  return {
    read: readCall(request, { block, stateOverrides, blockOverrides, signal } as CallOptions),
    choice: choice as unknown as TracerChoice,
    index: transactionIndex as number | undefined,
    before: isMissing(at)
      ? undefined
      : readIndex(plainObject(at, 'options.at').transactionIndex, 'options.at.transactionIndex'),
  };
}

/** The block of a call, as tracers see it. */
export function tracedBlock({ coinbase, number, fork }: EvmBlockInput): TracedBlock {
  return { number, hash: undefined, beneficiary: hexFromBytes(coinbase), rules: rulesOf(fork) };
}
