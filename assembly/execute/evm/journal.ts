// What a frame has to take back when it fails: an undo log with checkpoints over the access set, account flags and
// transient storage; and the logs, transfers and refunds of the transaction, which fall back to the checkpoint too.

import { AccessFlag, Access, EvmLog, EvmTransfer } from "../../layout";
import { allocate } from "../../base/arena";
import * as u256 from "../../base/u256";
import { entryAt, undoNumber } from "../../store/access-set";
import { Account, AccountFlag } from "./accounts";
import { clearsEmpty } from "./forks";
import { traceTransfer } from "./tracing";
import { enlarged } from "./workspace";

abstract class Undo {
  static readonly KIND: u32 = 0;
  static readonly TARGET: u32 = 4;
  static readonly FLAGS: u32 = 8;
  static readonly VALUE: u32 = 16;
  static readonly SIZE: u32 = 48;
}

abstract class UndoKind {
  /** TARGET: number of an access-set entry */
  static readonly ENTRY: u32 = 1;
  static readonly WARMTH: u32 = 2;
  /** TARGET: an account record */
  static readonly ACCOUNT: u32 = 3;
  /** TARGET: address of a word */
  static readonly WORD: u32 = 4;
}

/** Where a frame began. */
export abstract class Checkpoint {
  static readonly UNDO: u32 = 0;
  static readonly LOGS: u32 = 4;
  static readonly LOG_COUNT: u32 = 8;
  static readonly TRANSFERS: u32 = 12;
  static readonly REFUND: u32 = 16;
}

const FIRST_UNDO: u32 = 1024 * Undo.SIZE;
const FIRST_LOGS: u32 = 16 * 1024;

let undo: u32 = 0;
let undoUsed: u32 = 0;
let undoCapacity: u32 = 0;
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
export function takeJournal(withTransfers: bool): bool {
  recordsTransfers = withTransfers;
  transfersCapacity = 0;
  undo = allocate(FIRST_UNDO);
  undoCapacity = FIRST_UNDO;
  logs = allocate(FIRST_LOGS);
  logsCapacity = FIRST_LOGS;
  return undo != 0 && logs != 0;
}

/** Empties the journal for a new transaction. */
export function beginJournal(): void {
  undoUsed = 0;
  since = 0;
  logsUsed = 0;
  logCount = 0;
  transfersUsed = 0;
  refund = 0;
}

export function addRefund(amount: i64): void {
  refund += amount;
}

/**
 * Where the newest checkpoint that counts lies in the log: what was saved after it need not be saved again. Set too high,
 * it costs space; it is never too low.
 */
let since: u32 = 0;

/** Makes `checkpoint` the newest one that counts: the frame that noted it runs again. */
export function resumeCheckpoint(checkpoint: u32): void {
  since = load<u32>(checkpoint, Checkpoint.UNDO);
}

/** Notes where a frame begins, at `checkpoint`. */
export function setCheckpoint(checkpoint: u32): void {
  since = undoUsed;
  store<u32>(checkpoint, undoUsed, Checkpoint.UNDO);
  store<u32>(checkpoint, logsUsed, Checkpoint.LOGS);
  store<u32>(checkpoint, logCount, Checkpoint.LOG_COUNT);
  store<u32>(checkpoint, transfersUsed, Checkpoint.TRANSFERS);
  store<i64>(checkpoint, refund, Checkpoint.REFUND);
}

/** Takes back everything since the checkpoint. */
export function revertTo(checkpoint: u32): void {
  logsUsed = load<u32>(checkpoint, Checkpoint.LOGS);
  logCount = load<u32>(checkpoint, Checkpoint.LOG_COUNT);
  transfersUsed = load<u32>(checkpoint, Checkpoint.TRANSFERS);
  refund = load<i64>(checkpoint, Checkpoint.REFUND);
  const until = load<u32>(checkpoint, Checkpoint.UNDO);
  while (undoUsed != until) {
    undoUsed -= Undo.SIZE;
    const record = undo + undoUsed;
    const kind = load<u32>(record, Undo.KIND);
    const target = load<u32>(record, Undo.TARGET);
    if (kind == UndoKind.ENTRY) {
      undoNumber(target, load<u32>(record, Undo.FLAGS), record + Undo.VALUE);
    } else if (kind == UndoKind.WARMTH) {
      const entry = entryAt(target);
      store<u32>(entry, load<u32>(entry, Access.FLAGS) & ~AccessFlag.WARM, Access.FLAGS);
    } else if (kind == UndoKind.ACCOUNT) {
      // A quirk that mainnet's block 2,675,119 made consensus: RIPEMD-160's account stays touched (EIP-161).
      const kept: u32 = clearsEmpty && isRipemd(target) ? load<u32>(target, Account.FLAGS) & AccountFlag.TOUCHED : 0;
      store<u32>(target, load<u32>(record, Undo.FLAGS) | kept, Account.FLAGS);
      store<u32>(target, 0, Account.CODE_RECORD);
    } else {
      u256.copy(target, record + Undo.VALUE);
    }
  }
}

// @ts-ignore: decorator
@inline
function isRipemd(account: u32): bool {
  return load<u32>(account, 16) == 0x03000000 && load<u64>(account) == 0 && load<u64>(account, 8) == 0;
}

/** Room for one more undo record; 0 when memory is exhausted. */
function push(kind: u32, target: u32): u32 {
  if (undoUsed == undoCapacity) {
    // Whole records fit: the capacity is kept a multiple of their size.
    undo = enlarged(undo, undoUsed, undoCapacity * 2);
    if (undo == 0) return 0;
    undoCapacity *= 2;
  }
  const record = undo + undoUsed;
  undoUsed += Undo.SIZE;
  store<u32>(record, kind, Undo.KIND);
  store<u32>(record, target, Undo.TARGET);
  return record;
}

/** Remembers entry `number` of the access set, which is about to be written. False: memory is exhausted. */
export function saveNumber(number: u32): bool {
  const entry = entryAt(number);
  if (isSaved(number, load<u32>(entry, Access.SAVED))) return true;
  const at = undoUsed;
  const record = push(UndoKind.ENTRY, number);
  if (record == 0) return false;
  store<u32>(entry, at, Access.SAVED);
  store<u32>(record, load<u32>(entry, Access.FLAGS), Undo.FLAGS);
  u256.copy(record + Undo.VALUE, entry + Access.VALUE);
  return true;
}

/** Whether the record at `at` of the log, if there is one after the newest checkpoint, saves entry `number`. */
// @ts-ignore: decorator
@inline
function isSaved(number: u32, at: u32): bool {
  if (at < since || at >= undoUsed) return false;
  return load<u32>(undo + at, Undo.TARGET) == number && load<u32>(undo + at, Undo.KIND) == UndoKind.ENTRY;
}

/** Marks entry `number` warm. False: memory is exhausted. */
export function warmNumber(number: u32): bool {
  if (push(UndoKind.WARMTH, number) == 0) return false;
  const entry = entryAt(number);
  store<u32>(entry, load<u32>(entry, Access.FLAGS) | AccessFlag.WARM, Access.FLAGS);
  return true;
}

/** Sets flags of an account. False: memory is exhausted. */
export function flagAccount(account: u32, flags: u32): bool {
  const old = load<u32>(account, Account.FLAGS);
  if ((old & flags) == flags) return true;
  const record = push(UndoKind.ACCOUNT, account);
  if (record == 0) return false;
  store<u32>(record, old, Undo.FLAGS);
  store<u32>(account, old | flags, Account.FLAGS);
  return true;
}

/** Remembers that an account's code is about to change: a revert then forgets what is known of it. */
export function saveCode(account: u32): bool {
  const record = push(UndoKind.ACCOUNT, account);
  if (record == 0) return false;
  store<u32>(record, load<u32>(account, Account.FLAGS), Undo.FLAGS);
  return true;
}

/** Remembers the word at `address`, which is about to be written. False: memory is exhausted. */
export function saveWord(address: u32): bool {
  const record = push(UndoKind.WORD, address);
  if (record == 0) return false;
  u256.copy(record + Undo.VALUE, address);
  return true;
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
  store<u32>(log, dataLength, EvmLog.DATA_LENGTH);
  return log;
}

/** Notes that value moved between two accounts, where the block asks for that. False: memory is exhausted. */
// @ts-ignore: decorator
@inline
export function noteTransfer(from: u32, to: u32, value: u32, depth: u32, kind: u32): bool {
  traceTransfer(from, to, value, depth, kind);
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
