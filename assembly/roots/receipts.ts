// Receipts out of the records that transactions leave, in their consensus encoding, and the bloom of a block.

import { BLOOM_SIZE, EvmLog, EvmResult, EvmStatus } from "../layout";
import { keccak256All } from "../base/keccak256-pairs";
import { ListItem, LONE_ENTRY, enterAlone } from "./lists";
import { headerSize, numberSize, stringSize, writeHeader, writeNumber, writeString } from "./rlp";
import { LEAF_ROOM, leaf, start } from "./trie";

/** Bytes of an address, or of a topic, as an item. */
const ADDRESS_ITEM: u32 = 21;
const TOPIC_ITEM: u32 = 33;
const ROOT_ITEM: u32 = 33;
const BLOOM_ITEM: u32 = 3 + BLOOM_SIZE;

/** What is added up of receipts, one after the other. */
export abstract class ReceiptSums {
  /** u64: gas used by all of them. */
  static readonly GAS: u32 = 0;
  static readonly BLOOM: u32 = 8;
  static readonly SIZE: u32 = ReceiptSums.BLOOM + BLOOM_SIZE;
}

/** Bytes that `hashReceipts` needs of its room: `length` is that of all records, `longest` of the longest. */
export function receiptsRoom(count: u32, length: u32, longest: u32): u32 {
  const each = ListItem.SIZE + receiptRoom(0) + LEAF_ROOM + 16;
  return count * each + receiptRoom(length) + receiptRoom(longest) + LONE_ENTRY + 64;
}

/**
 * Hashes the leaves that receipts have in their list, one behind the other into `out`, and adds them to `sums`
 * {ReceiptSums}, which knows those before them.
 * @param records of each {address of an EvmResult u32, type of its transaction u32}
 * @param roots 32 bytes each: of the states behind them, in place of the status; 0: the status
 * @param first position of the first in the list, of `total` receipts
 */
export function hashReceipts(
  out: u32, records: u32, count: u32, roots: u32, sums: u32, first: u32, total: u32, longest: u32, room: u32,
): void {
  const entry = room + count * ListItem.SIZE;
  const receipt = entry + LONE_ENTRY;
  let at = (receipt + receiptRoom(longest) + 7) & ~7;
  let gas = load<u64>(sums, ReceiptSums.GAS);
  for (let i: u32 = 0; i < count; i++) {
    const record = load<u32>(records + i * ListItem.SIZE);
    const type = load<u32>(records + i * ListItem.SIZE, 4);
    gas += load<u64>(record, EvmResult.GAS_USED);
    const root = roots == 0 ? 0 : roots + i * 32;
    const end = writeReceipt(receipt, record, type, gas, root, sums + ReceiptSums.BLOOM);
    const depth = enterAlone(entry, first + i, total, receipt, end - receipt);
    const leafEnd = leaf(entry, depth, at);
    store<u32>(room + i * ListItem.SIZE, start, ListItem.BYTES);
    store<u32>(room + i * ListItem.SIZE, leafEnd - start, ListItem.LENGTH);
    at = (leafEnd + 7) & ~7;
  }
  store<u64>(sums, gas, ReceiptSums.GAS);
  keccak256All(out, room, count);
}

/** Bytes that the receipt of a record of `length` bytes takes at most. */
function receiptRoom(length: u32): u32 {
  // A log's 32 bytes of header become 22 and at most 15 of headers; each topic takes one byte more, of its 32.
  return length + (length >> 3) + BLOOM_ITEM + ROOT_ITEM + 64;
}

/**
 * Writes the receipt of the EvmResult `record` to `at`, and adds its bloom to `bloom`; returns its end.
 * @param gas used by the block up to and with this transaction
 * @param root 32 bytes: of the state after it, in place of the status; 0: the status
 */
function writeReceipt(at: u32, record: u32, type: u32, gas: u64, root: u32, bloom: u32): u32 {
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
