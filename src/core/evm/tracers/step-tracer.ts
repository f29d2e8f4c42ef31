// The instructions of a transaction as EIP-3155 wants them.

import { type Hex, hexFromBytes, quantityFromNumber } from '../../../base/hex.ts';
import { type EvmTracer, type FrameBegan, type FrameEnded, nameOf, type Step } from '../tracing.ts';

/** A line of an EIP-3155 trace. */
export interface TraceLine {
  pc: number;
  op: number;
  gas: Hex;
  /**
   * All that the instruction takes, the gas of a callee among it (but not a stipend). An instruction that halts its frame
   * takes what there is.
   */
  gasCost: Hex;
  /** Bytes, before the instruction. */
  memSize: number;
  /** From the bottom up, before the instruction. */
  stack: Hex[];
  /** 1 for the outermost frame. */
  depth: number;
  /** Refund counter. */
  refund: number;
  opName: string;
  /** Where asked for. */
  memory?: Hex;
  returnData?: Hex;
  /** Why the instruction halted its frame. */
  error?: string;
}

export interface StepTracerOptions {
  withMemory?: boolean;
  withReturnData?: boolean;
}

/**
 * Gives each line to `write` as soon as its cost is known. An attempt that ends without a result has written lines too:
 * trace where no state is missing and transactions run in order.
 */
export class StepTracer implements EvmTracer {
  readonly #write: (line: TraceLine) => void;
  readonly #options: StepTracerOptions;
  /** The last line of the running frame, whose cost is not known yet, and its gas. */
  #line: TraceLine | undefined;
  #gas = 0n;

  constructor(write: (line: TraceLine) => void, options: StepTracerOptions = {}) {
    this.#write = write;
    this.#options = options;
  }

  transactionBegan(): void {
    this.#line = undefined;
  }

  stepped(event: Step): void {
    const { gas, opcode } = event;
    this.#finish(gas);
    this.#gas = gas;
    this.#line = {
      pc: event.pc,
      op: opcode,
      gas: quantityFromNumber(gas),
      gasCost: '0x0',
      memSize: event.memorySize,
      stack: event.stack.map((word) => quantityFromNumber(word)),
      depth: event.depth + 1,
      refund: Number(event.refund),
      opName: nameOf(opcode) ?? `opcode 0x${opcode.toString(16)} not defined`,
    };
    if (this.#options.withMemory) this.#line.memory = hexFromBytes(event.memory);
    if (this.#options.withReturnData) this.#line.returnData = hexFromBytes(event.returnData);
  }

  frameBegan(event: FrameBegan): void {
    this.#finish(event.callerGas);
  }

  frameEnded(event: FrameEnded): void {
    const { halt } = event;
    if (this.#line !== undefined && halt !== undefined) this.#line.error = halt;
    this.#finish(event.codeGas);
  }

  /** The instruction has left `gas`. */
  #finish(gas: bigint): void {
    const line = this.#line;
    if (line === undefined) return;
    line.gasCost = quantityFromNumber(this.#gas - gas);
    this.#line = undefined;
    this.#write(line);
  }
}
