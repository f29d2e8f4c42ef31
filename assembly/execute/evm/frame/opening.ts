// Entering a frame: its number, its code, its part of the stacks and memories.

import { BaseValue } from "../../../layout";
import { enterFrame, frame, trimReturned } from "../memory/context";
import { exhaust } from "../memory/failure";
import { placeMemory, placeStack } from "../memory/segments";
import { Frame, frames } from "../memory/workspace";
import { jumpMapOf, laidOutSize, layOut, mapBehind } from "../state/code";

/** Frame number `number`, to be filled in before `openCall` or `openCreation`. */
// @ts-ignore: decorator
@inline
export function frameNumber(number: u32): u32 {
  return frames + number * Frame.SIZE;
}

/** Notes where frame `number` begins, for `revertTo`. */
export function checkpointOf(number: u32): u32 {
  return frameNumber(number) + Frame.CHECKPOINT;
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
  enterFrame(number);
  trimReturned(0);
  return true;
}

/** Enters frame `number`, filled in like that of a call, with `length` bytes of code that lie anywhere. */
export function openCreation(number: u32, code: u32, length: u32): bool {
  const opened = frameNumber(number);
  const below: u32 = number == 0 ? 0 : frame;
  const place = placeMemory(opened, below, laidOutSize(length));
  if (place == 0 || !placeStack(opened, below)) return exhaust();
  layOut(place, code, length);
  store<u32>(opened, place, Frame.PC);
  store<u32>(opened, place, Frame.CODE);
  store<u32>(opened, length, Frame.CODE_LENGTH);
  store<u32>(opened, mapBehind(place, length), Frame.JUMP_MAP);
  store<u32>(opened, 0, Frame.INPUT);
  store<u32>(opened, 0, Frame.INPUT_LENGTH);
  enterFrame(number);
  trimReturned(0);
  return true;
}

/** Saves the caller's gas and stack, with room for the result on it. */
export function leaveCaller(gas: i64, result: u32): void {
  store<i64>(frame, gas, Frame.GAS);
  store<u32>(frame, result + 32, Frame.STACK);
}
