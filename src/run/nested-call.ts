// Calls that what a run waits for (a state source, an executor on the calling thread) makes to the run's own engine: each
// would wait for the other, for ever.

import { InputError } from '../base/errors.ts';
import { type CallContext, callContext } from '../base/platform.ts';

interface OpenCall {
  readonly engine: object;
  readonly outer: OpenCall | undefined;
  isOver: boolean;
}

let context: CallContext<OpenCall> | undefined;

/** Calls something that a run of `engine` waits for. */
export async function callFor<T>(engine: object, body: () => Promise<T>): Promise<T> {
  context ??= callContext();
  const call: OpenCall = { engine, outer: context.current(), isOver: false };
  try {
    return await context.run(call, body);
  } finally {
    // Timers and connections that the call has left behind may use the engine.
    call.isOver = true;
  }
}

/** @throws InputError within {@link callFor} of the same engine, other engines in between included */
export function refuseNestedCall(engine: object): void {
  for (let call = context?.current(); call !== undefined; call = call.outer) {
    if (call.engine !== engine || call.isOver) continue;
    throw new InputError('engine', 'a state source, or an executor, may not call the engine that waits for its answer');
  }
}
