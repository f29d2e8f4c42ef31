// The outermost frame of a transaction: a call of an account, of a precompile, or a creation.

import { EvmHalt, EvmTransaction, EvmTransactionFlag, EvmTransferKind } from "../../../layout";
import * as u256 from "../../../base/u256";
import { precompileNumber } from "../rules/precompile-numbers";
import { frame, output, outputLength, returned, returnedLength, setOutput, transaction } from "../memory/context";
import { Exit } from "../memory/exits";
import { unfinished } from "../memory/failure";
import { currentGas, setGas } from "../memory/gas";
import { chargeNewAccount, hasStateGas } from "../memory/state-gas";
import { Frame, FrameFlag, Temporary, temporary } from "../memory/workspace";
import { Account, AccountFlag, accountOf } from "../state/accounts";
import { flagAccount, revertTo, setCheckpoint } from "../state/journal";
import { Answer, NO_CODE, isAbsent, touchWarm } from "../state/world";
import { chargePrecompile } from "../frame/calls";
import { createdAddress } from "../frame/contract-addresses";
import { beginCreation, newAccount, takeNewAccount } from "../frame/creation";
import { codeRecord, takeCode } from "../frame/delegation";
import { runFrames } from "../frame/frames";
import { beginCode, haltFor } from "../frame/halts";
import { frameNumber, openCall } from "../frame/opening";
import { traceFrameEnd, traceOutermost } from "../frame/tracing";
import { transfer } from "../frame/transfers";
import { senderNonce } from "./admission";

/** Gas that the outermost frame was given, and what it left. */
let gasGiven: i64 = 0;
export let gasLeft: i64 = 0;
/** Account created by the transaction itself, 0 for none. */
export let created: u32 = 0;

/** Begins with `gas`: nothing has been used, created or returned yet. */
export function beginOutermost(gas: i64): void {
  gasGiven = gas;
  gasLeft = gas;
  created = 0;
  setOutput(0, 0);
}

/** Gas that the outermost frame used. */
export function executionGas(): i64 {
  return gasGiven - gasLeft;
}

/**
 * Calls or creates what the transaction says, with `gas`: how that ended (Exit). `payable`: whether there was gas
 * enough for what comes before.
 */
export function runOutermost(sender: u32, gas: i64, payable: bool): u32 {
  beginOutermost(gas);
  beginCode();
  const opened = frameNumber(0);
  store<i64>(opened, gas, Frame.GAS);
  store<i64>(opened, 0, Frame.SPILLED);
  u256.copyAddress(opened + Frame.CALLER, sender + Account.ADDRESS);
  u256.copy(opened + Frame.VALUE, transaction + EvmTransaction.VALUE);
  setCheckpoint(opened + Frame.CHECKPOINT);
  const creation = (load<u32>(transaction, EvmTransaction.FLAGS) & EvmTransactionFlag.CREATION) != 0;
  store<u32>(opened, creation ? FrameFlag.CREATION : 0, Frame.FLAGS);
  const exit = creation ? runCreation(sender) : runCall(sender, payable);
  if (exit == Exit.HALTED) gasLeft = 0;
  if (exit != Exit.UNFINISHED) traceFrameEnd(0, exit, gasLeft, output, outputLength);
  return exit;
}

/** Runs the frames that have been opened. */
function runOpened(): u32 {
  const exit = runFrames();
  if (exit != Exit.UNFINISHED) gasLeft = load<i64>(frame, Frame.GAS);
  return exit;
}

function runCreation(sender: u32): u32 {
  const address = temporary + Temporary.ADDRESS;
  createdAddress(address, sender + Account.ADDRESS, senderNonce);
  traceOutermost(address);
  const free = takeNewAccount(address);
  if (free == Answer.FAILED) return Exit.UNFINISHED;
  if (free == Answer.NO) return haltFor(EvmHalt.ADDRESS_COLLISION);
  if (hasStateGas()) {
    setGas(gasGiven);
    const exit = payForNewAccount(newAccount);
    if (exit != Exit.NONE) return exit;
    store<i64>(frameNumber(0), currentGas(), Frame.GAS);
  }
  const code = transaction + load<u32>(transaction, EvmTransaction.DATA);
  const length = load<u32>(transaction, EvmTransaction.DATA_LENGTH);
  created = newAccount;
  return beginCreation(0, created, sender, code, length) ? runOpened() : Exit.UNFINISHED;
}

function runCall(sender: u32, payable: bool): u32 {
  traceOutermost(transaction + EvmTransaction.TO);
  if (!payable) return haltUnpaid();
  const target = accountOf(transaction + EvmTransaction.TO);
  if (target == 0 || !flagAccount(target, AccountFlag.TOUCHED)) return unfinished();
  if (touchWarm(target) == Answer.FAILED) return Exit.UNFINISHED;
  const value = transaction + EvmTransaction.VALUE;
  const exit = prepareCall(target, !u256.isZero(value));
  if (exit != Exit.NONE) return exit;
  if (!u256.isZero(value) && !transfer(sender, target, value, 0, EvmTransferKind.CALL)) return Exit.UNFINISHED;
  const opened = frameNumber(0);
  store<i64>(opened, currentGas(), Frame.GAS);
  store<u32>(opened, target, Frame.ACCOUNT);
  store<u32>(opened, transaction + load<u32>(transaction, EvmTransaction.DATA), Frame.INPUT);
  store<u32>(opened, load<u32>(transaction, EvmTransaction.DATA_LENGTH), Frame.INPUT_LENGTH);
  const precompile = precompileNumber(target);
  if (precompile != 0) return runPrecompiled(precompile, opened);
  if (codeRecord == NO_CODE) { // a plain transfer
    gasLeft = currentGas();
    return Exit.SUCCESS;
  }
  return openCall(0, codeRecord) ? runOpened() : Exit.UNFINISHED;
}

/** Finds the code that runs, and charges for what only the state says: a new account, one that is delegated to. */
function prepareCall(target: u32, bringsValue: bool): u32 {
  if (!hasStateGas()) {
    // The access to an account to which the target delegates costs the transaction nothing.
    setGas(i64.MAX_VALUE);
    const exit = takeCode(target);
    setGas(gasGiven);
    return exit;
  }
  setGas(gasGiven);
  if (bringsValue) {
    const exit = payForNewAccount(target);
    if (exit != Exit.NONE) return exit;
  }
  const exit = takeCode(target);
  return exit == Exit.HALTED ? haltUnpaid() : exit;
}

/** Too little gas before any code ran: nothing counts but what the transaction pays. */
function haltUnpaid(): u32 {
  revertTo(temporary + Temporary.CHECKPOINT);
  return Exit.HALTED;
}

/** State gas for an account that is not there yet. */
function payForNewAccount(account: u32): u32 {
  const absent = isAbsent(account);
  if (absent == Answer.FAILED) return Exit.UNFINISHED;
  return absent == Answer.NO || chargeNewAccount(frameNumber(0)) ? Exit.NONE : haltUnpaid();
}

function runPrecompiled(precompile: u32, opened: u32): u32 {
  const exit = chargePrecompile(precompile, load<u32>(opened, Frame.INPUT), load<u32>(opened, Frame.INPUT_LENGTH));
  if (exit == Exit.HALTED) revertTo(opened + Frame.CHECKPOINT);
  if (exit != Exit.NONE) return exit;
  gasLeft = currentGas();
  setOutput(returned, returnedLength);
  return Exit.SUCCESS;
}
