// Transactions that run without leaving WebAssembly: the EVM and the synthetic executor, chosen by TxFlag.

import {
  CONTROL_BASE, Control, EvmSender, EvmTransaction, EvmTransactionFlag, ReadResult, Recording, TxFlag, TxSlot,
} from "../layout";
import * as shared from "../base/shared";
import { attemptsIn, hasFlag, slotAt, statusOf } from "../schedule/status";
import { beginAccessSet } from "../store/access-set";
import { assume, firstMissing } from "./evm/memory/failure";
import { evmGas, evmOutput, evmOutputLength } from "./evm/transaction/result";
import { isSenderUnknown, senderOf } from "./evm/transaction/sender";
import { executeEvm, resetEvm } from "./evm/transaction/transaction";
import { recordedOutput, repeat, resetRecording } from "./recording";
import { lastLocation, noteLocation, reportMissing, unfinished } from "./state-view";
import { executeSynthetic, resetSynthetic, syntheticOutput, syntheticOutputLength } from "./synthetic";

// How many locations one run on guesses may miss: a search that finds nothing, or an array without an end, must not
// fill the host's next batch. Who comes back again and again may really have so many: twice as many each time.
const MOST_ON_ZEROS: u32 = 16;
const MOST_ON_PLENTY: u32 = 256;
const PATIENT_AFTER: u32 = 4;
const LONGEST_PATIENCE: u32 = 16;

// Of the last native execution.
export let nativeGas: u64 = 0;
/** It was not executed, but repeated from a recording. */
export let nativeRepeated: bool = false;
let output: u32 = 0;
let outputLength: u32 = 0;

/** Called by each worker when it joins a block; false when memory is exhausted. */
export function resetNative(): bool {
  resetEvm();
  return resetSynthetic() && resetRecording();
}

/** Whether the transaction in `slot` is a transfer, as far as one knows before: no data, and a known sender. */
export function isTransfer(slot: u32): bool {
  if ((shared.read(slot, TxSlot.FLAGS) & TxFlag.EVM) == 0) return false;
  const transaction = load<u32>(slot, TxSlot.INPUT);
  return load<u32>(transaction, EvmTransaction.DATA_LENGTH) == 0 &&
    load<u32>(transaction, EvmTransaction.SIGNATURE) == 0 &&
    load<u32>(transaction, EvmTransaction.AUTHORIZATION_COUNT) == 0 &&
    (load<u32>(transaction, EvmTransaction.FLAGS) & EvmTransactionFlag.SYSTEM) == 0;
}

/** Runs transaction `transaction`: its Outcome, or why it could not go on (`unfinished` of state-view). */
export function executeNative(transaction: u32): u32 {
  nativeRepeated = false;
  if (!hasFlag(transaction, TxFlag.EVM)) {
    const outcome = executeSynthetic(transaction);
    nativeGas = 21000;
    output = syntheticOutput;
    outputLength = syntheticOutputLength;
    return outcome;
  }
  const recording = load<u32>(slotAt(transaction), TxSlot.RECORDING);
  if (recording != 0) {
    const repeated = repeat(recording);
    nativeRepeated = repeated != 0;
    nativeGas = load<u64>(recording, Recording.GAS);
    output = recordedOutput(recording);
    outputLength = load<u32>(recording, Recording.OUTPUT_LENGTH);
    if (nativeRepeated) return repeated;
  }
  const more = moreGuesses(transaction);
  assume(false, isDefined(TRACE) ? u32.MAX_VALUE : MOST_ON_ZEROS << more);
  const outcome = runEvm(transaction);
  if (outcome == unfinished(ReadResult.MISSING)) lookFurther(transaction, MOST_ON_PLENTY << more);
  nativeGas = evmGas;
  output = evmOutput;
  outputLength = evmOutputLength;
  return outcome;
}

function runEvm(transaction: u32): u32 {
  const own = load<u32>(slotAt(transaction), TxSlot.BLOCK);
  const block = own != 0 ? own : load<u32>(CONTROL_BASE, Control.EVM_BLOCK);
  return executeEvm(load<u32>(slotAt(transaction), TxSlot.INPUT), block);
}

/**
 * Runs a transaction that misses state once more, on the other guess: with zeros, code turns back where nothing is to
 * be found, and what it would have asked for behind that costs the host a trip of its own. Nothing of it is published.
 */
function lookFurther(transaction: u32, most: u32): void {
  if (isDefined(TRACE)) return; // whoever watches sees one run
  const first = lastLocation;
  beginAccessSet(transaction);
  assume(true, most);
  runEvm(transaction);
  // Another one where what was published meanwhile leads elsewhere. Without memory for a note it is missed again.
  if (firstMissing != 0 && firstMissing != first) reportMissing(firstMissing);
  noteLocation(first);
}

/** How often the numbers of guesses are doubled for this transaction. */
function moreGuesses(transaction: u32): u32 {
  const executions = attemptsIn(statusOf(transaction));
  return executions <= PATIENT_AFTER ? 0 : min(executions - PATIENT_AFTER, LONGEST_PATIENCE);
}

// @ts-ignore: decorator
@inline
export function nativeOutput(): u32 {
  return output;
}

// @ts-ignore: decorator
@inline
export function nativeOutputLength(): u32 {
  return outputLength;
}

// What need not wait for an attempt: the senders of Ethereum transactions.

/** Whether the block may have such work at all. */
// @ts-ignore: decorator
@inline
export function mayWorkAhead(): bool {
  return load<u32>(CONTROL_BASE, Control.EVM_BLOCK) != 0;
}

/** Whether nobody has done yet what can be done before an attempt at `transaction`. */
// @ts-ignore: decorator
@inline
export function hasWorkAhead(transaction: u32): bool {
  if (!hasFlag(transaction, TxFlag.EVM) || load<u32>(slotAt(transaction), TxSlot.RECORDING) != 0) return false;
  return isSenderUnknown(load<u32>(slotAt(transaction), TxSlot.INPUT));
}

/** Does that work. Any worker; several at once do the same. False when memory is exhausted: the attempt will say so. */
export function workAhead(transaction: u32): bool {
  return senderOf(load<u32>(slotAt(transaction), TxSlot.INPUT)) != EvmSender.UNKNOWN;
}
