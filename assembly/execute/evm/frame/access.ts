// Accounts that code names: found, warmed, and paid for where they were cold (EIP-2929).

import * as u256 from "../../../base/u256";
import { Exit } from "../memory/exits";
import { unfinished } from "../memory/failure";
import { charge } from "../memory/gas";
import { Temporary, temporary } from "../memory/workspace";
import { accountOf } from "../state/accounts";
import { Answer, touchWarm } from "../state/world";

/** The account that the last `takeAccount` was about. */
export let account: u32 = 0;

/** Finds the account in the word at `word` and charges `price` for a cold access. */
export function takeAccount(word: u32, price: i64): u32 {
  const address = temporary + Temporary.ADDRESS;
  u256.storeAddress(address, word);
  account = accountOf(address);
  if (account == 0) return unfinished();
  const cold = touchWarm(account);
  if (cold == Answer.NO) return Exit.NONE;
  if (cold == Answer.FAILED) return Exit.UNFINISHED;
  return charge(price) ? Exit.NONE : Exit.HALTED;
}
