// Why a frame halted exceptionally. Running code pays nothing for it: a halt means "out of gas" unless the place that
// halts says otherwise, and what stopped the interpreter's own loop is read off the opcode, the gas and the height of
// the stack.

import { EvmHalt, EvmOpcode, STACK_SIZE } from "../../../layout";
import { opcodeTable } from "../rules/fork-rules";
import { frame } from "../memory/context";
import { Exit, Stop } from "../memory/exits";
import { exhaust } from "../memory/failure";
import { Frame } from "../memory/workspace";

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
 * (negative: too little) and the stack up to `top`. The order is the Yellow Paper's: unknown opcode, stack, gas,
 * destination.
 */
export function haltAt(pc: u32, gas: i64, top: u32): u32 {
  const opcode = opcodeTable + load<u8>(pc - 1) * EvmOpcode.SIZE;
  const height = top - load<u32>(frame, Frame.STACK_BASE);
  const needed = u32(load<u16>(opcode, EvmOpcode.NEEDED));
  if (needed > STACK_SIZE) return exitFor(EvmHalt.INVALID_OPCODE);
  if (height < needed) return exitFor(EvmHalt.STACK_UNDERFLOW);
  if (height - needed > load<u16>(opcode, EvmOpcode.ROOM)) return exitFor(EvmHalt.STACK_OVERFLOW);
  return exitFor(gas < 0 ? EvmHalt.OUT_OF_GAS : EvmHalt.INVALID_JUMP);
}
