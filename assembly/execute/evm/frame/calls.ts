// CALL, CALLCODE, DELEGATECALL and STATICCALL. The callee's frame is filled in step by step; what needs none after all
// is settled at once, with the result in place of the operands.

import { EvmHalt, EvmTransferKind } from "../../../layout";
import * as u256 from "../../../base/u256";
import { accountAccessGas, callStipend, callValueGas, clearsEmpty, keepsGas, newAccountGas } from "../rules/fork-rules";
import { Op } from "../rules/opcodes";
import { precompileNumber } from "../rules/precompile-numbers";
import {
  copyReturned, depth, frame, isStatic, memoryStart, returned, returnedLength, trimReturned,
} from "../memory/context";
import { Exit } from "../memory/exits";
import { unfinished } from "../memory/failure";
import { charge, currentGas, setGas } from "../memory/gas";
import { rangeLength, rangeOffset, takeBoth, takeRange } from "../memory/ranges";
import { chargeNewAccount, hasStateGas, refillNewAccount } from "../memory/state-gas";
import { Frame, FrameFlag, Temporary, temporary } from "../memory/workspace";
import { Account, AccountFlag } from "../state/accounts";
import { flagAccount, resumeCheckpoint, revertTo, setCheckpoint } from "../state/journal";
import { Answer, NO_CODE, isAbsent } from "../state/world";
import { precompileGas, runPrecompile } from "../precompiles/precompiles";
import { PrecompileResult } from "../precompiles/result";
import { account, takeAccount } from "./access";
import { codeRecord, takeCode } from "./delegation";
import { beginCode, haltFor } from "./halts";
import { findRefusal, frameNumber, leaveCaller, mostForCallee, openCall, refusal, refuse } from "./opening";
import { traceCall, traceFrameEnd } from "./tracing";
import { transfer } from "./transfers";

/** Operands from the top: gas, address, (value,) input offset and length, output offset and length. */
export function call(opcode: u32, top: u32): u32 {
  const hasValue = opcode == Op.CALL || opcode == Op.CALLCODE;
  const ranges: u32 = hasValue ? top - 96 : top - 64;
  const value: u32 = hasValue ? top - 96 : temporary + Temporary.ZERO;
  const sendsValue = hasValue && !u256.isZero(value);
  if (opcode == Op.CALL && sendsValue && isStatic()) return haltFor(EvmHalt.STATIC_WRITE);

  const callee = frameNumber(depth + 1);
  let exit = takeRanges(callee, ranges);
  if (exit == Exit.NONE) exit = takeTarget(opcode, top - 64, sendsValue);
  if (exit == Exit.NONE) exit = giveGas(callee, top - 32, sendsValue);
  if (exit != Exit.NONE) return exit;
  const target = account;
  identify(callee, opcode, target, value);
  traceCall(opcode, callee, target);

  const result = ranges - 128;
  exit = findRefusal(load<u32>(frame, Frame.ACCOUNT), value, EvmHalt.NONE);
  if (exit != Exit.NONE) return exit;
  if (refusal != EvmHalt.NONE) {
    giveBackAccount(callee);
    return refuse(refusal, result, load<i64>(callee, Frame.GAS));
  }

  setCheckpoint(callee + Frame.CHECKPOINT);
  if (!flagAccount(load<u32>(callee, Frame.ACCOUNT), AccountFlag.TOUCHED)) return unfinished();
  if (opcode == Op.CALL && sendsValue) {
    const own = load<u32>(frame, Frame.ACCOUNT);
    if (!transfer(own, target, value, depth + 1, EvmTransferKind.CALL)) return Exit.UNFINISHED;
  }
  const precompile = precompileNumber(target);
  if (precompile != 0) return callPrecompile(precompile, callee, result);
  if (codeRecord == NO_CODE) return callNobody(callee, result);
  leaveCaller(result);
  return openCall(depth + 1, codeRecord) ? Exit.ENTERED : Exit.UNFINISHED;
}

/** Input and output: the ranges whose operands lie below `top`. */
function takeRanges(callee: u32, top: u32): u32 {
  const exit = takeBoth(top - 32, top - 64, top - 96, top - 128);
  if (exit != Exit.NONE) return exit;
  takeRange(top - 32, top - 64);
  store<u32>(callee, memoryStart + rangeOffset, Frame.INPUT);
  store<u32>(callee, rangeLength, Frame.INPUT_LENGTH);
  takeRange(top - 96, top - 128);
  store<u32>(callee, rangeOffset, Frame.OUTPUT);
  store<u32>(callee, rangeLength, Frame.OUTPUT_LENGTH);
  return Exit.NONE;
}

/** Whether the running frame has just paid for the account that it calls as one that is new. */
let paidForAccount: bool = false;

/** Finds who is called (`account`) and the code that runs, and charges for both and for the value. */
function takeTarget(opcode: u32, word: u32, sendsValue: bool): u32 {
  paidForAccount = false;
  const exit = takeAccount(word, accountAccessGas);
  if (exit != Exit.NONE) return exit;
  if (sendsValue && !charge(callValueGas)) return Exit.HALTED;
  if (opcode == Op.CALL && (sendsValue || !clearsEmpty)) {
    const absent = isAbsent(account);
    if (absent == Answer.FAILED) return Exit.UNFINISHED;
    if (absent == Answer.YES && !payForAccount()) return Exit.HALTED;
  }
  return takeCode(account);
}

/** The account that is called is new: what that costs. False when the gas does not suffice. */
function payForAccount(): bool {
  if (!hasStateGas()) return charge(newAccountGas);
  paidForAccount = true;
  return chargeNewAccount(frame);
}

/** The account that `callee` was to make does not come to be. */
function giveBackAccount(callee: u32): void {
  if ((load<u32>(callee, Frame.FLAGS) & FrameFlag.NEW_ACCOUNT) != 0) refillNewAccount(frame);
}

/** Moves gas to the callee: as much as the word says, if it may have so much. */
function giveGas(callee: u32, word: u32, sendsValue: bool): u32 {
  const most = mostForCallee();
  const wanted = u256.clamped(word, u64(i64.MAX_VALUE));
  if (!keepsGas && wanted > u64(most)) return Exit.HALTED;
  const given = wanted < u64(most) ? i64(wanted) : most;
  charge(given);
  store<i64>(callee, sendsValue ? given + callStipend : given, Frame.GAS);
  return Exit.NONE;
}

/** Who the callee is, who has called it, and with what value. */
function identify(callee: u32, opcode: u32, target: u32, value: u32): void {
  const own = load<u32>(frame, Frame.ACCOUNT);
  const delegates = opcode == Op.DELEGATECALL;
  const inherited = load<u32>(frame, Frame.FLAGS) & FrameFlag.STATIC;
  const flags: u32 = opcode == Op.STATICCALL ? FrameFlag.STATIC : inherited;
  store<u32>(callee, paidForAccount ? flags | FrameFlag.NEW_ACCOUNT : flags, Frame.FLAGS);
  store<u32>(callee, delegates || opcode == Op.CALLCODE ? own : target, Frame.ACCOUNT);
  u256.copyAddress(callee + Frame.CALLER, delegates ? frame + Frame.CALLER : own + Account.ADDRESS);
  u256.copy(callee + Frame.VALUE, delegates ? frame + Frame.VALUE : value);
}

/** A call of an account without code: it succeeds and leaves its gas. */
function callNobody(callee: u32, result: u32): u32 {
  const left = load<i64>(callee, Frame.GAS);
  traceFrameEnd(depth + 1, Exit.SUCCESS, left, 0, 0);
  resumeCheckpoint(frame + Frame.CHECKPOINT);
  setGas(currentGas() + left);
  trimReturned(0);
  u256.set(result, 1);
  return Exit.NONE;
}

function callPrecompile(precompile: u32, callee: u32, result: u32): u32 {
  const kept = currentGas();
  setGas(load<i64>(callee, Frame.GAS));
  const exit = chargePrecompile(precompile, load<u32>(callee, Frame.INPUT), load<u32>(callee, Frame.INPUT_LENGTH));
  if (exit == Exit.UNFINISHED) return exit;
  if (exit == Exit.HALTED) {
    traceFrameEnd(depth + 1, Exit.HALTED, 0, 0, 0);
    beginCode();
    revertTo(callee + Frame.CHECKPOINT);
    trimReturned(0);
    setGas(kept);
    giveBackAccount(callee);
  } else {
    traceFrameEnd(depth + 1, Exit.SUCCESS, currentGas(), returned, returnedLength);
    copyReturned(callee);
    setGas(kept + currentGas());
  }
  u256.set(result, u64(exit == Exit.NONE));
  resumeCheckpoint(frame + Frame.CHECKPOINT);
  return Exit.NONE;
}

/** Charges for a precompile and runs it into the return data. */
export function chargePrecompile(precompile: u32, input: u32, length: u32): u32 {
  const cost = precompileGas(precompile, input, length);
  if (cost < 0 || !charge(cost)) return Exit.HALTED;
  const outcome = runPrecompile(precompile, input, length);
  if (outcome == PrecompileResult.FAILED) return haltFor(EvmHalt.PRECOMPILE_FAILURE);
  return outcome == PrecompileResult.EXHAUSTED ? Exit.UNFINISHED : Exit.NONE;
}
