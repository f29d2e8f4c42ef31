// eip3155: every instruction of a transaction as a line of JSON, and one line about its end.

import { type Hex, hexFromBytes, quantityFromNumber } from '../base/hex.ts';
import type { EvmTransactionOutput } from '../core/evm/evm-decode.ts';
import type { Step } from '../core/evm/trace-events.ts';
import type { EvmTracer } from '../core/evm/tracer.ts';
import type { StepLineOptions } from '../option-types.ts';
import { opcodeName } from './opcode-names.ts';
import { SizeLimit } from './size-limit.ts';
import { StepCosts, type StepEnd } from './step-costs.ts';
import type { TracedTransaction, Tracer } from './tracer.ts';

/** An instruction. */
export interface StepLine {
  readonly pc: number;
  readonly op: number;
  readonly gas: Hex;
  /** All that the instruction takes, the gas of a callee among it (but not a stipend, and not that of a creation). */
  readonly gasCost: Hex;
  /** Where asked for. */
  readonly memory?: Hex;
  /** Bytes, before the instruction. */
  readonly memSize: number;
  /** From the bottom up, before the instruction. */
  readonly stack?: readonly Hex[];
  /** Where asked for. */
  readonly returnData?: Hex;
  /** 1 for the outermost frame. */
  readonly depth: number;
  /** Refund counter. */
  readonly refund: number;
  readonly opName: string;
  /** Why the instruction halted its frame. */
  readonly error?: string;
}

/** How the transaction ended. */
export interface StepSummary {
  readonly output: Hex;
  readonly gasUsed: Hex;
  /** Whether it succeeded. */
  readonly pass: boolean;
}

export type StepLines = readonly [...StepLine[], StepSummary];

export function stepLineTracer(options: StepLineOptions = {}) {
  return (transaction: TracedTransaction): Tracer<StepLines> => new StepLineTracer(transaction, options);
}

class StepLineTracer implements EvmTracer, Tracer<StepLines> {
  readonly #options: StepLineOptions;
  readonly #costs: StepCosts;
  readonly #limit = new SizeLimit();
  readonly #lines: StepLine[] = [];
  #outcome: EvmTransactionOutput | undefined;

  constructor(transaction: TracedTransaction, options: StepLineOptions) {
    this.#options = options;
    this.#costs = new StepCosts(transaction.block.rules);
  }

  stepped(step: Step): void {
    this.#costs.arrived(step.gas, step.refund);
    const found = this.#foundBy(step);
    this.#costs.stepped(step, (end) => this.#write(found, end));
  }

  frameBegan: EvmTracer['frameBegan'] = (event) => this.#costs.frameBegan(event);

  frameEnded: EvmTracer['frameEnded'] = (event) => this.#costs.frameEnded(event);

  transactionEnded(result: EvmTransactionOutput | undefined): void {
    this.#outcome = result;
  }

  result(): StepLines {
    const { status, gasUsed = 0n, returnData = new Uint8Array(0) } = this.#outcome ?? {};
    const pass = status === 'success';
    return [...this.#lines, { output: hexFromBytes(returnData), gasUsed: quantityFromNumber(gasUsed), pass }];
  }

  #foundBy(step: Step): Omit<StepLine, 'gasCost' | 'refund'> {
    const { enableMemory, disableStack, enableReturnData } = this.#options;
    const { pc, opcode: op, gas, memorySize: memSize, depth } = step;
    return {
      pc,
      op,
      gas: quantityFromNumber(gas),
      ...(enableMemory ? { memory: step.memory } : {}),
      memSize,
      ...(disableStack ? {} : { stack: step.stackHex }),
      ...(enableReturnData ? { returnData: step.returnData } : {}),
      depth: depth + 1,
      opName: opcodeName(op),
    };
  }

  #write(found: Omit<StepLine, 'gasCost' | 'refund'>, { cost, refund, error }: StepEnd): void {
    const { pc, op, gas, memory, memSize, stack, returnData, depth, opName } = found;
    const line: StepLine = {
      pc,
      op,
      gas,
      gasCost: quantityFromNumber(cost),
      ...(memory === undefined ? {} : { memory }),
      memSize,
      ...(stack === undefined ? {} : { stack }),
      ...(returnData === undefined ? {} : { returnData }),
      depth,
      refund: Number(refund),
      opName,
      ...(error === undefined ? {} : { error }),
    };
    if (this.#options.write !== undefined) this.#options.write(line);
    else {
      this.#limit.add(200 + (stack?.length ?? 0) * 40 + (memory?.length ?? 0) + (returnData?.length ?? 0));
      this.#lines.push(line);
    }
  }
}
