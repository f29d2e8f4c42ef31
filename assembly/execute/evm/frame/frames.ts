// Frames run and end here, never by recursion: the interpreter returns at each border and `runFrames` calls it again,
// so that 1,024 levels fit every host stack and a long transaction soon runs optimised code.

import { EvmHalt } from "../../../layout";
import { keccak256 } from "../../../base/keccak256";
import * as u256 from "../../../base/u256";
import { addCode } from "../../../store/code-store";
import { codeDepositGas, codeDepositWordGas, depositMustBePaid, maxCodeSize, reservesEf } from "../rules/fork-rules";
import {
  copyReturned, depth, enterFrame, frame, keepReturned, output, outputLength, setOutput, trimReturned,
} from "../memory/context";
import { Exit } from "../memory/exits";
import { unfinished } from "../memory/failure";
import { charge, currentGas, setGas } from "../memory/gas";
import { bringBack } from "../memory/init-code";
import { wordGas } from "../memory/ranges";
import { chargeState, joinSpilled, refillNewAccount, takeSpilled } from "../memory/state-gas";
import { Frame, FrameFlag, Temporary, temporary } from "../memory/workspace";
import { Account } from "../state/accounts";
import { resumeCheckpoint, revertTo } from "../state/journal";
import { setCodeHash } from "../state/world";
import { haltFor } from "./halts";
import { interpret } from "./interpreter";
import { traceCodeEnd, traceReturn } from "./tracing";

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
  const spilled = takeSpilled(frame);
  if (exit == Exit.HALTED) {
    store<i64>(frame, 0, Frame.GAS);
    setOutput(0, 0);
  } else {
    store<i64>(frame, load<i64>(frame, Frame.GAS) + spilled, Frame.GAS);
  }
  return exit;
}

/** The output of a creation becomes the account's code. */
function deposit(): u32 {
  const length = outputLength;
  const code = output;
  if (i64(length) > maxCodeSize) return haltFor(EvmHalt.CODE_TOO_LARGE);
  if (reservesEf && length != 0 && load<u8>(code) == 0xef) return haltFor(EvmHalt.CODE_PREFIX);
  setGas(load<i64>(frame, Frame.GAS));
  const price = codeDepositGas * i64(length) + wordGas(length, codeDepositWordGas);
  if (!charge(price) || !chargeState(frame, i64(length))) {
    // Frontier: the account stays, without code.
    if (depositMustBePaid) return haltFor(EvmHalt.OUT_OF_GAS);
    setOutput(0, 0);
    return Exit.SUCCESS;
  }
  store<i64>(frame, currentGas(), Frame.GAS);
  if (length == 0) return Exit.SUCCESS;
  const hash = temporary + Temporary.HASH;
  keccak256(hash, code, length);
  if (!addCode(hash, code, length)) return unfinished();
  return setCodeHash(load<u32>(frame, Frame.ACCOUNT), hash) ? Exit.SUCCESS : Exit.UNFINISHED;
}

/** Hands the outcome of the running frame to its caller, which becomes the running frame. */
function backToCaller(exit: u32): bool {
  const callee = frame;
  const creation = (load<u32>(callee, Frame.FLAGS) & FrameFlag.CREATION) != 0;
  if (creation && exit == Exit.SUCCESS) trimReturned(0);
  else if (!keepReturned(output, outputLength)) return false;
  if (creation) bringBack(callee);
  enterFrame(depth - 1);
  resumeCheckpoint(frame + Frame.CHECKPOINT);
  setGas(load<i64>(frame, Frame.GAS) + load<i64>(callee, Frame.GAS));
  if (exit == Exit.SUCCESS) setGas(currentGas() + joinSpilled(frame, callee));
  else if ((load<u32>(callee, Frame.FLAGS) & FrameFlag.NEW_ACCOUNT) != 0) refillNewAccount(frame);
  store<i64>(frame, currentGas(), Frame.GAS);
  const result = load<u32>(frame, Frame.STACK) - 32;
  if (exit != Exit.SUCCESS) u256.clear(result);
  else if (creation) u256.loadAddress(result, load<u32>(callee, Frame.ACCOUNT) + Account.ADDRESS);
  else u256.set(result, 1);
  if (!creation) copyReturned(callee);
  return true;
}
