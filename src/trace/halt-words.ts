// Why a frame failed, in the words of geth.

import type { Hex } from '../base/hex.ts';
import type { HaltReason } from '../chain/halt-reasons.ts';
import { opcodeNumbered } from '../chain/opcodes.ts';
import type { Rules } from '../chain/rules.ts';
import { type FrameEnded, type Instruction, OPCODES as Op } from '../core/evm/trace-events.ts';
import { memoryFee, memoryNeeded, wordsOf } from './memory-need.ts';
import { opcodeName } from './opcode-names.ts';
import { precompileWords } from './precompile-words.ts';

export const REVERTED = 'execution reverted';

/** What geth says where it finds, while it computes a price, that it cannot be paid. */
const PRICED_OUT = 'out of gas: ';
export const OUT_OF_GAS = 'out of gas';
const OVERFLOW = 'gas uint64 overflow';
const WRITE = 'write protection';

/** Calls whose words say everything, whatever the instruction was. */
const plain: Partial<Record<HaltReason, string>> = {
  'invalid jump destination': 'invalid jump destination',
  'return data out of bounds': 'return data out of bounds',
  'address collision': 'contract address collision',
  'code begins with 0xef': 'invalid code: must not begin with 0xef',
  'call depth': 'max call depth exceeded',
  'insufficient balance': 'insufficient balance for transfer',
  'nonce at maximum': 'nonce uint64 overflow',
};

/** The frame that failed. */
export interface FailedFrame {
  /** Number of the precompiled contract that was called, 0 for none. */
  readonly precompile: number;
  readonly input: Hex;
}

/** Why the frame halted, or was not made. */
export function haltWords(ended: FrameEnded, frame: FailedFrame, rules: Rules): string {
  const { haltedAt, endedAt } = ended;
  const halt = haltedAt === undefined ? (ended.halt ?? OUT_OF_GAS) : haltOf(ended.halt ?? OUT_OF_GAS, haltedAt, rules);
  const known = plain[halt];
  if (known !== undefined) return known;
  if (halt === 'precompile failure') return precompileWords(frame.precompile, frame.input);
  // The code came to its end, and could not be stored.
  if (endedAt !== undefined) return depositWords(halt, ended.codeGas, Number(endedAt.top(1)), rules);
  return haltedAt === undefined ? halt : instructionWords(halt, haltedAt, rules);
}

/** geth takes the price of new code before it looks at its size. */
function depositWords(halt: HaltReason, gas: bigint, size: number, rules: Rules): string {
  if (halt === OUT_OF_GAS || gas < BigInt(rules.codeDepositGas * size))
    return 'contract creation code storage out of gas';
  return `max code size exceeded: code size ${size} limit ${rules.maxCodeSize}`;
}

/** Why an instruction halted its frame. */
export function instructionWords(halt: HaltReason, at: Instruction, rules: Rules): string {
  const { opcode, stackHeight } = at;
  switch (halt) {
    case 'stack underflow':
      return `stack underflow (${stackHeight} <=> ${opcodeNumbered(opcode)?.operands ?? 0})`;
    case 'stack overflow':
      return `stack limit reached ${stackHeight} (1023)`;
    case 'invalid opcode':
      return `invalid opcode: ${opcodeName(opcode)}`;
    case 'write in static context':
      return isLog(opcode) || opcode === Op.TSTORE ? WRITE : PRICED_OUT + WRITE;
    case 'init code too large':
      return initCodeWords(at, rules);
    case 'out of gas':
      return outOfGasWords(at, rules);
    default:
      return plain[halt] ?? halt;
  }
}

function initCodeWords(at: Instruction, rules: Rules): string {
  if (memoryNeeded(at) === undefined) return OVERFLOW;
  return `${PRICED_OUT}max initcode size exceeded: code size ${at.top(2)} limit ${rules.maxInitCodeSize}`;
}

/** Why the instruction halted, in geth's order: there the gas for a copy is looked at before what is copied. */
export function haltOf(halt: HaltReason, at: Instruction, rules: Rules): HaltReason {
  if (halt !== 'return data out of bounds') return halt;
  const needed = memoryNeeded(at);
  const fee = needed === undefined ? undefined : memoryFee(at.memorySize, needed, rules);
  const copied = BigInt(rules.copyWordGas) * wordsOf(at.top(2));
  return fee === undefined || at.gas < fixedPrice(at) + fee + copied ? 'out of gas' : halt;
}

/** What an opcode costs before geth asks for anything else. */
export function fixedPrice({ opcode, price = 0n }: Instruction): bigint {
  return isLog(opcode) || opcode === Op.EXP || opcode === Op.SSTORE ? 0n : price;
}

export function isLog(opcode: number): boolean {
  return opcode >= Op.LOG0 && opcode <= Op.LOG4;
}

function outOfGasWords(at: Instruction, rules: Rules): string {
  const { opcode, gas } = at;
  const fixed = fixedPrice(at);
  if (gas < fixed) return OUT_OF_GAS;
  const needed = memoryNeeded(at);
  if (needed === undefined) return OVERFLOW;
  const fee = memoryFee(at.memorySize, needed, rules);
  if (fee === undefined) return PRICED_OUT + OVERFLOW;
  switch (opcode) {
    case Op.SSTORE:
      return gas <= rules.storageSentryGas ? `${PRICED_OUT}not enough gas for reentrancy sentry` : OUT_OF_GAS;
    case Op.CREATE:
    case Op.CREATE2:
      return at.top(2) > rules.maxInitCodeSize ? initCodeWords(at, rules) : OUT_OF_GAS;
    case Op.SELFDESTRUCT:
      return gas - fixed < rules.coldAccountGas ? PRICED_OUT + OUT_OF_GAS : OUT_OF_GAS;
    case Op.CALL:
    case Op.CALLCODE:
    case Op.DELEGATECALL:
    case Op.STATICCALL:
      return callWords(at, gas - fixed, fee, rules);
    default:
      return OUT_OF_GAS;
  }
}

/** `gas`: left after the fixed price; `fee`: for memory. */
function callWords(at: Instruction, gas: bigint, fee: bigint, rules: Rules): string {
  const { opcode } = at;
  // With delegations, geth takes everything while it computes what is left for the callee.
  if (rules.hasDelegation) return PRICED_OUT + OUT_OF_GAS;
  const sends = (opcode === Op.CALL || opcode === Op.CALLCODE) && at.top(2) !== 0n;
  const needed = fee + (sends ? BigInt(rules.callValueGas) : 0n);
  if (opcode === Op.CALL && gas < needed) return PRICED_OUT + OUT_OF_GAS;
  if (rules.hasWarmth) {
    const access = BigInt(rules.accountAccessGas);
    // What else could be lacking is the price of a cold account, or (for value alone) that of a new one.
    const cold = opcode === Op.CALL ? gas < needed + access : gas >= needed && gas < access;
    return cold ? PRICED_OUT + OUT_OF_GAS : OUT_OF_GAS;
  }
  const wanted = at.top(0);
  const tooMuch = wanted >> 64n !== 0n || (needed + wanted) >> 64n !== 0n;
  return !rules.keepsGas && tooMuch ? PRICED_OUT + OVERFLOW : OUT_OF_GAS;
}
