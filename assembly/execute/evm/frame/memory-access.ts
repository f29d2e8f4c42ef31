// Opcodes between the running frame's memory and its stack, code, call data and return data. The interpreter reads and
// writes words that are in memory by itself.

import { EvmHalt } from "../../../layout";
import { keccak256 } from "../../../base/keccak256";
import * as u256 from "../../../base/u256";
import { copyWordGas, hashWordGas } from "../rules/fork-rules";
import { frame, memoryStart, noteWrite, returned, returnedLength, setOutput } from "../memory/context";
import { Exit } from "../memory/exits";
import { charge } from "../memory/gas";
import {
  UNPAYABLE, copyToRange, expandMemory, rangeLength, rangeOffset, takeBoth, takeRange, wordGas,
} from "../memory/ranges";
import { Frame, Temporary, temporary } from "../memory/workspace";
import { haltFor } from "./halts";

/** The memory offset in the word at `word`; UNPAYABLE stands for all beyond. */
// @ts-ignore: decorator
@inline
export function offsetIn(word: u32): u64 {
  return u256.clamped(word, UNPAYABLE);
}

/** MLOAD of the word at `word`, beyond the memory's end. */
export function loadBeyond(word: u32): u32 {
  const exit = expandMemory(offsetIn(word) + 32);
  if (exit == Exit.NONE) u256.loadBigEndian(word, memoryStart + load<u32>(word));
  return exit;
}

/** MSTORE beyond what may be written without a note: the memory's end, mostly. */
export function storeBeyond(offset: u32, value: u32): u32 {
  const exit = expandMemory(offsetIn(offset) + 32);
  if (exit != Exit.NONE) return exit;
  noteWrite(load<u32>(offset), 32);
  u256.storeBigEndian(memoryStart + load<u32>(offset), value);
  return Exit.NONE;
}

/** MSTORE8 likewise. */
export function storeByteBeyond(offset: u32, value: u32): u32 {
  const exit = expandMemory(offsetIn(offset) + 1);
  if (exit != Exit.NONE) return exit;
  noteWrite(load<u32>(offset), 1);
  store<u8>(memoryStart + load<u32>(offset), load<u8>(value));
  return Exit.NONE;
}

/** Charges for a copy with the operands memory offset, source offset, length below `top`. */
export function takeCopy(top: u32): u32 {
  const exit = takeRange(top - 32, top - 96);
  if (exit != Exit.NONE) return exit;
  return charge(wordGas(rangeLength, copyWordGas)) ? Exit.NONE : Exit.HALTED;
}

export function callDataCopy(top: u32): u32 {
  const exit = takeCopy(top);
  if (exit == Exit.NONE) copyToRange(load<u32>(frame, Frame.INPUT), load<u32>(frame, Frame.INPUT_LENGTH), top - 64);
  return exit;
}

export function codeCopy(top: u32): u32 {
  const exit = takeCopy(top);
  if (exit == Exit.NONE) copyToRange(load<u32>(frame, Frame.CODE), load<u32>(frame, Frame.CODE_LENGTH), top - 64);
  return exit;
}

export function returnDataCopy(top: u32): u32 {
  const limit: u64 = u64(returnedLength) + 1;
  const end = u256.clamped(top - 64, limit) + u256.clamped(top - 96, limit);
  if (end > returnedLength) return haltFor(EvmHalt.RETURN_DATA_BOUNDS);
  const exit = takeCopy(top);
  if (exit == Exit.NONE) copyToRange(returned, returnedLength, top - 64);
  return exit;
}

/** Operands from the top: to, from, length. */
export function memoryCopy(top: u32): u32 {
  let exit = takeBoth(top - 64, top - 96, top - 32, top - 96);
  if (exit != Exit.NONE) return exit;
  takeRange(top - 64, top - 96);
  const from = rangeOffset;
  exit = takeCopy(top);
  if (exit == Exit.NONE && rangeLength != 0) {
    noteWrite(rangeOffset, rangeLength);
    memory.copy(memoryStart + rangeOffset, memoryStart + from, rangeLength);
  }
  return exit;
}

/** Operands from the top: offset, length; the hash replaces the length. */
export function hashMemory(top: u32): u32 {
  const exit = takeRange(top - 32, top - 64);
  if (exit != Exit.NONE) return exit;
  if (!charge(wordGas(rangeLength, hashWordGas))) return Exit.HALTED;
  const hash = temporary + Temporary.HASH;
  keccak256(hash, memoryStart + rangeOffset, rangeLength);
  u256.loadBigEndian(top - 64, hash);
  return Exit.NONE;
}

/** Ends the frame as `ending` says (Exit), with its output. Operands from the top: offset, length. */
export function endWith(ending: u32, top: u32): u32 {
  const exit = takeRange(top - 32, top - 64);
  if (exit != Exit.NONE) return exit;
  setOutput(memoryStart + rangeOffset, rangeLength);
  return ending;
}
