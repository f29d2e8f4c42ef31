// Opcodes that ask about other accounts, code, the block and the transaction. Handlers answer the gas left or a Stop.

import { BaseValue, EvmBlock, EvmHalt, EvmLog, EvmTransaction } from "../../../layout";
import { keccak256 } from "../../../base/keccak256";
import * as u256 from "../../../base/u256";
import { accountAccessGas, copyWordGas, hashWordGas, logByteGas } from "../rules/fork-rules";
import { block, frame, memoryStart, returned, returnedLength, transaction } from "../memory/context";
import { Stop } from "../memory/exits";
import { exhaust } from "../memory/failure";
import { copyToRange, rangeLength, rangeOffset, takeRange, wordGas } from "../memory/ranges";
import { Frame, FrameFlag, Temporary, temporary } from "../memory/workspace";
import { Account, accountOf } from "../state/accounts";
import { addLog } from "../state/effects";
import { Answer, NO_CODE, balanceOf, codeHashOf, codeOf, earlierBlockHash, isAbsent, touchWarm } from "../state/world";
import { haltFor } from "./halts";
import { traceLog } from "./tracing";

/** The account that the last `takeAccount` was about. */
let account: u32 = 0;

/** Finds the account in the word at `word` and charges for a cold access. */
function takeAccount(word: u32, gas: i64): i64 {
  const address = temporary + Temporary.ADDRESS;
  u256.storeAddress(address, word);
  account = accountOf(address);
  if (account == 0) {
    exhaust();
    return Stop.UNFINISHED;
  }
  const cold = touchWarm(account);
  if (cold == 0) return gas;
  if (cold < 0) return Stop.UNFINISHED;
  gas -= accountAccessGas;
  return gas < 0 ? Stop.HALTED : gas;
}

export function balance(word: u32, gas: i64): i64 {
  gas = takeAccount(word, gas);
  if (gas < 0) return gas;
  const value = balanceOf(account);
  if (value == 0) return Stop.UNFINISHED;
  u256.copy(word, value);
  return gas;
}

export function selfBalance(out: u32, gas: i64): i64 {
  const value = balanceOf(load<u32>(frame, Frame.ACCOUNT));
  if (value == 0) return Stop.UNFINISHED;
  u256.copy(out, value);
  return gas;
}

export function extCodeSize(word: u32, gas: i64): i64 {
  gas = takeAccount(word, gas);
  if (gas < 0) return gas;
  const record = codeOf(account);
  if (record == 0) return Stop.UNFINISHED;
  u256.set(word, record == NO_CODE ? 0 : load<u32>(record, BaseValue.CODE_LENGTH));
  return gas;
}

export function extCodeHash(word: u32, gas: i64): i64 {
  gas = takeAccount(word, gas);
  if (gas < 0) return gas;
  let hash = codeHashOf(account);
  if (hash == 0) return Stop.UNFINISHED;
  if (u256.isZero(hash)) {
    const absent = isAbsent(account);
    if (absent == Answer.FAILED) return Stop.UNFINISHED;
    if (absent == Answer.YES) {
      u256.clear(word);
      return gas;
    }
    hash = temporary + Temporary.HASH;
    keccak256(hash, hash, 0);
  }
  u256.loadBigEndian(word, hash);
  return gas;
}

/** Operands from the top: address, memory offset, code offset, length. */
export function extCodeCopy(top: u32, gas: i64): i64 {
  gas = takeAccount(top - 32, gas);
  if (gas < 0) return gas;
  gas = takeCopy(top - 32, gas);
  if (gas < 0) return gas;
  const record = codeOf(account);
  if (record == 0) return Stop.UNFINISHED;
  if (record == NO_CODE) copyToRange(0, 0, top - 96);
  else copyToRange(record + BaseValue.CODE_BYTES, load<u32>(record, BaseValue.CODE_LENGTH), top - 96);
  return gas;
}

/** Charges for a copy with the operands memory offset, source offset, length below `top`. */
function takeCopy(top: u32, gas: i64): i64 {
  gas = takeRange(top - 32, top - 96, gas);
  if (gas < 0) return gas;
  gas -= wordGas(rangeLength, copyWordGas);
  return gas < 0 ? Stop.HALTED : gas;
}

export function callDataCopy(top: u32, gas: i64): i64 {
  gas = takeCopy(top, gas);
  if (gas >= 0) copyToRange(load<u32>(frame, Frame.INPUT), load<u32>(frame, Frame.INPUT_LENGTH), top - 64);
  return gas;
}

export function codeCopy(top: u32, gas: i64): i64 {
  gas = takeCopy(top, gas);
  if (gas >= 0) copyToRange(load<u32>(frame, Frame.CODE), load<u32>(frame, Frame.CODE_LENGTH), top - 64);
  return gas;
}

export function returnDataCopy(top: u32, gas: i64): i64 {
  const limit: u64 = u64(returnedLength) + 1;
  const end = u256.clamped(top - 64, limit) + u256.clamped(top - 96, limit);
  if (end > returnedLength) return haltFor(EvmHalt.RETURN_DATA_BOUNDS);
  gas = takeCopy(top, gas);
  if (gas >= 0) copyToRange(returned, returnedLength, top - 64);
  return gas;
}

/** Operands from the top: to, from, length. */
export function memoryCopy(top: u32, gas: i64): i64 {
  gas = takeRange(top - 64, top - 96, gas);
  if (gas < 0) return gas;
  const from = rangeOffset;
  gas = takeCopy(top, gas);
  if (gas >= 0 && rangeLength != 0) memory.copy(memoryStart + rangeOffset, memoryStart + from, rangeLength);
  return gas;
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

/** Operands from the top: offset, length; the hash replaces the length. */
export function hashMemory(top: u32, gas: i64): i64 {
  gas = takeRange(top - 32, top - 64, gas);
  if (gas < 0) return gas;
  gas -= wordGas(rangeLength, hashWordGas);
  if (gas < 0) return Stop.HALTED;
  const hash = temporary + Temporary.HASH;
  keccak256(hash, memoryStart + rangeOffset, rangeLength);
  u256.loadBigEndian(top - 64, hash);
  return gas;
}

/** Operands from the top: offset, length, then `topics` topics. */
export function log(top: u32, topics: u32, gas: i64): i64 {
  if ((load<u32>(frame, Frame.FLAGS) & FrameFlag.STATIC) != 0) return haltFor(EvmHalt.STATIC_WRITE);
  gas = takeRange(top - 32, top - 64, gas);
  if (gas < 0) return gas;
  gas -= i64(rangeLength) * logByteGas;
  if (gas < 0) return Stop.HALTED;
  const record = addLog(load<u32>(frame, Frame.ACCOUNT) + Account.ADDRESS, topics, rangeLength);
  if (record == 0) {
    exhaust();
    return Stop.UNFINISHED;
  }
  for (let topic: u32 = 0; topic < topics; topic++) {
    u256.storeBigEndian(record + EvmLog.SIZE + topic * 32, top - 96 - topic * 32);
  }
  if (rangeLength != 0) memory.copy(record + EvmLog.SIZE + topics * 32, memoryStart + rangeOffset, rangeLength);
  traceLog(record);
  return gas;
}

/** The word at `number` becomes the hash of that block: one of the last 256, else 0. */
export function blockHash(number: u32, gas: i64): i64 {
  const current = load<u64>(block, EvmBlock.NUMBER);
  if (!u256.fits64(number) || load<u64>(number) >= current) return unknownHash(number, gas);
  const back = current - 1 - load<u64>(number);
  if (back >= 256 || back >= load<u32>(block, EvmBlock.HASH_COUNT)) return unknownHash(number, gas);
  let hash = load<u32>(block, EvmBlock.HASHES) + (u32(back) << 5);
  if (u256.isZero(hash)) {
    hash = earlierBlockHash(load<u64>(number));
    if (hash == 0) return Stop.UNFINISHED;
  }
  u256.loadBigEndian(number, hash);
  return gas;
}

function unknownHash(number: u32, gas: i64): i64 {
  u256.clear(number);
  return gas;
}

/** The word at `index` becomes the hash of that blob of the transaction, 0 beyond the last. */
export function blobHash(index: u32): void {
  const count = load<u32>(transaction, EvmTransaction.BLOB_COUNT);
  const at = u32(u256.clamped(index, u64(count)));
  if (at == count) u256.clear(index);
  else u256.loadBigEndian(index, transaction + load<u32>(transaction, EvmTransaction.BLOB_HASHES) + (at << 5));
}
