// flatCallTracer: the calls of a transaction as a list, in the shape of OpenEthereum's trace_transaction.

import type { Hex } from '../base/hex.ts';
import type { FlatCallTracerOptions } from '../option-types.ts';
import { type Call, CallTree, isCreation } from './call-tree.ts';
import { REVERTED } from './halt-words.ts';
import { SizeLimit } from './size-limit.ts';
import type { TracedTransaction, Tracer } from './tracer.ts';

/** As geth prints it. */
export interface FlatCall {
  readonly action: FlatCallAction;
  /** `null` where it is not known. */
  readonly blockHash: Hex | null;
  /** 0 for a call that is in no block. */
  readonly blockNumber: number;
  readonly error?: string;
  /** Missing where the call failed for another reason than REVERT, and for SELFDESTRUCT. */
  readonly result?: { readonly address?: Hex; readonly code?: Hex; readonly gasUsed: Hex; readonly output?: Hex };
  readonly subtraces: number;
  /** Its place: numbers of calls within calls. */
  readonly traceAddress: readonly number[];
  readonly transactionHash: Hex | null;
  readonly transactionPosition: number;
  readonly type: 'call' | 'create' | 'suicide';
}

export interface FlatCallAction {
  /** suicide: the account that destroys itself. */
  readonly address?: Hex;
  readonly balance?: Hex;
  readonly callType?: string;
  readonly creationMethod?: string;
  readonly from?: Hex;
  readonly gas?: Hex;
  readonly init?: Hex;
  readonly input?: Hex;
  readonly refundAddress?: Hex;
  readonly to?: Hex;
  readonly value?: Hex;
}

export function flatCallTracer(options: FlatCallTracerOptions = {}) {
  return (transaction: TracedTransaction): Tracer<FlatCall[]> => {
    const limit = new SizeLimit();
    const tree = new CallTree(transaction, limit);
    return {
      transactionBegan: (event) => tree.transactionBegan(event),
      transactionEnded: (result) => tree.transactionEnded(result),
      frameBegan: (event) => tree.frameBegan(event),
      frameEnded(event) {
        tree.frameEnded(event);
        const { current } = tree;
        const ended = current?.calls.at(-1);
        if (ended !== undefined && !options.includePrecompiles && isHidden(ended)) current?.calls.pop();
      },
      selfDestructed: (event) => tree.selfDestructed(event),
      result: () => (tree.root === undefined ? [] : new Flattening(transaction, options, limit).of(tree.root)),
    };
  };
}

function isHidden({ type, precompile }: Call): boolean {
  return precompile !== 0 && (type === 'CALL' || type === 'STATICCALL');
}

class Flattening {
  readonly #transaction: TracedTransaction;
  readonly #options: FlatCallTracerOptions;
  readonly #limit: SizeLimit;
  readonly #calls: FlatCall[] = [];

  constructor(transaction: TracedTransaction, options: FlatCallTracerOptions, limit: SizeLimit) {
    this.#transaction = transaction;
    this.#options = options;
    this.#limit = limit;
  }

  of(root: Call): FlatCall[] {
    this.#add(root, []);
    return this.#calls;
  }

  #add(call: Call, traceAddress: readonly number[]): void {
    // Deep trees: the places take more than the calls.
    this.#limit.add(200 + traceAddress.length * 3);
    const { index, hash, block } = this.#transaction;
    const error = this.#options.convertParityErrors ? parityWords(call.error) : call.error;
    const { action, result, type } = partsOf(call);
    this.#calls.push({
      action,
      blockHash: block.hash ?? null,
      blockNumber: index === undefined ? 0 : Number(block.number),
      ...(error === undefined ? {} : { error }),
      ...(result === undefined || (call.error !== undefined && call.error !== REVERTED) ? {} : { result }),
      subtraces: call.calls.length,
      traceAddress,
      transactionHash: hash ?? null,
      transactionPosition: index ?? 0,
      type,
    });
    for (const [place, inner] of call.calls.entries()) this.#add(inner, [...traceAddress, place]);
  }
}

function partsOf(call: Call): Pick<FlatCall, 'action' | 'result' | 'type'> {
  const { from, to, gas, gasUsed, input, output = '0x', value = '0x0' } = call;
  const method = call.type.toLowerCase();
  if (call.type === 'SELFDESTRUCT') {
    return {
      action: { address: from, balance: value, ...(to === undefined ? {} : { refundAddress: to }) },
      result: undefined,
      type: 'suicide',
    };
  }
  if (isCreation(call)) {
    return {
      action: { creationMethod: method, from, gas, init: input, value },
      result: { ...(to === undefined ? {} : { address: to }), code: output, gasUsed },
      type: 'create',
    };
  }
  return {
    action: { callType: method, from, gas, input, ...(to === undefined ? {} : { to }), value },
    result: { gasUsed, output },
    type: 'call',
  };
}

const parity = new Map([
  ['contract creation code storage out of gas', 'Out of gas'],
  ['out of gas', 'Out of gas'],
  ['gas uint64 overflow', 'Out of gas'],
  ['max code size exceeded', 'Out of gas'],
  ['invalid jump destination', 'Bad jump destination'],
  [REVERTED, 'Reverted'],
  ['return data out of bounds', 'Out of bounds'],
  ['stack limit reached 1024 (1023)', 'Out of stack'],
  ['precompiled failed', 'Built-in failed'],
  ['invalid input length', 'Built-in failed'],
]);

const parityBeginnings = [
  ['out of gas:', 'Out of gas'],
  ['invalid opcode:', 'Bad instruction'],
  ['stack underflow', 'Stack underflow'],
] as const;

function parityWords(error: string | undefined): string | undefined {
  if (error === undefined) return undefined;
  return parity.get(error) ?? parityBeginnings.find(([beginning]) => error.startsWith(beginning))?.[1] ?? error;
}
