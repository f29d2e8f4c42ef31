// Opcodes that code has behind each other again and again, which the interpreter runs as one where nothing keeps any
// of them from running: one look at price and stack, one jump of the switch, and values that never reach the stack.
// Otherwise the first of them runs alone, and whichever may not run halts by itself. In real blocks an instruction runs
// two to five times, so that the processor's guess of the next one is mostly wrong: what counts is how often.
// Others lose where a loop has the first opcode without the others: SWAP with POP and the mask of an address (PUSH1 1,
// PUSH1 1, PUSH1 160, SHL, SUB) made fibloop 1.08 times slower.
// PUSH2 and DUP1 spell out in the interpreter what they begin, and jumps where they lead: asked for by functions, as a
// branch behind a comparison is, programs took 1.036 of the time (fibloop 1.13).
// A build that traces shows each step: there nothing runs as one.

import { EvmOpcode } from "../../../layout";
import { Op } from "../rules/opcodes";
import { isMarked } from "./jumps";

// @ts-ignore: decorator
@inline
export const TOGETHER: bool = !isDefined(TRACE);

/** What an opcode costs at least. */
// @ts-ignore: decorator
@inline
export function priceOf(opcodes: u32, opcode: u32): i64 {
  return i64(load<u32>(opcodes + opcode * EvmOpcode.SIZE, EvmOpcode.PRICE));
}

/** Whether the bytes at `pc` are PUSH2 and, behind its data, JUMPI. */
// @ts-ignore: decorator
@inline
function isBranch(pc: u32): bool {
  return TOGETHER && (load<u32>(pc) & 0xff0000ff) == ((Op.JUMPI << 24) | Op.PUSH2);
}

/** What PUSH2 and JUMPI cost, and the JUMPDEST where they go if they do. */
// @ts-ignore: decorator
@inline
export function branchPrice(opcodes: u32, taken: bool): i64 {
  const price = priceOf(opcodes, Op.PUSH2) + priceOf(opcodes, Op.JUMPI);
  return taken ? price + priceOf(opcodes, Op.JUMPDEST) : price;
}

/** Where the PUSH2 and JUMPI at `pc` lead: behind the JUMPDEST, or behind themselves; 0: there is none, or not yet. */
// @ts-ignore: decorator
@inline
export function branchEnd(pc: u32, taken: bool, code: u32, codeLength: u32, map: u32): u32 {
  return taken ? landing(pc + 1, code, codeLength, map) : pc + 4;
}

/** Where code goes on behind a comparison: as branchEnd, if PUSH2 and JUMPI are there and `gas` pays for them; or 0. */
// @ts-ignore: decorator
@inline
export function branchOn(is: bool, pc: u32, gas: i64, opcodes: u32, code: u32, codeLength: u32, map: u32): u32 {
  if (!isBranch(pc)) return 0;
  const end = branchEnd(pc, is, code, codeLength, map);
  return gas >= branchPrice(opcodes, is) ? end : 0;
}

/** Behind the JUMPDEST whose place in the code is the two bytes at `data`; 0: there is none, or not yet. */
// @ts-ignore: decorator
@inline
export function landing(data: u32, code: u32, codeLength: u32, map: u32): u32 {
  const byte = u32(bswap(load<u16>(data)));
  return byte < codeLength && isMarked(map, byte) ? code + byte + 1 : 0;
}

/** Whether PUSH4, EQ, PUSH2 and JUMPI are at `pc`: behind a DUP1, the question for one function of a contract. */
// @ts-ignore: decorator
@inline
export function isSelection(pc: u32): bool {
  return TOGETHER && load<u8>(pc) == Op.PUSH4 && load<u16>(pc, 5) == ((Op.PUSH2 << 8) | Op.EQ) &&
    load<u8>(pc, 9) == Op.JUMPI;
}

/** Bytes of it. */
export const SELECTION: u32 = 10;
/** Where its PUSH2 is. */
export const SELECTION_BRANCH: u32 = 6;
