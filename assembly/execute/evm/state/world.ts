// Accounts and storage as code sees them: reads through the state view, writes through the journal. A function that
// answers false (or 0 for an address) has met a state that is not there yet, or the end of memory: failure.ts says
// which, and the attempt must end at once.

import { Access, AccessFlag, HAS_STORAGE, Kind, ReadResult } from "../../../layout";
import * as u256 from "../../../base/u256";
import {
  NO_ENTRY, creditNumber, entryAt, guessNumber, loadNumber, numberOf, writeNumber,
} from "../../../store/access-set";
import { findCode } from "../../../store/code-store";
import { kindOf, locationAt } from "../../../store/locations";
import { atLeastState, locateState, readState } from "../../state-view";
import { clearsEmpty, hasWarmth } from "../rules/fork-rules";
import { nativePrecompile } from "../rules/precompile-numbers";
import { assumesPlenty, exhaust, exhausted, fail, miss } from "../memory/failure";
import { Temporary, temporary } from "../memory/workspace";
import { Account, AccountFlag, meet } from "./accounts";
import { flagAccount, saveCode, saveNumber, warmNumber } from "./journal";

/** Number of the access-set entry of an account's balance, nonce, code or existence; NO_ENTRY when exhausted. */
function fieldNumber(account: u32, kind: u32): u32 {
  meet(account);
  const field = account + fieldOf(kind);
  const known = load<u32>(field);
  if (known != 0) return known - 1;
  const location = locateState(kind, account, 0);
  const number = location == 0 ? NO_ENTRY : numberOf(location);
  if (number == NO_ENTRY) exhaust();
  else store<u32>(field, number + 1);
  return number;
}

// @ts-ignore: decorator
@inline
function fieldOf(kind: u32): u32 {
  if (kind == Kind.BALANCE) return Account.BALANCE;
  if (kind == Kind.NONCE) return Account.NONCE;
  return kind == Kind.CODE ? Account.CODE : Account.EXISTENCE;
}

/** Makes an entry's value known; false when it cannot be. */
function readNumber(number: u32): bool {
  if (number == NO_ENTRY) return false;
  const result = loadNumber(number);
  if (result == ReadResult.VALUE) return true;
  if (result == ReadResult.MISSING) {
    const location = load<u32>(entryAt(number), Access.LOCATION);
    if (!miss(location)) return false;
    guessNumber(number);
    if (assumesPlenty) guessPlenty(number, locationAt(location));
    return true;
  }
  fail(result);
  return false;
}

/** What lets code go on where it asks for enough: a large amount, which is `true` as well. */
function guessPlenty(number: u32, location: u32): void {
  if (kindOf(location) != Kind.STORAGE) return;
  const value = entryAt(number) + Access.VALUE;
  store<u64>(value, 1);
  store<u64>(value, 1 << 63, 8);
}

/**
 * Address of the account's balance, nonce, code hash (as it lies in the state) or existence; valid until the next call.
 */
function readField(account: u32, kind: u32): u32 {
  const number = fieldNumber(account, kind);
  return readNumber(number) ? entryAt(number) + Access.VALUE : 0;
}

function writeField(account: u32, kind: u32, value: u32): bool {
  const number = fieldNumber(account, kind);
  if (number == NO_ENTRY) return false;
  if (!saveNumber(number)) return exhaust();
  writeNumber(number, value);
  return true;
}

// @ts-ignore: decorator
@inline
export function balanceOf(account: u32): u32 {
  return readField(account, Kind.BALANCE);
}

export function setBalance(account: u32, value: u32): bool {
  return writeField(account, Kind.BALANCE, value);
}

/** Adds to a balance without reading it. */
export function credit(account: u32, amount: u32): bool {
  const number = fieldNumber(account, Kind.BALANCE);
  if (number == NO_ENTRY) return false;
  if (!saveNumber(number)) return exhaust();
  creditNumber(number, amount);
  return true;
}

/** Takes `amount` from a balance that is known to hold it. */
export function debit(account: u32, amount: u32): bool {
  const number = fieldNumber(account, Kind.BALANCE);
  if (!readNumber(number)) return false;
  if (!saveNumber(number)) return exhaust();
  const rest = temporary + Temporary.OTHER;
  u256.subtract(rest, entryAt(number) + Access.VALUE, amount);
  writeNumber(number, rest);
  return true;
}

/** Address of the nonce, a word below 2^64. */
// @ts-ignore: decorator
@inline
export function nonceOf(account: u32): u32 {
  return readField(account, Kind.NONCE);
}

export function setNonce(account: u32, nonce: u64): bool {
  const word = temporary + Temporary.OTHER;
  u256.set(word, nonce);
  return writeField(account, Kind.NONCE, word);
}

/** Address of the code's hash, 32 bytes; zeros where there is no code. */
// @ts-ignore: decorator
@inline
export function codeHashOf(account: u32): u32 {
  return readField(account, Kind.CODE);
}

/** Sets the code's hash (zeros: no code); the code itself must be known under it. */
export function setCodeHash(account: u32, hash: u32): bool {
  if (!saveCode(account)) return exhaust();
  store<u32>(account, 0, Account.CODE_RECORD);
  return writeField(account, Kind.CODE, hash);
}

/** Record of an account without code. */
export const NO_CODE: u32 = 1;

/** The code's record (BaseValue), NO_CODE where there is none, 0 when it cannot be known now. */
export function codeOf(account: u32): u32 {
  const known = load<u32>(account, Account.CODE_RECORD);
  if (known != 0) return known;
  const hash = readField(account, Kind.CODE);
  if (hash == 0) return 0;
  let record = NO_CODE;
  if (!u256.isZero(hash)) {
    record = findCode(hash);
    if (record == 0) {
      // The account is what the host can load the code of.
      const location = locateState(Kind.CODE, account, 0);
      if (location == 0) exhaust();
      if (location == 0 || !miss(location)) return 0;
      record = NO_CODE;
    }
  }
  store<u32>(account, record, Account.CODE_RECORD);
  return record;
}

/** Answers of questions that may fail. */
export abstract class Answer {
  static readonly NO: u32 = 0;
  static readonly YES: u32 = 1;
  static readonly FAILED: u32 = 2;
}

/**
 * Whether the account is absent in the fork's sense: empty (from EIP-161 on) or not there at all. Asks what is cheapest
 * first, of the balance only whether it is 0.
 */
export function isAbsent(account: u32): u32 {
  if (!clearsEmpty) {
    if ((load<u32>(account, Account.FLAGS) & AccountFlag.TOUCHED) != 0) return Answer.NO;
    const existence = readField(account, Kind.EXISTENCE);
    if (existence == 0) return Answer.FAILED;
    if (!u256.isZero(existence)) return Answer.NO;
  }
  return isEmpty(account);
}

/** Whether balance, nonce and code are all zero. */
export function isEmpty(account: u32): u32 {
  const funded = isFunded(account);
  if (funded != Answer.NO) return funded == Answer.YES ? Answer.NO : Answer.FAILED;
  const nonce = nonceOf(account);
  if (nonce == 0) return Answer.FAILED;
  if (!u256.isZero(nonce)) return Answer.NO;
  const hash = codeHashOf(account);
  if (hash == 0) return Answer.FAILED;
  return u32(u256.isZero(hash));
}

/**
 * Whether the balance is not 0. Only that is recorded as read, and once: whoever asks again and again, 100 gas each,
 * must not fill the read set (test/unit/growth).
 */
function isFunded(account: u32): u32 {
  meet(account);
  const known = load<u32>(account, Account.FUNDED);
  if (known != 0 && !touchesBalance(account)) return known - 1;
  const answer = temporary + Temporary.OTHER;
  const result = atLeastState(Kind.BALANCE, account, temporary + Temporary.ONE, answer);
  if (result == ReadResult.MISSING) {
    // The whole balance is what the host can load: reading it reports and guesses.
    return balanceOf(account) == 0 ? Answer.FAILED : Answer.NO;
  }
  if (result != ReadResult.VALUE) {
    fail(result);
    return Answer.FAILED;
  }
  const funded = load<u32>(answer);
  if (!touchesBalance(account)) store<u32>(account, 1 + funded, Account.FUNDED);
  return funded;
}

/** Whether the transaction has read, written or credited the account's balance: then the answer is its own. */
function touchesBalance(account: u32): bool {
  const known = load<u32>(account, Account.BALANCE);
  if (known == 0) return false;
  const touched = AccessFlag.READ | AccessFlag.WRITTEN | AccessFlag.CREDITED;
  return (load<u32>(entryAt(known - 1), Access.FLAGS) & touched) != 0;
}

/** Whether an account's storage is known to be there although it has neither nonce nor code (EIP-7610). */
export function hasStorage(account: u32): u32 {
  const word = temporary + Temporary.OTHER;
  const result = readState(Kind.RESET, account, 0, word);
  if (result != ReadResult.VALUE) {
    fail(result);
    return Answer.FAILED;
  }
  return u32(load<u64>(word) == u64(HAS_STORAGE));
}

/** Address of the hash of block `number`, 32 bytes; 0: failed. */
export function earlierBlockHash(number: u64): u32 {
  const key = temporary + Temporary.ADDRESS;
  store<u64>(key, number);
  store<u64>(key, 0, 8);
  store<u32>(key, 0, 16);
  const location = locateState(Kind.BLOCK_HASH, key, 0);
  const entry = location == 0 ? NO_ENTRY : numberOf(location);
  if (entry == NO_ENTRY) return exhausted();
  return readNumber(entry) ? entryAt(entry) + Access.VALUE : 0;
}

/** Address of the existence word: whether the account was there although empty. */
export function existenceOf(account: u32): u32 {
  return readField(account, Kind.EXISTENCE);
}

export function setExistence(account: u32, exists: bool): bool {
  return writeField(account, Kind.EXISTENCE, temporary + (exists ? Temporary.ONE : Temporary.ZERO));
}

/** Marks an account warm. Whether it was cold: NO, too, where the fork knows neither. */
export function touchWarm(account: u32): u32 {
  if (!hasWarmth || (load<u32>(account, Account.FLAGS) & AccountFlag.WARM) != 0) return Answer.NO;
  if (nativePrecompile(account) != 0) return Answer.NO;
  if (flagAccount(account, AccountFlag.WARM)) return Answer.YES;
  exhaust();
  return Answer.FAILED;
}

/** Number of the access-set entry of a slot (32 bytes big-endian at `key`); NO_ENTRY: failed. */
export function slotNumber(account: u32, key: u32): u32 {
  const location = locateState(Kind.STORAGE, account, key);
  const number = location == 0 ? NO_ENTRY : numberOf(location);
  if (number == NO_ENTRY) exhaust();
  return number;
}

/** Marks a slot warm. Whether it was cold: NO, too, where the fork knows neither. */
export function touchSlot(number: u32): u32 {
  if (!hasWarmth || (load<u32>(entryAt(number), Access.FLAGS) & AccessFlag.WARM) != 0) return Answer.NO;
  if (warmNumber(number)) return Answer.YES;
  exhaust();
  return Answer.FAILED;
}

/** Address of a slot's value, 0: failed. */
export function slotValue(number: u32): u32 {
  return readNumber(number) ? entryAt(number) + Access.VALUE : 0;
}

export function setSlot(number: u32, value: u32): bool {
  if (!saveNumber(number)) return exhaust();
  writeNumber(number, value);
  return true;
}
