// Receipts out of the records that transactions leave, in their consensus encoding, and the bloom of a block.

import { BLOOM_SIZE, EvmLog, EvmResult, EvmStatus } from "../layout";
import { headerSize, numberSize, stringSize, writeHeader, writeNumber, writeString } from "./rlp";

/** Bytes of an address, or of a topic, as an item. */
const ADDRESS_ITEM: u32 = 21;
const TOPIC_ITEM: u32 = 33;
const ROOT_ITEM: u32 = 33;
const BLOOM_ITEM: u32 = 3 + BLOOM_SIZE;

/** Bytes that the receipt of a record of `length` bytes takes at most. */
export function receiptRoom(length: u32): u32 {
  // A log's 32 bytes of header become 22 and at most 15 of headers; each topic takes one byte more, of its 32.
  return length + (length >> 3) + BLOOM_ITEM + ROOT_ITEM + 64;
}

/**
 * Writes the receipt of the EvmResult `record` to `at`, and adds its bloom to `bloom`; returns its end.
 * @param gas used by the block up to and with this transaction
 * @param root 32 bytes: of the state after it, in place of the status; 0: the status
 */
export function writeReceipt(at: u32, record: u32, type: u32, gas: u64, root: u32, bloom: u32): u32 {
  const count = load<u32>(record, EvmResult.LOG_COUNT);
  const logs = record + EvmResult.SIZE + load<u32>(record, EvmResult.RETURN_LENGTH);
  const own = logs + load<u32>(record, EvmResult.LOGS_LENGTH);
  const logsSize = sizeOfLogs(logs, count);
  const size = (root != 0 ? ROOT_ITEM : 1) + numberSize(gas) + BLOOM_ITEM + headerSize(logsSize) + logsSize;
  if (type != 0) {
    store<u8>(at, type);
    at += 1;
  }
  at = writeHeader(at, 0xc0, size);
  if (root != 0) {
    at = writeString(at, root, 32);
  } else {
    at = writeNumber(at, load<u32>(record, EvmResult.STATUS) == EvmStatus.SUCCESS ? 1 : 0);
  }
  at = writeNumber(at, gas);
  at = writeHeader(at, 0x80, BLOOM_SIZE);
  if (count == 0) memory.fill(at, 0, BLOOM_SIZE);
  else {
    memory.copy(at, own, BLOOM_SIZE);
    for (let i: u32 = 0; i < BLOOM_SIZE; i += 8) store<u64>(bloom + i, load<u64>(bloom + i) | load<u64>(own + i));
  }
  at = writeHeader(at + BLOOM_SIZE, 0xc0, logsSize);
  let log = logs;
  for (let left = count; left > 0; left--) {
    at = writeLog(at, log);
    log = behind(log);
  }
  return at;
}

function sizeOfLogs(log: u32, count: u32): u32 {
  let size: u32 = 0;
  for (; count > 0; count--) {
    const content = sizeOfLog(log);
    size += headerSize(content) + content;
    log = behind(log);
  }
  return size;
}

function sizeOfLog(log: u32): u32 {
  const topics = load<u32>(log, EvmLog.TOPIC_COUNT) * TOPIC_ITEM;
  return ADDRESS_ITEM + headerSize(topics) + topics + stringSize(dataOf(log), load<u32>(log, EvmLog.DATA_LENGTH));
}

function writeLog(at: u32, log: u32): u32 {
  const topics = load<u32>(log, EvmLog.TOPIC_COUNT);
  at = writeHeader(at, 0xc0, sizeOfLog(log));
  at = writeString(at, log + EvmLog.ADDRESS, 20);
  at = writeHeader(at, 0xc0, topics * TOPIC_ITEM);
  for (let i: u32 = 0; i < topics; i++) at = writeString(at, log + EvmLog.SIZE + i * 32, 32);
  return writeString(at, dataOf(log), load<u32>(log, EvmLog.DATA_LENGTH));
}

// @ts-ignore: decorator
@inline
function dataOf(log: u32): u32 {
  return log + EvmLog.SIZE + load<u32>(log, EvmLog.TOPIC_COUNT) * 32;
}

/** Where the next log of a record begins. */
// @ts-ignore: decorator
@inline
function behind(log: u32): u32 {
  return dataOf(log) + ((load<u32>(log, EvmLog.DATA_LENGTH) + 7) & ~7);
}
