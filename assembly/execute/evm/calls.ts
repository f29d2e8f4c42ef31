// CALL, CALLCODE, DELEGATECALL, STATICCALL, CREATE, CREATE2 and SELFDESTRUCT. A handler settles what needs no frame at once
// (the result replaces the operands) and enters a frame otherwise; it answers the gas left or a Stop.

import { EvmHalt, EvmTransferKind } from "../../layout";
import { keccak256 } from "../../base/keccak256";
import * as u256 from "../../base/u256";
import { Account, AccountFlag, accountOf } from "./accounts";
import { delegationIn } from "./code";
import {
  Exit, Stop, depth, frame, memoryStart, rangeLength, rangeOffset, returned, returnedLength, setOutput, takeRange, trimReturned, wordGas,
} from "./context";
import {
  accountAccessGas, clearsEmpty, coldAccountGas, destroysOnlyNew, hasDelegation, initCodeWordGas, keepsGas, maxInitCodeSize,
  newAccountSelfDestructGas, selfDestructRefund, warmAccessGas,
} from "./forks";
import { checkpointOf, frameNumber, openCall, openCreation } from "./frames";
import { beginCode, haltFor } from "./halts";
import { addRefund, flagAccount, noteTransfer, resumeCheckpoint, revertTo, setCheckpoint } from "./journal";
import { Op } from "./opcodes";
import { PrecompileResult, precompileGas, precompileNumber, runPrecompile } from "./precompiles";
import { traceCall, traceCreation, traceDestruction, traceFrameEnd, traceRefusal } from "./tracing";
import { Frame, FrameFlag, MAX_DEPTH, Temporary, temporary } from "./workspace";
import {
  Answer, NO_CODE, balanceOf, codeHashOf, codeOf, credit, debit, exhaust, hasStorage, isAbsent, nonceOf, setBalance, setNonce, touchWarm,
} from "./world";

const CALL_VALUE_GAS: i64 = 9000;
const CALL_STIPEND: i64 = 2300;
const NEW_ACCOUNT_GAS: i64 = 25000;

/** The account whose code runs; set by `takeCode`. */
let codeRecord: u32 = 0;

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
  if (sendsValue) gas -= CALL_VALUE_GAS;
  if (gas < 0) return Stop.HALTED;
  if (opcode == Op.CALL && (sendsValue || !clearsEmpty)) {
    const absent = isAbsent(target);
    if (absent == Answer.FAILED) return Stop.UNFINISHED;
    if (absent == Answer.YES) gas -= NEW_ACCOUNT_GAS;
    if (gas < 0) return Stop.HALTED;
  }
  const precompile = precompileNumber(target);
  codeRecord = NO_CODE;
  if (precompile == 0) {
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
  if (sendsValue) calleeGas += CALL_STIPEND;

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
  if (opcode == Op.CALL && sendsValue && !transfer(own, target, value, number, EvmTransferKind.CALL)) return Stop.UNFINISHED;

  if (precompile != 0) {
    const left = callPrecompile(precompile, number, calleeGas, inputOffset, inputLength, outputOffset, wantedLength, result);
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
  leave(gas, result);
  return openCall(number, codeRecord) ? Stop.ENTERED : Stop.UNFINISHED;
}

/** Saves the caller's gas and stack, with room for the result on it. */
function leave(gas: i64, result: u32): void {
  store<i64>(frame, gas, Frame.GAS);
  store<u32>(frame, result + 32, Frame.STACK);
}

function unfinished(): i64 {
  exhaust();
  return Stop.UNFINISHED;
}

/** Finds the code that runs at `target` (EIP-7702: that of the account it delegates to, whose access is charged). */
function takeCode(target: u32, gas: i64): i64 {
  codeRecord = codeOf(target);
  if (codeRecord == 0) return Stop.UNFINISHED;
  if (!hasDelegation || codeRecord == NO_CODE) return gas;
  const delegated = delegationIn(codeRecord);
  if (delegated == 0) return gas;
  const account = accountOf(delegated);
  if (account == 0) return unfinished();
  const cold = touchWarm(account);
  if (cold < 0) return Stop.UNFINISHED;
  gas -= cold == 0 ? warmAccessGas : coldAccountGas;
  if (gas < 0) return Stop.HALTED;
  codeRecord = precompileNumber(account) != 0 ? NO_CODE : codeOf(account);
  return codeRecord == 0 ? Stop.UNFINISHED : gas;
}

/** Moves value from an account that has it into the frame at `depth` (EvmTransferKind); false: the attempt must end. */
export function transfer(from: u32, to: u32, value: u32, depth: u32, kind: u32): bool {
  if (from != to && (!debit(from, value) || !credit(to, value))) return false;
  return noteTransfer(from, to, value, depth, kind) || exhaust();
}

/** Runs a precompile; returns what is left of its gas, or Stop.UNFINISHED. */
function callPrecompile(
  precompile: u32, number: u32, gas: i64, inputOffset: u32, inputLength: u32, outputOffset: u32, wanted: u32, result: u32,
): i64 {
  gas = chargePrecompile(precompile, memoryStart + inputOffset, inputLength, gas);
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

/** Operands from the top: value, offset, length, (salt). */
export function create(opcode: u32, top: u32, gas: i64): i64 {
  if ((load<u32>(frame, Frame.FLAGS) & FrameFlag.STATIC) != 0) return haltFor(EvmHalt.STATIC_WRITE);
  const value = top - 32;
  const salted = opcode == Op.CREATE2;
  const result: u32 = salted ? top - 128 : top - 96;
  gas = takeRange(top - 64, top - 96, gas);
  if (gas < 0) return gas;
  const length = rangeLength;
  if (length > maxInitCodeSize) return haltFor(EvmHalt.INIT_CODE_TOO_LARGE);
  gas -= wordGas(length, initCodeWordGas + (salted ? 6 : 0));
  if (gas < 0) return Stop.HALTED;
  const code = memoryStart + rangeOffset;
  const own = load<u32>(frame, Frame.ACCOUNT);

  const nonce = nonceOf(own);
  if (nonce == 0) return Stop.UNFINISHED;
  const oldNonce = load<u64>(nonce);
  let refusal: u32 = depth >= MAX_DEPTH ? EvmHalt.CALL_DEPTH : oldNonce == u64.MAX_VALUE ? EvmHalt.NONCE_AT_MAXIMUM : EvmHalt.NONE;
  if (refusal == EvmHalt.NONE && !u256.isZero(value)) {
    const funds = balanceOf(own);
    if (funds == 0) return Stop.UNFINISHED;
    if (u256.less(funds, value)) refusal = EvmHalt.INSUFFICIENT_BALANCE;
  }
  const calleeGas: i64 = keepsGas ? gas - gas / 64 : gas;
  gas -= calleeGas;
  const address = temporary + Temporary.ADDRESS;
  if (salted) saltedAddress(address, own, top - 128, code, length);
  else createdAddress(address, own + Account.ADDRESS, oldNonce);
  traceCreation(opcode, own, address, value, calleeGas, gas, code, length);
  trimReturned(0);
  if (refusal != EvmHalt.NONE) {
    traceRefusal(refusal, calleeGas);
    u256.clear(result);
    return gas + calleeGas;
  }

  if (!setNonce(own, oldNonce + 1)) return Stop.UNFINISHED;
  const account = accountOf(address);
  if (account == 0) return unfinished();
  if (touchWarm(account) < 0) return Stop.UNFINISHED;
  const free = isFree(account);
  if (free == Answer.FAILED) return Stop.UNFINISHED;
  if (free == Answer.NO) {
    traceRefusal(EvmHalt.ADDRESS_COLLISION, 0);
    u256.clear(result);
    return gas;
  }
  const number = depth + 1;
  const callee = frameNumber(number);
  store<i64>(callee, calleeGas, Frame.GAS);
  memory.copy(callee + Frame.CALLER, own + Account.ADDRESS, 20);
  u256.copy(callee + Frame.VALUE, value);
  leave(gas, result);
  return beginCreation(number, account, own, code, length) ? Stop.ENTERED : Stop.UNFINISHED;
}

/** Enters the frame of a creation, whose gas, caller and value are set. */
export function beginCreation(number: u32, account: u32, payer: u32, code: u32, length: u32): bool {
  const callee = frameNumber(number);
  setCheckpoint(checkpointOf(number));
  if (!flagAccount(account, AccountFlag.TOUCHED | AccountFlag.CREATED)) return exhaust();
  if (clearsEmpty && !setNonce(account, 1)) return false;
  const value = callee + Frame.VALUE;
  if (!u256.isZero(value) && !transfer(payer, account, value, number, EvmTransferKind.CREATION)) return false;
  store<u32>(callee, FrameFlag.CREATION, Frame.FLAGS);
  store<u32>(callee, account, Frame.ACCOUNT);
  return openCreation(number, code, length);
}

/** Whether a contract may be created at the account: it has neither nonce nor code nor storage (EIP-684, 7610). */
export function isFree(account: u32): u32 {
  const nonce = nonceOf(account);
  if (nonce == 0) return Answer.FAILED;
  if (!u256.isZero(nonce)) return Answer.NO;
  const hash = codeHashOf(account);
  if (hash == 0) return Answer.FAILED;
  if (!u256.isZero(hash)) return Answer.NO;
  const stored = hasStorage(account);
  return stored == Answer.FAILED ? stored : 1 - stored;
}

/** The 20 bytes at `out` = the address that `sender` (20 bytes) creates with `nonce`: the hash of their RLP list. */
export function createdAddress(out: u32, sender: u32, nonce: u64): void {
  const bytes = temporary + Temporary.BYTES;
  store<u8>(bytes, 0x80 + 20, 1);
  memory.copy(bytes + 2, sender, 20);
  let length: u32 = 22;
  if (nonce == 0) {
    store<u8>(bytes + length, 0x80);
    length++;
  } else if (nonce < 0x80) {
    store<u8>(bytes + length, u8(nonce));
    length++;
  } else {
    const size = 8 - u32(clz(nonce) >> 3);
    store<u8>(bytes + length, 0x80 + size);
    store<u64>(bytes + length, bswap(nonce << ((8 - size) << 3)), 1);
    length += 1 + size;
  }
  store<u8>(bytes, 0xc0 + length - 1);
  addressOfHash(out, bytes, length);
}

/** EIP-1014: the hash of 0xff, sender, salt and the code's hash. */
function saltedAddress(out: u32, own: u32, salt: u32, code: u32, length: u32): void {
  const bytes = temporary + Temporary.BYTES;
  store<u8>(bytes, 0xff);
  memory.copy(bytes + 1, own + Account.ADDRESS, 20);
  u256.storeBigEndian(bytes + 21, salt);
  keccak256(bytes + 53, code, length);
  addressOfHash(out, bytes, 85);
}

function addressOfHash(out: u32, bytes: u32, length: u32): void {
  const hash = temporary + Temporary.HASH;
  keccak256(hash, bytes, length);
  memory.copy(out, hash + 12, 20);
}

/** Operand: the beneficiary. Answers the gas left; the frame then ends. */
export function selfDestruct(top: u32, gas: i64): i64 {
  if ((load<u32>(frame, Frame.FLAGS) & FrameFlag.STATIC) != 0) return haltFor(EvmHalt.STATIC_WRITE);
  const own = load<u32>(frame, Frame.ACCOUNT);
  const address = temporary + Temporary.ADDRESS;
  u256.storeAddress(address, top - 32);
  const beneficiary = accountOf(address);
  if (beneficiary == 0) return unfinished();
  const cold = touchWarm(beneficiary);
  if (cold < 0) return Stop.UNFINISHED;
  gas -= cold;
  if (gas < 0) return Stop.HALTED;
  const held = balanceOf(own);
  if (held == 0) return Stop.UNFINISHED;
  const amount = temporary + Temporary.WORD;
  u256.copy(amount, held);
  if (newAccountSelfDestructGas != 0 && (!clearsEmpty || !u256.isZero(amount))) {
    const absent = isAbsent(beneficiary);
    if (absent == Answer.FAILED) return Stop.UNFINISHED;
    if (absent == Answer.YES) gas -= newAccountSelfDestructGas;
    if (gas < 0) return Stop.HALTED;
  }

  const flags = load<u32>(own, Account.FLAGS);
  const destroys = !destroysOnlyNew || (flags & AccountFlag.CREATED) != 0;
  traceDestruction(own, beneficiary, amount, destroys);
  if (!flagAccount(beneficiary, AccountFlag.TOUCHED)) return unfinished();
  // To itself, the value is burnt if the account goes, and stays otherwise.
  if (!u256.isZero(amount) && (beneficiary != own || destroys)) {
    if (!setBalance(own, temporary + Temporary.ZERO)) return Stop.UNFINISHED;
    if (beneficiary != own && !credit(beneficiary, amount)) return Stop.UNFINISHED;
    if (!noteTransfer(own, beneficiary, amount, depth, EvmTransferKind.SELFDESTRUCT)) return unfinished();
  }
  if (destroys && (flags & AccountFlag.DESTROYED) == 0) {
    addRefund(selfDestructRefund);
    if (!flagAccount(own, AccountFlag.DESTROYED)) return unfinished();
  }
  setOutput(0, 0);
  return gas;
}
