// Transactions that run without leaving WebAssembly: the EVM and the synthetic executor, chosen by TxFlag.

import { CONTROL_BASE, Control, EvmSender, Recording, TxFlag, TxSlot } from "../layout";
import { hasFlag, slotAt } from "../schedule/status";
import { evmGas, evmOutput, evmOutputLength } from "./evm/transaction/result";
import { isSenderUnknown, senderOf } from "./evm/transaction/sender";
import { executeEvm, resetEvm } from "./evm/transaction/transaction";
import { recordedOutput, repeat, resetRecording } from "./recording";
import { executeSynthetic, resetSynthetic, syntheticOutput, syntheticOutputLength } from "./synthetic";

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
  const outcome = executeEvm(load<u32>(slotAt(transaction), TxSlot.INPUT));
  nativeGas = evmGas;
  output = evmOutput;
  outputLength = evmOutputLength;
  return outcome;
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
