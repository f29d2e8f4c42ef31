// A transaction as a tree of calls, in the shape of geth's callTracer.

import { type Hex, hexFromBytes, quantityFromNumber } from '../../../base/hex.ts';
import type { EvmHaltReason, EvmLogOutput, EvmTransactionOutput } from '../evm-decode.ts';
import type { EvmTracer, FrameBegan, FrameEnded, FrameKind, SelfDestructed, TransactionBegan } from '../tracing.ts';

export interface CallFrame {
  type: FrameKind | 'SELFDESTRUCT';
  from: Hex;
  /** Missing for a creation that failed. */
  to?: Hex;
  /** In wei; missing for STATICCALL. */
  value?: Hex;
  /** Outermost frame: the transaction's gas limit. */
  gas: Hex;
  /** Outermost frame: what the transaction pays for, less refunds. */
  gasUsed: Hex;
  /** Call data, or init code. */
  input: Hex;
  /** Return data, or the code of a new contract. */
  output?: Hex;
  error?: string;
  /** What a revert says in Solidity's Error(string). */
  revertReason?: string;
  logs?: CallLog[];
  calls?: CallFrame[];
}

export interface CallLog {
  address: Hex;
  topics: Hex[];
  data: Hex;
  /** Calls of the frame that came before it. */
  position: Hex;
}

const REVERTED = 'execution reverted';

/** geth's words for what it words differently. */
const errors: Partial<Record<EvmHaltReason, string>> = {
  'write in static context': 'write protection',
  'address collision': 'contract address collision',
  'code too large': 'max code size exceeded',
  'code begins with 0xef': 'invalid code: must not begin with 0xef',
  'init code too large': 'max initcode size exceeded',
  'call depth': 'max call depth exceeded',
  'insufficient balance': 'insufficient balance for transfer',
  'nonce at maximum': 'nonce uint64 overflow',
};

/** Builds one tree per transaction; those of attempts without a result are dropped. */
export class CallTracer implements EvmTracer {
  /** By the number of the transaction in the block. */
  readonly calls = new Map<number, CallFrame>();
  readonly #withLogs: boolean;
  #index = 0;
  #gasLimit = 0n;
  /** The open frames, outermost first. */
  #open: { call: CallFrame; gas: bigint }[] = [];
  #outermost: CallFrame | undefined;

  constructor({ withLogs = false }: { withLogs?: boolean } = {}) {
    this.#withLogs = withLogs;
  }

  transactionBegan(event: TransactionBegan): void {
    this.#index = event.index;
    this.#gasLimit = event.gasLimit;
    this.#open = [];
    this.#outermost = undefined;
  }

  transactionEnded(result: EvmTransactionOutput | undefined): void {
    const call = this.#outermost;
    this.calls.delete(this.#index);
    if (result === undefined || call === undefined) return;
    call.gas = quantityFromNumber(this.#gasLimit);
    call.gasUsed = quantityFromNumber(result.gasUsed);
    if (this.#withLogs) dropFailedLogs(call, false);
    this.calls.set(this.#index, call);
  }

  frameBegan(event: FrameBegan): void {
    const { kind: type, gas } = event;
    const call: CallFrame = {
      type,
      from: hexFromBytes(event.from),
      to: hexFromBytes(event.codeAddress),
      gas: quantityFromNumber(gas),
      gasUsed: '0x0',
      input: hexFromBytes(event.input),
    };
    if (type !== 'STATICCALL') call.value = quantityFromNumber(event.value);
    this.#add(call);
    this.#open.push({ call, gas });
  }

  frameEnded(event: FrameEnded): void {
    const { call, gas } = this.#open.pop()!;
    const { status, halt } = event;
    call.gasUsed = quantityFromNumber(gas - event.gasLeft);
    const output = event.output;
    if (status !== 'halted' && output.length > 0) call.output = hexFromBytes(output);
    if (status === 'success') return;
    call.error = status === 'reverted' ? REVERTED : (errors[halt!] ?? halt!);
    if (call.type === 'CREATE' || call.type === 'CREATE2') delete call.to;
    if (status !== 'reverted') return;
    const reason = revertReason(output);
    if (reason !== undefined) call.revertReason = reason;
  }

  logged({ address, topics, data }: EvmLogOutput): void {
    const call = this.#open.at(-1)?.call;
    if (!this.#withLogs || call === undefined) return;
    call.logs ??= [];
    call.logs.push({
      address: hexFromBytes(address),
      topics: topics.map((topic) => hexFromBytes(topic)),
      data: hexFromBytes(data),
      position: quantityFromNumber(call.calls?.length ?? 0),
    });
  }

  selfDestructed(event: SelfDestructed): void {
    this.#add({
      type: 'SELFDESTRUCT',
      from: hexFromBytes(event.address),
      to: hexFromBytes(event.beneficiary),
      value: quantityFromNumber(event.value),
      gas: '0x0',
      gasUsed: '0x0',
      input: '0x',
    });
  }

  #add(call: CallFrame): void {
    const parent = this.#open.at(-1)?.call;
    if (parent === undefined) this.#outermost = call;
    else {
      parent.calls ??= [];
      parent.calls.push(call);
    }
  }
}

/** Logs of frames that failed, or lie within one that did, never happened. */
function dropFailedLogs(call: CallFrame, failed: boolean): void {
  const gone = failed || call.error !== undefined;
  if (gone) delete call.logs;
  for (const inner of call.calls ?? []) dropFailedLogs(inner, gone);
}

/** Error(string): selector, offset 32, length, text. */
function revertReason(output: Uint8Array): string | undefined {
  if (output.length < 68 || hexFromBytes(output.subarray(0, 4)) !== '0x08c379a0') return undefined;
  const view = new DataView(output.buffer, output.byteOffset);
  const length = view.getUint32(64);
  const high = output.subarray(36, 64);
  if (high.some((byte) => byte !== 0) || view.getUint32(32) !== 32 || 68 + length > output.length) return undefined;
  return new TextDecoder().decode(output.subarray(68, 68 + length));
}
