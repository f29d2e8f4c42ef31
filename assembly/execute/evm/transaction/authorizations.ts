// EIP-7702: the delegations that a transaction of type 4 sets before it runs, and what they cost beside their intrinsic
// gas.

import { EvmAuthorization, EvmBlock, EvmTransaction } from "../../../layout";
import { keccak256 } from "../../../base/keccak256";
import { isMalleable } from "../../../base/secp256k1";
import * as u256 from "../../../base/u256";
import { addCode } from "../../../store/code-store";
import { authorizationRefund, authorizationWriteGas } from "../rules/fork-rules";
import { block, transaction } from "../memory/context";
import { Exit } from "../memory/exits";
import { exhaust, unfinished } from "../memory/failure";
import { charge } from "../memory/gas";
import { chargeNewAccount, chargeNewDelegation, hasStateGas } from "../memory/state-gas";
import { Temporary, frames, temporary } from "../memory/workspace";
import { Account, AccountFlag, accountOf } from "../state/accounts";
import { delegationIn } from "../state/code";
import { addRefund } from "../state/effects";
import { flagAccount } from "../state/journal";
import { Answer, NO_CODE, codeOf, isAbsent, nonceOf, setCodeHash, setNonce, touchWarm } from "../state/world";
import { ecrecover } from "../precompiles/ecrecover";
import { beginRlp, prependByte, prependBytes, prependInteger, prependListHeader, prependNumber, rlpStart } from "./rlp";

const MAGIC: u32 = 0x05;

/**
 * Applies all authorisations, passing over those that are not valid, and charges the gas that is left for them. Exit:
 * NONE, HALTED where the gas does not suffice, or UNFINISHED.
 */
export function applyAuthorizations(sender: u32): u32 {
  if (hasStateGas() && !markPaid(sender)) return unfinished();
  const count = load<u32>(transaction, EvmTransaction.AUTHORIZATION_COUNT);
  const list = transaction + load<u32>(transaction, EvmTransaction.AUTHORIZATIONS);
  for (let at: u32 = 0; at < count; at++) {
    const exit = apply(list + at * EvmAuthorization.SIZE);
    if (exit != Exit.NONE) return exit;
  }
  return Exit.NONE;
}

/** The transaction's price includes that it writes its sender, and the recipient of its value. */
function markPaid(sender: u32): bool {
  if (!flagAccount(sender, AccountFlag.WRITE_PAID)) return false;
  if (u256.isZero(transaction + EvmTransaction.VALUE)) return true;
  const recipient = accountOf(transaction + EvmTransaction.TO);
  return recipient != 0 && flagAccount(recipient, AccountFlag.WRITE_PAID);
}

function apply(authorization: u32): u32 {
  const chain = authorization + EvmAuthorization.CHAIN_ID;
  if (!u256.isZero(chain) && !u256.equal(chain, block + EvmBlock.CHAIN_ID)) return Exit.NONE;
  const nonce = load<u64>(authorization, EvmAuthorization.NONCE);
  if (nonce == u64.MAX_VALUE) return Exit.NONE;
  const address = temporary + Temporary.ADDRESS;
  if (!recover(address, authorization)) return Exit.NONE;
  const authority = accountOf(address);
  if (authority == 0) return unfinished();
  if (touchWarm(authority) == Answer.FAILED) return Exit.UNFINISHED;
  const record = codeOf(authority);
  if (record == 0) return Exit.UNFINISHED;
  if (record != NO_CODE && delegationIn(record) == 0) return Exit.NONE;
  const current = nonceOf(authority);
  if (current == 0) return Exit.UNFINISHED;
  if (load<u64>(current) != nonce) return Exit.NONE;
  const absent = isAbsent(authority);
  if (absent == Answer.FAILED) return Exit.UNFINISHED;
  const target = authorization + EvmAuthorization.ADDRESS;
  if (hasStateGas()) {
    const exit = pay(authority, absent == Answer.YES, record != NO_CODE, !isZeroAddress(target));
    if (exit != Exit.NONE) return exit;
  } else if (absent == Answer.NO) {
    addRefund(authorizationRefund);
  }
  const applied = delegate(authority, target) && setNonce(authority, nonce + 1);
  return applied ? Exit.NONE : Exit.UNFINISHED;
}

/** What an authority costs: once if it is new, once for being written, once for a delegation where there was none. */
function pay(authority: u32, isNew: bool, delegates: bool, willDelegate: bool): u32 {
  if (isNew && !chargeNewAccount(frames)) return Exit.HALTED;
  const flags = load<u32>(authority, Account.FLAGS);
  let paid = flags | AccountFlag.WRITE_PAID;
  if ((flags & AccountFlag.WRITE_PAID) == 0 && !charge(authorizationWriteGas)) return Exit.HALTED;
  if (delegates || willDelegate) paid |= AccountFlag.DELEGATION_PAID;
  const isNewDelegation = willDelegate && !delegates && (flags & AccountFlag.DELEGATION_PAID) == 0;
  if (isNewDelegation && !chargeNewDelegation(frames)) return Exit.HALTED;
  return flagAccount(authority, paid) ? Exit.NONE : unfinished();
}

/** Sets the account's code to the designation of the 20 bytes at `target`, or to nothing for the zero address. */
function delegate(authority: u32, target: u32): bool {
  if (isZeroAddress(target)) {
    return setCodeHash(authority, temporary + Temporary.ZERO);
  }
  const code = temporary + Temporary.BYTES;
  store<u32>(code, 0x0001ef);
  memory.copy(code + 3, target, 20);
  const hash = temporary + Temporary.HASH;
  keccak256(hash, code, 23);
  return addCode(hash, code, 23) ? setCodeHash(authority, hash) : exhaust();
}

function isZeroAddress(address: u32): bool {
  return load<u64>(address) == 0 && load<u64>(address, 8) == 0 && load<u32>(address, 16) == 0;
}

/** Recovers who signed keccak256(0x05 ‖ rlp([chain id, address, nonce])), or takes who will. */
function recover(out: u32, authorization: u32): bool {
  const parity = load<u32>(authorization, EvmAuthorization.Y_PARITY);
  if (parity == EvmAuthorization.GIVEN) {
    memory.copy(out, authorization + EvmAuthorization.R, 20);
    return true;
  }
  if (parity > 1) return false;
  if (isMalleable(authorization + EvmAuthorization.S)) return false;
  const input = temporary + Temporary.BYTES + 128; // what is signed, of at most 66 bytes, ends here
  beginRlp(input);
  prependInteger(load<u64>(authorization, EvmAuthorization.NONCE));
  prependBytes(authorization + EvmAuthorization.ADDRESS, 20);
  prependNumber(authorization + EvmAuthorization.CHAIN_ID);
  prependListHeader(input);
  prependByte(MAGIC);
  keccak256(input, rlpStart, input - rlpStart);
  memory.fill(input + 32, 0, 32);
  store<u8>(input, u8(27 + parity), 63);
  memory.copy(input + 64, authorization + EvmAuthorization.R, 64);
  if (!ecrecover(input, input, 128)) return false;
  memory.copy(out, input + 12, 20);
  return true;
}
