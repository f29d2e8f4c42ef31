// callTracer: the calls of a transaction, one in the other.

import type { Hex } from '../base/hex.ts';
import type { CallTracerOptions } from '../option-types.ts';
import { type Call, type CallLog, CallTree } from './call-tree.ts';
import { SizeLimit } from './size-limit.ts';
import type { TracedTransaction, Tracer } from './tracer.ts';

/** As geth prints it: what is empty is left out. */
export interface CallFrame {
  readonly from: Hex;
  /** Outermost call: the transaction's gas limit. */
  readonly gas: Hex;
  /** Outermost call: what the transaction pays for, less refunds. */
  readonly gasUsed: Hex;
  /** Missing for a creation that failed. */
  readonly to?: Hex;
  /** Call data, or init code. */
  readonly input: Hex;
  /** Return data, or the code of a new contract. */
  readonly output?: Hex;
  readonly error?: string;
  /** What a revert says in Solidity's Error(string) or Panic(uint256). */
  readonly revertReason?: string;
  readonly calls?: readonly CallFrame[];
  readonly logs?: readonly CallLog[];
  /** In wei; missing for STATICCALL. */
  readonly value?: Hex;
  readonly type: Call['type'];
}

export function callTracer(options: CallTracerOptions = {}) {
  const { withLog: withLogs = false, onlyTopCall: topOnly = false } = options;
  return (transaction: TracedTransaction): Tracer<CallFrame | null> => {
    const tree = new CallTree(transaction, new SizeLimit(), { withLogs, topOnly });
    return {
      transactionBegan: (event) => tree.transactionBegan(event),
      transactionEnded: (result) => tree.transactionEnded(result),
      frameBegan: (event) => tree.frameBegan(event),
      frameEnded: (event) => tree.frameEnded(event),
      ...(withLogs ? { logged: (event) => tree.logged(event) } : {}),
      ...(topOnly ? {} : { selfDestructed: (event) => tree.selfDestructed(event) }),
      result: () => (tree.root === undefined ? null : frameOf(tree.root)),
    };
  };
}

/** With everything in the order in which geth prints it. */
function frameOf(call: Call): CallFrame {
  const { from, gas, gasUsed, to, input, output, error, revertReason, calls, logs, value, type } = call;
  return {
    from,
    gas,
    gasUsed,
    ...(to === undefined ? {} : { to }),
    input,
    ...(output === undefined || output === '0x' ? {} : { output }),
    ...(error === undefined ? {} : { error }),
    ...(revertReason === undefined || revertReason === '' ? {} : { revertReason }),
    ...(calls.length === 0 ? {} : { calls: calls.map(frameOf) }),
    ...(logs.length === 0 ? {} : { logs }),
    ...(value === undefined ? {} : { value }),
    type,
  };
}
