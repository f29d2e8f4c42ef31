// The calls of a transaction as a tree: what the tracers of calls have in common.

import { type Hex, quantityFromNumber } from '../base/hex.ts';
import type { EvmTransactionOutput } from '../core/evm/evm-decode.ts';
import {
  type FrameBegan,
  type FrameEnded,
  type FrameKind,
  OPCODES,
  type SelfDestructed,
  type TransactionBegan,
} from '../core/evm/trace-events.ts';
import type { EvmTracer, Logged } from '../core/evm/tracer.ts';
import { haltWords, REVERTED } from './halt-words.ts';
import { revertReason } from './revert-reason.ts';
import type { SizeLimit } from './size-limit.ts';
import type { TracedTransaction } from './tracer.ts';

/** A call, a creation or a SELFDESTRUCT. */
export interface Call {
  readonly type: FrameKind | 'SELFDESTRUCT';
  readonly from: Hex;
  /** `undefined` for a creation that failed. */
  to: Hex | undefined;
  /** In wei; `undefined` for STATICCALL. */
  readonly value: Hex | undefined;
  /** Outermost: the transaction's gas limit. */
  gas: Hex;
  /** Outermost: what the transaction pays for, less refunds. */
  gasUsed: Hex;
  /** Call data, or init code. */
  readonly input: Hex;
  /** Return data, or the code of a new contract; `undefined` where it failed for another reason than REVERT. */
  output: Hex | undefined;
  error: string | undefined;
  revertReason: string | undefined;
  logs: CallLog[];
  readonly calls: Call[];
  /** Number of the precompiled contract that is called, 0 for none. */
  readonly precompile: number;
}

export interface CallLog {
  readonly address: Hex;
  readonly topics: readonly Hex[];
  readonly data: Hex;
  /** Its number in the block. */
  readonly index: Hex;
  /** Calls of the frame that came before it. */
  readonly position: Hex;
}

export interface CallTreeOptions {
  readonly withLogs?: boolean;
  /** The outermost call only. */
  readonly topOnly?: boolean;
}

/** An open frame. */
interface Open {
  readonly call: Call;
  readonly gas: bigint;
  /** Logs of the block that stand when the frame fails. */
  readonly logs: number;
}

/** What a call takes at least where it is printed, in letters. */
const CALL_SIZE = 250;
const LOG_SIZE = 200;

export class CallTree implements EvmTracer {
  readonly #transaction: TracedTransaction;
  readonly #options: CallTreeOptions;
  readonly #limit: SizeLimit;
  readonly #open: Open[] = [];
  #gasLimit = 0n;
  /** Frames that are open, those that are passed over among them. */
  #depth = 0;
  #logs: number;
  #root: Call | undefined;

  constructor(transaction: TracedTransaction, limit: SizeLimit, options: CallTreeOptions = {}) {
    this.#transaction = transaction;
    this.#limit = limit;
    this.#options = options;
    this.#logs = transaction.firstLog;
  }

  /** The outermost call; `undefined` where the transaction came to none. */
  get root(): Call | undefined {
    return this.#root;
  }

  /** The call that runs, or with `topOnly` the outermost. */
  get current(): Call | undefined {
    return this.#open.at(-1)?.call;
  }

  transactionBegan(event: TransactionBegan): void {
    this.#gasLimit = event.gasLimit;
  }

  transactionEnded(result: EvmTransactionOutput | undefined): void {
    const root = this.#root;
    if (root === undefined || result === undefined) return;
    root.gasUsed = quantityFromNumber(result.gasUsed);
    dropFailedLogs(root, false);
  }

  frameBegan(event: FrameBegan): void {
    const { depth, gas } = event;
    this.#depth++;
    if (this.#options.topOnly && depth > 0) return;
    const type = event.kind;
    const call: Call = {
      type,
      from: event.from,
      to: event.codeAddress,
      value: type === 'STATICCALL' ? undefined : quantityFromNumber(event.value),
      gas: quantityFromNumber(depth === 0 ? this.#gasLimit : gas),
      gasUsed: '0x0',
      input: event.input,
      output: undefined,
      error: undefined,
      revertReason: undefined,
      logs: [],
      calls: [],
      precompile: event.precompile,
    };
    this.#add(call);
    this.#open.push({ call, gas, logs: this.#logs });
  }

  frameEnded(event: FrameEnded): void {
    this.#depth--;
    if (this.#options.topOnly && event.depth > 0) return;
    const { call, gas, logs } = this.#open.pop()!;
    const { status } = event;
    call.gasUsed = quantityFromNumber(gas - event.gasLeft);
    if (status !== 'halted') this.#setOutput(call, event);
    if (status === 'success') return;
    this.#logs = logs;
    const { rules } = this.#transaction.block;
    call.error = status === 'reverted' ? REVERTED : haltWords(event, call, rules);
    if (isCreation(call)) call.to = undefined;
    if (status === 'reverted' && call.output !== undefined) call.revertReason = revertReason(call.output);
  }

  logged({ address, topics, data }: Logged): void {
    const index = this.#logs++;
    const call = this.current;
    if (!this.#options.withLogs || call === undefined) return;
    if (this.#options.topOnly && this.#depth > 1) return;
    this.#limit.add(LOG_SIZE + data.length + topics.length * 70);
    const position = quantityFromNumber(call.calls.length);
    call.logs.push({ address, topics, data, index: quantityFromNumber(index), position });
  }

  selfDestructed(event: SelfDestructed): void {
    if (this.#options.topOnly) return;
    this.#add({
      type: 'SELFDESTRUCT',
      from: event.address,
      to: event.beneficiary,
      value: quantityFromNumber(event.value),
      gas: '0x0',
      gasUsed: '0x0',
      input: '0x',
      output: undefined,
      error: undefined,
      revertReason: undefined,
      logs: [],
      calls: [],
      precompile: 0,
    });
  }

  #setOutput(call: Call, event: FrameEnded): void {
    const { output, status, endedAt } = event;
    call.output = output;
    this.#limit.add(output.length);
    if (status !== 'success' || output !== '0x' || !isCreation(call) || endedAt?.opcode !== OPCODES.RETURN) return;
    // Frontier: the account stays without the code that could not be paid for.
    call.output = endedAt.memoryAt(Number(endedAt.top(0)), Number(endedAt.top(1)));
  }

  #add(call: Call): void {
    this.#limit.add(CALL_SIZE + call.input.length);
    const parent = this.current;
    if (parent === undefined) this.#root = call;
    else parent.calls.push(call);
  }
}

export function isCreation({ type }: Call): boolean {
  return type === 'CREATE' || type === 'CREATE2';
}

/** Logs of frames that failed, or lie within one that did, never happened. */
function dropFailedLogs(call: Call, failed: boolean): void {
  const gone = failed || call.error !== undefined;
  if (gone) call.logs = [];
  for (const inner of call.calls) dropFailedLogs(inner, gone);
}
