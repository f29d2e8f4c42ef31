// Why a frame halted exceptionally. Running code pays nothing for it: a halt means "out of gas" unless the place that
// halts says otherwise, and what kept the interpreter from running an opcode is read off its row and the height of the
// stack.

import { EvmHalt, EvmOpcode, STACK_SIZE } from "../../../layout";
import { opcodeTable } from "../rules/fork-rules";
import { frame } from "../memory/context";
import { Exit } from "../memory/exits";
import { Frame } from "../memory/workspace";

/** EvmHalt of a frame that has just halted; of the outermost one when a transaction has. */
export let haltReason: u32 = EvmHalt.OUT_OF_GAS;

/** Code begins to run or goes on: from now on a halt without a reason of its own is for lack of gas. */
// @ts-ignore: decorator
@inline
export function beginCode(): void {
  haltReason = EvmHalt.OUT_OF_GAS;
}

/** Halts the running frame for another reason than gas. */
export function haltFor(reason: u32): u32 {
  haltReason = reason;
  return Exit.HALTED;
}

/** Halts at the opcode before `pc`, which the fork does not know, or for which the stack up to `top` is not right. */
export function haltUnfit(pc: u32, top: u32): u32 {
  const opcode = opcodeTable + load<u8>(pc - 1) * EvmOpcode.SIZE;
  const needed = u32(load<u16>(opcode, EvmOpcode.NEEDED));
  if (needed > STACK_SIZE) return haltFor(EvmHalt.INVALID_OPCODE);
  const height = top - load<u32>(frame, Frame.STACK_BASE);
  return haltFor(height < needed ? EvmHalt.STACK_UNDERFLOW : EvmHalt.STACK_OVERFLOW);
}
