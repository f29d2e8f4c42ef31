// Frames are entered and left here, never by recursion: the interpreter returns at each border and `runFrames` calls it
// again, so that 1,024 levels fit every host stack and a long transaction soon runs optimised code.

import { BaseValue, EvmHalt } from "../../layout";
import { addCode } from "../../store/code-store";
import { keccak256 } from "../../base/keccak256";
import * as u256 from "../../base/u256";
import { Account } from "./accounts";
import { jumpMapOf, laidOutSize, layOut, mapBehind } from "./code";
import {
  Exit, depth, enterFrame, frame, keepReturned, memoryStart, output, outputLength, returned, setOutput, trimReturned,
} from "./context";
import { depositMustBePaid, maxCodeSize, reservesEf } from "./forks";
import { exitFor } from "./halts";
import { interpret } from "./interpreter";
import { resumeCheckpoint, revertTo } from "./journal";
import { placeMemory, placeStack } from "./segments";
import { traceCodeEnd, traceReturn } from "./tracing";
import { Frame, FrameFlag, Temporary, frames, temporary } from "./workspace";
import { exhaust, setCodeHash } from "./world";

const DEPOSIT_GAS: i64 = 200;

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

/** Runs frames until frame 0 ends: SUCCESS, REVERTED, HALTED or UNFINISHED. Its gas left is in the frame. */
export function runFrames(): u32 {
  while (true) {
    let exit = interpret();
    if (exit == Exit.ENTERED) continue;
    if (exit == Exit.UNFINISHED) return exit;
    traceCodeEnd(exit);
    exit = closeFrame(exit);
    if (exit == Exit.UNFINISHED || depth == 0) return exit;
    traceReturn(exit);
    if (!backToCaller(exit)) return Exit.UNFINISHED;
  }
}

/** Settles what the running frame did: deposits code, or takes everything back. */
function closeFrame(exit: u32): u32 {
  if (exit == Exit.SUCCESS && (load<u32>(frame, Frame.FLAGS) & FrameFlag.CREATION) != 0) exit = deposit();
  if (exit == Exit.SUCCESS || exit == Exit.UNFINISHED) return exit;
  revertTo(frame + Frame.CHECKPOINT);
  if (exit == Exit.HALTED) {
    store<i64>(frame, 0, Frame.GAS);
    setOutput(0, 0);
  }
  return exit;
}

/** The output of a creation becomes the account's code. */
function deposit(): u32 {
  const length = outputLength;
  const code = output;
  if (length > maxCodeSize) return exitFor(EvmHalt.CODE_TOO_LARGE);
  if (reservesEf && length != 0 && load<u8>(code) == 0xef) return exitFor(EvmHalt.CODE_PREFIX);
  const gas = load<i64>(frame, Frame.GAS) - DEPOSIT_GAS * i64(length);
  if (gas < 0) {
    // Frontier: the account stays, without code.
    if (depositMustBePaid) return exitFor(EvmHalt.OUT_OF_GAS);
    setOutput(0, 0);
    return Exit.SUCCESS;
  }
  store<i64>(frame, gas, Frame.GAS);
  if (length == 0) return Exit.SUCCESS;
  const hash = temporary + Temporary.HASH;
  keccak256(hash, code, length);
  if (!addCode(hash, code, length)) {
    exhaust();
    return Exit.UNFINISHED;
  }
  return setCodeHash(load<u32>(frame, Frame.ACCOUNT), hash) ? Exit.SUCCESS : Exit.UNFINISHED;
}

/** Hands the outcome of the running frame to its caller, which becomes the running frame. */
function backToCaller(exit: u32): bool {
  const callee = frame;
  const gas = load<i64>(callee, Frame.GAS);
  const creation = (load<u32>(callee, Frame.FLAGS) & FrameFlag.CREATION) != 0;
  if (creation && exit == Exit.SUCCESS) trimReturned(0);
  else if (!keepReturned(output, outputLength)) return false;
  const length: u32 = creation && exit == Exit.SUCCESS ? 0 : outputLength;
  enterFrame(depth - 1);
  resumeCheckpoint(frame + Frame.CHECKPOINT);
  store<i64>(frame, load<i64>(frame, Frame.GAS) + gas, Frame.GAS);
  const result = load<u32>(frame, Frame.STACK) - 32;
  if (creation) {
    if (exit == Exit.SUCCESS) u256.loadAddress(result, load<u32>(callee, Frame.ACCOUNT) + Account.ADDRESS);
    else u256.clear(result);
    return true;
  }
  u256.set(result, u64(exit == Exit.SUCCESS));
  const wanted = load<u32>(callee, Frame.OUTPUT_LENGTH);
  const copied = length < wanted ? length : wanted;
  if (copied != 0) memory.copy(memoryStart + load<u32>(callee, Frame.OUTPUT), returned, copied);
  return true;
}
