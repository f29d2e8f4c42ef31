// What each instruction cost, and how it failed: known only when the next event comes.

import type { Rules } from '../chain/rules.ts';
import {
  type FrameBegan,
  type FrameEnded,
  type Instruction,
  OPCODES as Op,
  type Step,
} from '../core/evm/trace-events.ts';
import { fixedPrice, instructionWords } from './halt-words.ts';
import { memoryFee, memoryNeeded } from './memory-need.ts';

/** How an instruction ended. */
export interface StepEnd {
  /** What it took, with all that a call hands to its callee (but not a stipend), and without what a creation does. */
  readonly cost: bigint;
  /** Refund counter of the transaction, with what the instruction itself added. */
  readonly refund: bigint;
  /** Why it halted its frame. */
  readonly error?: string;
  /** Whether it halted before it did anything: for lack of gas, of words, or of room for them. */
  readonly isRefused?: boolean;
}

/** The instruction that runs. */
interface Pending {
  readonly opcode: number;
  readonly gas: bigint;
  readonly refund: bigint;
  readonly ended: (end: StepEnd) => void;
}

/** Follows the instructions of a transaction; to be told of all steps and frames, in order. */
export class StepCosts {
  readonly #rules: Rules;
  #pending: Pending | undefined;

  constructor(rules: Rules) {
    this.#rules = rules;
  }

  /** `ended` is called when the instruction is over. */
  stepped({ opcode, gas, refund }: Step, ended: (end: StepEnd) => void): void {
    this.arrived(gas, refund);
    this.#pending = { opcode, gas, refund, ended };
  }

  /** The next instruction of the frame begins with so much gas. */
  arrived(gas: bigint, refund: bigint): void {
    this.#finish(gas, refund);
  }

  frameBegan(event: FrameBegan): void {
    if (this.#pending === undefined) return;
    const left = event.isCreation ? event.callerGas + event.gas : event.callerGas;
    this.#finish(left, this.#pending.refund);
  }

  frameEnded(event: FrameEnded): void {
    const { haltedAt, halt } = event;
    const pending = this.#pending;
    if (pending === undefined) return;
    if (haltedAt === undefined || halt === undefined) {
      this.#finish(event.codeGas, event.refund);
      return;
    }
    this.#pending = undefined;
    const isRefused = isRefusal(halt, haltedAt.opcode);
    const cost = isRefused ? refusedCost(haltedAt, this.#rules) : failedCost(haltedAt, this.#rules);
    const error = instructionWords(halt, haltedAt, this.#rules);
    pending.ended({ cost, refund: pending.refund, error, isRefused });
  }

  #finish(gasLeft: bigint, refund: bigint): void {
    const pending = this.#pending;
    if (pending === undefined) return;
    this.#pending = undefined;
    // Both are counted before the instruction is told of, as part of its price.
    const counts = pending.opcode === Op.SSTORE || pending.opcode === Op.SELFDESTRUCT;
    pending.ended({ cost: pending.gas - gasLeft, refund: counts ? refund : pending.refund });
  }
}

/** Whether geth finds out while it computes the price. */
function isRefusal(halt: NonNullable<FrameEnded['halt']>, opcode: number): boolean {
  switch (halt) {
    case 'invalid jump destination':
    case 'invalid opcode':
    case 'return data out of bounds':
      return false;
    case 'write in static context':
      return opcode === Op.SSTORE || opcode >= Op.CREATE;
    default:
      return true;
  }
}

/** The price as far as it was computed. */
function refusedCost(at: Instruction, rules: Rules): bigint {
  const fixed = fixedPrice(at);
  return at.gas < fixed || at.opcode === Op.SSTORE ? fixed : fixed + memoryCost(at, rules);
}

/** The price of an instruction that was paid for, and then failed. */
function failedCost(at: Instruction, rules: Rules): bigint {
  const { opcode, price = 0n } = at;
  if (opcode === Op.RETURNDATACOPY) return price + memoryCost(at, rules) + BigInt(rules.copyWordGas) * words(at.top(2));
  if (opcode >= Op.LOG0 && opcode <= Op.LOG4)
    return price + memoryCost(at, rules) + BigInt(rules.logByteGas) * at.top(1);
  return price;
}

function memoryCost(at: Instruction, rules: Rules): bigint {
  const needed = memoryNeeded(at);
  return needed === undefined ? 0n : (memoryFee(at.memorySize, needed, rules) ?? 0n);
}

function words(size: bigint): bigint {
  return (size + 31n) / 32n;
}
