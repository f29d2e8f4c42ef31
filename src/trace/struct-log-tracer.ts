// structLog: every instruction of a transaction with what it found, as debug_traceTransaction prints them.

import { type Hex, hexFromBytes } from '../base/hex.ts';
import type { EvmTransactionOutput } from '../core/evm/evm-decode.ts';
import { OPCODES as Op, type Step } from '../core/evm/trace-events.ts';
import type { EvmTracer } from '../core/evm/tracer.ts';
import type { StructLogOptions } from '../option-types.ts';
import { opcodeName } from './opcode-names.ts';
import { SizeLimit } from './size-limit.ts';
import { StepCosts, type StepEnd } from './step-costs.ts';
import type { TracedTransaction, Tracer } from './tracer.ts';

/** An instruction. */
export interface StructLog {
  readonly pc: number;
  readonly op: string;
  readonly gas: number;
  readonly gasCost: number;
  /** 1 for the outermost frame. */
  readonly depth: number;
  readonly error?: string;
  /** From the bottom up, before the instruction. */
  readonly stack?: readonly Hex[];
  readonly returnData?: Hex;
  /** Words of 32 bytes, before the instruction. */
  readonly memory?: readonly Hex[];
  /** Of the running account, what SLOAD and SSTORE have met so far, this one included. */
  readonly storage?: Readonly<Record<Hex, Hex>>;
  /** Refund counter. */
  readonly refund?: number;
}

export interface StructLogTrace {
  readonly gas: number;
  readonly failed: boolean;
  readonly returnValue: Hex;
  readonly structLogs: readonly StructLog[];
}

interface SlotMet {
  readonly address: Hex;
  readonly slot: Hex;
  readonly value: Hex;
}

/** What an instruction finds, and the slot that it is about to read or write. */
type Found = Pick<StructLog, 'stack' | 'returnData' | 'memory'> & { readonly met?: SlotMet | undefined };

export function structLogTracer(options: StructLogOptions = {}) {
  return (transaction: TracedTransaction): Tracer<StructLogTrace> => new StructLogTracer(transaction, options);
}

class StructLogTracer implements EvmTracer, Tracer<StructLogTrace> {
  readonly #transaction: TracedTransaction;
  readonly #options: StructLogOptions;
  readonly #costs: StepCosts;
  readonly #limit = new SizeLimit();
  readonly #logs: StructLog[] = [];
  /** What SLOAD and SSTORE have met, by account. */
  readonly #storage = new Map<Hex, Map<Hex, Hex>>();
  /** Letters of JSON so far; counted only where there is a limit. */
  #size = 0;
  #outcome: EvmTransactionOutput | undefined;

  constructor(transaction: TracedTransaction, options: StructLogOptions) {
    this.#transaction = transaction;
    this.#options = options;
    this.#costs = new StepCosts(transaction.block.rules);
  }

  stepped(step: Step): void {
    const { limit = 0 } = this.#options;
    this.#costs.arrived(step.gas, step.refund);
    if (limit !== 0 && this.#size > limit) return;
    const { pc, opcode, gas, depth } = step;
    const found = this.#foundBy(step);
    this.#costs.stepped(step, (end) => this.#add({ pc, opcode, gas, depth }, found, end));
  }

  frameBegan: EvmTracer['frameBegan'] = (event) => this.#costs.frameBegan(event);

  frameEnded: EvmTracer['frameEnded'] = (event) => this.#costs.frameEnded(event);

  transactionEnded(result: EvmTransactionOutput | undefined): void {
    this.#outcome = result;
  }

  result(): StructLogTrace {
    const { status, gasUsed = 0n, returnData } = this.#outcome ?? {};
    return {
      gas: Number(gasUsed),
      failed: status !== 'success',
      returnValue: status === 'halted' || returnData === undefined ? '0x' : hexFromBytes(returnData),
      structLogs: this.#logs,
    };
  }

  #foundBy(step: Step): Found {
    const { enableMemory, disableStack, disableStorage, enableReturnData } = this.#options;
    const found: { -readonly [K in keyof Found]: Found[K] } = {};
    let size = 100;
    if (!disableStack) {
      found.stack = step.stackHex;
      size += found.stack.length * 40;
    }
    if (enableReturnData) {
      const { returnData } = step;
      if (returnData !== '0x') found.returnData = returnData;
      size += returnData.length;
    }
    if (enableMemory && step.memorySize > 0) {
      found.memory = wordsOf(step.memory);
      size += found.memory.length * 80;
    }
    if (!disableStorage && (step.opcode === Op.SLOAD || step.opcode === Op.SSTORE)) found.met = this.#slotMetBy(step);
    this.#limit.add(size);
    return found;
  }

  /** The slot that the instruction is about; `undefined` where its operands are missing. */
  #slotMetBy(step: Step): SlotMet | undefined {
    const { address, opcode } = step;
    if (step.stackHeight < (opcode === Op.SLOAD ? 1 : 2)) return undefined;
    const slot = step.topWord(0);
    const value = opcode === Op.SLOAD ? this.#transaction.state.getStorage(address, slot) : step.topWord(1);
    return { address, slot, value };
  }

  /** The slots that the account has met, with this one. */
  #storageWith({ address, slot, value }: SlotMet): Readonly<Record<Hex, Hex>> {
    let storage = this.#storage.get(address);
    if (storage === undefined) {
      storage = new Map();
      this.#storage.set(address, storage);
    }
    storage.set(slot, value);
    this.#limit.add(storage.size * 140);
    return Object.fromEntries([...storage].sort(([left], [right]) => (left < right ? -1 : 1)));
  }

  #add(
    { pc, opcode, gas, depth }: { pc: number; opcode: number; gas: bigint; depth: number },
    { stack, returnData, memory, met }: Found,
    { cost, refund, error, isRefused }: StepEnd,
  ): void {
    // What halts before it does anything has met no slot.
    const storage = met === undefined || isRefused ? undefined : this.#storageWith(met);
    // As geth prints it; what fails after it was paid for is told without its error.
    const log: StructLog = {
      pc,
      op: opcodeName(opcode),
      gas: Number(gas),
      gasCost: Number(cost),
      depth: depth + 1,
      ...(error === undefined || !isRefused ? {} : { error }),
      ...(stack === undefined ? {} : { stack }),
      ...(returnData === undefined ? {} : { returnData }),
      ...(memory === undefined ? {} : { memory }),
      ...(storage === undefined ? {} : { storage }),
      ...(refund === 0n ? {} : { refund: Number(refund) }),
    };
    if ((this.#options.limit ?? 0) !== 0) this.#size += sizeOf(log);
    this.#logs.push(log);
  }
}

function wordsOf(memory: Hex): Hex[] {
  return Array.from({ length: (memory.length - 2) / 64 }, (_, word): Hex => {
    return `0x${memory.slice(2 + word * 64, 66 + word * 64)}`;
  });
}

/** Bytes of geth's JSON, which writes some letters as six. */
function sizeOf(log: StructLog): number {
  const json = JSON.stringify(log);
  return json.length + 5 * (json.match(/[<>&]/g)?.length ?? 0);
}
