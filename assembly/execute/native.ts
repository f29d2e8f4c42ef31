// Transactions that run without leaving WebAssembly. The EVM inside the core plugs in here, beside the synthetic executor.

import { executeSynthetic, syntheticOutput, syntheticOutputLength } from "./synthetic";

export { resetSynthetic as resetNative } from "./synthetic";

/** Gas of the last native execution. */
export let nativeGas: u64 = 0;

/** Runs transaction `transaction`: its Outcome, or why it could not go on (`unfinished` of state-view). */
export function executeNative(transaction: u32): u32 {
  nativeGas = 21000;
  return executeSynthetic(transaction);
}

// @ts-ignore: decorator
@inline
export function nativeOutput(): u32 {
  return syntheticOutput;
}

// @ts-ignore: decorator
@inline
export function nativeOutputLength(): u32 {
  return syntheticOutputLength;
}
