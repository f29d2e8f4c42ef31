// Opcodes that code has behind each other again and again, which the interpreter runs as one where nothing keeps any
// of them from running: one look at price and stack, one jump of the switch, and values that never reach the stack.
// Otherwise the first of them runs alone, and whichever may not run halts by itself. In real blocks an instruction runs
// two to five times, so that the processor's guess of the next one is mostly wrong: what counts is how often.
// Others lose where a loop has the first opcode without the others: SWAP with POP and the mask of an address (PUSH1 1,
// PUSH1 1, PUSH1 160, SHL, SUB) made fibloop 1.08 times slower.
// PUSH2 and DUP1 spell out in the interpreter what they begin, and jumps where they lead: asked for by functions, as a
// branch behind a comparison is, programs took 1.036 of the time (fibloop 1.13).
// A build that traces shows each step: there nothing runs as one.

import * as u256 from "../../../base/u256";
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
  return priceOf(opcodes, Op.PUSH2) + jumpPrice(opcodes, Op.JUMPI, taken);
}

/** Where code goes on behind a comparison, if PUSH2 and JUMPI are at `pc` and `gas` pays for them; else 0. */
// @ts-ignore: decorator
@inline
export function branchOn(is: bool, pc: u32, gas: i64, opcodes: u32, code: u32, codeLength: u32, map: u32): u32 {
  if (!isBranch(pc) || gas < branchPrice(opcodes, is)) return 0;
  return is ? landing(pc + 1, code, codeLength, map) : pc + 4;
}

/** Behind the JUMPDEST whose place in the code is the two bytes at `data`; 0: there is none, or not yet. */
// @ts-ignore: decorator
@inline
function landing(data: u32, code: u32, codeLength: u32, map: u32): u32 {
  const byte = u32(bswap(load<u16>(data)));
  return byte < codeLength && isMarked(map, byte) ? code + byte + 1 : 0;
}

/** JUMP or JUMPI, if it comes behind the data of a PUSH2 at `pc` and only gas can keep it from running; else 0. */
// @ts-ignore: decorator
@inline
export function jumpBehind(pc: u32, base: u32, top: u32): u32 {
  if (!TOGETHER) return 0;
  const next = u32(load<u8>(pc, 2));
  return next == Op.JUMP || (next == Op.JUMPI && top != base) ? next : 0;
}

/** What the jump costs, and the JUMPDEST where it leads if it does. */
// @ts-ignore: decorator
@inline
export function jumpPrice(opcodes: u32, jump: u32, taken: bool): i64 {
  const price = priceOf(opcodes, jump);
  return taken ? price + priceOf(opcodes, Op.JUMPDEST) : price;
}

/** Where code goes on behind a PUSH2 with data at `pc` and a jump, if `gas` pays for it; else 0. */
// @ts-ignore: decorator
@inline
export function jumpEnd(
  jump: u32, taken: bool, pc: u32, gas: i64, opcodes: u32, code: u32, codeLength: u32, map: u32,
): u32 {
  if (gas < jumpPrice(opcodes, jump, taken)) return 0;
  return taken ? landing(pc, code, codeLength, map) : pc + 3;
}

/** What a DUP1 begins: the question for one function of a contract, by PUSH4, EQ, PUSH2 and JUMPI, and its answer. */
// @ts-ignore: decorator
export const enum Selection { NONE, THIS, OTHER }

// @ts-ignore: decorator
@inline
export function selection(pc: u32, top: u32): u32 {
  const is = TOGETHER && load<u8>(pc) == Op.PUSH4 && load<u16>(pc, 5) == ((Op.PUSH2 << 8) | Op.EQ) &&
    load<u8>(pc, 9) == Op.JUMPI;
  if (!is) return Selection.NONE;
  return load<u64>(top - 32) == u64(bswap(load<u32>(pc, 1))) && u256.fits64(top - 32)
    ? Selection.THIS
    : Selection.OTHER;
}

/** What it costs behind its DUP1. */
// @ts-ignore: decorator
@inline
export function selectionPrice(opcodes: u32, is: bool): i64 {
  return priceOf(opcodes, Op.PUSH4) + priceOf(opcodes, Op.EQ) + branchPrice(opcodes, is);
}

/** Where code goes on behind it, if `gas` pays for it; else 0. */
// @ts-ignore: decorator
@inline
export function selectionEnd(is: bool, pc: u32, gas: i64, opcodes: u32, code: u32, codeLength: u32, map: u32): u32 {
  if (gas < selectionPrice(opcodes, is)) return 0;
  return is ? landing(pc + SELECTION_DATA, code, codeLength, map) : pc + SELECTION;
}

/** Bytes behind the DUP1, and where among them the data of PUSH2 is. */
const SELECTION: u32 = 10;
const SELECTION_DATA: u32 = 7;
