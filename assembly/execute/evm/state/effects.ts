// What a transaction leaves behind beside the state: its logs, the value that it moved, the gas that it gets back. A
// frame that fails takes its part of them back.

import { EvmLog, EvmTransfer } from "../../../layout";
import { allocate } from "../../../base/arena";
import * as u256 from "../../../base/u256";
import { revertStateGas, saveStateGas } from "../memory/state-gas";
import { Checkpoint, enlarged } from "../memory/workspace";

const FIRST_LOGS: u32 = 16 * 1024;

/** The transaction's logs, EvmLog records. */
export let logs: u32 = 0;
export let logsUsed: u32 = 0;
let logsCapacity: u32 = 0;
export let logCount: u32 = 0;
/** Its transfers, EvmTransfer records; none unless the block asks for them. */
export let transfers: u32 = 0;
export let transfersUsed: u32 = 0;
let transfersCapacity: u32 = 0;
let recordsTransfers: bool = false;
/** Refund counter. */
export let refund: i64 = 0;

/** Takes memory; false when there is none. `withTransfers`: whether the block asks for them. */
export function takeEffects(withTransfers: bool): bool {
  recordsTransfers = withTransfers;
  transfersCapacity = 0;
  logs = allocate(FIRST_LOGS);
  logsCapacity = FIRST_LOGS;
  return logs != 0;
}

/** Forgets those of the transaction before. */
export function beginEffects(): void {
  logsUsed = 0;
  logCount = 0;
  transfersUsed = 0;
  refund = 0;
}

/** Notes at `checkpoint` what there is when a frame begins. */
export function saveEffects(checkpoint: u32): void {
  store<u32>(checkpoint, logsUsed, Checkpoint.LOGS);
  store<u32>(checkpoint, logCount, Checkpoint.LOG_COUNT);
  store<u32>(checkpoint, transfersUsed, Checkpoint.TRANSFERS);
  store<i64>(checkpoint, refund, Checkpoint.REFUND);
  saveStateGas(checkpoint);
}

/** Takes back what came after `checkpoint`. */
export function revertEffects(checkpoint: u32): void {
  logsUsed = load<u32>(checkpoint, Checkpoint.LOGS);
  logCount = load<u32>(checkpoint, Checkpoint.LOG_COUNT);
  transfersUsed = load<u32>(checkpoint, Checkpoint.TRANSFERS);
  refund = load<i64>(checkpoint, Checkpoint.REFUND);
  revertStateGas(checkpoint);
}

export function addRefund(amount: i64): void {
  refund += amount;
}

/** Room for a log with its topics and data to be filled in: an EvmLog; 0 when memory is exhausted. */
export function addLog(address: u32, topicCount: u32, dataLength: u32): u32 {
  const size = EvmLog.SIZE + topicCount * 32 + ((dataLength + 7) & ~7);
  if (logsUsed + size > logsCapacity) {
    let capacity = logsCapacity * 2;
    while (capacity < logsUsed + size) capacity *= 2;
    logs = enlarged(logs, logsUsed, capacity);
    if (logs == 0) return 0;
    logsCapacity = capacity;
  }
  const log = logs + logsUsed;
  logsUsed += size;
  logCount++;
  memory.copy(log, address, 20);
  store<u32>(log, topicCount, EvmLog.TOPIC_COUNT);
  // What nobody writes is zero, so that equal results are equal byte by byte: behind the length, and behind the data.
  store<u64>(log, dataLength, EvmLog.DATA_LENGTH);
  if ((dataLength & 7) != 0) store<u64>(log + size - 8, 0);
  return log;
}

/** Adds to the list of value that moved, where the block asks for it. False: memory is exhausted. */
// @ts-ignore: decorator
@inline
export function recordTransfer(from: u32, to: u32, value: u32, depth: u32, kind: u32): bool {
  return !recordsTransfers || addTransfer(from, to, value, depth, kind);
}

function addTransfer(from: u32, to: u32, value: u32, depth: u32, kind: u32): bool {
  if (transfersUsed == transfersCapacity) {
    // Whole records fit: the capacity is kept a multiple of their size.
    const capacity = transfersCapacity == 0 ? 32 * EvmTransfer.SIZE : transfersCapacity * 2;
    transfers = enlarged(transfers, transfersUsed, capacity);
    transfersCapacity = transfers == 0 ? 0 : capacity;
    if (transfers == 0) return false;
  }
  writeTransfer(transfers + transfersUsed, from, to, value, depth, kind);
  transfersUsed += EvmTransfer.SIZE;
  return true;
}

/** Fills in the EvmTransfer at `record`; `from` and `to` are account records, or just addresses. */
export function writeTransfer(record: u32, from: u32, to: u32, value: u32, depth: u32, kind: u32): void {
  memory.copy(record + EvmTransfer.FROM, from, 20);
  memory.copy(record + EvmTransfer.TO, to, 20);
  store<u32>(record, depth, EvmTransfer.DEPTH);
  store<u32>(record, kind, EvmTransfer.KIND);
  u256.copy(record + EvmTransfer.VALUE, value);
}
