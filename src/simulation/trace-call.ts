// debug_traceCall: what a tracer says of a call.

import type { Tracer } from '../trace/tracer.ts';
import { readTracer } from '../trace/tracers.ts';
import { gasOf, withOverrides } from './call.ts';
import { rejectionOf } from './outcome.ts';
import { transactionOf } from './request.ts';
import { knowingHead, type Setting } from './setting.ts';
import { type ReadCallTrace, tracedBlock } from './traced-call.ts';

/**
 * In a box: a tracer of the caller's own may give a promise, which may wait for this world, and is not waited for here.
 * @throws InputError for a tracer that there is not; CallRejectedError where the rules do not let the call run
 */
export async function traceCall(
  setting: Setting,
  { read, choice, index }: ReadCallTrace,
): Promise<{ readonly result: unknown }> {
  const factory = readTracer(choice, 'options');
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
    return { result: tracer!.result() };
  });
}
