// CREATE, CREATE2 and what a transaction that creates has in common with them.

import { EvmHalt, EvmTransferKind } from "../../../layout";
import * as u256 from "../../../base/u256";
import { clearsEmpty, hashWordGas, ignoresStrayStorage, initCodeWordGas, maxInitCodeSize } from "../rules/fork-rules";
import { Op } from "../rules/opcodes";
import { depth, frame, isStatic, memoryStart, trimReturned } from "../memory/context";
import { Exit } from "../memory/exits";
import { exhaust, unfinished } from "../memory/failure";
import { charge } from "../memory/gas";
import { UNPAYABLE, rangeLength, rangeOffset, takeRange, wordGas } from "../memory/ranges";
import { chargeNewAccount, hasStateGas } from "../memory/state-gas";
import { Frame, FrameFlag, Temporary, temporary } from "../memory/workspace";
import { Account, AccountFlag, accountOf } from "../state/accounts";
import { flagAccount, setCheckpoint } from "../state/journal";
import { Answer, codeHashOf, hasStorage, isAbsent, nonceOf, setNonce, touchWarm } from "../state/world";
import { createdAddress, saltedAddress } from "./contract-addresses";
import { haltFor } from "./halts";
import {
  findRefusal, frameNumber, leaveCaller, mostForCallee, openCreation, openInPlace, refusal, refuse,
} from "./opening";
import { traceCreation } from "./tracing";
import { transfer } from "./transfers";

/** Operands from the top: value, offset, length, (salt). */
export function create(opcode: u32, top: u32): u32 {
  if (isStatic()) return haltFor(EvmHalt.STATIC_WRITE);
  const value = top - 32;
  const salted = opcode == Op.CREATE2;
  const result: u32 = salted ? top - 128 : top - 96;
  let exit = takeInitCode(salted, top - 64, top - 96);
  if (exit != Exit.NONE) return exit;
  const code = memoryStart + rangeOffset;
  const length = rangeLength;
  const own = load<u32>(frame, Frame.ACCOUNT);

  const nonce = nonceOf(own);
  if (nonce == 0) return Exit.UNFINISHED;
  const oldNonce = load<u64>(nonce);
  exit = findRefusal(own, value, oldNonce == u64.MAX_VALUE ? EvmHalt.NONCE_AT_MAXIMUM : EvmHalt.NONE);
  if (exit != Exit.NONE) return exit;
  const refused = refusal;
  const address = temporary + Temporary.ADDRESS;
  if (salted) saltedAddress(address, own + Account.ADDRESS, top - 128, code, length);
  else createdAddress(address, own + Account.ADDRESS, oldNonce);
  let flags: u32 = FrameFlag.CREATION;
  if (refused == EvmHalt.NONE && hasStateGas()) {
    exit = payForAccount(address);
    if (exit != Exit.NONE) return exit;
    if (paidForAccount) flags |= FrameFlag.NEW_ACCOUNT;
  }
  const number = depth + 1;
  const callee = frameNumber(number);
  const given = mostForCallee();
  charge(given);
  store<i64>(callee, given, Frame.GAS);
  store<u32>(callee, flags, Frame.FLAGS);
  u256.copyAddress(callee + Frame.CALLER, own + Account.ADDRESS);
  u256.copy(callee + Frame.VALUE, value);
  traceCreation(opcode, callee, address, code, length);
  trimReturned(0);
  if (refused != EvmHalt.NONE) return refuse(refused, result, given);

  if (!setNonce(own, oldNonce + 1)) return Exit.UNFINISHED;
  const free = takeNewAccount(address);
  if (free == Answer.FAILED) return Exit.UNFINISHED;
  if (free == Answer.NO) return refuse(EvmHalt.ADDRESS_COLLISION, result, 0);
  leaveCaller(result);
  return beginCreation(number, newAccount, own, code, length) ? Exit.ENTERED : Exit.UNFINISHED;
}

/** Whether the account at the address that was asked about last was new, and is paid for. */
let paidForAccount: bool = false;

/** Charges the running frame for the account that is to be created, where it is a new one. */
function payForAccount(address: u32): u32 {
  const created = accountOf(address);
  if (created == 0) return unfinished();
  const absent = isAbsent(created);
  if (absent == Answer.FAILED) return Exit.UNFINISHED;
  paidForAccount = absent == Answer.YES;
  return !paidForAccount || chargeNewAccount(frame) ? Exit.NONE : Exit.HALTED;
}

/** Takes the memory with the init code, and charges for it. */
function takeInitCode(salted: bool, offset: u32, length: u32): u32 {
  // Before there is memory for it.
  if (i64(u256.clamped(length, UNPAYABLE)) > maxInitCodeSize) return haltFor(EvmHalt.INIT_CODE_TOO_LARGE);
  const exit = takeRange(offset, length);
  if (exit != Exit.NONE) return exit;
  const price = wordGas(rangeLength, initCodeWordGas + (salted ? hashWordGas : 0));
  return charge(price) ? Exit.NONE : Exit.HALTED;
}

/** The account that the last `takeNewAccount` was about. */
export let newAccount: u32 = 0;

/** Finds and warms the account at `address`. Whether a contract may be created there. */
export function takeNewAccount(address: u32): u32 {
  newAccount = accountOf(address);
  if (newAccount == 0) exhaust();
  if (newAccount == 0 || touchWarm(newAccount) == Answer.FAILED) return Answer.FAILED;
  return isFree(newAccount);
}

/** Enters the frame of a creation, whose gas, flags, caller and value are set. */
export function beginCreation(number: u32, account: u32, payer: u32, code: u32, length: u32): bool {
  const callee = frameNumber(number);
  // The outermost frame's is set, before it has paid for the account.
  if (number != 0) setCheckpoint(callee + Frame.CHECKPOINT);
  if (!flagAccount(account, AccountFlag.TOUCHED | AccountFlag.CREATED)) return exhaust();
  if (clearsEmpty && !setNonce(account, 1)) return false;
  const value = callee + Frame.VALUE;
  if (!u256.isZero(value) && !transfer(payer, account, value, number, EvmTransferKind.CREATION)) return false;
  store<u32>(callee, account, Frame.ACCOUNT);
  // Whoever pays for each word of it may have it copied; what a transaction brings is paid for as its data.
  return number == 0 || initCodeWordGas != 0 ? openCreation(number, code, length) : openInPlace(number, code, length);
}

/** Whether an account can become a contract: it has neither nonce nor code, nor storage (EIP-684, 7610). */
function isFree(account: u32): u32 {
  const nonce = nonceOf(account);
  if (nonce == 0) return Answer.FAILED;
  if (!u256.isZero(nonce)) return Answer.NO;
  const hash = codeHashOf(account);
  if (hash == 0) return Answer.FAILED;
  if (!u256.isZero(hash)) return Answer.NO;
  if (ignoresStrayStorage) return Answer.YES;
  const stored = hasStorage(account);
  return stored == Answer.FAILED ? stored : 1 - stored;
}
