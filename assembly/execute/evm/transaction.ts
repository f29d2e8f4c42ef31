// One Ethereum transaction from admission to result: fees, access list, delegations, the outermost frame, refunds, what the
// end of a transaction destroys. All state goes through world.ts; the beneficiary's fee is a credit that reads nothing.

import {
  BLOOM_SIZE, CONTROL_BASE, Control, EvmAccess, EvmBlock, EvmBlockFlag, EvmHalt, EvmInvalid, EvmResult, EvmSender, EvmStatus,
  EvmTransaction, EvmTransactionFlag, EvmTransfer, EvmTransferKind, Outcome, ReadResult,
} from "../../layout";
import { allocate } from "../../base/arena";
import * as u256 from "../../base/u256";
import { NO_ENTRY, beginResets, endResets } from "../../store/access-set";
import { noteLocation, resetState, unfinished } from "../state-view";
import { Account, AccountFlag, accountCount, accountNumber, accountOf, forgetAccounts, takeAccounts } from "./accounts";
import { addToBloom } from "./bloom";
import { BLOB_GAS, UNKNOWN, admit, floorGas, intrinsicGas, multiplyBy, postponed } from "./admission";
import { applyAuthorizations } from "./authorizations";
import { beginCreation, chargePrecompile, createdAddress, isFree, transfer } from "./calls";
import { delegationIn } from "./code";
import {
  Exit, Stop, block, frame, origin, output, outputLength, resetContext, returned, returnedLength, setOrigin, setOutput, setTransactionContext, transaction,
} from "./context";
import { chooseFork, clearsEmpty, coinbaseIsWarm, hasBaseFee, hasDelegation, hasWarmth, refundQuotient } from "./forks";
import { checkpointOf, frameNumber, openCall, runFrames } from "./frames";
import { beginCode, exitFor, haltReason } from "./halts";
import {
  beginJournal, flagAccount, logCount, logs, logsUsed, refund, revertTo, setCheckpoint, takeJournal, transfers, transfersUsed,
} from "./journal";
import { precompileNumber } from "./precompiles";
import { takeSegments } from "./segments";
import { isExpectedSender, resetSenders, senderOf } from "./sender";
import { beginStorage, takeStorage } from "./storage";
import { takeTracing, traceFrameEnd, traceOutermost, traceTransaction, traceTransactionEnd } from "./tracing";
import { beginTransientStorage, resetTransientStorage } from "./transient-storage";
import { Frame, Temporary, gasTableMemory, resetWorkspace, takeWorkspace, temporary } from "./workspace";
import {
  Answer, NO_CODE, balanceOf, beginWorld, codeOf, credit, debit, exhaust, existenceOf, failure, isEmpty, missed, setBalance, setCodeHash,
  setExistence, setNonce, slotNumber, touchSlot, touchWarm,
} from "./world";

let ready: bool = false;
let result: u32 = 0;
let resultCapacity: u32 = 0;
let gasPriceWord: u32 = 0;

/** Gas that the last transaction used. */
export let evmGas: u64 = 0;
/** Its output, an EvmResult. */
export let evmOutput: u32 = 0;
export let evmOutputLength: u32 = 0;

/** Called when the worker joins a block: what the EVM needs is taken with the first transaction. */
export function resetEvm(): void {
  ready = false;
  resetWorkspace();
  resetSenders();
}

function prepare(): bool {
  resetTransientStorage();
  resetContext();
  resultCapacity = 4096;
  result = allocate(resultCapacity);
  gasPriceWord = allocate(32);
  if (result == 0 || gasPriceWord == 0) return false;
  if (!takeWorkspace() || !takeSegments() || !takeTracing() || !takeJournal(recordsTransfers()) || !takeAccounts() || !takeStorage()) return false;
  chooseFork(load<u32>(load<u32>(CONTROL_BASE, Control.EVM_BLOCK), EvmBlock.FORK), gasTableMemory);
  ready = true;
  return true;
}

/** Whether the block asks for the value that moved. */
function recordsTransfers(): bool {
  return (load<u32>(load<u32>(CONTROL_BASE, Control.EVM_BLOCK), EvmBlock.FLAGS) & EvmBlockFlag.RECORD_TRANSFERS) != 0;
}

/** Runs the transaction of the EvmTransaction record `record`: its Outcome, or `unfinished` of state-view. */
export function executeEvm(record: u32): u32 {
  beginWorld();
  if (!ready && !prepare()) exhaust();
  else {
    setTransactionContext(load<u32>(CONTROL_BASE, Control.EVM_BLOCK), record, gasPriceWord);
    beginJournal();
    forgetAccounts();
    beginTransientStorage();
    beginStorage();
    traceTransaction(record);
    const system = (load<u32>(record, EvmTransaction.FLAGS) & EvmTransactionFlag.SYSTEM) != 0;
    const outcome = system ? runSystemCall() : runTransaction();
    traceTransactionEnd(missed != 0 || outcome == 0 ? 0 : evmOutput);
    if (missed != 0 && failure != ReadResult.EXHAUSTED) {
      noteLocation(missed);
      return unfinished(ReadResult.MISSING);
    }
    if (outcome != 0) return outcome;
  }
  return unfinished(failure);
}

/** An Outcome; 0 when the attempt must end (`failure`). */
function runTransaction(): u32 {
  const address = senderOf(transaction);
  if (address == EvmSender.UNKNOWN) return u32(exhaust());
  if (address == EvmSender.NOBODY) return reject(EvmInvalid.BAD_SIGNATURE);
  if (!isExpectedSender(transaction, address)) return reject(EvmInvalid.WRONG_SENDER);
  setOrigin(address);
  const sender = accountOf(address);
  if (sender == 0) return u32(exhaust());
  const reason = admit(transaction, block, sender);
  if (reason == UNKNOWN) return 0;
  if (reason != EvmInvalid.NONE) return reject(reason);
  computeGasPrice();
  if (!payUpFront(sender) || !warmUp(sender)) return 0;
  if (load<u32>(transaction, EvmTransaction.AUTHORIZATION_COUNT) != 0 && !applyAuthorizations()) return 0;

  const gasLimit = load<i64>(transaction, EvmTransaction.GAS_LIMIT);
  const exit = runOutermost(sender, gasLimit - intrinsicGas);
  if (exit == Exit.UNFINISHED) return 0;
  if (postponed != EvmInvalid.NONE) return reject(postponed);

  let used = gasLimit - gasLeft;
  const limit = used / refundQuotient;
  const refunded = refund < limit ? refund : limit;
  used -= refunded;
  if (used < floorGas) used = floorGas;
  return settle(sender, gasLimit, used) && finalize() ? finish(exit, used, refunded) : 0;
}

/** A call by the protocol: no nonce, no fees, no intrinsic gas. */
function runSystemCall(): u32 {
  setOrigin(transaction + EvmTransaction.SENDER);
  const sender = accountOf(origin);
  if (sender == 0) return u32(exhaust());
  u256.clear(gasPriceWord);
  const flags = load<u32>(transaction, EvmTransaction.FLAGS);
  if ((flags & (EvmTransactionFlag.CREDIT | EvmTransactionFlag.SWEEP)) != 0) {
    return moveFunds(sender, (flags & EvmTransactionFlag.SWEEP) != 0) && finalize() ? finish(Exit.SUCCESS, 0, 0) : 0;
  }
  const required = (flags & EvmTransactionFlag.REQUIRED) != 0;
  if (required) {
    const target = accountOf(transaction + EvmTransaction.TO);
    const code = target == 0 ? u32(exhaust()) : codeOf(target);
    if (code == 0) return 0;
    if (code == NO_CODE) return reject(EvmInvalid.SYSTEM_CONTRACT_MISSING);
  }
  const gasLimit = load<i64>(transaction, EvmTransaction.GAS_LIMIT);
  const exit = runOutermost(sender, gasLimit);
  if (exit == Exit.UNFINISHED || !finalize()) return 0;
  if (required && exit != Exit.SUCCESS) return reject(EvmInvalid.SYSTEM_CONTRACT_FAILED);
  return finish(exit, gasLimit - gasLeft, 0);
}

/** Adds the transaction's value, or all that `sender` has, to the receiver's balance. */
function moveFunds(sender: u32, sweep: bool): bool {
  created = 0;
  setOutput(0, 0);
  const target = accountOf(transaction + EvmTransaction.TO);
  if (target == 0 || !flagAccount(target, AccountFlag.TOUCHED)) return exhaust();
  if (!sweep) {
    const value = transaction + EvmTransaction.VALUE;
    return u256.isZero(value) || credit(target, value);
  }
  const balance = balanceOf(sender);
  if (balance == 0) return false;
  const amount = temporary + Temporary.WORD;
  u256.copy(amount, balance);
  return u256.isZero(amount) || (setBalance(sender, temporary + Temporary.ZERO) && credit(target, amount));
}

/** min(max fee, base fee + priority fee); types 0 and 1 name one price as both. */
function computeGasPrice(): void {
  u256.copy(gasPriceWord, transaction + EvmTransaction.MAX_FEE);
  if (!hasBaseFee) return;
  const sum = temporary + Temporary.WORD;
  const overflows = u256.addWithCarry(sum, block + EvmBlock.BASE_FEE, transaction + EvmTransaction.MAX_PRIORITY_FEE);
  if (!overflows && u256.less(sum, gasPriceWord)) u256.copy(gasPriceWord, sum);
}

/** The sender pays for all gas and blobs, and its nonce rises. `admit` has seen that it can. */
function payUpFront(sender: u32): bool {
  const cost = temporary + Temporary.WORD;
  multiplyBy(cost, gasPriceWord, load<u64>(transaction, EvmTransaction.GAS_LIMIT));
  const blobs = u64(load<u32>(transaction, EvmTransaction.BLOB_COUNT));
  if (blobs != 0) {
    const part = temporary + Temporary.OTHER;
    multiplyBy(part, block + EvmBlock.BLOB_BASE_FEE, blobs * BLOB_GAS);
    u256.add(cost, cost, part);
  }
  if (!flagAccount(sender, AccountFlag.TOUCHED)) return exhaust();
  return debit(sender, cost) && setNonce(sender, load<u64>(transaction, EvmTransaction.NONCE) + 1);
}

/** EIP-2929, 2930 and 3651: what is warm from the beginning. */
function warmUp(sender: u32): bool {
  if (!hasWarmth) return true;
  if (touchWarm(sender) < 0) return false;
  if (coinbaseIsWarm) {
    const coinbase = accountOf(block + EvmBlock.COINBASE);
    if (coinbase == 0) return exhaust();
    if (touchWarm(coinbase) < 0) return false;
  }
  const lines = load<u32>(transaction, EvmTransaction.ACCESS_COUNT);
  const list = transaction + load<u32>(transaction, EvmTransaction.ACCESS_LIST);
  for (let line: u32 = 0; line < lines; line++) {
    const access = list + line * EvmAccess.SIZE;
    const account = accountOf(access + EvmAccess.ADDRESS);
    if (account == 0) return exhaust();
    if (touchWarm(account) < 0) return false;
    if (load<u32>(access, EvmAccess.HAS_SLOT) == 0) continue;
    const number = slotNumber(account, access + EvmAccess.SLOT);
    if (number == NO_ENTRY || touchSlot(number) < 0) return false;
  }
  return true;
}

/** Gas that the outermost frame left. */
let gasLeft: i64 = 0;
/** Account created by the transaction itself, 0 for none. */
let created: u32 = 0;

function runOutermost(sender: u32, gas: i64): u32 {
  created = 0;
  beginCode();
  setOutput(0, 0);
  const opened = frameNumber(0);
  store<i64>(opened, gas, Frame.GAS);
  store<u32>(opened, 0, Frame.FLAGS);
  memory.copy(opened + Frame.CALLER, sender + Account.ADDRESS, 20);
  u256.copy(opened + Frame.VALUE, transaction + EvmTransaction.VALUE);
  setCheckpoint(checkpointOf(0));
  const creation = (load<u32>(transaction, EvmTransaction.FLAGS) & EvmTransactionFlag.CREATION) != 0;
  const exit = creation ? runCreation(sender, gas) : runCall(sender, gas);
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

function runCreation(sender: u32, gas: i64): u32 {
  const address = temporary + Temporary.ADDRESS;
  createdAddress(address, sender + Account.ADDRESS, load<u64>(transaction, EvmTransaction.NONCE));
  traceOutermost(address, gas);
  const account = accountOf(address);
  if (account == 0) {
    exhaust();
    return Exit.UNFINISHED;
  }
  if (touchWarm(account) < 0) return Exit.UNFINISHED;
  const free = isFree(account);
  if (free == Answer.FAILED) return Exit.UNFINISHED;
  if (free == Answer.NO) return exitFor(EvmHalt.ADDRESS_COLLISION);
  const code = transaction + load<u32>(transaction, EvmTransaction.DATA);
  const length = load<u32>(transaction, EvmTransaction.DATA_LENGTH);
  if (!beginCreation(0, account, sender, code, length)) return Exit.UNFINISHED;
  created = account;
  return runOpened();
}

function runCall(sender: u32, gas: i64): u32 {
  traceOutermost(transaction + EvmTransaction.TO, gas);
  const target = accountOf(transaction + EvmTransaction.TO);
  if (target == 0 || !flagAccount(target, AccountFlag.TOUCHED)) {
    exhaust();
    return Exit.UNFINISHED;
  }
  if (touchWarm(target) < 0) return Exit.UNFINISHED;
  const value = transaction + EvmTransaction.VALUE;
  if (!u256.isZero(value) && !transfer(sender, target, value, 0, EvmTransferKind.CALL)) return Exit.UNFINISHED;
  const data = transaction + load<u32>(transaction, EvmTransaction.DATA);
  const length = load<u32>(transaction, EvmTransaction.DATA_LENGTH);

  const precompile = precompileNumber(target);
  if (precompile != 0) {
    gasLeft = chargePrecompile(precompile, data, length, gas);
    if (gasLeft == Stop.UNFINISHED) return Exit.UNFINISHED;
    if (gasLeft < 0) {
      revertTo(checkpointOf(0));
      return Exit.HALTED;
    }
    setOutput(returned, returnedLength);
    return Exit.SUCCESS;
  }
  let code = codeOf(target);
  if (code != 0 && code != NO_CODE && hasDelegation && delegationIn(code) != 0) {
    const account = accountOf(delegationIn(code));
    if (account == 0) exhaust();
    if (account == 0 || touchWarm(account) < 0) return Exit.UNFINISHED;
    code = precompileNumber(account) != 0 ? NO_CODE : codeOf(account);
  }
  if (code == 0) return Exit.UNFINISHED;
  gasLeft = gas;
  if (code == NO_CODE) return Exit.SUCCESS; // a plain transfer
  const opened = frameNumber(0);
  store<u32>(opened, target, Frame.ACCOUNT);
  store<u32>(opened, data, Frame.INPUT);
  store<u32>(opened, length, Frame.INPUT_LENGTH);
  if (!openCall(0, code)) return Exit.UNFINISHED;
  return runOpened();
}

/** Gives back what was not used, and credits the beneficiary. */
function settle(sender: u32, gasLimit: i64, used: i64): bool {
  const amount = temporary + Temporary.WORD;
  multiplyBy(amount, gasPriceWord, u64(gasLimit - used));
  if (!u256.isZero(amount) && !credit(sender, amount)) return false;
  const price = temporary + Temporary.HASH;
  u256.copy(price, gasPriceWord);
  if (hasBaseFee) u256.subtract(price, price, block + EvmBlock.BASE_FEE);
  multiplyBy(amount, price, u64(used));
  const pays = !u256.isZero(amount);
  if (!pays && !minds()) return true;
  const coinbase = accountOf(block + EvmBlock.COINBASE);
  if (coinbase == 0 || !flagAccount(coinbase, AccountFlag.TOUCHED)) return exhaust();
  return !pays || credit(coinbase, amount);
}

/** Whether accounts that are empty matter in this block. */
function minds(): bool {
  return !clearsEmpty || (load<u32>(block, EvmBlock.FLAGS) & EvmBlockFlag.EMPTY_ACCOUNTS) != 0;
}

/** What the end of the transaction does to the accounts it met. */
function finalize(): bool {
  const watches = minds();
  beginResets();
  for (let at: u32 = 0; at < accountCount; at++) {
    const account = accountNumber(at);
    const flags = load<u32>(account, Account.FLAGS);
    if ((flags & AccountFlag.DESTROYED) != 0) {
      if (!destroy(account)) return false;
    } else if (watches && (flags & AccountFlag.TOUCHED) != 0) {
      if (clearsEmpty ? !removeIfEmpty(account) : !setExistence(account, true)) return false;
    }
  }
  endResets();
  return true;
}

function destroy(account: u32): bool {
  const zero = temporary + Temporary.ZERO;
  if (!setBalance(account, zero) || !setNonce(account, 0) || !setCodeHash(account, zero)) return false;
  if (minds() && !setExistence(account, false)) return false;
  return resetState(account, temporary + Temporary.ONE) || exhaust();
}

/** EIP-161: an account that was touched and is empty goes, its storage with it. */
function removeIfEmpty(account: u32): bool {
  const empty = isEmpty(account);
  if (empty != Answer.YES) return empty == Answer.NO;
  const existence = existenceOf(account);
  if (existence == 0) return false;
  if (u256.isZero(existence)) return true;
  return setExistence(account, false) && (resetState(account, temporary + Temporary.ONE) || exhaust());
}

function reject(reason: u32): u32 {
  memory.fill(result, 0, EvmResult.SIZE);
  store<u32>(result, EvmStatus.INVALID, EvmResult.STATUS);
  store<u32>(result, reason, EvmResult.REASON);
  evmGas = 0;
  evmOutput = result;
  evmOutputLength = EvmResult.SIZE;
  return Outcome.INVALID;
}

/** Writes the result; 0 when memory is exhausted. */
function finish(exit: u32, used: i64, refunded: i64): u32 {
  const logsEnd = EvmResult.SIZE + outputLength + logsUsed;
  const bloomEnd = logsEnd + (logCount == 0 ? 0 : BLOOM_SIZE);
  const size = bloomEnd + transfersUsed;
  if (size > resultCapacity) {
    resultCapacity = size * 2;
    result = allocate(resultCapacity);
    if (result == 0) {
      ready = false;
      return u32(exhaust());
    }
  }
  const status = exit == Exit.SUCCESS ? EvmStatus.SUCCESS : exit == Exit.REVERTED ? EvmStatus.REVERTED : EvmStatus.HALTED;
  memory.fill(result, 0, EvmResult.SIZE);
  store<u32>(result, status, EvmResult.STATUS);
  if (exit == Exit.HALTED) store<u32>(result, haltReason, EvmResult.REASON);
  store<i64>(result, used, EvmResult.GAS_USED);
  store<i64>(result, refunded, EvmResult.GAS_REFUNDED);
  if (created != 0 && exit == Exit.SUCCESS) memory.copy(result + EvmResult.CREATED, created + Account.ADDRESS, 20);
  store<u32>(result, outputLength, EvmResult.RETURN_LENGTH);
  store<u32>(result, logCount, EvmResult.LOG_COUNT);
  store<u32>(result, logsUsed, EvmResult.LOGS_LENGTH);
  u256.copy(result + EvmResult.GAS_PRICE, gasPriceWord);
  store<u32>(result, transfersUsed / EvmTransfer.SIZE, EvmResult.TRANSFER_COUNT);
  if (outputLength != 0) memory.copy(result + EvmResult.SIZE, output, outputLength);
  if (logsUsed != 0) {
    memory.copy(result + EvmResult.SIZE + outputLength, logs, logsUsed);
    memory.fill(result + logsEnd, 0, BLOOM_SIZE);
    addToBloom(result + logsEnd);
  }
  if (transfersUsed != 0) memory.copy(result + bloomEnd, transfers, transfersUsed);
  evmGas = u64(used);
  evmOutput = result;
  evmOutputLength = size;
  return exit == Exit.SUCCESS ? Outcome.SUCCESS : Outcome.REVERTED;
}
