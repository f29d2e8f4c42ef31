// CALL, CALLCODE, DELEGATECALL and STATICCALL. The handler settles what needs no frame at once (the result replaces the
// operands) and enters a frame otherwise; it answers the gas left or a Stop.

import { EvmHalt, EvmTransferKind } from "../../../layout";
import * as u256 from "../../../base/u256";
import { accountAccessGas, callStipend, callValueGas, clearsEmpty, keepsGas, newAccountGas } from "../rules/fork-rules";
import { Op } from "../rules/opcodes";
import { precompileNumber } from "../rules/precompile-numbers";
import { depth, frame, memoryStart, returned, returnedLength, trimReturned } from "../memory/context";
import { Exit, Stop } from "../memory/exits";
import { rangeLength, rangeOffset, takeRange } from "../memory/ranges";
import { Frame, FrameFlag, MAX_DEPTH, Temporary, temporary } from "../memory/workspace";
import { Account, AccountFlag, accountOf } from "../state/accounts";
import { flagAccount, resumeCheckpoint, revertTo, setCheckpoint } from "../state/journal";
import { Answer, NO_CODE, balanceOf, isAbsent, touchWarm } from "../state/world";
import { PrecompileResult, precompileGas, runPrecompile } from "../precompiles/precompiles";
import { codeRecord, takeCode, takeNoCode } from "./delegation";
import { beginCode, haltFor, unfinished } from "./halts";
import { checkpointOf, frameNumber, leaveCaller, openCall } from "./opening";
import { traceCall, traceFrameEnd, traceRefusal } from "./tracing";
import { transfer } from "./transfers";

/** Operands from the top: gas, address, (value,) input offset and length, output offset and length. */
export function call(opcode: u32, top: u32, gas: i64): i64 {
  const hasValue = opcode == Op.CALL || opcode == Op.CALLCODE;
  const rest: u32 = hasValue ? top - 96 : top - 64; // the ranges lie below
  const value: u32 = hasValue ? top - 96 : temporary + Temporary.ZERO;
  const sendsValue = hasValue && !u256.isZero(value);
  const own = load<u32>(frame, Frame.ACCOUNT);
  let flags = load<u32>(frame, Frame.FLAGS) & FrameFlag.STATIC;
  if (opcode == Op.CALL && sendsValue && flags != 0) return haltFor(EvmHalt.STATIC_WRITE);
  if (opcode == Op.STATICCALL) flags = FrameFlag.STATIC;

  gas = takeRange(rest - 32, rest - 64, gas);
  if (gas < 0) return gas;
  const inputOffset = rangeOffset;
  const inputLength = rangeLength;
  gas = takeRange(rest - 96, rest - 128, gas);
  if (gas < 0) return gas;
  const outputOffset = rangeOffset;
  const wantedLength = rangeLength;

  const address = temporary + Temporary.ADDRESS;
  u256.storeAddress(address, top - 64);
  const target = accountOf(address);
  if (target == 0) return unfinished();
  const cold = touchWarm(target);
  if (cold != 0) {
    if (cold < 0) return Stop.UNFINISHED;
    gas -= accountAccessGas;
    if (gas < 0) return Stop.HALTED;
  }
  if (sendsValue) gas -= callValueGas;
  if (gas < 0) return Stop.HALTED;
  if (opcode == Op.CALL && (sendsValue || !clearsEmpty)) {
    const absent = isAbsent(target);
    if (absent == Answer.FAILED) return Stop.UNFINISHED;
    if (absent == Answer.YES) gas -= newAccountGas;
    if (gas < 0) return Stop.HALTED;
  }
  const precompile = precompileNumber(target);
  if (precompile != 0) takeNoCode();
  else {
    gas = takeCode(target, gas);
    if (gas < 0) return gas;
  }

  // The callee's gas
  let calleeGas: i64;
  const wanted = u256.clamped(top - 32, u64(i64.MAX_VALUE));
  if (keepsGas) {
    const most = gas - gas / 64;
    calleeGas = wanted < u64(most) ? i64(wanted) : most;
  } else {
    if (wanted > u64(gas)) return Stop.HALTED;
    calleeGas = i64(wanted);
  }
  gas -= calleeGas;
  if (sendsValue) calleeGas += callStipend;

  traceCall(opcode, own, target, value, flags, calleeGas, gas, memoryStart + inputOffset, inputLength);
  const operands: u32 = hasValue ? 7 : 6;
  const result = top - operands * 32;
  if (sendsValue || depth >= MAX_DEPTH) {
    let refusal: u32 = depth >= MAX_DEPTH ? EvmHalt.CALL_DEPTH : EvmHalt.NONE;
    if (refusal == EvmHalt.NONE) {
      const funds = balanceOf(own);
      if (funds == 0) return Stop.UNFINISHED;
      if (u256.less(funds, value)) refusal = EvmHalt.INSUFFICIENT_BALANCE;
    }
    if (refusal != EvmHalt.NONE) {
      traceRefusal(refusal, calleeGas);
      trimReturned(0);
      u256.clear(result);
      return gas + calleeGas;
    }
  }

  const number = depth + 1;
  setCheckpoint(checkpointOf(number));
  const self: u32 = opcode == Op.CALL || opcode == Op.STATICCALL ? target : own;
  if (!flagAccount(self, AccountFlag.TOUCHED)) return unfinished();
  if (opcode == Op.CALL && sendsValue && !transfer(own, target, value, number, EvmTransferKind.CALL)) {
    return Stop.UNFINISHED;
  }

  if (precompile != 0) {
    const input = memoryStart + inputOffset;
    const left = callPrecompile(precompile, number, calleeGas, input, inputLength, outputOffset, wantedLength, result);
    resumeCheckpoint(frame + Frame.CHECKPOINT);
    return left < 0 ? left : gas + left;
  }
  if (codeRecord == NO_CODE) {
    resumeCheckpoint(frame + Frame.CHECKPOINT);
    traceFrameEnd(number, Exit.SUCCESS, calleeGas, 0, 0);
    trimReturned(0);
    u256.set(result, 1);
    return gas + calleeGas;
  }

  const callee = frameNumber(number);
  store<i64>(callee, calleeGas, Frame.GAS);
  store<u32>(callee, flags, Frame.FLAGS);
  store<u32>(callee, self, Frame.ACCOUNT);
  store<u32>(callee, memoryStart + inputOffset, Frame.INPUT);
  store<u32>(callee, inputLength, Frame.INPUT_LENGTH);
  store<u32>(callee, outputOffset, Frame.OUTPUT);
  store<u32>(callee, wantedLength, Frame.OUTPUT_LENGTH);
  if (opcode == Op.DELEGATECALL) {
    memory.copy(callee + Frame.CALLER, frame + Frame.CALLER, 20);
    u256.copy(callee + Frame.VALUE, frame + Frame.VALUE);
  } else {
    memory.copy(callee + Frame.CALLER, own + Account.ADDRESS, 20);
    u256.copy(callee + Frame.VALUE, value);
  }
  leaveCaller(gas, result);
  return openCall(number, codeRecord) ? Stop.ENTERED : Stop.UNFINISHED;
}

/** Runs a precompile; returns what is left of its gas, or Stop.UNFINISHED. */
function callPrecompile(
  precompile: u32, number: u32, gas: i64, input: u32, inputLength: u32, outputOffset: u32, wanted: u32, result: u32,
): i64 {
  gas = chargePrecompile(precompile, input, inputLength, gas);
  if (gas == Stop.UNFINISHED) return gas;
  if (gas < 0) {
    traceFrameEnd(number, Exit.HALTED, 0, 0, 0);
    beginCode();
    revertTo(checkpointOf(number));
    u256.clear(result);
    trimReturned(0);
    return 0;
  }
  traceFrameEnd(number, Exit.SUCCESS, gas, returned, returnedLength);
  u256.set(result, 1);
  const copied = returnedLength < wanted ? returnedLength : wanted;
  if (copied != 0) memory.copy(memoryStart + outputOffset, returned, copied);
  return gas;
}

/** Charges for a precompile and runs it into the return data: the gas left, or a Stop. */
export function chargePrecompile(precompile: u32, input: u32, length: u32, gas: i64): i64 {
  const cost = precompileGas(precompile, input, length);
  if (cost < 0 || cost > gas) return Stop.HALTED;
  const outcome = runPrecompile(precompile, input, length);
  if (outcome == PrecompileResult.FAILED) return haltFor(EvmHalt.PRECOMPILE_FAILURE);
  return outcome == PrecompileResult.EXHAUSTED ? Stop.UNFINISHED : gas - cost;
}
