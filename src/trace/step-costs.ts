// What each instruction cost, and how it failed: known only when the next event comes.

import type { Rules } from '../chain/rules.ts';
import {
  type FrameBegan,
  type FrameEnded,
  type Instruction,
  OPCODES as Op,
  type Step,
} from '../core/evm/trace-events.ts';
import { fixedPrice, haltOf, instructionWords, isLog, OUT_OF_GAS } from './halt-words.ts';
import { memoryFee, memoryNeeded, wordsOf } from './memory-need.ts';

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
    const { haltedAt } = event;
    const pending = this.#pending;
    if (pending === undefined) return;
    if (haltedAt === undefined || event.halt === undefined) {
      this.#finish(event.codeGas, event.refund);
      return;
    }
    this.#pending = undefined;
    const halt = haltOf(event.halt, haltedAt, this.#rules);
    const isRefused = isRefusal(halt, haltedAt.opcode);
    const error = instructionWords(halt, haltedAt, this.#rules);
    const cost = isRefused ? refusedCost(haltedAt, this.#rules, error) : failedCost(haltedAt, this.#rules);
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

/** The price as far as geth had computed it: with all that depends on operands, unless it gave up on the way. */
function refusedCost(at: Instruction, rules: Rules, error: string): bigint {
  const { opcode, price = 0n, gas } = at;
  const fixed = fixedPrice(at);
  if (gas < fixed || error !== OUT_OF_GAS) return fixed;
  const memory = memoryCost(at, rules);
  // What the core has asked for, where it came so far.
  const asked = gas < price ? price : gas - (at.gasBehind ?? gas);
  if (isLog(opcode)) return price + memory + BigInt(rules.logByteGas) * at.top(1);
  switch (opcode) {
    case Op.EXP:
      return price + BigInt(rules.expByteGas) * bytesOf(at.top(1));
    case Op.KECCAK256:
      return fixed + memory + BigInt(rules.hashWordGas) * wordsOf(at.top(1));
    case Op.CALLDATACOPY:
    case Op.CODECOPY:
    case Op.RETURNDATACOPY:
    case Op.MCOPY:
      return fixed + memory + BigInt(rules.copyWordGas) * wordsOf(at.top(2));
    case Op.EXTCODECOPY: {
      const copied = memory + BigInt(rules.copyWordGas) * wordsOf(at.top(3));
      const cold = BigInt(rules.accountAccessGas);
      const beside = asked - fixed - cold;
      return fixed + copied + (beside === 0n || beside === memory || beside === copied ? cold : 0n);
    }
    case Op.CREATE:
    case Op.CREATE2: {
      const hashed = opcode === Op.CREATE2 ? rules.hashWordGas : 0;
      return fixed + memory + BigInt(rules.initCodeWordGas + hashed) * wordsOf(at.top(2));
    }
    case Op.CALL:
    case Op.CALLCODE:
    case Op.DELEGATECALL:
    case Op.STATICCALL:
      return callCost(at, { fixed, memory, asked }, rules);
    default:
      return memory > 0n || asked < fixed ? fixed + memory : asked;
  }
}

/** Of what a call costs, gas for the callee included: more than there is, so that the subtraction wraps round in geth. */
function callCost(
  at: Instruction,
  { fixed, memory, asked }: Record<'fixed' | 'memory' | 'asked', bigint>,
  rules: Rules,
) {
  const { opcode, gas } = at;
  const wanted = at.top(0);
  const sends = (opcode === Op.CALL || opcode === Op.CALLCODE) && at.top(2) !== 0n;
  const value = sends ? BigInt(rules.callValueGas) : 0n;
  const account = BigInt(rules.newAccountGas);
  if (!rules.keepsGas) {
    const isNew = opcode === Op.CALL && asked >= fixed + memory + value + account;
    return fixed + memory + value + (isNew ? account : 0n) + wanted;
  }
  const base = memory + value + (opcode === Op.CALL ? account : 0n);
  const cold = asked >= fixed + base + BigInt(rules.accountAccessGas) ? BigInt(rules.accountAccessGas) : 0n;
  const left = BigInt.asUintN(64, gas - fixed - cold - base);
  const most = left - left / 64n;
  return fixed + cold + base + (wanted >> 64n !== 0n || most < wanted ? most : wanted);
}

function bytesOf(value: bigint): bigint {
  return value === 0n ? 0n : BigInt(Math.ceil(value.toString(16).length / 2));
}

/** The price of an instruction that was paid for, and then failed. */
function failedCost(at: Instruction, rules: Rules): bigint {
  const { opcode, price } = at;
  // Of an opcode that the fork does not know, there is none.
  if (price === undefined) return 0n;
  if (opcode === Op.RETURNDATACOPY)
    return price + memoryCost(at, rules) + BigInt(rules.copyWordGas) * wordsOf(at.top(2));
  if (isLog(opcode)) return price + memoryCost(at, rules) + BigInt(rules.logByteGas) * at.top(1);
  return price;
}

function memoryCost(at: Instruction, rules: Rules): bigint {
  const needed = memoryNeeded(at);
  return needed === undefined ? 0n : (memoryFee(at.memorySize, needed, rules) ?? 0n);
}
