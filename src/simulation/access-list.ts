// eth_createAccessList, as geth does it: what a call touches, found again and again until the list does not change any more.

import type { AccessListResult } from '../call-types.ts';
import type { EvmTracer } from '../core/evm/tracer.ts';
import { callTracer } from '../trace/call-tracer.ts';
import { joined } from '../trace/mux-tracer.ts';
import type { TracedTransaction } from '../trace/tracer.ts';
import { gasOf, type ReadCall, withOverrides } from './call.ts';
import { failureOf, rejectionOf } from './outcome.ts';
import { transactionOf } from './request.ts';
import type { Setting } from './setting.ts';
import { Touched, touchedAnyway } from './touched.ts';
import { tracedBlock } from './traced-call.ts';

/** @throws CallRejectedError where the rules do not let the call run */
export async function createAccessList(setting: Setting, read: ReadCall): Promise<AccessListResult> {
  return withOverrides(setting, read, async (sandbox, environment) => {
    const { accessList: given = [] } = read.request;
    const excluded = await touchedAnyway(setting, read.request, environment);
    let before = new Touched(excluded, given);
    while (true) {
      const accessList = before.list();
      const request = {
        ...read.request,
        accessList: accessList.map(({ address, storageKeys }) => ({ address, storageKeys: [...storageKeys] })),
      };
      const transaction = transactionOf(request, environment.fork, gasOf(request));
      let touched = before;
      let frame: ReturnType<ReturnType<typeof callTracer>> | undefined;
      const watch = ({ state }: Pick<TracedTransaction, 'state'>): EvmTracer => {
        touched = new Touched(excluded, accessList);
        const traced = { index: undefined, hash: undefined, block: tracedBlock(environment), firstLog: 0, state };
        frame = callTracer({ onlyTopCall: true })(traced);
        return joined([touched, frame]);
      };
      const { output } = await sandbox.run({ environment, transaction, watch });
      if (output.status === 'invalid') throw rejectionOf(output);
      if (touched.size === before.size) {
        const failure = failureOf(output);
        if (failure === undefined) return { accessList, gasUsed: output.gasUsed };
        // What a halt is called, geth says here as in traces.
        const message = failure.kind === 'halt' ? (frame?.result()?.error ?? failure.message) : failure.message;
        return { accessList, gasUsed: output.gasUsed, error: { ...failure, message } };
      }
      before = touched;
    }
  });
}
