// Calls and credits by the protocol itself: system contracts, withdrawals, rewards, the DAO.

import { EvmInvalid, EvmTransaction, EvmTransactionFlag } from "../../../layout";
import * as u256 from "../../../base/u256";
import { gasPrice, origin, setOrigin, transaction } from "../memory/context";
import { Exit } from "../memory/exits";
import { exhaust, exhausted } from "../memory/failure";
import { beginSystemStateGas } from "../memory/state-gas";
import { Temporary, temporary } from "../memory/workspace";
import { AccountFlag, accountOf, meet } from "../state/accounts";
import { flagAccount, setCheckpoint } from "../state/journal";
import { NO_CODE, balanceOf, codeOf, credit, setBalance } from "../state/world";
import { finalize } from "./clearing";
import { beginOutermost, gasLeft, runOutermost } from "./outermost";
import { finish, reject } from "./result";

/** A call by the protocol: no nonce, no fees, no intrinsic gas. */
export function runSystemCall(): u32 {
  setOrigin(transaction + EvmTransaction.SENDER);
  const sender = accountOf(origin);
  if (sender == 0) return exhausted();
  u256.clear(gasPrice);
  beginSystemStateGas();
  setCheckpoint(temporary + Temporary.CHECKPOINT);
  const flags = load<u32>(transaction, EvmTransaction.FLAGS);
  if ((flags & (EvmTransactionFlag.CREDIT | EvmTransactionFlag.SWEEP)) != 0) {
    return moveFunds(sender, (flags & EvmTransactionFlag.SWEEP) != 0) && finalize() ? finish(Exit.SUCCESS, 0, 0, 0) : 0;
  }
  const required = (flags & EvmTransactionFlag.REQUIRED) != 0;
  if (required) {
    const target = accountOf(transaction + EvmTransaction.TO);
    const code = target == 0 ? exhausted() : codeOf(target);
    if (code == 0) return 0;
    if (code == NO_CODE) return reject(EvmInvalid.SYSTEM_CONTRACT_MISSING);
  }
  const gasLimit = load<i64>(transaction, EvmTransaction.GAS_LIMIT);
  const exit = runOutermost(sender, gasLimit, true);
  if (exit == Exit.UNFINISHED || !finalize()) return 0;
  if (required && exit != Exit.SUCCESS) return reject(EvmInvalid.SYSTEM_CONTRACT_FAILED);
  return finish(exit, gasLimit - gasLeft, 0, 0);
}

/** Adds the transaction's value, or all that `sender` has, to the receiver's balance. */
function moveFunds(sender: u32, sweep: bool): bool {
  beginOutermost(0);
  const target = accountOf(transaction + EvmTransaction.TO);
  if (target == 0 || !flagAccount(target, AccountFlag.TOUCHED)) return exhaust();
  meet(target);
  if (!sweep) {
    const value = transaction + EvmTransaction.VALUE;
    return u256.isZero(value) || credit(target, value);
  }
  const balance = balanceOf(sender);
  if (balance == 0) return false;
  const amount = temporary + Temporary.WORD;
  u256.copy(amount, balance);
  return u256.isZero(amount) || (setBalance(sender, temporary + Temporary.ZERO) && credit(target, amount));
}
