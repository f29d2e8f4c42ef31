// debug_traceCall: what a tracer says of a call.

import { hexFromBytes } from '../base/hex.ts';
import { plainObject } from '../base/reader.ts';
import type { CallOptions, CallRequest } from '../call-types.ts';
import { rulesOf } from '../chain/rules.ts';
import type { EvmBlockInput } from '../core/evm/evm-encode.ts';
import type { TracedBlock, Tracer, TracerFactory } from '../trace/tracer.ts';
import { readTracer, type TracerChoice } from '../trace/tracers.ts';
import { gasOf, type ReadCall, readCall, withOverrides } from './call.ts';
import { rejectionOf } from './outcome.ts';
import { transactionOf } from './request.ts';
import { knowingHead, type Setting } from './setting.ts';

/** A tracer with its options, what is different while the call runs, and where it stands in its block. */
export type CallTraceOptions = TracerChoice & CallOptions & { readonly transactionIndex?: number };

export interface ReadCallTrace {
  readonly read: ReadCall;
  readonly factory: TracerFactory;
  readonly index: number | undefined;
}

/** @throws InputError naming the field */
export function readCallTrace(request: CallRequest, options: CallTraceOptions): ReadCallTrace {
  const { block, stateOverrides, blockOverrides, signal, transactionIndex, ...choice } = plainObject(
    options,
    'options',
  );
  return {
    read: readCall(request, { block, stateOverrides, blockOverrides, signal } as CallOptions),
    factory: readTracer(choice as unknown as TracerChoice, 'options'),
    index: transactionIndex as number | undefined,
  };
}

/** @throws CallRejectedError where the rules do not let the call run */
export async function traceCall(setting: Setting, { read, factory, index }: ReadCallTrace): Promise<unknown> {
  return withOverrides(setting, read, async (sandbox, asked) => {
    const environment = knowingHead(setting, asked);
    const transaction = transactionOf(read.request, environment.fork, gasOf(read.request));
    const block = tracedBlock(environment);
    let tracer: Tracer | undefined;
    const { output } = await sandbox.run({
      environment,
      transaction,
      watch: ({ state }) => {
        tracer = factory({ index, hash: undefined, block, firstLog: 0, state });
        return tracer;
      },
    });
    if (output.status === 'invalid') throw rejectionOf(output);
    return tracer!.result();
  });
}

/** The block of a call, as tracers see it. */
export function tracedBlock({ coinbase, number, fork }: EvmBlockInput): TracedBlock {
  return { number, hash: undefined, beneficiary: hexFromBytes(coinbase), rules: rulesOf(fork) };
}
