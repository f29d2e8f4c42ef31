// Why a frame halted exceptionally. Running code pays nothing for it: a halt means "out of gas" unless the place that
// halts says otherwise, and what stopped the interpreter's own loop is read off the opcode, the gas and the height of
// the stack.

import { EvmHalt } from "../../../layout";
import { gasTable } from "../rules/fork-rules";
import { Op, operandsOf } from "../rules/opcodes";
import { Exit, Stop } from "../memory/exits";
import { exhaust } from "../memory/failure";
import { STACK_SIZE } from "../memory/segments";

/** EvmHalt of a frame that has just halted; of the outermost one when a transaction has. */
export let haltReason: u32 = EvmHalt.OUT_OF_GAS;

/** Code begins to run or goes on: from now on a halt without a reason of its own is for lack of gas. */
// @ts-ignore: decorator
@inline
export function beginCode(): void {
  haltReason = EvmHalt.OUT_OF_GAS;
}

/** Halts the running frame from a handler, for another reason than gas. */
export function haltFor(reason: u32): i64 {
  haltReason = reason;
  return Stop.HALTED;
}

/** Ends the attempt from a handler, because memory is exhausted. */
export function unfinished(): i64 {
  exhaust();
  return Stop.UNFINISHED;
}

/** `haltFor` where an Exit is due. */
export function exitFor(reason: u32): u32 {
  haltReason = reason;
  return Exit.HALTED;
}

/**
 * Halts at the opcode before `pc`, which the interpreter did not run to its end, with `gas` left after its price
 * (negative: too little) and `height` bytes on the stack. The order is the Yellow Paper's: unknown opcode, stack, gas,
 * destination.
 */
export function haltAt(pc: u32, gas: i64, height: u32): u32 {
  const opcode = u32(load<u8>(pc - 1));
  if (isUnknown(opcode)) return exitFor(EvmHalt.INVALID_OPCODE);
  const operands = operandsOf(opcode);
  if (height < operands * 32) return exitFor(EvmHalt.STACK_UNDERFLOW);
  if (height == STACK_SIZE && grows(opcode, operands)) return exitFor(EvmHalt.STACK_OVERFLOW);
  return exitFor(gas < 0 ? EvmHalt.OUT_OF_GAS : EvmHalt.INVALID_JUMP);
}

/** Whether the fork does not know an opcode: it costs more than anybody has. */
function isUnknown(opcode: u32): bool {
  return load<i64>(gasTable + (opcode << 3)) == i64.MAX_VALUE;
}

/** Whether the opcode leaves more words than it found: what takes none, but for STOP and JUMPDEST, and DUPn. */
function grows(opcode: u32, operands: u32): bool {
  if (opcode >= Op.DUP1 && opcode <= Op.DUP16) return true;
  return operands == 0 && opcode != Op.STOP && opcode != Op.JUMPDEST;
}
