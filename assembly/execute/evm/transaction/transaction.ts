// The life of one Ethereum transaction: admission, what it pays, the outermost frame, what it gets back, what its end
// clears.

import {
  CONTROL_BASE, Control, EvmBlock, EvmBlockFlag, EvmInvalid, EvmSender, EvmTransaction, EvmTransactionFlag, ReadResult,
} from "../../../layout";
import { noteLocation, unfinished } from "../../state-view";
import { forgetRules, refundQuotient, useRules } from "../rules/fork-rules";
import { usePrecompiles } from "../rules/precompile-numbers";
import { block, setOrigin, setTransactionContext, takeContext, transaction } from "../memory/context";
import { Exit } from "../memory/exits";
import { exhausted, failure, forgetFailure, firstMissing } from "../memory/failure";
import { currentGas, setGas } from "../memory/gas";
import { forgetInitCodes } from "../memory/init-code";
import { takeSegments } from "../memory/segments";
import { beginStateGas, hasStateGas, reservoirLeft, stateGas } from "../memory/state-gas";
import { Temporary, resetWorkspace, takeArithmetic, takeWorkspace, temporary } from "../memory/workspace";
import { accountOf, forgetAccounts, takeAccounts } from "../state/accounts";
import { beginEffects, refund, takeEffects } from "../state/effects";
import { beginJournal, setCheckpoint, takeJournal } from "../state/journal";
import { beginTransientStorage, resetTransientStorage } from "../state/transient-storage";
import { Answer } from "../state/world";
import { beginStorage, takeStorage } from "../frame/storage";
import { takeTracing, traceTransaction, traceTransactionEnd } from "../frame/tracing";
import { warmUp } from "./access-list";
import { admit, floorGas, intrinsicGas, invalid, postponed } from "./admission";
import { applyAuthorizations } from "./authorizations";
import { finalize } from "./clearing";
import { computeGasPrice, payUpFront, settle } from "./fees";
import { gasLeft, runOutermost } from "./outermost";
import { evmOutput, finish, reject, takeResult } from "./result";
import { isExpectedSender, resetSenders, senderOf } from "./sender";
import { runSystemCall } from "./system-call";
import { transferAtOnce } from "./transfer";

let ready: bool = false;
/** Whether there is what transfers need. */
let readyToTransfer: bool = false;

/** Called when the worker joins a block: what the EVM needs is taken with the first transaction that needs it. */
export function resetEvm(): void {
  ready = false;
  readyToTransfer = false;
  forgetRules();
  forgetInitCodes();
  resetWorkspace();
  resetSenders();
}

function prepareTransfers(): bool {
  if (!takeWorkspace() || !takeContext() || !takeResult()) return false;
  const record = load<u32>(CONTROL_BASE, Control.EVM_BLOCK);
  useRules(load<u32>(record, EvmBlock.RULES));
  usePrecompiles(load<u32>(record, EvmBlock.PRECOMPILES), load<u32>(record, EvmBlock.PRECOMPILE_COUNT));
  readyToTransfer = true;
  return true;
}

/** What else code needs. */
function prepare(): bool {
  resetTransientStorage();
  if (!takeArithmetic() || !takeSegments() || !takeTracing()) return false;
  if (!takeJournal() || !takeEffects(recordsTransfers()) || !takeAccounts() || !takeStorage()) return false;
  ready = true;
  return true;
}

/** Whether the block asks for the value that moved. */
function recordsTransfers(): bool {
  return (load<u32>(load<u32>(CONTROL_BASE, Control.EVM_BLOCK), EvmBlock.FLAGS) & EvmBlockFlag.RECORD_TRANSFERS) != 0;
}

/** Runs the transaction of an EvmTransaction record in the block of an EvmBlock: its Outcome, or `unfinished`. */
export function executeEvm(record: u32, blockRecord: u32): u32 {
  forgetFailure();
  if (!readyToTransfer && !prepareTransfers()) return unfinished(ReadResult.EXHAUSTED);
  setTransactionContext(blockRecord, record);
  const transferred = transferAtOnce();
  if (transferred != 0) return transferred;
  if (!ready && !prepare()) return unfinished(ReadResult.EXHAUSTED);
  beginJournal();
  beginEffects();
  forgetAccounts();
  beginTransientStorage();
  beginStorage();
  traceTransaction(record);
  const system = (load<u32>(record, EvmTransaction.FLAGS) & EvmTransactionFlag.SYSTEM) != 0;
  const outcome = system ? runSystemCall() : runTransaction();
  traceTransactionEnd(firstMissing != 0 || outcome == 0 ? 0 : evmOutput);
  if (firstMissing != 0 && failure != ReadResult.EXHAUSTED) {
    noteLocation(firstMissing);
    return unfinished(ReadResult.MISSING);
  }
  return outcome != 0 ? outcome : unfinished(failure);
}

/** An Outcome; 0 when the attempt must end (`failure`). */
function runTransaction(): u32 {
  const address = senderOf(transaction);
  if (address == EvmSender.UNKNOWN) return exhausted();
  if (address == EvmSender.NOBODY) return reject(EvmInvalid.BAD_SIGNATURE);
  if (!isExpectedSender(transaction, address)) return reject(EvmInvalid.WRONG_SENDER);
  setOrigin(address);
  const sender = accountOf(address);
  if (sender == 0) return exhausted();
  const admitted = admit(transaction, block, sender);
  if (admitted == Answer.FAILED) return 0;
  if (admitted == Answer.NO) return reject(invalid);
  computeGasPrice();
  if (!payUpFront(sender) || !warmUp(sender)) return 0;
  const gasLimit = load<i64>(transaction, EvmTransaction.GAS_LIMIT);
  const gas = beginStateGas(gasLimit - intrinsicGas, intrinsicGas);
  setGas(gas);
  setCheckpoint(temporary + Temporary.CHECKPOINT);
  const authorizes = load<u32>(transaction, EvmTransaction.AUTHORIZATION_COUNT) != 0;
  const authorized = authorizes ? applyAuthorizations(sender) : Exit.NONE;
  if (authorized == Exit.UNFINISHED) return 0;
  const payable = authorized == Exit.NONE;
  const exit = runOutermost(sender, payable ? currentGas() : gas, payable);
  if (exit == Exit.UNFINISHED) return 0;
  if (postponed != EvmInvalid.NONE) return reject(postponed);

  const spent = gasLimit - gasLeft - reservoirLeft();
  const limit = spent / refundQuotient;
  const refunded = refund < limit ? refund : limit;
  const used = atLeastFloor(spent - refunded);
  const blockGas = hasStateGas() ? atLeastFloor(spent - stateGas) : used;
  return settle(sender, gasLimit, used) && finalize() ? finish(exit, used, refunded, blockGas) : 0;
}

function atLeastFloor(gas: i64): i64 {
  return gas < floorGas ? floorGas : gas;
}
