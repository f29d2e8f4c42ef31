// Entering a frame: whether it may be, its number, its gas, its code, its part of the stacks and memories.

import { BaseValue, EvmHalt } from "../../../layout";
import * as u256 from "../../../base/u256";
import { keepsGas } from "../rules/fork-rules";
import { NOTHING_KEPT, depth, enterFrame, frame, memoryStart, trimReturned } from "../memory/context";
import { Exit } from "../memory/exits";
import { exhaust } from "../memory/failure";
import { currentGas, setGas } from "../memory/gas";
import { ROOM_BESIDE, hideBehind, takeKeptMap } from "../memory/init-code";
import { placeMemory, placeStack } from "../memory/segments";
import { ALL_MAPPED, Frame, MAX_DEPTH, frames } from "../memory/workspace";
import { jumpMapOf, jumpMapSize, laidOutSize, layOut, mapBehind } from "../state/code";
import { balanceOf } from "../state/world";
import { traceRefusal } from "./tracing";

/** Frame number `number`, to be filled in before `openCall` or `openCreation`; there is one more than can run. */
// @ts-ignore: decorator
@inline
export function frameNumber(number: u32): u32 {
  return frames + number * Frame.SIZE;
}

/** Enters frame `number`, whose fields from GAS to VALUE are set but for code and memory, with stored code. */
export function openCall(number: u32, record: u32): bool {
  const opened = frameNumber(number);
  const below: u32 = number == 0 ? 0 : frame;
  const map = jumpMapOf(record);
  if (map == 0 || placeMemory(opened, below, 0) == 0 || !placeStack(opened, below)) return exhaust();
  const code = record + BaseValue.CODE_BYTES;
  store<u32>(opened, code, Frame.PC);
  store<u32>(opened, code, Frame.CODE);
  store<u32>(opened, load<u32>(record, BaseValue.CODE_LENGTH), Frame.CODE_LENGTH);
  store<u32>(opened, map, Frame.JUMP_MAP);
  store<u32>(opened, ALL_MAPPED, Frame.MAPPED);
  store<u32>(opened, 0, Frame.HIDDEN);
  begin(number, opened);
  return true;
}

/** Enters frame `number`, filled in like that of a call, with `length` bytes of code that lie anywhere. */
export function openCreation(number: u32, code: u32, length: u32): bool {
  const opened = frameNumber(number);
  const below: u32 = number == 0 ? 0 : frame;
  const place = placeMemory(opened, below, laidOutSize(length));
  if (place == 0 || !placeStack(opened, below)) return exhaust();
  layOut(place, code, length);
  store<u32>(opened, mapBehind(place, length), Frame.JUMP_MAP);
  store<u32>(opened, 0, Frame.MAPPED);
  store<u32>(opened, 0, Frame.HIDDEN);
  beginInitCode(number, opened, place, length);
  return true;
}

/** As `openCreation`, with code in the running frame's memory, which stays as it is until the new frame ends. */
export function openInPlace(number: u32, code: u32, length: u32): bool {
  const opened = frameNumber(number);
  const room = placeMemory(opened, frame, ROOM_BESIDE);
  if (room == 0 || !placeStack(opened, frame)) return exhaust();
  if (!takeKeptMap(opened, code - memoryStart, length, jumpMapSize(length))) return false;
  hideBehind(opened, code + length, room);
  beginInitCode(number, opened, code, length);
  return true;
}

function beginInitCode(number: u32, opened: u32, code: u32, length: u32): void {
  store<u32>(opened, code, Frame.PC);
  store<u32>(opened, code, Frame.CODE);
  store<u32>(opened, length, Frame.CODE_LENGTH);
  store<u32>(opened, 0, Frame.INPUT);
  store<u32>(opened, 0, Frame.INPUT_LENGTH);
  begin(number, opened);
}

/** Makes frame `number`, which has its code and memory, the running one. */
function begin(number: u32, opened: u32): void {
  store<u32>(opened, NOTHING_KEPT, Frame.KEPT);
  if (number != 0) store<i64>(opened, 0, Frame.SPILLED);
  enterFrame(number);
  trimReturned(0);
}

/** Saves the caller's stack, with room for the result on it. */
export function leaveCaller(result: u32): void {
  store<u32>(frame, result + 32, Frame.STACK);
}

/** Gas that the running frame may give to a callee: all, or all but a 64th (EIP-150). */
export function mostForCallee(): i64 {
  const gas = currentGas();
  return keepsGas ? gas - gas / 64 : gas;
}

/** Why the frame that `findRefusal` was last asked about is not entered: an EvmHalt. */
export let refusal: u32 = EvmHalt.NONE;

/** Looks whether `payer` may enter one more frame with the value at `value`; `known`: why not, as far as is known. */
export function findRefusal(payer: u32, value: u32, known: u32): u32 {
  refusal = depth >= MAX_DEPTH ? EvmHalt.CALL_DEPTH : known;
  if (refusal != EvmHalt.NONE || u256.isZero(value)) return Exit.NONE;
  const funds = balanceOf(payer);
  if (funds == 0) return Exit.UNFINISHED;
  if (u256.less(funds, value)) refusal = EvmHalt.INSUFFICIENT_BALANCE;
  return Exit.NONE;
}

/** Does not enter the frame after all: 0 is the result, and `left` of its gas goes back. */
export function refuse(reason: u32, result: u32, left: i64): u32 {
  traceRefusal(reason, left);
  setGas(currentGas() + left);
  trimReturned(0);
  u256.clear(result);
  return Exit.NONE;
}
