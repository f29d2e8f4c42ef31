// The record that a transaction leaves to the host: EvmResult with return data, logs, bloom and transfers behind it.

import { BLOOM_SIZE, EvmResult, EvmStatus, EvmTransfer, Outcome } from "../../../layout";
import { allocate } from "../../../base/arena";
import { clearBytes } from "../../../base/bytes";
import * as u256 from "../../../base/u256";
import { gasPrice, output, outputLength } from "../memory/context";
import { Exit } from "../memory/exits";
import { exhausted } from "../memory/failure";
import { stateGas } from "../memory/state-gas";
import { Account } from "../state/accounts";
import { logCount, logs, logsUsed, refund, transfers, transfersUsed } from "../state/effects";
import { haltReason } from "../frame/halts";
import { accessSize, writeAccess, written as accessWritten } from "./access-record";
import { addToBloom } from "./bloom";
import { created, executionGas } from "./outermost";

const FIRST_CAPACITY: u32 = 4096;

let result: u32 = 0;
let resultCapacity: u32 = 0;

/** Gas that the last transaction used. */
export let evmGas: u64 = 0;
/** Its output, an EvmResult. */
export let evmOutput: u32 = 0;
export let evmOutputLength: u32 = 0;

/** Takes memory; false when there is none. */
export function takeResult(): bool {
  resultCapacity = FIRST_CAPACITY;
  result = allocate(resultCapacity);
  return result != 0;
}

/** Writes why the transaction cannot be part of the block (EvmInvalid). */
export function reject(reason: u32): u32 {
  memory.fill(result, 0, EvmResult.SIZE);
  store<u32>(result, EvmStatus.INVALID, EvmResult.STATUS);
  store<u32>(result, reason, EvmResult.REASON);
  evmGas = 0;
  evmOutput = result;
  evmOutputLength = EvmResult.SIZE;
  return Outcome.INVALID;
}

/** Writes the result, `blockGas` being what the block's gas grows by; 0 when memory is exhausted. */
export function finish(exit: u32, used: i64, refunded: i64, blockGas: i64): u32 {
  const logsEnd = EvmResult.SIZE + outputLength + logsUsed;
  const bloomEnd = logsEnd + (logCount == 0 ? 0 : BLOOM_SIZE);
  const transfersEnd = bloomEnd + transfersUsed;
  const most = transfersEnd + accessSize();
  if (most > resultCapacity) {
    const larger = allocate(most * 2);
    if (larger == 0) return exhausted();
    result = larger;
    resultCapacity = most * 2;
  }
  clearBytes(result, EvmResult.SIZE);
  store<u32>(result, exit, EvmResult.STATUS); // Exit and EvmStatus agree
  if (exit == Exit.HALTED) store<u32>(result, haltReason, EvmResult.REASON);
  store<i64>(result, used, EvmResult.GAS_USED);
  store<i64>(result, refunded, EvmResult.GAS_REFUNDED);
  store<i64>(result, executionGas(), EvmResult.EXECUTION_GAS);
  store<i64>(result, refund, EvmResult.REFUND);
  store<i64>(result, blockGas, EvmResult.BLOCK_GAS);
  store<i64>(result, stateGas, EvmResult.STATE_GAS);
  if (created != 0 && exit == Exit.SUCCESS) memory.copy(result + EvmResult.CREATED, created + Account.ADDRESS, 20);
  store<u32>(result, outputLength, EvmResult.RETURN_LENGTH);
  store<u32>(result, logCount, EvmResult.LOG_COUNT);
  store<u32>(result, logsUsed, EvmResult.LOGS_LENGTH);
  u256.copy(result + EvmResult.GAS_PRICE, gasPrice);
  store<u32>(result, transfersUsed / EvmTransfer.SIZE, EvmResult.TRANSFER_COUNT);
  if (outputLength != 0) memory.copy(result + EvmResult.SIZE, output, outputLength);
  if (logsUsed != 0) {
    memory.copy(result + EvmResult.SIZE + outputLength, logs, logsUsed);
    memory.fill(result + logsEnd, 0, BLOOM_SIZE);
    addToBloom(result + logsEnd);
  }
  if (transfersUsed != 0) memory.copy(result + bloomEnd, transfers, transfersUsed);
  const end = writeAccess(result + transfersEnd);
  store<u32>(result, accessWritten, EvmResult.ACCESS_COUNT);
  evmGas = u64(used);
  evmOutput = result;
  evmOutputLength = end - result;
  return exit == Exit.SUCCESS ? Outcome.SUCCESS : Outcome.REVERTED;
}
