// Opcodes that ask about other accounts, code, the block and the transaction, and those that log.

import { BaseValue, EvmBlock, EvmHalt, EvmLog, EvmTransaction } from "../../../layout";
import { keccak256 } from "../../../base/keccak256";
import * as u256 from "../../../base/u256";
import { hashOfCode, isPlaceholder } from "../../../store/code-store";
import { accountAccessGas, logByteGas } from "../rules/fork-rules";
import { block, frame, isStatic, memoryStart, transaction } from "../memory/context";
import { Exit } from "../memory/exits";
import { exhaust, unfinished } from "../memory/failure";
import { charge } from "../memory/gas";
import { copyToRange, rangeLength, rangeOffset, takeRange } from "../memory/ranges";
import { Frame, Temporary, temporary } from "../memory/workspace";
import { Account } from "../state/accounts";
import { addLog } from "../state/effects";
import { Answer, NO_CODE, balanceOf, codeHashOf, codeOf, earlierBlockHash, isAbsent } from "../state/world";
import { account, takeAccount } from "./access";
import { haltFor } from "./halts";
import { takeCopy } from "./memory-access";
import { traceLog } from "./tracing";

export function balance(word: u32): u32 {
  const exit = takeAccount(word, accountAccessGas);
  return exit == Exit.NONE ? balanceInto(word, account) : exit;
}

export function selfBalance(out: u32): u32 {
  return balanceInto(out, load<u32>(frame, Frame.ACCOUNT));
}

function balanceInto(out: u32, account: u32): u32 {
  const value = balanceOf(account);
  if (value == 0) return Exit.UNFINISHED;
  u256.copy(out, value);
  return Exit.NONE;
}

export function extCodeSize(word: u32): u32 {
  const exit = takeAccount(word, accountAccessGas);
  if (exit != Exit.NONE) return exit;
  const record = codeOf(account);
  if (record == 0) return Exit.UNFINISHED;
  u256.set(word, record == NO_CODE ? 0 : load<u32>(record, BaseValue.CODE_LENGTH));
  return Exit.NONE;
}

export function extCodeHash(word: u32): u32 {
  const exit = takeAccount(word, accountAccessGas);
  if (exit != Exit.NONE) return exit;
  let hash = codeHashOf(account);
  if (hash == 0) return Exit.UNFINISHED;
  if (u256.isZero(hash)) {
    const absent = isAbsent(account);
    if (absent == Answer.FAILED) return Exit.UNFINISHED;
    if (absent == Answer.YES) {
      u256.clear(word);
      return Exit.NONE;
    }
    hash = temporary + Temporary.HASH;
    keccak256(hash, hash, 0);
  } else if (isPlaceholder(hash)) {
    const record = codeOf(account);
    if (record <= NO_CODE) return Exit.UNFINISHED;
    hash = hashOfCode(record);
    if (hash == 0) {
      exhaust();
      return Exit.UNFINISHED;
    }
  }
  u256.loadBigEndian(word, hash);
  return Exit.NONE;
}

/** Operands from the top: address, memory offset, code offset, length. */
export function extCodeCopy(top: u32): u32 {
  let exit = takeAccount(top - 32, accountAccessGas);
  if (exit == Exit.NONE) exit = takeCopy(top - 32);
  if (exit != Exit.NONE) return exit;
  const record = codeOf(account);
  if (record == 0) return Exit.UNFINISHED;
  if (record == NO_CODE) copyToRange(0, 0, top - 96);
  else copyToRange(record + BaseValue.CODE_BYTES, load<u32>(record, BaseValue.CODE_LENGTH), top - 96);
  return Exit.NONE;
}

/** The word at `index` becomes the word of call data that begins there. */
export function callDataLoad(index: u32): void {
  const length = load<u32>(frame, Frame.INPUT_LENGTH);
  const start = u32(u256.clamped(index, u64(length)));
  const from = load<u32>(frame, Frame.INPUT) + start;
  const available = length - start;
  if (available >= 32) return u256.loadBigEndian(index, from);
  const word = temporary + Temporary.WORD;
  u256.clear(word);
  if (available != 0) memory.copy(word, from, available);
  u256.loadBigEndian(index, word);
}

/** Operands from the top: offset, length, then `topics` topics. */
export function log(topics: u32, top: u32): u32 {
  if (isStatic()) return haltFor(EvmHalt.STATIC_WRITE);
  const exit = takeRange(top - 32, top - 64);
  if (exit != Exit.NONE) return exit;
  if (!charge(i64(rangeLength) * logByteGas)) return Exit.HALTED;
  const record = addLog(load<u32>(frame, Frame.ACCOUNT) + Account.ADDRESS, topics, rangeLength);
  if (record == 0) return unfinished();
  for (let topic: u32 = 0; topic < topics; topic++) {
    u256.storeBigEndian(record + EvmLog.SIZE + topic * 32, top - 96 - topic * 32);
  }
  if (rangeLength != 0) memory.copy(record + EvmLog.SIZE + topics * 32, memoryStart + rangeOffset, rangeLength);
  traceLog(record);
  return Exit.NONE;
}

/** The word at `number` becomes the hash of that block: one of the last 256, else 0. */
export function blockHash(number: u32): u32 {
  const back = blocksBack(number);
  const isKnown = back < load<u32>(block, EvmBlock.HASH_COUNT) && back >= load<u32>(block, EvmBlock.HASHES_TO_COME);
  if (back >= 256 || !isKnown) {
    u256.clear(number);
    return Exit.NONE;
  }
  let hash = load<u32>(block, EvmBlock.HASHES) + (u32(back) << 5);
  if (u256.isZero(hash)) {
    hash = earlierBlockHash(load<u64>(number));
    if (hash == 0) return Exit.UNFINISHED;
  }
  u256.loadBigEndian(number, hash);
  return Exit.NONE;
}

/** How many blocks before the parent the one is whose number is a word; the largest u64 where that is to come. */
function blocksBack(number: u32): u64 {
  const current = load<u64>(block, EvmBlock.NUMBER);
  if (!u256.fits64(number) || load<u64>(number) >= current) return u64.MAX_VALUE;
  return current - 1 - load<u64>(number);
}

/** The word at `index` becomes the hash of that blob of the transaction, 0 beyond the last. */
export function blobHash(index: u32): void {
  const count = load<u32>(transaction, EvmTransaction.BLOB_COUNT);
  const at = u32(u256.clamped(index, u64(count)));
  if (at == count) u256.clear(index);
  else u256.loadBigEndian(index, transaction + load<u32>(transaction, EvmTransaction.BLOB_HASHES) + (at << 5));
}
