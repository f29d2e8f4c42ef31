// What a frame has to take back when it fails: an undo log with checkpoints over the access set, account flags and
// transient storage; the transaction's effects (effects.ts) fall back to the checkpoint with it.

import { Access, AccessFlag } from "../../../layout";
import { allocate } from "../../../base/arena";
import * as u256 from "../../../base/u256";
import { entryAt, undoNumber } from "../../../store/access-set";
import { clearsEmpty } from "../rules/fork-rules";
import { Checkpoint, enlarged } from "../memory/workspace";
import { Account, AccountFlag } from "./accounts";
import { revertEffects, saveEffects } from "./effects";

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

const FIRST_UNDO: u32 = 1024 * Undo.SIZE;

let undo: u32 = 0;
let undoUsed: u32 = 0;
let undoCapacity: u32 = 0;

/** Takes memory; false when there is none. */
export function takeJournal(): bool {
  undo = allocate(FIRST_UNDO);
  undoCapacity = FIRST_UNDO;
  return undo != 0;
}

/** Empties the journal for a new transaction. */
export function beginJournal(): void {
  undoUsed = 0;
  since = 0;
}

/**
 * Where the newest checkpoint that counts lies in the log: what was saved after it need not be saved again. Set too
 * high, it costs space; it is never too low.
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
  saveEffects(checkpoint);
}

/** Takes back everything since the checkpoint. */
export function revertTo(checkpoint: u32): void {
  revertEffects(checkpoint);
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
