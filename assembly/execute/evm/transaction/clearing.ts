// What the end of a transaction clears: accounts that destroyed themselves, and (EIP-161) those that are left empty.

import { EvmBlock, EvmBlockFlag } from "../../../layout";
import * as u256 from "../../../base/u256";
import { resetState } from "../../state-view";
import { clearsEmpty, destructionKeepsFunds } from "../rules/fork-rules";
import { block } from "../memory/context";
import { exhaust } from "../memory/failure";
import { Temporary, temporary } from "../memory/workspace";
import { Account, AccountFlag, accountCount, accountNumber } from "../state/accounts";
import { Answer, existenceOf, isEmpty, setBalance, setCodeHash, setExistence, setNonce } from "../state/world";

/** Whether accounts that are empty matter in this block. */
export function emptyAccountsMatter(): bool {
  return !clearsEmpty || (load<u32>(block, EvmBlock.FLAGS) & EvmBlockFlag.EMPTY_ACCOUNTS) != 0;
}

/** What the end of the transaction does to the accounts it met. */
export function finalize(): bool {
  const watches = emptyAccountsMatter();
  for (let at: u32 = 0; at < accountCount; at++) {
    const account = accountNumber(at);
    const flags = load<u32>(account, Account.FLAGS);
    if ((flags & AccountFlag.DESTROYED) != 0) {
      if (!destroy(account)) return false;
    } else if (watches && (flags & AccountFlag.TOUCHED) != 0) {
      if (clearsEmpty ? !removeIfEmpty(account) : !setExistence(account, true)) return false;
    }
  }
  return true;
}

function destroy(account: u32): bool {
  const zero = temporary + Temporary.ZERO;
  if (!destructionKeepsFunds && !setBalance(account, zero)) return false;
  if (!setNonce(account, 0) || !setCodeHash(account, zero)) return false;
  if (emptyAccountsMatter() && !setExistence(account, false)) return false;
  return resetState(account, temporary + Temporary.ONE) || exhaust();
}

/** EIP-161: an account that was touched and is empty goes, its storage with it. */
function removeIfEmpty(account: u32): bool {
  const empty = isEmpty(account);
  if (empty != Answer.YES) return empty == Answer.NO;
  const existence = existenceOf(account);
  if (existence == 0) return false;
  if (u256.isZero(existence)) return true;
  return setExistence(account, false) && (resetState(account, temporary + Temporary.ONE) || exhaust());
}
