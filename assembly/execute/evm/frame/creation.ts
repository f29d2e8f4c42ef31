// CREATE, CREATE2 and what a transaction that creates has in common with them. The handler answers the gas left or a
// Stop.

import { EvmHalt, EvmTransferKind } from "../../../layout";
import * as u256 from "../../../base/u256";
import { clearsEmpty, hashWordGas, initCodeWordGas, keepsGas, maxInitCodeSize } from "../rules/fork-rules";
import { Op } from "../rules/opcodes";
import { depth, frame, memoryStart, trimReturned } from "../memory/context";
import { Stop } from "../memory/exits";
import { exhaust } from "../memory/failure";
import { rangeLength, rangeOffset, takeRange, wordGas } from "../memory/ranges";
import { Frame, FrameFlag, MAX_DEPTH, Temporary, temporary } from "../memory/workspace";
import { Account, AccountFlag, accountOf } from "../state/accounts";
import { flagAccount, setCheckpoint } from "../state/journal";
import { Answer, balanceOf, codeHashOf, hasStorage, nonceOf, setNonce, touchWarm } from "../state/world";
import { createdAddress, saltedAddress } from "./contract-addresses";
import { haltFor, unfinished } from "./halts";
import { checkpointOf, frameNumber, leaveCaller, openCreation } from "./opening";
import { traceCreation, traceRefusal } from "./tracing";
import { transfer } from "./transfers";

/** Operands from the top: value, offset, length, (salt). */
export function create(opcode: u32, top: u32, gas: i64): i64 {
  if ((load<u32>(frame, Frame.FLAGS) & FrameFlag.STATIC) != 0) return haltFor(EvmHalt.STATIC_WRITE);
  const value = top - 32;
  const salted = opcode == Op.CREATE2;
  const result: u32 = salted ? top - 128 : top - 96;
  gas = takeRange(top - 64, top - 96, gas);
  if (gas < 0) return gas;
  const length = rangeLength;
  if (i64(length) > maxInitCodeSize) return haltFor(EvmHalt.INIT_CODE_TOO_LARGE);
  gas -= wordGas(length, initCodeWordGas + (salted ? hashWordGas : 0));
  if (gas < 0) return Stop.HALTED;
  const code = memoryStart + rangeOffset;
  const own = load<u32>(frame, Frame.ACCOUNT);

  const nonce = nonceOf(own);
  if (nonce == 0) return Stop.UNFINISHED;
  const oldNonce = load<u64>(nonce);
  let refusal: u32 = oldNonce == u64.MAX_VALUE ? EvmHalt.NONCE_AT_MAXIMUM : EvmHalt.NONE;
  if (depth >= MAX_DEPTH) refusal = EvmHalt.CALL_DEPTH;
  if (refusal == EvmHalt.NONE && !u256.isZero(value)) {
    const funds = balanceOf(own);
    if (funds == 0) return Stop.UNFINISHED;
    if (u256.less(funds, value)) refusal = EvmHalt.INSUFFICIENT_BALANCE;
  }
  const calleeGas: i64 = keepsGas ? gas - gas / 64 : gas;
  gas -= calleeGas;
  const address = temporary + Temporary.ADDRESS;
  if (salted) saltedAddress(address, own + Account.ADDRESS, top - 128, code, length);
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
  leaveCaller(gas, result);
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
